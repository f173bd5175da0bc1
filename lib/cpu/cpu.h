/* cpu.h: the faster kernels for particular CPUs and libraries; each function takes over slots of the table. */
#ifndef MOONTORCH_CPU_H
#define MOONTORCH_CPU_H
#include "../kernels.h"

void mt_cpu_register_blas(void); /* matmul, dot: float, double */
void mt_cpu_register_conv(void); /* conv, conv_input, conv_weight: float, double */
void mt_cpu_register_isa(void);  /* builds for wider instruction sets, see isa.c */
/* float's matmul, conv, conv_input and conv_weight in bfloat16, where the user wants that; the slots' kernels otherwise */
void mt_cpu_register_bf16(void);
void mt_cpu_register_conv_bf16(void);
void mt_cpu_register_shifted_bf16(void);

#endif

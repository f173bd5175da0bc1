/* recurrent_kernels.c: LSTM and GRU over whole sequences on the CPU. Compiled once for any CPU and, from lib/cpu, again for
 * wider instruction sets: MT_RECURRENT_REGISTER then names the function that fills the slots, MT_VECTOR the bytes of a
 * vector. Results differ between instruction sets in last bits, as matmul's do. */
#include "kernels.h"
#include "half.h"

#include <string.h>

#ifndef MT_RECURRENT_REGISTER
#define MT_RECURRENT_REGISTER mt_register_recurrent
#define MT_VECTOR 16
#endif

#define MT_TEMPLATE "recurrent.tpl.c"
#include "each_dtype.h"

void MT_RECURRENT_REGISTER(void);
void MT_RECURRENT_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

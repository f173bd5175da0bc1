/* isa.c: picks the widest builds that this CPU runs: of the pointwise kernels, steps, reductions, norms and random fills,
 * and of what is made of products in registers: convolution, attention, LSTM and GRU. */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
void mt_cpu_pointwise_avx2(void);
void mt_cpu_pointwise_avx512(void);
void mt_cpu_step_avx2(void);
void mt_cpu_reduce_avx2(void);
void mt_cpu_layer_norm_avx2(void);
void mt_cpu_norm_avx2(void);
void mt_cpu_reduce_avx512(void);
void mt_cpu_norm_avx512(void);
void mt_cpu_product_avx512(void);
void mt_cpu_direct_avx2(void);
void mt_cpu_direct_avx512(void);
void mt_cpu_winograd_avx2(void);
void mt_cpu_winograd_avx512(void);
void mt_cpu_attention_avx2(void);
void mt_cpu_attention_avx512(void);
void mt_cpu_recurrent_avx2(void);
void mt_cpu_recurrent_avx512(void);
void mt_cpu_random_avx2(void);
void mt_cpu_random_avx512(void);

/* MOONTORCH_ISA=portable, avx2 or avx512 (that is, without AMX) holds back wider builds: the tests compare them. */
void mt_cpu_register_isa(void) {
  const char *most = getenv("MOONTORCH_ISA");
  if (most && !strcmp(most, "portable")) return;
  int wide = !(most && !strcmp(most, "avx2")) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq");
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
    mt_cpu_pointwise_avx2();
    mt_cpu_step_avx2();
    mt_cpu_reduce_avx2();
    mt_cpu_layer_norm_avx2();
    mt_cpu_norm_avx2();
    if (!wide) {
      mt_cpu_direct_avx2();
      mt_cpu_winograd_avx2();
    }
    mt_cpu_attention_avx2();
    mt_cpu_recurrent_avx2();
    mt_cpu_random_avx2();
  }
  if (wide) {
    mt_cpu_pointwise_avx512();
    mt_cpu_reduce_avx512();
    mt_cpu_norm_avx512();
    mt_cpu_product_avx512();
    mt_cpu_direct_avx512();
    mt_cpu_winograd_avx512();
    mt_cpu_attention_avx512();
    mt_cpu_recurrent_avx512();
    mt_cpu_random_avx512();
    if (__builtin_cpu_supports("avx512bf16")) mt_cpu_register_bf16();
  }
}
#else
void mt_cpu_register_isa(void) {}
#endif

/* step_kernels.c: the kernels of every STEP row for the CPU. Compiled once for any CPU and, from lib/cpu, again for wider
 * instruction sets: MT_STEP_REGISTER then names the function that fills the slots. */
#include "kernels.h"

#include <math.h>

#ifndef MT_STEP_REGISTER
#define MT_STEP_REGISTER mt_register_step
#endif

typedef void (*range_kernel)(int64_t begin, int64_t end, void *const *p, const double *number);

static int share_out(range_kernel run, int64_t n, void *const *p, const double *number) {
  int threads = mt_threads_for(n);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int i = 0; i < threads; i++) run(n * i / threads, n * (i + 1) / threads, p, number);
  return 0;
}

#define MT_TEMPLATE "step.tpl.c"
#include "each_dtype.h"

void MT_STEP_REGISTER(void);
void MT_STEP_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

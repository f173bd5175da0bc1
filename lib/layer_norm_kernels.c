/* layer_norm_kernels.c: each row of a matrix normalised, and its gradient, on the CPU. Compiled once for any CPU and, from
 * lib/cpu, again for wider instruction sets: MT_LAYER_NORM_REGISTER then names the function that fills the slots. */
#include "kernels.h"
#include "half.h"

#include <math.h>
#include <string.h>

#ifndef MT_LAYER_NORM_REGISTER
#define MT_LAYER_NORM_REGISTER mt_register_layer_norm
#endif

/* LANES sums run side by side, so that results do not depend on the instruction set. The gradients of weight and bias do
 * at most COLUMNS at once, whose sums lie in the cache. */
enum { LANES = 8, FOUR = 4, COLUMNS = 1024 };

#define MT_TEMPLATE "layer_norm.tpl.c"
#include "each_dtype.h"

void MT_LAYER_NORM_REGISTER(void);
void MT_LAYER_NORM_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

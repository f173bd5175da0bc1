/* attention_kernels.c: attention and its gradient on the CPU. Compiled once for any CPU and, from lib/cpu, again for wider
 * instruction sets: MT_ATTENTION_REGISTER then names the function that fills the slots, MT_VECTOR the bytes of a vector.
 * Sums are in the order of the products' panels, so results differ between instruction sets in last bits, as matmul's do. */
#include "kernels.h"
#include "drop.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#ifndef MT_ATTENTION_REGISTER
#define MT_ATTENTION_REGISTER mt_register_attention
#define MT_VECTOR 16
#endif

/* A block of scores lies in the first cache, its keys and values in the second, beside FETCHED bytes of a few tensors. */
enum { QUERIES = 32, KEYS = 128, FEW = 8, FETCHED = 32768 };

#define MT_TEMPLATE "attention.tpl.c"
#include "each_dtype.h"

void MT_ATTENTION_REGISTER(void);
void MT_ATTENTION_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

/* reduce_kernels.c: the kernels of the reductions for the CPU. Compiled once for any CPU and, from lib/cpu, again for
 * wider instruction sets: MT_REDUCE_REGISTER then names the function that fills the slots. */
#include "fold.h"
#include "half.h"
#include "stream.h"

#include <math.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#ifndef MT_REDUCE_REGISTER
#define MT_REDUCE_REGISTER mt_register_reduce
#endif

#define MT_FOLDED static inline __attribute__((always_inline, unused))

/* LANES sums run side by side, or WIDE extremes: gcc only vectorises comparisons in a loop that is too long to unroll.
 * BLOCK elements are searched at once for an extreme. Fewer than FEW_ROWS rows are summed in order. While a line is
 * folded, the one AHEAD bytes from it is fetched: many at once would be in the way of the processor's own prefetch. */
enum { LANES = 16, WIDE = 32, BLOCK = 256, FEW_ROWS = 8, AHEAD = 8192 };
enum { SUM, PROD, MAX, MIN, ALL_OF, ANY_OF, COUNT, SUM_ABS, SUM_SQUARE, SUM_POWER, MAX_ABS, MIN_ABS };

#define HAS_FOLDS_float 1
#define HAS_FOLDS_double 1
#define HAS_FOLDS_int64 1
/* whether the accumulator is wider */
#define WIDENS_float 1
#define WIDENS_double 0
#define WIDENS_int64 0
/* as wide as the dtype */
#define ROW_NUMBER_float int32_t
#define ROW_NUMBER_double int64_t
#define ROW_NUMBER_int64 int64_t
#define MT_TEMPLATE "fold.tpl.c"
#include "each_dtype.h"

/* what a dtype is packed as */
#define FOLDS_float float
#define FOLDS_double double
#define FOLDS_half float
#define FOLDS_bfloat16 float
#define FOLDS_uint8 int64
#define FOLDS_int8 int64
#define FOLDS_int16 int64
#define FOLDS_int32 int64
#define FOLDS_int64 int64
#define MT_TEMPLATE "reduce.tpl.c"
#include "each_dtype.h"

void MT_REDUCE_REGISTER(void);
void MT_REDUCE_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}

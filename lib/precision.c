/* precision.c: how exact products of float32 matrices are to be: the user's word, which the kernels ask for. */
#include "internal.h"

static int precision = MT_HIGH;

int mt_set_float32_precision(int wanted) {
  if (wanted < MT_HIGHEST || wanted > MT_BF16)
    return mt_fail("float32 precision: expected MT_HIGHEST, MT_HIGH or MT_BF16, got %d", wanted);
  __atomic_store_n(&precision, wanted, __ATOMIC_RELAXED);
  return 0;
}

int mt_float32_precision(void) { return __atomic_load_n(&precision, __ATOMIC_RELAXED); }

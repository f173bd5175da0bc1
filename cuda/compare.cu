/* compare.cu: the rows COMPARE of ops.def, for every dtype. */
#include "pointwise.cuh"

#define MT_ROWS_COMPARE
#define MT_TEMPLATE "pointwise.tpl.cuh"
#include "each_dtype.h"

void mt_cuda_register_compare(void) {
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

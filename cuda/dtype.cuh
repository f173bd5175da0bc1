/* dtype.cuh: a struct for each dtype, for kernels that are C++ templates: dtype_float, dtype_double, … with
 *   type   storage type           value  type that arithmetic is done in     sum  accumulator of sums
 *   id     MT_FLOAT …             load   type to value                       store  value or sum to type */
#ifndef MOONTORCH_CUDA_DTYPE_CUH
#define MOONTORCH_CUDA_DTYPE_CUH
#include "common.cuh"

#define MT_TEMPLATE "dtype.tpl.cuh"
#include "each_dtype.h"

#define MT_EACH_FLOAT(DO) DO(dtype_float) DO(dtype_double) DO(dtype_half) DO(dtype_bfloat16)
#define MT_EACH_INT(DO) DO(dtype_uint8) DO(dtype_int8) DO(dtype_int16) DO(dtype_int32) DO(dtype_int64)
#define MT_EACH_DTYPE(DO) MT_EACH_FLOAT(DO) MT_EACH_INT(DO)

/* The elements of t, from its first on. */
template <class D> typename D::type *mt_elements(mt_tensor *t) { return (typename D::type *)mt_tensor_data(t); }
template <class D> const typename D::type *mt_elements(const mt_tensor *t) {
  return (const typename D::type *)mt_tensor_data(t);
}

#endif

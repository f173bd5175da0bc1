/* iter.h: the one strided, broadcasting loop. */
#ifndef MOONTORCH_ITER_H
#define MOONTORCH_ITER_H
#include "half.h"
#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills the plan's dim, numel, size, step and data for operands that are tensors of these sizes, or broadcast to them
 * (missing leading dimensions, and dimensions of size 1). operand[k] NULL: a number, data[k] stays NULL. Dimensions
 * are reordered by the output's strides and merged where they can be. */
void mt_plan_layout(mt_plan *plan, int dim, const int64_t *size, const mt_tensor *const *operand);

/* Runs a 1-D kernel over the plan, on several threads where that pays. */
int mt_cpu_pointwise(mt_kernel kernel, const mt_plan *plan);

/* A number as the dtype holds it: whole-number dtypes truncate and wrap, as conversion between tensors does. */
double mt_scalar_wrap(int dtype, double value);
void mt_scalar_store(int dtype, double value, void *element);

/* Truncation that is defined for every double: NaN gives 0, and values beyond int64 its ends. */
MT_INLINE int64_t mt_double_to_int64(double v) {
  if (!(v > -9223372036854775808.0)) return v == v ? INT64_MIN : 0;
  return v < 9223372036854775808.0 ? (int64_t)v : INT64_MAX;
}

#ifdef __cplusplus
}
#endif
#endif

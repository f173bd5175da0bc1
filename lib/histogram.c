/* histogram.c: how many elements fall into each of a range's equal parts. */
#include "iter.h"

#include <math.h>

/* The bin of an element at this share of the range; the range's end belongs to the last bin. */
static inline int64_t bin_of(double place, int64_t bins) {
  int64_t bin = mt_double_to_int64(place);
  return bin < bins ? bin : bins - 1;
}

#define MT_TEMPLATE "histogram.tpl.c"
#include "each_dtype.h"

/* Finds the least and the greatest finite element; where they are one, the range is a unit to both sides. */
static int find_range(const mt_tensor *a, double *low, double *high) {
  mt_tensor *wide = mt_tensor_new(MT_DOUBLE, MT_CPU);
  if (!wide || mt_tensor_resize(wide, a->dim, a->size) || mt_copy(wide, a)) {
    mt_tensor_free(wide);
    return 1;
  }
  const double *x = mt_tensor_data(wide);
  int any = 0;
  *low = *high = 0;
  for (int64_t i = 0, n = mt_tensor_numel(wide); i < n; i++) {
    if (!isfinite(x[i])) continue;
    if (!any || x[i] < *low) *low = x[i];
    if (!any || x[i] > *high) *high = x[i];
    any = 1;
  }
  mt_tensor_free(wide);
  if (*low == *high) {
    *low -= 1;
    *high += 1;
  }
  return 0;
}

int mt_histogram(mt_tensor *out, const mt_tensor *a, int64_t bins, double low, double high, int rows) {
  const mt_tensor *inputs[] = {a}, *all[] = {a, out};
  int64_t size[2] = {rows && a->dim > 0 ? a->size[0] : 1, bins};
  if (mt_stopped() || mt_check_alike("histogram", all, 2)) return 1;
  if (bins < 1) return mt_fail("histogram: expected 1 bin or more, got %lld", (long long)bins);
  if (!isfinite(low) || !isfinite(high) || low > high)
    return mt_fail("histogram: expected finite bounds in order, got %g and %g", low, high);
  if (rows && a->dim != 2) return mt_fail("histogram: expected a matrix, got %s", mt_shape_text(a).text);
  mt_kernel kernel = mt_kernel_for(MT_OP_histogram, a);
  if (!kernel || (low == high && find_range(a, &low, &high))) return 1;
  mt_tensor *packed = mt_contiguous(a);
  if (!packed || mt_prepare("histogram", out, rows ? 2 : 1, rows ? size : size + 1, inputs, 1)) {
    mt_tensor_free(packed);
    return 1;
  }
  mt_tensor *target = mt_target(out, inputs, 1);
  int rc = !target || (mt_tensor_numel(out) > 0 && ((mt_histogram_kernel)kernel)(target, packed, size[0], low, high));
  mt_tensor_free(packed);
  return target ? mt_target_done(out, target, rc) : 1;
}

void mt_register_histogram(void) {
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

/* search.c: where values belong in sorted lines. */
#include "half.h"
#include "loops.h"

#include <string.h>

static int64_t last_size(const mt_tensor *t) { return t->dim > 0 ? t->size[t->dim - 1] : 0; }

#define MT_TEMPLATE "search.tpl.c"
#include "each_dtype.h"

/* One line for all values, or a line for each line of values. */
static int check_lines(const mt_tensor *sorted, const mt_tensor *values) {
  size_t leading = sizeof(int64_t) * (size_t)(values->dim > 0 ? values->dim - 1 : 0);
  if (sorted->dim <= 1 || (sorted->dim == values->dim && !memcmp(sorted->size, values->size, leading))) return 0;
  return mt_fail("searchsorted: expected one sorted line, or one for each line of the values (%s), got %s",
                 mt_shape_text(values).text, mt_shape_text(sorted).text);
}

static int run(mt_kernel kernel, mt_tensor *target, const mt_tensor *sorted, const mt_tensor *values, int right) {
  mt_tensor *s = mt_contiguous(sorted), *v = mt_contiguous(values);
  int rc = !s || !v;
  if (!rc && mt_tensor_numel(values) > 0) rc = ((mt_searchsorted_kernel)kernel)(target, s, v, right);
  mt_tensor_free(s);
  mt_tensor_free(v);
  return rc;
}

int mt_searchsorted(mt_tensor *index, const mt_tensor *sorted, const mt_tensor *values, int right) {
  const mt_tensor *inputs[] = {sorted, values};
  if (mt_stopped() || mt_check_alike("searchsorted", inputs, 2) || mt_check_index_type("searchsorted", index, sorted))
    return 1;
  if (check_lines(sorted, values)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_searchsorted, sorted);
  if (!kernel || mt_prepare("searchsorted", index, values->dim, values->size, inputs, 2)) return 1;
  mt_tensor *target = mt_target(index, inputs, 2);
  return !target || mt_target_done(index, target, run(kernel, target, sorted, values, right));
}

void mt_register_search(void) {
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

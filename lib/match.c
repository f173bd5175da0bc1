/* match.c: squared distances between all rows of two matrices. Differences are squared one by one: the shorter formula
 * by products of matrices loses all digits of small distances. */
#include "kernels.h"

#define MT_TEMPLATE "match.tpl.c"
#include "each_dtype.h"

/* Fails unless t has rows, of the length that is kept in *length (-1: not known yet). */
static int check_rows(const mt_tensor *t, int64_t *length) {
  int64_t count = mt_tensor_numel(t);
  if (count == 0) return mt_fail("match: a tensor has no elements");
  count /= t->size[0];
  if (*length >= 0 && *length != count)
    return mt_fail("match: rows of %lld and %lld elements do not match", (long long)*length, (long long)count);
  *length = count;
  return 0;
}

int mt_match(mt_tensor *out, const mt_tensor *a, const mt_tensor *b, double gain) {
  const mt_tensor *inputs[] = {a, b}, *all[] = {a, b, out};
  int64_t length = -1;
  if (mt_stopped() || mt_check_alike("match", all, 3) || check_rows(a, &length) || check_rows(b, &length)) return 1;
  const int64_t size[2] = {a->size[0], b->size[0]};
  mt_kernel kernel = mt_kernel_for(MT_OP_match, a);
  mt_tensor *x = kernel ? mt_contiguous(a) : NULL, *y = x ? mt_contiguous(b) : NULL, *target = NULL;
  int rc = !y || mt_prepare("match", out, 2, size, inputs, 2);
  if (!rc) rc = !(target = mt_target(out, inputs, 2));
  if (!rc) rc = mt_target_done(out, target, ((mt_match_kernel)kernel)(target, x, y, gain));
  mt_tensor_free(x);
  mt_tensor_free(y);
  return rc;
}

void mt_register_match(void) {
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

/* target.c: results that cannot be written in place: into a strided tensor, or over an operand. */
#include "internal.h"

mt_tensor *mt_target(mt_tensor *out, const mt_tensor *const *inputs, int n) {
  int fresh = !mt_tensor_is_contiguous(out);
  for (int i = 0; i < n && !fresh; i++) fresh = inputs[i] && mt_overlap(inputs[i], out);
  if (!fresh) return out;
  mt_tensor *t = mt_tensor_new(out->dtype, out->device);
  if (!t || !mt_tensor_resize(t, out->dim, out->size)) return t;
  mt_tensor_free(t);
  return NULL;
}

int mt_target_done(mt_tensor *out, mt_tensor *target, int rc) {
  if (target != out) {
    if (!rc) rc = mt_copy(out, target);
    mt_tensor_free(target);
  }
  if (!rc) mt_touched(out);
  return rc;
}

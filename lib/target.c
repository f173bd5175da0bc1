/* target.c: operands whose elements lie in order, and results that cannot be written in place: into a strided tensor,
 * or over an operand. */
#include "internal.h"

#include <string.h>

int mt_all_contiguous(mt_tensor **ready, const mt_tensor *const *tensors, int n) {
  memset(ready, 0, (size_t)n * sizeof *ready);
  for (int i = 0; i < n; i++)
    if (tensors[i] && !(ready[i] = mt_contiguous(tensors[i]))) return 1;
  return 0;
}

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

int mt_targets_done(mt_tensor *const *outs, mt_tensor **targets, int n, int rc) {
  for (int i = 0; i < n; i++)
    if (targets[i]) rc = mt_target_done(outs[i], targets[i], rc);
  return rc;
}

/* norm.c: softmax and batch normalisation with their first-order gradients: the checks. */
#include "kernels.h"

/* -- Softmax ------------------------------------------------------------------------------------------------ */

typedef struct {
  int64_t outer, n, inner;
} parts;

static parts parts_of(const mt_tensor *t, int dim) {
  parts p = {1, t->size[dim], 1};
  for (int i = 0; i < dim; i++) p.outer *= t->size[i];
  for (int i = dim + 1; i < t->dim; i++) p.inner *= t->size[i];
  return p;
}

int mt_softmax(mt_tensor *out, const mt_tensor *a, int dim, int logarithm) {
  const mt_tensor *all[] = {a, out}, *inputs[] = {a};
  if (mt_stopped() || mt_check_alike("softmax", all, 2) || mt_check_dim("softmax", a, dim)) return 1;
  parts p = parts_of(a, dim);
  mt_kernel kernel = mt_kernel_for(MT_OP_softmax, a);
  mt_tensor *from = kernel ? mt_contiguous(a) : NULL, *target;
  int rc = !from || mt_prepare("softmax", out, a->dim, from->size, inputs, 1) || !(target = mt_target(out, inputs, 1));
  if (!rc) {
    if (mt_tensor_numel(from) > 0) rc = ((mt_softmax_kernel)kernel)(target, from, p.outer, p.n, p.inner, logarithm);
    rc = mt_target_done(out, target, rc);
  }
  mt_tensor_free(from);
  return rc;
}

int mt_softmax_grad(mt_tensor *out, const mt_tensor *grad, const mt_tensor *output, int dim, int logarithm) {
  static const char op[] = "softmax_grad";
  const mt_tensor *all[] = {grad, output, out}, *inputs[] = {grad, output};
  if (mt_stopped() || mt_check_alike(op, all, 3) || mt_check_dim(op, grad, dim)) return 1;
  if (!mt_same_sizes(grad, output))
    return mt_fail("%s: expected a gradient and an output of the same sizes, got %s and %s", op,
                   mt_shape_text(grad).text, mt_shape_text(output).text);
  parts p = parts_of(grad, dim);
  mt_kernel kernel = mt_kernel_for(MT_OP_softmax_grad, grad);
  mt_tensor *g = kernel ? mt_contiguous(grad) : NULL, *y = g ? mt_contiguous(output) : NULL, *target;
  int rc = !y || mt_prepare(op, out, y->dim, y->size, inputs, 2) || !(target = mt_target(out, inputs, 2));
  if (!rc) {
    if (mt_tensor_numel(y) > 0) rc = ((mt_softmax_grad_kernel)kernel)(target, g, y, p.outer, p.n, p.inner, logarithm);
    rc = mt_target_done(out, target, rc);
  }
  mt_tensor_free(g);
  mt_tensor_free(y);
  return rc;
}

/* -- Batch normalisation ------------------------------------------------------------------------------------ */

static int check_channels(const char *op, const char *what, const mt_tensor *t, const mt_tensor *input) {
  if (!t || (t->dim == 1 && t->size[0] == input->size[1])) return 0;
  return mt_fail("%s: expected a %s of %lld elements for an input of %s, got %s", op, what, (long long)input->size[1],
                 mt_shape_text(input).text, mt_shape_text(t).text);
}

static int check_input(const char *op, const mt_tensor *input) {
  if (input->dim >= 2) return 0;
  return mt_fail("%s: expected an input of batch x channels or batch x channels x ..., got %s", op,
                 mt_shape_text(input).text);
}

/* Readies n outputs, NULLs allowed: the first has the input's sizes, the others one element per channel. */
static int open_targets(const char *op, mt_tensor **targets, mt_tensor *const *outs, int n, const mt_tensor *input,
                        const mt_tensor *const *inputs, int count) {
  for (int i = 0; i < n; i++) {
    if (!outs[i]) continue;
    if (mt_prepare(op, outs[i], i == 0 ? input->dim : 1, i == 0 ? input->size : input->size + 1, inputs, count))
      return 1;
    if (!(targets[i] = mt_target(outs[i], inputs, count))) return 1;
  }
  return 0;
}

int mt_batch_norm(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input, const mt_tensor *weight,
                  const mt_tensor *bias, double eps, int training) {
  static const char op[] = "batch_norm";
  const mt_tensor *inputs[] = {input, weight, bias, training ? NULL : mean, training ? NULL : invstd};
  const mt_tensor *all[] = {input, weight, bias, mean, invstd, out};
  mt_tensor *outs[] = {out, training ? mean : NULL, training ? invstd : NULL}, *targets[3] = {NULL, NULL, NULL};
  mt_tensor *ready[5];
  if (mt_stopped() || mt_check_alike(op, all, 6) || check_input(op, input)) return 1;
  if (check_channels(op, "weight", weight, input) || check_channels(op, "bias", bias, input)) return 1;
  if (check_channels(op, "mean", inputs[3], input) || check_channels(op, "deviation", inputs[4], input)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_batch_norm, input);
  if (!kernel) return 1;
  int rc = mt_all_contiguous(ready, inputs, 5) || open_targets(op, targets, outs, 3, input, inputs, 5);
  if (!rc)
    rc = ((mt_batch_norm_kernel)kernel)(targets[0], training ? targets[1] : ready[3], training ? targets[2] : ready[4],
                                        ready[0], ready[1], ready[2], eps, training);
  rc = mt_targets_done(outs, targets, 3, rc);
  for (int i = 0; i < 5; i++) mt_tensor_free(ready[i]);
  return rc;
}

int mt_batch_norm_grad(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias, const mt_tensor *grad,
                       const mt_tensor *input, const mt_tensor *mean, const mt_tensor *invstd, const mt_tensor *weight,
                       int training) {
  static const char op[] = "batch_norm_grad";
  const mt_tensor *inputs[] = {grad, input, mean, invstd, weight};
  const mt_tensor *all[] = {grad, input, mean, invstd, weight, grad_input, grad_weight, grad_bias};
  mt_tensor *outs[] = {grad_input, grad_weight, grad_bias}, *targets[3] = {NULL, NULL, NULL}, *ready[5];
  if (mt_stopped() || mt_check_alike(op, all, 8) || check_input(op, input)) return 1;
  if (!mt_same_sizes(grad, input))
    return mt_fail("%s: expected a gradient of the input's sizes, %s, got %s", op, mt_shape_text(input).text,
                   mt_shape_text(grad).text);
  if (check_channels(op, "mean", mean, input) || check_channels(op, "deviation", invstd, input)) return 1;
  if (check_channels(op, "weight", weight, input)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_batch_norm_grad, input);
  if (!kernel) return 1;
  int rc = mt_all_contiguous(ready, inputs, 5) || open_targets(op, targets, outs, 3, input, inputs, 5);
  if (!rc)
    rc = ((mt_batch_norm_grad_kernel)kernel)(targets[0], targets[1], targets[2], ready[0], ready[1], ready[2], ready[3],
                                             ready[4], training);
  rc = mt_targets_done(outs, targets, 3, rc);
  for (int i = 0; i < 5; i++) mt_tensor_free(ready[i]);
  return rc;
}

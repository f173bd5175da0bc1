/* layer_norm.c: each row of a matrix normalised, with its first-order gradient: the checks. */
#include "kernels.h"

static int check_matrix(const char *op, const mt_tensor *input) {
  if (input->dim == 2) return 0;
  return mt_fail("%s: expected a matrix, got %s", op, mt_shape_text(input).text);
}

/* t, which may be NULL, has one element for each place of a dimension of the input. */
static int check_vector(const char *op, const char *what, const mt_tensor *t, const mt_tensor *input, int dim) {
  if (!t || (t->dim == 1 && t->size[0] == input->size[dim])) return 0;
  return mt_fail("%s: expected a %s of %lld elements for an input of %s, got %s", op, what, (long long)input->size[dim],
                 mt_shape_text(input).text, mt_shape_text(t).text);
}

/* Readies three outputs, NULLs allowed: the first has the input's sizes, the others one element for each place of a
 * dimension of it. */
static int open_targets(const char *op, mt_tensor **targets, mt_tensor *const *outs, const mt_tensor *input, int dim,
                        const mt_tensor *const *inputs, int count) {
  for (int i = 0; i < 3; i++) {
    if (!outs[i]) continue;
    if (mt_prepare(op, outs[i], i == 0 ? 2 : 1, i == 0 ? input->size : input->size + dim, inputs, count)) return 1;
    if (!(targets[i] = mt_target(outs[i], inputs, count))) return 1;
  }
  return 0;
}

/* The results of an input without elements */
static int zero_targets(mt_tensor **targets) {
  for (int i = 0; i < 3; i++)
    if (targets[i] && mt_fill(targets[i], 0)) return 1;
  return 0;
}

int mt_layer_norm(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input, const mt_tensor *weight,
                  const mt_tensor *bias, double eps) {
  static const char op[] = "layer_norm";
  const mt_tensor *inputs[] = {input, weight, bias}, *all[] = {input, weight, bias, mean, invstd, out};
  mt_tensor *outs[] = {out, mean, invstd}, *targets[3] = {NULL, NULL, NULL}, *ready[3];
  if (mt_stopped() || mt_check_alike(op, all, 6) || check_matrix(op, input)) return 1;
  if (check_vector(op, "weight", weight, input, 1) || check_vector(op, "bias", bias, input, 1)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_layer_norm, input);
  if (!kernel) return 1;
  int rc = mt_all_contiguous(ready, inputs, 3) || open_targets(op, targets, outs, input, 0, inputs, 3);
  if (!rc)
    rc = mt_tensor_numel(input) == 0
             ? zero_targets(targets)
             : ((mt_layer_norm_kernel)kernel)(targets[0], targets[1], targets[2], ready[0], ready[1], ready[2], eps);
  rc = mt_targets_done(outs, targets, 3, rc);
  for (int i = 0; i < 3; i++) mt_tensor_free(ready[i]);
  return rc;
}

int mt_layer_norm_grad(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias, const mt_tensor *grad,
                       const mt_tensor *input, const mt_tensor *mean, const mt_tensor *invstd,
                       const mt_tensor *weight) {
  static const char op[] = "layer_norm_grad";
  const mt_tensor *inputs[] = {grad, input, mean, invstd, weight};
  const mt_tensor *all[] = {grad, input, mean, invstd, weight, grad_input, grad_weight, grad_bias};
  mt_tensor *outs[] = {grad_input, grad_weight, grad_bias}, *targets[3] = {NULL, NULL, NULL}, *ready[5];
  if (mt_stopped() || mt_check_alike(op, all, 8) || check_matrix(op, input)) return 1;
  if (!mt_same_sizes(grad, input))
    return mt_fail("%s: expected a gradient of the input's sizes, %s, got %s", op, mt_shape_text(input).text,
                   mt_shape_text(grad).text);
  if (check_vector(op, "mean", mean, input, 0) || check_vector(op, "deviation", invstd, input, 0)) return 1;
  if (check_vector(op, "weight", weight, input, 1)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_layer_norm_grad, input);
  if (!kernel) return 1;
  int rc = mt_all_contiguous(ready, inputs, 5) || open_targets(op, targets, outs, input, 1, inputs, 5);
  if (!rc)
    rc = mt_tensor_numel(input) == 0 ? zero_targets(targets)
                                     : ((mt_layer_norm_grad_kernel)kernel)(targets[0], targets[1], targets[2], ready[0],
                                                                           ready[1], ready[2], ready[3], ready[4]);
  rc = mt_targets_done(outs, targets, 3, rc);
  for (int i = 0; i < 5; i++) mt_tensor_free(ready[i]);
  return rc;
}

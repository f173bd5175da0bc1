/* conv.c: 2-D convolution and its two gradients: checks, and portable kernels. */
#include "window.h"

#include <string.h>

/* The portable kernels add up this many neighbours of an output row at once. */
enum { RUN = 128 };

#define MT_TEMPLATE "conv.tpl.c"
#include "each_dtype.h"

/* -- Front doors -------------------------------------------------------------------------------------------- */

/* The window of a convolution: the kernel's size is that of the weight, and sizes round down. */
static int conv_window(const char *op, const mt_window *w, const int64_t *kernel, mt_window *result) {
  *result = *w;
  result->kernel[0] = kernel[0];
  result->kernel[1] = kernel[1];
  result->ceil_mode = result->count_pad = 0;
  return mt_window_check(op, result);
}

static int check_groups(const char *op, const mt_window *w, const char *what, int64_t planes, const mt_tensor *t) {
  if (planes > 0 && planes % w->groups == 0) return 0;
  return mt_fail("%s: %lld %s (of %s) cannot be shared out to %lld groups", op, (long long)planes, what,
                 mt_shape_text(t).text, (long long)w->groups);
}

/* grad is what conv2d of an input of these sizes would give: in[0]×planes×P×Q */
static int check_grad(const char *op, const mt_tensor *grad, const mt_window *w, const int64_t *in, int64_t planes) {
  int64_t size[4] = {grad->size[0], planes};
  if (mt_window_sizes(op, w, in, size + 2)) return 1;
  if (!memcmp(size, grad->size, sizeof size)) return 0;
  return mt_fail("%s: expected a gradient of %s for an input of %s, got %s", op, mt_sizes_text(4, size).text,
                 mt_sizes_text(2, in).text, mt_shape_text(grad).text);
}

typedef int (*run_function)(mt_kernel kernel, mt_tensor *out, mt_tensor *const *inputs, const mt_window *w);

/* The common end of the three: contiguous inputs (the third may be NULL), a result that may be written, the kernel. */
static int finish(int op, mt_tensor *out, const int64_t *size, const mt_tensor *const *inputs, const mt_window *w,
                  run_function run) {
  mt_tensor *ready[3] = {NULL, NULL, NULL}, *target;
  mt_kernel kernel = mt_kernel_for(op, inputs[0]);
  int rc = !kernel;
  for (int i = 0; i < 3 && !rc; i++) rc = inputs[i] && !(ready[i] = mt_contiguous(inputs[i]));
  if (!rc) rc = mt_prepare(mt_op_name(op), out, 4, size, inputs, 3) || !(target = mt_target(out, inputs, 3));
  if (!rc) rc = mt_target_done(out, target, mt_tensor_numel(target) == 0 ? 0 : run(kernel, target, ready, w));
  for (int i = 0; i < 3; i++) mt_tensor_free(ready[i]);
  return rc;
}

static int run_conv(mt_kernel kernel, mt_tensor *out, mt_tensor *const *inputs, const mt_window *w) {
  return ((mt_conv2d_kernel)kernel)(out, inputs[0], inputs[1], inputs[2], w);
}

static int run_grad(mt_kernel kernel, mt_tensor *out, mt_tensor *const *inputs, const mt_window *w) {
  return ((mt_conv2d_grad_kernel)kernel)(out, inputs[0], inputs[1], w);
}

int mt_conv2d(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
              const mt_window *w) {
  const mt_tensor *inputs[] = {input, weight, bias}, *all[] = {input, weight, bias, out};
  mt_window window;
  if (mt_stopped() || mt_check_alike("conv2d", all, 4)) return 1;
  if (mt_window_planes("conv2d", "an input", input) || mt_window_planes("conv2d", "a weight", weight)) return 1;
  if (conv_window("conv2d", w, weight->size + 2, &window)) return 1;
  if (check_groups("conv2d", w, "output planes", weight->size[0], weight)) return 1;
  if (input->size[1] / w->groups != weight->size[1] || input->size[1] % w->groups)
    return mt_fail("conv2d: expected an input with %lld channels (weight is %s, groups %lld), got %s",
                   (long long)(weight->size[1] * w->groups), mt_shape_text(weight).text, (long long)w->groups,
                   mt_shape_text(input).text);
  if (bias && (bias->dim != 1 || bias->size[0] != weight->size[0]))
    return mt_fail("conv2d: expected a bias of %lld elements (weight is %s), got %s", (long long)weight->size[0],
                   mt_shape_text(weight).text, mt_shape_text(bias).text);
  int64_t size[4] = {input->size[0], weight->size[0]};
  if (mt_window_sizes("conv2d", &window, input->size + 2, size + 2)) return 1;
  return finish(MT_OP_conv2d, out, size, inputs, &window, run_conv);
}

int mt_conv2d_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w,
                    const int64_t *size) {
  static const char op[] = "conv2d_input";
  const mt_tensor *inputs[] = {grad, weight, NULL}, *all[] = {grad, weight, out};
  mt_window window;
  if (mt_stopped() || mt_check_alike(op, all, 3)) return 1;
  if (mt_window_planes(op, "a gradient", grad) || mt_window_planes(op, "a weight", weight)) return 1;
  if (conv_window(op, w, weight->size + 2, &window)) return 1;
  if (check_groups(op, w, "output planes", weight->size[0], weight)) return 1;
  if (check_grad(op, grad, &window, size, weight->size[0])) return 1;
  int64_t sizes[4] = {grad->size[0], 0, size[0], size[1]};
  if (__builtin_mul_overflow(weight->size[1], w->groups, &sizes[1]))
    return mt_fail("%s: %lld groups are more than memory can hold", op, (long long)w->groups);
  return finish(MT_OP_conv2d_input, out, sizes, inputs, &window, run_grad);
}

int mt_conv2d_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w,
                     const int64_t *size) {
  static const char op[] = "conv2d_weight";
  const mt_tensor *inputs[] = {grad, input, NULL}, *all[] = {grad, input, out};
  mt_window window;
  if (mt_stopped() || mt_check_alike(op, all, 3)) return 1;
  if (mt_window_planes(op, "a gradient", grad) || mt_window_planes(op, "an input", input)) return 1;
  if (conv_window(op, w, size, &window)) return 1;
  if (check_groups(op, w, "output planes", grad->size[1], grad)) return 1;
  if (check_groups(op, w, "channels", input->size[1], input)) return 1;
  if (grad->size[0] != input->size[0])
    return mt_fail("%s: expected a gradient and an input of one batch size, got %s and %s", op,
                   mt_shape_text(grad).text, mt_shape_text(input).text);
  if (check_grad(op, grad, &window, input->size + 2, grad->size[1])) return 1;
  int64_t sizes[4] = {grad->size[1], input->size[1] / w->groups, size[0], size[1]};
  return finish(MT_OP_conv2d_weight, out, sizes, inputs, &window, run_grad);
}

void mt_register_conv(void) {
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

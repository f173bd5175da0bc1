/* conv.c: convolution and its two gradients: checks, and portable kernels. */
#include "window.h"

#include <string.h>

/* The portable kernels add up this many neighbours of an output row at once. */
enum { RUN = 128 };

#define MT_TEMPLATE "conv.tpl.c"
#include "each_dtype.h"

/* -- Checks ------------------------------------------------------------------------------------------------- */

/* The window of a convolution: the kernel's size is that of the weight, and sizes round down. */
static int conv_window(const char *op, const mt_window *w, const int64_t *kernel, mt_window *result) {
  *result = *w;
  for (int i = 0; i < 3; i++) result->kernel[i] = i < w->axes ? kernel[i] : 1;
  result->ceil_mode = result->count_pad = 0;
  return mt_window_check(op, result);
}

/* The window when t is the weight, which is checked for its dimensions first. */
static int weight_window(const char *op, const mt_window *w, const mt_tensor *t, mt_window *result) {
  if (w->axes < 1 || w->axes > 3) return mt_window_check(op, w);
  return mt_window_planes(op, "a weight", t, w->axes) || conv_window(op, w, t->size + 2, result);
}

static int check_groups(const char *op, const mt_window *w, const char *what, int64_t planes, const mt_tensor *t) {
  if (planes > 0 && planes % w->groups == 0) return 0;
  return mt_fail("%s: %lld %s (of %s) cannot be shared out to %lld groups", op, (long long)planes, what,
                 mt_shape_text(t).text, (long long)w->groups);
}

/* grad is what conv of an input of these sizes would give: N×planes×O */
static int check_grad(const char *op, const mt_tensor *grad, const mt_window *w, const int64_t *in, int64_t planes) {
  int64_t size[5] = {grad->size[0], planes};
  if (mt_window_sizes(op, w, in, size + 2)) return 1;
  if (!memcmp(size, grad->size, (size_t)grad->dim * sizeof *size)) return 0;
  return mt_fail("%s: expected a gradient of %s for an input of %s, got %s", op, mt_sizes_text(grad->dim, size).text,
                 mt_sizes_text(w->axes, in).text, mt_shape_text(grad).text);
}

static int check_channels(const mt_window *w, const mt_tensor *input, const mt_tensor *weight) {
  if (input->size[1] % w->groups == 0 && input->size[1] / w->groups == weight->size[1]) return 0;
  return mt_fail("conv: expected an input with %lld channels (weight is %s, groups %lld), got %s",
                 (long long)(weight->size[1] * w->groups), mt_shape_text(weight).text, (long long)w->groups,
                 mt_shape_text(input).text);
}

static int check_bias(const mt_tensor *bias, const mt_tensor *weight) {
  if (!bias || (bias->dim == 1 && bias->size[0] == weight->size[0])) return 0;
  return mt_fail("conv: expected a bias of %lld elements (weight is %s), got %s", (long long)weight->size[0],
                 mt_shape_text(weight).text, mt_shape_text(bias).text);
}

/* -- Front doors -------------------------------------------------------------------------------------------- */

/* What run_conv hands to the kernel. */
typedef struct {
  mt_window window;
  int activation;
} conv_args;

static int run_conv(mt_kernel kernel, mt_window_operands *o, const void *args) {
  const conv_args *a = args;
  return ((mt_conv_kernel)kernel)(&o->out, o->input[0], o->input[1], o->input[2], &a->window, a->activation);
}

static int run_grad(mt_kernel kernel, mt_window_operands *o, const void *window) {
  return ((mt_conv_grad_kernel)kernel)(&o->out, o->input[0], o->input[1], window);
}

int mt_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias, const mt_window *w,
            int activation) {
  static const char op[] = "conv";
  const mt_tensor *all[] = {input, weight, bias, out};
  mt_window_call call = {MT_OP_conv, out, NULL, {input, weight, bias}, w->axes + 2, {0}};
  mt_window window;
  if (activation < 0 || activation >= MT_ACTIVATIONS) return mt_fail("%s: there is no activation %d", op, activation);
  if (mt_stopped() || mt_check_alike(op, all, 4) || weight_window(op, w, weight, &window)) return 1;
  if (mt_window_planes(op, "an input", input, w->axes)) return 1;
  if (check_groups(op, w, "output planes", weight->size[0], weight) || check_channels(w, input, weight)) return 1;
  if (check_bias(bias, weight) || mt_window_sizes(op, &window, input->size + 2, call.size + 2)) return 1;
  call.size[0] = input->size[0];
  call.size[1] = weight->size[0];
  conv_args args = {mt_window_full(&window), activation};
  return mt_window_run(&call, run_conv, &args);
}

int mt_conv_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w,
                  const int64_t *size) {
  static const char op[] = "conv_input";
  const mt_tensor *all[] = {grad, weight, out};
  mt_window_call call = {MT_OP_conv_input, out, NULL, {grad, weight, NULL}, w->axes + 2, {0}};
  mt_window window;
  if (mt_stopped() || mt_check_alike(op, all, 3) || weight_window(op, w, weight, &window)) return 1;
  if (mt_window_planes(op, "a gradient", grad, w->axes)) return 1;
  if (check_groups(op, w, "output planes", weight->size[0], weight)) return 1;
  if (check_grad(op, grad, &window, size, weight->size[0])) return 1;
  call.size[0] = grad->size[0];
  if (__builtin_mul_overflow(weight->size[1], w->groups, &call.size[1]))
    return mt_fail("%s: %lld groups are more than memory can hold", op, (long long)w->groups);
  for (int i = 0; i < w->axes; i++) call.size[i + 2] = size[i];
  window = mt_window_full(&window);
  return mt_window_run(&call, run_grad, &window);
}

int mt_conv_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w,
                   const int64_t *size) {
  static const char op[] = "conv_weight";
  const mt_tensor *all[] = {grad, input, out};
  mt_window_call call = {MT_OP_conv_weight, out, NULL, {grad, input, NULL}, w->axes + 2, {0}};
  mt_window window;
  if (mt_stopped() || mt_check_alike(op, all, 3) || conv_window(op, w, size, &window)) return 1;
  if (mt_window_planes(op, "a gradient", grad, w->axes) || mt_window_planes(op, "an input", input, w->axes)) return 1;
  if (check_groups(op, w, "output planes", grad->size[1], grad)) return 1;
  if (check_groups(op, w, "channels", input->size[1], input)) return 1;
  if (grad->size[0] != input->size[0])
    return mt_fail("%s: expected a gradient and an input of one batch size, got %s and %s", op,
                   mt_shape_text(grad).text, mt_shape_text(input).text);
  if (check_grad(op, grad, &window, input->size + 2, grad->size[1])) return 1;
  call.size[0] = grad->size[1];
  call.size[1] = input->size[1] / w->groups;
  for (int i = 0; i < w->axes; i++) call.size[i + 2] = size[i];
  window = mt_window_full(&window);
  return mt_window_run(&call, run_grad, &window);
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

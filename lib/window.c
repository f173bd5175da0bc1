/* window.c: checks and sizes for convolution and pooling, and the common way through their front doors. */
#include "window.h"

#include "loops.h"

/* -- Checks --------------------------------------------------------------------------------------------------- */

/* Windows beyond this make no sense, and products of two such numbers fit in int64. */
static const int64_t most = INT32_MAX;

static int check_numbers(const char *op, const char *what, const mt_window *w, const int64_t *value, int64_t least) {
  int good = 1;
  for (int i = 0; i < w->axes; i++) good = good && value[i] >= least && value[i] <= most;
  if (good) return 0;
  return mt_fail("%s: expected a %s of %lld or more, got %s", op, what, (long long)least,
                 mt_sizes_text(w->axes, value).text);
}

int mt_window_check(const char *op, const mt_window *w) {
  if (w->axes < 1 || w->axes > 3) return mt_fail("%s: expected a window of 1 to 3 axes, got %d", op, w->axes);
  if (w->groups < 1) return mt_fail("%s: expected 1 group or more, got %lld", op, (long long)w->groups);
  return check_numbers(op, "kernel", w, w->kernel, 1) || check_numbers(op, "stride", w, w->stride, 1) ||
         check_numbers(op, "padding", w, w->pad, 0) || check_numbers(op, "dilation", w, w->dilation, 1);
}

int mt_window_range(const char *op, const char *what, int axes, const int64_t *size, int64_t least) {
  int good = 1;
  for (int i = 0; i < axes; i++) good = good && size[i] >= least && size[i] < INT64_MAX / 4;
  if (good) return 0;
  return mt_fail("%s: expected %s of %lld or more, got %s", op, what, (long long)least, mt_sizes_text(axes, size).text);
}

int mt_window_sizes(const char *op, const mt_window *w, const int64_t *in, int64_t *out) {
  int64_t size[3];
  if (mt_window_range(op, "an input", w->axes, in, 0)) return 1;
  for (int i = 0; i < w->axes; i++) {
    int64_t room = in[i] + 2 * w->pad[i] - w->dilation[i] * (w->kernel[i] - 1) - 1;
    if (room < 0)
      return mt_fail("%s: a kernel of %s with dilation %s does not fit into an input of %s with padding %s", op,
                     mt_sizes_text(w->axes, w->kernel).text, mt_sizes_text(w->axes, w->dilation).text,
                     mt_sizes_text(w->axes, in).text, mt_sizes_text(w->axes, w->pad).text);
    if (w->ceil_mode) room += w->stride[i] - 1;
    size[i] = room / w->stride[i] + 1;
    if (w->ceil_mode && (size[i] - 1) * w->stride[i] >= in[i] + w->pad[i]) size[i]--;
  }
  for (int i = 0; i < w->axes; i++) out[i] = size[i];
  return 0;
}

int mt_window_planes(const char *op, const char *where, const mt_tensor *t, int axes) {
  static const char *const names[] = {"width", "height x width", "depth x height x width"};
  if (t->dim == axes + 2) return 0;
  return mt_fail("%s: expected %s of batch x channels x %s, got %s", op, where, names[axes - 1], mt_shape_text(t).text);
}

/* -- Three axes ----------------------------------------------------------------------------------------------- */

mt_window mt_window_full(const mt_window *w) {
  mt_window full = *w;
  int lead = 3 - w->axes;
  full.axes = 3;
  for (int i = 0; i < 3; i++) {
    full.kernel[i] = i < lead ? 1 : w->kernel[i - lead];
    full.stride[i] = i < lead ? 1 : w->stride[i - lead];
    full.pad[i] = i < lead ? 0 : w->pad[i - lead];
    full.dilation[i] = i < lead ? 1 : w->dilation[i - lead];
  }
  return full;
}

/* A contiguous N×C×… as N×C×D×H×W; other tensors as they are. The view borrows the storage. */
static mt_tensor volume(const mt_tensor *t) {
  mt_tensor v = *t;
  int lead = 5 - t->dim;
  if (t->dim < 3 || lead <= 0) return v;
  v.dim = 5;
  for (int i = 4; i >= 2; i--) {
    v.size[i] = i - lead < 2 ? 1 : t->size[i - lead];
    v.stride[i] = i == 4 ? 1 : v.stride[i + 1] * v.size[i + 1];
  }
  return v;
}

/* -- The way through ------------------------------------------------------------------------------------------ */

static int ready(const mt_window_call *call, mt_tensor **target, mt_tensor **places) {
  const char *name = mt_op_name(call->op);
  int rc = call->index ? mt_prepare_pair(name, call->out, call->index, call->dim, call->size, call->input, 3)
                       : mt_prepare(name, call->out, call->dim, call->size, call->input, 3);
  if (rc || !(*target = mt_target(call->out, call->input, 3))) return 1;
  if (!call->index || (*places = mt_target(call->index, call->input, 3))) return 0;
  return mt_target_done(call->out, *target, 1);
}

int mt_window_run(const mt_window_call *call, int (*run)(mt_kernel kernel, mt_window_operands *o, const void *args),
                  const void *args) {
  mt_tensor *packed[3] = {NULL, NULL, NULL}, *target = NULL, *places = NULL;
  mt_window_operands o;
  mt_kernel kernel = mt_kernel_for(call->op, call->input[0]);
  int rc = !kernel;
  for (int i = 0; i < 3 && !rc; i++) {
    rc = call->input[i] && !(packed[i] = mt_contiguous(call->input[i]));
    if (packed[i]) o.view[i] = volume(packed[i]);
    o.input[i] = packed[i] ? &o.view[i] : NULL;
  }
  if (!rc) rc = ready(call, &target, &places);
  if (!rc) {
    o.out = volume(target);
    if (places) o.index = volume(places);
    if (mt_tensor_numel(target) > 0) rc = run(kernel, &o, args);
    rc = mt_target_done(call->out, target, rc);
    if (places) rc = mt_target_done(call->index, places, rc);
  }
  for (int i = 0; i < 3; i++) mt_tensor_free(packed[i]);
  return rc;
}

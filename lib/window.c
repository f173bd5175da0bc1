/* window.c: checks and sizes for convolution and pooling. */
#include "window.h"

/* Windows beyond this make no sense, and products of two such numbers fit in int64. */
static const int64_t most = INT32_MAX;

static int check_range(const char *op, const char *what, const int64_t *value, int64_t least) {
  if (value[0] >= least && value[1] >= least && value[0] <= most && value[1] <= most) return 0;
  return mt_fail("%s: expected a %s of %lld or more, got %s", op, what, (long long)least, mt_sizes_text(2, value).text);
}

int mt_window_check(const char *op, const mt_window *w) {
  if (w->groups < 1) return mt_fail("%s: expected 1 group or more, got %lld", op, (long long)w->groups);
  return check_range(op, "kernel", w->kernel, 1) || check_range(op, "stride", w->stride, 1) ||
         check_range(op, "padding", w->pad, 0) || check_range(op, "dilation", w->dilation, 1);
}

int mt_window_sizes(const char *op, const mt_window *w, const int64_t *in, int64_t *out) {
  int64_t size[2];
  for (int i = 0; i < 2; i++) {
    int64_t room = in[i] + 2 * w->pad[i] - w->dilation[i] * (w->kernel[i] - 1) - 1;
    if (room < 0)
      return mt_fail("%s: a kernel of %s with dilation %s does not fit into an input of %s with padding %s", op,
                     mt_sizes_text(2, w->kernel).text, mt_sizes_text(2, w->dilation).text, mt_sizes_text(2, in).text,
                     mt_sizes_text(2, w->pad).text);
    if (w->ceil_mode) room += w->stride[i] - 1;
    size[i] = room / w->stride[i] + 1;
    if (w->ceil_mode && (size[i] - 1) * w->stride[i] >= in[i] + w->pad[i]) size[i]--;
  }
  out[0] = size[0];
  out[1] = size[1];
  return 0;
}

int mt_window_planes(const char *op, const char *where, const mt_tensor *t) {
  if (t->dim == 4) return 0;
  return mt_fail("%s: expected %s of batch x channels x height x width, got %s", op, where, mt_shape_text(t).text);
}

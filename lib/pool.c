/* pool.c: maximum and average over windows of each plane: checks, and portable kernels. */
#include "window.h"

#include <string.h>

/* Neighbours of an output row that are done at once */
enum { RUN = 128 };

/* What an average over a window from start to end divides by, in one dimension: the elements it sees, or with
 * count_pad all places up to the padding's end. */
static int64_t places(int64_t start, int64_t end, int64_t in, int64_t pad, int count_pad) {
  if (count_pad) return mt_least(end, in + pad) - start;
  return mt_least(end, in) - (start > 0 ? start : 0);
}

#define MT_TEMPLATE "pool.tpl.c"
#include "each_dtype.h"

/* -- Front doors -------------------------------------------------------------------------------------------- */

static int sees_input(const mt_window *w, const int64_t *in, int d, int64_t p) {
  mt_span seen = mt_window_span(p * w->stride[d] - w->pad[d], w->dilation[d], in[d], w->kernel[d]);
  return seen.first < seen.end;
}

/* Every window must see an element of the input: a maximum over padding alone has no place, an average no divisor.
 * Only windows that begin in the padding need to be asked, and the last. */
static int check_windows(const char *op, const mt_window *w, const int64_t *in, const int64_t *out) {
  for (int d = 0; d < 2; d++) {
    int64_t p = 0;
    while (p < out[d] - 1 && p * w->stride[d] < w->pad[d] && sees_input(w, in, d, p)) p++;
    if (p * w->stride[d] >= w->pad[d]) p = out[d] - 1;
    if (!sees_input(w, in, d, p))
      return mt_fail("%s: window %lld of dimension %d would hold padding alone (input %s, kernel %s, padding %s)", op,
                     (long long)p + 1, d + 3, mt_sizes_text(2, in).text, mt_sizes_text(2, w->kernel).text,
                     mt_sizes_text(2, w->pad).text);
  }
  return 0;
}

/* size: N×C×P×Q, for an input of in[0]×in[1] */
static int pool_sizes(const char *op, const mt_window *w, const mt_tensor *t, const int64_t *in, int64_t *size) {
  size[0] = t->size[0];
  size[1] = t->size[1];
  return mt_window_check(op, w) || mt_window_sizes(op, w, in, size + 2) || check_windows(op, w, in, size + 2);
}

static int check_undilated(const char *op, const mt_window *w) {
  if (w->dilation[0] == 1 && w->dilation[1] == 1) return 0;
  return mt_fail("%s: expected a dilation of 1x1, got %s", op, mt_sizes_text(2, w->dilation).text);
}

int mt_max_pool2d(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w) {
  static const char op[] = "max_pool2d";
  const mt_tensor *all[] = {input, out}, *inputs[] = {input};
  int64_t size[4];
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_check_dtype(op, "the index", index, MT_INT64)) return 1;
  if (index->device != input->device)
    return mt_fail("%s: expected the index on the %s, got one of %s", op, mt_type_text(input).text,
                   mt_type_text(index).text);
  if (mt_window_planes(op, "an input", input) || pool_sizes(op, w, input, input->size + 2, size)) return 1;
  if (input->size[2] + 2 * w->pad[0] > INT32_MAX / (input->size[3] + 2 * w->pad[1]))
    return mt_fail("%s: planes of %s are too large to be indexed", op, mt_sizes_text(2, input->size + 2).text);
  mt_kernel kernel = mt_kernel_for(MT_OP_max_pool2d, input);
  mt_tensor *in = kernel ? mt_contiguous(input) : NULL, *target = NULL, *spots = NULL;
  int rc = !in || mt_prepare(op, out, 4, size, inputs, 1) || mt_prepare(op, index, 4, size, inputs, 1);
  if (!rc) rc = !(target = mt_target(out, inputs, 1)) || !(spots = mt_target(index, inputs, 1));
  if (!rc && mt_tensor_numel(target) > 0) rc = ((mt_max_pool2d_kernel)kernel)(target, spots, in, w);
  if (target) rc = mt_target_done(out, target, rc);
  if (spots) rc = mt_target_done(index, spots, rc);
  mt_tensor_free(in);
  return rc;
}

int mt_avg_pool2d(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  static const char op[] = "avg_pool2d";
  const mt_tensor *all[] = {input, out}, *inputs[] = {input};
  int64_t size[4];
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_undilated(op, w)) return 1;
  if (mt_window_planes(op, "an input", input) || pool_sizes(op, w, input, input->size + 2, size)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_avg_pool2d, input);
  mt_tensor *in = kernel ? mt_contiguous(input) : NULL, *target;
  int rc = !in || mt_prepare(op, out, 4, size, inputs, 1) || !(target = mt_target(out, inputs, 1));
  if (!rc) {
    if (mt_tensor_numel(target) > 0) rc = ((mt_avg_pool2d_kernel)kernel)(target, in, w);
    rc = mt_target_done(out, target, rc);
  }
  mt_tensor_free(in);
  return rc;
}

int mt_avg_pool2d_input(mt_tensor *out, const mt_tensor *grad, const mt_window *w, const int64_t *size) {
  static const char op[] = "avg_pool2d_input";
  const mt_tensor *all[] = {grad, out}, *inputs[] = {grad};
  int64_t expected[4], sizes[4];
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_undilated(op, w)) return 1;
  if (mt_window_planes(op, "a gradient", grad) || pool_sizes(op, w, grad, size, expected)) return 1;
  if (memcmp(expected, grad->size, sizeof expected))
    return mt_fail("%s: expected a gradient of %s for an input of %s, got %s", op, mt_sizes_text(4, expected).text,
                   mt_sizes_text(2, size).text, mt_shape_text(grad).text);
  memcpy(sizes, grad->size, 2 * sizeof *sizes);
  memcpy(sizes + 2, size, 2 * sizeof *sizes);
  mt_kernel kernel = mt_kernel_for(MT_OP_avg_pool2d_input, grad);
  mt_tensor *g = kernel ? mt_contiguous(grad) : NULL, *target;
  int rc = !g || mt_prepare(op, out, 4, sizes, inputs, 1) || !(target = mt_target(out, inputs, 1));
  if (!rc) {
    if (mt_tensor_numel(target) > 0) rc = ((mt_avg_pool2d_kernel)kernel)(target, g, w);
    rc = mt_target_done(out, target, rc);
  }
  mt_tensor_free(g);
  return rc;
}

void mt_register_pool(void) {
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

/* pool.c: maximum and average over windows of each plane: checks, and portable kernels. */
#include "loops.h"
#include "window.h"

#include <string.h>

/* Neighbours of an output row that are done at once */
enum { RUN = 128 };

/* What an average over a window from start to end divides by, along one axis: the elements it sees, or with count_pad
 * all places up to the padding's end. */
static int64_t places(int64_t start, int64_t end, int64_t in, int64_t pad, int count_pad) {
  if (count_pad) return mt_least(end, in + pad) - start;
  return mt_least(end, in) - (start > 0 ? start : 0);
}

/* Window p of an average along axis d: the places of the input that it sees, and what it divides by. */
typedef struct {
  int64_t first, end, places;
} reach;

static inline reach reach_of(const mt_window *w, int d, int64_t p, int64_t in) {
  int64_t start = p * w->stride[d] - w->pad[d], end = start + w->kernel[d];
  reach r = {start > 0 ? start : 0, mt_least(end, in), places(start, end, in, w->pad[d], w->count_pad)};
  return r;
}

/* The windows of an average that see place x of the input along axis d, of which there are out. */
static inline mt_span seen_by(const mt_window *w, int d, int64_t x, int64_t out) {
  int64_t place = x + w->pad[d], room = place - w->kernel[d];
  mt_span s = {room < 0 ? 0 : room / w->stride[d] + 1, mt_least(place / w->stride[d] + 1, out)};
  return s;
}

#define MT_TEMPLATE "pool.tpl.c"
#include "each_dtype.h"

/* -- Checks --------------------------------------------------------------------------------------------------- */

static int sees_input(const mt_window *w, const int64_t *in, int d, int64_t p) {
  mt_span seen = mt_window_span(p * w->stride[d] - w->pad[d], w->dilation[d], in[d], w->kernel[d]);
  return seen.first < seen.end;
}

/* Every window must see an element of the input: a maximum over padding alone has no place, an average no divisor.
 * Only windows that begin in the padding need to be asked, and the last. */
static int check_windows(const char *op, const mt_window *w, const int64_t *in, const int64_t *out) {
  for (int d = 0; d < w->axes; d++) {
    int64_t p = 0;
    while (p < out[d] - 1 && p * w->stride[d] < w->pad[d] && sees_input(w, in, d, p)) p++;
    if (p * w->stride[d] >= w->pad[d]) p = out[d] - 1;
    if (!sees_input(w, in, d, p))
      return mt_fail("%s: window %lld of dimension %d would hold padding alone (input %s, kernel %s, padding %s)", op,
                     (long long)p + 1, d + 3, mt_sizes_text(w->axes, in).text, mt_sizes_text(w->axes, w->kernel).text,
                     mt_sizes_text(w->axes, w->pad).text);
  }
  return 0;
}

/* size: N×C×O for an input of these sizes; t: the input, or (called where) the gradient */
static int pool_sizes(const char *op, const char *where, const mt_window *w, const mt_tensor *t, const int64_t *in,
                      int64_t *size) {
  if (mt_window_check(op, w) || mt_window_planes(op, where, t, w->axes)) return 1;
  size[0] = t->size[0];
  size[1] = t->size[1];
  return mt_window_sizes(op, w, in, size + 2) || check_windows(op, w, in, size + 2);
}

static int check_undilated(const char *op, const mt_window *w) {
  if (mt_window_check(op, w)) return 1;
  for (int i = 0; i < w->axes; i++)
    if (w->dilation[i] != 1)
      return mt_fail("%s: expected a dilation of 1, got %s", op, mt_sizes_text(w->axes, w->dilation).text);
  return 0;
}

/* Kernels count places within a plane, padding included, in 32 bits. */
static int check_places(const char *op, const mt_window *w, const int64_t *in) {
  int64_t room = INT32_MAX;
  for (int i = 0; i < w->axes; i++) room /= in[i] + 2 * w->pad[i] > 0 ? in[i] + 2 * w->pad[i] : 1;
  return room > 0 ? 0 : mt_fail("%s: planes of %s are too large to be indexed", op, mt_sizes_text(w->axes, in).text);
}

/* -- Front doors ---------------------------------------------------------------------------------------------- */

static int run_max(mt_kernel kernel, mt_window_operands *o, const void *window) {
  return ((mt_max_pool_kernel)kernel)(&o->out, &o->index, o->input[0], window);
}

static int run_avg(mt_kernel kernel, mt_window_operands *o, const void *window) {
  return ((mt_window_kernel)kernel)(&o->out, o->input[0], window);
}

int mt_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w) {
  static const char op[] = "max_pool";
  const mt_tensor *all[] = {input, out};
  mt_window_call call = {MT_OP_max_pool, out, index, {input}, w->axes + 2, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_check_index_type(op, index, input)) return 1;
  if (pool_sizes(op, "an input", w, input, input->size + 2, call.size) || check_places(op, w, input->size + 2))
    return 1;
  mt_window full = mt_window_full(w);
  return mt_window_run(&call, run_max, &full);
}

int mt_avg_pool(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  static const char op[] = "avg_pool";
  const mt_tensor *all[] = {input, out};
  mt_window_call call = {MT_OP_avg_pool, out, NULL, {input}, w->axes + 2, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_undilated(op, w)) return 1;
  if (pool_sizes(op, "an input", w, input, input->size + 2, call.size)) return 1;
  mt_window full = mt_window_full(w);
  return mt_window_run(&call, run_avg, &full);
}

int mt_avg_pool_input(mt_tensor *out, const mt_tensor *grad, const mt_window *w, const int64_t *size) {
  static const char op[] = "avg_pool_input";
  const mt_tensor *all[] = {grad, out};
  mt_window_call call = {MT_OP_avg_pool_input, out, NULL, {grad}, w->axes + 2, {0}};
  int64_t expected[5];
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_undilated(op, w)) return 1;
  if (pool_sizes(op, "a gradient", w, grad, size, expected)) return 1;
  if (memcmp(expected, grad->size, (size_t)grad->dim * sizeof *expected))
    return mt_fail("%s: expected a gradient of %s for an input of %s, got %s", op,
                   mt_sizes_text(grad->dim, expected).text, mt_sizes_text(w->axes, size).text,
                   mt_shape_text(grad).text);
  memcpy(call.size, grad->size, 2 * sizeof *size);
  memcpy(call.size + 2, size, (size_t)w->axes * sizeof *size);
  mt_window full = mt_window_full(w);
  return mt_window_run(&call, run_avg, &full);
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

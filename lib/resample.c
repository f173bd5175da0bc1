/* resample.c: inputs between their places: upsampling, and bilinear sampling at places that a grid gives: checks, and
 * portable kernels. */
#include "window.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Neighbours of an output row that are done at once */
enum { RUN = 128 };

/* -- Places along an axis --------------------------------------------------------------------------------------- */

/* A place between two: 1 - weight of low and weight of high */
typedef struct {
  int64_t low, high;
  double weight;
} between;

static between place_of(int how, int64_t p, int64_t in, int64_t out) {
  double at = 0;
  if (how == MT_NEAREST) return (between){p * in / out, p * in / out, 0};
  if (how == MT_LINEAR) at = ((double)p + 0.5) * ((double)in / (double)out) - 0.5;
  if (how == MT_LINEAR_CORNERS && out > 1) at = (double)p * ((double)(in - 1) / (double)(out - 1));
  between b = {mt_least(at > 0 ? (int64_t)at : 0, in - 1), 0, 0};
  b.high = mt_least(b.low + 1, in - 1);
  b.weight = at > (double)b.low ? at - (double)b.low : 0;
  return b;
}

/* The share of input place x in an output place */
static inline double share_of(const between *b, int64_t x) {
  return (b->low == x ? 1 - b->weight : 0) + (b->high == x ? b->weight : 0);
}

/* An axis: the places of its outputs, and for each input place the outputs that it has a share in. */
typedef struct {
  between *place;
  mt_span *seen;
} axis;

/* Fills an axis; low and high never fall from one output to the next, so the outputs of an input are neighbours. */
static void lay_axis(axis *a, int how, int64_t in, int64_t out) {
  for (int64_t x = 0; x < in; x++) a->seen[x] = (mt_span){out, 0};
  for (int64_t p = 0; p < out; p++) {
    a->place[p] = place_of(how, p, in, out);
    int64_t ends[2] = {a->place[p].low, a->place[p].high};
    for (int i = 0; i < 2; i++) {
      mt_span *s = &a->seen[ends[i]];
      s->first = mt_least(s->first, p);
      s->end = p + 1;
    }
  }
}

/* The three axes in memory to be given back; NULL after mt_fail. in, out: D, H, W */
static void *lay_axes(axis *axes, int how, const int64_t *in, const int64_t *out, int64_t *capacity) {
  size_t places = (size_t)(out[0] + out[1] + out[2]), seen = (size_t)(in[0] + in[1] + in[2]);
  between *memory = mt_borrow(places * sizeof(between) + seen * sizeof(mt_span), capacity), *at = memory;
  if (!memory) return NULL;
  mt_span *span = (mt_span *)(memory + places);
  for (int d = 0; d < 3; d++) {
    axes[d] = (axis){at, span};
    lay_axis(&axes[d], how, in[d], out[d]);
    at += out[d];
    span += in[d];
  }
  return memory;
}

/* -- Places in a plane ------------------------------------------------------------------------------------------ */

/* Where a pair of the grid lies in a plane of height×width: the four places around and their shares, 0 outside. */
typedef struct {
  int64_t place[4];
  double share[4];
} corners4;

static inline double unnormalise(double v, int64_t size, int corners) {
  return corners ? (v + 1) / 2 * (double)(size - 1) : ((v + 1) * (double)size - 1) / 2;
}

static corners4 corners_of(double gx, double gy, int64_t height, int64_t width, int corners) {
  double x = unnormalise(gx, width, corners), y = unnormalise(gy, height, corners);
  corners4 c = {{0, 0, 0, 0}, {0, 0, 0, 0}};
  if (!(x > -1 && x < (double)width && y > -1 && y < (double)height)) return c; /* also NaN */
  int64_t x0 = (int64_t)floor(x), y0 = (int64_t)floor(y);
  double wx[2] = {(double)x0 + 1 - x, x - (double)x0}, wy[2] = {(double)y0 + 1 - y, y - (double)y0};
  for (int i = 0; i < 4; i++) {
    int64_t px = x0 + i % 2, py = y0 + i / 2;
    if (px < 0 || px >= width || py < 0 || py >= height) continue;
    c.place[i] = py * width + px;
    c.share[i] = wx[i % 2] * wy[i / 2];
  }
  return c;
}

#define MT_TEMPLATE "resample.tpl.c"
#include "each_dtype.h"

/* -- Upsampling ------------------------------------------------------------------------------------------------- */

static int check_upsample(const char *op, const char *where, const mt_tensor *t, int how, const int64_t *size) {
  int axes = t->dim - 2;
  if (axes < 1 || axes > 3)
    return mt_fail("%s: expected %s of batch x channels x 1 to 3 sizes, got %s", op, where, mt_shape_text(t).text);
  if (how < MT_NEAREST || how > MT_LINEAR_CORNERS) return mt_fail("%s: there is no way number %d to do it", op, how);
  if (mt_window_range(op, where, axes, t->size + 2, 1) || mt_window_range(op, "sizes", axes, size, 1)) return 1;
  for (int i = 0; i < axes; i++)
    if (t->size[i + 2] > INT32_MAX || size[i] > INT32_MAX)
      return mt_fail("%s: planes of %s and %s are too large", op, mt_sizes_text(axes, t->size + 2).text,
                     mt_sizes_text(axes, size).text);
  return 0;
}

static int run_upsample(mt_kernel kernel, mt_window_operands *o, const void *how) {
  return ((mt_upsample_kernel)kernel)(&o->out, o->input[0], *(const int *)how);
}

static int upsample(int op, const char *where, mt_tensor *out, const mt_tensor *t, int how, const int64_t *size) {
  const mt_tensor *all[] = {t, out};
  mt_window_call call = {op, out, NULL, {t}, t->dim, {0}};
  if (mt_stopped() || mt_check_alike(mt_op_name(op), all, 2)) return 1;
  if (check_upsample(mt_op_name(op), where, t, how, size)) return 1;
  memcpy(call.size, t->size, 2 * sizeof *size);
  memcpy(call.size + 2, size, (size_t)(t->dim - 2) * sizeof *size);
  return mt_window_run(&call, run_upsample, &how);
}

int mt_upsample(mt_tensor *out, const mt_tensor *input, int how, const int64_t *size) {
  return upsample(MT_OP_upsample, "an input", out, input, how, size);
}

int mt_upsample_input(mt_tensor *out, const mt_tensor *grad, int how, const int64_t *size) {
  return upsample(MT_OP_upsample_input, "a gradient", out, grad, how, size);
}

/* -- Grid sampling ---------------------------------------------------------------------------------------------- */

static int run_grid(mt_kernel kernel, mt_window_operands *o, const void *corners) {
  return ((mt_grid_sample_kernel)kernel)(&o->out, o->input[0], o->input[1], *(const int *)corners);
}

static int check_grid(const char *op, const char *where, const mt_tensor *t, const mt_tensor *grid) {
  if (mt_window_planes(op, where, t, 2)) return 1;
  if (grid->dim == 4 && grid->size[0] == t->size[0] && grid->size[3] == 2) return 0;
  return mt_fail("%s: expected a grid of %lld x height x width x 2 (x, y) for %s of %s, got %s", op,
                 (long long)t->size[0], where, mt_shape_text(t).text, mt_shape_text(grid).text);
}

int mt_grid_sample(mt_tensor *out, const mt_tensor *input, const mt_tensor *grid, int corners) {
  static const char op[] = "grid_sample";
  const mt_tensor *all[] = {input, grid, out};
  mt_window_call call = {MT_OP_grid_sample, out, NULL, {input, grid}, 4, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 3) || check_grid(op, "an input", input, grid)) return 1;
  memcpy(call.size, input->size, 2 * sizeof *call.size);
  memcpy(call.size + 2, grid->size + 1, 2 * sizeof *call.size);
  return mt_window_run(&call, run_grid, &corners);
}

int mt_grid_sample_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *grid, int corners,
                         const int64_t *size) {
  static const char op[] = "grid_sample_input";
  const mt_tensor *all[] = {grad, grid, out};
  mt_window_call call = {MT_OP_grid_sample_input, out, NULL, {grad, grid}, 4, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 3) || check_grid(op, "a gradient", grad, grid)) return 1;
  if (memcmp(grad->size + 2, grid->size + 1, 2 * sizeof *size))
    return mt_fail("%s: expected a gradient of %s for a grid of %s, got %s", op, mt_sizes_text(2, grid->size + 1).text,
                   mt_shape_text(grid).text, mt_shape_text(grad).text);
  if (mt_window_range(op, "an input", 2, size, 0)) return 1;
  memcpy(call.size, grad->size, 2 * sizeof *size);
  memcpy(call.size + 2, size, 2 * sizeof *size);
  return mt_window_run(&call, run_grid, &corners);
}

void mt_register_resample(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

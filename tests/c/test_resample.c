/* test_resample.c: upsampling over one to three axes and grid sampling against plain sums over all places, and each
 * gradient as the transpose of its op. */
#include "tensors.h"

static int64_t product(int n, const int64_t *size) {
  int64_t p = 1;
  for (int i = 0; i < n; i++) p *= size[i];
  return p;
}

static int64_t coordinate(int64_t place, int d, int axes, const int64_t *size) {
  for (int i = axes - 1; i > d; i--) place /= size[i];
  return place % size[d];
}

/* -- Upsampling ------------------------------------------------------------------------------------------------- */

typedef struct {
  int axes;
  int64_t in[3], out[3];
} shape;

static const shape shapes[] = {
    {1, {4}, {9}},
    {1, {5}, {3}},
    {1, {1}, {6}},
    {1, {6}, {1}},
    {2, {3, 4}, {6, 8}},
    {2, {2, 140}, {3, 290}},
    {3, {2, 3, 2}, {4, 5, 3}},
    {3, {3, 2, 4}, {3, 2, 4}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The share of input place x in output place p along an axis: a hat around the place that p has in the input */
static double share(int how, int64_t p, int64_t x, int64_t in, int64_t out) {
  double at;
  if (how == MT_NEAREST) return floor((double)p * (double)in / (double)out) == (double)x;
  if (how == MT_LINEAR)
    at = fmin(fmax(((double)p + 0.5) * (double)in / (double)out - 0.5, 0), (double)(in - 1));
  else
    at = out > 1 ? (double)p * (double)(in - 1) / (double)(out - 1) : 0;
  return fmax(0, 1 - fabs(at - (double)x));
}

/* y += shares of x, or x += shares of y */
static void plain(const shape *s, int how, double *x, double *y, int backward) {
  int64_t volume = product(s->axes, s->in), outputs = product(s->axes, s->out);
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t i = 0; i < volume; i++) {
      double w = 1;
      for (int d = 0; d < s->axes && w != 0; d++)
        w *= share(how, coordinate(o, d, s->axes, s->out), coordinate(i, d, s->axes, s->in), s->in[d], s->out[d]);
      for (int64_t plane = 0; plane < 6 && w != 0; plane++) {
        double *at_x = &x[plane * volume + i], *at_y = &y[plane * outputs + o];
        if (backward)
          *at_x += w * *at_y;
        else
          *at_y += w * *at_x;
      }
    }
}

static void upsample_case(const shape *s, int how, int dtype, int layout) {
  int dim = s->axes + 2;
  int64_t in[5] = {2, 3, s->in[0], s->in[1], s->in[2]}, out[5] = {2, 3, s->out[0], s->out[1], s->out[2]};
  mt_tensor *x = noise_tensor(dtype, layout, dim, in), *g = noise_tensor(dtype, layout, dim, out);
  mt_tensor *y = new_tensor(dtype, (layout + 1) % LAYOUTS, dim, out), *gx = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vg = values(g), *want = calloc((size_t)mt_tensor_numel(g), 8);
  plain(s, how, vx, want, 0);
  CHECK(mt_upsample(y, x, how, s->out) == 0 && holds(y, dim, out, want, 8));
  memset(vx, 0, (size_t)mt_tensor_numel(x) * 8);
  plain(s, how, vx, vg, 1);
  CHECK(mt_upsample_input(gx, g, how, s->in) == 0 && holds(gx, dim, in, vx, 16));
  mt_tensor *all[] = {x, g, y, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vg);
  free(want);
}

/* A nearest place takes nothing of its neighbours, whatever they are. */
static void infinities(void) {
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(1, 1, 2)), *y = mt_tensor_new(MT_FLOAT, MT_CPU);
  double v[] = {1, INFINITY}, want[] = {1, 1, INFINITY, INFINITY};
  int64_t four = 4;
  set_values(x, v);
  CHECK(mt_upsample(y, x, MT_NEAREST, &four) == 0 && holds(y, SIZES(1, 1, 4), want, 0));
  mt_tensor_free(x);
  mt_tensor_free(y);
}

/* -- Grid sampling ---------------------------------------------------------------------------------------------- */

enum { N = 2, C = 3, H = 4, W = 5, P = 3, Q = 6 };

/* The share of place (y, x) at a pair of the grid */
static double grid_share(const double *pair, int64_t y, int64_t x, int corners) {
  double px = corners ? (pair[0] + 1) / 2 * (W - 1) : ((pair[0] + 1) * W - 1) / 2;
  double py = corners ? (pair[1] + 1) / 2 * (H - 1) : ((pair[1] + 1) * H - 1) / 2;
  double w = fmax(0, 1 - fabs(px - (double)x)) * fmax(0, 1 - fabs(py - (double)y));
  return w > 0 ? w : 0; /* no number: nowhere */
}

static void plain_grid(const double *grid, int corners, double *x, double *y, int backward) {
  for (int64_t o = 0; o < N * P * Q; o++)
    for (int64_t i = 0; i < H * W; i++) {
      double w = grid_share(grid + 2 * o, i / W, i % W, corners);
      for (int64_t c = 0; c < C && w != 0; c++) {
        int64_t plane = o / (P * Q) * C + c;
        double *at_x = &x[plane * H * W + i], *at_y = &y[plane * P * Q + o % (P * Q)];
        if (backward)
          *at_x += w * *at_y;
        else
          *at_y += w * *at_x;
      }
    }
}

static void grid_case(int corners, int dtype, int layout) {
  int64_t hw[] = {H, W};
  mt_tensor *x = noise_tensor(dtype, layout, SIZES(N, C, H, W)), *g = noise_tensor(dtype, layout, SIZES(N, C, P, Q));
  mt_tensor *grid = new_tensor(dtype, layout, SIZES(N, P, Q, 2)), *y = mt_tensor_new(dtype, MT_CPU);
  mt_tensor *gx = new_tensor(dtype, (layout + 1) % LAYOUTS, SIZES(N, C, H, W));
  double *v = malloc(N * P * Q * 2 * 8), *want = calloc(N * C * P * Q, 8), *vx = values(x), *vg = values(g);
  for (int i = 0; i < N * P * Q * 2; i++) v[i] = noise() * 1.5;
  v[0] = NAN;
  v[4] = 1e30;
  v[7] = -INFINITY;
  set_values(grid, v);
  free(v);
  v = values(grid);
  plain_grid(v, corners, vx, want, 0);
  CHECK(mt_grid_sample(y, x, grid, corners) == 0 && holds(y, SIZES(N, C, P, Q), want, 8));
  memset(vx, 0, N * C * H * W * 8);
  plain_grid(v, corners, vx, vg, 1);
  CHECK(mt_grid_sample_input(gx, g, grid, corners, hw) == 0 && holds(gx, SIZES(N, C, H, W), vx, 16));
  mt_tensor *all[] = {x, g, grid, y, gx};
  for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  free(v);
  free(want);
  free(vx);
  free(vg);
}

/* -- The rest --------------------------------------------------------------------------------------------------- */

static void empty(void) {
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3, 4, 4)), *y = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *grid = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 2, 2, 2)),
            *hole = new_tensor(MT_FLOAT, PLAIN, SIZES(1, 1, 0, 3));
  mt_tensor *one = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 2, 2));
  int64_t two[] = {2, 2};
  double none[4] = {0};
  CHECK(mt_upsample(y, x, MT_LINEAR, two) == 0 && holds(y, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_upsample_input(y, x, MT_NEAREST, two) == 0 && holds(y, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_grid_sample(y, x, grid, 1) == 0 && holds(y, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_grid_sample_input(x, y, grid, 1, two) == 0 && holds(x, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_grid_sample(y, hole, one, 0) == 0 && y->dim == 4); /* nothing to be seen anywhere: zeros */
  mt_tensor *all[] = {x, y, grid, hole, one};
  for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
}

static void bad_input(void) {
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 6, 6)), *flat = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 6));
  mt_tensor *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3)), *grid = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 3, 3, 2));
  mt_tensor *wide = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 3, 3, 3)), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(3));
  mt_tensor *whole = noise_tensor(MT_INT32, PLAIN, SIZES(1, 2, 6, 6)),
            *none = new_tensor(MT_FLOAT, PLAIN, SIZES(1, 1, 0));
  double *before = values(out);
  int64_t three[] = {3, 3}, zero[] = {0, 3}, minus[] = {-3, 3};
  REFUSES(mt_upsample(out, x, 3, three), "upsample: there is no way number 3 to do it");
  REFUSES(mt_upsample(out, x, MT_LINEAR, zero), "upsample: expected sizes of 1 or more, got 0x3");
  REFUSES(mt_upsample(out, none, MT_LINEAR, three), "upsample: expected an input of 1 or more, got 0");
  REFUSES(mt_upsample_input(out, flat, MT_LINEAR, three), "expected a gradient of batch x channels x 1 to 3 sizes");
  REFUSES(mt_upsample(whole, whole, MT_LINEAR, three), "upsample: there is no such op for int32 tensors");
  REFUSES(mt_upsample(d, x, MT_LINEAR, three), "upsample: expected tensors of one type, got float and double");
  REFUSES(mt_grid_sample(out, x, wide, 1), "grid_sample: expected a grid of 1 x height x width x 2 (x, y)");
  REFUSES(mt_grid_sample(out, flat, grid, 1), "grid_sample: expected an input of batch x channels x height x width");
  REFUSES(mt_grid_sample_input(out, x, grid, 1, three),
          "expected a gradient of 3x3 for a grid of 1x3x3x2, got 1x2x6x6");
  REFUSES(mt_grid_sample_input(out, wide, grid, 1, minus),
          "grid_sample_input: expected an input of 0 or more, got -3x3");
  CHECK(holds(out, SIZES(3), before, 0));
  free(before);
  mt_tensor *all[] = {x, flat, out, grid, wide, d, whole, none};
  for (int i = 0; i < 8; i++) mt_tensor_free(all[i]);
}

int main(void) {
  char context[100];
  check_context = context;
  for (int dtype = 0; dtype <= MT_BFLOAT16; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      for (int how = MT_NEAREST; how <= MT_LINEAR_CORNERS; how++)
        for (int i = 0; i < SHAPES; i++) {
          snprintf(context, sizeof context, "shape %d, how %d, %s, layout %d", i, how, mt_dtype_name(dtype), layout);
          upsample_case(&shapes[i], how, dtype, layout);
        }
      for (int corners = 0; corners < 2; corners++) {
        snprintf(context, sizeof context, "grid, corners %d, %s, layout %d", corners, mt_dtype_name(dtype), layout);
        grid_case(corners, dtype, layout);
      }
    }
  check_context = "";
  infinities();
  empty();
  bad_input();
  return check_end();
}

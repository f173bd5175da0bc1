/* test_pool.c: pooling over one to three axes against plain loops: every dtype, padding, dilation, rounding up, NaN,
 * bad input. */
#include "tensors.h"

#define LIST(...) \
  { __VA_ARGS__ }

/* A window, and the spatial sizes of an input for it. */
typedef struct {
  int64_t in[3];
  mt_window w;
} pool;

#define POOL(AXES, IN, KERNEL, STRIDE, PAD, DILATION)    \
  {                                                      \
    IN, { KERNEL, STRIDE, PAD, DILATION, 1, AXES, 0, 0 } \
  }

static int64_t product(int n, const int64_t *size) {
  int64_t p = 1;
  for (int i = 0; i < n; i++) p *= size[i];
  return p;
}

/* Splits a place of a plane of these sizes into its coordinates. */
static void split(int64_t place, int axes, const int64_t *size, int64_t *at) {
  for (int d = axes - 1; d >= 0; d--) {
    at[d] = place % size[d];
    place /= size[d];
  }
}

static int64_t join(int axes, const int64_t *size, const int64_t *at) {
  int64_t place = 0;
  for (int d = 0; d < axes; d++) {
    if (at[d] < 0 || at[d] >= size[d]) return -1;
    place = place * size[d] + at[d];
  }
  return place;
}

/* The rule of sizes, as the documentation gives it */
static int64_t output_size(const mt_window *w, int d, int64_t in) {
  double span = (double)(in + 2 * w->pad[d] - w->dilation[d] * (w->kernel[d] - 1) - 1) / (double)w->stride[d];
  int64_t out = (int64_t)(w->ceil_mode ? ceil(span) : floor(span)) + 1;
  if (w->ceil_mode && (out - 1) * w->stride[d] >= in + w->pad[d]) out--;
  return out;
}

/* 2×3 planes of the outputs' sizes */
static void sizes_of(const pool *p, int64_t *size) {
  size[0] = 2;
  size[1] = 3;
  for (int d = 0; d < p->w.axes; d++) size[d + 2] = output_size(&p->w, d, p->in[d]);
}

static void say(const pool *p, int dtype, int layout) {
  static char context[200];
  snprintf(context, sizeof context, "%s, layout %d, %d axes, first %lld, kernel %lld, pad %lld, ceil %d, count %d",
           mt_dtype_name(dtype), layout, p->w.axes, (long long)p->in[0], (long long)p->w.kernel[0],
           (long long)p->w.pad[0], p->w.ceil_mode, p->w.count_pad);
  check_context = context;
}

/* -- Maxima --------------------------------------------------------------------------------------------------- */

/* Lets element v at a place compete for output o. */
static void compete(double v, int64_t place, double *y, double *index, int64_t o) {
  if (index[o] > 0 && !(v > y[o]) && !(isnan(v) && !isnan(y[o]))) return;
  y[o] = v;
  index[o] = (double)(place + 1);
}

static void plain_max(const pool *p, const double *x, const int64_t *size, double *y, double *index) {
  int axes = p->w.axes;
  int64_t outputs = product(axes, size + 2), volume = product(axes, p->in), taps = product(axes, p->w.kernel);
  for (int64_t i = 0; i < 6 * outputs * taps; i++) {
    int64_t o = i / taps, at[3], tap[3];
    if (i % taps == 0) index[o] = 0;
    split(o % outputs, axes, size + 2, at);
    split(i % taps, axes, p->w.kernel, tap);
    for (int d = 0; d < axes; d++) at[d] = at[d] * p->w.stride[d] - p->w.pad[d] + tap[d] * p->w.dilation[d];
    int64_t place = join(axes, p->in, at);
    if (place >= 0) compete(x[o / outputs * volume + place], place, y, index, o);
  }
}

/* Noise with some NaNs, also two side by side, and an infinity */
static mt_tensor *spiked(int dtype, int layout, const pool *p, double **v) {
  int64_t size[5] = {2, 3, p->in[0], p->in[1], p->in[2]};
  mt_tensor *x = noise_tensor(dtype, layout, p->w.axes + 2, size);
  *v = values(x);
  if (!is_float(dtype)) return x;
  (*v)[0] = (*v)[1] = (*v)[7] = NAN;
  (*v)[3] = -INFINITY;
  set_values(x, *v);
  return x;
}

static void max_case(int dtype, int layout, const pool *p) {
  int64_t size[5], dim = p->w.axes + 2;
  double *v;
  sizes_of(p, size);
  mt_tensor *x = spiked(dtype, layout, p, &v);
  mt_tensor *out = new_tensor(dtype, (layout + 1) % LAYOUTS, (int)dim, size);
  mt_tensor *index = new_tensor(MT_INT64, layout, (int)dim, size);
  size_t count = (size_t)mt_tensor_numel(out);
  double *y = malloc(count * 8), *places = malloc(count * 8);
  say(p, dtype, layout);
  plain_max(p, v, size, y, places);
  CHECK(mt_max_pool(out, index, x, &p->w) == 0 && holds(out, (int)dim, size, y, 0));
  CHECK(holds(index, (int)dim, size, places, 0));
  check_context = "";
  mt_tensor_free(x);
  mt_tensor_free(out);
  mt_tensor_free(index);
  free(y);
  free(places);
  free(v);
}

/* -- Averages ------------------------------------------------------------------------------------------------- */

/* What window o along axis d sees, and what it divides by there */
static void reach(const pool *p, int d, int64_t o, int64_t *first, int64_t *end, int64_t *count) {
  int64_t start = o * p->w.stride[d] - p->w.pad[d], stop = start + p->w.kernel[d], in = p->in[d];
  *first = start < 0 ? 0 : start;
  *end = stop > in ? in : stop;
  *count = p->w.count_pad ? (stop > in + p->w.pad[d] ? in + p->w.pad[d] : stop) - start : *end - *first;
}

/* backward 0: y = averages of x; 1: x += shares of y */
static void plain_avg(const pool *p, double *x, const int64_t *size, double *y, int backward) {
  int axes = p->w.axes;
  int64_t outputs = product(axes, size + 2), volume = product(axes, p->in);
  for (int64_t o = 0; o < 6 * outputs; o++) {
    int64_t at[3], first[3], end[3], count[3];
    double *plane = x + o / outputs * volume, sum = 0;
    split(o % outputs, axes, size + 2, at);
    for (int d = 0; d < axes; d++) reach(p, d, at[d], &first[d], &end[d], &count[d]);
    for (int64_t i = 0; i < volume; i++) {
      int inside = 1;
      split(i, axes, p->in, at);
      for (int d = 0; d < axes; d++) inside = inside && at[d] >= first[d] && at[d] < end[d];
      if (!inside) continue;
      sum += plane[i];
      if (backward) plane[i] += y[o] / (double)product(axes, count);
    }
    if (!backward) y[o] = sum / (double)product(axes, count);
  }
}

static void avg_case(int dtype, int layout, const pool *p) {
  int dim = p->w.axes + 2;
  int64_t x_size[5] = {2, 3, p->in[0], p->in[1], p->in[2]}, size[5];
  sizes_of(p, size);
  mt_tensor *x = noise_tensor(dtype, layout, dim, x_size), *g = noise_tensor(dtype, layout, dim, size);
  mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *gx = new_tensor(dtype, (layout + 1) % LAYOUTS, dim, x_size);
  double *vx = values(x), *vg = values(g), *y = malloc((size_t)mt_tensor_numel(g) * 8);
  say(p, dtype, layout);
  plain_avg(p, vx, size, y, 0);
  CHECK(mt_avg_pool(out, x, &p->w) == 0 && holds(out, dim, size, y, 1));
  memset(vx, 0, (size_t)mt_tensor_numel(x) * 8);
  plain_avg(p, vx, size, vg, 1);
  CHECK(mt_avg_pool_input(gx, g, &p->w, p->in) == 0 && holds(gx, dim, x_size, vx, 2));
  check_context = "";
  mt_tensor *all[] = {x, g, out, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vg);
  free(y);
}

/* -- Cases ---------------------------------------------------------------------------------------------------- */

static const pool maxima[] = {
    POOL(2, LIST(7, 6), LIST(2, 2), LIST(2, 2), LIST(0, 0), LIST(1, 1)),
    POOL(2, LIST(8, 9), LIST(3, 2), LIST(2, 3), LIST(1, 1), LIST(1, 1)),
    POOL(2, LIST(5, 6), LIST(1, 1), LIST(3, 4), LIST(0, 0), LIST(1, 1)), /* rounding up falls outside */
    POOL(2, LIST(6, 7), LIST(3, 2), LIST(1, 2), LIST(2, 1), LIST(2, 2)),
    POOL(2, LIST(4, 300), LIST(2, 3), LIST(1, 2), LIST(0, 1), LIST(1, 1)),
    POOL(1, LIST(9), LIST(3), LIST(2), LIST(1), LIST(1)),
    POOL(1, LIST(11), LIST(2), LIST(3), LIST(1), LIST(3)),
    POOL(3, LIST(4, 5, 3), LIST(2, 2, 2), LIST(2, 2, 1), LIST(0, 0, 0), LIST(1, 1, 1)),
    POOL(3, LIST(5, 4, 6), LIST(2, 3, 2), LIST(1, 2, 3), LIST(1, 1, 0), LIST(2, 1, 2)),
};

static const pool averages[] = {
    POOL(2, LIST(7, 6), LIST(2, 2), LIST(2, 2), LIST(0, 0), LIST(1, 1)),
    POOL(2, LIST(8, 9), LIST(3, 2), LIST(2, 3), LIST(1, 1), LIST(1, 1)),
    POOL(2, LIST(8, 5), LIST(2, 5), LIST(3, 1), LIST(1, 4), LIST(1, 1)),
    POOL(2, LIST(7, 9), LIST(2, 3), LIST(4, 4), LIST(0, 0), LIST(1, 1)), /* gaps between windows */
    POOL(2, LIST(4, 300), LIST(2, 3), LIST(1, 2), LIST(0, 1), LIST(1, 1)),
    POOL(1, LIST(10), LIST(3), LIST(2), LIST(1), LIST(1)),
    POOL(1, LIST(9), LIST(2), LIST(4), LIST(0), LIST(1)),
    POOL(3, LIST(4, 5, 3), LIST(2, 3, 2), LIST(2, 1, 2), LIST(0, 1, 1), LIST(1, 1, 1)),
    POOL(3, LIST(6, 4, 5), LIST(3, 2, 2), LIST(4, 3, 1), LIST(2, 1, 0), LIST(1, 1, 1)),
};

static void all_cases(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int flags = 0; flags < 4; flags++) {
        for (size_t i = 0; i < sizeof maxima / sizeof *maxima && flags < 2; i++) {
          pool p = maxima[i];
          p.w.ceil_mode = flags;
          max_case(dtype, layout, &p);
        }
        for (size_t i = 0; i < sizeof averages / sizeof *averages && is_float(dtype); i++) {
          pool p = averages[i];
          p.w.ceil_mode = flags % 2;
          p.w.count_pad = flags / 2;
          avg_case(dtype, layout, &p);
        }
      }
}

static mt_window square(int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  mt_window w = {{kernel, kernel}, {stride, stride}, {pad, pad}, {dilation, dilation}, 1, 2, 0, 0};
  return w;
}

static void empty_batch(void) {
  mt_window w = square(2, 2, 0, 1);
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3, 4, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *gx = mt_tensor_new(MT_FLOAT, MT_CPU);
  double none[1] = {0};
  CHECK(mt_max_pool(out, index, x, &w) == 0 && holds(out, SIZES(0, 3, 2, 2), none, 0));
  CHECK(holds(index, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_avg_pool(out, x, &w) == 0 && holds(out, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_avg_pool_input(gx, out, &w, x->size + 2) == 0 && holds(gx, SIZES(0, 3, 4, 4), none, 0));
  mt_tensor *all[] = {x, out, index, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

static void bad_windows(mt_tensor *out, mt_tensor *index, const mt_tensor *x) {
  mt_window dilated = square(2, 1, 1, 9), padded = square(2, 1, 0, 1), w = square(3, 1, 0, 1);
  padded.pad[0] = 2;
  REFUSES(mt_max_pool(out, index, x, &dilated), "max_pool: window 1 of dimension 3 would hold padding alone");
  REFUSES(mt_avg_pool(out, x, &padded), "avg_pool: window 1 of dimension 3 would hold padding alone");
  REFUSES(mt_avg_pool(out, x, &dilated), "avg_pool: expected a dilation of 1, got 9x9");
  w.kernel[0] = 0;
  REFUSES(mt_max_pool(out, index, x, &w), "max_pool: expected a kernel of 1 or more, got 0x3");
  w = square(3, 1, 0, 1);
  w.axes = 0;
  REFUSES(mt_max_pool(out, index, x, &w), "max_pool: expected a window of 1 to 3 axes, got 0");
  w.axes = 7;
  REFUSES(mt_avg_pool(out, x, &w), "avg_pool: expected a window of 1 to 3 axes, got 7");
}

static void bad_input(void) {
  mt_window w = square(3, 1, 0, 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 8, 8)), *flat = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 8));
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *small = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 2, 4)),
            *whole = noise_tensor(MT_INT32, PLAIN, SIZES(1, 2, 8, 8));
  double *before = values(out);
  int64_t eight[] = {8, 8};
  REFUSES(mt_max_pool(out, index, small, &w), "max_pool: a kernel of 3x3 with dilation 1x1 does not fit");
  REFUSES(mt_max_pool(out, index, flat, &w), "max_pool: expected an input of batch x channels");
  REFUSES(mt_max_pool(out, out, x, &w), "max_pool: expected the index as a tensor of int64");
  REFUSES(mt_avg_pool_input(out, x, &w, eight),
          "avg_pool_input: expected a gradient of 1x2x6x6 for an input of 8x8, got 1x2x8x8");
  REFUSES(mt_avg_pool(out, whole, &w), "int32 and float");
  REFUSES(mt_avg_pool(whole, whole, &w), "avg_pool: there is no such op for int32 tensors");
  bad_windows(out, index, x);
  CHECK(holds(out, SIZES(3), before, 0) && index->dim == 0);
  free(before);
  mt_tensor *all[] = {x, flat, index, out, small, whole};
  for (int i = 0; i < 6; i++) mt_tensor_free(all[i]);
}

int main(void) {
  all_cases();
  empty_batch();
  bad_input();
  return check_end();
}

/* test_adaptive.c: adaptive and fractional pooling over one to three axes against plain loops, for every dtype. */
#include "tensors.h"

typedef struct {
  int axes;
  int64_t in[3], out[3], kernel[3]; /* kernel: for fractional pooling */
} pool;

static const pool pools[] = {
    {2, {7, 6}, {3, 4}, {2, 3}},
    {2, {5, 4}, {5, 1}, {1, 4}},
    {2, {3, 2}, {5, 4}, {0}},
    {1, {11}, {4}, {3}},
    {1, {2}, {7}, {0}},
    {3, {5, 4, 6}, {2, 3, 4}, {2, 2, 3}},
    {3, {2, 3, 4}, {1, 2, 1}, {2, 1, 4}},
};
enum { POOLS = sizeof pools / sizeof *pools };

static int64_t product(int n, const int64_t *size) {
  int64_t p = 1;
  for (int i = 0; i < n; i++) p *= size[i];
  return p;
}

/* Coordinate d of a place of a plane of these sizes */
static int64_t at(int64_t place, int d, int axes, const int64_t *size) {
  for (int i = axes - 1; i > d; i--) place /= size[i];
  return place % size[d];
}

/* What windows see: window o of plane n along axis d; u: samples for fractional pooling, or NULL */
static void window(const pool *p, const double *u, int64_t n, int d, int64_t o, int64_t *first, int64_t *end) {
  double in = (double)p->in[d], out = (double)p->out[d];
  if (!u) {
    *first = (int64_t)floor((double)o * in / out);
    *end = (int64_t)ceil((double)(o + 1) * in / out);
    return;
  }
  double sample = u[n * p->axes + p->axes - 1 - d], a = (in - (double)p->kernel[d]) / (out - 1);
  *first = p->in[d] - p->kernel[d];
  if (o < p->out[d] - 1) *first = (int64_t)floor(((double)o + sample) * a) - (int64_t)floor(sample * a);
  *end = *first + p->kernel[d];
}

/* Whether output o of plane n sees a place of the input, and how many it sees */
static int sees(const pool *p, const double *u, int64_t n, int64_t o, int64_t place, double *count) {
  int inside = 1;
  *count = 1;
  for (int d = 0; d < p->axes; d++) {
    int64_t first, end, x = at(place, d, p->axes, p->in);
    window(p, u, n, d, at(o, d, p->axes, p->out), &first, &end);
    inside = inside && x >= first && x < end;
    *count *= (double)(end - first);
  }
  return inside;
}

static void plain_max(const pool *p, const double *u, const double *x, double *y, double *index) {
  int64_t outputs = product(p->axes, p->out), volume = product(p->axes, p->in);
  for (int64_t o = 0; o < 6 * outputs; o++) {
    index[o] = 0;
    for (int64_t i = 0; i < volume; i++) {
      double count, v = x[o / outputs * volume + i];
      if (!sees(p, u, o / outputs, o % outputs, i, &count)) continue;
      if (index[o] > 0 && !(v > y[o]) && !(isnan(v) && !isnan(y[o]))) continue;
      y[o] = v;
      index[o] = (double)(i + 1);
    }
  }
}

/* backward 0: y = averages of x; 1: x = shares of y */
static void plain_avg(const pool *p, double *x, double *y, int backward) {
  int64_t outputs = product(p->axes, p->out), volume = product(p->axes, p->in);
  memset(backward ? x : y, 0, (size_t)(6 * (backward ? volume : outputs)) * sizeof *x);
  for (int64_t o = 0; o < 6 * outputs; o++)
    for (int64_t i = 0; i < volume; i++) {
      double count, *at_x = &x[o / outputs * volume + i];
      if (!sees(p, NULL, 0, o % outputs, i, &count)) continue;
      if (backward)
        *at_x += y[o] / count;
      else
        y[o] += *at_x / count;
    }
}

static void sizes_of(const pool *p, const int64_t *spatial, int64_t *size) {
  size[0] = 2;
  size[1] = 3;
  memcpy(size + 2, spatial, (size_t)p->axes * sizeof *size);
}

static mt_tensor *samples_for(const pool *p, int dtype, int layout) {
  mt_tensor *u = new_tensor(dtype, layout, SIZES(2, 3, p->axes));
  double v[18];
  for (int i = 0; i < 6 * p->axes; i++) v[i] = (double)(i * 7 % 16) / 16; /* exact in every dtype */
  set_values(u, v);
  return u;
}

static void max_case(const pool *p, int dtype, int layout, int fractional) {
  int dim = p->axes + 2;
  int64_t in[5], out[5];
  sizes_of(p, p->in, in);
  sizes_of(p, p->out, out);
  mt_tensor *x = noise_tensor(dtype, layout, dim, in), *y = new_tensor(dtype, (layout + 1) % LAYOUTS, dim, out);
  mt_tensor *index = new_tensor(MT_INT64, layout, dim, out), *u = samples_for(p, dtype, layout);
  double *vx = values(x), *vu = values(u), *want = malloc(6 * (size_t)product(p->axes, p->out) * 8);
  double *places = malloc(6 * (size_t)product(p->axes, p->out) * 8);
  if (is_float(dtype)) {
    vx[1] = NAN;
    vx[2] = -INFINITY;
    set_values(x, vx);
  }
  plain_max(p, fractional ? vu : NULL, vx, want, places);
  CHECK((fractional ? mt_fractional_max_pool(y, index, x, u, p->kernel, p->out)
                    : mt_adaptive_max_pool(y, index, x, p->out)) == 0);
  CHECK(holds(y, dim, out, want, 0) && holds(index, dim, out, places, 0));
  mt_tensor *all[] = {x, y, index, u};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vu);
  free(want);
  free(places);
}

static void avg_case(const pool *p, int dtype, int layout) {
  int dim = p->axes + 2;
  int64_t in[5], out[5];
  sizes_of(p, p->in, in);
  sizes_of(p, p->out, out);
  mt_tensor *x = noise_tensor(dtype, layout, dim, in), *g = noise_tensor(dtype, layout, dim, out);
  mt_tensor *y = new_tensor(dtype, (layout + 1) % LAYOUTS, dim, out), *gx = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vg = values(g), *want = malloc((size_t)mt_tensor_numel(g) * 8);
  plain_avg(p, vx, want, 0);
  CHECK(mt_adaptive_avg_pool(y, x, p->out) == 0 && holds(y, dim, out, want, 1));
  plain_avg(p, vx, vg, 1);
  CHECK(mt_adaptive_avg_pool_input(gx, g, p->in) == 0 && holds(gx, dim, in, vx, 4));
  mt_tensor *all[] = {x, g, y, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vg);
  free(want);
}

static void all_cases(void) {
  char context[100];
  check_context = context;
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int i = 0; i < POOLS; i++) {
        snprintf(context, sizeof context, "pool %d, %s, layout %d", i, mt_dtype_name(dtype), layout);
        max_case(&pools[i], dtype, layout, 0);
        if (!is_float(dtype)) continue;
        avg_case(&pools[i], dtype, layout);
        if (pools[i].kernel[0] > 0) max_case(&pools[i], dtype, layout, 1);
      }
  check_context = "";
}

static void empty_batch(void) {
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3, 4, 4)), *y = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *u = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3, 2));
  int64_t two[] = {2, 2};
  double none[1] = {0};
  CHECK(mt_adaptive_max_pool(y, index, x, two) == 0 && holds(index, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_fractional_max_pool(y, index, x, u, two, two) == 0 && holds(y, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_adaptive_avg_pool(y, x, two) == 0 && holds(y, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_adaptive_avg_pool_input(x, y, two) == 0 && holds(x, SIZES(0, 3, 2, 2), none, 0));
  mt_tensor *all[] = {x, y, index, u};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

/* Samples that are no numbers within 0 … 1 give some windows, but none that lies outside. */
static void wild_samples(void) {
  const double wild[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 2, -3, 1};
  mt_tensor *x = noise_tensor(MT_DOUBLE, PLAIN, SIZES(1, 8, 9)), *u = new_tensor(MT_DOUBLE, PLAIN, SIZES(1, 8, 1));
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  int64_t kernel = 2, out = 4;
  set_values(u, wild);
  CHECK(mt_fractional_max_pool(y, index, x, u, &kernel, &out) == 0);
  double *places = values(index);
  for (int i = 0; i < 32; i++) CHECK(places[i] >= 1 && places[i] <= 9);
  free(places);
  mt_tensor *all[] = {x, u, y, index};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

static void bad_input(void) {
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 6, 6)), *flat = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 6));
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *u = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 3)), *v = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 2));
  double *before = values(out);
  int64_t none[] = {3, 0}, three[] = {3, 3}, five[] = {5, 5}, huge[] = {INT64_MAX / 8, 1};
  REFUSES(mt_adaptive_avg_pool(out, x, none), "adaptive_avg_pool: expected sizes of 1 or more, got 3x0");
  REFUSES(mt_adaptive_avg_pool(out, flat, three), "expected an input of batch x channels x 1 to 3 sizes, got 2x6");
  REFUSES(mt_adaptive_avg_pool_input(out, x, huge), "adaptive_avg_pool_input: planes of 6x6 and 1152921504606846975x1");
  REFUSES(mt_adaptive_max_pool(out, out, x, three), "adaptive_max_pool: expected the index as a tensor of int64");
  REFUSES(mt_fractional_max_pool(out, index, x, u, three, three), "expected samples of 1x2x2 for an input of 1x2x6x6");
  REFUSES(mt_fractional_max_pool(out, index, x, v, three, five), "5x5 windows of 3x3 do not fit into an input of 6x6");
  REFUSES(mt_fractional_max_pool(out, index, x, v, none, three), "expected a kernel of 1 or more, got 3x0");
  CHECK(holds(out, SIZES(3), before, 0) && index->dim == 0);
  free(before);
  mt_tensor *all[] = {x, flat, index, out, u, v};
  for (int i = 0; i < 6; i++) mt_tensor_free(all[i]);
}

int main(void) {
  all_cases();
  empty_batch();
  wild_samples();
  bad_input();
  return check_end();
}

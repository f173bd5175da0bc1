/* test_pool.c: pooling against plain loops: every dtype, padding, dilation, rounding up, NaN, bad input. */
#include "tensors.h"

static mt_window window(int64_t kh, int64_t kw, int64_t sh, int64_t sw, int64_t ph, int64_t pw, int64_t dilation,
                        int ceil_mode, int count_pad) {
  mt_window w = {{kh, kw}, {sh, sw}, {ph, pw}, {dilation, dilation}, 1, ceil_mode, count_pad};
  return w;
}

/* The rule of sizes, as the documentation gives it */
static int64_t output_size(const mt_window *w, int d, int64_t in) {
  double span = (double)(in + 2 * w->pad[d] - w->dilation[d] * (w->kernel[d] - 1) - 1) / (double)w->stride[d];
  int64_t out = (int64_t)(w->ceil_mode ? ceil(span) : floor(span)) + 1;
  if (w->ceil_mode && (out - 1) * w->stride[d] >= in + w->pad[d]) out--;
  return out;
}

static void plain_max(const mt_window *w, const double *x, int64_t planes, const int64_t *in, const int64_t *out,
                      double *y, double *index) {
  for (int64_t o = 0; o < planes * out[0] * out[1]; o++) {
    const double *plane = x + o / (out[0] * out[1]) * in[0] * in[1];
    int found = 0;
    for (int64_t t = 0; t < w->kernel[0] * w->kernel[1]; t++) {
      int64_t r = o / out[1] % out[0] * w->stride[0] - w->pad[0] + t / w->kernel[1] * w->dilation[0];
      int64_t c = o % out[1] * w->stride[1] - w->pad[1] + t % w->kernel[1] * w->dilation[1];
      if (r < 0 || r >= in[0] || c < 0 || c >= in[1]) continue;
      double v = plane[r * in[1] + c];
      if (found && !(v > y[o]) && !(isnan(v) && !isnan(y[o]))) continue;
      y[o] = v;
      index[o] = (double)(r * in[1] + c + 1);
      found = 1;
    }
  }
}

/* What window o of one dimension sees, and what it divides by there */
static void reach(const mt_window *w, int d, int64_t o, int64_t in, int64_t *first, int64_t *end, int64_t *count) {
  int64_t start = o * w->stride[d] - w->pad[d], stop = start + w->kernel[d];
  *first = start < 0 ? 0 : start;
  *end = stop > in ? in : stop;
  *count = w->count_pad ? (stop > in + w->pad[d] ? in + w->pad[d] : stop) - start : *end - *first;
}

/* backward 0: y = averages of x; 1: x += shares of y */
static void plain_avg(const mt_window *w, double *x, int64_t planes, const int64_t *in, const int64_t *out, double *y,
                      int backward) {
  for (int64_t o = 0; o < planes * out[0] * out[1]; o++) {
    double *plane = x + o / (out[0] * out[1]) * in[0] * in[1], sum = 0;
    int64_t r0, r1, rows, c0, c1, columns;
    reach(w, 0, o / out[1] % out[0], in[0], &r0, &r1, &rows);
    reach(w, 1, o % out[1], in[1], &c0, &c1, &columns);
    for (int64_t r = r0; r < r1; r++)
      for (int64_t c = c0; c < c1; c++) {
        sum += plane[r * in[1] + c];
        if (backward) plane[r * in[1] + c] += y[o] / (double)(rows * columns);
      }
    if (!backward) y[o] = sum / (double)(rows * columns);
  }
}

static void max_case(int dtype, int layout, mt_window w, int64_t height, int64_t width) {
  char context[200];
  int64_t in[] = {height, width}, size[] = {2, 3, output_size(&w, 0, height), output_size(&w, 1, width)};
  mt_tensor *x = noise_tensor(dtype, layout, SIZES(2, 3, height, width));
  mt_tensor *out = new_tensor(dtype, (layout + 1) % LAYOUTS, 4, size), *index = new_tensor(MT_INT64, layout, 4, size);
  size_t count = (size_t)mt_tensor_numel(out);
  double *y = malloc(count * 8), *places = malloc(count * 8), *v = values(x);
  if (is_float(dtype)) { /* some NaNs, also two in a window, and an infinity */
    v[0] = v[1] = v[7] = NAN;
    v[3] = -INFINITY;
    set_values(x, v);
  }
  snprintf(context, sizeof context, "%s, layout %d, %lldx%lld, kernel %lldx%lld", mt_dtype_name(dtype), layout,
           (long long)height, (long long)width, (long long)w.kernel[0], (long long)w.kernel[1]);
  check_context = context;
  plain_max(&w, v, 6, in, size + 2, y, places);
  CHECK(mt_max_pool2d(out, index, x, &w) == 0 && holds(out, 4, size, y, 0) && holds(index, 4, size, places, 0));
  check_context = "";
  mt_tensor_free(x);
  mt_tensor_free(out);
  mt_tensor_free(index);
  free(y);
  free(places);
  free(v);
}

static void avg_case(int dtype, int layout, mt_window w, int64_t height, int64_t width) {
  char context[200];
  int64_t in[] = {height, width}, size[] = {2, 3, output_size(&w, 0, height), output_size(&w, 1, width)};
  mt_tensor *x = noise_tensor(dtype, layout, SIZES(2, 3, height, width)), *g = noise_tensor(dtype, layout, 4, size);
  mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *gx = new_tensor(dtype, (layout + 1) % LAYOUTS, 4, x->size);
  double *vx = values(x), *vg = values(g), *y = malloc((size_t)mt_tensor_numel(g) * 8);
  snprintf(context, sizeof context, "%s, layout %d, %lldx%lld, kernel %lldx%lld, pad %lldx%lld, %d",
           mt_dtype_name(dtype), layout, (long long)height, (long long)width, (long long)w.kernel[0],
           (long long)w.kernel[1], (long long)w.pad[0], (long long)w.pad[1], w.count_pad);
  check_context = context;
  plain_avg(&w, vx, 6, in, size + 2, y, 0);
  CHECK(mt_avg_pool2d(out, x, &w) == 0 && holds(out, 4, size, y, 1));
  memset(vx, 0, (size_t)mt_tensor_numel(x) * 8);
  plain_avg(&w, vx, 6, in, size + 2, vg, 1);
  CHECK(mt_avg_pool2d_input(gx, g, &w, in) == 0 && holds(gx, 4, x->size, vx, 2));
  check_context = "";
  mt_tensor *all[] = {x, g, out, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vg);
  free(y);
}

static void all_cases(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int ceil_mode = 0; ceil_mode < 2; ceil_mode++) {
        max_case(dtype, layout, window(2, 2, 2, 2, 0, 0, 1, ceil_mode, 0), 7, 6);
        max_case(dtype, layout, window(3, 2, 2, 3, 1, 1, 1, ceil_mode, 0), 8, 9);
        max_case(dtype, layout, window(1, 1, 3, 4, 0, 0, 1, ceil_mode, 0), 5, 6); /* rounding up falls outside */
        max_case(dtype, layout, window(3, 2, 1, 2, 2, 1, 2, ceil_mode, 0), 6, 7);
        max_case(dtype, layout, window(2, 3, 1, 2, 0, 1, 1, ceil_mode, 0), 4, 300);
        for (int count_pad = 0; count_pad < 2 && is_float(dtype); count_pad++) {
          avg_case(dtype, layout, window(2, 2, 2, 2, 0, 0, 1, ceil_mode, count_pad), 7, 6);
          avg_case(dtype, layout, window(3, 2, 2, 3, 1, 1, 1, ceil_mode, count_pad), 8, 9);
          avg_case(dtype, layout, window(2, 5, 3, 1, 1, 4, 1, ceil_mode, count_pad), 8, 5);
          avg_case(dtype, layout, window(2, 3, 4, 4, 0, 0, 1, ceil_mode, count_pad), 7, 9); /* gaps between windows */
          avg_case(dtype, layout, window(2, 3, 1, 2, 0, 1, 1, ceil_mode, count_pad), 4, 300);
        }
      }
}

static void empty_batch(void) {
  mt_window w = window(2, 2, 2, 2, 0, 0, 1, 0, 0);
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3, 4, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *gx = mt_tensor_new(MT_FLOAT, MT_CPU);
  double none[1] = {0};
  CHECK(mt_max_pool2d(out, index, x, &w) == 0 && holds(out, SIZES(0, 3, 2, 2), none, 0));
  CHECK(holds(index, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_avg_pool2d(out, x, &w) == 0 && holds(out, SIZES(0, 3, 2, 2), none, 0));
  CHECK(mt_avg_pool2d_input(gx, out, &w, x->size + 2) == 0 && holds(gx, SIZES(0, 3, 4, 4), none, 0));
  mt_tensor *all[] = {x, out, index, gx};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

static void bad_input(void) {
  mt_window w = window(3, 3, 1, 1, 0, 0, 1, 0, 0), dilated = window(2, 2, 1, 1, 1, 1, 9, 0, 0);
  mt_window padded = window(2, 2, 1, 1, 2, 0, 1, 0, 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 8, 8)), *flat = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 8));
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *small = noise_tensor(MT_FLOAT, PLAIN, SIZES(1, 2, 2, 4)),
            *whole = noise_tensor(MT_INT32, PLAIN, SIZES(1, 2, 8, 8));
  double *before = values(out);
  int64_t eight[] = {8, 8};
  REFUSES(mt_max_pool2d(out, index, small, &w), "max_pool2d: a kernel of 3x3 with dilation 1x1 does not fit");
  REFUSES(mt_max_pool2d(out, index, flat, &w), "max_pool2d: expected an input of batch x channels");
  REFUSES(mt_max_pool2d(out, out, x, &w), "max_pool2d: expected the index as a tensor of int64");
  REFUSES(mt_max_pool2d(out, index, x, &dilated), "max_pool2d: window 1 of dimension 3 would hold padding alone");
  REFUSES(mt_avg_pool2d(out, x, &padded), "avg_pool2d: window 1 of dimension 3 would hold padding alone");
  REFUSES(mt_avg_pool2d(out, x, &dilated), "avg_pool2d: expected a dilation of 1x1, got 9x9");
  REFUSES(mt_avg_pool2d_input(out, x, &w, eight),
          "avg_pool2d_input: expected a gradient of 1x2x6x6 for an input of 8x8, got 1x2x8x8");
  REFUSES(mt_avg_pool2d(out, whole, &w), "int32 and float");
  REFUSES(mt_avg_pool2d(whole, whole, &w), "avg_pool2d: there is no such op for int32 tensors");
  w.kernel[0] = 0;
  REFUSES(mt_max_pool2d(out, index, x, &w), "max_pool2d: expected a kernel of 1 or more, got 0x3");
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

/* test_conv.c: convolution over one to three axes, its gradients and its columns against plain loops for every dtype,
 * and against finite differences. */
#include "tensors.h"

typedef struct {
  int64_t N, C, in[3], K; /* in: the spatial sizes, as many as the window has axes */
  mt_window w;
} layer;

#define LIST(...) \
  { __VA_ARGS__ }
#define WINDOW(AXES, KERNEL, STRIDE, PAD, DILATION, GROUPS) \
  { KERNEL, STRIDE, PAD, DILATION, GROUPS, AXES, 0, 0 }

static const layer layers[] = {
    {2, 1, {7, 6}, 3, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1)},
    {1, 3, {5, 5}, 4, WINDOW(2, LIST(1, 1), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1)}, /* the input is the columns */
    {2, 4, {6, 7}, 6, WINDOW(2, LIST(1, 1), LIST(2, 1), LIST(0, 0), LIST(1, 1), 2)},
    {3, 4, {6, 5}, 6, WINDOW(2, LIST(3, 2), LIST(1, 2), LIST(1, 1), LIST(1, 1), 2)}, /* groups */
    {2, 4, {9, 8}, 4, WINDOW(2, LIST(3, 3), LIST(2, 1), LIST(2, 3), LIST(2, 3), 4)}, /* depthwise, dilated */
    {2, 3, {8, 6}, 9, WINDOW(2, LIST(3, 2), LIST(1, 1), LIST(1, 1), LIST(1, 1), 3)}, /* three planes for a channel */
    {2, 2, {4, 5}, 3, WINDOW(2, LIST(2, 5), LIST(3, 2), LIST(3, 4), LIST(1, 1), 1)}, /* padding, stride > kernel */
    {1, 2, {1, 9}, 2, WINDOW(2, LIST(1, 4), LIST(1, 3), LIST(0, 1), LIST(1, 2), 1)},
    {2, 3, {11}, 4, WINDOW(1, LIST(3), LIST(2), LIST(1), LIST(2), 1)},
    {3, 4, {9}, 8, WINDOW(1, LIST(4), LIST(1), LIST(2), LIST(1), 4)},
    {2, 2, {3, 4, 5}, 3, WINDOW(3, LIST(2, 3, 2), LIST(1, 1, 1), LIST(0, 1, 0), LIST(1, 1, 1), 1)},
    {1, 4, {5, 4, 6}, 4, WINDOW(3, LIST(2, 1, 3), LIST(2, 1, 2), LIST(1, 0, 2), LIST(2, 1, 1), 2)},
    {1, 3, {4, 4, 4}, 3, WINDOW(3, LIST(3, 2, 2), LIST(1, 2, 1), LIST(2, 1, 1), LIST(1, 2, 2), 3)},
    {2, 3, {2, 3, 4}, 2, WINDOW(3, LIST(1, 1, 1), LIST(1, 1, 1), LIST(0, 0, 0), LIST(1, 1, 1), 1)},
    {2, 1, {3, 300}, 2, WINDOW(2, LIST(2, 3), LIST(1, 2), LIST(0, 1), LIST(1, 1), 1)}, /* longer than RUN */
    {5, 3, {40, 40}, 8, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(2, 2), LIST(1, 1), 1)}, /* threads, stripes */
};
enum { LAYERS = sizeof layers / sizeof *layers, SMALL = LAYERS - 2 };

static int64_t outputs(const layer *l, int d) {
  int64_t reach = l->w.dilation[d] * (l->w.kernel[d] - 1);
  return (l->in[d] + 2 * l->w.pad[d] - reach - 1) / l->w.stride[d] + 1;
}

/* n, m and so many spatial sizes */
static void sizes_of(int64_t *size, int64_t n, int64_t m, int axes, const int64_t *spatial) {
  size[0] = n;
  size[1] = m;
  for (int d = 0; d < axes; d++) size[d + 2] = spatial[d];
}

static int64_t product(int n, const int64_t *size) {
  int64_t p = 1;
  for (int i = 0; i < n; i++) p *= size[i];
  return p;
}

/* The place of the input that tap t of output o sees, or -1 */
static int64_t seen(const layer *l, const int64_t *out, int64_t o, int64_t t) {
  int64_t place = 0, step = 1;
  for (int d = l->w.axes - 1; d >= 0; d--) {
    int64_t at = o % out[d] * l->w.stride[d] - l->w.pad[d] + t % l->w.kernel[d] * l->w.dilation[d];
    if (at < 0 || at >= l->in[d]) return -1;
    place += at * step;
    step *= l->in[d];
    o /= out[d];
    t /= l->w.kernel[d];
  }
  return place;
}

/* Goes through every (image, group plane, channel, tap, output) of the convolution and does one of three things with
 * y[output] , w[tap], x[input]: 0: y += w x; 1: x += w y; 2: w += y x */
static void plain(const layer *l, int what, double *y, double *w, double *x) {
  int64_t out[3], c_group = l->C / l->w.groups, k_group = l->K / l->w.groups;
  for (int d = 0; d < l->w.axes; d++) out[d] = outputs(l, d);
  int64_t places = product(l->w.axes, out), taps = product(l->w.axes, l->w.kernel), volume = product(l->w.axes, l->in);
  for (int64_t i = 0; i < l->N * l->K * c_group * taps * places; i++) {
    int64_t o = i % places, t = i / places % taps, c = i / (places * taps) % c_group;
    int64_t k = i / (places * taps * c_group) % l->K, n = i / (places * taps * c_group * l->K);
    int64_t place = seen(l, out, o, t);
    if (place < 0) continue;
    double *at_y = &y[(n * l->K + k) * places + o], *at_w = &w[(k * c_group + c) * taps + t];
    double *at_x = &x[(n * l->C + k / k_group * c_group + c) * volume + place];
    if (what == 0) *at_y += *at_w * *at_x;
    if (what == 1) *at_x += *at_w * *at_y;
    if (what == 2) *at_w += *at_y * *at_x;
  }
}

/* With MT_RELU the outputs are those without it, but for negative ones, which are 0. */
static int rectifies(const mt_tensor *x, const mt_tensor *w, const mt_tensor *b, const mt_window *window) {
  mt_tensor *y = mt_tensor_new(x->dtype, x->device), *rectified = mt_tensor_new(x->dtype, x->device);
  must(mt_conv(y, x, w, b, window, MT_AS_IT_IS));
  double *expected = values(y);
  for (int64_t i = 0; i < mt_tensor_numel(y); i++)
    if (expected[i] < 0) expected[i] = 0;
  int good = !mt_conv(rectified, x, w, b, window, MT_RELU) && holds(rectified, y->dim, y->size, expected, 0);
  free(expected);
  mt_tensor_free(y);
  mt_tensor_free(rectified);
  return good;
}

static void one_case(const layer *l, int dtype, int layout) {
  char context[100];
  int dim = l->w.axes + 2;
  int64_t out[3], x_size[5], y_size[5], w_size[5];
  for (int d = 0; d < l->w.axes; d++) out[d] = outputs(l, d);
  sizes_of(x_size, l->N, l->C, l->w.axes, l->in);
  sizes_of(y_size, l->N, l->K, l->w.axes, out);
  sizes_of(w_size, l->K, l->C / l->w.groups, l->w.axes, l->w.kernel);
  mt_tensor *x = noise_tensor(dtype, layout, dim, x_size), *w = noise_tensor(dtype, layout, dim, w_size);
  mt_tensor *b = noise_tensor(dtype, layout, 1, &l->K), *g = noise_tensor(dtype, layout, dim, y_size);
  mt_tensor *y_out = new_tensor(dtype, layout == TURNED ? GAPPED : PLAIN, dim, y_size);
  mt_tensor *gx = mt_tensor_new(dtype, MT_CPU), *gw = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vw = values(w), *vb = values(b), *vg = values(g);
  double *y = calloc((size_t)mt_tensor_numel(g), 8), scale = 2 + sqrt((double)mt_tensor_numel(w));
  snprintf(context, sizeof context, "layer %d, %s, layout %d", (int)(l - layers), mt_dtype_name(dtype), layout);
  check_context = context;
  plain(l, 0, y, vw, vx);
  CHECK(mt_conv(y_out, x, w, NULL, &l->w, MT_AS_IT_IS) == 0 && holds(y_out, dim, y_size, y, scale));
  for (int64_t i = 0; i < mt_tensor_numel(g); i++) y[i] += vb[i / product(l->w.axes, out) % l->K];
  CHECK(mt_conv(y_out, x, w, b, &l->w, MT_AS_IT_IS) == 0 && holds(y_out, dim, y_size, y, scale));
  CHECK(rectifies(x, w, b, &l->w) && rectifies(x, w, NULL, &l->w));
  memset(vx, 0, (size_t)mt_tensor_numel(x) * 8);
  plain(l, 1, vg, vw, vx);
  CHECK(mt_conv_input(gx, g, w, &l->w, l->in) == 0 && holds(gx, dim, x_size, vx, scale * 2));
  free(vx);
  vx = values(x);
  memset(vw, 0, (size_t)mt_tensor_numel(w) * 8);
  plain(l, 2, vg, vw, vx);
  scale = 2 + sqrt((double)mt_tensor_numel(g));
  CHECK(mt_conv_weight(gw, g, x, &l->w, l->w.kernel) == 0 && holds(gw, dim, w_size, vw, scale));
  check_context = "";
  mt_tensor *tensors[] = {x, w, b, g, y_out, gx, gw};
  double *arrays[] = {vx, vw, vb, vg, y};
  for (int i = 0; i < 7; i++) mt_tensor_free(tensors[i]);
  for (int i = 0; i < 5; i++) free(arrays[i]);
}

/* im2col against the places that seen gives, and col2im as its transpose: the product of both sides agrees */
static void columns_case(const layer *l, int dtype, int layout) {
  char context[100];
  int dim = l->w.axes + 2;
  int64_t out[3], x_size[5];
  for (int d = 0; d < l->w.axes; d++) out[d] = outputs(l, d);
  int64_t places = product(l->w.axes, out), taps = product(l->w.axes, l->w.kernel), volume = product(l->w.axes, l->in);
  int64_t size[] = {l->N, l->C * taps, places};
  sizes_of(x_size, l->N, l->C, l->w.axes, l->in);
  mt_tensor *x = noise_tensor(dtype, layout, dim, x_size), *g = noise_tensor(dtype, layout, 3, size);
  mt_tensor *columns = new_tensor(dtype, (layout + 1) % LAYOUTS, 3, size), *back = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vg = values(g), *y = malloc((size_t)mt_tensor_numel(g) * 8);
  double *sums = calloc((size_t)mt_tensor_numel(x), 8);
  for (int64_t i = 0; i < mt_tensor_numel(g); i++) {
    int64_t place = seen(l, out, i % places, i / places % taps), at = i / (places * taps) * volume + place;
    y[i] = place < 0 ? 0 : vx[at];
    if (place >= 0) sums[at] += vg[i];
  }
  snprintf(context, sizeof context, "layer %d, %s, layout %d", (int)(l - layers), mt_dtype_name(dtype), layout);
  check_context = context;
  CHECK(mt_im2col(columns, x, &l->w) == 0 && holds(columns, 3, size, y, 0));
  CHECK(mt_col2im(back, g, &l->w, l->in) == 0 && holds(back, dim, x_size, sums, 8));
  check_context = "";
  mt_tensor *all[] = {x, g, columns, back};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vg);
  free(y);
  free(sums);
}

/* sum of g times the convolution of x by w */
static double projection(const mt_tensor *x, const mt_tensor *w, const mt_tensor *g, const mt_window *window) {
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double sum = 0;
  must(mt_conv(y, x, w, NULL, window, MT_AS_IT_IS) || mt_dot(y, g, &sum));
  mt_tensor_free(y);
  return sum;
}

/* The gradient of projection with regard to t (x or w) is what central differences say. */
static int agrees(const mt_tensor *gradient, mt_tensor *t, const mt_tensor *x, const mt_tensor *w, const mt_tensor *g,
                  const mt_window *window) {
  double *place = mt_tensor_data(t), *exact = mt_tensor_data(gradient), step = 1e-3;
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) {
    double kept = place[i];
    place[i] = kept + step;
    double up = projection(x, w, g, window);
    place[i] = kept - step;
    double down = projection(x, w, g, window);
    place[i] = kept;
    if (fabs((up - down) / (2 * step) - exact[i]) > 1e-9 * (1 + fabs(exact[i]))) return 0;
  }
  return 1;
}

static void finite_differences(void) {
  for (int n = 0; n < SMALL; n++) {
    const layer *l = &layers[n];
    int dim = l->w.axes + 2;
    int64_t out[3], x_size[5], y_size[5], w_size[5];
    for (int d = 0; d < l->w.axes; d++) out[d] = outputs(l, d);
    sizes_of(x_size, l->N, l->C, l->w.axes, l->in);
    sizes_of(y_size, l->N, l->K, l->w.axes, out);
    sizes_of(w_size, l->K, l->C / l->w.groups, l->w.axes, l->w.kernel);
    mt_tensor *x = noise_tensor(MT_DOUBLE, PLAIN, dim, x_size), *w = noise_tensor(MT_DOUBLE, PLAIN, dim, w_size);
    mt_tensor *g = noise_tensor(MT_DOUBLE, PLAIN, dim, y_size);
    mt_tensor *gx = mt_tensor_new(MT_DOUBLE, MT_CPU), *gw = mt_tensor_new(MT_DOUBLE, MT_CPU);
    CHECK(mt_conv_input(gx, g, w, &l->w, x->size + 2) == 0 && agrees(gx, x, x, w, g, &l->w));
    CHECK(mt_conv_weight(gw, g, x, &l->w, w->size + 2) == 0 && agrees(gw, w, x, w, g, &l->w));
    mt_tensor *all[] = {x, w, g, gx, gw};
    for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  }
}

/* Layers that floats have kernels of their own for: the same as doubles have, but for rounding. */
static const layer fast_layers[] = {
    {2, 17, {9, 14}, 19, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1)}, /* tiles over the edges */
    {3, 16, {7, 10}, 24, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(0, 2), LIST(1, 1), 1)},
    {9, 16, {3, 5}, 70, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(2, 0), LIST(1, 1), 1)},   /* images smaller than tiles */
    {1, 16, {90, 75}, 16, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1)}, /* many tiles */
    {4, 20, {12, 9}, 12, WINDOW(2, LIST(4, 4), LIST(2, 2), LIST(1, 1), LIST(1, 1), 1)},  /* pieces over images */
    {1, 40, {41, 40}, 24, WINDOW(2, LIST(4, 4), LIST(2, 2), LIST(1, 1), LIST(1, 1), 1)}, /* threads share channels */
    {1, 30, {19, 33}, 50, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(2, 2), LIST(1, 1), 2)}, /* several pieces */
    {2, 3, {67, 60}, 21, WINDOW(2, LIST(11, 11), LIST(4, 4), LIST(2, 2), LIST(1, 1), 1)},
    {2, 70, {20, 21}, 33, WINDOW(2, LIST(1, 1), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1)},
    {2, 9, {20, 23}, 10, WINDOW(2, LIST(3, 3), LIST(2, 3), LIST(2, 2), LIST(2, 2), 1)},
    {3, 40, {31, 66}, 130, WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1)},
    {2, 17, {9, 14}, 19, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(2, 2), LIST(1, 1), 1)}, /* the same with tiles of 2x2 */
    {3, 16, {7, 10}, 24, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(0, 4), LIST(1, 1), 1)},
    {9, 16, {1, 6}, 70, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(4, 0), LIST(1, 1), 1)},
    {2, 3, {67, 60}, 27, WINDOW(2, LIST(11, 11), LIST(4, 4), LIST(2, 2), LIST(1, 1), 1)}, /* few channels */
    {3, 5, {21, 45}, 64, WINDOW(2, LIST(3, 2), LIST(2, 1), LIST(0, 3), LIST(1, 1), 1)},
    {2, 1, {40, 333}, 31, WINDOW(2, LIST(4, 7), LIST(1, 1), LIST(5, 1), LIST(1, 1), 1)},
    {7, 12, {5, 6}, 25, WINDOW(2, LIST(3, 3), LIST(2, 1), LIST(1, 1), LIST(1, 1), 1)}, /* windows over images */
    {5, 12, {5, 4}, 26, WINDOW(2, LIST(2, 3), LIST(1, 1), LIST(0, 1), LIST(1, 1), 2)},
    {1, 20, {45, 40}, 37, WINDOW(2, LIST(5, 5), LIST(1, 1), LIST(2, 2), LIST(1, 1), 1)},
    {2, 17, {19, 12}, 18, WINDOW(2, LIST(2, 2), LIST(1, 1), LIST(1, 0), LIST(1, 1), 1)}, /* tiles of 4x4 and of 5x5 */
    {3, 16, {11, 6}, 35, WINDOW(2, LIST(2, 2), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1)},
    {3, 18, {32, 33}, 21, WINDOW(2, LIST(4, 4), LIST(2, 2), LIST(1, 1), LIST(1, 1), 1)}, /* tiles of phases */
    {2, 17, {37, 40}, 19, WINDOW(2, LIST(4, 4), LIST(2, 2), LIST(0, 3), LIST(1, 1), 1)},
    {2, 19, {29, 34}, 33, WINDOW(2, LIST(5, 5), LIST(2, 2), LIST(2, 0), LIST(1, 1), 1)},
    {4, 16, {22, 23}, 24, WINDOW(2, LIST(6, 6), LIST(2, 2), LIST(5, 2), LIST(1, 1), 1)},
    {2,
     16,
     {62, 30},
     17,
     WINDOW(2, LIST(4, 4), LIST(2, 2), LIST(0, 0), LIST(1, 1), 1)}, /* inputs that no window sees */
};

static mt_tensor *doubles_of(const mt_tensor *a) {
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(mt_tensor_resize(d, a->dim, a->size) || mt_copy(d, a));
  return d;
}

static int alike(const mt_tensor *a, const mt_tensor *exact, double scale) {
  double *expected = values(exact);
  int same = holds(a, exact->dim, exact->size, expected, scale);
  free(expected);
  return same;
}

static void fast_case(const layer *l) {
  int64_t y_size[] = {l->N, l->K, outputs(l, 0), outputs(l, 1)};
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(l->N, l->C, l->in[0], l->in[1]));
  mt_tensor *w = noise_tensor(MT_FLOAT, PLAIN, SIZES(l->K, l->C / l->w.groups, l->w.kernel[0], l->w.kernel[1]));
  mt_tensor *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(l->K)), *g = noise_tensor(MT_FLOAT, PLAIN, 4, y_size);
  mt_tensor *dx = doubles_of(x), *dw = doubles_of(w), *db = doubles_of(b), *dg = doubles_of(g);
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU), *exact = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double scale = 4 * (2 + sqrt((double)mt_tensor_numel(w)));
  CHECK(!mt_conv(out, x, w, b, &l->w, MT_AS_IT_IS) && !mt_conv(exact, dx, dw, db, &l->w, MT_AS_IT_IS) &&
        alike(out, exact, scale));
  CHECK(!mt_conv(out, x, w, NULL, &l->w, MT_AS_IT_IS) && !mt_conv(exact, dx, dw, NULL, &l->w, MT_AS_IT_IS) &&
        alike(out, exact, scale));
  CHECK(rectifies(x, w, b, &l->w) && rectifies(x, w, NULL, &l->w));
  CHECK(!mt_conv_input(out, g, w, &l->w, l->in) && !mt_conv_input(exact, dg, dw, &l->w, l->in) &&
        alike(out, exact, scale));
  scale = 4 * (2 + sqrt((double)mt_tensor_numel(g)));
  CHECK(!mt_conv_weight(out, g, x, &l->w, l->w.kernel) && !mt_conv_weight(exact, dg, dx, &l->w, l->w.kernel) &&
        alike(out, exact, scale));
  mt_tensor *all[] = {x, w, b, g, dx, dw, db, dg, out, exact};
  for (int i = 0; i < 10; i++) mt_tensor_free(all[i]);
}

static void fast_kernels(void) {
  char context[40];
  for (int threads = 1; threads <= 3; threads += 2) {
    mt_set_threads(threads);
    for (size_t i = 0; i < sizeof fast_layers / sizeof *fast_layers; i++) {
      snprintf(context, sizeof context, "fast layer %d, %d threads", (int)i, threads);
      check_context = context;
      fast_case(&fast_layers[i]);
    }
  }
  check_context = "";
}

static void empty_batch(void) {
  mt_window w = WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1);
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    mt_tensor *x = new_tensor(dtype, PLAIN, SIZES(0, 2, 5, 5)), *k = noise_tensor(dtype, PLAIN, SIZES(4, 2, 3, 3));
    mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *gx = mt_tensor_new(dtype, MT_CPU);
    mt_tensor *gw = noise_tensor(dtype, PLAIN, SIZES(4, 2, 3, 3));
    double zero[72] = {0};
    CHECK(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS) == 0 && holds(out, SIZES(0, 4, 5, 5), zero, 0));
    CHECK(mt_conv_input(gx, out, k, &w, x->size + 2) == 0 && holds(gx, SIZES(0, 2, 5, 5), zero, 0));
    CHECK(mt_conv_weight(gw, out, x, &w, k->size + 2) == 0 && holds(gw, SIZES(4, 2, 3, 3), zero, 0));
    mt_tensor *all[] = {x, k, out, gx, gw};
    for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  }
}

static void in_place(void) { /* the result may lie over an operand of the same sizes */
  mt_window w = WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3, 6, 6)),
            *k = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 3, 3, 3));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS));
  double *expected = values(out);
  CHECK(mt_conv(x, x, k, NULL, &w, MT_AS_IT_IS) == 0 && holds(x, SIZES(2, 3, 6, 6), expected, 0));
  free(expected);
  mt_tensor_free(x);
  mt_tensor_free(k);
  mt_tensor_free(out);
}

static void repeatable(int64_t channels) { /* the same sums for the same threads, and no new memory once warm */
  mt_window w = WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(9, channels, 30, 30)),
            *g = noise_tensor(MT_FLOAT, PLAIN, SIZES(9, channels, 30, 30));
  mt_tensor *a = mt_tensor_new(MT_FLOAT, MT_CPU), *b = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_set_threads(3);
  must(mt_conv_weight(a, g, x, &w, w.kernel));
  int64_t requests = mt_memory(MT_CPU, MT_REQUESTS), live = mt_memory(MT_CPU, MT_LIVE);
  for (int i = 0; i < 5; i++) {
    int equal = 0;
    must(mt_conv_weight(a, g, x, &w, w.kernel));
    if (i == 0) {
      must(mt_tensor_resize(b, 4, a->size) || mt_copy(b, a));
      requests = mt_memory(MT_CPU, MT_REQUESTS);
      live = mt_memory(MT_CPU, MT_LIVE);
    }
    CHECK(mt_equal(a, b, &equal) == 0 && equal);
  }
  CHECK(mt_memory(MT_CPU, MT_REQUESTS) == requests && mt_memory(MT_CPU, MT_LIVE) == live);
  mt_tensor *all[] = {x, g, a, b};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

static void bad_windows(mt_tensor *out, const mt_tensor *x, const mt_tensor *k) {
  const mt_window good = WINDOW(2, LIST(0, 0), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1);
  mt_window w = good;
  w.stride[1] = 0;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected a stride of 1 or more, got 1x0");
  w = good;
  w.pad[0] = -1;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected a padding of 0 or more");
  w.pad[0] = INT64_MAX;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected a padding of 0 or more");
  w = good;
  w.dilation[0] = 0;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected a dilation of 1 or more");
  w.dilation[0] = 5;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "does not fit into an input of 9x9");
  w = good;
  w.groups = 0;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected 1 group or more, got 0");
  w.groups = 3;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS),
          "conv: 8 output planes (of 8x3x5x5) cannot be shared out to 3 groups");
  w = good;
  w.axes = 4;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS), "conv: expected a window of 1 to 3 axes, got 4");
  REFUSES(mt_conv_weight(out, x, x, &w, k->size + 2), "conv_weight: expected a window of 1 to 3 axes, got 4");
  w.axes = 3;
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS),
          "conv: expected a weight of batch x channels x depth x height x width");
}

static void bad_columns(void) {
  mt_window w = WINDOW(2, LIST(3, 3), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1), huge = w;
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 4, 9, 9)), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *c = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 18, 49)), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(3));
  double *before = values(out);
  int64_t nine[] = {9, 9}, eight[] = {8, 9}, none[] = {-1, 9};
  huge.kernel[0] = huge.kernel[1] = INT32_MAX;
  REFUSES(mt_im2col(out, c, &w), "im2col: expected an input of batch x channels x height x width, got 2x18x49");
  REFUSES(mt_im2col(d, x, &w), "im2col: expected tensors of one type, got float and double");
  REFUSES(mt_im2col(out, x, &huge), "does not fit into an input of 9x9");
  huge.pad[0] = huge.pad[1] = INT32_MAX;
  REFUSES(mt_im2col(out, x, &huge), "more than memory can hold");
  REFUSES(mt_col2im(out, c, &w, eight), "col2im: expected columns of batch x channels*9 x 42 for an input of 8x9");
  REFUSES(mt_col2im(out, x, &w, nine), "col2im: expected columns of batch x channels*9 x 49 for an input of 9x9");
  REFUSES(mt_col2im(out, c, &w, none), "col2im: expected an input of 0 or more, got -1x9");
  CHECK(holds(out, SIZES(3), before, 0));
  free(before);
  mt_tensor *all[] = {x, out, c, d};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

static void bad_input(void) {
  mt_window w = WINDOW(2, LIST(0, 0), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 4, 9, 9)),
            *k = noise_tensor(MT_FLOAT, PLAIN, SIZES(8, 3, 5, 5));
  mt_tensor *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(7)), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(8, 4, 5, 5));
  mt_tensor *y = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3, 9, 9)), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *g = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 8, 5, 6)),
            *z = noise_tensor(MT_FLOAT, PLAIN, SIZES(8, 3, 0, 1));
  double *before = values(out);
  int64_t five[] = {5, 5}, nine[] = {9, 9}, huge[] = {INT64_MAX, 1};
  REFUSES(mt_conv(out, x, k, NULL, &w, MT_AS_IT_IS),
          "conv: expected an input with 3 channels (weight is 8x3x5x5, groups 1), got 2x4x9x9");
  REFUSES(mt_conv(out, y, k, b, &w, MT_AS_IT_IS), "conv: expected a bias of 8 elements (weight is 8x3x5x5), got 7");
  REFUSES(mt_conv(out, x, d, NULL, &w, MT_AS_IT_IS), "float and double");
  REFUSES(mt_conv(out, b, k, NULL, &w, MT_AS_IT_IS),
          "conv: expected an input of batch x channels x height x width, got 7");
  REFUSES(mt_conv(out, x, b, NULL, &w, MT_AS_IT_IS), "conv: expected a weight of");
  REFUSES(mt_conv(out, y, z, NULL, &w, MT_AS_IT_IS), "conv: expected a kernel of 1 or more, got 0x1");
  REFUSES(mt_conv(out, y, k, NULL, &w, -1), "conv: there is no activation -1");
  REFUSES(mt_conv(out, y, k, NULL, &w, MT_ACTIVATIONS), "conv: there is no activation 2");
  REFUSES(mt_conv(y, y, k, NULL, &w, MT_AS_IT_IS), "conv: the result has sizes 2x8x5x5");
  REFUSES(mt_conv_input(out, g, k, &w, nine),
          "conv_input: expected a gradient of 2x8x5x5 for an input of 9x9, got 2x8x5x6");
  REFUSES(mt_conv_input(out, y, k, &w, nine), "conv_input: expected a gradient of");
  REFUSES(mt_conv_weight(out, g, y, &w, five), "conv_weight: expected a gradient of 2x8x5x5 for an input of 9x9");
  REFUSES(mt_conv_weight(out, g, y, &w, huge), "conv_weight: expected a kernel of 1 or more");
  w.groups = 2;
  REFUSES(mt_conv_weight(out, g, y, &w, five), "conv_weight: 3 channels (of 2x3x9x9) cannot be shared out");
  bad_windows(out, y, k);
  CHECK(holds(out, SIZES(3), before, 0));
  free(before);
  mt_tensor *all[] = {x, k, b, d, y, out, g, z};
  for (int i = 0; i < 8; i++) mt_tensor_free(all[i]);
}

int main(void) {
  for (int i = 0; i < LAYERS; i++)
    for (int dtype = 0; dtype < MT_DTYPES; dtype++)
      for (int layout = 0; layout < (i == LAYERS - 1 ? 1 : LAYOUTS); layout++) {
        one_case(&layers[i], dtype, layout);
        columns_case(&layers[i], dtype, layout);
      }
  finite_differences();
  fast_kernels();
  empty_batch();
  in_place();
  repeatable(8);
  repeatable(16); /* by tiles */
  bad_input();
  bad_columns();
  return check_end();
}

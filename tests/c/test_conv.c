/* test_conv.c: convolution and its gradients against plain loops for every dtype, and against finite differences. */
#include "tensors.h"

typedef struct {
  int64_t N, C, H, W, K;
  mt_window w;
} layer;

#define WINDOW(KH, KW, SH, SW, PH, PW, DH, DW, GROUPS) \
  { {KH, KW}, {SH, SW}, {PH, PW}, {DH, DW}, GROUPS, 0, 0 }

static const layer layers[] = {
    {2, 1, 7, 6, 3, WINDOW(3, 3, 1, 1, 0, 0, 1, 1, 1)},
    {1, 3, 5, 5, 4, WINDOW(1, 1, 1, 1, 0, 0, 1, 1, 1)}, /* the input itself is the columns */
    {2, 4, 6, 7, 6, WINDOW(1, 1, 2, 1, 0, 0, 1, 1, 2)},
    {3, 4, 6, 5, 6, WINDOW(3, 2, 1, 2, 1, 1, 1, 1, 2)}, /* groups */
    {2, 4, 9, 8, 4, WINDOW(3, 3, 2, 1, 2, 3, 2, 3, 4)}, /* depthwise, dilated */
    {2, 2, 4, 5, 3, WINDOW(2, 5, 3, 2, 3, 4, 1, 1, 1)}, /* padding beyond the kernel, stride beyond it */
    {1, 2, 1, 9, 2, WINDOW(1, 4, 1, 3, 0, 1, 1, 2, 1)},
    {2, 1, 3, 300, 2, WINDOW(2, 3, 1, 2, 0, 1, 1, 1, 1)}, /* rows longer than the blocks of the portable kernels */
    {5, 3, 40, 40, 8, WINDOW(5, 5, 1, 1, 2, 2, 1, 1, 1)}, /* several threads, several stripes */
};
enum { LAYERS = sizeof layers / sizeof *layers };

static int64_t outputs(const layer *l, int d) {
  int64_t in = d == 0 ? l->H : l->W, reach = l->w.dilation[d] * (l->w.kernel[d] - 1);
  return (in + 2 * l->w.pad[d] - reach - 1) / l->w.stride[d] + 1;
}

/* Goes through every (image, group plane, channel, tap, output) of the convolution and does one of three things with
 * y[output] , w[tap], x[input]: 0: y += w x; 1: x += w y; 2: w += y x */
static void plain(const layer *l, int what, double *y, double *w, double *x) {
  const mt_window *o = &l->w;
  int64_t P = outputs(l, 0), Q = outputs(l, 1), c_group = l->C / o->groups, k_group = l->K / o->groups;
  for (int64_t n = 0; n < l->N; n++)
    for (int64_t k = 0; k < l->K; k++)
      for (int64_t c = 0; c < c_group; c++)
        for (int64_t i = 0; i < o->kernel[0]; i++)
          for (int64_t j = 0; j < o->kernel[1]; j++)
            for (int64_t p = 0; p < P; p++)
              for (int64_t q = 0; q < Q; q++) {
                int64_t row = p * o->stride[0] - o->pad[0] + i * o->dilation[0];
                int64_t column = q * o->stride[1] - o->pad[1] + j * o->dilation[1];
                if (row < 0 || row >= l->H || column < 0 || column >= l->W) continue;
                double *at_y = &y[((n * l->K + k) * P + p) * Q + q];
                double *at_w = &w[((k * c_group + c) * o->kernel[0] + i) * o->kernel[1] + j];
                double *at_x = &x[((n * l->C + k / k_group * c_group + c) * l->H + row) * l->W + column];
                if (what == 0) *at_y += *at_w * *at_x;
                if (what == 1) *at_x += *at_w * *at_y;
                if (what == 2) *at_w += *at_y * *at_x;
              }
}

static void one_case(const layer *l, int dtype, int layout) {
  char context[100];
  int64_t x_size[] = {l->N, l->C, l->H, l->W}, y_size[] = {l->N, l->K, outputs(l, 0), outputs(l, 1)};
  int64_t w_size[] = {l->K, l->C / l->w.groups, l->w.kernel[0], l->w.kernel[1]};
  mt_tensor *x = noise_tensor(dtype, layout, 4, x_size), *w = noise_tensor(dtype, layout, 4, w_size);
  mt_tensor *b = noise_tensor(dtype, layout, 1, &l->K), *g = noise_tensor(dtype, layout, 4, y_size);
  mt_tensor *out = new_tensor(dtype, layout == TURNED ? GAPPED : PLAIN, 4, y_size);
  mt_tensor *gx = mt_tensor_new(dtype, MT_CPU), *gw = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vw = values(w), *vb = values(b), *vg = values(g);
  double *y = calloc((size_t)mt_tensor_numel(g), 8), scale = 2 + sqrt((double)mt_tensor_numel(w));
  snprintf(context, sizeof context, "layer %d, %s, layout %d", (int)(l - layers), mt_dtype_name(dtype), layout);
  check_context = context;
  plain(l, 0, y, vw, vx);
  CHECK(mt_conv2d(out, x, w, NULL, &l->w) == 0 && holds(out, 4, y_size, y, scale));
  for (int64_t i = 0; i < mt_tensor_numel(g); i++) y[i] += vb[i / (y_size[2] * y_size[3]) % l->K];
  CHECK(mt_conv2d(out, x, w, b, &l->w) == 0 && holds(out, 4, y_size, y, scale));
  memset(vx, 0, (size_t)mt_tensor_numel(x) * 8);
  plain(l, 1, vg, vw, vx);
  CHECK(mt_conv2d_input(gx, g, w, &l->w, x_size + 2) == 0 && holds(gx, 4, x_size, vx, scale * 2));
  free(vx);
  vx = values(x);
  memset(vw, 0, (size_t)mt_tensor_numel(w) * 8);
  plain(l, 2, vg, vw, vx);
  scale = 2 + sqrt((double)mt_tensor_numel(g));
  CHECK(mt_conv2d_weight(gw, g, x, &l->w, w_size + 2) == 0 && holds(gw, 4, w_size, vw, scale));
  check_context = "";
  mt_tensor *tensors[] = {x, w, b, g, out, gx, gw};
  double *arrays[] = {vx, vw, vb, vg, y};
  for (int i = 0; i < 7; i++) mt_tensor_free(tensors[i]);
  for (int i = 0; i < 5; i++) free(arrays[i]);
}

/* sum of g times the convolution of x by w */
static double projection(const mt_tensor *x, const mt_tensor *w, const mt_tensor *g, const mt_window *window) {
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double sum = 0;
  must(mt_conv2d(y, x, w, NULL, window) || mt_dot(y, g, &sum));
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
  for (int n = 0; n < 7; n++) {
    const layer *l = &layers[n];
    mt_tensor *x = noise_tensor(MT_DOUBLE, PLAIN, SIZES(l->N, l->C, l->H, l->W));
    mt_tensor *w = noise_tensor(MT_DOUBLE, PLAIN, SIZES(l->K, l->C / l->w.groups, l->w.kernel[0], l->w.kernel[1]));
    mt_tensor *g = noise_tensor(MT_DOUBLE, PLAIN, SIZES(l->N, l->K, outputs(l, 0), outputs(l, 1)));
    mt_tensor *gx = mt_tensor_new(MT_DOUBLE, MT_CPU), *gw = mt_tensor_new(MT_DOUBLE, MT_CPU);
    CHECK(mt_conv2d_input(gx, g, w, &l->w, x->size + 2) == 0 && agrees(gx, x, x, w, g, &l->w));
    CHECK(mt_conv2d_weight(gw, g, x, &l->w, w->size + 2) == 0 && agrees(gw, w, x, w, g, &l->w));
    mt_tensor *all[] = {x, w, g, gx, gw};
    for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  }
}

static void empty_batch(void) {
  mt_window w = WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1);
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    mt_tensor *x = new_tensor(dtype, PLAIN, SIZES(0, 2, 5, 5)), *k = noise_tensor(dtype, PLAIN, SIZES(4, 2, 3, 3));
    mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *gx = mt_tensor_new(dtype, MT_CPU);
    mt_tensor *gw = noise_tensor(dtype, PLAIN, SIZES(4, 2, 3, 3));
    double zero[72] = {0};
    CHECK(mt_conv2d(out, x, k, NULL, &w) == 0 && holds(out, SIZES(0, 4, 5, 5), zero, 0));
    CHECK(mt_conv2d_input(gx, out, k, &w, x->size + 2) == 0 && holds(gx, SIZES(0, 2, 5, 5), zero, 0));
    CHECK(mt_conv2d_weight(gw, out, x, &w, k->size + 2) == 0 && holds(gw, SIZES(4, 2, 3, 3), zero, 0));
    mt_tensor *all[] = {x, k, out, gx, gw};
    for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  }
}

static void in_place(void) { /* the result may lie over an operand of the same sizes */
  mt_window w = WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3, 6, 6)),
            *k = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 3, 3, 3));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_conv2d(out, x, k, NULL, &w));
  double *expected = values(out);
  CHECK(mt_conv2d(x, x, k, NULL, &w) == 0 && holds(x, SIZES(2, 3, 6, 6), expected, 0));
  free(expected);
  mt_tensor_free(x);
  mt_tensor_free(k);
  mt_tensor_free(out);
}

static void repeatable(void) { /* the same sums for the same threads, and no new memory once warm */
  mt_window w = WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(9, 8, 30, 30)),
            *g = noise_tensor(MT_FLOAT, PLAIN, SIZES(9, 8, 30, 30));
  mt_tensor *a = mt_tensor_new(MT_FLOAT, MT_CPU), *b = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_set_threads(3);
  must(mt_conv2d_weight(a, g, x, &w, w.kernel));
  int64_t requests = mt_memory(MT_CPU, MT_REQUESTS), live = mt_memory(MT_CPU, MT_LIVE);
  for (int i = 0; i < 5; i++) {
    int equal = 0;
    must(mt_conv2d_weight(a, g, x, &w, w.kernel));
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
  const mt_window good = WINDOW(0, 0, 1, 1, 0, 0, 1, 1, 1);
  mt_window w = good;
  w.stride[1] = 0;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: expected a stride of 1 or more, got 1x0");
  w = good;
  w.pad[0] = -1;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: expected a padding of 0 or more");
  w.pad[0] = INT64_MAX;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: expected a padding of 0 or more");
  w = good;
  w.dilation[0] = 0;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: expected a dilation of 1 or more");
  w.dilation[0] = 5;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "does not fit into an input of 9x9");
  w = good;
  w.groups = 0;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: expected 1 group or more, got 0");
  w.groups = 3;
  REFUSES(mt_conv2d(out, x, k, NULL, &w), "conv2d: 8 output planes (of 8x3x5x5) cannot be shared out to 3 groups");
}

static void bad_input(void) {
  mt_window w = WINDOW(0, 0, 1, 1, 0, 0, 1, 1, 1);
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 4, 9, 9)),
            *k = noise_tensor(MT_FLOAT, PLAIN, SIZES(8, 3, 5, 5));
  mt_tensor *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(7)), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(8, 4, 5, 5));
  mt_tensor *y = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3, 9, 9)), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *g = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 8, 5, 6)),
            *z = noise_tensor(MT_FLOAT, PLAIN, SIZES(8, 3, 0, 1));
  double *before = values(out);
  int64_t five[] = {5, 5}, nine[] = {9, 9}, huge[] = {INT64_MAX, 1};
  REFUSES(mt_conv2d(out, x, k, NULL, &w),
          "conv2d: expected an input with 3 channels (weight is 8x3x5x5, groups 1), got 2x4x9x9");
  REFUSES(mt_conv2d(out, y, k, b, &w), "conv2d: expected a bias of 8 elements (weight is 8x3x5x5), got 7");
  REFUSES(mt_conv2d(out, x, d, NULL, &w), "float and double");
  REFUSES(mt_conv2d(out, b, k, NULL, &w), "conv2d: expected an input of batch x channels x height x width, got 7");
  REFUSES(mt_conv2d(out, x, b, NULL, &w), "conv2d: expected a weight of");
  REFUSES(mt_conv2d(out, y, z, NULL, &w), "conv2d: expected a kernel of 1 or more, got 0x1");
  REFUSES(mt_conv2d(y, y, k, NULL, &w), "conv2d: the result has sizes 2x8x5x5");
  REFUSES(mt_conv2d_input(out, g, k, &w, nine),
          "conv2d_input: expected a gradient of 2x8x5x5 for an input of 9x9, got 2x8x5x6");
  REFUSES(mt_conv2d_input(out, y, k, &w, nine), "conv2d_input: expected a gradient of");
  REFUSES(mt_conv2d_weight(out, g, y, &w, five), "conv2d_weight: expected a gradient of 2x8x5x5 for an input of 9x9");
  REFUSES(mt_conv2d_weight(out, g, y, &w, huge), "conv2d_weight: expected a kernel of 1 or more");
  w.groups = 2;
  REFUSES(mt_conv2d_weight(out, g, y, &w, five), "conv2d_weight: 3 channels (of 2x3x9x9) cannot be shared out");
  bad_windows(out, y, k);
  CHECK(holds(out, SIZES(3), before, 0));
  free(before);
  mt_tensor *all[] = {x, k, b, d, y, out, g, z};
  for (int i = 0; i < 8; i++) mt_tensor_free(all[i]);
}

int main(void) {
  for (int i = 0; i < LAYERS; i++)
    for (int dtype = 0; dtype < MT_DTYPES; dtype++)
      for (int layout = 0; layout < (i == LAYERS - 1 ? 1 : LAYOUTS); layout++) one_case(&layers[i], dtype, layout);
  finite_differences();
  empty_batch();
  in_place();
  repeatable();
  bad_input();
  return check_end();
}

/* test_norm.c: softmax and batch normalisation against their formulas, their gradients against finite differences. */
#include "tensors.h"

/* -- Softmax ------------------------------------------------------------------------------------------------ */

static void plain_softmax(const double *x, double *y, int64_t outer, int64_t n, int64_t inner, int logarithm) {
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++) {
      const double *a = x + o * n * inner + j;
      double most = -INFINITY, sum = 0;
      for (int64_t i = 0; i < n; i++) most = fmax(most, a[i * inner]);
      for (int64_t i = 0; i < n; i++) sum += exp(a[i * inner] - most);
      for (int64_t i = 0; i < n; i++) {
        double d = a[i * inner] - most;
        y[(o * n + i) * inner + j] = logarithm ? d - log(sum) : exp(d) / sum;
      }
    }
}

static void softmax_case(int dtype, int layout, int dim, const int64_t *size, int along, double scale) {
  mt_tensor *a = noise_tensor(dtype, layout, dim, size), *out = mt_tensor_new(dtype, MT_CPU);
  int64_t count = mt_tensor_numel(a), outer = 1, inner = 1;
  double *v = values(a), *y = malloc((size_t)count * 8);
  for (int i = 0; i < dim; i++) *(i < along ? &outer : i > along ? &inner : &(int64_t){0}) *= size[i];
  for (int64_t i = 0; i < count; i++) v[i] *= scale; /* exp of such numbers would overflow */
  set_values(a, v);
  free(v);
  v = values(a);
  for (int logarithm = 0; logarithm < 2; logarithm++) {
    plain_softmax(v, y, outer, size[along], inner, logarithm);
    CHECK(mt_softmax(out, a, along, logarithm) == 0 && holds(out, dim, size, y, 3));
  }
  CHECK(mt_softmax(a, a, along, 1) == 0 && holds(a, dim, size, y, 3));
  mt_tensor_free(a);
  mt_tensor_free(out);
  free(v);
  free(y);
}

static void softmaxes(void) {
  for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      softmax_case(dtype, layout, SIZES(7), 0, 1000);
      for (int along = 0; along < 3; along++) softmax_case(dtype, layout, SIZES(5, 6, 7), along, 20);
      softmax_case(dtype, layout, SIZES(2, 3, 130), 1, 2);
      softmax_case(dtype, layout, SIZES(400, 100), 1, 5);
      softmax_case(dtype, layout, SIZES(3, 4096), 1, 5); /* rows as long as what is kept of one, and longer */
      softmax_case(dtype, layout, SIZES(2, 4097), 1, 5);
      softmax_case(dtype, layout, SIZES(2, 9001), 1, 5);
    }
}

/* What is -infinity gets 0, also where all but one element is; a NaN makes its row NaN. */
static void softmax_of_infinities(int n) {
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(3, n)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  float *v = mt_tensor_data(a);
  for (int i = 0; i < 3 * n; i++) v[i] = i < n ? (i % 2 ? 0 : -INFINITY) : i < 2 * n ? -INFINITY : (float)(i % 5);
  v[2 * n - 1] = -1e30f;
  v[2 * n + n / 2] = NAN;
  must(mt_softmax(out, a, 1, 0));
  const float *y = mt_tensor_data(out);
  int right = 0;
  for (int i = 0; i < n; i++) right += i % 2 ? fabsf(y[i] * (float)(n / 2) - 1) < 1e-6f : y[i] == 0;
  for (int i = n; i < 2 * n; i++) right += y[i] == (i == 2 * n - 1);
  for (int i = 2 * n; i < 3 * n; i++) right += isnan(y[i]) != 0;
  CHECK(right == 3 * n);
  mt_tensor_free(a), mt_tensor_free(out);
}

/* -- Finite differences: objective is a weighted sum of an op's output --------------------------------------- */

typedef double (*objective)(void *context);

static int agrees(const mt_tensor *gradient, mt_tensor *t, objective f, void *context) {
  double *place = mt_tensor_data(t), *exact = mt_tensor_data(gradient), step = 1e-5;
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) {
    double kept = place[i];
    place[i] = kept + step;
    double up = f(context);
    place[i] = kept - step;
    double down = f(context);
    place[i] = kept;
    if (fabs((up - down) / (2 * step) - exact[i]) < 1e-8 * (1 + fabs(exact[i]))) continue;
    printf("element %lld: difference %.12g, gradient %.12g\n", (long long)i, (up - down) / (2 * step), exact[i]);
    return 0;
  }
  return 1;
}

static double weighted(mt_tensor *y, const mt_tensor *g) {
  double sum = 0;
  must(mt_dot(y, g, &sum));
  mt_tensor_free(y);
  return sum;
}

struct softmax_context {
  mt_tensor *a, *g;
  int dim, logarithm;
};

static double softmax_objective(void *context) {
  struct softmax_context *c = context;
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(mt_softmax(y, c->a, c->dim, c->logarithm));
  return weighted(y, c->g);
}

static void softmax_gradients(void) {
  for (int i = 0; i < 6; i++) {
    mt_tensor *a = noise_tensor(MT_DOUBLE, PLAIN, SIZES(4, 5, 3)), *g = noise_tensor(MT_DOUBLE, PLAIN, SIZES(4, 5, 3));
    mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU), *out = mt_tensor_new(MT_DOUBLE, MT_CPU);
    struct softmax_context c = {a, g, i / 2, i % 2};
    must(mt_softmax(y, a, c.dim, c.logarithm));
    CHECK(mt_softmax_grad(out, g, y, c.dim, c.logarithm) == 0 && agrees(out, a, softmax_objective, &c));
    double *v = values(out);
    for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++) {
      mt_tensor *gt = new_tensor(dtype, i % LAYOUTS, 3, g->size), *yt = new_tensor(dtype, TURNED, 3, g->size);
      must(mt_copy(gt, g) || mt_copy(yt, y));
      CHECK(mt_softmax_grad(gt, gt, yt, c.dim, c.logarithm) == 0 && holds(gt, 3, g->size, v, 10));
      mt_tensor_free(gt);
      mt_tensor_free(yt);
    }
    mt_tensor *all[] = {a, g, y, out};
    for (int k = 0; k < 4; k++) mt_tensor_free(all[k]);
    free(v);
  }
}

/* -- Batch normalisation ------------------------------------------------------------------------------------ */

static void plain_moments(const double *x, int64_t batch, int64_t channels, int64_t plane, double eps, double *mean,
                          double *invstd) {
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < batch * plane; i++) sum += x[(i / plane * channels + c) * plane + i % plane];
    mean[c] = sum / (double)(batch * plane);
    for (int64_t i = 0; i < batch * plane; i++) {
      double d = x[(i / plane * channels + c) * plane + i % plane] - mean[c];
      squares += d * d;
    }
    invstd[c] = 1 / sqrt(squares / (double)(batch * plane) + eps);
  }
}

static void batch_norm_case(int dtype, int layout, int dim, const int64_t *size, int affine, int training) {
  char context[100];
  mt_tensor *x = noise_tensor(dtype, layout, dim, size), *out = new_tensor(dtype, (layout + 1) % LAYOUTS, dim, size);
  mt_tensor *w = affine ? noise_tensor(dtype, layout, 1, size + 1) : NULL;
  mt_tensor *b = affine ? noise_tensor(dtype, layout, 1, size + 1) : NULL;
  mt_tensor *mean = noise_tensor(dtype, layout, 1, size + 1), *invstd = noise_tensor(dtype, layout, 1, size + 1);
  int64_t count = mt_tensor_numel(x), channels = size[1], plane = count / (size[0] * channels);
  double *vx = values(x), *vm = values(mean), *vs = values(invstd), *vw = w ? values(w) : NULL,
         *vb = b ? values(b) : NULL;
  double *y = malloc((size_t)count * 8);
  if (training) plain_moments(vx, size[0], channels, plane, 1e-3, vm, vs);
  for (int64_t i = 0; i < count; i++) {
    int64_t c = i / plane % channels;
    y[i] = (vx[i] - vm[c]) * vs[c] * (w ? vw[c] : 1) + (b ? vb[c] : 0);
  }
  snprintf(context, sizeof context, "%s, layout %d, %d dimensions, %d, %d", mt_dtype_name(dtype), layout, dim, affine,
           training);
  check_context = context;
  CHECK(mt_batch_norm(out, mean, invstd, x, w, b, 1e-3, training) == 0 && holds(out, dim, size, y, 3));
  CHECK(holds(mean, 1, size + 1, vm, 1) && holds(invstd, 1, size + 1, vs, 1));
  check_context = "";
  mt_tensor *all[] = {x, out, w, b, mean, invstd};
  double *arrays[] = {vx, vm, vs, vw, vb, y};
  for (int i = 0; i < 6; i++) {
    mt_tensor_free(all[i]);
    free(arrays[i]);
  }
}

struct norm_context {
  mt_tensor *x, *w, *b, *mean, *invstd, *g;
  int training;
};

static double norm_objective(void *context) {
  struct norm_context *c = context;
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(mt_batch_norm(y, c->mean, c->invstd, c->x, c->w, c->b, 1e-3, c->training));
  return weighted(y, c->g);
}

static void batch_norm_gradients(int dim, const int64_t *size, int training) {
  mt_tensor *x = noise_tensor(MT_DOUBLE, PLAIN, dim, size), *g = noise_tensor(MT_DOUBLE, PLAIN, dim, size);
  mt_tensor *w = noise_tensor(MT_DOUBLE, PLAIN, 1, size + 1), *b = noise_tensor(MT_DOUBLE, PLAIN, 1, size + 1);
  mt_tensor *mean = noise_tensor(MT_DOUBLE, PLAIN, 1, size + 1), *invstd = noise_tensor(MT_DOUBLE, PLAIN, 1, size + 1);
  mt_tensor *gx = mt_tensor_new(MT_DOUBLE, MT_CPU), *gw = mt_tensor_new(MT_DOUBLE, MT_CPU);
  mt_tensor *gb = mt_tensor_new(MT_DOUBLE, MT_CPU);
  struct norm_context c = {x, w, b, mean, invstd, g, training};
  norm_objective(&c);
  CHECK(mt_batch_norm_grad(gx, gw, gb, g, x, mean, invstd, w, training) == 0);
  double *vx = values(gx), *vw = values(gw);
  CHECK(agrees(gx, x, norm_objective, &c) && agrees(gw, w, norm_objective, &c) && agrees(gb, b, norm_objective, &c));
  norm_objective(&c);                                       /* mean and deviation as they were */
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++) { /* strided; over an operand; some outputs left out */
    mt_tensor *xt = new_tensor(dtype, TURNED, dim, size), *gt = new_tensor(dtype, GAPPED, dim, size);
    mt_tensor *mt = new_tensor(dtype, GAPPED, 1, size + 1), *st = new_tensor(dtype, PLAIN, 1, size + 1);
    mt_tensor *wt = new_tensor(dtype, GAPPED, 1, size + 1), *gwt = mt_tensor_new(dtype, MT_CPU);
    must(mt_copy(xt, x) || mt_copy(gt, g) || mt_copy(mt, mean) || mt_copy(st, invstd) || mt_copy(wt, w));
    CHECK(mt_batch_norm_grad(NULL, gwt, NULL, gt, xt, mt, st, NULL, training) == 0 && holds(gwt, 1, size + 1, vw, 20));
    CHECK(mt_batch_norm_grad(gt, NULL, NULL, gt, xt, mt, st, wt, training) == 0 && holds(gt, dim, size, vx, 20));
    mt_tensor *all[] = {xt, gt, mt, st, wt, gwt};
    for (int i = 0; i < 6; i++) mt_tensor_free(all[i]);
  }
  mt_tensor *all[] = {x, g, w, b, mean, invstd, gx, gw, gb};
  for (int i = 0; i < 9; i++) mt_tensor_free(all[i]);
  free(vx);
  free(vw);
}

static void batch_norms(void) {
  for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int form = 0; form < 4; form++) {
        batch_norm_case(dtype, layout, SIZES(6, 35), form & 1, form >> 1);
        batch_norm_case(dtype, layout, SIZES(3, 4, 5, 7), form & 1, form >> 1);
        batch_norm_case(dtype, layout, SIZES(3, 20, 6), form & 1, form >> 1);
      }
  for (int training = 0; training < 2; training++) {
    batch_norm_gradients(SIZES(5, 19), training);
    batch_norm_gradients(SIZES(3, 2, 4, 5), training);
  }
}

static void far_from_zero(void) { /* 10^6 and its neighbours: one pass over the squares would find no variance */
  double v[] = {1e6, 1e6 + 0.25, 1e6 - 0.25, 1e6}, mean = 1e6, invstd = 1 / sqrt(0.03125);
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(4, 1)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *m = mt_tensor_new(MT_FLOAT, MT_CPU), *s = mt_tensor_new(MT_FLOAT, MT_CPU);
  set_values(x, v);
  CHECK(mt_batch_norm(out, m, s, x, NULL, NULL, 0, 1) == 0 && holds(m, SIZES(1), &mean, 1) &&
        holds(s, SIZES(1), &invstd, 1));
  mt_tensor *all[] = {x, out, m, s};
  for (int i = 0; i < 4; i++) mt_tensor_free(all[i]);
}

/* -- Empty and bad input ------------------------------------------------------------------------------------ */

static void empty_batch(void) {
  mt_tensor *x = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 2, 3)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *m = mt_tensor_new(MT_FLOAT, MT_CPU), *s = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *gw = mt_tensor_new(MT_FLOAT, MT_CPU);
  double zero[2] = {0}, two[2] = {2, 2};
  CHECK(mt_softmax(out, x, 1, 0) == 0 && holds(out, SIZES(0, 2, 3), zero, 0));
  CHECK(mt_softmax_grad(out, x, x, 2, 1) == 0 && holds(out, SIZES(0, 2, 3), zero, 0));
  CHECK(mt_batch_norm(out, m, s, x, NULL, NULL, 0.25, 1) == 0 && holds(out, SIZES(0, 2, 3), zero, 0));
  CHECK(holds(m, SIZES(2), zero, 0) && holds(s, SIZES(2), two, 0));
  CHECK(mt_batch_norm_grad(out, gw, NULL, x, x, m, s, NULL, 1) == 0 && holds(gw, SIZES(2), zero, 0));
  mt_tensor *all[] = {x, out, m, s, gw};
  for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
}

static void bad_input(void) {
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(4, 3)), *y = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4));
  mt_tensor *four = noise_tensor(MT_FLOAT, PLAIN, SIZES(4)), *three = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_tensor *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(4, 3)), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(2));
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *whole = noise_tensor(MT_INT32, PLAIN, SIZES(4, 3));
  double *before = values(out);
  REFUSES(mt_softmax(out, x, 2, 0), "softmax: dimension 3 is outside 1..2");
  REFUSES(mt_softmax(out, none, 0, 0), "softmax: the tensor has no elements");
  REFUSES(mt_softmax(out, d, 0, 0), "double and float");
  REFUSES(mt_softmax(whole, whole, 0, 0), "softmax: there is no such op for int32 tensors");
  REFUSES(mt_softmax_grad(out, x, y, 0, 0),
          "softmax_grad: expected a gradient and an output of the same sizes, got 4x3 and 3x4");
  REFUSES(mt_batch_norm(out, three, three, four, NULL, NULL, 0, 1),
          "batch_norm: expected an input of batch x channels");
  REFUSES(mt_batch_norm(out, three, three, x, four, NULL, 0, 1),
          "batch_norm: expected a weight of 3 elements for an input of 4x3, got 4");
  REFUSES(mt_batch_norm(out, three, three, x, three, four, 0, 1), "batch_norm: expected a bias of 3 elements");
  REFUSES(mt_batch_norm(out, four, three, x, three, three, 0, 0), "batch_norm: expected a mean of 3 elements");
  REFUSES(mt_batch_norm(out, three, three, d, NULL, NULL, 0, 0), "double and float");
  REFUSES(mt_batch_norm_grad(out, NULL, NULL, y, x, three, three, NULL, 1),
          "batch_norm_grad: expected a gradient of the input's sizes, 4x3, got 3x4");
  REFUSES(mt_batch_norm_grad(out, NULL, NULL, x, x, three, four, NULL, 1),
          "batch_norm_grad: expected a deviation of 3 elements");
  CHECK(holds(out, SIZES(2), before, 0));
  free(before);
  mt_tensor *all[] = {x, y, four, three, d, out, none, whole};
  for (int i = 0; i < 8; i++) mt_tensor_free(all[i]);
}

int main(void) {
  softmaxes();
  softmax_of_infinities(37);
  softmax_of_infinities(4500);
  softmax_gradients();
  batch_norms();
  far_from_zero();
  empty_batch();
  bad_input();
  return check_end();
}

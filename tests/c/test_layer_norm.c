/* test_layer_norm.c: normalisation of rows against its formula, its gradients against finite differences. */
#include "tensors.h"

/* -- Values ------------------------------------------------------------------------------------------------- */

static void plain_rows(const double *x, const double *w, const double *b, double *y, double *mean, double *invstd,
                       int64_t rows, int64_t n, double eps) {
  for (int64_t r = 0; r < rows; r++) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[r * n + i];
    mean[r] = sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (x[r * n + i] - mean[r]) * (x[r * n + i] - mean[r]);
    invstd[r] = 1 / sqrt(squares / (double)n + eps);
    for (int64_t i = 0; i < n; i++)
      y[r * n + i] = (x[r * n + i] - mean[r]) * invstd[r] * (w ? w[i] : 1) + (b ? b[i] : 0);
  }
}

static void value_case(int dtype, int layout, int64_t rows, int64_t n, int affine) {
  char context[100];
  mt_tensor *x = noise_tensor(dtype, layout, SIZES(rows, n)), *out = new_tensor(dtype, (layout + 1) % LAYOUTS, 1, &n);
  mt_tensor *w = affine ? noise_tensor(dtype, layout, 1, &n) : NULL,
            *b = affine ? noise_tensor(dtype, layout, 1, &n) : NULL;
  mt_tensor *mean = mt_tensor_new(dtype, MT_CPU), *invstd = mt_tensor_new(dtype, MT_CPU);
  double *vx = values(x), *vw = w ? values(w) : NULL, *vb = b ? values(b) : NULL;
  double *y = malloc((size_t)(rows * n) * 8), *m = malloc((size_t)rows * 8), *s = malloc((size_t)rows * 8);
  plain_rows(vx, vw, vb, y, m, s, rows, n, 1e-3);
  snprintf(context, sizeof context, "%s, layout %d, %dx%d, %d", mt_dtype_name(dtype), layout, (int)rows, (int)n,
           affine);
  check_context = context;
  CHECK(mt_layer_norm(out, mean, invstd, x, w, b, 1e-3) == 0 && holds(out, SIZES(rows, n), y, 4));
  CHECK(holds(mean, 1, &rows, m, 1) && holds(invstd, 1, &rows, s, 2));
  CHECK(mt_layer_norm(x, mean, invstd, x, w, b, 1e-3) == 0 && holds(x, SIZES(rows, n), y, 4)); /* over itself */
  check_context = "";
  mt_tensor *all[] = {x, out, w, b, mean, invstd};
  double *arrays[] = {vx, vw, vb, y, m, s};
  for (int i = 0; i < 6; i++) {
    mt_tensor_free(all[i]);
    free(arrays[i]);
  }
}

static void all_values(void) {
  for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int affine = 0; affine < 2; affine++) {
        value_case(dtype, layout, 5, 7, affine);
        value_case(dtype, layout, 1, 130, affine);
        value_case(dtype, layout, 300, 200, affine);
      }
}

/* -- Gradients ---------------------------------------------------------------------------------------------- */

typedef struct {
  mt_tensor *x, *w, *b, *g;
} operands;

/* The sum of g times the output */
static double objective(const operands *o) {
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU), *m = mt_tensor_new(MT_DOUBLE, MT_CPU);
  mt_tensor *s = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double sum = 0;
  must(mt_layer_norm(y, m, s, o->x, o->w, o->b, 0.1) || mt_dot(y, o->g, &sum));
  mt_tensor_free(y);
  mt_tensor_free(m);
  mt_tensor_free(s);
  return sum;
}

static int agrees(const mt_tensor *gradient, mt_tensor *t, const operands *o) {
  double *place = mt_tensor_data(t), *exact = mt_tensor_data(gradient), step = 1e-5;
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) {
    double kept = place[i];
    place[i] = kept + step;
    double up = objective(o);
    place[i] = kept - step;
    double down = objective(o);
    place[i] = kept;
    if (fabs((up - down) / (2 * step) - exact[i]) < 1e-8 * (1 + fabs(exact[i]))) continue;
    printf("element %lld: difference %.12g, gradient %.12g\n", (long long)i, (up - down) / (2 * step), exact[i]);
    return 0;
  }
  return 1;
}

/* The same in other dtypes and layouts */
static void other_gradients(mt_tensor *const *in, mt_tensor *const *want) {
  for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++) {
    mt_tensor *t[5], *out[3];
    for (int i = 0; i < 5; i++) {
      t[i] = new_tensor(dtype, dtype % LAYOUTS, in[i]->dim, in[i]->size);
      must(mt_copy(t[i], in[i]));
    }
    for (int i = 0; i < 3; i++) out[i] = new_tensor(dtype, GAPPED, want[i]->dim, want[i]->size);
    CHECK(mt_layer_norm_grad(out[0], out[1], out[2], t[0], t[1], t[2], t[3], t[4]) == 0);
    for (int i = 0; i < 3; i++) {
      double *v = values(want[i]);
      CHECK(holds(out[i], want[i]->dim, want[i]->size, v, 20));
      free(v);
      mt_tensor_free(out[i]);
    }
    for (int i = 0; i < 5; i++) mt_tensor_free(t[i]);
  }
}

static void gradients(int64_t rows, int64_t n) {
  operands o = {noise_tensor(MT_DOUBLE, PLAIN, SIZES(rows, n)), noise_tensor(MT_DOUBLE, PLAIN, 1, &n),
                noise_tensor(MT_DOUBLE, PLAIN, 1, &n), noise_tensor(MT_DOUBLE, PLAIN, SIZES(rows, n))};
  mt_tensor *t[6];
  for (int i = 0; i < 6; i++) t[i] = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(mt_layer_norm(t[0], t[1], t[2], o.x, o.w, o.b, 0.1));
  CHECK(mt_layer_norm_grad(t[3], t[4], t[5], o.g, o.x, t[1], t[2], o.w) == 0);
  CHECK(agrees(t[3], o.x, &o) && agrees(t[4], o.w, &o) && agrees(t[5], o.b, &o));
  other_gradients((mt_tensor *[]){o.g, o.x, t[1], t[2], o.w}, t + 3);
  mt_tensor *w = o.w;
  o.w = NULL; /* without a weight, and one result at a time */
  CHECK(mt_layer_norm_grad(t[3], NULL, NULL, o.g, o.x, t[1], t[2], NULL) == 0 && agrees(t[3], o.x, &o));
  double *v = values(t[5]);
  CHECK(mt_layer_norm_grad(NULL, NULL, t[4], o.g, o.x, t[1], t[2], NULL) == 0 && holds(t[4], 1, &n, v, 1));
  free(v);
  mt_tensor *all[] = {o.x, w, o.b, o.g, t[0], t[1], t[2], t[3], t[4], t[5]};
  for (int i = 0; i < 10; i++) mt_tensor_free(all[i]);
}

/* -- Edges -------------------------------------------------------------------------------------------------- */

static void edges(void) {
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(4, 3)), *y = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4));
  mt_tensor *three = noise_tensor(MT_FLOAT, PLAIN, SIZES(3)), *four = noise_tensor(MT_FLOAT, PLAIN, SIZES(4));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(4, 3));
  mt_tensor *none = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3)), *m = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *s = mt_tensor_new(MT_FLOAT, MT_CPU);
  double zero[3] = {0, 0, 0};
  CHECK(mt_layer_norm(out, m, s, none, three, NULL, 0) == 0 && mt_tensor_numel(out) == 0);
  CHECK(mt_layer_norm_grad(NULL, out, NULL, none, none, m, s, NULL) == 0 && holds(out, SIZES(3), zero, 0));
  REFUSES(mt_layer_norm(out, m, s, three, NULL, NULL, 0), "layer_norm: expected a matrix, got 3");
  REFUSES(mt_layer_norm(out, m, s, x, four, NULL, 0),
          "layer_norm: expected a weight of 3 elements for an input of 4x3, got 4");
  REFUSES(mt_layer_norm(out, m, s, x, three, four, 0), "layer_norm: expected a bias of 3 elements");
  REFUSES(mt_layer_norm(out, m, s, d, three, NULL, 0), "double");
  REFUSES(mt_layer_norm_grad(out, NULL, NULL, y, x, four, four, NULL),
          "layer_norm_grad: expected a gradient of the input's sizes, 4x3, got 3x4");
  REFUSES(mt_layer_norm_grad(out, NULL, NULL, x, x, three, four, NULL), "expected a mean of 4 elements");
  REFUSES(mt_layer_norm_grad(out, NULL, NULL, x, x, four, three, NULL), "expected a deviation of 4 elements");
  mt_tensor *all[] = {x, y, three, four, out, d, none, m, s};
  for (int i = 0; i < 9; i++) mt_tensor_free(all[i]);
}

int main(void) {
  all_values();
  gradients(5, 19);
  gradients(70, 3);
  edges();
  return check_end();
}

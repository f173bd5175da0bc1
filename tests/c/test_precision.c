/* test_precision.c: products of float32 matrices as the user wants them: in bfloat16, against a plain loop over rounded
 * operands where the CPU has instructions for it; the other precisions as ever. */
#include "../../lib/half.h"
#include "tensors.h"

/* Whether 'bf16' rounds here at all. */
static int rounds(void) { return strcmp(mt_bf16_unit(), "none") != 0; }

static double rounded(double x) { return mt_bfloat16_to_float(mt_float_to_bfloat16((float)x)); }

/* sums: c + alpha a b of n×k times k×m; sizes: the sums of the terms' magnitudes */
static void multiply(double *sums, double *sizes, double alpha, const double *a, const double *b, const double *c,
                     int64_t n, int64_t k, int64_t m, int round) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < m; j++) {
      double sum = c ? c[i * m + j] : 0, size = fabs(sum);
      for (int64_t l = 0; l < k; l++) {
        double x = a[i * k + l], y = b[l * m + j];
        double term = alpha * (round ? rounded(x) * rounded(y) : x * y);
        sum += term;
        size += fabs(term);
      }
      sums[i * m + j] = sum;
      sizes[i * m + j] = size;
    }
}

/* Whether every element is within unit of what is expected, relative to the terms' sizes. */
static int is_near(const mt_tensor *t, const double *sums, const double *sizes, double unit) {
  double *v = values(t);
  int ok = 1;
  for (int64_t i = 0; i < mt_tensor_numel(t) && ok; i++) {
    ok = fabs(v[i] - sums[i]) <= unit * sizes[i];
    if (!ok) printf("element %lld: expected %.9g, got %.9g\n", (long long)i, sums[i], v[i]);
  }
  free(v);
  return ok;
}

static const double exact = 1e-5, coarse = 1.0 / 128; /* of sums of floats; of two operands rounded to 8 bits */

/* One product under 'bf16'. large: so large that its operands must have been rounded */
static void one_case(int la, int lb, int64_t batch, int64_t n, int64_t k, int64_t m, int addend, int large) {
  char context[120];
  int skip = batch == 0;
  int64_t sa[] = {batch, n, k}, sb[] = {batch, k, m}, so[] = {batch, n, m};
  mt_tensor *a = noise_tensor(MT_FLOAT, la, 3 - skip, sa + skip), *b = noise_tensor(MT_FLOAT, lb, 3 - skip, sb + skip);
  mt_tensor *c = noise_tensor(MT_FLOAT, PLAIN, 3 - skip, so + skip), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  double *va = values(a), *vb = values(b), *vc = values(c), alpha = addend ? 0.5 : 1;
  int64_t count = mt_tensor_numel(c);
  double *sums = malloc((size_t)(count + 1) * 8), *sizes = malloc((size_t)(count + 1) * 8);
  snprintf(context, sizeof context, "layouts %d %d, %lldx %lldx%lldx%lld", la, lb, (long long)batch, (long long)n,
           (long long)k, (long long)m);
  check_context = context;
  CHECK(mt_matmul(out, addend ? c : NULL, 1, alpha, a, b) == 0);
  for (int round = 0; round < 2; round++) {
    for (int64_t t = 0; t < (skip ? 1 : batch); t++)
      multiply(sums + t * n * m, sizes + t * n * m, alpha, va + t * n * k, vb + t * k * m,
               addend ? vc + t * n * m : NULL, n, k, m, round);
    if (!round) CHECK(is_near(out, sums, sizes, coarse));
    if (round && large && rounds()) CHECK(is_near(out, sums, sizes, exact));
  }
  check_context = "";
  mt_tensor *tensors[] = {a, b, c, out};
  double *arrays[] = {va, vb, vc, sums, sizes};
  for (int i = 0; i < 4; i++) mt_tensor_free(tensors[i]);
  for (int i = 0; i < 5; i++) free(arrays[i]);
}

static void all_sizes(void) {
  static const int64_t sizes[] = {1, 2, 15, 16, 17, 31, 32, 33, 50};
  must(mt_set_float32_precision(MT_BF16));
  for (int i = 0; i < 9; i++)
    for (int j = 0; j < 9; j++)
      for (int l = 0; l < 9; l++)
        one_case((i + j) % LAYOUTS, (j + l) % LAYOUTS, 0, sizes[i], sizes[j], sizes[l], (i + l) % 2, 0);
  for (int la = 0; la < LAYOUTS; la++)
    for (int lb = 0; lb < LAYOUTS; lb++) {
      one_case(la, lb, 0, 64, 64, 64, 0, 1);
      one_case(la, lb, 0, 97, 75, 101, 1, 1);
      one_case(la, lb, 0, 64, 1100, 96, 0, 1); /* several blocks of a line */
      one_case(la, lb, 5, 65, 67, 70, la == lb, 1);
      one_case(la, lb, 0, 40, 40, 0, 0, 0);
      one_case(la, lb, 2, 40, 0, 40, 1, 0);
    }
  one_case(PLAIN, PLAIN, 0, 64, 70, 2100, 1, 1); /* several blocks of columns */
}

/* Threads share out a product's panels, its columns where it has few rows, and batches. */
static void threads(void) {
  must(mt_set_float32_precision(MT_BF16));
  mt_set_threads(3);
  one_case(PLAIN, TURNED, 0, 300, 600, 310, 1, 1);
  one_case(TURNED, PLAIN, 0, 40, 600, 700, 0, 1);
  one_case(PLAIN, PLAIN, 2, 200, 200, 200, 0, 1);
  one_case(PLAIN, PLAIN, 40, 64, 65, 66, 1, 1);
  mt_set_threads(1);
}

/* The three precisions in turn: what is not bf16 gives the same to the last bit, before and after. */
static void switched(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(100, 100)), *out[4];
  int order[] = {MT_HIGH, MT_BF16, MT_HIGHEST, MT_HIGH};
  double *v[4];
  for (int i = 0; i < 4; i++) {
    out[i] = mt_tensor_new(MT_FLOAT, MT_CPU);
    must(mt_set_float32_precision(order[i]));
    CHECK(mt_float32_precision() == order[i] && mt_matmul(out[i], NULL, 0, 1, a, a) == 0);
    v[i] = values(out[i]);
  }
  CHECK(!memcmp(v[0], v[3], 80000) && !memcmp(v[0], v[2], 80000) && !memcmp(v[0], v[1], 80000) == !rounds());
  REFUSES(mt_set_float32_precision(3), "expected MT_HIGHEST, MT_HIGH or MT_BF16, got 3");
  REFUSES(mt_set_float32_precision(-1), "got -1");
  CHECK(mt_float32_precision() == MT_HIGH);
  for (int i = 0; i < 4; i++) {
    mt_tensor_free(out[i]);
    free(v[i]);
  }
  mt_tensor_free(a);
}

/* -- Convolutions ------------------------------------------------------------------------------------------------ */

typedef struct {
  int64_t N, C, K, in[3];
  mt_window w;
} layer;

#define LIST(...) \
  { __VA_ARGS__ }
static const layer layers[] = {
    {2, 32, 33, LIST(12, 13), {LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1, 2, 0, 0}},
    {1, 45, 70, LIST(9, 40), {LIST(3, 2), LIST(1, 1), LIST(0, 1), LIST(2, 1), 1, 2, 0, 0}},  /* a plane in part */
    {2, 50, 32, LIST(15, 14), {LIST(3, 3), LIST(2, 2), LIST(1, 1), LIST(1, 1), 1, 2, 0, 0}}, /* phases */
    {1, 64, 40, LIST(11, 17), {LIST(5, 4), LIST(2, 3), LIST(2, 0), LIST(1, 2), 2, 2, 0, 0}}, /* groups */
    {3, 24, 31, LIST(7, 6, 8), {LIST(3, 2, 3), LIST(1, 2, 1), LIST(1, 0, 1), LIST(1, 1, 1), 1, 3, 0, 0}},
    {2, 3, 40, LIST(30, 31), {LIST(7, 7), LIST(2, 2), LIST(3, 3), LIST(1, 1), 1, 2, 0, 0}},  /* columns */
    {2, 70, 50, LIST(13, 11), {LIST(1, 1), LIST(1, 1), LIST(0, 0), LIST(1, 1), 1, 2, 0, 0}}, /* neither */
    {2, 64, 64, LIST(600), {LIST(3), LIST(1), LIST(1), LIST(1), 1, 1, 0, 0}},
    {1, 32, 32, LIST(50, 60), {LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1, 2, 0, 0}},  /* pieces of a plane */
    {1, 300, 290, LIST(5, 5), {LIST(3, 3), LIST(1, 1), LIST(1, 1), LIST(1, 1), 1, 2, 0, 0}},  /* a large weight */
    {1, 32, 32, LIST(4, 90), {LIST(3, 3), LIST(1, 1), LIST(40, 1), LIST(40, 1), 1, 2, 0, 0}}, /* mostly padding */
};

/* t with its elements rounded to bfloat16, which 'bf16' leaves alone then */
static mt_tensor *rounded_noise(int dim, const int64_t *size) {
  mt_tensor *t = noise_tensor(MT_FLOAT, PLAIN, dim, size);
  double *v = values(t);
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) v[i] = rounded(v[i]);
  set_values(t, v);
  free(v);
  return t;
}

/* Whether a and b agree but for the order of float32 sums */
static int agree(const mt_tensor *a, const mt_tensor *b) {
  double *va = values(a), *vb = values(b), most = 0;
  int ok = mt_tensor_numel(a) == mt_tensor_numel(b) && mt_tensor_numel(a) > 0;
  for (int64_t i = 0; i < mt_tensor_numel(b); i++) most = fmax(most, fabs(vb[i]));
  for (int64_t i = 0; i < mt_tensor_numel(a) && ok; i++) ok = fabs(va[i] - vb[i]) <= 1e-5 * most;
  free(va);
  free(vb);
  return ok;
}

/* With operands that are bfloat16 already, all precisions agree; with others, 'bf16' shows that it has rounded. */
static void one_layer(const layer *l) {
  char context[40];
  int dim = l->w.axes + 2;
  int64_t x_size[5] = {l->N, l->C}, w_size[5] = {l->K, l->C / l->w.groups};
  for (int d = 0; d < l->w.axes; d++) {
    x_size[d + 2] = l->in[d];
    w_size[d + 2] = l->w.kernel[d];
  }
  snprintf(context, sizeof context, "layer %d", (int)(l - layers));
  check_context = context;
  mt_tensor *x = rounded_noise(dim, x_size), *w = rounded_noise(dim, w_size), *b = rounded_noise(1, &l->K), *out[2][4];
  for (int i = 0; i < 8; i++) out[i / 4][i % 4] = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_set_float32_precision(MT_HIGHEST) || mt_conv(out[0][0], x, w, b, &l->w, MT_AS_IT_IS));
  mt_tensor *g = rounded_noise(dim, out[0][0]->size);
  for (int i = 0; i < 2; i++) {
    must(mt_set_float32_precision(i ? MT_BF16 : MT_HIGHEST));
    CHECK(mt_conv(out[i][0], x, w, b, &l->w, MT_AS_IT_IS) == 0 && mt_conv_input(out[i][1], g, w, &l->w, l->in) == 0);
    CHECK(mt_conv_weight(out[i][2], g, x, &l->w, l->w.kernel) == 0);
    CHECK(mt_conv(out[i][3], x, w, b, &l->w, MT_RELU) == 0);
  }
  for (int i = 0; i < 4; i++) CHECK(agree(out[1][i], out[0][i]));
  must(mt_pointwise(mt_op_find("mul"), x, x, NULL, NULL, 1 + 1.0 / 512, 0));
  CHECK(mt_conv(out[1][1], x, w, b, &l->w, MT_AS_IT_IS) == 0 && agree(out[1][1], out[1][0]) == rounds());
  check_context = "";
  mt_tensor *tensors[] = {x, w, b, g};
  for (int i = 0; i < 4; i++) mt_tensor_free(tensors[i]);
  for (int i = 0; i < 8; i++) mt_tensor_free(out[i / 4][i % 4]);
}

static void convolutions(void) {
  for (int threads = 1; threads < 4; threads += 2) {
    mt_set_threads(threads);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) one_layer(&layers[i]);
  }
  mt_set_threads(1);
}

/* NaN and infinity reach the results that they belong to, and no others; numbers near the largest round to infinity. */
static void not_finite(void) {
  must(mt_set_float32_precision(MT_BF16));
  double *va = calloc(70 * 70, 8), *vb = calloc(70 * 70, 8);
  for (int i = 0; i < 70 * 70; i++) va[i] = vb[i] = i % 7 ? 1 : -1;
  va[3 * 70 + 69] = NAN;
  va[69 * 70 + 2] = INFINITY;
  va[40 * 70 + 5] = 3.4e38;
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(70, 70)), *b = new_tensor(MT_FLOAT, TURNED, SIZES(70, 70));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  set_values(a, va);
  set_values(b, vb);
  CHECK(mt_matmul(out, NULL, 0, 1, a, b) == 0);
  double *v = values(out);
  int right = 1;
  for (int i = 0; i < 70; i++)
    for (int j = 0; j < 70; j++) {
      double x = v[i * 70 + j];
      right = right && (i == 3 ? isnan(x) : i == 69 || (i == 40 && rounds()) ? isinf(x) : isfinite(x));
    }
  CHECK(right);
  CHECK((v[69 * 70] > 0) == (vb[2 * 70] > 0));
  free(va);
  free(vb);
  free(v);
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_tensor_free(out);
}

int main(void) {
  CHECK(mt_float32_precision() == MT_HIGH);
  all_sizes();
  threads();
  switched();
  convolutions();
  not_finite();
  return check_end();
}

/* test_matmul.c: products against plain loops, for every dtype and layout; broadcasting of the addend; bad input. */
#include "tensors.h"

/* expected = beta c + alpha a·b, for batches; c NULL: 0 */
static double *product(int64_t batch, int64_t n, int64_t k, int64_t m, double beta, const double *c, double alpha,
                       const double *a, const double *b) {
  double *r = malloc((size_t)(batch * n * m + 1) * sizeof *r);
  for (int64_t t = 0; t < batch; t++)
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < m; j++) {
        double sum = 0;
        for (int64_t l = 0; l < k; l++) sum += a[(t * n + i) * k + l] * b[(t * k + l) * m + j];
        r[(t * n + i) * m + j] = alpha * sum + (c ? beta * c[(t * n + i) * m + j] : 0);
      }
  return r;
}

/* One case; batch 0 means matrices. mode: 0 without c, 1 with c, 2 with c being the result */
static void one_case(int dtype, int la, int lb, int lo, int64_t batch, int64_t n, int64_t k, int64_t m, int mode) {
  char context[200];
  int skip = batch == 0, d = 3 - skip;
  int64_t sa[] = {batch, n, k}, sb[] = {batch, k, m}, so[] = {batch, n, m};
  double alpha = mode == 0 ? 1 : is_float(dtype) ? 0.5 : 3, beta = mode == 2 && n == 3 ? 1 : mode == 0 ? 0 : 2;
  mt_tensor *a = noise_tensor(dtype, la, d, sa + skip), *b = noise_tensor(dtype, lb, d, sb + skip);
  mt_tensor *c = noise_tensor(dtype, lo, d, so + skip), *out = mode == 2 ? c : new_tensor(dtype, lo, d, so + skip);
  double *va = values(a), *vb = values(b), *vc = values(c);
  double *expected = product(skip ? 1 : batch, n, k, m, beta, mode ? vc : NULL, alpha, va, vb);
  snprintf(context, sizeof context, "%s, layouts %d %d %d, %lldx %lldx%lldx%lld, mode %d", mt_dtype_name(dtype), la, lb,
           lo, (long long)batch, (long long)n, (long long)k, (long long)m, mode);
  check_context = context;
  CHECK(mt_matmul(out, mode ? c : NULL, beta, alpha, a, b) == 0);
  CHECK(holds(out, d, so + skip, expected, 2 + sqrt((double)k)));
  if (out != c) mt_tensor_free(out);
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_tensor_free(c);
  free(va);
  free(vb);
  free(vc);
  free(expected);
  check_context = "";
}

static void all_dtypes(void) {
  static const int64_t shape[][3] = {{1, 1, 1}, {3, 4, 5}, {1, 7, 6}, {6, 7, 1}, {4, 1, 3}, {1, 5, 1}, {70, 65, 66}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int la = 0; la < LAYOUTS; la++)
      for (int lb = 0; lb < LAYOUTS; lb++)
        for (int i = 0; i < 7; i++)
          for (int mode = 0; mode < 3; mode++) {
            if (i == 6 && mode != 1) continue;
            one_case(dtype, la, lb, (la + lb + i) % LAYOUTS, 0, shape[i][0], shape[i][1], shape[i][2], mode);
            if (i < 4) one_case(dtype, la, lb, i % LAYOUTS, 4, shape[i][0], shape[i][1], shape[i][2], mode);
          }
}

static void large(void) { /* enough work for several threads, and for several blocks of the kernels' */
  for (int la = 0; la < LAYOUTS; la++)
    for (int lb = 0; lb < LAYOUTS; lb++) {
      one_case(MT_FLOAT, la, lb, PLAIN, 0, 43, 530, 1100, 2);
      one_case(MT_FLOAT, la, lb, PLAIN, 0, 1100, 301, 43, 2);
      one_case(MT_FLOAT, la, lb, PLAIN, 2, 31, 270, 33, 1);
    }
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++)
    for (int la = 0; la < LAYOUTS; la++) {
      one_case(dtype, la, TURNED, PLAIN, 0, 150, 333, 129, 1);
      one_case(dtype, la, PLAIN, PLAIN, 0, 1, 300, 200, 1);
      one_case(dtype, la, PLAIN, PLAIN, 0, 200, 300, 1, 1);
      one_case(dtype, la, GAPPED, PLAIN, 37, 20, 31, 22, 1);
    }
}

/* The addend: m; 1×m; n×1; a row expanded to n×m; n×m, turned */
static void broadcast_addend(int dtype, int64_t n, int64_t k, int64_t m) {
  mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(n, k)), *b = noise_tensor(dtype, TURNED, SIZES(k, m));
  double *va = values(a), *vb = values(b), *all = malloc((size_t)(n * m) * sizeof *all);
  for (int kind = 0; kind < 5; kind++) {
    int64_t sizes[][2] = {{m, 0}, {1, m}, {n, 1}, {1, m}, {n, m}};
    mt_tensor *c = noise_tensor(dtype, kind == 4 ? TURNED : PLAIN, kind == 0 ? 1 : 2, sizes[kind]),
              *out = mt_tensor_new(dtype, MT_CPU);
    double *vc = values(c);
    if (kind == 3) must(mt_expand(c, c, SIZES(n, m)));
    for (int64_t i = 0; i < n * m; i++) all[i] = kind == 4 ? vc[i] : kind == 2 ? vc[i / m] : vc[i % m];
    for (int beta = 1; beta < 3; beta++) {
      double *expected = product(1, n, k, m, beta, all, 1, va, vb);
      CHECK(mt_matmul(out, c, beta, 1, a, b) == 0 && holds(out, SIZES(n, m), expected, 4 + sqrt((double)k)));
      free(expected);
    }
    free(vc);
    mt_tensor_free(c);
    mt_tensor_free(out);
  }
  mt_tensor_free(a);
  mt_tensor_free(b);
  free(va);
  free(vb);
  free(all);
}

static void broadcast_addends(void) {
  static const int64_t shape[][3] = {{3, 4, 5},     {1, 9, 7},      {43, 530, 70},
                                     {37, 21, 600}, {9, 270, 1100}, {1100, 301, 9}};
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++)
    for (int i = 0; i < 6; i++) broadcast_addend(dtype, shape[i][0], shape[i][1], shape[i][2]);
}

/* An addend of one matrix for a batch of products */
static void addend_of_batch(void) {
  enum { B = 3, N = 19, K = 40, M = 45 };
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(B, N, K)), *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(B, K, M));
  mt_tensor *c = noise_tensor(MT_FLOAT, PLAIN, SIZES(N, M)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  double *va = values(a), *vb = values(b), *vc = values(c), all[B * N * M];
  for (int i = 0; i < B * N * M; i++) all[i] = vc[i % (N * M)];
  double *expected = product(B, N, K, M, 1, all, 1, va, vb);
  CHECK(mt_matmul(out, c, 1, 1, a, b) == 0 && holds(out, SIZES(B, N, M), expected, 10));
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_tensor_free(c);
  mt_tensor_free(out);
  free(va);
  free(vb);
  free(vc);
  free(expected);
}

static void shared_memory(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(4, 4)), *t = mt_tensor_new(dtype, MT_CPU);
    double *va = values(a), vt[16];
    for (int i = 0; i < 16; i++) vt[i] = va[i % 4 * 4 + i / 4];
    must(mt_transpose(t, a, 0, 1));
    double *expected = product(1, 4, 4, 4, 1, vt, 1, va, vt); /* the addend is another view of the result */
    CHECK(mt_matmul(a, t, 1, 1, a, t) == 0 && holds(a, SIZES(4, 4), expected, 4));
    free(expected);
    free(va);
    va = values(a);
    expected = product(1, 4, 4, 4, 0, NULL, 1, va, va);
    CHECK(mt_matmul(a, NULL, 0, 1, a, a) == 0 && holds(a, SIZES(4, 4), expected, 40));
    free(expected);
    free(va);
    mt_tensor_free(a);
    mt_tensor_free(t);
  }
}

static void repeated_operands(void) { /* strides of 0 */
  mt_tensor *a = noise_tensor(MT_DOUBLE, PLAIN, SIZES(1, 4)), *b = noise_tensor(MT_DOUBLE, PLAIN, SIZES(1, 4, 1));
  mt_tensor *out = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(mt_expand(a, a, SIZES(2, 3, 4)) || mt_expand(b, b, SIZES(2, 4, 5)));
  double *va = values(a), *vb = values(b), *expected = product(2, 3, 4, 5, 0, NULL, 1, va, vb);
  CHECK(mt_matmul(out, NULL, 0, 1, a, b) == 0 && holds(out, SIZES(2, 3, 5), expected, 4));
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_tensor_free(out);
  free(va);
  free(vb);
  free(expected);
}

static void corners(void) {
  double zero[6] = {0}, ones[6] = {2, 2, 2, 2, 2, 2};
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 0)), *b = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 3));
  mt_tensor *c = new_tensor(MT_FLOAT, PLAIN, SIZES(3)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_fill(c, 1));
  CHECK(mt_matmul(out, NULL, 0, 1, a, b) == 0 && holds(out, SIZES(2, 3), zero, 0));
  CHECK(mt_matmul(out, c, 2, 1, a, b) == 0 && holds(out, SIZES(2, 3), ones, 0));
  CHECK(mt_matmul(out, NULL, 0, 1, b, a) != 0); /* 0x3 by 2x0 */
  must(mt_tensor_resize(a, SIZES(0, 4)) || mt_tensor_resize(b, SIZES(4, 3)));
  CHECK(mt_matmul(out, NULL, 0, 1, a, b) == 0 && holds(out, SIZES(0, 3), zero, 0));
  must(mt_fill(c, NAN) || mt_tensor_resize(a, SIZES(2, 4)) || mt_fill(a, 0) || mt_fill(b, 0));
  CHECK(mt_matmul(out, c, 0, 1, a, b) == 0 && holds(out, SIZES(2, 3), zero, 0)); /* beta 0: c is not read */
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_tensor_free(c);
  mt_tensor_free(out);
}

/* What lay in the result's memory before is not read. */
static void not_numbers_before(void) {
  static const int64_t shape[][3] = {{9, 5, 40}, {1, 6, 7}, {7, 6, 1}, {33, 300, 33}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int i = 0; i < 4; i++) {
      int64_t n = shape[i][0], k = shape[i][1], m = shape[i][2];
      mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(n, k)), *b = noise_tensor(dtype, PLAIN, SIZES(k, m));
      mt_tensor *out = new_tensor(dtype, PLAIN, SIZES(n, m));
      double *va = values(a), *vb = values(b), *expected = product(1, n, k, m, 0, NULL, 1, va, vb);
      must(mt_fill(out, is_float(dtype) ? NAN : 3));
      CHECK(mt_matmul(out, NULL, 0, 1, a, b) == 0 && holds(out, SIZES(n, m), expected, 2 + sqrt((double)k)));
      mt_tensor_free(a);
      mt_tensor_free(b);
      mt_tensor_free(out);
      free(va);
      free(vb);
      free(expected);
    }
}

static void bad_input(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3)), *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(4, 5));
  mt_tensor *batch = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3, 5)), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(3, 5));
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *out = noise_tensor(MT_FLOAT, PLAIN, SIZES(7));
  mt_tensor *ok = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 5));
  double *before = values(out), value = 5;
  REFUSES(mt_matmul(out, NULL, 0, 1, a, b),
          "matmul: expected n x k and k x m matrices, or batches of them, got 2x3 and 4x5");
  REFUSES(mt_matmul(out, NULL, 0, 1, a, batch), "2x3 and 2x3x5");
  REFUSES(mt_matmul(out, NULL, 0, 1, a, d), "float and double");
  REFUSES(mt_matmul(out, NULL, 0, 1, a, none), "no elements");
  REFUSES(mt_matmul(out, b, 1, 1, a, ok), "4x5 do not expand to the product's, 2x5");
  REFUSES(mt_matmul(a, NULL, 0, 1, a, ok), "matmul: the result has sizes 2x5");
  REFUSES(mt_dot(a, b, &value), "dot: expected two tensors of one count of elements, got 2x3 and 4x5");
  REFUSES(mt_dot(ok, d, &value), "float and double");
  CHECK(value == 5 && holds(out, SIZES(7), before, 0));
  mt_interrupt(1);
  REFUSES(mt_matmul(out, NULL, 0, 1, a, ok), "interrupted");
  free(before);
  mt_tensor *all[] = {a, b, batch, d, none, out, ok};
  for (int i = 0; i < 7; i++) mt_tensor_free(all[i]);
}

static void dots(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int la = 0; la < LAYOUTS; la++)
      for (int lb = 0; lb < LAYOUTS; lb++) {
        mt_tensor *a = noise_tensor(dtype, la, SIZES(5, 7)), *b = noise_tensor(dtype, lb, SIZES(35));
        double *va = values(a), *vb = values(b), sum = 0, value = 0;
        for (int i = 0; i < 35; i++) sum += va[i] * vb[i];
        CHECK(mt_dot(a, b, &value) == 0 && fabs(value - sum) <= (dtype == MT_DOUBLE ? 1e-13 : 1e-5));
        CHECK(mt_dot(b, b, &value) == 0 && (value > 0 || dtype == MT_UINT8));
        mt_tensor_free(a);
        mt_tensor_free(b);
        free(va);
        free(vb);
      }
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU);
  double value = 5;
  CHECK(mt_dot(none, none, &value) == 0 && value == 0);
  mt_tensor_free(none);
}

int main(void) {
  all_dtypes();
  large();
  broadcast_addends();
  addend_of_batch();
  shared_memory();
  repeated_operands();
  corners();
  not_numbers_before();
  bad_input();
  dots();
  return check_end();
}

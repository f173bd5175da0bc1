/* test_join.c: cat, triu and tril, range. */
#include "streamed.h"
#include "tensors.h"

/* Joins tensors of sizes first and second along dim, and reads every part back through narrow. */
static void check_cat(int dtype, int layout, int dims, const int64_t *first, const int64_t *second, int dim) {
  mt_tensor *none = mt_tensor_new(dtype, MT_CPU), *view = mt_tensor_new(dtype, MT_CPU);
  mt_tensor *a = noise_tensor(dtype, layout, dims, first), *b = noise_tensor(dtype, PLAIN, dims, second);
  mt_tensor *parts[] = {a, none, b, a}, *out = mt_tensor_new(dtype, MT_CPU);
  int64_t size[MT_MAX_DIM], at = 0;
  int equal = 0;
  memcpy(size, first, (size_t)dims * sizeof *size);
  size[dim] = 2 * first[dim] + second[dim];
  CHECK(!mt_cat(out, parts, 4, dim) && out->dim == dims && !memcmp(out->size, size, (size_t)dims * sizeof *size));
  for (int i = 0; i < 4; i++) {
    if (i == 1) continue;
    CHECK(!mt_narrow(view, out, dim, at, parts[i]->size[dim]) && !mt_equal(view, parts[i], &equal) && equal);
    at += parts[i]->size[dim];
  }
  mt_tensor_free(none), mt_tensor_free(view), mt_tensor_free(a), mt_tensor_free(b), mt_tensor_free(out);
}

static void test_cat(void) {
  static const int64_t sizes[][3] = {{3, 4, 2}, {1, 5, 7}, {3, 4, 0}, {3, 0, 2}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int s = 0; s < 4; s++)
        for (int dim = 0; dim < 3; dim++) {
          int64_t other[3];
          memcpy(other, sizes[s], sizeof other);
          other[dim] = 3;
          check_cat(dtype, layout, 3, sizes[s], other, dim);
        }
}

/* Rows that are long, short or of one byte, over several threads, and results that are written past the caches */
static void test_cat_rows(void) {
  static const int64_t sizes[][3] = {{3, 4, 20}, {200, 1, 33}, {2, 700, 50}, {5, 64, 1}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int s = 0; s < 4; s++)
      for (int dim = 0; dim < 3; dim++) {
        int64_t other[3];
        memcpy(other, sizes[s], sizeof other);
        other[dim] = 30;
        check_cat(dtype, PLAIN, 3, sizes[s], other, dim);
      }
  int64_t n = streamed_bytes() / 4 / 1001;
  if (n == 0) return;
  check_cat(MT_FLOAT, PLAIN, SIZES(n / 3, 1001), (int64_t[]){n / 3 + 9, 1001}, 0);
  check_cat(MT_FLOAT, PLAIN, SIZES(n, 333), (int64_t[]){n, 337}, 1);
}

static void test_cat_corners(void) {
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(2)), *b = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 3));
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU), *row = mt_tensor_new(MT_FLOAT, MT_CPU);
  set_values(a, (double[]){1, 2});
  set_values(b, (double[]){1, 2, 3, 4, 5, 6});
  double columns[] = {1, 1, 2, 2}, wider[] = {1, 1, 2, 3, 2, 4, 5, 6};
  /* vectors become columns, as in Torch7 */
  CHECK(!mt_cat(out, (mt_tensor *[]){a, a}, 2, 1) && holds(out, SIZES(2, 2), columns, 0));
  CHECK(!mt_cat(out, (mt_tensor *[]){a, b}, 2, 1) && holds(out, SIZES(2, 4), wider, 0));
  REFUSES(mt_cat(out, (mt_tensor *[]){b, none, a}, 3, 0),
          "cat: part 3 has sizes 2, which does not fit 2x3 in dimension 2");
  REFUSES(mt_cat(out, (mt_tensor *[]){a, d}, 2, 0), "cat: expected float parts, got a double one as part 2");
  REFUSES(mt_cat(out, NULL, 0, 0), "cat: expected one part or more, got 0");
  REFUSES(mt_cat(out, (mt_tensor *[]){a}, 1, -1), "cat: dimension 0 is outside 1..16");
  REFUSES(mt_cat(out, (mt_tensor *[]){a}, 1, 16), "cat: dimension 17 is outside 1..16");
  REFUSES(mt_cat(a, (mt_tensor *[]){a, a}, 2, 0), "cat: the result has sizes 4, but it shares memory");
  CHECK(holds(out, SIZES(2, 4), wider, 0) && holds(a, SIZES(2), (double[]){1, 2}, 0)); /* untouched */
  CHECK(!mt_cat(out, (mt_tensor *[]){none, none}, 2, 1) && out->dim == 0);
  /* into a part of the same memory, of equal sizes */
  must(mt_narrow(row, b, 0, 0, 1));
  mt_tensor *x = mt_tensor_new(MT_FLOAT, MT_CPU), *y = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_narrow(x, row, 1, 2, 1) || mt_narrow(y, row, 1, 0, 2));
  CHECK(!mt_cat(row, (mt_tensor *[]){x, y}, 2, 1) && holds(b, SIZES(2, 3), (double[]){3, 1, 2, 4, 5, 6}, 0));
  mt_tensor_free(a), mt_tensor_free(b), mt_tensor_free(none), mt_tensor_free(out), mt_tensor_free(d);
  mt_tensor_free(row), mt_tensor_free(x), mt_tensor_free(y);
}

static void test_tri(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int upper = 0; upper < 2; upper++)
        for (int64_t k = -5; k <= 5; k++) {
          double *v, expected[12];
          mt_tensor *a = noise_tensor(dtype, layout, SIZES(3, 4)), *out = new_tensor(dtype, layout, SIZES(3, 4));
          v = values(a);
          for (int i = 0; i < 12; i++) expected[i] = (upper ? i % 4 - i / 4 >= k : i % 4 - i / 4 <= k) ? v[i] : 0;
          CHECK(!mt_tri(out, a, k, upper) && holds(out, SIZES(3, 4), expected, 0));
          CHECK(!mt_tri(a, a, k, upper) && holds(a, SIZES(3, 4), expected, 0));
          free(v);
          mt_tensor_free(a), mt_tensor_free(out);
        }
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(3, 0)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *row = new_tensor(MT_FLOAT, PLAIN, SIZES(3)), *cube = new_tensor(MT_FLOAT, TURNED, SIZES(2, 2, 2));
  double eight[] = {1, 2, 3, 4, 5, 6, 7, 8}, upper[] = {1, 2, 0, 4, 5, 6, 0, 8}, lower[] = {1, 0, 3, 4, 5, 0, 7, 8};
  CHECK(!mt_tri(out, a, 0, 1) && holds(out, SIZES(3, 0), NULL, 0));
  REFUSES(mt_tri(out, row, 0, 1), "triu: expected a matrix or a batch of matrices, got sizes 3");
  REFUSES(mt_tri(out, row, 0, 0), "tril: expected a matrix");
  set_values(cube, eight); /* each matrix of a batch on its own */
  CHECK(!mt_tri(out, cube, 0, 1) && holds(out, SIZES(2, 2, 2), upper, 0));
  CHECK(!mt_tri(out, cube, 0, 0) && holds(out, SIZES(2, 2, 2), lower, 0));
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(row), mt_tensor_free(cube);
}

static void test_range(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    mt_tensor *out = new_tensor(dtype, GAPPED, SIZES(5)), *fresh = mt_tensor_new(dtype, MT_CPU);
    double up[] = {2, 5, 8, 11, 14}, halves[] = {9, 8.5, 8, 7.5, 7}, whole[] = {9, 8, 8, 7, 7};
    CHECK(!mt_range(out, 2, 3, 5) && holds(out, SIZES(5), up, 0));
    CHECK(!mt_range(fresh, 9, -0.5, 5) && holds(fresh, SIZES(5), is_float(dtype) ? halves : whole, 0));
    CHECK(!mt_range(fresh, 1, 1, 0) && holds(fresh, SIZES(0), NULL, 0));
    REFUSES(mt_range(out, 1, 1, -1), "range: expected 0 numbers or more, got -1");
    if (!is_float(dtype)) {
      double end = dtype == MT_UINT8 ? 256 : ldexp(1, 8 * mt_dtype_size(dtype) - 1);
      REFUSES(mt_range(out, end, 1, 1), "range: ");
      REFUSES(mt_range(out, 1, end, 2), "is not a number that");
      REFUSES(mt_range(out, dtype == MT_UINT8 ? -1 : -end * 1.01 - 1, 1, 1), "range: -");
      REFUSES(mt_range(out, NAN, 1, 5), "range: ");
    }
    CHECK(holds(out, SIZES(5), up, 0)); /* untouched */
    mt_tensor_free(out), mt_tensor_free(fresh);
  }
}

int main(void) {
  test_cat();
  mt_set_threads(3);
  test_cat_rows();
  mt_set_threads(1);
  test_cat_rows();
  test_cat_corners();
  test_tri();
  test_range();
  return check_end();
}

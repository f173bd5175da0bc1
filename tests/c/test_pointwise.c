/* test_pointwise.c: pointwise ops and copies over operands that lie across each other, and outputs that are written past
 * the caches, against the same ops on small packed tensors. The rows' formulas are checked in tests/lua/torch. */
#include "internal.h"

#include "streamed.h"
#include "tensors.h"

/* A tensor of noise with these sizes whose memory is ordered by axes: order[0] has the widest steps. */
static mt_tensor *ordered(int dtype, int dim, const int64_t *size, const int64_t *order) {
  int64_t stored[MT_MAX_DIM], back[MT_MAX_DIM];
  for (int i = 0; i < dim; i++) {
    stored[i] = size[order[i]];
    back[order[i]] = i;
  }
  mt_tensor *t = noise_tensor(dtype, PLAIN, dim, stored);
  must(mt_permute(t, t, back));
  return t;
}

/* A packed copy, element by element. */
static mt_tensor *packed(const mt_tensor *t) {
  mt_tensor *own = new_tensor(t->dtype, PLAIN, t->dim, t->size);
  for (int64_t i = 0, n = mt_tensor_numel(t); i < n; i++) {
    int64_t at = t->offset, rest = i;
    double value;
    for (int d = t->dim - 1; d >= 0; d--) {
      at += rest % t->size[d] * t->stride[d];
      rest /= t->size[d];
    }
    must(mt_tensor_get(t, at, &value) || mt_tensor_put(own, i, value));
  }
  return own;
}

static int same(const mt_tensor *a, const mt_tensor *b) {
  int equal = 0;
  mt_tensor *x = packed(a), *y = packed(b);
  must(mt_equal(x, y, &equal));
  mt_tensor_free(x), mt_tensor_free(y);
  return equal;
}

/* -- Operands that lie across --------------------------------------------------------------------------------- */

static const struct {
  int op, inputs;
} ops[] = {{MT_OP_add, 2}, {MT_OP_exp, 1}, {MT_OP_addcmul, 3}, {MT_OP_lt, 2}, {MT_OP_where, 3}, {MT_OP_copy, 1}};

static int is_mask(int op, int k) { return op == MT_OP_where && k == 0; }

static int result(int op, mt_tensor *out, mt_tensor *const *in) {
  return op == MT_OP_copy ? mt_copy(out, in[0]) : mt_pointwise(op, out, in[0], in[1], in[2], 1, 1);
}

/* orders: of the output and the inputs; out and inputs begin one element into their last axis when cut */
static void check_across(int o, int dtype, int dim, const int64_t *size, const int64_t (*orders)[4], int cut) {
  mt_tensor *in[3] = {NULL}, *plain[3] = {NULL};
  int out_dtype = ops[o].op == MT_OP_lt ? MT_UINT8 : dtype;
  mt_tensor *out = ordered(out_dtype, dim, size, orders[0]), *expected;
  if (cut) must(mt_narrow(out, out, dim - 1, 1, size[dim - 1] - 1));
  expected = new_tensor(out_dtype, PLAIN, dim, out->size);
  for (int k = 0; k < ops[o].inputs; k++) {
    in[k] = ordered(is_mask(ops[o].op, k) ? MT_UINT8 : dtype, dim, size, orders[1 + k]);
    if (cut) must(mt_narrow(in[k], in[k], dim - 1, 1, size[dim - 1] - 1));
    plain[k] = packed(in[k]);
  }
  CHECK(result(ops[o].op, out, in) == 0 && result(ops[o].op, expected, plain) == 0 && same(out, expected));
  for (int k = 0; k < ops[o].inputs; k++) mt_tensor_free(in[k]), mt_tensor_free(plain[k]);
  mt_tensor_free(out), mt_tensor_free(expected);
}

static void test_across(int dtypes) {
  static const int64_t sizes[][4] = {{1, 1, 37, 150}, {1, 1, 260, 9}, {3, 17, 5, 33}, {2, 9, 3, 140},
                                     {2, 8, 8, 8},    {1, 3, 4, 7},   {1, 1, 267, 70}};
  static const int64_t orders[][4][4] = {{{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 1, 2, 3}, {0, 1, 3, 2}},
                                         {{0, 1, 2, 3}, {3, 2, 1, 0}, {3, 0, 2, 1}, {0, 2, 3, 1}},
                                         {{0, 2, 3, 1}, {0, 1, 2, 3}, {0, 1, 2, 3}, {1, 0, 3, 2}},
                                         {{3, 2, 1, 0}, {0, 1, 2, 3}, {0, 3, 2, 1}, {0, 1, 2, 3}}};
  for (size_t o = 0; o < sizeof ops / sizeof *ops; o++)
    for (int dtype = 0; dtype < dtypes; dtype++)
      for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t k = 0; k < sizeof orders / sizeof *orders; k++)
          if (is_float(dtype) || ops[o].op != MT_OP_exp) check_across((int)o, dtype, 4, sizes[s], orders[k], s & 1);
}

/* Copies to the same dtype keep all bits, those of NaNs as well. */
static void test_bits(int dtype) {
  mt_tensor *x = new_tensor(dtype, PLAIN, SIZES(256, 256)), *y = new_tensor(dtype, PLAIN, SIZES(256, 256));
  mt_tensor *turned = mt_tensor_new(dtype, MT_CPU), *back = mt_tensor_new(dtype, MT_CPU);
  uint16_t *bits = mt_tensor_data(x);
  for (int i = 0; i < 1 << 16; i++) bits[i] = (uint16_t)i;
  CHECK(mt_copy(y, x) == 0 && memcmp(mt_tensor_data(y), bits, 2 << 16) == 0);
  must(mt_transpose(turned, x, 0, 1));
  must(mt_transpose(back, y, 0, 1));
  CHECK(mt_copy(y, turned) == 0 && mt_copy(x, back) == 0);
  int kept = 0;
  while (kept < 1 << 16 && bits[kept] == kept) kept++;
  CHECK(kept == 1 << 16);
  mt_tensor_free(x), mt_tensor_free(y), mt_tensor_free(turned), mt_tensor_free(back);
}

/* A matrix and itself turned, the sum in its own place; another dtype; a number and a row beside what lies across */
static void test_mixed(void) {
  mt_tensor *x = noise_tensor(MT_FLOAT, PLAIN, SIZES(150, 150)), *turned = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *whole = new_tensor(MT_INT16, PLAIN, SIZES(150, 150)), *row = noise_tensor(MT_FLOAT, PLAIN, SIZES(150));
  must(mt_transpose(turned, x, 0, 1));
  mt_tensor *a = packed(x), *b = packed(turned), *sum = new_tensor(MT_FLOAT, PLAIN, SIZES(150, 150));
  must(mt_pointwise(MT_OP_add, sum, a, b, NULL, 1, 1));
  CHECK(mt_pointwise(MT_OP_add, x, x, turned, NULL, 1, 1) == 0 && same(x, sum));
  must(mt_pointwise(MT_OP_mul, a, sum, NULL, NULL, 100, 0));
  must(mt_transpose(turned, a, 0, 1));
  CHECK(mt_copy(whole, turned) == 0);
  mt_tensor *cut = packed(turned), *other = new_tensor(MT_INT16, PLAIN, SIZES(150, 150));
  must(mt_copy(other, cut));
  CHECK(same(whole, other));
  must(mt_pointwise(MT_OP_mul, sum, cut, row, NULL, 0, 0));
  CHECK(mt_pointwise(MT_OP_mul, x, turned, row, NULL, 0, 0) == 0 && same(x, sum));
  mt_tensor_free(x), mt_tensor_free(turned), mt_tensor_free(whole), mt_tensor_free(row), mt_tensor_free(a);
  mt_tensor_free(b), mt_tensor_free(sum), mt_tensor_free(cut), mt_tensor_free(other);
}

/* where() of packed tensors, in which a number may stand for either side */
static void test_where(void) {
  enum { N = 1003 };
  mt_tensor *side[] = {noise_tensor(MT_FLOAT, PLAIN, SIZES(N)), noise_tensor(MT_FLOAT, PLAIN, SIZES(N)),
                       noise_tensor(MT_FLOAT, PLAIN, SIZES(1)), noise_tensor(MT_FLOAT, PLAIN, SIZES(1))};
  mt_tensor *mask = noise_tensor(MT_UINT8, PLAIN, SIZES(N)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  double *m = values(mask), *v[4], expected[N];
  for (int k = 0; k < 4; k++) v[k] = values(side[k]);
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < 4; b++) {
      for (int i = 0; i < N; i++) expected[i] = m[i] ? v[a][a < 2 ? i : 0] : v[b][b < 2 ? i : 0];
      CHECK(mt_pointwise(MT_OP_where, out, mask, side[a], side[b], 0, 0) == 0 && holds(out, SIZES(N), expected, 0));
    }
  for (int k = 0; k < 4; k++) mt_tensor_free(side[k]), free(v[k]);
  mt_tensor_free(mask), mt_tensor_free(out);
  free(m);
}

/* -- Large outputs -------------------------------------------------------------------------------------------- */

enum { PIECE = 100000 }; /* elements: done in the usual way */

/* Elements from … from + n - 1 of a vector; NULL of NULL */
static mt_tensor *piece_of(const mt_tensor *t, int64_t from, int64_t n) {
  if (!t) return NULL;
  mt_tensor *v = mt_tensor_new(t->dtype, MT_CPU);
  must(mt_narrow(v, t, 0, from, n));
  return v;
}

static void check_large(int o, int dtype, int64_t n) {
  mt_tensor *in[3] = {NULL}, *part[3] = {NULL};
  mt_tensor *out = new_tensor(dtype, PLAIN, SIZES(n + 1));
  must(mt_narrow(out, out, 0, 1, n)); /* not where a line begins */
  for (int k = 0; k < ops[o].inputs; k++)
    in[k] = noise_tensor(is_mask(ops[o].op, k) ? MT_UINT8 : dtype, PLAIN, SIZES(n));
  CHECK(result(ops[o].op, out, in) == 0);
  int good = 1;
  for (int64_t i = 0; i < n; i += PIECE) {
    int64_t count = mt_least(PIECE, n - i);
    mt_tensor *got = piece_of(out, i, count), *expected = new_tensor(out->dtype, PLAIN, SIZES(count));
    int equal = 0;
    for (int k = 0; k < 3; k++) part[k] = piece_of(in[k], i, count);
    must(result(ops[o].op, expected, part) || mt_equal(got, expected, &equal));
    good = good && equal;
    for (int k = 0; k < 3; k++) mt_tensor_free(part[k]);
    mt_tensor_free(got), mt_tensor_free(expected);
  }
  CHECK(good);
  for (int k = 0; k < 3; k++) mt_tensor_free(in[k]);
  mt_tensor_free(out);
}

static void test_large(void) {
  int64_t bytes = streamed_bytes();
  if (!bytes) printf("skipped: nothing is written past the caches here\n");
  for (size_t o = 0; bytes && o < sizeof ops / sizeof *ops; o++)
    if (ops[o].op != MT_OP_lt) check_large((int)o, MT_FLOAT, bytes / 4 + 77);
}

int main(void) {
  mt_set_threads(1);
  test_across(MT_DTYPES);
  test_bits(MT_HALF);
  test_bits(MT_BFLOAT16);
  test_mixed();
  test_where();
  test_large();
  mt_set_threads(3);
  test_across(MT_FLOAT + 1);
  test_mixed();
  return check_end();
}

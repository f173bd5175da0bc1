/* test_linalg.c: linear algebra: products of the results against the operands, over dtypes, layouts and batches; what is
 * refused; and where values belong in sorted lines. */
#include "tensors.h"

static const int dtypes[] = {MT_DOUBLE, MT_FLOAT, MT_HALF, MT_BFLOAT16};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static mt_tensor *fresh(const mt_tensor *like) { return mt_tensor_new(like->dtype, MT_CPU); }

/* noise with 3 more on the diagonals; the last two of dim sizes are the matrices' */
static mt_tensor *regular(int dtype, int layout, int dim, const int64_t *size) {
  mt_tensor *t = noise_tensor(dtype, layout, dim, size);
  double *v = values(t);
  int64_t rows = size[dim - 2], columns = size[dim - 1];
  for (int64_t i = 0; i < mt_tensor_numel(t); i++)
    if (i / columns % rows == i % columns) v[i] += 3;
  set_values(t, v);
  free(v);
  return t;
}

/* Whether a b (or aᵀ b, a bᵀ) is c, within scale times the dtype's tolerance. */
static int is_product(const mt_tensor *a, int turn_a, const mt_tensor *b, int turn_b, const mt_tensor *c,
                      double scale) {
  mt_tensor *x = fresh(a), *y = fresh(b), *out = fresh(a);
  int last = a->dim - 1;
  must(mt_tensor_set(x, a) || mt_tensor_set(y, b));
  if (turn_a) must(mt_transpose(x, x, last - 1, last));
  if (turn_b) must(mt_transpose(y, y, last - 1, last));
  must(mt_matmul(out, NULL, 0, 1, x, y));
  double *v = values(c);
  int ok = holds(out, c->dim, c->size, v, scale);
  free(v);
  mt_tensor_free(x);
  mt_tensor_free(y);
  mt_tensor_free(out);
  return ok;
}

static void check_solving(const mt_tensor *a, const mt_tensor *b) {
  mt_tensor *x = fresh(a), *lu = fresh(a), *inverse = fresh(a), *upper = fresh(a);
  CHECK(!mt_gesv(x, lu, b, a) && is_product(a, 0, x, 0, b, 20));
  CHECK(!mt_inverse(inverse, a) && is_product(inverse, 0, b, 0, x, 20));
  CHECK(!mt_gels(x, lu, b, a) && is_product(a, 0, x, 0, b, 40));
  must(mt_tri(upper, a, 0, 1));
  CHECK(!mt_trtrs(x, b, a, 1, 0, 0) && is_product(upper, 0, x, 0, b, 20));
  CHECK(!mt_trtrs(x, b, a, 1, 1, 0) && is_product(upper, 1, x, 0, b, 20));
  mt_tensor_free(x);
  mt_tensor_free(lu);
  mt_tensor_free(inverse);
  mt_tensor_free(upper);
}

static void check_factors(const mt_tensor *a) {
  mt_tensor *square = fresh(a), *f = fresh(a), *tau = fresh(a), *q = fresh(a), *r = fresh(a), *turned = fresh(a);
  must(mt_transpose(turned, a, a->dim - 2, a->dim - 1) || mt_matmul(square, NULL, 0, 1, a, turned));
  CHECK(!mt_potrf(f, square, 1) && is_product(f, 1, f, 0, square, 40));
  CHECK(!mt_potrf(f, square, 0) && is_product(f, 0, f, 1, square, 40));
  CHECK(!mt_geqrf(f, tau, a) && !mt_orgqr(q, f, tau) && !mt_tri(r, f, 0, 1) && is_product(q, 0, r, 0, a, 40));
  CHECK(!mt_ormqr(r, f, tau, a, 1, 1) && is_product(q, 1, a, 0, r, 40));
  mt_tensor *u = fresh(a), *s = fresh(a), *v = fresh(a), *wide = fresh(a);
  CHECK(!mt_svd(u, s, v, a, 0));
  must(mt_unsqueeze(wide, s, s->dim - 1) || mt_expand(wide, wide, u->dim, u->size));
  must(mt_pointwise(mt_op_find("mul"), u, u, wide, NULL, 0, 0));
  CHECK(is_product(u, 0, v, 1, a, 40));
  mt_tensor *all[] = {square, f, tau, q, r, turned, u, s, v, wide};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) mt_tensor_free(all[i]);
}

static void check_eigen(const mt_tensor *a) {
  mt_tensor *square = fresh(a), *turned = fresh(a), *e = fresh(a), *v = fresh(a), *wide = fresh(a), *scaled = fresh(a);
  must(mt_transpose(turned, a, a->dim - 2, a->dim - 1));
  must(mt_pointwise(mt_op_find("add"), square, a, turned, NULL, 0, 1));
  CHECK(!mt_symeig(e, v, square, 1));
  must(mt_unsqueeze(wide, e, e->dim - 1) || mt_expand(wide, wide, v->dim, v->size));
  must(mt_pointwise(mt_op_find("mul"), scaled, v, wide, NULL, 0, 0));
  CHECK(is_product(square, 0, v, 0, scaled, 60));
  mt_tensor *all[] = {square, turned, e, v, wide, scaled};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) mt_tensor_free(all[i]);
}

static void check_everything(void) {
  char context[100];
  for (int d = 0; d < DTYPES; d++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int batch = 0; batch < 2; batch++) {
        const int64_t size[3] = {9, 5, 5}, right[3] = {9, 5, 2}; /* 9: more matrices than threads */
        mt_tensor *a = regular(dtypes[d], layout, 2 + batch, size + 1 - batch);
        mt_tensor *b = noise_tensor(dtypes[d], layout, 2 + batch, right + 1 - batch);
        snprintf(context, sizeof context, "%s, layout %d, batch %d", mt_dtype_name(dtypes[d]), layout, batch);
        check_context = context;
        check_solving(a, b);
        check_factors(a);
        check_eigen(a);
        mt_tensor_free(a);
        mt_tensor_free(b);
      }
  check_context = "";
}

static void check_refusals(void) {
  mt_tensor *a = new_tensor(MT_DOUBLE, PLAIN, SIZES(3, 3)), *b = new_tensor(MT_DOUBLE, PLAIN, SIZES(4, 1));
  mt_tensor *x = mt_tensor_new(MT_DOUBLE, MT_CPU), *y = mt_tensor_new(MT_DOUBLE, MT_CPU);
  mt_tensor *batch = new_tensor(MT_DOUBLE, PLAIN, SIZES(2, 3, 3)), *whole = new_tensor(MT_INT64, PLAIN, SIZES(2, 2));
  must(mt_fill(a, 0) || mt_fill(b, 1) || mt_fill(batch, NAN) || mt_fill(whole, 1));
  REFUSES(mt_inverse(x, a), "inverse: the matrix is singular: U[1][1] is 0");
  REFUSES(mt_inverse(x, b), "inverse: expected a square matrix, got 4x1");
  REFUSES(mt_gesv(x, y, b, a), "gesv: a right side of sizes 4x1 does not go with 3x3");
  REFUSES(mt_potrf(x, a, 1), "potrf: the matrix is not positive definite: its leading minor of order 1");
  REFUSES(mt_symeig(x, y, batch, 1), "symeig: matrix 1 of the batch holds NaN or infinite numbers");
  REFUSES(mt_eig(x, y, batch), "holds NaN");
  REFUSES(mt_svd(x, y, a, batch, 1), "holds NaN");
  REFUSES(mt_gels(x, y, batch, batch), "holds NaN");
  REFUSES(mt_inverse(whole, whole), "inverse: there is no such op for int64 tensors");
  REFUSES(mt_getrf(x, y, a), "getrf: expected the pivots as a tensor of int32");
  REFUSES(mt_orgqr(x, a, b), "orgqr: 4x1 factors do not go with reflectors of sizes 3x3");
  CHECK(x->dim == 0 && y->dim == 0); /* results stay as they were */
  mt_tensor *none = new_tensor(MT_DOUBLE, PLAIN, SIZES(0, 3));
  CHECK(!mt_geqrf(x, y, none) && x->dim == 2 && x->size[0] == 0);
  mt_tensor *all[] = {a, b, x, y, batch, whole, none};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) mt_tensor_free(all[i]);
}

static void check_search(void) {
  static const double line[] = {1, 2, 2, 3, 100}, at[] = {0, 2, 3, 7, 1, 100}, left[] = {1, 2, 4, 5, 1, 5},
                      right[] = {1, 4, 5, 5, 2, 6};
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU);
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      mt_tensor *sorted = new_tensor(dtype, layout, SIZES(5)), *v = new_tensor(dtype, layout, SIZES(2, 3));
      set_values(sorted, line);
      set_values(v, at);
      check_context = mt_dtype_name(dtype);
      CHECK(!mt_searchsorted(index, sorted, v, 0) && holds(index, SIZES(2, 3), left, 0));
      CHECK(!mt_searchsorted(index, sorted, v, 1) && holds(index, SIZES(2, 3), right, 0));
      mt_tensor_free(sorted);
      mt_tensor_free(v);
    }
  mt_tensor_free(index);
}

int main(void) {
  check_everything();
  check_refusals();
  check_search();
  return check_end();
}

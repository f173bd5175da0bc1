/* linalg.c: linear algebra: checks, the way of the operands to LAPACK and that of the results back.
 *
 * LAPACK overwrites its operands, wants matrices by columns and knows float and double. So every operand is copied into
 * a tensor of its own, batch×columns×rows; the kernel works there, one matrix after another; and what it leaves is copied
 * into the results when all has gone well. */
#include "kernels.h"

#include <limits.h>
#include <stdio.h>

typedef struct {
  int op;
  const char *name;
  mt_kernel kernel;
  int dtype; /* that LAPACK works in */
  int device, batched;
  int64_t batch;
  const mt_tensor *inputs[3];
  mt_tensor *t[4]; /* what LAPACK works on, contiguous: batch×columns×rows */
  char flag[3];
  double tolerance;
} task;

/* -- Checks ------------------------------------------------------------------------------------------------------- */

static int begin(task *k, int op, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  *k = (task){.op = op, .name = mt_op_name(op), .inputs = {a, b, c}};
  if (mt_stopped() || mt_check_alike(k->name, k->inputs, 3)) return 1;
  if (a->dim != 2 && a->dim != 3)
    return mt_fail("%s: expected a matrix or a batch of matrices, got %s", k->name, mt_shape_text(a).text);
  for (int i = 0; i < a->dim; i++)
    if (a->size[i] > INT_MAX) return mt_fail("%s: sizes %s are too large", k->name, mt_shape_text(a).text);
  k->dtype = a->dtype == MT_DOUBLE ? MT_DOUBLE : MT_FLOAT;
  k->device = a->device;
  k->batched = a->dim == 3;
  k->batch = k->batched ? a->size[0] : 1;
  k->kernel = mt_kernel_for(op, a);
  return !k->kernel;
}

static int64_t rows_of(const mt_tensor *a) { return a->size[a->dim - 2]; }
static int64_t columns_of(const mt_tensor *a) { return a->size[a->dim - 1]; }
static int64_t short_side(const mt_tensor *a) { return mt_least(rows_of(a), columns_of(a)); }

static int check_square(const task *k) {
  const mt_tensor *a = k->inputs[0];
  if (rows_of(a) == columns_of(a)) return 0;
  return mt_fail("%s: expected a square matrix, got %s", k->name, mt_shape_text(a).text);
}

/* b is a matrix for each of a's, with this many rows (-1: any) and columns (-1: any) */
static int check_beside(const task *k, const char *what, const mt_tensor *b, int64_t rows, int64_t columns) {
  const mt_tensor *a = k->inputs[0];
  if (b->dim == a->dim && (!k->batched || b->size[0] == k->batch) && (rows < 0 || rows_of(b) == rows) &&
      (columns < 0 || columns_of(b) == columns) && columns_of(b) <= INT_MAX && rows_of(b) <= INT_MAX)
    return 0;
  return mt_fail("%s: %s of sizes %s does not go with %s", k->name, what, mt_shape_text(b).text, mt_shape_text(a).text);
}

/* tau is a vector for each matrix, of no more elements than these */
static int check_factors(const task *k, const mt_tensor *tau, int64_t most) {
  const mt_tensor *a = k->inputs[0];
  if (tau->dim == a->dim - 1 && (!k->batched || tau->size[0] == k->batch) && tau->size[tau->dim - 1] <= most) return 0;
  return mt_fail("%s: %s factors do not go with reflectors of sizes %s", k->name, mt_shape_text(tau).text,
                 mt_shape_text(a).text);
}

/* -- What LAPACK works on ------------------------------------------------------------------------------------------- */

/* Zeros as operand i: a matrix of rows×columns for each of the batch. */
static int make(task *k, int i, int dtype, int64_t rows, int64_t columns) {
  const int64_t size[3] = {k->batch, columns, rows};
  k->t[i] = mt_tensor_new(dtype, k->device);
  return !k->t[i] || mt_tensor_resize(k->t[i], 3, size) || mt_fill(k->t[i], 0);
}

/* Operand i as rows×columns matrices; the view borrows its storage. */
static mt_tensor view_of(const task *k, int i, int64_t rows, int64_t columns) {
  mt_tensor v = *k->t[i];
  v.size[1] = rows;
  v.size[2] = columns;
  v.stride[1] = k->t[i]->stride[2];
  v.stride[2] = k->t[i]->stride[1];
  return v;
}

static mt_tensor without_dim(mt_tensor v, int dim) {
  for (int d = dim; d < v.dim - 1; d++) {
    v.size[d] = v.size[d + 1];
    v.stride[d] = v.stride[d + 1];
  }
  v.dim--;
  return v;
}

/* Operand i is a copy of these matrices, with zeros below where rows are more than theirs. */
static int load(task *k, int i, const mt_tensor *from, int64_t rows) {
  if (make(k, i, k->dtype, rows, columns_of(from))) return 1;
  mt_tensor v = view_of(k, i, rows_of(from), columns_of(from));
  return mt_tensor_numel(from) > 0 && mt_copy(&v, from);
}

/* Operand i is a copy of these vectors, n or batch×n. */
static int load_vectors(task *k, int i, const mt_tensor *from) {
  if (make(k, i, k->dtype, from->size[from->dim - 1], 1)) return 1;
  mt_tensor v = without_dim(view_of(k, i, from->size[from->dim - 1], 1), 2);
  return mt_tensor_numel(from) > 0 && mt_copy(&v, from);
}

/* -- The run -------------------------------------------------------------------------------------------------------- */

/* What a positive info of LAPACK means; %d is the info. */
static const char *const troubles[MT_OPS] = {
    [MT_OP_gesv] = "is singular: U[%d][%d] is 0",
    [MT_OP_inverse] = "is singular: U[%d][%d] is 0",
    [MT_OP_trtrs] = "is singular: its element [%d][%d] is 0",
    [MT_OP_gels] = "is not of full rank: element [%d][%d] of its triangular factor is 0",
    [MT_OP_potrf] = "is not positive definite: its leading minor of order %d is not positive",
    [MT_OP_pstrf] = "is not of full rank, or not positive semidefinite",
    [MT_OP_symeig] = "has eigenvalues that were not found: %d off-diagonal elements did not become 0",
    [MT_OP_eig] = "has eigenvalues that were not found: the first %d",
    [MT_OP_svd] = "has singular values that were not found: %d superdiagonals did not become 0",
};

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
static int fail(const task *k, int64_t at, int info) {
  char which[48] = "the matrix", trouble[120];
  if (info == MT_LAPACK_MEMORY) return mt_fail("%s: not enough memory for LAPACK's workspace", k->name);
  if (k->batched) snprintf(which, sizeof which, "matrix %lld of the batch", (long long)at + 1);
  if (info == MT_LAPACK_NOT_FINITE) return mt_fail("%s: %s holds NaN or infinite numbers", k->name, which);
  if (info < 0 || !troubles[k->op]) return mt_fail("%s: LAPACK gave %d", k->name, info);
  snprintf(trouble, sizeof trouble, troubles[k->op], info, info);
  return mt_fail("%s: %s %s", k->name, which, trouble);
}

static int run_one(const task *k, int64_t at) {
  mt_lapack m = {.flag = {k->flag[0], k->flag[1], k->flag[2]}, .tolerance = k->tolerance};
  for (int i = 0; i < 4 && k->t[i]; i++) {
    const mt_tensor *t = k->t[i];
    m.data[i] = (char *)mt_tensor_data(t) + at * t->stride[0] * mt_dtype_size(t->dtype);
    m.rows[i] = (int)t->size[2];
    m.columns[i] = (int)t->size[1];
  }
  return ((mt_lapack_kernel)k->kernel)(&m);
}

/* Where there are few matrices, LAPACK shares out its own work to the threads. */
static int run(const task *k) {
  int64_t n = mt_tensor_numel(k->t[0]), bad = k->batch;
  int info = 0, threads = k->batch < mt_get_threads() ? 1 : mt_threads_for(n * k->t[0]->size[1]);
  if (n == 0) return 0;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < k->batch; i++) {
    int result = run_one(k, i);
    if (!result) continue;
#pragma omp critical(mt_linalg)
    if (i < bad) {
      bad = i;
      info = result;
    }
  }
  return info ? fail(k, bad, info) : 0;
}

/* -- Results -------------------------------------------------------------------------------------------------------- */

typedef struct {
  mt_tensor *out;
  int from; /* the operand whose place it took */
  int64_t rows, columns;
  enum { MATRIX, TRANSPOSED, VECTOR } form; /* transposed: rows and columns are the result's, not the operand's */
} result;

static mt_tensor result_view(const task *k, const result *r) {
  mt_tensor v =
      r->form == TRANSPOSED ? view_of(k, r->from, r->columns, r->rows) : view_of(k, r->from, r->rows, r->columns);
  if (r->form == TRANSPOSED) {
    mt_tensor turned = v;
    v.size[1] = turned.size[2];
    v.size[2] = turned.size[1];
    v.stride[1] = turned.stride[2];
    v.stride[2] = turned.stride[1];
  }
  if (r->form == VECTOR) v = without_dim(v, 2);
  return k->batched ? v : without_dim(v, 0);
}

/* Gives out the sizes of v and, where it has no memory yet, v's order of elements. */
static int ready(const task *k, mt_tensor *out, const mt_tensor *v) {
  int last = v->dim - 1, by_columns = !out->storage && last > 0 && v->stride[last - 1] < v->stride[last];
  int64_t size[3];
  if (!by_columns) return mt_prepare(k->name, out, v->dim, v->size, k->inputs, 3);
  for (int i = 0; i <= last; i++) size[i] = v->size[i];
  size[last - 1] = v->size[last];
  size[last] = v->size[last - 1];
  return mt_tensor_resize(out, v->dim, size) || mt_transpose(out, out, last - 1, last);
}

static int deliver(const task *k, const result *results, int n) {
  mt_tensor v[3];
  for (int i = 0; i < n; i++) {
    v[i] = result_view(k, &results[i]);
    if (ready(k, results[i].out, &v[i])) return 1;
  }
  for (int i = 0; i < n; i++) {
    if (mt_tensor_numel(&v[i]) > 0 && mt_copy(results[i].out, &v[i])) return 1;
    mt_touched(results[i].out);
  }
  return 0;
}

static int end(task *k, int rc) {
  for (int i = 0; i < 4; i++) mt_tensor_free(k->t[i]);
  return rc;
}

/* -- Front doors ---------------------------------------------------------------------------------------------------- */

int mt_gesv(mt_tensor *x, mt_tensor *lu, const mt_tensor *b, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_gesv, a, b, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  if (check_beside(&k, "a right side", b, n, -1)) return 1;
  const result results[] = {{x, 1, n, columns_of(b), MATRIX}, {lu, 0, n, n, MATRIX}};
  return end(&k, load(&k, 0, a, n) || load(&k, 1, b, n) || run(&k) || deliver(&k, results, 2));
}

int mt_gels(mt_tensor *x, mt_tensor *qr, const mt_tensor *b, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_gels, a, b, NULL) || check_beside(&k, "a right side", b, rows_of(a), -1)) return 1;
  int64_t n = rows_of(a), m = columns_of(a), longer = n > m ? n : m;
  const result results[] = {{x, 1, m, columns_of(b), MATRIX}, {qr, 0, n, m, MATRIX}};
  return end(&k, load(&k, 0, a, n) || load(&k, 1, b, longer) || run(&k) || deliver(&k, results, 2));
}

int mt_trtrs(mt_tensor *x, const mt_tensor *b, const mt_tensor *a, int upper, int transposed, int unit) {
  task k;
  if (begin(&k, MT_OP_trtrs, a, b, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  if (check_beside(&k, "a right side", b, n, -1)) return 1;
  const result results[] = {{x, 1, n, columns_of(b), MATRIX}};
  k.flag[0] = upper ? 'U' : 'L';
  k.flag[1] = transposed ? 'T' : 'N';
  k.flag[2] = unit ? 'U' : 'N';
  return end(&k, load(&k, 0, a, n) || load(&k, 1, b, n) || run(&k) || deliver(&k, results, 1));
}

int mt_inverse(mt_tensor *out, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_inverse, a, NULL, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  const result results[] = {{out, 0, n, n, MATRIX}};
  return end(&k, load(&k, 0, a, n) || run(&k) || deliver(&k, results, 1));
}

int mt_getrf(mt_tensor *lu, mt_tensor *pivots, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_getrf, a, NULL, NULL) || mt_check_dtype(k.name, "the pivots", pivots, MT_INT32)) return 1;
  int64_t n = rows_of(a), m = columns_of(a), least = short_side(a);
  const result results[] = {{lu, 0, n, m, MATRIX}, {pivots, 1, least, 1, VECTOR}};
  return end(&k, load(&k, 0, a, n) || make(&k, 1, MT_INT32, least, 1) || run(&k) || deliver(&k, results, 2));
}

int mt_potrf(mt_tensor *out, const mt_tensor *a, int upper) {
  task k;
  if (begin(&k, MT_OP_potrf, a, NULL, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  const result results[] = {{out, 0, n, n, MATRIX}};
  k.flag[0] = upper ? 'U' : 'L';
  return end(&k, load(&k, 0, a, n) || run(&k) || deliver(&k, results, 1));
}

int mt_pstrf(mt_tensor *out, mt_tensor *pivots, const mt_tensor *a, int upper, double tolerance) {
  task k;
  if (begin(&k, MT_OP_pstrf, a, NULL, NULL) || check_square(&k)) return 1;
  if (mt_check_dtype(k.name, "the pivots", pivots, MT_INT32)) return 1;
  int64_t n = rows_of(a);
  const result results[] = {{out, 0, n, n, MATRIX}, {pivots, 1, n, 1, VECTOR}};
  k.flag[0] = upper ? 'U' : 'L';
  k.tolerance = tolerance;
  return end(&k, load(&k, 0, a, n) || make(&k, 1, MT_INT32, n, 1) || run(&k) || deliver(&k, results, 2));
}

int mt_symeig(mt_tensor *values, mt_tensor *vectors, const mt_tensor *a, int upper) {
  task k;
  if (begin(&k, MT_OP_symeig, a, NULL, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  const result results[] = {{values, 1, n, 1, VECTOR}, {vectors, 0, n, n, MATRIX}};
  k.flag[0] = upper ? 'U' : 'L';
  k.flag[1] = vectors ? 'V' : 'N';
  return end(&k, load(&k, 0, a, n) || make(&k, 1, k.dtype, n, 1) || run(&k) || deliver(&k, results, vectors ? 2 : 1));
}

int mt_eig(mt_tensor *values, mt_tensor *vectors, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_eig, a, NULL, NULL) || check_square(&k)) return 1;
  int64_t n = rows_of(a);
  const result results[] = {{values, 1, n, 2, MATRIX}, {vectors, 2, n, n, MATRIX}};
  k.flag[0] = vectors ? 'V' : 'N';
  int rc = load(&k, 0, a, n) || make(&k, 1, k.dtype, n, 2) || make(&k, 2, k.dtype, n, n);
  return end(&k, rc || run(&k) || deliver(&k, results, vectors ? 2 : 1));
}

int mt_svd(mt_tensor *u, mt_tensor *s, mt_tensor *v, const mt_tensor *a, int full) {
  task k;
  if (begin(&k, MT_OP_svd, a, NULL, NULL)) return 1;
  int64_t n = rows_of(a), m = columns_of(a), least = short_side(a), left = full ? n : least, right = full ? m : least;
  if (full && least == 0) return mt_fail("svd: a matrix of sizes %s has no bases", mt_shape_text(a).text);
  const result results[] = {{u, 2, n, left, MATRIX}, {s, 1, least, 1, VECTOR}, {v, 3, m, right, TRANSPOSED}};
  k.flag[0] = full ? 'A' : 'S';
  int rc = load(&k, 0, a, n) || make(&k, 1, k.dtype, least, 1) || make(&k, 2, k.dtype, n, left) ||
           make(&k, 3, k.dtype, right, m);
  return end(&k, rc || run(&k) || deliver(&k, results, 3));
}

int mt_geqrf(mt_tensor *out, mt_tensor *tau, const mt_tensor *a) {
  task k;
  if (begin(&k, MT_OP_geqrf, a, NULL, NULL)) return 1;
  int64_t n = rows_of(a), m = columns_of(a), least = short_side(a);
  const result results[] = {{out, 0, n, m, MATRIX}, {tau, 1, least, 1, VECTOR}};
  return end(&k, load(&k, 0, a, n) || make(&k, 1, k.dtype, least, 1) || run(&k) || deliver(&k, results, 2));
}

int mt_orgqr(mt_tensor *out, const mt_tensor *a, const mt_tensor *tau) {
  task k;
  if (begin(&k, MT_OP_orgqr, a, tau, NULL) || check_factors(&k, tau, short_side(a))) return 1;
  int64_t n = rows_of(a), m = columns_of(a);
  const result results[] = {{out, 0, n, m, MATRIX}};
  return end(&k, load(&k, 0, a, n) || load_vectors(&k, 1, tau) || run(&k) || deliver(&k, results, 1));
}

int mt_ormqr(mt_tensor *out, const mt_tensor *a, const mt_tensor *tau, const mt_tensor *c, int left, int transposed) {
  task k;
  if (begin(&k, MT_OP_ormqr, a, tau, c) || check_factors(&k, tau, short_side(a))) return 1;
  int64_t n = rows_of(a);
  if (check_beside(&k, "a matrix", c, left ? n : -1, left ? -1 : n)) return 1;
  const result results[] = {{out, 2, rows_of(c), columns_of(c), MATRIX}};
  k.flag[0] = left ? 'L' : 'R';
  k.flag[1] = transposed ? 'T' : 'N';
  int rc = load(&k, 0, a, n) || load_vectors(&k, 1, tau) || load(&k, 2, c, rows_of(c));
  return end(&k, rc || run(&k) || deliver(&k, results, 1));
}

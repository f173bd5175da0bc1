/* lapack.tpl.c: one matrix through LAPACK, in R. Numbers before a routine are those of the operands in mt_lapack. */

/* -- LAPACK's own declarations: everything by address, and the lengths of texts behind ------------------------- */

#define IN const int *
#define FLAG const char *

void LAPACK(gesv)(IN n, IN nrhs, R *a, IN lda, int *ipiv, R *b, IN ldb, int *info);
void LAPACK(gels)(FLAG trans, IN m, IN n, IN nrhs, R *a, IN lda, R *b, IN ldb, R *work, IN lwork, int *info, size_t);
void LAPACK(trtrs)(FLAG uplo, FLAG trans, FLAG diag, IN n, IN nrhs, const R *a, IN lda, R *b, IN ldb, int *info, size_t,
                   size_t, size_t);
void LAPACK(getrf)(IN m, IN n, R *a, IN lda, int *ipiv, int *info);
void LAPACK(getri)(IN n, R *a, IN lda, const int *ipiv, R *work, IN lwork, int *info);
void LAPACK(potrf)(FLAG uplo, IN n, R *a, IN lda, int *info, size_t);
void LAPACK(pstrf)(FLAG uplo, IN n, R *a, IN lda, int *piv, int *rank, const R *tol, R *work, int *info, size_t);
void LAPACK(syev)(FLAG jobz, FLAG uplo, IN n, R *a, IN lda, R *w, R *work, IN lwork, int *info, size_t, size_t);
void LAPACK(geev)(FLAG jobvl, FLAG jobvr, IN n, R *a, IN lda, R *wr, R *wi, R *vl, IN ldvl, R *vr, IN ldvr, R *work,
                  IN lwork, int *info, size_t, size_t);
void LAPACK(gesvd)(FLAG jobu, FLAG jobvt, IN m, IN n, R *a, IN lda, R *s, R *u, IN ldu, R *vt, IN ldvt, R *work,
                   IN lwork, int *info, size_t, size_t);
void LAPACK(geqrf)(IN m, IN n, R *a, IN lda, R *tau, R *work, IN lwork, int *info);
void LAPACK(orgqr)(IN m, IN n, IN k, R *a, IN lda, const R *tau, R *work, IN lwork, int *info);
void LAPACK(ormqr)(FLAG side, FLAG trans, IN m, IN n, IN k, const R *a, IN lda, const R *tau, R *c, IN ldc, R *work,
                   IN lwork, int *info, size_t, size_t);

#undef IN
#undef FLAG

/* Ends a function with a routine that wants a workspace: calls it once to ask for the best size, and once with that.
 * For float the answer may have been rounded down. */
#define WITH_WORK(CALL)                                                     \
  R best = 0, *work = &best;                                                \
  int lwork = -1, info = 0;                                                 \
  room space;                                                               \
  CALL;                                                                     \
  if (info) return info;                                                    \
  lwork = (int)((double)best * (1 + 1e-7));                                 \
  if (!(work = take(&space, lwork, sizeof *work))) return MT_LAPACK_MEMORY; \
  CALL;                                                                     \
  return leave(&space, info)

/* Iterations might not end on numbers that are none. */
static int K(finite)(const mt_lapack *m, int k) {
  const R *a = m->data[k];
  R sum = 0;
  for (int64_t i = 0, n = (int64_t)m->rows[k] * m->columns[k]; i < n; i++) sum += a[i] * 0;
  return sum == 0;
}

/* Zeros beside the triangle that a factorisation has written. */
static void K(clear_other)(const mt_lapack *m) {
  R *a = m->data[0];
  int64_t n = m->rows[0];
  for (int64_t j = 0; j < n; j++) {
    int64_t first = m->flag[0] == 'U' ? j + 1 : 0, end = m->flag[0] == 'U' ? n : j;
    for (int64_t i = first; i < end; i++) a[j * n + i] = 0;
  }
}

/* -- Solving --------------------------------------------------------------------------------------------------- */

/* 0: a, then its factors; 1: b, then x */
static int K(gesv)(const mt_lapack *m) {
  int info = 0, *pivots;
  room space;
  if (!(pivots = take(&space, m->rows[0], sizeof *pivots))) return MT_LAPACK_MEMORY;
  LAPACK(gesv)(m->rows, &m->columns[1], m->data[0], m->rows, pivots, m->data[1], &m->rows[1], &info);
  return leave(&space, info);
}

/* 0: a, then its factors; 1: b, then x, with as many rows as the longer side of a */
static int K(gels)(const mt_lapack *m) {
  if (!K(finite)(m, 0) || !K(finite)(m, 1)) return MT_LAPACK_NOT_FINITE;
  WITH_WORK(LAPACK(gels)("N", &m->rows[0], &m->columns[0], &m->columns[1], m->data[0], &m->rows[0], m->data[1],
                         &m->rows[1], work, &lwork, &info, 1));
}

/* 0: a; 1: b, then x; flags: triangle, transposition, diagonal */
static int K(trtrs)(const mt_lapack *m) {
  int info = 0;
  LAPACK(trtrs)
  (&m->flag[0], &m->flag[1], &m->flag[2], m->rows, &m->columns[1], m->data[0], m->rows, m->data[1], &m->rows[1], &info,
   1, 1, 1);
  return info;
}

/* 0: a, then its factors; 1: pivots */
static int K(getrf)(const mt_lapack *m) {
  int info = 0;
  LAPACK(getrf)(m->rows, m->columns, m->data[0], m->rows, m->data[1], &info);
  return info > 0 ? 0 : info;
}

static int K(getri)(const mt_lapack *m, const int *pivots) {
  WITH_WORK(LAPACK(getri)(m->rows, m->data[0], m->rows, pivots, work, &lwork, &info));
}

/* 0: a, then its inverse */
static int K(inverse)(const mt_lapack *m) {
  int info = 0, *pivots;
  room space;
  if (!(pivots = take(&space, m->rows[0], sizeof *pivots))) return MT_LAPACK_MEMORY;
  LAPACK(getrf)(m->rows, m->columns, m->data[0], m->rows, pivots, &info);
  if (!info) info = K(getri)(m, pivots);
  return leave(&space, info);
}

/* -- Cholesky --------------------------------------------------------------------------------------------------- */

/* 0: a, then its factor; flag: triangle */
static int K(potrf)(const mt_lapack *m) {
  int info = 0;
  LAPACK(potrf)(&m->flag[0], m->rows, m->data[0], m->rows, &info, 1);
  K(clear_other)(m);
  return info;
}

/* 0: a, then its factor; 1: pivots; flag: triangle */
static int K(pstrf)(const mt_lapack *m) {
  int info = 0, rank;
  R tolerance = (R)m->tolerance, *work;
  room space;
  if (!(work = take(&space, 2 * (int64_t)m->rows[0], sizeof *work))) return MT_LAPACK_MEMORY;
  LAPACK(pstrf)(&m->flag[0], m->rows, m->data[0], m->rows, m->data[1], &rank, &tolerance, work, &info, 1);
  K(clear_other)(m);
  return leave(&space, info);
}

/* -- Eigenvalues and singular values ---------------------------------------------------------------------------- */

/* 0: a, then eigenvectors; 1: eigenvalues; flags: triangle, 'V' or 'N' */
static int K(symeig)(const mt_lapack *m) {
  if (!K(finite)(m, 0)) return MT_LAPACK_NOT_FINITE;
  WITH_WORK(
      LAPACK(syev)(&m->flag[1], &m->flag[0], m->rows, m->data[0], m->rows, m->data[1], work, &lwork, &info, 1, 1));
}

/* 0: a, then of no meaning; 1: eigenvalues, a column of real and one of imaginary parts; 2: eigenvectors; flag: 'V' or
 * 'N' */
static int K(eig)(const mt_lapack *m) {
  R *re = m->data[1], *im = re + m->rows[0], none;
  const int one = 1, *n = m->rows;
  if (!K(finite)(m, 0)) return MT_LAPACK_NOT_FINITE;
  WITH_WORK(
      LAPACK(geev)("N", &m->flag[0], n, m->data[0], n, re, im, &none, &one, m->data[2], n, work, &lwork, &info, 1, 1));
}

/* 0: a, then of no meaning; 1: singular values; 2: u; 3: vᵀ; flag: 'A' or 'S' */
static int K(svd)(const mt_lapack *m) {
  if (!K(finite)(m, 0)) return MT_LAPACK_NOT_FINITE;
  WITH_WORK(LAPACK(gesvd)(&m->flag[0], &m->flag[0], &m->rows[0], &m->columns[0], m->data[0], &m->rows[0], m->data[1],
                          m->data[2], &m->rows[2], m->data[3], &m->rows[3], work, &lwork, &info, 1, 1));
}

/* -- QR --------------------------------------------------------------------------------------------------------- */

/* 0: a, then R and the reflectors; 1: their factors */
static int K(geqrf)(const mt_lapack *m) {
  WITH_WORK(LAPACK(geqrf)(m->rows, m->columns, m->data[0], m->rows, m->data[1], work, &lwork, &info));
}

/* 0: reflectors, then Q in the first columns; 1: their factors */
static int K(orgqr)(const mt_lapack *m) {
  const int *k = &m->rows[1];
  WITH_WORK(LAPACK(orgqr)(m->rows, k, k, m->data[0], m->rows, m->data[1], work, &lwork, &info));
}

/* 0: reflectors; 1: their factors; 2: c, then the product; flags: side, transposition */
static int K(ormqr)(const mt_lapack *m) {
  WITH_WORK(LAPACK(ormqr)(&m->flag[0], &m->flag[1], &m->rows[2], &m->columns[2], &m->rows[1], m->data[0], m->rows,
                          m->data[1], m->data[2], &m->rows[2], work, &lwork, &info, 1, 1));
}

static void K(register)(int dtype) {
  mt_set_gesv(MT_CPU, dtype, K(gesv));
  mt_set_gels(MT_CPU, dtype, K(gels));
  mt_set_trtrs(MT_CPU, dtype, K(trtrs));
  mt_set_inverse(MT_CPU, dtype, K(inverse));
  mt_set_getrf(MT_CPU, dtype, K(getrf));
  mt_set_potrf(MT_CPU, dtype, K(potrf));
  mt_set_pstrf(MT_CPU, dtype, K(pstrf));
  mt_set_symeig(MT_CPU, dtype, K(symeig));
  mt_set_eig(MT_CPU, dtype, K(eig));
  mt_set_svd(MT_CPU, dtype, K(svd));
  mt_set_geqrf(MT_CPU, dtype, K(geqrf));
  mt_set_orgqr(MT_CPU, dtype, K(orgqr));
  mt_set_ormqr(MT_CPU, dtype, K(ormqr));
}

#undef WITH_WORK

/* blas.tpl.c: matmul and dot for REAL. */

static mt_matmul_kernel K(portable_matmul);
static mt_dot_kernel K(portable_dot);

/* out (n×m, contiguous) = or += alpha a (n×k) b (k×m). at, bt: batches that a and b belong to */
static void K(product)(REAL *out, REAL alpha, const REAL *a, const REAL *b, const mt_tensor *at, const mt_tensor *bt,
                       int add) {
  int64_t n = at->size[1], k = at->size[2], m = bt->size[2];
  layout la = layout_of(n, k, at->stride[1], at->stride[2]), lb = layout_of(k, m, bt->stride[1], bt->stride[2]);
  if ((m == 1 || n == 1) && !add) memset(out, 0, (size_t)(n * m) * sizeof *out); /* gemv multiplies what is there by 0 */
  if (m == 1) { /* matrix times column */
    int64_t step = k > 1 ? bt->stride[1] : 1;
    int rows = (int)(la.trans == CblasNoTrans ? n : k), columns = (int)(la.trans == CblasNoTrans ? k : n);
    BLAS(gemv)(CblasRowMajor, la.trans, rows, columns, alpha, a, (int)la.lead, b, (int)step, 1, out, 1);
  } else if (n == 1) { /* row times matrix: the transposed matrix times a column */
    int64_t step = k > 1 ? at->stride[2] : 1;
    int rows = (int)(lb.trans == CblasNoTrans ? k : m), columns = (int)(lb.trans == CblasNoTrans ? m : k);
    CBLAS_TRANSPOSE trans = lb.trans == CblasNoTrans ? CblasTrans : CblasNoTrans;
    BLAS(gemv)(CblasRowMajor, trans, rows, columns, alpha, b, (int)lb.lead, a, (int)step, 1, out, 1);
  } else {
    BLAS(gemm)(CblasRowMajor, la.trans, lb.trans, (int)n, (int)m, (int)k, alpha, a, (int)la.lead, b, (int)lb.lead,
               (REAL)add, out, (int)m);
  }
}

/* out: batch×n×m, contiguous; = c + alpha a (batch×n×k) b (batch×k×m) */
static int K(matmul)(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  if (too_large(a) || too_large(b) || too_large(out)) return K(portable_matmul)(out, alpha, a, b, c);
  if (mt_begin_product(out, c)) return 1;
  int64_t batch = out->size[0], plane = out->size[1] * out->size[2], work = plane * a->size[2];
  REAL *to = mt_tensor_data(out);
  const REAL *left = mt_tensor_data(a), *right = mt_tensor_data(b);
  int threads = batch < mt_get_threads() ? 1 : mt_threads_for(batch * work);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < batch; i++)
    K(product)(to + i * plane, (REAL)alpha, left + i * a->stride[0], right + i * b->stride[0], a, b,
               c != NULL);
  return 0;
}

/* a, b: n elements each, strided */
static int K(dot)(const mt_tensor *a, const mt_tensor *b, double *value) {
  int64_t n = a->size[0], step_a = n > 1 ? a->stride[0] : 1, step_b = n > 1 ? b->stride[0] : 1;
  if (too_large(a) || too_large(b)) return K(portable_dot)(a, b, value);
  *value = BLAS(dot)((int)n, mt_tensor_data(a), (int)step_a, mt_tensor_data(b), (int)step_b);
  return 0;
}

static void K(register)(void) {
  K(portable_matmul) = mt_get_matmul(MT_CPU, DTYPE);
  K(portable_dot) = mt_get_dot(MT_CPU, DTYPE);
  mt_set_matmul(MT_CPU, DTYPE, K(matmul));
  mt_set_dot(MT_CPU, DTYPE, K(dot));
}

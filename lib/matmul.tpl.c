/* matmul.tpl.c: products of matrices and vectors for one dtype. Whole numbers wrap (the build says -fwrapv), so sums
 * of theirs in A have the right low bits. */

/* panel[k][j] = b[k0 + k, j0 + j] in the type of sums, so that the inner loop below reads side by side */
static void K(pack)(A *panel, const T *b, int64_t step_k, int64_t step_j, int64_t depth, int64_t columns) {
  for (int64_t k = 0; k < depth; k++)
    for (int64_t j = 0; j < columns; j++) panel[k * TILE + j] = LOAD(b[k * step_k + j * step_j]);
}

/* sums[i][j] += a[i, k] panel[k][j] */
static void K(multiply)(A *restrict sums, const T *a, int64_t step_i, int64_t step_k, const A *restrict panel,
                        int64_t rows, int64_t depth, int64_t columns) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < depth; k++) {
      A left = LOAD(a[i * step_i + k * step_k]);
      for (int64_t j = 0; j < columns; j++) sums[i * TILE + j] += left * panel[k * TILE + j];
    }
}

/* Tile (i0, j0) of one product: out (n×m) = or += alpha a (n×k) b (k×m) */
static void K(tile)(T *out, int64_t i0, int64_t j0, A alpha, const T *a, const T *b, const mt_tensor *at,
                    const mt_tensor *bt, int add) {
  A sums[TILE * TILE], panel[TILE * TILE];
  int64_t depth = at->size[2], m = bt->size[2];
  int64_t rows = mt_least(TILE, at->size[1] - i0), columns = mt_least(TILE, m - j0);
  memset(sums, 0, sizeof sums);
  for (int64_t k0 = 0; k0 < depth; k0 += TILE) {
    int64_t part = mt_least(TILE, depth - k0);
    K(pack)(panel, b + k0 * bt->stride[1] + j0 * bt->stride[2], bt->stride[1], bt->stride[2], part, columns);
    K(multiply)(sums, a + i0 * at->stride[1] + k0 * at->stride[2], at->stride[1], at->stride[2], panel, rows, part,
                columns);
  }
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      T *place = out + (i0 + i) * m + j0 + j;
      *place = STORE((add ? LOAD(*place) : 0) + alpha * sums[i * TILE + j]);
    }
}

/* out: batch×n×m, contiguous; = c + alpha a (batch×n×k) b (batch×k×m) */
static int K(matmul)(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  if (mt_begin_product(out, c)) return 1;
  int64_t n = a->size[1], m = b->size[2];
  int64_t down = (n + TILE - 1) / TILE, across = (m + TILE - 1) / TILE, tiles = out->size[0] * down * across;
  T *to = mt_tensor_data(out);
  const T *left = mt_tensor_data(a), *right = mt_tensor_data(b);
  A factor = (A)FLOATS(alpha) INTS(mt_double_to_int64(alpha));
#pragma omp parallel for num_threads(mt_threads_for(tiles * TILE * TILE * (1 + a->size[2] / 8)))
  for (int64_t t = 0; t < tiles; t++) {
    int64_t batch = t / (down * across), i0 = t / across % down * TILE, j0 = t % across * TILE;
    K(tile)(to + batch * n * m, i0, j0, factor, left + batch * a->stride[0], right + batch * b->stride[0], a, b,
            c != NULL);
  }
  return 0;
}

/* a, b: n elements each, strided. One thread, so that the sum does not depend on their number. */
static int K(dot)(const mt_tensor *a, const mt_tensor *b, double *value) {
  const T *x = mt_tensor_data(a), *y = mt_tensor_data(b);
  int64_t n = a->size[0], step_x = a->stride[0], step_y = b->stride[0];
  ACC sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (ACC)LOAD(x[i * step_x]) * (ACC)LOAD(y[i * step_y]);
  *value = (double)sum;
  return 0;
}

static void K(register)(void) {
  mt_set_matmul(MT_CPU, DTYPE, K(matmul));
  mt_set_dot(MT_CPU, DTYPE, K(dot));
}

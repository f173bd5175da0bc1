/* layer_norm.tpl.c: each row of a matrix normalised, for one floating dtype. All tensors are contiguous. */
#if MT_IS_FLOAT

#define EACH_LANE for (int j = 0; j < LANES; j++)

MT_INLINE ACC K(join)(const ACC *part) {
  ACC sum = 0;
  EACH_LANE sum += part[j];
  return sum;
}

/* FOUR numbers, and sums of such: as many of ACC as the narrowest wide registers hold */
typedef A K(numbers) __attribute__((vector_size(FOUR * sizeof(A))));
typedef ACC K(accs) __attribute__((vector_size(FOUR * sizeof(ACC))));

MT_INLINE void K(read)(K(numbers) *v, const T *x) {
  if (sizeof(T) == sizeof(A)) memcpy(v, x, sizeof *v);
  else
    for (int j = 0; j < FOUR; j++) (*v)[j] = LOAD(x[j]);
}

/* Two passes: one would lose the variance of numbers far from 0. */
MT_INLINE void K(row_moments)(const T *x, int64_t n, double eps, ACC *mean, ACC *invstd) {
  ACC sums[LANES] = {0}, squares[LANES] = {0};
  int64_t whole = n - n % LANES;
  for (int64_t i = 0; i < whole; i += LANES) EACH_LANE sums[j] += LOAD(x[i + j]);
  for (int64_t i = whole; i < n; i++) sums[i - whole] += LOAD(x[i]);
  ACC m = K(join)(sums) / n;
  for (int64_t i = 0; i < whole; i += LANES) EACH_LANE squares[j] += (LOAD(x[i + j]) - m) * (LOAD(x[i + j]) - m);
  for (int64_t i = whole; i < n; i++) squares[i - whole] += (LOAD(x[i]) - m) * (LOAD(x[i]) - m);
  *mean = m;
  *invstd = 1 / sqrt(K(join)(squares) / n + eps);
}

/* y = (x - mean) invstd w + b. The mean comes in two parts, so that the difference of numbers far from 0 is exact enough
 * without ACC. */
MT_INLINE void K(normalise_row)(T *y, const T *x, const T *w, const T *b, int64_t n, ACC mean, ACC invstd) {
  const A m = (A)mean, rest = (A)(mean - m), s = (A)invstd;
  for (int64_t i = 0; i < n; i++)
    y[i] = STORE((LOAD(x[i]) - m - rest) * s * (w ? LOAD(w[i]) : 1) + (b ? LOAD(b[i]) : 0));
}

/* out, input: rows×n; mean, invstd: rows; weight, bias: n or NULL */
static int K(layer_norm)(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input,
                         const mt_tensor *weight, const mt_tensor *bias, double eps) {
  int64_t rows = input->size[0], n = input->size[1];
  T *to = mt_tensor_data(out), *means = mt_tensor_data(mean), *invstds = mt_tensor_data(invstd);
  const T *in = mt_tensor_data(input), *w = weight ? mt_tensor_data(weight) : NULL;
  const T *b = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel for num_threads(mt_threads_for(rows * n))
  for (int64_t r = 0; r < rows; r++) {
    const T *x = in + r * n;
    T *y = to + r * n;
    ACC m, s;
    K(row_moments)(x, n, eps, &m, &s);
    means[r] = STORE(m);
    invstds[r] = STORE(s);
    K(normalise_row)(y, x, w, b, n, m, s);
  }
  return 0;
}

/* With x' = (x - mean) invstd and g' = g w: grad_input = invstd (g' - mean of g' - x' · mean of g' x') */
MT_INLINE void K(row_gradient)(T *out, const T *g, const T *x, const T *w, int64_t n, A m, A s) {
#define SCALED(i) (w ? LOAD(g[i]) * LOAD(w[i]) : LOAD(g[i]))
  ACC sums[LANES] = {0}, products[LANES] = {0};
  int64_t whole = n - n % LANES;
  K(accs) sum[2] = {{0}}, product[2] = {{0}};
  for (int64_t i = 0; i < whole; i += LANES)
    for (int h = 0; h < 2; h++) {
      K(numbers) v, y, scale;
      K(read)(&v, g + i + h * FOUR);
      K(read)(&y, x + i + h * FOUR);
      if (w) {
        K(read)(&scale, w + i + h * FOUR);
        v *= scale;
      }
      sum[h] += __builtin_convertvector(v, K(accs));
      product[h] += __builtin_convertvector(v * ((y - m) * s), K(accs));
    }
  EACH_LANE sums[j] = sum[j / FOUR][j % FOUR], products[j] = product[j / FOUR][j % FOUR];
  for (int64_t i = whole; i < n; i++) {
    sums[i - whole] += SCALED(i);
    products[i - whole] += SCALED(i) * ((LOAD(x[i]) - m) * s);
  }
  const A a = (A)(K(join)(sums) / n), b = (A)(K(join)(products) / n) * s;
  for (int64_t i = 0; i < n; i++) out[i] = STORE(s * (SCALED(i) - a - (LOAD(x[i]) - m) * b));
#undef SCALED
}

/* Adds some rows to the sums of columns, one after the other; several at once, to load and store the sums less often. */
MT_INLINE void K(add_rows)(ACC *restrict by_weight, ACC *restrict by_bias, const T *grad, const T *in, const T *means,
                           const T *invstds, int64_t from, const int rows, int64_t n, int64_t first, int64_t count) {
  const T *g = grad + from * n + first, *x = in + from * n + first;
  A m[4] = {0}, s[4] = {0};
  for (int r = 0; r < rows; r++) m[r] = LOAD(means[from + r]), s[r] = LOAD(invstds[from + r]);
  for (int64_t j = 0; j < count; j++) {
    ACC w = by_weight[j], b = by_bias[j];
    for (int r = 0; r < rows; r++) {
      w += LOAD(g[r * n + j]) * ((LOAD(x[r * n + j]) - m[r]) * s[r]);
      b += LOAD(g[r * n + j]);
    }
    by_weight[j] = w;
    by_bias[j] = b;
  }
}

/* grad_weight = sum of g x', grad_bias = sum of g, over the rows; here for some neighbouring columns */
MT_INLINE void K(column_gradients)(T *grad_weight, T *grad_bias, const T *grad, const T *in, const T *means,
                                   const T *invstds, int64_t rows, int64_t n, int64_t first, int64_t count) {
  ACC by_weight[COLUMNS] = {0}, by_bias[COLUMNS] = {0};
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) K(add_rows)(by_weight, by_bias, grad, in, means, invstds, r, 4, n, first, count);
  for (; r < rows; r++) K(add_rows)(by_weight, by_bias, grad, in, means, invstds, r, 1, n, first, count);
  for (int64_t j = 0; j < count; j++) {
    if (grad_weight) grad_weight[first + j] = STORE(by_weight[j]);
    if (grad_bias) grad_bias[first + j] = STORE(by_bias[j]);
  }
}

static int K(layer_norm_grad)(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias,
                              const mt_tensor *grad, const mt_tensor *input, const mt_tensor *mean,
                              const mt_tensor *invstd, const mt_tensor *weight) {
  int64_t rows = input->size[0], n = input->size[1];
  T *to = grad_input ? mt_tensor_data(grad_input) : NULL, *gw = grad_weight ? mt_tensor_data(grad_weight) : NULL;
  T *gb = grad_bias ? mt_tensor_data(grad_bias) : NULL;
  const T *g = mt_tensor_data(grad), *in = mt_tensor_data(input), *w = weight ? mt_tensor_data(weight) : NULL;
  const T *means = mt_tensor_data(mean), *invstds = mt_tensor_data(invstd);
  if (to) {
#pragma omp parallel for num_threads(mt_threads_for(rows * n))
    for (int64_t r = 0; r < rows; r++)
      K(row_gradient)(to + r * n, g + r * n, in + r * n, w, n, LOAD(means[r]), LOAD(invstds[r]));
  }
  if (gw || gb) {
    int threads = mt_threads_for(rows * n);
    int64_t width = mt_least(COLUMNS, (n + threads - 1) / threads);
#pragma omp parallel for num_threads(threads)
    for (int64_t first = 0; first < n; first += width)
      K(column_gradients)(gw, gb, g, in, means, invstds, rows, n, first, mt_least(width, n - first));
  }
  return 0;
}

#undef EACH_LANE

static void K(register)(void) {
  mt_set_layer_norm(MT_CPU, DTYPE, K(layer_norm));
  mt_set_layer_norm_grad(MT_CPU, DTYPE, K(layer_norm_grad));
}
#endif

/* layer_norm.tpl.c: each row of a matrix normalised, for one floating dtype. All tensors are contiguous. */
#if MT_IS_FLOAT

#define EACH_LANE for (int j = 0; j < LANES; j++)

MT_INLINE ACC K(join)(const ACC *part) {
  ACC sum = 0;
  EACH_LANE sum += part[j];
  return sum;
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
  for (int64_t i = 0; i < whole; i += LANES) EACH_LANE {
      A v = SCALED(i + j);
      sums[j] += v;
      products[j] += v * ((LOAD(x[i + j]) - m) * s);
    }
  for (int64_t i = whole; i < n; i++) {
    sums[i - whole] += SCALED(i);
    products[i - whole] += SCALED(i) * ((LOAD(x[i]) - m) * s);
  }
  const A a = (A)(K(join)(sums) / n), b = (A)(K(join)(products) / n) * s;
  for (int64_t i = 0; i < n; i++) out[i] = STORE(s * (SCALED(i) - a - (LOAD(x[i]) - m) * b));
#undef SCALED
}

/* grad_weight = sum of g x', grad_bias = sum of g, over the rows; here for some neighbouring columns */
MT_INLINE void K(column_gradients)(T *grad_weight, T *grad_bias, const T *grad, const T *in, const T *means,
                                   const T *invstds, int64_t rows, int64_t n, int64_t first, int64_t count) {
  ACC by_weight[COLUMNS] = {0}, by_bias[COLUMNS] = {0};
  for (int64_t r = 0; r < rows; r++) {
    const T *g = grad + r * n + first, *x = in + r * n + first;
    const A m = LOAD(means[r]), s = LOAD(invstds[r]);
    for (int64_t j = 0; j < count; j++) {
      by_weight[j] += LOAD(g[j]) * ((LOAD(x[j]) - m) * s);
      by_bias[j] += LOAD(g[j]);
    }
  }
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

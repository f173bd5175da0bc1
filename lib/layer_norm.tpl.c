/* layer_norm.tpl.c: each row of a matrix normalised, for one floating dtype. All tensors are contiguous. */
#if MT_IS_FLOAT

/* Two passes: one would lose the variance of numbers far from 0. */
MT_INLINE void K(row_moments)(const T *x, int64_t n, double eps, ACC *mean, ACC *invstd) {
  ACC sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += LOAD(x[i]);
  ACC m = sum / n;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < n; i++) squares += (LOAD(x[i]) - m) * (LOAD(x[i]) - m);
  *mean = m;
  *invstd = 1 / sqrt(squares / n + eps);
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
    for (int64_t i = 0; i < n; i++)
      y[i] = STORE((LOAD(x[i]) - m) * s * (w ? LOAD(w[i]) : 1) + (b ? LOAD(b[i]) : 0));
  }
  return 0;
}

/* With x' = (x - mean) invstd and g' = g w: grad_input = invstd (g' - mean of g' - x' · mean of g' x') */
MT_INLINE void K(row_gradient)(T *out, const T *g, const T *x, const T *w, int64_t n, ACC m, ACC s) {
  ACC a = 0, b = 0;
#pragma omp simd reduction(+ : a, b)
  for (int64_t i = 0; i < n; i++) {
    ACC scaled = LOAD(g[i]) * (w ? (ACC)LOAD(w[i]) : 1);
    a += scaled;
    b += scaled * (LOAD(x[i]) - m);
  }
  a /= n;
  b *= s * s / n;
  for (int64_t i = 0; i < n; i++)
    out[i] = STORE(s * (LOAD(g[i]) * (w ? (ACC)LOAD(w[i]) : 1) - a - (LOAD(x[i]) - m) * b));
}

/* grad_weight = sum of g x', grad_bias = sum of g, over the rows; here for some neighbouring columns */
MT_INLINE void K(column_gradients)(T *grad_weight, T *grad_bias, const T *grad, const T *in, const T *means,
                                   const T *invstds, int64_t rows, int64_t n, int64_t first, int64_t count) {
  ACC by_weight[COLUMNS] = {0}, by_bias[COLUMNS] = {0};
  for (int64_t r = 0; r < rows; r++) {
    const T *g = grad + r * n + first, *x = in + r * n + first;
    ACC m = LOAD(means[r]), s = LOAD(invstds[r]);
    for (int64_t j = 0; j < count; j++) {
      by_weight[j] += LOAD(g[j]) * (LOAD(x[j]) - m) * s;
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
#pragma omp parallel for num_threads(mt_threads_for(rows * n))
    for (int64_t first = 0; first < n; first += COLUMNS)
      K(column_gradients)(gw, gb, g, in, means, invstds, rows, n, first, mt_least(COLUMNS, n - first));
  }
  return 0;
}

static void K(register)(void) {
  mt_kernel_set(MT_CPU, MT_OP_layer_norm, DTYPE, (mt_kernel)K(layer_norm));
  mt_kernel_set(MT_CPU, MT_OP_layer_norm_grad, DTYPE, (mt_kernel)K(layer_norm_grad));
}
#endif

/* layer_norm.cu: each row of a matrix normalised, with its first-order gradient. A block does a row; for the gradients
 * of weight and bias, 32 neighbouring columns. All tensors are contiguous. */
#include "team.cuh"

#include <math.h>

enum { COLUMNS = 32, LANES = MT_THREADS / COLUMNS }; /* threads side by side, and below each other */

/* Two passes: one would lose the variance of numbers far from 0. */
template <class D>
__global__ void normalise_rows(typename D::type *out, typename D::type *mean, typename D::type *invstd,
                               const typename D::type *in, const typename D::type *weight, const typename D::type *bias,
                               int64_t n, double eps) {
  typedef typename D::sum S;
  const typename D::type *x = in + (int64_t)blockIdx.x * n;
  typename D::type *y = out + (int64_t)blockIdx.x * n;
  S sum = 0, squares = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += D::load(x[i]);
  S m = whole_block::all(sum, total()) / n;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) squares += (D::load(x[i]) - m) * (D::load(x[i]) - m);
  S s = 1 / sqrt(whole_block::all(squares, total()) / n + (S)eps);
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = D::store(m);
    invstd[blockIdx.x] = D::store(s);
  }
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    S w = weight ? D::load(weight[i]) : 1, b = bias ? D::load(bias[i]) : 0;
    y[i] = D::store((D::load(x[i]) - m) * s * w + b);
  }
}

/* With x' = (x - mean) invstd and g' = g w: out = invstd (g' - mean of g' - x' · mean of g' x') */
template <class D>
__global__ void row_gradients(typename D::type *out, const typename D::type *grad, const typename D::type *in,
                              const typename D::type *mean, const typename D::type *invstd,
                              const typename D::type *weight, int64_t n) {
  typedef typename D::sum S;
  const typename D::type *x = in + (int64_t)blockIdx.x * n, *g = grad + (int64_t)blockIdx.x * n;
  typename D::type *y = out + (int64_t)blockIdx.x * n;
  S m = D::load(mean[blockIdx.x]), s = D::load(invstd[blockIdx.x]), a = 0, b = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    S scaled = weight ? (S)D::load(g[i]) * D::load(weight[i]) : (S)D::load(g[i]);
    a += scaled;
    b += scaled * (D::load(x[i]) - m);
  }
  a = whole_block::all(a, total()) / n;
  b = whole_block::all(b, total()) * s * s / n;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    S scaled = weight ? (S)D::load(g[i]) * D::load(weight[i]) : (S)D::load(g[i]);
    y[i] = D::store(s * (scaled - a - (D::load(x[i]) - m) * b));
  }
}

/* grad_weight = sum of g x', grad_bias = sum of g, over the rows; either may be NULL */
template <class D>
__global__ void column_gradients(typename D::type *grad_weight, typename D::type *grad_bias,
                                 const typename D::type *grad, const typename D::type *in, const typename D::type *mean,
                                 const typename D::type *invstd, int64_t rows, int64_t n) {
  typedef typename D::sum S;
  MT_SHARED(S, by_weight, MT_THREADS);
  MT_SHARED(S, by_bias, MT_THREADS);
  int64_t column = (int64_t)blockIdx.x * COLUMNS + threadIdx.x % COLUMNS;
  S w = 0, b = 0;
  if (column < n)
    for (int64_t r = threadIdx.x / COLUMNS; r < rows; r += LANES) {
      S g = D::load(grad[r * n + column]);
      w += g * (D::load(in[r * n + column]) - (S)D::load(mean[r])) * (S)D::load(invstd[r]);
      b += g;
    }
  by_weight[threadIdx.x] = w;
  by_bias[threadIdx.x] = b;
  __syncthreads();
  if (threadIdx.x >= COLUMNS || column >= n) return;
  for (int lane = 1; lane < LANES; lane++) {
    w += by_weight[threadIdx.x + lane * COLUMNS];
    b += by_bias[threadIdx.x + lane * COLUMNS];
  }
  if (grad_weight) grad_weight[column] = D::store(w);
  if (grad_bias) grad_bias[column] = D::store(b);
}

static int check_rows(const char *op, int64_t rows) {
  if (rows <= INT32_MAX) return mt_cuda_use(op);
  return mt_fail("%s: %lld rows are more than a grid has blocks", op, (long long)rows);
}

template <class D> static typename D::type *elements_or_null(mt_tensor *t) { return t ? mt_elements<D>(t) : nullptr; }
template <class D> static const typename D::type *elements_or_null(const mt_tensor *t) {
  return t ? mt_elements<D>(t) : nullptr;
}

template <class D>
static int layer_norm(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input,
                      const mt_tensor *weight, const mt_tensor *bias, double eps) {
  int64_t rows = input->size[0], n = input->size[1];
  if (check_rows("layer_norm", rows)) return 1;
  auto kernel = normalise_rows<D>;
  MT_LAUNCH(kernel, (unsigned)rows, mt_team_size(n), mt_elements<D>(out), mt_elements<D>(mean), mt_elements<D>(invstd),
            mt_elements<D>(input), elements_or_null<D>(weight), elements_or_null<D>(bias), n, eps);
  return mt_cuda_launched("layer_norm");
}

template <class D>
static int layer_norm_grad(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias, const mt_tensor *grad,
                           const mt_tensor *input, const mt_tensor *mean, const mt_tensor *invstd,
                           const mt_tensor *weight) {
  int64_t rows = input->size[0], n = input->size[1];
  if (check_rows("layer_norm_grad", rows)) return 1;
  const typename D::type *g = mt_elements<D>(grad), *x = mt_elements<D>(input);
  const typename D::type *m = mt_elements<D>(mean), *s = mt_elements<D>(invstd);
  auto by_rows = row_gradients<D>;
  auto by_columns = column_gradients<D>;
  if (grad_input)
    MT_LAUNCH(by_rows, (unsigned)rows, mt_team_size(n), mt_elements<D>(grad_input), g, x, m, s,
              elements_or_null<D>(weight), n);
  if (grad_weight || grad_bias)
    MT_LAUNCH(by_columns, (unsigned)((n + COLUMNS - 1) / COLUMNS), MT_THREADS, elements_or_null<D>(grad_weight),
              elements_or_null<D>(grad_bias), g, x, m, s, rows, n);
  return mt_cuda_launched("layer_norm_grad");
}

void mt_cuda_register_layer_norm(void) {
#define FILL_SLOTS(D)                               \
  mt_set_layer_norm(MT_CUDA, D::id, layer_norm<D>); \
  mt_set_layer_norm_grad(MT_CUDA, D::id, layer_norm_grad<D>);
  MT_EACH_FLOAT(FILL_SLOTS)
}

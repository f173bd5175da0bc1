/* softmax.cu: softmax and log-softmax with their first-order gradients. The tensors are outer×n×inner, contiguous. A
 * line of n elements is done by a block where its elements are neighbours, and by a thread where they are apart: then
 * the threads of a warp read neighbouring lines. */
#include "team.cuh"

#include <math.h>

/* Overloads, so that floats are not computed in double. */
__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }

/* Number of this block's or thread's line, and where its first element lies. */
template <class TEAM> __device__ inline int64_t line_number() {
  return TEAM::step() == 1 ? mt_cuda_thread() : (int64_t)blockIdx.x;
}
__device__ inline int64_t line_start(int64_t line, int64_t n, int64_t inner) {
  return line / inner * n * inner + line % inner;
}

/* exp is taken of differences to the largest element, so that it cannot overflow. */
template <class D, class TEAM>
__global__ void softmax_lines(typename D::type *out, const typename D::type *a, int64_t lines, int64_t n, int64_t inner,
                              int logarithm) {
  typedef typename D::value A;
  typedef typename D::sum S;
  int64_t line = line_number<TEAM>();
  if (line >= lines) return;
  int64_t start = line_start(line, n, inner);
  A most = -(A)INFINITY;
  S sum = 0;
  for (int64_t i = TEAM::first(); i < n; i += TEAM::step()) most = larger()(most, D::load(a[start + i * inner]));
  most = TEAM::all(most, larger());
  for (int64_t i = TEAM::first(); i < n; i += TEAM::step()) sum += exponential(D::load(a[start + i * inner]) - most);
  sum = TEAM::all(sum, total());
  S scale = logarithm ? log(sum) : 1 / sum;
  for (int64_t i = TEAM::first(); i < n; i += TEAM::step()) {
    A v = D::load(a[start + i * inner]) - most;
    out[start + i * inner] = logarithm ? D::store((S)v - scale) : D::store((S)exponential(v) * scale);
  }
}

/* softmax:      out = y (g - sum g y)
 * logarithm:    out = g - exp(y) sum g */
template <class D, class TEAM>
__global__ void softmax_grad_lines(typename D::type *out, const typename D::type *grad, const typename D::type *output,
                                   int64_t lines, int64_t n, int64_t inner, int logarithm) {
  typedef typename D::sum S;
  int64_t line = line_number<TEAM>();
  if (line >= lines) return;
  int64_t start = line_start(line, n, inner);
  S sum = 0;
  for (int64_t i = TEAM::first(); i < n; i += TEAM::step()) {
    S g = D::load(grad[start + i * inner]), y = D::load(output[start + i * inner]);
    sum += logarithm ? g : g * y;
  }
  sum = TEAM::all(sum, total());
  for (int64_t i = TEAM::first(); i < n; i += TEAM::step()) {
    S g = D::load(grad[start + i * inner]);
    typename D::value y = D::load(output[start + i * inner]);
    out[start + i * inner] = D::store(logarithm ? g - exponential(y) * sum : y * (g - sum));
  }
}

static bool by_blocks(int64_t lines, int64_t inner) { return inner == 1 && lines <= INT32_MAX; }

template <class D>
static int softmax(mt_tensor *out, const mt_tensor *a, int64_t outer, int64_t n, int64_t inner, int logarithm) {
  int64_t lines = outer * inner;
  if (lines == 0 || n == 0) return 0;
  if (mt_cuda_use("softmax")) return 1;
  auto team = softmax_lines<D, whole_block>, single = softmax_lines<D, one_thread>;
  typename D::type *to = mt_elements<D>(out);
  const typename D::type *from = mt_elements<D>(a);
  if (by_blocks(lines, inner))
    MT_LAUNCH(team, (unsigned)lines, mt_team_size(n), to, from, lines, n, inner, logarithm);
  else
    MT_LAUNCH(single, mt_cuda_blocks(lines), MT_THREADS, to, from, lines, n, inner, logarithm);
  return mt_cuda_launched("softmax");
}

template <class D>
static int softmax_grad(mt_tensor *out, const mt_tensor *grad, const mt_tensor *output, int64_t outer, int64_t n,
                        int64_t inner, int logarithm) {
  int64_t lines = outer * inner;
  if (lines == 0 || n == 0) return 0;
  if (mt_cuda_use("softmax_grad")) return 1;
  auto team = softmax_grad_lines<D, whole_block>, single = softmax_grad_lines<D, one_thread>;
  typename D::type *to = mt_elements<D>(out);
  const typename D::type *g = mt_elements<D>(grad), *y = mt_elements<D>(output);
  if (by_blocks(lines, inner))
    MT_LAUNCH(team, (unsigned)lines, mt_team_size(n), to, g, y, lines, n, inner, logarithm);
  else
    MT_LAUNCH(single, mt_cuda_blocks(lines), MT_THREADS, to, g, y, lines, n, inner, logarithm);
  return mt_cuda_launched("softmax_grad");
}

void mt_cuda_register_softmax(void) {
#define FILL_SLOTS(D)                         \
  mt_set_softmax(MT_CUDA, D::id, softmax<D>); \
  mt_set_softmax_grad(MT_CUDA, D::id, softmax_grad<D>);
  MT_EACH_FLOAT(FILL_SLOTS)
}

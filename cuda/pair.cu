/* pair.cu: two tensors made into one number on the CPU: their dot product, and whether they are equal. Each block
 * leaves a partial result; the CPU adds up the few of them. */
#include "dtype.cuh"

#include <type_traits>

static const unsigned most_blocks = 256;

/* Sums of whole numbers wrap, so they are made of unsigned ones. */
template <class D> struct product {
  typedef typename std::conditional<D::floating, double, uint64_t>::type sum;
  static __device__ sum of(typename D::value x, typename D::value y) { return (sum)x * (sum)y; }
};

template <class D> struct difference {
  typedef uint64_t sum;
  static __device__ sum of(typename D::value x, typename D::value y) { return x == y ? 0 : 1; }
};

/* partial: one a block */
template <class D, template <class> class PAIR>
__global__ void add_pairs(typename PAIR<D>::sum *partial, const typename D::type *a, int64_t a_step,
                          const typename D::type *b, int64_t b_step, int64_t n) {
  typedef typename PAIR<D>::sum S;
  MT_SHARED(S, sums, MT_THREADS);
  S sum = 0;
  for (int64_t i = mt_cuda_thread(); i < n; i += (int64_t)gridDim.x * MT_THREADS)
    sum += PAIR<D>::of(D::load(a[i * a_step]), D::load(b[i * b_step]));
  sums[threadIdx.x] = sum;
  for (unsigned half = MT_THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) partial[blockIdx.x] = sums[0];
}

template <class D, template <class> class PAIR>
static int add_up(const char *op, const mt_tensor *a, int64_t a_step, const mt_tensor *b, int64_t b_step, int64_t n,
                  typename PAIR<D>::sum *total) {
  typedef typename PAIR<D>::sum S;
  S partial[most_blocks];
  unsigned blocks = mt_cuda_blocks(n) < most_blocks ? mt_cuda_blocks(n) : most_blocks;
  *total = 0;
  if (n == 0) return 0;
  mt_cuda_scratch scratch(blocks * sizeof(S));
  if (!scratch.data || mt_cuda_use(op)) return 1;
  auto kernel = add_pairs<D, PAIR>;
  MT_LAUNCH(kernel, blocks, MT_THREADS, (S *)scratch.data, mt_elements<D>(a), a_step, mt_elements<D>(b), b_step, n);
  if (mt_cuda_launched(op)) return 1;
  if (mt_cuda_check(op, cudaMemcpy(partial, scratch.data, blocks * sizeof(S), cudaMemcpyDeviceToHost))) return 1;
  for (unsigned i = 0; i < blocks; i++) *total += partial[i];
  return 0;
}

/* a, b: n elements with one stride */
template <class D> static int dot(const mt_tensor *a, const mt_tensor *b, double *value) {
  typename product<D>::sum total;
  if (add_up<D, product>("dot", a, a->stride[0], b, b->stride[0], mt_tensor_numel(a), &total)) return 1;
  *value = (double)(typename D::sum)total;
  return 0;
}

/* a, b: contiguous */
template <class D> static int equal(const mt_tensor *a, const mt_tensor *b, int *result) {
  uint64_t differences;
  if (add_up<D, difference>("equal", a, 1, b, 1, mt_tensor_numel(a), &differences)) return 1;
  *result = differences == 0;
  return 0;
}

template <class D> static void fill_slots() {
  mt_set_dot(MT_CUDA, D::id, dot<D>);
  mt_set_equal(MT_CUDA, D::id, equal<D>);
}

void mt_cuda_register_pair(void) {
#define FILL_SLOTS(D) fill_slots<D>();
  MT_EACH_DTYPE(FILL_SLOTS)
}

/* common.cuh: what the kernels of this folder share: errors, launching, and finding the elements of strided tensors.
 * All of it compiles with nvcc and, for the CPU, with a host compiler and the emulator of tests/cuda_on_cpu. */
#ifndef MOONTORCH_CUDA_COMMON_CUH
#define MOONTORCH_CUDA_COMMON_CUH
#include "kernels.h"

#include <cuda_runtime.h>

/* Two macros stand for what only nvcc can read; the emulator's cuda_runtime.h brings its own. */
#ifndef MT_LAUNCH
#define MT_LAUNCH(KERNEL, BLOCKS, THREADS, ...) KERNEL<<<BLOCKS, THREADS>>>(__VA_ARGS__)
#define MT_SHARED(TYPE, NAME, COUNT) __shared__ TYPE NAME[COUNT]
#endif
/* Before a loop of few rounds: nvcc would write it out four times over, in every kernel. */
#ifdef __CUDACC__
#define MT_ROLLED _Pragma("unroll 1")
#else
#define MT_ROLLED
#endif

/* -- Errors and devices ----------------------------------------------------------------------------------------- */

/* 0 when all is well; otherwise mt_fail with CUDA's words: "sum: cuda: out of memory" */
int mt_cuda_check(const char *what, cudaError_t error);
/* Every entry from outside calls this first: CUDA keeps the GPU in use per host thread. */
int mt_cuda_use(const char *what);
/* To be called after a launch. What goes wrong while the kernel runs shows at the next copy to the CPU. */
inline int mt_cuda_launched(const char *what) { return mt_cuda_check(what, cudaGetLastError()); }

/* Memory on the device for the length of one call; data is NULL after mt_fail. It may go back to the cache while
 * kernels still use it: whoever gets it next uses it in kernels that run later, all work being in one stream. */
struct mt_cuda_scratch {
  void *data;
  int64_t capacity;
  explicit mt_cuda_scratch(size_t bytes) : data(nullptr), capacity(0) {
    data = mt_allocate(MT_CUDA, 0, bytes, &capacity);
  }
  ~mt_cuda_scratch() { mt_deallocate(MT_CUDA, 0, data, capacity); }
  mt_cuda_scratch(const mt_cuda_scratch &) = delete;
  mt_cuda_scratch &operator=(const mt_cuda_scratch &) = delete;
};

/* Each file fills its slots of the table. */
void mt_cuda_register_unary(void);
void mt_cuda_register_binary(void);
void mt_cuda_register_ternary(void);
void mt_cuda_register_compare(void);
void mt_cuda_register_copy(void);
void mt_cuda_register_reduce(void);
void mt_cuda_register_pair(void);
void mt_cuda_register_matmul(void);
void mt_cuda_register_index(void);
void mt_cuda_register_softmax(void);
void mt_cuda_register_layer_norm(void);
void mt_cuda_register_random(void);
void mt_cuda_register_step(void);

/* -- Launching -------------------------------------------------------------------------------------------------- */

enum { MT_THREADS = 256 }; /* of a block, unless a kernel says otherwise */

/* Blocks for n threads. The largest grid has 2^31 - 1 blocks, more than any GPU's memory has elements for. */
inline unsigned mt_cuda_blocks(int64_t n) { return (unsigned)((n + MT_THREADS - 1) / MT_THREADS); }

/* This thread's number within the whole grid. */
__device__ inline int64_t mt_cuda_thread() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }

/* -- Strided elements ------------------------------------------------------------------------------------------- */

/* N operands that share sizes: element (i, j, …) of operand k lies at i·step[k][0] + j·step[k][1] + … . Passed to
 * kernels by value. */
template <int N> struct mt_walk {
  int64_t numel;
  int32_t dim;
  int64_t size[MT_MAX_DIM];
  int64_t step[N][MT_MAX_DIM];

  /* Where element number i (row-major) of each operand lies. */
  __device__ void place(int64_t i, int64_t (&at)[N]) const {
    for (int k = 0; k < N; k++) at[k] = 0;
    if (numel <= INT32_MAX) /* 64-bit division is several times slower on a GPU */
      split<uint32_t>(i, at);
    else
      split<uint64_t>(i, at);
  }

  /* Leaves out dimensions of size 1 and merges those that are laid out as one, for all operands. */
  void simplify() {
    int n = 0;
    for (int d = 0; d < dim; d++) {
      if (size[d] == 1) continue;
      if (n > 0 && one_run(n - 1, d)) {
        size[n - 1] *= size[d];
        for (int k = 0; k < N; k++) step[k][n - 1] = step[k][d];
        continue;
      }
      size[n] = size[d];
      for (int k = 0; k < N; k++) step[k][n] = step[k][d];
      n++;
    }
    dim = n;
  }

private:
  template <class I> __device__ void split(int64_t i, int64_t (&at)[N]) const {
    I rest = (I)i;
    MT_ROLLED for (int d = dim - 1; d > 0; d--) {
      I n = (I)size[d], next = rest / n, here = rest - next * n;
      for (int k = 0; k < N; k++) at[k] += (int64_t)here * step[k][d];
      rest = next;
    }
    if (dim > 0)
      for (int k = 0; k < N; k++) at[k] += (int64_t)rest * step[k][0];
  }

  bool one_run(int outer, int inner) const {
    for (int k = 0; k < N; k++)
      if (step[k][outer] != step[k][inner] * size[inner]) return false;
    return true;
  }
};

/* The walk over shape's sizes with the strides, in elements, of N tensors of as many dimensions. */
template <int N> mt_walk<N> mt_walk_over(const mt_tensor *shape, const mt_tensor *const (&operands)[N]) {
  mt_walk<N> w;
  w.numel = mt_tensor_numel(shape);
  w.dim = shape->dim;
  for (int d = 0; d < shape->dim; d++) {
    w.size[d] = shape->size[d];
    for (int k = 0; k < N; k++) w.step[k][d] = operands[k]->stride[d];
  }
  return w;
}

#endif

/* team.cuh: the threads that work on one line of elements together, and how they join their values. */
#ifndef MOONTORCH_CUDA_TEAM_CUH
#define MOONTORCH_CUDA_TEAM_CUH
#include "dtype.cuh"

/* A whole block for one line. all joins the threads' values; all of them get the result. */
struct whole_block {
  static __device__ unsigned first() { return threadIdx.x; }
  static __device__ unsigned step() { return blockDim.x; }
  template <class S, class JOIN> static __device__ S all(S v, JOIN join) {
    MT_SHARED(S, warps, 32);
    for (int bits = 16; bits > 0; bits /= 2) v = join(v, __shfl_xor_sync(0xffffffffu, v, bits));
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = v;
    __syncthreads();
    S joined = warps[0];
    for (unsigned w = 1; w < blockDim.x / 32; w++) joined = join(joined, warps[w]);
    __syncthreads(); /* the next call writes the same memory */
    return joined;
  }
};

struct one_thread {
  static __device__ unsigned first() { return 0; }
  static __device__ unsigned step() { return 1; }
  template <class S, class JOIN> static __device__ S all(S v, JOIN) { return v; }
};

struct larger {
  template <class S> __device__ S operator()(S x, S y) const { return y > x ? y : x; }
};

struct total {
  template <class S> __device__ S operator()(S x, S y) const { return x + y; }
};

/* Threads of a block that does one line of n elements: whole warps, no more than there is work for. */
static inline unsigned mt_team_size(int64_t n) {
  return n >= MT_THREADS ? (unsigned)MT_THREADS : (unsigned)((n + 31) / 32 * 32);
}

#endif

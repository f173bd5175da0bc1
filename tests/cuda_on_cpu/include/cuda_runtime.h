/* cuda_runtime.h, the emulator's: the words of CUDA C++ and the few functions of its runtime that cuda/ uses, for a
 * host compiler. Kernels run on the CPU, one fiber a CUDA thread (scheduler.cpp); device memory is a reserve of host
 * memory that only kernels and copies can touch (runtime.cpp). What breaks CUDA's rules is an error of the launch. */
#ifndef MOONTORCH_EMULATED_CUDA_RUNTIME_H
#define MOONTORCH_EMULATED_CUDA_RUNTIME_H
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

/* -- The emulator's own face ------------------------------------------------------------------------------------ */

namespace cuda_emulator {

/* Between these two, the calling thread may touch device memory, as a kernel or a copy does. */
void open_memory();
void close_memory();

extern thread_local dim3 thread_index, block_index, block_size, grid_size;

void launch(dim3 grid, dim3 block, const std::function<void()> &body);
void barrier(const char *file, int line);
void *shared(const void *key, size_t bytes);
void fail(const char *format, ...);

/* Leaves this thread's value for its warp, and waits for the lanes of the mask; gives source's value. */
uint64_t exchange(unsigned mask, uint64_t value, unsigned source);
unsigned ballot(unsigned mask, int predicate);
unsigned lane();

/* Arguments convert to the kernel's parameter types and are copied, as in CUDA. */
template <class T> struct parameter { typedef T type; };
template <class... P>
void launch_kernel(void (*kernel)(P...), dim3 grid, dim3 block, typename parameter<P>::type... arguments) {
  launch(grid, block, [&] { kernel(arguments...); });
}

template <class T> T shuffle(unsigned mask, T value, unsigned source) {
  static_assert(sizeof(T) <= 8, "a shuffle moves 8 bytes at most");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = exchange(mask, bits, source);
  memcpy(&value, &bits, sizeof value);
  return value;
}

} // namespace cuda_emulator

#define MT_LAUNCH(KERNEL, BLOCKS, THREADS, ...) \
  cuda_emulator::launch_kernel(KERNEL, BLOCKS, THREADS __VA_OPT__(, ) __VA_ARGS__)
/* Every block gets new shared memory with unlikely contents, checked at its ends by AddressSanitizer. */
#define MT_SHARED(TYPE, NAME, COUNT) \
  static char NAME##_key;            \
  TYPE *NAME = (TYPE *)cuda_emulator::shared(&NAME##_key, sizeof(TYPE) * (COUNT))

/* -- CUDA C++ --------------------------------------------------------------------------------------------------- */

#define threadIdx (cuda_emulator::thread_index)
#define blockIdx (cuda_emulator::block_index)
#define blockDim (cuda_emulator::block_size)
#define gridDim (cuda_emulator::grid_size)
#define __syncthreads() cuda_emulator::barrier(__FILE__, __LINE__)

inline void __syncwarp(unsigned mask = 0xffffffffu) { cuda_emulator::ballot(mask, 0); }
template <class T> T __shfl_sync(unsigned mask, T value, int source) {
  return cuda_emulator::shuffle(mask, value, (unsigned)source & 31);
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int bits) {
  return cuda_emulator::shuffle(mask, value, cuda_emulator::lane() ^ (unsigned)bits);
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned by) {
  unsigned lane = cuda_emulator::lane();
  return cuda_emulator::shuffle(mask, value, lane + by < 32 ? lane + by : lane);
}
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned by) {
  unsigned lane = cuda_emulator::lane();
  return cuda_emulator::shuffle(mask, value, lane >= by ? lane - by : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) { return cuda_emulator::ballot(mask, predicate); }
/* Fibers take turns only at barriers and warp functions, so plain reading and writing is atomic. */
template <class T> T atomicAdd(T *at, T value) {
  T old = *at;
  *at = old + value;
  return old;
}
template <class T> T atomicCAS(T *at, T expected, T value) {
  T old = *at;
  if (old == expected) *at = value;
  return old;
}

/* -- The runtime ------------------------------------------------------------------------------------------------ */

typedef enum {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidDevice = 101,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719
} cudaError_t;
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
typedef struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major, minor, multiProcessorCount, warpSize, maxThreadsPerBlock;
} cudaDeviceProp;

extern "C" {
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaMalloc(void **data, size_t bytes);
cudaError_t cudaFree(void *data);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemGetInfo(size_t *available, size_t *total);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaGetLastError(void);
const char *cudaGetErrorString(cudaError_t error);
}

#endif

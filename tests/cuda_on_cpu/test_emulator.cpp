// test_emulator.cpp: the emulator runs right kernels rightly, whatever the order of threads, and catches wrong ones.
#include "../c/check.h"
#include "common.cuh"
#include "emulator.h"
#include "moontorch_cuda.h"

#include <sys/wait.h>
#include <unistd.h>
#include <vector>

enum { N = 1000 };

/* -- Kernels ---------------------------------------------------------------------------------------------------- */

/* WAIT: whether the block waits where it must */
template <bool WAIT> __global__ void sum_block(float *out, const float *x, int n) {
  MT_SHARED(float, part, 8);
  float v = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) v += x[i];
  for (int by = 16; by > 0; by /= 2) v += __shfl_down_sync(0xffffffffu, v, by);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  if (WAIT) __syncthreads();
  if (threadIdx.x > 0) return;
  float sum = 0;
  for (unsigned w = 0; w < blockDim.x / 32; w++) sum += part[w];
  *out = sum;
}

/* Uses its shared memory twice; WAIT: whether all have read it before any writes again. Every thread
 * adds up both rounds. */
template <bool WAIT> __global__ void reuse_shared(float *out) {
  MT_SHARED(float, part, 8);
  float sum = 0;
  for (int round = 0; round < 2; round++) {
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = (float)(threadIdx.x / 32 + 1) * (round ? 100 : 1);
    __syncthreads();
    for (unsigned w = 0; w < blockDim.x / 32; w++) sum += part[w];
    if (WAIT) __syncthreads();
  }
  out[threadIdx.x] = sum;
}

__global__ void count_blocks(int *count) {
  if (threadIdx.x == 0) atomicAdd(count, 1);
}

__global__ void reverse_warp(int *out) {
  int lane = (int)threadIdx.x;
  out[lane] = __shfl_sync(0xffffffffu, lane * 10, 31 - lane) + __builtin_popcount(__ballot_sync(0xffffffffu, lane % 2));
}

__global__ void wait_alone() {
  if (threadIdx.x == 0) __syncthreads();
  if (threadIdx.x > 0) __syncwarp();
}

__global__ void wait_apart(int *out) {
  if (threadIdx.x < 32) {
    __syncthreads();
    out[0] = 1;
  } else {
    __syncthreads();
    out[1] = 1;
  }
}

__global__ void leave_lane_out() { __syncwarp(0xfffffffeu); }

__global__ void store_at(char *out, int place) { out[place] = 1; }

__global__ void too_much_shared() {
  MT_SHARED(double, a, 4096);
  MT_SHARED(double, b, 4096);
  a[0] = b[0] = 0;
}

/* -- Tests ------------------------------------------------------------------------------------------------------ */

template <class T> struct memory {
  T *data;
  explicit memory(size_t n) {
    if (cudaMalloc((void **)&data, n * sizeof(T)) != cudaSuccess) exit(1);
  }
  ~memory() { cudaFree(data); }
  void put(const std::vector<T> &v) { cudaMemcpy(data, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice); }
  std::vector<T> get(size_t n) {
    std::vector<T> v(n);
    cudaMemcpy(v.data(), data, n * sizeof(T), cudaMemcpyDeviceToHost);
    return v;
  }
};

static bool launch_fails(const char *words) {
  cudaError_t error = cudaGetLastError();
  return error != cudaSuccess && strstr(cudaGetErrorString(error), words);
}

static float sum_by(void (*kernel)(float *, const float *, int)) {
  memory<float> x(N), out(1);
  std::vector<float> v(N);
  for (int i = 0; i < N; i++) v[i] = (float)i;
  x.put(v);
  MT_LAUNCH(kernel, 1, 256, out.data, x.data, N);
  return out.get(1)[0];
}

static void test_right_kernels() {
  for (int order = 0; order < 3; order++) {
    cuda_emulator_set_order(order);
    CHECK(sum_by(sum_block<true>) == N * (N - 1) / 2);
    memory<int> count(1), lanes(32);
    count.put({0});
    MT_LAUNCH(count_blocks, dim3(5, 4, 3), 64, count.data);
    CHECK(count.get(1)[0] == 60);
    MT_LAUNCH(reverse_warp, 1, 32, lanes.data);
    std::vector<int> v = lanes.get(32);
    CHECK(v[0] == 310 + 16 && v[31] == 16);
    CHECK(cudaGetLastError() == cudaSuccess);
  }
}

static bool reuses_well(void (*kernel)(float *)) {
  memory<float> out(256);
  MT_LAUNCH(kernel, 1, 256, out.data);
  for (float sum : out.get(256))
    if (sum != 36 * 101) return false;
  return true;
}

/* A kernel that should wait and does not gives another result in some order. */
static void test_missing_barrier() {
  int wrong_sum = 0, wrong_reuse = 0;
  for (int order = 0; order < 3; order++) {
    cuda_emulator_set_order(order);
    wrong_sum += sum_by(sum_block<false>) != N * (N - 1) / 2;
    wrong_reuse += !reuses_well(reuse_shared<false>);
    CHECK(reuses_well(reuse_shared<true>));
  }
  CHECK(wrong_sum > 0);
  CHECK(wrong_reuse > 0);
}

static void test_barriers() {
  memory<int> out(2);
  MT_LAUNCH(wait_alone, 1, 32);
  CHECK(launch_fails("deadlock"));
  MT_LAUNCH(wait_apart, 1, 64, out.data);
  CHECK(launch_fails("__syncthreads of lines"));
  MT_LAUNCH(leave_lane_out, 1, 32);
  CHECK(launch_fails("leaves it out"));
  MT_LAUNCH(too_much_shared, 1, 32);
  CHECK(launch_fails("48 KB"));
  MT_LAUNCH(count_blocks, 1, 2048, out.data);
  CHECK(launch_fails("invalid configuration"));
  MT_LAUNCH(count_blocks, 0, 32, out.data);
  CHECK(launch_fails("invalid configuration"));
}

/* Runs f in a process of its own; whether that process was stopped. */
static bool dies(void (*f)()) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(0);
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void store_beside() {
  char *data;
  if (cudaMalloc((void **)&data, 100) != cudaSuccess) return;
  MT_LAUNCH(store_at, 1, 1, data, 100);
  if (cudaDeviceSynchronize() != cudaSuccess) _exit(1);
}

static void touch_from_host() {
  char *data;
  if (cudaMalloc((void **)&data, 100) == cudaSuccess) *(volatile char *)data = 1;
}

static void store_inside() {
  char *data;
  if (cudaMalloc((void **)&data, 100) != cudaSuccess) _exit(1);
  MT_LAUNCH(store_at, 1, 1, data, 99);
  if (cudaDeviceSynchronize() != cudaSuccess || cudaFree(data) != cudaSuccess) _exit(1);
}

static void test_memory() {
  CHECK(!dies(store_inside));
  CHECK(dies(store_beside));
  CHECK(dies(touch_from_host));
  char host[10], *data = nullptr;
  CHECK(cudaMalloc((void **)&data, 10) == cudaSuccess && data);
  CHECK(cudaMemcpy(host, data, 11, cudaMemcpyDefault) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host, data, 10, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host, data, 10, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaFree(data + 1) == cudaErrorInvalidValue);
  CHECK(cudaFree(data) == cudaSuccess);
}

int main() {
  test_right_kernels();
  test_missing_barrier();
  test_barriers();
  test_memory();
  return check_end();
}

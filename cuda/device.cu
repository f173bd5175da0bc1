/* device.cu: CUDA as a kind of device: memory, copies to and from the CPU, errors, and what scripts ask of a GPU. */
#include "common.cuh"
#include "moontorch_cuda.h"

#include <atomic>
#include <stdio.h>
#include <string.h>

/* The GPU in use, and the one that this thread last told CUDA about. */
static std::atomic<int> chosen(0);
static thread_local int told = -1;

/* -- Errors ----------------------------------------------------------------------------------------------------- */

int mt_cuda_check(const char *what, cudaError_t error) {
  if (error == cudaSuccess) return 0;
  cudaGetLastError(); /* an error that does not last must not be reported again by the next call */
  return mt_fail("%s: cuda: %s", what, cudaGetErrorString(error));
}

int mt_cuda_use(const char *what) {
  int number = chosen;
  if (told == number) return 0;
  if (mt_cuda_check(what, cudaSetDevice(number))) return 1;
  told = number;
  return 0;
}

/* -- The device ------------------------------------------------------------------------------------------------- */

/* index is not looked at: the library's storages live on the one GPU in use. */
static void *allocate(int index, size_t bytes) {
  (void)index;
  void *data = nullptr;
  if (mt_cuda_use("allocate")) return nullptr;
  if (cudaMalloc(&data, bytes) == cudaSuccess) return data;
  cudaGetLastError();
  return nullptr;
}

static void release(int index, void *data, size_t bytes) {
  (void)index;
  (void)bytes;
  if (!mt_cuda_use("release")) cudaFree(data);
}

static int move_bytes(void *to, const void *from, size_t bytes) {
  if (bytes == 0) return 0;
  /* cudaMemcpyDefault: CUDA sees from the addresses on which side each lies */
  return mt_cuda_use("copy") || mt_cuda_check("copy", cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
}

static int to_cpu(int index, void *cpu, const void *data, size_t bytes) {
  (void)index;
  return move_bytes(cpu, data, bytes);
}

static int from_cpu(int index, void *data, const void *cpu, size_t bytes) {
  (void)index;
  return move_bytes(data, cpu, bytes);
}

static int pointwise(mt_kernel kernel, const mt_plan *plan) {
  if (plan->numel == 0) return 0;
  return mt_cuda_use(mt_op_name(plan->op)) || ((int (*)(const mt_plan *))kernel)(plan);
}

/* -- The public face -------------------------------------------------------------------------------------------- */

int mt_cuda_device_count(int *count) {
  int version = 0;
  *count = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0)
    return mt_fail("cuda: no CUDA-capable device is detected: there is no NVIDIA driver");
  return mt_cuda_check("cuda", cudaGetDeviceCount(count));
}

/* Kernels are registered by the numbers of ops, so both libraries have to count the same ones. */
static int check_ops(void) {
  static const char *const names[MT_OPS] = {
#define UNARY(NAME, TYPES, FORMULA) #NAME,
#define BINARY(NAME, TYPES, FORMULA) #NAME,
#define TERNARY(NAME, TYPES, FORMULA) #NAME,
#define COMPARE(NAME, TYPES, FORMULA) #NAME,
#define MASKED(NAME, TYPES, FORMULA) #NAME,
#define STEP(NAME, STATES, BODY) #NAME,
#define REDUCE(NAME, TYPES) #NAME,
#define OWN(NAME, KERNEL) #NAME,
#include "ops.def"
  };
  int same = mt_op_count() == MT_OPS;
  for (int i = 0; same && i < MT_OPS; i++) same = strcmp(names[i], mt_op_name(i)) == 0;
  return same ? 0 : mt_fail("cuda: libmoontorch has other ops than this library was built with; build both again");
}

int mt_cuda_start(void) {
  static const mt_device cuda = {"cuda", allocate, release, pointwise, to_cpu, from_cpu, NULL};
  int count;
  if (check_ops()) return 1;
  if (mt_cuda_device_count(&count)) return 1;
  if (count == 0) return mt_fail("cuda: no CUDA-capable device is detected");
  if (mt_cuda_use("cuda") || mt_device_register(MT_CUDA, &cuda)) return 1;
  mt_cuda_register_unary();
  mt_cuda_register_binary();
  mt_cuda_register_ternary();
  mt_cuda_register_compare();
  mt_cuda_register_copy();
  mt_cuda_register_reduce();
  mt_cuda_register_pair();
  mt_cuda_register_matmul();
  mt_cuda_register_index();
  mt_cuda_register_softmax();
  mt_cuda_register_layer_norm();
  mt_cuda_register_random();
  mt_cuda_register_step();
  return 0;
}

int mt_cuda_abi(void) { return MT_ABI; }

int mt_cuda_get_device(void) { return chosen; }

static int check_number(const char *what, int number) {
  int count;
  if (mt_cuda_device_count(&count)) return 1;
  if (number < 0 || number >= count) return mt_fail("%s: GPU %d of %d was asked for", what, number + 1, count);
  return 0;
}

int mt_cuda_set_device(int number) {
  if (check_number("setDevice", number)) return 1;
  if (number == chosen) return 0;
  int64_t live = mt_memory(MT_CUDA, MT_LIVE);
  if (live > 0)
    return mt_fail("setDevice: tensors hold %.1f MB of GPU %d; one GPU is in use at a time", (double)live / 1e6,
                   (int)chosen + 1);
  mt_memory_trim(MT_CUDA);
  chosen = number;
  return mt_cuda_use("setDevice");
}

int mt_cuda_synchronize(void) {
  return mt_cuda_use("synchronize") || mt_cuda_check("synchronize", cudaDeviceSynchronize());
}

int mt_cuda_memory(int64_t *available, int64_t *total) {
  size_t a = 0, b = 0;
  if (mt_cuda_use("memory") || mt_cuda_check("memory", cudaMemGetInfo(&a, &b))) return 1;
  *available = (int64_t)a;
  *total = (int64_t)b;
  return 0;
}

int mt_cuda_device_properties(int number, mt_cuda_properties *properties) {
  cudaDeviceProp p;
  if (check_number("getDeviceProperties", number)) return 1;
  if (mt_cuda_check("getDeviceProperties", cudaGetDeviceProperties(&p, number))) return 1;
  snprintf(properties->name, sizeof properties->name, "%s", p.name);
  properties->memory = (int64_t)p.totalGlobalMem;
  properties->major = p.major;
  properties->minor = p.minor;
  properties->multiprocessors = p.multiProcessorCount;
  properties->warp = p.warpSize;
  properties->threads_per_block = p.maxThreadsPerBlock;
  return 0;
}

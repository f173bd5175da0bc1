/* runtime.cpp: the functions of CUDA's runtime that cuda/ uses, for one GPU that is not there.
 *
 * Device memory is one reserve of address space that nobody may touch (the processor sees to it) except between
 * open_memory and close_memory: host code that follows a device pointer by mistake crashes at the spot, as on a real
 * machine. Allocations lie apart; the gaps hold a pattern, whose change tells of a kernel that wrote beside its memory,
 * and AddressSanitizer, where it is compiled in, stops such a kernel in the act. */
#include "emulator.h"

#include <cstdio>
#include <map>
#include <mutex>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(data, bytes) ((void)(data), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) ((void)(data), (void)(bytes))
#endif

namespace cuda_emulator {

namespace {

const size_t alignment = 256; /* of what cudaMalloc gives */
const size_t gap = 256;       /* between allocations, at least */
const size_t reserve = (size_t)1 << 30;
const unsigned char untouched = 0xa5;

std::recursive_mutex lock;
char *memory;
size_t allowed = (size_t)512 << 20, used;
int depth; /* of open_memory */
bool damaged;
std::map<size_t, size_t> allocations; /* bytes at each offset */

bool protect(int rights) { return mprotect(memory, reserve, rights) == 0; }

bool make_reserve() {
  if (memory) return true;
  void *data = mmap(nullptr, reserve, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return false;
  memory = (char *)data;
  return true;
}

size_t room(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/* First offset with space for the bytes and a gap behind them; `reserve` when there is none. */
size_t find_place(size_t bytes) {
  size_t at = 0;
  for (const auto &a : allocations) {
    if (a.first - at >= room(bytes) + gap) return at;
    at = a.first + room(a.second) + gap;
  }
  return at + room(bytes) + gap <= reserve ? at : reserve;
}

void mark_gap(size_t offset, size_t bytes) {
  char *end = memory + offset + bytes;
  size_t length = room(bytes) + gap - bytes;
  ASAN_UNPOISON_MEMORY_REGION(end, length);
  memset(end, untouched, length);
  ASAN_POISON_MEMORY_REGION(end, length);
}

void check_gap(size_t offset, size_t bytes) {
  unsigned char *end = (unsigned char *)memory + offset + bytes;
  size_t length = room(bytes) + gap - bytes;
  ASAN_UNPOISON_MEMORY_REGION(end, length);
  for (size_t i = 0; i < length; i++)
    if (end[i] != untouched) damaged = true;
  ASAN_POISON_MEMORY_REGION(end, length);
}

/* Whether the bytes lie within one allocation. */
bool on_device(const void *data, size_t bytes) {
  size_t offset = (size_t)((const char *)data - memory);
  auto next = allocations.upper_bound(offset);
  if (next == allocations.begin()) return false;
  --next;
  return offset + bytes <= next->first + next->second;
}

bool in_reserve(const void *data) {
  return memory && (const char *)data >= memory && (const char *)data < memory + reserve;
}

} // namespace

void open_memory() {
  lock.lock();
  if (depth++ == 0 && memory && !protect(PROT_READ | PROT_WRITE)) fail("cannot open the device's memory");
}

void close_memory() {
  if (--depth == 0 && memory && !protect(PROT_NONE)) fail("cannot close the device's memory");
  lock.unlock();
}

} // namespace cuda_emulator

using namespace cuda_emulator;

void cuda_emulator_set_memory(size_t bytes) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  allowed = bytes;
}

cudaError_t cudaDriverGetVersion(int *version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }

cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  memset(properties, 0, sizeof *properties);
  snprintf(properties->name, sizeof properties->name, "emulated on the CPU");
  properties->totalGlobalMem = allowed;
  properties->multiProcessorCount = 1;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void **data, size_t bytes) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  *data = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (!make_reserve() || bytes > allowed || used > allowed - bytes) return cudaErrorMemoryAllocation;
  size_t offset = find_place(bytes);
  if (offset == reserve) return cudaErrorMemoryAllocation;
  open_memory();
  ASAN_UNPOISON_MEMORY_REGION(memory + offset, room(bytes) + gap);
  memset(memory + offset, 0xff, bytes); /* NaN in floating dtypes */
  mark_gap(offset, bytes);
  close_memory();
  allocations[offset] = bytes;
  used += bytes;
  *data = memory + offset;
  return cudaSuccess;
}

cudaError_t cudaFree(void *data) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  if (!data) return cudaSuccess;
  auto a = in_reserve(data) ? allocations.find((size_t)((char *)data - memory)) : allocations.end();
  if (a == allocations.end()) return cudaErrorInvalidValue;
  open_memory();
  check_gap(a->first, a->second);
  ASAN_POISON_MEMORY_REGION(data, a->second);
  close_memory();
  used -= a->second;
  allocations.erase(a);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  bool to_device = in_reserve(to), from_device = in_reserve(from);
  if (kind != cudaMemcpyDefault &&
      (to_device != (kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) ||
       from_device != (kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice)))
    return cudaErrorInvalidValue;
  if ((to_device && !on_device(to, bytes)) || (from_device && !on_device(from, bytes))) return cudaErrorInvalidValue;
  open_memory();
  memmove(to, from, bytes);
  close_memory();
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  *available = allowed > used ? allowed - used : 0;
  *total = allowed;
  return cudaSuccess;
}

/* Damage is told of once. */
cudaError_t cudaDeviceSynchronize(void) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  open_memory();
  for (const auto &a : allocations) check_gap(a.first, a.second);
  for (const auto &a : allocations) mark_gap(a.first, a.second);
  close_memory();
  cudaError_t error = damaged ? cudaErrorIllegalAddress : cudaSuccess;
  damaged = false;
  return error;
}

/* scheduler.cpp: runs kernels. Each thread of a block is a fiber with a stack of its own, which runs until it waits at
 * a barrier or in a warp function; when all that can run have run, the waiting ones are released by CUDA's rules. If
 * none can be, the kernel would hang on a GPU, and the launch fails. */
#include "emulator.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

namespace cuda_emulator {

thread_local dim3 thread_index, block_index, block_size, grid_size;

namespace {

enum order { FORWARD, BACKWARD, SCATTERED };
enum state { READY, AT_BARRIER, IN_WARP, DONE };

const size_t largest_shared = 48 * 1024;

struct thread {
  fiber stack;
  int state = READY;
  bool started = false;
  const char *file = nullptr; /* of the barrier it waits at */
  int line = 0;
  unsigned mask = 0; /* of the warp function it waits in */
};

struct block {
  std::vector<thread> threads;
  std::vector<uint64_t> values; /* of the warp functions, one a thread */
  std::map<const void *, std::unique_ptr<char[]>> shared;
  size_t shared_bytes = 0;
  unsigned current = 0, done = 0;
  const std::function<void()> *body = nullptr;
  bool failed = false;
};

thread_local block *running;
thread_local char message[300];
thread_local cudaError_t last_error;
int current_order = -1;

/* The k-th of n things in the order that is being tried. Strides that are prime and larger than n visit each once. */
uint64_t pick(uint64_t k, uint64_t n) {
  if (current_order == FORWARD) return k;
  if (current_order == BACKWARD) return n - 1 - k;
  return (k * 2147483647u + 11) % n;
}

void wait_as(int state) {
  block *b = running;
  b->threads[b->current].state = state;
  fiber_pause(b->threads[b->current].stack);
}

void thread_body() {
  block *b = running;
  (*b->body)();
  b->threads[b->current].state = DONE;
  b->done++;
}

void run_thread(block &b, unsigned i) {
  thread &t = b.threads[i];
  if (t.state != READY) return;
  b.current = i;
  thread_index = dim3(i % block_size.x, i / block_size.x % block_size.y, i / (block_size.x * block_size.y));
  if (!t.started) {
    fiber_start(t.stack, thread_body);
    t.started = true;
  }
  fiber_run(t.stack);
  if (t.state == DONE) fiber_end(t.stack);
}

/* Lanes of the warp that begins at thread `first`, by the state they are in. */
unsigned lanes(const block &b, unsigned first, int state, bool equal) {
  unsigned bits = 0;
  for (unsigned i = first; i < first + 32 && i < b.threads.size(); i++)
    if ((b.threads[i].state == state) == equal) bits |= 1u << (i - first);
  return bits;
}

/* A warp function ends when all lanes of its mask that still live have come. */
bool release_warp(block &b, unsigned first) {
  bool progress = false;
  unsigned here = lanes(b, first, IN_WARP, true), alive = lanes(b, first, DONE, false);
  for (unsigned i = 0; i < 32; i++) {
    if (!(here >> i & 1)) continue;
    unsigned mask = b.threads[first + i].mask & alive;
    if (mask & ~here) continue;
    for (unsigned j = 0; j < 32; j++) {
      if (!(mask >> j & 1)) continue;
      thread &t = b.threads[first + j];
      if (t.mask != b.threads[first + i].mask) fail("lanes of one warp gave different masks");
      t.state = READY;
    }
    here &= ~mask;
    progress = true;
  }
  return progress;
}

bool release_warps(block &b) {
  bool progress = false;
  for (unsigned first = 0; first < b.threads.size(); first += 32)
    if (release_warp(b, first)) progress = true;
  return progress;
}

/* All threads in turn. Backward, each warp goes as far as it can before the next one begins, as on a GPU: this is what
 * finds shared memory that is written anew before slower warps have read it. */
void run_threads(block &b) {
  unsigned n = (unsigned)b.threads.size();
  if (current_order != BACKWARD) {
    for (unsigned k = 0; k < n && !b.failed; k++) run_thread(b, (unsigned)pick(k, n));
    return;
  }
  for (unsigned first = (n - 1) / 32 * 32;; first -= 32) {
    do
      for (unsigned i = std::min(first + 32, n); i > first && !b.failed; i--) run_thread(b, i - 1);
    while (!b.failed && release_warp(b, first));
    if (first == 0) return;
  }
}

/* __syncthreads ends when all threads that still live have come, all to the same one. */
bool release_barrier(block &b) {
  const thread *first = nullptr;
  unsigned waiting = 0;
  for (thread &t : b.threads) {
    if (t.state != AT_BARRIER) continue;
    waiting++;
    if (!first) first = &t;
    if (t.line != first->line || strcmp(t.file, first->file) != 0)
      fail("threads of one block wait at __syncthreads of lines %d and %d of %s", first->line, t.line, t.file);
  }
  if (!waiting || waiting + b.done != b.threads.size()) return false;
  for (thread &t : b.threads)
    if (t.state == AT_BARRIER) t.state = READY;
  return true;
}

void run_block(block &b) {
  unsigned n = block_size.x * block_size.y * block_size.z;
  b.threads.assign(n, thread());
  b.values.assign((n + 31) / 32 * 32, 0);
  b.shared.clear();
  b.shared_bytes = 0;
  b.done = 0;
  while (b.done < n && !b.failed) {
    run_threads(b);
    if (b.done == n || b.failed) break;
    bool progress = release_warps(b);
    if (release_barrier(b)) progress = true;
    if (!progress) fail("deadlock: some threads wait at a barrier that others never reach");
  }
  for (thread &t : b.threads)
    if (t.started && t.state != DONE) fiber_end(t.stack);
}

void run_grid(dim3 grid, const std::function<void()> &body) {
  block b;
  uint64_t n = (uint64_t)grid.x * grid.y * grid.z;
  b.body = &body;
  running = &b;
  for (uint64_t k = 0; k < n && !b.failed; k++) {
    uint64_t i = pick(k, n);
    block_index = dim3((unsigned)(i % grid.x), (unsigned)(i / grid.x % grid.y), (unsigned)(i / grid.x / grid.y));
    run_block(b);
  }
  running = nullptr;
}

bool valid_launch(dim3 grid, dim3 block) {
  uint64_t n = (uint64_t)block.x * block.y * block.z;
  return n > 0 && n <= 1024 && block.z <= 64 && grid.x > 0 && grid.x <= 0x7fffffff && grid.y > 0 && grid.y <= 65535 &&
         grid.z > 0 && grid.z <= 65535;
}

} // namespace

/* -- What kernels call ------------------------------------------------------------------------------------------ */

void fail(const char *format, ...) {
  va_list arguments;
  if (running) {
    if (running->failed) return;
    running->failed = true;
  }
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  last_error = cudaErrorLaunchFailure;
}

void barrier(const char *file, int line) {
  thread &t = running->threads[running->current];
  t.file = file;
  t.line = line;
  wait_as(AT_BARRIER);
}

unsigned lane() { return running->current % 32; }

uint64_t exchange(unsigned mask, uint64_t value, unsigned source) {
  unsigned first = running->current / 32 * 32;
  thread &t = running->threads[running->current];
  if (!(mask >> lane() & 1)) fail("a lane calls a warp function whose mask leaves it out");
  if (!(mask >> source & 1)) fail("a shuffle reads lane %u, which its mask leaves out", source);
  running->values[first + lane()] = value;
  t.mask = mask;
  wait_as(IN_WARP);
  uint64_t result = running->values[first + source];
  wait_as(IN_WARP); /* all have read before any writes again */
  return result;
}

unsigned ballot(unsigned mask, int predicate) {
  unsigned bits = 0, first = running->current / 32 * 32;
  exchange(mask, predicate != 0, lane());
  for (unsigned i = 0; i < 32; i++)
    if (mask >> i & 1) bits |= (unsigned)(running->values[first + i] & 1) << i;
  exchange(mask, predicate != 0, lane());
  return bits;
}

void *shared(const void *key, size_t bytes) {
  std::unique_ptr<char[]> &memory = running->shared[key];
  if (!memory) {
    memory.reset(new char[bytes]);
    memset(memory.get(), 0xff, bytes);
    running->shared_bytes += bytes;
    if (running->shared_bytes > largest_shared) fail("a block asks for more than 48 KB of shared memory");
  }
  return memory.get();
}

/* -- What the host calls ---------------------------------------------------------------------------------------- */

void launch(dim3 grid, dim3 block, const std::function<void()> &body) {
  if (current_order < 0) {
    const char *order = getenv("MOONTORCH_CUDA_ORDER");
    cuda_emulator_set_order(order ? atoi(order) : FORWARD);
  }
  if (!valid_launch(grid, block)) {
    last_error = cudaErrorInvalidConfiguration;
    return;
  }
  block_size = block;
  grid_size = grid;
  open_memory();
  run_grid(grid, body);
  close_memory();
}

} // namespace cuda_emulator

using namespace cuda_emulator;

void cuda_emulator_set_order(int order) { current_order = order >= FORWARD && order <= SCATTERED ? order : FORWARD; }

cudaError_t cudaGetLastError(void) {
  cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorIllegalAddress: return "a kernel wrote beside its memory";
    case cudaErrorLaunchFailure: return message;
  }
  return "unrecognized error code";
}

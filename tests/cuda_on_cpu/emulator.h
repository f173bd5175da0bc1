/* emulator.h: what a test asks of the emulator, in C; and fibers, for scheduler.cpp. */
#ifndef MOONTORCH_EMULATOR_H
#define MOONTORCH_EMULATOR_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
/* The order in which blocks, and threads within a block, run: 0 forward, 1 backward and warp after warp, 2 scattered.
 * Results must not depend on it. At first it is what the environment variable MOONTORCH_CUDA_ORDER says, or 0. */
void cuda_emulator_set_order(int order);
/* Bytes that cudaMalloc gives in all; at first 512 MB. */
void cuda_emulator_set_memory(size_t bytes);
#ifdef __cplusplus
}

#include <cuda_runtime.h>

namespace cuda_emulator {

struct fiber {
  char *stack = nullptr;
  void *place = nullptr;     /* where it goes on: the saved stack pointer, or a ucontext_t */
  void *sanitizer = nullptr; /* AddressSanitizer's own stack of this fiber */
};

/* Gives the fiber a stack, on which fiber_run will begin body. */
void fiber_start(fiber &f, void (*body)());
/* Goes on with the fiber until it pauses or its body ends. */
void fiber_run(fiber &f);
/* Called on the fiber: back to fiber_run's caller. */
void fiber_pause(fiber &f);
/* Takes the stack back; the fiber need not have ended. */
void fiber_end(fiber &f);

} // namespace cuda_emulator
#endif

#endif

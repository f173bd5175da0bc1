/* fiber.cpp: fibers. On x86-64 a switch is a dozen instructions; elsewhere it is swapcontext, some twenty times slower
 * because it asks the kernel for the signal mask. AddressSanitizer is told of every switch. */
#include "emulator.h"

#include <cstdlib>
#include <new>
#include <vector>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_emulator {

namespace {

const size_t stack_bytes = 64 * 1024;

/* Stacks of ended fibers, for the next ones. */
struct stacks {
  std::vector<char *> free;
  ~stacks() {
    for (char *s : free) ::free(s);
  }
};
thread_local stacks pool;

/* The fiber that runs, what it shall do, and whom it returns to. */
thread_local fiber *current;
thread_local void (*current_body)();
thread_local void *caller_place;
#ifdef HAS_ASAN
thread_local void *caller_sanitizer;
thread_local const void *caller_stack;
thread_local size_t caller_bytes;
#endif

char *take_stack() {
  if (pool.free.empty()) {
    char *stack = (char *)aligned_alloc(64, stack_bytes);
    if (!stack) throw std::bad_alloc();
    return stack;
  }
  char *stack = pool.free.back();
  pool.free.pop_back();
  return stack;
}

#if defined(__x86_64__)
/* Saves the registers that a call must keep on this stack and its place in *from; goes on where `to` was saved. */
__attribute__((naked, noinline)) void switch_stack(void **, void *) {
  __asm__("pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
          "movq %rsp, (%rdi)\n movq %rsi, %rsp\n"
          "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret\n");
}
#else
void switch_stack(void **from, void *to) {
  ucontext_t here;
  *from = &here;
  swapcontext(&here, (ucontext_t *)to);
}
#endif

void to_fiber(fiber &f) {
#ifdef HAS_ASAN
  __sanitizer_start_switch_fiber(&caller_sanitizer, f.stack, stack_bytes);
#endif
  switch_stack(&caller_place, f.place);
#ifdef HAS_ASAN
  __sanitizer_finish_switch_fiber(caller_sanitizer, nullptr, nullptr);
#endif
}

/* last: the fiber will not come back, so its own AddressSanitizer stack can go */
void to_caller(fiber &f, bool last) {
  (void)last;
#ifdef HAS_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &f.sanitizer, caller_stack, caller_bytes);
#endif
  switch_stack(&f.place, caller_place);
#ifdef HAS_ASAN
  __sanitizer_finish_switch_fiber(f.sanitizer, &caller_stack, &caller_bytes);
#endif
}

void first_step() {
#ifdef HAS_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &caller_stack, &caller_bytes);
#endif
  current_body();
  to_caller(*current, true);
  abort(); /* an ended fiber is never run again */
}

} // namespace

void fiber_start(fiber &f, void (*body)()) {
  f.stack = take_stack();
  f.sanitizer = nullptr;
  current_body = body;
#if defined(__x86_64__)
  void **top = (void **)(f.stack + stack_bytes - 64);
  *--top = nullptr; /* where a return address would be: keeps the stack aligned as a call does */
  *--top = (void *)first_step;
  for (int i = 0; i < 6; i++) *--top = nullptr; /* the registers that switch_stack restores */
  f.place = top;
#else
  ucontext_t *context = (ucontext_t *)f.stack; /* at the far end of the stack */
  getcontext(context);
  context->uc_stack.ss_sp = f.stack + sizeof *context;
  context->uc_stack.ss_size = stack_bytes - sizeof *context;
  context->uc_link = nullptr;
  makecontext(context, first_step, 0);
  f.place = context;
#endif
}

void fiber_run(fiber &f) {
  current = &f;
  to_fiber(f);
}

void fiber_pause(fiber &f) { to_caller(f, false); }

void fiber_end(fiber &f) {
  if (!f.stack) return;
#ifdef HAS_ASAN
  __asan_unpoison_memory_region(f.stack, stack_bytes);
#endif
  pool.free.push_back(f.stack);
  f.stack = nullptr;
}

} // namespace cuda_emulator

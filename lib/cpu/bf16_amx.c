/* bf16_amx.c: products of panels of bfloat16 (see bf16.h) by AMX: tiles of 16 rows of 64 bytes, which the processor
 * multiplies as matrices. */
#define _GNU_SOURCE /* syscall */
#include "bf16.h"

#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* The intrinsics do not tell compilers that tiles are loaded from memory and stored to it. */
#define FENCE __asm__ volatile("" ::: "memory")

/* All eight tiles alike; as the instruction wants it */
static const struct {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} layout __attribute__((aligned(64))) = {
    .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

static void begin(void) { _tile_loadconfig(&layout); }

static void end(void) { _tile_release(); }

/* Tiles 0 … 3 hold the sums, 4 and 5 a step's rows of a, 6 and 7 its columns of b. */
static void multiply(float *out, int64_t out_step, const uint32_t *a, const mt_bf16_tiles *b, int64_t steps, int add) {
  float *below = out + 16 * out_step;
  int64_t row = out_step * (int64_t)sizeof *out, b_row = b->row * (int64_t)sizeof *b->data;
  FENCE;
  if (add) {
    _tile_loadd(0, out, row);
    _tile_loadd(1, out + 16, row);
    _tile_loadd(2, below, row);
    _tile_loadd(3, below + 16, row);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t s = 0; s < steps; s++, a += MT_BF16_STEP) {
    const uint32_t *right = b->data + b->at[s];
    _tile_loadd(6, right, b_row);
    _tile_loadd(4, a, 64);
    _tile_loadd(7, right + b->half, b_row);
    _tile_loadd(5, a + MT_BF16_STEP / 2, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, out, row);
  _tile_stored(1, out + 16, row);
  _tile_stored(2, below, row);
  _tile_stored(3, below + 16, row);
  FENCE;
}

/* The system keeps 8 kB of tiles for each thread, and wants to be asked first. */
static int is_allowed(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
#else
  return 0;
#endif
}

int mt_bf16_has_amx(void) {
  enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE);
}

const mt_bf16 *mt_bf16_amx(void) {
  static const mt_bf16 amx = {"amx", begin, multiply, end};
  return is_allowed() ? &amx : NULL;
}

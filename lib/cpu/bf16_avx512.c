/* bf16_avx512.c: panels of bfloat16 for products (see bf16.h), and their product by vdpbf16ps, for AVX-512 with BF16. */
#include "bf16.h"

#include <immintrin.h>

enum { ROWS = 8 }; /* of a product made at once: ROWS × 32 sums fit the registers */

/* -- Packing ---------------------------------------------------------------------------------------------------- */

static inline __mmask16 first(int64_t n) { return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1); }

/* row[i]: line i's pairs. depth: elements of a line, 32 at most */
static inline void load_lines(__m512i *row, const mt_bf16_lines *from, int64_t count, int64_t depth) {
  __mmask16 low = first(depth), high = first(depth - 16);
  for (int64_t i = 0; i < 16; i++) {
    const float *x = from->data + i * from->line;
    if (i >= count)
      row[i] = _mm512_setzero_si512();
    else
      row[i] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, x + 16), _mm512_maskz_loadu_ps(low, x));
  }
}

/* The same, whatever the steps */
static inline void gather_lines(__m512i *row, const mt_bf16_lines *from, int64_t count, int64_t depth) {
  const __m512i place = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i at = _mm512_mullo_epi32(place, _mm512_set1_epi32((int)from->step));
  for (int64_t i = 0; i < 16; i++) {
    const float *x = from->data + i * from->line;
    __mmask16 low = i < count ? first(depth) : 0, high = i < count ? first(depth - 16) : 0;
    __m512 a = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), low, at, x, 4);
    __m512 b = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), high, at, x + 16 * from->step, 4);
    row[i] = (__m512i)_mm512_cvtne2ps_pbh(b, a);
  }
}

/* Pairs of the numbers of two vectors */
static inline __m512i zip(__m512 a, __m512 b) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(b, a));
}

/* row[i]: pair i of each line */
static inline void load_pairs(__m512i *row, const mt_bf16_lines *from, int64_t count, int64_t depth) {
  __mmask16 lines = first(count);
  for (int64_t i = 0; i < 16; i++) {
    const float *x = from->data + 2 * i * from->step, *next = x + MT_BF16_DEPTH * from->step;
    __builtin_prefetch(next);
    __builtin_prefetch(next + from->step);
    __m512 a = _mm512_maskz_loadu_ps(2 * i < depth ? lines : 0, x);
    __m512 b = _mm512_maskz_loadu_ps(2 * i + 1 < depth ? lines : 0, x + from->step);
    row[i] = zip(a, b);
  }
}

/* 16×16, transposed: each of the four rounds moves a bit of the column's number to the row's, and one the other way. */
static inline void turn(__m512i *row) {
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
  __m512i other[16];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 8; i++) {
      other[2 * i] = _mm512_permutex2var_epi32(row[i], low, row[i + 8]);
      other[2 * i + 1] = _mm512_permutex2var_epi32(row[i], high, row[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
      row[2 * i] = _mm512_permutex2var_epi32(other[i], low, other[i + 8]);
      row[2 * i + 1] = _mm512_permutex2var_epi32(other[i], high, other[i + 8]);
    }
  }
}

static inline void pack_tile(uint32_t *to, const mt_bf16_lines *from, int64_t count, int64_t depth, int pairs_down) {
  __m512i row[16];
  if (from->step == 1)
    load_lines(row, from, count, depth);
  else if (from->line == 1)
    load_pairs(row, from, count, depth);
  else
    gather_lines(row, from, count, depth);
  if ((from->step == 1 || from->line != 1) == pairs_down) turn(row);
  for (int i = 0; i < 16; i++) _mm512_storeu_si512(to + 16 * i, row[i]);
}

void mt_bf16_pack(uint32_t *to, const mt_bf16_lines *from, int64_t count, int64_t depth, int pairs_down) {
  for (int64_t k = 0; k < depth; k += MT_BF16_DEPTH)
    for (int64_t i = 0; i < MT_BF16_SIDE; i += 16, to += MT_BF16_STEP / 2) {
      mt_bf16_lines tile = {from->data + i * from->line + k * from->step, from->line, from->step};
      pack_tile(to, &tile, count - i, mt_least(depth - k, MT_BF16_DEPTH), pairs_down);
    }
}

void mt_bf16_pair(uint32_t *to, const float *a, const float *b, int64_t step, int64_t n) {
  const __m512i place = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i at = _mm512_mullo_epi32(place, _mm512_set1_epi32((int)step));
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t i = 0; i < n; i += 16, a += 16 * step) {
    __mmask16 there = first(n - i), too = b ? there : 0;
    __m512 x, y;
    if (step == 1) {
      x = _mm512_maskz_loadu_ps(there, a);
      y = _mm512_maskz_loadu_ps(too, b);
    } else {
      x = _mm512_mask_i32gather_ps(zero, there, at, a, 4);
      y = _mm512_mask_i32gather_ps(zero, too, at, b, 4);
    }
    _mm512_mask_storeu_epi32(to + i, there, zip(x, y));
    if (b) b += 16 * step;
  }
}

/* -- Products --------------------------------------------------------------------------------------------------- */

/* ROWS rows of the product, from row i on */
static inline void multiply_rows(float *out, int64_t out_step, const uint32_t *a, const mt_bf16_tiles *b, int64_t steps,
                                 int add) {
  __m512 sum[ROWS][2];
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < 2; v++) sum[r][v] = add ? _mm512_loadu_ps(out + r * out_step + 16 * v) : _mm512_setzero_ps();
  for (int64_t s = 0; s < steps; s++, a += MT_BF16_STEP) {
    const uint32_t *row = b->data + b->at[s];
    for (int p = 0; p < 16; p++, row += b->row) {
      __m512bh left = (__m512bh)_mm512_loadu_si512(row);
      __m512bh right = (__m512bh)_mm512_loadu_si512(row + b->half);
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) {
        __m512bh pair = (__m512bh)_mm512_set1_epi32((int)a[16 * r + p]);
        sum[r][0] = _mm512_dpbf16_ps(sum[r][0], pair, left);
        sum[r][1] = _mm512_dpbf16_ps(sum[r][1], pair, right);
      }
    }
  }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < 2; v++) _mm512_storeu_ps(out + r * out_step + 16 * v, sum[r][v]);
}

static void multiply(float *out, int64_t out_step, const uint32_t *a, const mt_bf16_tiles *b, int64_t steps, int add) {
  for (int i = 0; i < MT_BF16_SIDE; i += ROWS) multiply_rows(out + i * out_step, out_step, a + 16 * i, b, steps, add);
}

static void nothing(void) {}

const mt_bf16 mt_bf16_avx512 = {"avx512_bf16", nothing, multiply, nothing};

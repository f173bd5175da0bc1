/* lanes.h: vectors of LANES floats, and the product of matrices that they are made for. Included where LANES is set and
 * the file is compiled for an instruction set that has such vectors. */
#ifndef MOONTORCH_LANES_H
#define MOONTORCH_LANES_H
#include <immintrin.h>
#include <stdint.h>

#define INLINED static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(LANES * 4)));
typedef float lanes_anywhere __attribute__((vector_size(LANES * 4), aligned(4)));
typedef float four __attribute__((vector_size(16), aligned(4)));
typedef int32_t lanes_mask __attribute__((vector_size(LANES * 4)));

enum {
  ROWS = LANES / 2, /* of a product made at once: ROWS × WIDE sums fit the registers */
  WIDE = 2 * LANES,
  LINES = 6 /* the same for multiply_lines */
};

#if LANES == 16
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#else
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#endif

INLINED lanes choose(lanes_mask mask, lanes yes, lanes no) {
  return (lanes)(((lanes_mask)yes & mask) | ((lanes_mask)no & ~mask));
}

/* Copies so many numbers, without touching others. */
INLINED void copy_some(float *to, const float *from, int count) {
#if LANES == 16
  for (; count > 0; count -= LANES, to += LANES, from += LANES) {
    __mmask16 mask = (__mmask16)(count < LANES ? (1 << count) - 1 : -1);
    _mm512_mask_storeu_ps(to, mask, _mm512_maskz_loadu_ps(mask, from));
  }
#else
  const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (; count > 0; count -= LANES, to += LANES, from += LANES) {
    __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), place);
    _mm256_maskstore_ps(to, mask, _mm256_maskload_ps(from, mask));
  }
#endif
}

INLINED lanes rectified(lanes x) { return choose(x < 0, (lanes){0}, x); }

/* to: 4×4 numbers, lines of to_step; from: the same, transposed, lines of from_step */
INLINED void turn_four(float *to, int64_t to_step, const float *from, int64_t from_step) {
  four a = *(const four *)from, b = *(const four *)(from + from_step);
  four c = *(const four *)(from + 2 * from_step), d = *(const four *)(from + 3 * from_step);
  four low_1 = __builtin_shufflevector(a, b, 0, 4, 1, 5), low_2 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  four high_1 = __builtin_shufflevector(a, b, 2, 6, 3, 7), high_2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(four *)to = __builtin_shufflevector(low_1, low_2, 0, 1, 4, 5);
  *(four *)(to + to_step) = __builtin_shufflevector(low_1, low_2, 2, 3, 6, 7);
  *(four *)(to + 2 * to_step) = __builtin_shufflevector(high_1, high_2, 0, 1, 4, 5);
  *(four *)(to + 3 * to_step) = __builtin_shufflevector(high_1, high_2, 2, 3, 6, 7);
}

/* So many vectors, the rows of a matrix, become those of its transpose, one behind the other: each step of zipping moves a
 * bit of a row's number to the column's. */
INLINED void transpose_rows(lanes *x, int rows) {
  for (int i = 1; i < rows; i *= 2) {
    lanes y[LANES];
    for (int j = 0; j < rows / 2; j++) {
      y[2 * j] = __builtin_shufflevector(x[j], x[j + rows / 2], ZIP_LOW);
      y[2 * j + 1] = __builtin_shufflevector(x[j], x[j + rows / 2], ZIP_HIGH);
    }
    for (int j = 0; j < rows; j++) x[j] = y[j];
  }
}

/* LANES vectors, transposed as a square of numbers */
INLINED void transpose(lanes *x) { transpose_rows(x, LANES); }

/* m (ROWS × WIDE) = u (ROWS × depth) times v (depth × WIDE), or m += that, at last: sums of sums round less than a long
 * sum. Element r, i of u lies at u[r·u_row + i·u_step]; the rows of m and v are m_step and v_step apart. */
INLINED void multiply(float *m, int64_t m_step, const float *u, int64_t u_row, int64_t u_step, const float *v,
                      int64_t v_step, int64_t depth, int add) {
  lanes sum[ROWS][2] = {{{0}}};
  for (int64_t i = 0; i < depth; i++, u += u_step, v += v_step) {
    lanes a = *(const lanes_anywhere *)v, b = *(const lanes_anywhere *)(v + LANES);
    for (int r = 0; r < ROWS; r++) {
      sum[r][0] += u[r * u_row] * a;
      sum[r][1] += u[r * u_row] * b;
    }
  }
  for (int r = 0; r < ROWS; r++, m += m_step) {
    if (add) {
      sum[r][0] += *(const lanes_anywhere *)m;
      sum[r][1] += *(const lanes_anywhere *)(m + LANES);
    }
    *(lanes_anywhere *)m = sum[r][0];
    *(lanes_anywhere *)(m + LANES) = sum[r][1];
  }
}

/* m (2 ROWS × LANES) = u and other (ROWS × depth each, as in panels of ROWS) times v (depth × LANES), or m += that */
INLINED void multiply_narrow(float *m, int64_t m_step, const float *u, const float *other, const float *v,
                             int64_t v_step, int64_t depth, int add) {
  lanes sum[2 * ROWS] = {{0}};
  for (int64_t i = 0; i < depth; i++, u += ROWS, other += ROWS, v += v_step) {
    lanes a = *(const lanes_anywhere *)v;
    for (int r = 0; r < ROWS; r++) {
      sum[r] += u[r] * a;
      sum[ROWS + r] += other[r] * a;
    }
  }
  for (int r = 0; r < 2 * ROWS; r++, m += m_step)
    *(lanes_anywhere *)m = add ? *(const lanes_anywhere *)m + sum[r] : sum[r];
}

/* m = u times v, or m += that, of LINES rows and so many vectors to a row (2, or 4 where registers are many). The depth
 * is count lines of so many numbers: number i of line l of row r lies at u[r][l·line + i·step], and v has a row for
 * each, one behind the other. */
INLINED void multiply_lines(float *m, int64_t m_step, const float *const *u, int64_t line, int64_t step, const float *v,
                            int64_t count, int64_t depth, int add, int vectors) {
  lanes sum[LINES][4];
  for (int r = 0; r < LINES; r++)
    for (int j = 0; j < vectors; j++) sum[r][j] = (lanes){0};
  for (int64_t l = 0; l < count; l++)
    for (int64_t i = 0, at = l * line; i < depth; i++, at += step, v += vectors * LANES) {
      lanes x[4];
      for (int j = 0; j < vectors; j++) x[j] = *(const lanes_anywhere *)(v + j * LANES);
      for (int r = 0; r < LINES; r++)
        for (int j = 0; j < vectors; j++) sum[r][j] += u[r][at] * x[j];
    }
  for (int r = 0; r < LINES; r++)
    for (int j = 0; j < vectors; j++) {
      lanes_anywhere *to = (lanes_anywhere *)(m + r * m_step + j * LANES);
      *to = add ? *to + sum[r][j] : sum[r][j];
    }
}

#endif

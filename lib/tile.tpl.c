/* tile.tpl.c: products of small matrices that lie in the cache, in the vectors of vectors.tpl.c.
 *
 * The right operand of a product lies in panels: PANEL of its columns side by side, all rows of these, then the next
 * columns. The rows of the left one and of the result come in whole ROWS, the columns of the result in whole panels;
 * what is there in excess holds zeros or is never looked at. */
#include "vectors.tpl.c"
#if MT_IS_FLOAT

#undef PANEL
#define PANEL (2 * LANES)
/* With 32 registers eight rows by two vectors keep the multipliers busy; with 16, four. */
#define ROWS (MT_VECTOR == 64 ? 8 : 4)

/* -- Products ----------------------------------------------------------------------------------------------- */

/* c (rows × vectors·LANES, lines ldc apart) = or += the sum over k < depth of a[i·ra + k·ca] times line k of b */
MT_INLINE __attribute__((always_inline)) void K(tile)(A *c, int64_t ldc, const A *a, int64_t ra, int64_t ca, const A *b, int64_t depth,
                       const int rows, const int vectors, const int add) {
  K(vec) sum[ROWS][2];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) sum[i][v] = add ? *(K(vec) *)(c + i * ldc + v * LANES) : (K(vec)){0};
  for (int64_t k = 0; k < depth; k++, a += ca, b += PANEL) {
    K(vec) b0 = *(const K(vec) *)b, b1 = vectors > 1 ? *(const K(vec) *)(b + LANES) : b0;
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
      A x = a[i * ra];
      sum[i][0] += x * b0;
      if (vectors > 1) sum[i][1] += x * b1;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) *(K(vec) *)(c + i * ldc + v * LANES) = sum[i][v];
}

/* c (rows×n) = or += a (rows×depth, at steps ra, ca) times b (depth×n, in panels of so many lines). One or two rows are
 * done by themselves, and half of ROWS where there are no more. */
static __attribute__((noinline)) void K(product)(A *c, int64_t ldc, const A *a, int64_t ra, int64_t ca, const A *b, int64_t lines, int64_t rows,
                       int64_t depth, int64_t n, int add) {
  const int64_t by = rows > 2 ? ROWS : 1;
  for (int64_t j = 0; j < n; j += PANEL, b += lines * PANEL)
    for (int64_t i = 0; i < rows; i += by) {
      A *to = c + i * ldc + j;
      const A *from = a + i * ra;
      if (by == 1) {
        if (add) K(tile)(to, ldc, from, ra, ca, b, depth, 1, 2, 1);
        else K(tile)(to, ldc, from, ra, ca, b, depth, 1, 2, 0);
      } else if (2 * (rows - i) <= ROWS) {
        if (add) K(tile)(to, ldc, from, ra, ca, b, depth, ROWS / 2, 2, 1);
        else K(tile)(to, ldc, from, ra, ca, b, depth, ROWS / 2, 2, 0);
      } else if (n - j > LANES) {
        if (add) K(tile)(to, ldc, from, ra, ca, b, depth, ROWS, 2, 1);
        else K(tile)(to, ldc, from, ra, ca, b, depth, ROWS, 2, 0);
      } else {
        if (add) K(tile)(to, ldc, from, ra, ca, b, depth, ROWS, 1, 1);
        else K(tile)(to, ldc, from, ra, ca, b, depth, ROWS, 1, 0);
      }
    }
}

/* -- Laying out --------------------------------------------------------------------------------------------- */

/* The places in two vectors, one behind the other, whose numbers stand in turn in their first and in their second halves */
#define IN_TURN(I) (I) / 2 + (I) % 2 * LANES
#define FOUR_IN_TURN(I) IN_TURN(I), IN_TURN((I) + 1), IN_TURN((I) + 2), IN_TURN((I) + 3)
static const K(word) K(in_turn)[32] __attribute__((aligned(64))) = {
    FOUR_IN_TURN(0),  FOUR_IN_TURN(4),  FOUR_IN_TURN(8),  FOUR_IN_TURN(12),
    FOUR_IN_TURN(16), FOUR_IN_TURN(20), FOUR_IN_TURN(24), FOUR_IN_TURN(28)};
#undef FOUR_IN_TURN
#undef IN_TURN

/* to: LANES lines, PANEL apart, of LANES; from: as many columns, cs apart; each element times scale. A step of zipping
 * moves a bit of a column's number to that of its lane. */
MT_INLINE void K(turn_square)(A *to, const T *from, int64_t cs, A scale) {
  const K(bits) first = *(const K(bits) *)K(in_turn), second = *(const K(bits) *)(K(in_turn) + LANES);
  K(vec) x[LANES], y[LANES];
  for (int i = 0; i < LANES; i++) x[i] = *(const K(loose) *)(const void *)(from + i * cs) * scale;
  for (int step = 1; step < LANES; step *= 2) {
    for (int i = 0; i < LANES / 2; i++) {
      y[2 * i] = __builtin_shuffle(x[i], x[i + LANES / 2], first);
      y[2 * i + 1] = __builtin_shuffle(x[i], x[i + LANES / 2], second);
    }
    for (int i = 0; i < LANES; i++) x[i] = y[i];
  }
  for (int i = 0; i < LANES; i++) *(K(vec) *)(to + i * PANEL) = x[i];
}

/* A panel of width columns, cs apart, each of which lies side by side */
static void K(turn_panel)(A *to, const T *from, int64_t cs, int64_t rows, int64_t width, A scale) {
  for (int64_t c = 0; c < width; c += LANES, to += LANES, from += LANES * cs) {
    int64_t columns = mt_least(LANES, width - c), k = 0;
    if (sizeof(T) == sizeof(A) && columns == LANES)
      for (; k + LANES <= rows; k += LANES) K(turn_square)(to + k * PANEL, from + k, cs, scale);
    for (int64_t i = 0; i < columns; i++)
      for (int64_t l = k; l < rows; l++) to[l * PANEL + i] = LOAD(from[i * cs + l]) * scale;
  }
}

/* n elements, step apart, times scale */
MT_INLINE void K(take)(A *restrict to, const T *restrict from, int64_t step, int64_t n, A scale) {
  if (step == 1)
    for (int64_t i = 0; i < n; i++) to[i] = LOAD(from[i]) * scale;
  else
    for (int64_t i = 0; i < n; i++) to[i] = LOAD(from[i * step]) * scale;
}

/* to: panels of depth lines; from: rows×n at steps rs, cs, times scale. What is there in excess to the right is zeros. */
static void K(lay_panels)(A *to, int64_t depth, const T *from, int64_t rs, int64_t cs, int64_t rows, int64_t n,
                          A scale) {
  for (int64_t j = 0; j < n; j += PANEL, to += depth * PANEL) {
    int64_t width = mt_least(PANEL, n - j);
    if (width < PANEL) memset(to, 0, (size_t)(rows * PANEL) * sizeof(A));
    if (rs == 1)
      K(turn_panel)(to, from + j * cs, cs, rows, width, scale);
    else if (width == PANEL)
      for (int64_t k = 0; k < rows; k++) K(take)(to + k * PANEL, from + k * rs + j * cs, cs, PANEL, scale);
    else
      for (int64_t k = 0; k < rows; k++) K(take)(to + k * PANEL, from + k * rs + j * cs, cs, width, scale);
  }
}
#endif

/* tile.tpl.c: products of small matrices that lie in the cache, and exp, in vectors of the arithmetic type A. The including
 * file defines MT_VECTOR, the bytes of a vector, and compiles the same code for each instruction set.
 *
 * The right operand of a product lies in panels: PANEL of its columns side by side, all rows of these, then the next
 * columns. The rows of the left one and of the result come in whole ROWS, the columns of the result in whole panels;
 * what is there in excess holds zeros or is never looked at. */
#if MT_IS_FLOAT

#undef LANES
#undef PANEL
#define LANES ((int64_t)(MT_VECTOR / sizeof(A)))
#define PANEL (2 * LANES)
/* With 32 registers eight rows by two vectors keep the multipliers busy; with 16, four. */
#define ROWS (MT_VECTOR == 64 ? 8 : 4)

typedef A K(vec) __attribute__((vector_size(MT_VECTOR), may_alias));
typedef A K(loose) __attribute__((vector_size(MT_VECTOR), may_alias, aligned(sizeof(A)))); /* anywhere in memory */
typedef __typeof__(__builtin_choose_expr(sizeof(A) == 4, (int32_t)0, (int64_t)0)) K(word);
typedef K(word) K(bits) __attribute__((vector_size(MT_VECTOR), may_alias));

MT_INLINE K(vec) K(pick)(K(bits) where, K(vec) a, K(vec) b) { return (K(vec))((where & (K(bits))a) | (~where & (K(bits))b)); }

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

/* to: panels of depth lines; from: rows×n at steps rs, cs, times scale. What is there in excess to the right is zeros. */
static void K(lay_panels)(A *to, int64_t depth, const T *from, int64_t rs, int64_t cs, int64_t rows, int64_t n,
                          A scale) {
  for (int64_t j = 0; j < n; j += PANEL, to += depth * PANEL) {
    int64_t width = mt_least(PANEL, n - j);
    if (width < PANEL) memset(to, 0, (size_t)(rows * PANEL) * sizeof(A));
    if (cs <= rs)
      for (int64_t k = 0; k < rows; k++)
        for (int64_t c = 0; c < width; c++) to[k * PANEL + c] = LOAD(from[k * rs + (j + c) * cs]) * scale;
    else
      for (int64_t c = 0; c < width; c++)
        for (int64_t k = 0; k < rows; k++) to[k * PANEL + c] = LOAD(from[k * rs + (j + c) * cs]) * scale;
  }
}

/* -- exp and its kin ---------------------------------------------------------------------------------------- */

#define SINGLE (sizeof(A) == 4)

/* x = n ln 2 + r with |r| <= ln 2 / 2: gives exp r - 1, and 2^n in *power. n is that of a normal number. */
MT_INLINE K(vec) K(split)(K(vec) x, K(vec) *power) {
  const A ln2_high = SINGLE ? (A)0.693145751953125 : (A)6.93147180369123816490e-01;
  const A ln2_low = SINGLE ? (A)1.42860682030941723212e-06 : (A)1.90821492927058770002e-10;
  const A magic = SINGLE ? (A)12582912. : (A)6755399441055744.; /* 1.5 · 2^mantissa: a sum's low bits are n */
  K(vec) t = x * (A)1.44269504088896340736 + magic, n = t - magic;
  K(vec) r = x - n * ln2_high - n * ln2_low;
  K(vec) p = (K(vec)){0} + (A)(SINGLE ? 1. / 5040 : 1. / 479001600);
  if (!SINGLE) {
    p = p * r + (A)(1. / 39916800);
    p = p * r + (A)(1. / 3628800);
    p = p * r + (A)(1. / 362880);
    p = p * r + (A)(1. / 40320);
    p = p * r + (A)(1. / 5040);
  }
  p = p * r + (A)(1. / 720);
  p = p * r + (A)(1. / 120);
  p = p * r + (A)(1. / 24);
  p = p * r + (A)(1. / 6);
  p = p * r + (A)0.5;
  *power = (K(vec))((K(bits))((K(vec)){0} + 1) + ((K(bits))t << (SINGLE ? 23 : 52)));
  return p * r * r + r;
}

/* exp of numbers up to 88 (float) or 709, to about one unit in the last place; 0 below the smallest normal number */
MT_INLINE K(vec) K(vexp)(K(vec) x) {
  K(bits) tiny = x < (SINGLE ? (A)-87.33 : (A)-708.39);
  K(vec) power, p = K(split)(x, &power);
  return (K(vec))((K(bits))(p * power + power) & ~tiny);
}

MT_INLINE K(vec) K(vsigmoid)(K(vec) x) {
  const A most = SINGLE ? 87 : 708;
  return 1 / (1 + K(vexp)(K(pick)(x < -most, (K(vec)){0} + most, -x)));
}

/* -(exp(-2|x|) - 1) / (exp(-2|x|) + 1), with x's sign */
MT_INLINE K(vec) K(vtanh)(K(vec) x) {
  const K(bits) sign = (K(bits)) - (K(vec)){0};
  const A most = SINGLE ? 87 : 708;
  K(vec) y = (K(vec))((K(bits))x | sign), power; /* -|x| */
  K(vec) p = K(split)(K(pick)(y < -most / 2, (K(vec)){0} - most, y + y), &power);
  K(vec) m = p * power + (power - 1);
  return (K(vec))((K(bits))(-m / (m + 2)) | ((K(bits))x & sign));
}

/* The places of lanes whose numbers differ in one bit */
static const K(word) K(across)[4][16] __attribute__((aligned(64))) = {
    {1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14},
    {2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13},
    {4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11},
    {8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7}};

MT_INLINE K(vec) K(swapped)(K(vec) v, int bit) { return __builtin_shuffle(v, *(const K(bits) *)K(across)[bit]); }

MT_INLINE A K(sum_of)(K(vec) v) {
  for (int bit = 0; 1 << bit < LANES; bit++) v += K(swapped)(v, bit);
  return v[0];
}

MT_INLINE K(vec) K(larger)(K(vec) a, K(vec) b) { return K(pick)(a > b, a, b); }
#endif

/* vectors.tpl.c: vectors of the arithmetic type A, and exp and its kin in them. The including file defines MT_VECTOR,
 * the bytes of a vector, and compiles the same code for each instruction set. */
#if MT_IS_FLOAT

#undef LANES
#define LANES ((int64_t)(MT_VECTOR / sizeof(A)))

typedef A K(vec) __attribute__((vector_size(MT_VECTOR), may_alias));
typedef A K(loose) __attribute__((vector_size(MT_VECTOR), may_alias, aligned(sizeof(A)))); /* anywhere in memory */
typedef __typeof__(__builtin_choose_expr(sizeof(A) == 4, (int32_t)0, (int64_t)0)) K(word);
typedef K(word) K(bits) __attribute__((vector_size(MT_VECTOR), may_alias));

MT_INLINE K(vec) K(pick)(K(bits) where, K(vec) a, K(vec) b) { return (K(vec))((where & (K(bits))a) | (~where & (K(bits))b)); }

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

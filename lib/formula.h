/* formula.h: what the formulas of ops.def are written with, beside the operators of C. C11 and CUDA C++.
 * DIV, FMOD, REMAINDER, POW and the shifts differ between floating and whole numbers; the including file defines MT_IS_FLOAT,
 * A (arithmetic type) and, for floating dtypes, M(f). A zero divisor never reaches the whole-number forms: the
 * dispatcher refuses it. */
#ifndef MOONTORCH_FORMULA_H
#define MOONTORCH_FORMULA_H
#include "half.h"

/* The one overflow of whole-number division, smallest / -1, traps on x86: it wraps here, as multiplication does. */
MT_INLINE int64_t mt_divide(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

MT_INLINE int64_t mt_fmod(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }

/* the result has the divisor's sign */
MT_INLINE int64_t mt_remainder(int64_t a, int64_t b) {
  int64_t r = mt_fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

MT_INLINE int64_t mt_power(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
  uint64_t result = 1, base = (uint64_t)a;
  for (; b > 0; b >>= 1) {
    if (b & 1) result *= base;
    base *= base;
  }
  return (int64_t)result;
}

MT_INLINE int64_t mt_shift_left(int64_t a, int64_t b) { return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a << b); }

/* zeros come in from the left, as in Torch7; a: the bits of a number as an unsigned one of its own width */
MT_INLINE int64_t mt_shift_right(uint64_t a, int64_t b) { return b < 0 || b > 63 ? 0 : (int64_t)(a >> b); }

#define MT_FLOAT_REMAINDER(a, b) ((b) == 0 ? (a) / (b)*0 : (a) - (b)*M(floor)((a) / (b)))
#endif

#undef DIV
#undef FMOD
#undef REMAINDER
#undef POW
#undef NORMAL
#undef DENSITY
#undef GELU_SLOPE
#undef GELU_INNER
#undef GELU_INNER_SLOPE
#undef GELU_TANH_SLOPE
#undef SHIFT_LEFT
#undef SHIFT_RIGHT
#if MT_IS_FLOAT
#define DIV(a, b) ((a) / (b))
#define FMOD(a, b) M(fmod)((a), (b))
#define REMAINDER(a, b) MT_FLOAT_REMAINDER(a, b)
#define POW(a, b) M(pow)((a), (b))
/* the normal distribution below a; its density; gelu's slope */
#define NORMAL(a) ((A)0.5 * M(erfc)((a) * (A)-0.70710678118654752440))
#define DENSITY(a) ((A)0.39894228040143267794 * M(exp)((A)-0.5 * (a) * (a)))
#define GELU_SLOPE(a) (NORMAL(a) + (a)*DENSITY(a))
/* gelu's tanh form: what stands inside, its slope, and the slope of the whole */
#define GELU_INNER(a) ((A)0.79788456080286535588 * ((a) + (A)0.044715 * (a) * (a) * (a)))
#define GELU_INNER_SLOPE(a) ((A)0.79788456080286535588 * (1 + (A)0.134145 * (a) * (a)))
#define GELU_TANH_SLOPE(a) \
  ((A)0.5 *                \
   (1 + M(tanh)(GELU_INNER(a)) + (a)*GELU_INNER_SLOPE(a) * (1 - M(tanh)(GELU_INNER(a)) * M(tanh)(GELU_INNER(a)))))
#define SHIFT_LEFT(a, b) ((a)*M(exp2)(b))
#define SHIFT_RIGHT(a, b) ((a) / M(exp2)(b))
#else
#define DIV(a, b) mt_divide((a), (b))
#define FMOD(a, b) mt_fmod((a), (b))
#define REMAINDER(a, b) mt_remainder((a), (b))
#define POW(a, b) mt_power((a), (b))
#define SHIFT_LEFT(a, b) mt_shift_left((a), (b))
#define SHIFT_RIGHT(a, b) mt_shift_right((uint64_t)(a)&UINT64_MAX >> (64 - 8 * sizeof(a)), (b))
#endif

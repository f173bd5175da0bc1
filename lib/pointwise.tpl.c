/* pointwise.tpl.c: the 1-D kernels of every pointwise row, for one dtype (see each_dtype.h).
 * step is in bytes; the loops that the compiler can vectorise are those over packed elements. */
#include "formula.h"

#define PACKED(k) (step[k] == (int64_t)sizeof(T))
#define AT(type, k) (*(type *)(p[k] + i * step[k]))
#define HEAD(NAME)                                                                              \
  static void K(NAME)(int64_t n, char *const *p, const int64_t *step, double s_, double t_) {   \
    const A s = (A)s_, t = (A)t_;                                                               \
    (void)s, (void)t;
#define EACH MT_INDEPENDENT for (int64_t i = 0; i < n; i++)

#define UNARY(NAME, TYPES, FORMULA) TYPES(UNARY_(NAME, FORMULA))
#define UNARY_(NAME, FORMULA)                \
  HEAD(NAME)                                 \
  if (PACKED(0) && PACKED(1)) {              \
    T *out = (T *)p[0];                      \
    const T *in = (const T *)p[1];           \
    EACH {                                   \
      const A a = LOAD(in[i]);               \
      out[i] = STORE(FORMULA);               \
    }                                        \
    return;                                  \
  }                                          \
  EACH {                                     \
    const A a = LOAD(AT(const T, 1));        \
    AT(T, 0) = STORE(FORMULA);               \
  }                                          \
  }

#define BINARY(NAME, TYPES, FORMULA) TYPES(BINARY_(NAME, T, STORE, FORMULA))
#define COMPARE(NAME, TYPES, FORMULA) TYPES(BINARY_(NAME, uint8_t, (uint8_t), FORMULA))
#define BINARY_(NAME, OUT, PUT, FORMULA)                                    \
  HEAD(NAME)                                                                \
  if (step[0] == (int64_t)sizeof(OUT) && (PACKED(1) || !step[1]) && (PACKED(2) || !step[2])) { \
    OUT *out = (OUT *)p[0];                                                 \
    const T *x = (const T *)p[1], *y = (const T *)p[2];                     \
    if (step[1] && step[2]) {                                               \
      EACH {                                                                \
        const A a = LOAD(x[i]), b = LOAD(y[i]);                             \
        out[i] = PUT(FORMULA);                                              \
      }                                                                     \
    } else if (step[1]) {                                                   \
      const A b = LOAD(*y);                                                 \
      EACH {                                                                \
        const A a = LOAD(x[i]);                                             \
        out[i] = PUT(FORMULA);                                              \
      }                                                                     \
    } else {                                                                \
      const A a = LOAD(*x);                                                 \
      EACH {                                                                \
        const A b = LOAD(y[i * (step[2] != 0)]);                            \
        out[i] = PUT(FORMULA);                                              \
      }                                                                     \
    }                                                                       \
    return;                                                                 \
  }                                                                         \
  EACH {                                                                    \
    const A a = LOAD(AT(const T, 1)), b = LOAD(AT(const T, 2));             \
    AT(OUT, 0) = PUT(FORMULA);                                              \
  }                                                                         \
  }

/* Maths functions differ in the last bits between their vector and scalar forms, so that every element goes through a
 * whole vector, wherever it stands: neighbours and strides do not change its result. */
#if MT_IS_FLOAT
#define LANES 16

/* up to LANES elements, the last one again in the place of those that are missing */
static void K(gather_lanes)(T *to, const char *from, int64_t step, int64_t count) {
  for (int64_t i = 0; i < LANES; i++) to[i] = *(const T *)(from + (i < count ? i : count - 1) * step);
}

static void K(scatter_lanes)(char *to, int64_t step, const T *from, int64_t count) {
  for (int64_t i = 0; i < count; i++) *(T *)(to + i * step) = from[i];
}

#define UNARY_MATHS(NAME, TYPES, FORMULA)                                                                   \
  static MT_APART void K(NAME##_vectors)(int64_t vectors, T *out, const T *in, A s, A t) {                  \
    (void)s, (void)t;                                                                                       \
    const int64_t n = vectors * LANES;                                                                      \
    EACH {                                                                                                  \
      const A a = LOAD(in[i]);                                                                              \
      out[i] = STORE(FORMULA);                                                                              \
    }                                                                                                       \
  }                                                                                                         \
  HEAD(NAME)                                                                                                \
  const int64_t whole = PACKED(0) && PACKED(1) ? n / LANES : 0;                                             \
  if (whole) K(NAME##_vectors)(whole, (T *)p[0], (const T *)p[1], s, t);                                    \
  for (int64_t i = whole * LANES; i < n; i += LANES) {                                                      \
    const int64_t count = n - i < LANES ? n - i : LANES;                                                    \
    T lanes[LANES];                                                                                         \
    K(gather_lanes)(lanes, p[1] + i * step[1], step[1], count);                                             \
    K(NAME##_vectors)(1, lanes, lanes, s, t);                                                               \
    K(scatter_lanes)(p[0] + i * step[0], step[0], lanes, count);                                            \
  }                                                                                                         \
  }

#define BINARY_MATHS(NAME, TYPES, FORMULA)                                                                  \
  static MT_APART void K(NAME##_vectors)(int64_t vectors, T *out, const T *x, const T *y, A s, A t) {       \
    (void)s, (void)t;                                                                                       \
    const int64_t n = vectors * LANES;                                                                      \
    EACH {                                                                                                  \
      const A a = LOAD(x[i]), b = LOAD(y[i]);                                                               \
      out[i] = STORE(FORMULA);                                                                              \
    }                                                                                                       \
  }                                                                                                         \
  HEAD(NAME)                                                                                                \
  const int64_t whole = PACKED(0) && PACKED(1) && PACKED(2) ? n / LANES : 0;                                \
  if (whole) K(NAME##_vectors)(whole, (T *)p[0], (const T *)p[1], (const T *)p[2], s, t);                   \
  for (int64_t i = whole * LANES; i < n; i += LANES) {                                                      \
    const int64_t count = n - i < LANES ? n - i : LANES;                                                    \
    T lanes[2][LANES];                                                                                      \
    for (int k = 0; k < 2; k++) K(gather_lanes)(lanes[k], p[k + 1] + i * step[k + 1], step[k + 1], count);  \
    K(NAME##_vectors)(1, lanes[0], lanes[0], lanes[1], s, t);                                               \
    K(scatter_lanes)(p[0] + i * step[0], step[0], lanes[0], count);                                         \
  }                                                                                                         \
  }
#endif

#define TERNARY(NAME, TYPES, FORMULA) TYPES(TERNARY_(NAME, FORMULA))
#define TERNARY_(NAME, FORMULA)                                                                \
  HEAD(NAME)                                                                                   \
  if (PACKED(0) && PACKED(1) && PACKED(2) && PACKED(3)) {                                      \
    T *out = (T *)p[0];                                                                        \
    const T *x = (const T *)p[1], *y = (const T *)p[2], *z = (const T *)p[3];                  \
    EACH {                                                                                     \
      const A a = LOAD(x[i]), b = LOAD(y[i]), c = LOAD(z[i]);                                  \
      out[i] = STORE(FORMULA);                                                                 \
    }                                                                                          \
    return;                                                                                    \
  }                                                                                            \
  EACH {                                                                                       \
    const A a = LOAD(AT(const T, 1)), b = LOAD(AT(const T, 2)), c = LOAD(AT(const T, 3));      \
    AT(T, 0) = STORE(FORMULA);                                                                 \
  }                                                                                            \
  }

/* a, b: packed, or one number */
#define MASKED_EACH(FORMULA, X, Y)                                      \
  EACH {                                                                \
    const uint8_t m = mask[i];                                          \
    const A a = LOAD(X), b = LOAD(Y);                                   \
    out[i] = STORE(FORMULA);                                            \
  }
#define MASKED(NAME, TYPES, FORMULA) TYPES(MASKED_(NAME, FORMULA))
#define MASKED_(NAME, FORMULA)                                          \
  HEAD(NAME)                                                            \
  if (PACKED(0) && step[1] == 1 && (PACKED(2) || !step[2]) && (PACKED(3) || !step[3])) { \
    T *out = (T *)p[0];                                                 \
    const uint8_t *mask = (const uint8_t *)p[1];                        \
    const T *x = (const T *)p[2], *y = (const T *)p[3];                 \
    const T x0 = *x, y0 = *y;                                           \
    if (step[2] && step[3]) MASKED_EACH(FORMULA, x[i], y[i])            \
    else if (step[2]) MASKED_EACH(FORMULA, x[i], y0)                    \
    else if (step[3]) MASKED_EACH(FORMULA, x0, y[i])                    \
    else MASKED_EACH(FORMULA, x0, y0)                                   \
    return;                                                             \
  }                                                                     \
  EACH {                                                                \
    const uint8_t m = AT(const uint8_t, 1);                             \
    const A a = LOAD(AT(const T, 2)), b = LOAD(AT(const T, 3));         \
    AT(T, 0) = STORE(FORMULA);                                          \
  }                                                                     \
  }

#include "ops.def"

static void K(register)(void) {
#define SLOT(NAME) mt_kernel_set(MT_CPU, MT_OP_##NAME, DTYPE, (mt_kernel)K(NAME));
#define UNARY(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#define BINARY UNARY
#define TERNARY UNARY
#define COMPARE UNARY
#define MASKED UNARY
#include "ops.def"
}

#undef PACKED
#undef AT
#undef HEAD
#undef EACH
#undef UNARY_
#undef BINARY_
#undef TERNARY_
#undef MASKED_
#undef MASKED_EACH
#undef SLOT
#undef LANES

/* scan.tpl.c: running sums and products, for one dtype (see each_dtype.h). */

#if MT_IS_FLOAT
#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#else /* whole numbers wrap */
#define PLUS(x, y) ((ACC)((uint64_t)(x) + (uint64_t)(y)))
#define TIMES(x, y) ((ACC)((uint64_t)(x) * (uint64_t)(y)))
#endif

/* NAME_along: so many lines, 1 or BESIDE, an element of each at a time. All are read before any is written: lines are
 * often a power of two apart, and the processor takes addresses with equal low bits for the same. */
#define SCAN(NAME, START, JOIN)                                                                                   \
  static inline __attribute__((always_inline)) void K(NAME##_along)(const scan_lines *l, T *o, const T *a,        \
                                                                    const int64_t lines) {                        \
    ACC sum[BESIDE];                                                                                              \
    for (int64_t k = 0; k < lines; k++) sum[k] = START;                                                           \
    for (int64_t j = 0; j < l->n; j++) {                                                                          \
      for (int64_t k = 0; k < lines; k++)                                                                         \
        sum[k] = JOIN(sum[k], (ACC)LOAD(a[k * l->a_step + j * l->a_along]));                                      \
      for (int64_t k = 0; k < lines; k++) o[k * l->out_step + j * l->out_along] = STORE(sum[k]);                  \
    }                                                                                                             \
  }                                                                                                               \
  static void K(NAME##_lines)(const scan_lines *l, void *out, const void *in) {                                   \
    T *o = out;                                                                                                   \
    const T *a = in;                                                                                              \
    ACC sum[WIDTH];                                                                                               \
    int64_t i = 0;                                                                                                \
    if (l->n > 1 && l->a_along < l->a_step) {                                                                     \
      for (; i + BESIDE <= l->width; i += BESIDE)                                                                 \
        K(NAME##_along)(l, o + i * l->out_step, a + i * l->a_step, BESIDE);                                       \
      for (; i < l->width; i++) K(NAME##_along)(l, o + i * l->out_step, a + i * l->a_step, 1);                    \
    } else {                                                                                                      \
      for (i = 0; i < l->width; i++) sum[i] = START;                                                              \
      for (int64_t j = 0; j < l->n; j++)                                                                          \
        for (i = 0; i < l->width; i++) {                                                                          \
          sum[i] = JOIN(sum[i], (ACC)LOAD(a[i * l->a_step + j * l->a_along]));                                    \
          o[i * l->out_step + j * l->out_along] = STORE(sum[i]);                                                  \
        }                                                                                                         \
    }                                                                                                             \
  }                                                                                                               \
  static int K(NAME)(mt_tensor *out, const mt_tensor *a, int dim) {                                               \
    return scan(out, a, dim, K(NAME##_lines));                                                                    \
  }

SCAN(cumsum, 0, PLUS)
SCAN(cumprod, 1, TIMES)

static void K(register)(void) {
  mt_set_cumsum(MT_CPU, DTYPE, K(cumsum));
  mt_set_cumprod(MT_CPU, DTYPE, K(cumprod));
}

#undef SCAN
#undef PLUS
#undef TIMES

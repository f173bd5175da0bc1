/* scan.tpl.c: running sums and products, for one dtype (see each_dtype.h). */

#if MT_IS_FLOAT
#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#else /* whole numbers wrap */
#define PLUS(x, y) ((ACC)((uint64_t)(x) + (uint64_t)(y)))
#define TIMES(x, y) ((ACC)((uint64_t)(x) * (uint64_t)(y)))
#endif

/* width lines side by side, n elements each; step, along: from line to line, and along a line */
#define SCAN(NAME, START, JOIN)                                                                                   \
  static void K(NAME##_lines)(const scan_lines *l, void *out, const void *in) {                                   \
    T *o = out;                                                                                                   \
    const T *a = in;                                                                                              \
    ACC sum[WIDTH];                                                                                               \
    if (l->n > 1 && l->a_along < l->a_step)                                                                       \
      for (int64_t i = 0; i < l->width; i++) {                                                                    \
        ACC s = START;                                                                                            \
        for (int64_t j = 0; j < l->n; j++) {                                                                      \
          s = JOIN(s, (ACC)LOAD(a[i * l->a_step + j * l->a_along]));                                              \
          o[i * l->out_step + j * l->out_along] = STORE(s);                                                       \
        }                                                                                                         \
      }                                                                                                           \
    else {                                                                                                        \
      for (int64_t i = 0; i < l->width; i++) sum[i] = START;                                                      \
      for (int64_t j = 0; j < l->n; j++)                                                                          \
        for (int64_t i = 0; i < l->width; i++) {                                                                  \
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
  mt_kernel_set(MT_CPU, MT_OP_cumsum, DTYPE, (mt_kernel)K(cumsum));
  mt_kernel_set(MT_CPU, MT_OP_cumprod, DTYPE, (mt_kernel)K(cumprod));
}

#undef SCAN
#undef PLUS
#undef TIMES

/* step.tpl.c: the kernels of every STEP row, for one floating dtype (see each_dtype.h). */
#if MT_IS_FLOAT

/* x, the gradient and the states do not overlap (step.c sees to it). */
#define STEP(NAME, STATES, BODY)                                                                              \
  static void K(NAME##_range)(int64_t begin, int64_t end, void *const *p, const double *number) {             \
    T *restrict px = p[0], *restrict pu = p[2], *restrict pv = p[3], *restrict pw = p[4];                     \
    const T *restrict pg = p[1];                                                                              \
    A n[MT_STEP_NUMBERS];                                                                                     \
    (void)pu, (void)pv, (void)pw;                                                                             \
    for (int i = 0; i < MT_STEP_NUMBERS; i++) n[i] = (A)number[i];                                            \
    for (int64_t i = begin; i < end; i++) {                                                                   \
      A x = LOAD(px[i]), g = LOAD(pg[i]), u = 0, v = 0, w = 0;                                                \
      (void)u, (void)v, (void)w;                                                                              \
      if (STATES > 0) u = LOAD(pu[i]);                                                                        \
      if (STATES > 1) v = LOAD(pv[i]);                                                                        \
      if (STATES > 2) w = LOAD(pw[i]);                                                                        \
      BODY;                                                                                                   \
      px[i] = STORE(x);                                                                                       \
      if (STATES > 0) pu[i] = STORE(u);                                                                       \
      if (STATES > 1) pv[i] = STORE(v);                                                                       \
      if (STATES > 2) pw[i] = STORE(w);                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  static int K(NAME)(int64_t n, void *const *p, const double *number) {                                       \
    return share_out(K(NAME##_range), n, p, number);                                                          \
  }
#include "ops.def"

static void K(register)(void) {
#define STEP(NAME, STATES, BODY) mt_kernel_set(MT_CPU, MT_OP_##NAME, DTYPE, (mt_kernel)K(NAME));
#include "ops.def"
}
#endif

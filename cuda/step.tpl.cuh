/* step.tpl.cuh: the kernels of every STEP row, for one floating dtype (see each_dtype.h). */
#if MT_IS_FLOAT

#define STEP(NAME, STATES, BODY)                                                                             \
  __global__ static void K(NAME##_kernel)(int64_t count, T *px, const T *pg, T *pu, T *pv, T *pw,            \
                                          mt_step_numbers<A> numbers) {                                      \
    int64_t i = mt_cuda_thread();                                                                            \
    const A *n = numbers.at;                                                                                 \
    if (i >= count) return;                                                                                  \
    A x = LOAD(px[i]), g = LOAD(pg[i]), u = 0, v = 0, w = 0;                                                 \
    (void)u, (void)v, (void)w;                                                                               \
    if (STATES > 0) u = LOAD(pu[i]);                                                                         \
    if (STATES > 1) v = LOAD(pv[i]);                                                                         \
    if (STATES > 2) w = LOAD(pw[i]);                                                                         \
    BODY;                                                                                                    \
    px[i] = STORE(x);                                                                                        \
    if (STATES > 0) pu[i] = STORE(u);                                                                        \
    if (STATES > 1) pv[i] = STORE(v);                                                                        \
    if (STATES > 2) pw[i] = STORE(w);                                                                        \
  }                                                                                                          \
  static int K(NAME)(int64_t count, void *const *p, const double *number) {                                  \
    mt_step_numbers<A> numbers;                                                                              \
    for (int i = 0; i < MT_STEP_NUMBERS; i++) numbers.at[i] = (A)number[i];                                  \
    MT_LAUNCH(K(NAME##_kernel), mt_cuda_blocks(count), MT_THREADS, count, (T *)p[0], (const T *)p[1],        \
              (T *)p[2], (T *)p[3], (T *)p[4], numbers);                                                     \
    return mt_cuda_launched(#NAME);                                                                          \
  }
#include "ops.def"

static void K(register)(void) {
#define STEP(NAME, STATES, BODY) mt_kernel_set(MT_CUDA, MT_OP_##NAME, DTYPE, (mt_kernel)K(NAME));
#include "ops.def"
}
#endif

/* copy.tpl.c: filling with a number, comparing, and converting from dtype T to every dtype (see each_dtype.h). */

static void K(fill_run)(int64_t n, char *const *p, const int64_t *step, double s, double t) {
  T value;
  (void)t;
  mt_scalar_store(DTYPE, s, &value);
  if (step[0] == (int64_t)sizeof(T)) {
    T *out = (T *)p[0];
    for (int64_t i = 0; i < n; i++) out[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) *(T *)(p[0] + i * step[0]) = value;
  }
}

static int K(fill)(mt_tensor *out, double value) {
  return fill_with((mt_kernel)K(fill_run), out, value);
}

static int K(equal)(const mt_tensor *a, const mt_tensor *b, int *equal) {
  const T *x = mt_tensor_data(a), *y = mt_tensor_data(b);
  int64_t n = mt_tensor_numel(a), i = 0;
  while (i < n && LOAD(x[i]) == LOAD(y[i])) i++;
  *equal = i == n;
  return 0;
}

/* To the same dtype: half and bfloat16 need not become numbers for that. */
static void K(move)(int64_t n, char *const *p, const int64_t *step, double s, double t) {
  (void)s, (void)t;
  if (step[0] == (int64_t)sizeof(T) && step[1] == (int64_t)sizeof(T)) {
    T *out = (T *)p[0];
    const T *in = (const T *)p[1];
    for (int64_t i = 0; i < n; i++) out[i] = in[i];
  } else {
    for (int64_t i = 0; i < n; i++) *(T *)(p[0] + i * step[0]) = *(const T *)(p[1] + i * step[1]);
  }
}

/* Conversions: whole numbers wrap; a floating number is truncated first, and is then taken as int64 */
#if MT_IS_FLOAT
#define TO_WHOLE(x) mt_double_to_int64((double)(x))
#else
#define TO_WHOLE(x) (x)
#endif
#define CONVERT(NAME, OUT, PUT)                                                                               \
  static void K(copy_to_##NAME)(int64_t n, char *const *p, const int64_t *step, double s, double t) {         \
    (void)s, (void)t;                                                                                         \
    if (step[0] == (int64_t)sizeof(OUT) && step[1] == (int64_t)sizeof(T)) {                                   \
      OUT *out = (OUT *)p[0];                                                                                 \
      const T *in = (const T *)p[1];                                                                          \
      for (int64_t i = 0; i < n; i++) out[i] = PUT(LOAD(in[i]));                                              \
    } else {                                                                                                  \
      for (int64_t i = 0; i < n; i++) *(OUT *)(p[0] + i * step[0]) = PUT(LOAD(*(const T *)(p[1] + i * step[1]))); \
    }                                                                                                         \
  }
#define TO_UINT8(x) ((uint8_t)TO_WHOLE(x))
#define TO_INT8(x) ((int8_t)TO_WHOLE(x))
#define TO_INT16(x) ((int16_t)TO_WHOLE(x))
#define TO_INT32(x) ((int32_t)TO_WHOLE(x))
#define TO_INT64(x) ((int64_t)TO_WHOLE(x))
CONVERT(float, float, (float))
CONVERT(double, double, (double))
CONVERT(half, mt_half, TO_HALF)
CONVERT(bfloat16, mt_bfloat16, TO_BFLOAT16)
CONVERT(uint8, uint8_t, TO_UINT8)
CONVERT(int8, int8_t, TO_INT8)
CONVERT(int16, int16_t, TO_INT16)
CONVERT(int32, int32_t, TO_INT32)
CONVERT(int64, int64_t, TO_INT64)

static int K(copy)(mt_tensor *out, const mt_tensor *src) {
  static const mt_pointwise_kernel to[MT_DTYPES] = {
      [MT_FLOAT] = K(copy_to_float),       [MT_DOUBLE] = K(copy_to_double), [MT_HALF] = K(copy_to_half),
      [MT_BFLOAT16] = K(copy_to_bfloat16), [MT_UINT8] = K(copy_to_uint8),   [MT_INT8] = K(copy_to_int8),
      [MT_INT16] = K(copy_to_int16),       [MT_INT32] = K(copy_to_int32),   [MT_INT64] = K(copy_to_int64),
  };
  return copy_with((mt_kernel)(out->dtype == DTYPE ? K(move) : to[out->dtype]), out, src);
}

static void K(register)(void) {
  mt_set_fill(MT_CPU, DTYPE, K(fill));
  mt_set_equal(MT_CPU, DTYPE, K(equal));
  mt_set_copy(MT_CPU, DTYPE, K(copy));
}

#undef CONVERT
#undef TO_WHOLE
#undef TO_UINT8
#undef TO_INT8
#undef TO_INT16
#undef TO_INT32
#undef TO_INT64

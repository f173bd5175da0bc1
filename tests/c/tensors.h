/* tensors.h: tensors for the tests of kernels: any dtype, several layouts, read back as doubles. */
#ifndef TENSORS_H
#define TENSORS_H
#include "check.h"

#include <math.h>

#define SIZES(...) \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }

enum { PLAIN, TURNED, GAPPED, LAYOUTS }; /* contiguous; last dimension slowest; every other element, from the second */

static inline void must(int failure) {
  if (!failure) return;
  printf("cannot go on: %s\n", mt_error());
  exit(1);
}

static inline mt_tensor *new_tensor(int dtype, int layout, int dim, const int64_t *size) {
  int64_t stored[MT_MAX_DIM], order[MT_MAX_DIM];
  mt_tensor *t = mt_tensor_new(dtype, MT_CPU);
  for (int i = 0; i < dim; i++) {
    stored[i] = layout == TURNED ? size[dim - 1 - i] : size[i];
    order[i] = dim - 1 - i;
  }
  stored[dim] = 2;
  must(!t || mt_tensor_resize(t, dim + (layout == GAPPED), stored));
  if (layout == TURNED) must(mt_permute(t, t, order));
  if (layout == GAPPED) must(mt_select(t, t, dim, 1));
  return t;
}

static inline int is_float(int dtype) { return dtype <= MT_BFLOAT16; }

/* How far a result near 1 may be from the exact one. */
static inline double tolerance(int dtype) {
  static const double of[MT_DTYPES] = {
      [MT_FLOAT] = 2e-6, [MT_DOUBLE] = 1e-14, [MT_HALF] = 2e-3, [MT_BFLOAT16] = 1.6e-2};
  return of[dtype];
}

/* value as a whole-number dtype holds it */
static inline double wrapped(int dtype, double value) {
  switch (dtype) {
    case MT_UINT8: return (uint8_t)(int64_t)value;
    case MT_INT8: return (int8_t)(int64_t)value;
    case MT_INT16: return (int16_t)(int64_t)value;
    case MT_INT32: return (int32_t)(int64_t)value;
    default: return value;
  }
}

/* The elements, row by row; to be freed. */
static inline double *values(const mt_tensor *t) {
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU);
  int64_t n = mt_tensor_numel(t);
  double *v = malloc((size_t)(n + 1) * sizeof *v);
  must(!d || !v || mt_tensor_resize(d, t->dim, t->size) || mt_copy(d, t));
  if (n > 0) memcpy(v, mt_tensor_data(d), (size_t)n * sizeof *v);
  mt_tensor_free(d);
  return v;
}

static inline void set_values(mt_tensor *t, const double *v) {
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU);
  must(!d || mt_tensor_resize(d, t->dim, t->size));
  if (mt_tensor_numel(d) > 0) memcpy(mt_tensor_data(d), v, (size_t)mt_tensor_numel(d) * sizeof *v);
  must(mt_copy(t, d));
  mt_tensor_free(d);
}

static inline double noise(void) { /* -1 … 1 */
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(state >> 11) / 4503599627370496.0 - 1;
}

/* A tensor of noise: -1 … 1, or whole numbers -3 … 3 (0 … 3 for uint8) */
static inline mt_tensor *noise_tensor(int dtype, int layout, int dim, const int64_t *size) {
  mt_tensor *t = new_tensor(dtype, layout, dim, size);
  int64_t n = mt_tensor_numel(t);
  double *v = malloc((size_t)(n + 1) * sizeof *v);
  for (int64_t i = 0; i < n; i++) {
    v[i] = noise();
    if (!is_float(dtype)) v[i] = floor((dtype == MT_UINT8 ? fabs(v[i]) : v[i]) * 3.99);
  }
  set_values(t, v);
  free(v);
  return t;
}

/* Whether t has these sizes and, within scale times the dtype's tolerance, these values. */
static inline int holds(const mt_tensor *t, int dim, const int64_t *size, const double *expected, double scale) {
  if (t->dim != dim || (dim > 0 && memcmp(t->size, size, (size_t)dim * sizeof *size))) return 0;
  double *v = values(t);
  int ok = 1;
  for (int64_t i = 0; i < mt_tensor_numel(t) && ok; i++) {
    double e = wrapped(t->dtype, expected[i]);
    ok = v[i] == e || (isnan(v[i]) && isnan(e)) || fabs(v[i] - e) <= tolerance(t->dtype) * scale * (1 + fabs(e));
    if (!ok) printf("element %lld: expected %.9g, got %.9g\n", (long long)i, e, v[i]);
  }
  free(v);
  return ok;
}

#endif

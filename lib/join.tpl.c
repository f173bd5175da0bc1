/* join.tpl.c: triangles of matrices and ranges of numbers, for one dtype (see each_dtype.h). */

/* out, a: batch x rows x columns */
static int K(tri)(mt_tensor *out, const mt_tensor *a, int64_t k, int upper) {
  const T zero = {0};
  int64_t rows = a->size[0] * a->size[1];
#pragma omp parallel for num_threads(mt_threads_for(rows * a->size[2]))
  for (int64_t row = 0; row < rows; row++) {
    int64_t b = row / a->size[1], i = row % a->size[1];
    T *o = (T *)mt_tensor_data(out) + b * out->stride[0] + i * out->stride[1];
    const T *in = (const T *)mt_tensor_data(a) + b * a->stride[0] + i * a->stride[1];
    for (int64_t j = 0; j < a->size[2]; j++) {
      int keep = upper ? j - i >= k : j - i <= k;
      o[j * out->stride[2]] = keep ? in[j * a->stride[2]] : zero;
    }
  }
  return 0;
}

static int K(range)(mt_tensor *out, double from, double step) {
  T *o = mt_tensor_data(out);
  for (int64_t i = 0; i < out->size[0]; i++) {
    double v = from + (double)i * step;
    o[i * out->stride[0]] = STORE(v);
  }
  return 0;
}

static void K(register)(void) {
  mt_set_tri(MT_CPU, DTYPE, K(tri));
  mt_set_range(MT_CPU, DTYPE, K(range));
}

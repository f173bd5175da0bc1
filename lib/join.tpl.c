/* join.tpl.c: triangles of matrices and ranges of numbers, for one dtype (see each_dtype.h). */

/* out, a: rows x columns */
static int K(tri)(mt_tensor *out, const mt_tensor *a, int64_t k, int upper) {
  const T zero = {0};
  T *o = mt_tensor_data(out);
  const T *in = mt_tensor_data(a);
  for (int64_t i = 0; i < a->size[0]; i++)
    for (int64_t j = 0; j < a->size[1]; j++) {
      int keep = upper ? j - i >= k : j - i <= k;
      o[i * out->stride[0] + j * out->stride[1]] = keep ? in[i * a->stride[0] + j * a->stride[1]] : zero;
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
  mt_kernel_set(MT_CPU, MT_OP_tri, DTYPE, (mt_kernel)K(tri));
  mt_kernel_set(MT_CPU, MT_OP_range, DTYPE, (mt_kernel)K(range));
}

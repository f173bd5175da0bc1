/* histogram.tpl.c: histograms of one dtype (see each_dtype.h). Places are computed in the dtype's own arithmetic, as in
 * Torch7, so that elements at a bin's edge fall on the same side; whole numbers in double. */
#if MT_IS_FLOAT
#define WIDE A
#else
#define WIDE double
#endif

/* a: rows×n, contiguous; out: rows×bins, contiguous. Counts are whole numbers until the end: a dtype may be too small
 * to count in. */
static int K(histogram)(mt_tensor *out, const mt_tensor *a, int64_t rows, double low, double high) {
  const WIDE least = (WIDE)low, greatest = (WIDE)high;
  int64_t bins = out->size[out->dim - 1], n = mt_tensor_numel(a) / rows, capacity;
  int64_t *count = mt_borrow((size_t)bins * sizeof *count, &capacity);
  if (!count) return 1;
  for (int64_t row = 0; row < rows; row++) {
    const T *x = (const T *)mt_tensor_data(a) + row * n;
    T *o = (T *)mt_tensor_data(out) + row * bins;
    for (int64_t i = 0; i < bins; i++) count[i] = 0;
    for (int64_t i = 0; i < n; i++) {
      const WIDE v = (WIDE)LOAD(x[i]);
      if (v >= least && v <= greatest) count[bin_of((v - least) / (greatest - least) * (WIDE)bins, bins)]++;
    }
    for (int64_t i = 0; i < bins; i++) o[i] = STORE((ACC)count[i]);
  }
  mt_give_back(count, capacity);
  return 0;
}

static void K(register)(void) { mt_set_histogram(MT_CPU, DTYPE, K(histogram)); }

#undef WIDE

/* match.tpl.c: squared distances, for one dtype (see each_dtype.h). Whole numbers wrap. */

/* a: n×k, b: m×k, out: n×m, contiguous */
static int K(match)(mt_tensor *out, const mt_tensor *a, const mt_tensor *b, double gain) {
  const T *x = mt_tensor_data(a), *y = mt_tensor_data(b);
  T *o = mt_tensor_data(out);
  const int64_t n = a->size[0], m = b->size[0], length = mt_tensor_numel(a) / n;
  const ACC scale = (ACC)gain;
  const int threads = mt_threads_for(n * m * length);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < m; j++) {
      const T *p = x + i * length, *q = y + j * length;
      ACC sum = 0;
      for (int64_t k = 0; k < length; k++) {
        const ACC d = (ACC)LOAD(p[k]) - (ACC)LOAD(q[k]);
        sum += d * d;
      }
      o[i * m + j] = STORE(scale * sum);
    }
  return 0;
}

static void K(register)(void) { mt_set_match(MT_CPU, DTYPE, K(match)); }

/* softmax.tpl.c: softmax and its gradient for one floating dtype. All tensors are contiguous. */
#include "vectors.tpl.c"
#if MT_IS_FLOAT

/* -- Rows: n elements side by side --------------------------------------------------------------------------- */

static A K(greatest)(const T *a, int64_t n) {
  A most = LOAD(a[0]);
#pragma omp simd reduction(max : most)
  for (int64_t i = 1; i < n; i++) {
    A v = LOAD(a[i]);
    most = v > most ? v : most;
  }
  return most;
}

/* e, a vector = exp(a - most) of count elements, at most LANES, and zeros; added to sum */
MT_INLINE void K(add_exps)(A *e, const T *a, A most, int64_t count, K(vec) *sum) {
  A x[LANES];
  for (int64_t i = 0; i < LANES; i++) x[i] = i < count ? LOAD(a[i]) : (A)-INFINITY;
  K(vec) y = K(vexp)(*(const K(loose) *)x - most);
  *(K(loose) *)e = y;
  *sum += y;
}

/* The same for at most CHUNK elements; gives their sum. */
static A K(add_chunk)(A *e, const T *a, A most, int64_t count) {
  K(vec) sum = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) K(add_exps)(e + i, a + i, most, LANES, &sum);
  if (i < count) K(add_exps)(e + i, a + i, most, count - i, &sum);
  return K(sum_of)(sum);
}

/* exp is taken of differences to the largest element, so that it cannot overflow. What fits stays in e until the sum is
 * known; the beginning of a longer row, in out. */
static void K(softmax_row)(T *out, const T *a, int64_t n, int logarithm) {
  A e[LONGEST], most = K(greatest)(a, n);
  ACC sum = 0;
  int64_t first = 0; /* of those in e */
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = mt_least(CHUNK, n - i);
    if (n <= LONGEST) {
      mt_fetch(a + n + i, count * (int64_t)sizeof(T));
      mt_fetch(out + n + i, count * (int64_t)sizeof(T));
    }
    if (i == first + LONGEST) {
      for (int64_t j = 0; j < LONGEST && !logarithm; j++) out[first + j] = STORE(e[j]);
      first = i;
    }
    sum += K(add_chunk)(e + (i - first), a + i, most, count);
  }
  if (logarithm) {
    ACC shift = log(sum);
    for (int64_t i = 0; i < n; i++) out[i] = STORE((ACC)(LOAD(a[i]) - most) - shift);
  } else {
    A factor = (A)(1 / sum);
    for (int64_t i = 0; i < first; i++) out[i] = STORE(LOAD(out[i]) * factor);
    for (int64_t i = first; i < n; i++) out[i] = STORE(e[i - first] * factor);
  }
}

/* softmax:      out = y (g - sum g y)
 * logarithm:    out = g - exp(y) sum g */
static void K(softmax_grad_row)(T *out, const T *g, const T *y, int64_t n, int logarithm) {
  ACC sum = 0;
  if (logarithm) {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += LOAD(g[i]);
    A total = (A)sum;
    for (int64_t i = 0; i < n; i++) out[i] = STORE(LOAD(g[i]) - M(exp)(LOAD(y[i])) * total);
  } else {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += (ACC)LOAD(g[i]) * LOAD(y[i]);
    A total = (A)sum;
    for (int64_t i = 0; i < n; i++) out[i] = STORE(LOAD(y[i]) * (LOAD(g[i]) - total));
  }
}

/* -- Columns: run neighbours, each with n elements at distance inner ----------------------------------------- */

static void K(softmax_columns)(T *out, const T *a, int64_t n, int64_t inner, int64_t run, int logarithm) {
  A most[RUN];
  ACC sum[RUN] = {0};
  for (int64_t j = 0; j < run; j++) most[j] = LOAD(a[j]);
  for (int64_t i = 1; i < n; i++)
    for (int64_t j = 0; j < run; j++) {
      A v = LOAD(a[i * inner + j]);
      most[j] = v > most[j] ? v : most[j];
    }
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < run; j++) {
      A e = M(exp)(LOAD(a[i * inner + j]) - most[j]);
      sum[j] += e;
      if (!logarithm) out[i * inner + j] = STORE(e);
    }
  for (int64_t j = 0; j < run; j++) sum[j] = logarithm ? log(sum[j]) : 1 / sum[j];
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < run; j++) {
      int64_t k = i * inner + j;
      out[k] = logarithm ? STORE((ACC)(LOAD(a[k]) - most[j]) - sum[j]) : STORE(LOAD(out[k]) * sum[j]);
    }
}

static void K(softmax_grad_columns)(T *out, const T *g, const T *y, int64_t n, int64_t inner, int64_t run, int logarithm) {
  ACC sum[RUN] = {0};
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < run; j++) {
      int64_t k = i * inner + j;
      sum[j] += logarithm ? (ACC)LOAD(g[k]) : (ACC)LOAD(g[k]) * LOAD(y[k]);
    }
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < run; j++) {
      int64_t k = i * inner + j;
      ACC value = logarithm ? LOAD(g[k]) - M(exp)(LOAD(y[k])) * sum[j] : LOAD(y[k]) * (LOAD(g[k]) - sum[j]);
      out[k] = STORE(value);
    }
}

/* -- The kernels: tensors of outer×n×inner ------------------------------------------------------------------- */

static int K(softmax)(mt_tensor *out, const mt_tensor *a, int64_t outer, int64_t n, int64_t inner, int logarithm) {
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(a);
  int64_t runs = (inner + RUN - 1) / RUN;
#pragma omp parallel for num_threads(mt_threads_for(outer * n * inner * 4))
  for (int64_t t = 0; t < outer * runs; t++) {
    int64_t j = t % runs * RUN, start = t / runs * n * inner + j;
    if (inner == 1)
      K(softmax_row)(to + start, from + start, n, logarithm);
    else
      K(softmax_columns)(to + start, from + start, n, inner, mt_least(RUN, inner - j), logarithm);
  }
  return 0;
}

static int K(softmax_grad)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *output, int64_t outer, int64_t n,
                           int64_t inner, int logarithm) {
  T *to = mt_tensor_data(out);
  const T *g = mt_tensor_data(grad), *y = mt_tensor_data(output);
  int64_t runs = (inner + RUN - 1) / RUN;
#pragma omp parallel for num_threads(mt_threads_for(outer * n * inner * 4))
  for (int64_t t = 0; t < outer * runs; t++) {
    int64_t j = t % runs * RUN, start = t / runs * n * inner + j;
    if (inner == 1)
      K(softmax_grad_row)(to + start, g + start, y + start, n, logarithm);
    else
      K(softmax_grad_columns)(to + start, g + start, y + start, n, inner, mt_least(RUN, inner - j), logarithm);
  }
  return 0;
}

static void K(register_softmax)(void) {
  mt_set_softmax(MT_CPU, DTYPE, K(softmax));
  mt_set_softmax_grad(MT_CPU, DTYPE, K(softmax_grad));
}
#endif

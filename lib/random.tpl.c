/* random.tpl.c: the random kernels of one dtype (see each_dtype.h). */

#define FILL(VALUE)                                                                                                   \
  for (int64_t i = 0; i < n; i++) out[i * step] = STORE(VALUE);                                                       \
  break

#if MT_IS_FLOAT
static void K(fill_normals)(T *out, int64_t step, const uint32_t *w, int64_t n, int distribution, double p, double q) {
  if (distribution == MT_NORMAL && sizeof(A) == sizeof(float)) {
    float value[CHUNK];
    float_normals(value, w, n, p, q);
    for (int64_t i = 0; i < n; i++) out[i * step] = STORE(value[i]);
  } else {
    double value[CHUNK];
    exact_normals(value, w, n, p, q);
    for (int64_t i = 0; i < n; i++) out[i * step] = STORE(distribution == MT_NORMAL ? value[i] : exp(value[i]));
  }
}
#endif

/* n numbers, at most CHUNK, from n words, or 2n where whole numbers need two */
static void K(fill_chunk)(T *out, int64_t step, const uint32_t *w, int64_t n, int distribution, double p, double q) {
  const uint64_t range = distribution == MT_RANDOM ? (uint64_t)(q - p) + 1 : mt_random_bits_range(DTYPE);
  switch (distribution) {
    FLOATS(case MT_UNIFORM : FILL(uniform_of(unit_of(w[i]), p, q));
           case MT_EXPONENTIAL : FILL(exponential_of(unit_of(w[i]), p));
           case MT_CAUCHY : FILL(cauchy_of(unit_of(w[i]), p, q));
           case MT_NORMAL :
           case MT_LOG_NORMAL : K(fill_normals)(out, step, w, n, distribution, p, q);
           break;)
  case MT_GEOMETRIC: FILL(geometric_of(unit_of(w[i]), p));
  case MT_BERNOULLI: FILL(bernoulli_of(unit_of(w[i]), p));
  case MT_RANDOM:
    if (whole_needs_two(range)) { FILL(whole_of((uint64_t)w[2 * i] << 32 | w[2 * i + 1], (int64_t)p, range)); }
    FILL(whole_of(w[i], (int64_t)p, range));
  default: FILL(w[i] % range);
  }
}

/* The same for n up to BLOCK, by several threads; of normal numbers an even count. words: room for theirs */
static void K(fill_block)(mt_generator *g, T *out, int64_t step, uint32_t *words, int64_t n, int distribution, double p,
                          double q) {
  const int64_t each = words_each(distribution, p, q);
  const int threads = mt_threads_for(in_pairs(distribution) ? n * 8 : n);
  draw_words(g, words, n * each);
  if (in_pairs(distribution)) begin_pair(g, words[n - 2], words[n - 1]);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int64_t i = 0; i < n; i += CHUNK)
    K(fill_chunk)(out + i * step, step, words + i * each, mt_least(CHUNK, n - i), distribution, p, q);
}

#if MT_IS_FLOAT
static T K(one_normal)(mt_generator *g, int distribution, double p, double q) {
  double value = draw_normal(g, p, q);
  return STORE(distribution == MT_NORMAL ? value : exp(value));
}
#endif

/* The second number of a pair that was begun before comes first; what is left over at the end begins one. */
static void K(fill_row)(mt_generator *g, T *row, int64_t step, uint32_t *words, int64_t n, int distribution, double p,
                        double q) {
  const int64_t least = in_pairs(distribution) ? 2 : 1;
  FLOATS(if (least > 1 && g->has_normal && n > 0) {
    *row = K(one_normal)(g, distribution, p, q);
    row += step;
    n--;
  })
  while (n >= least) {
    int64_t count = mt_least(n - n % least, BLOCK);
    K(fill_block)(g, row, step, words, count, distribution, p, q);
    row += count * step;
    n -= count;
  }
  FLOATS(if (n > 0) *row = K(one_normal)(g, distribution, p, q);)
}

static int K(fill)(mt_generator *g, mt_tensor *out, int distribution, double p, double q) {
  int64_t most = mt_least(mt_tensor_numel(out), BLOCK);
  if (most == 0) return 0;
  /* Torch7 takes these distributions' parameters as numbers of the tensor's type */
  FLOATS(if (distribution <= MT_LOG_NORMAL) { p = (A)p; q = (A)q; })
  uint32_t *words = malloc((size_t)(most * words_each(distribution, p, q)) * sizeof *words);
  if (!words) return mt_fail("%s: no memory for a block of numbers", mt_random_name(distribution));
  T *data = mt_tensor_data(out);
  for (row_walk w = rows_of(out); w.rows; next_row(&w))
    K(fill_row)(g, data + w.offset, w.step, words, w.length, distribution, p, q);
  free(words);
  return 0;
}

#if MT_IS_FLOAT
/* out: rows×n or n, contiguous; weights: rows×slots or slots */
static int K(multinomial)(mt_generator *g, mt_tensor *out, const mt_tensor *weights, int replacement) {
  int64_t slots = weights->size[weights->dim - 1], n = out->size[out->dim - 1];
  double *buffer = malloc(2 * (size_t)slots * sizeof *buffer);
  if (!buffer)
    return mt_fail("multinomial: no memory for %lld weights", (long long)slots);
  const T *data = mt_tensor_data(weights);
  int64_t *drawn = mt_tensor_data(out);
  int64_t rows = weights->dim == 2 ? weights->size[0] : 1, step = weights->stride[weights->dim - 1];
  int failed = 0;
  for (int64_t r = 0; r < rows && !failed; r++) {
    const T *row = data + r * weights->stride[0];
    for (int64_t i = 0; i < slots; i++)
      buffer[i] = (double)LOAD(row[i * step]);
    failed = draw_slots(g, buffer, buffer + slots, slots, drawn + r * n, n, replacement, r);
  }
  free(buffer);
  return failed;
}
#endif

static void K(register)(void) {
  mt_set_random(MT_CPU, DTYPE, K(fill));
  FLOATS(mt_set_multinomial(MT_CPU, DTYPE, K(multinomial));)
}

#undef FILL

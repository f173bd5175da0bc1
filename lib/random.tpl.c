/* random.tpl.c: the random kernels of one dtype (see each_dtype.h). */

#define ROW(VALUE)                                                                                                     \
  for (int64_t i = 0; i < n; i++)                                                                                      \
    row[i * step] = STORE(VALUE);                                                                                      \
  break

static void K(fill_row)(mt_generator *g, T *row, int64_t n, int64_t step, int distribution, double p, double q) {
  switch (distribution) {
    FLOATS(case MT_UNIFORM : ROW(draw_uniform(g, p, q));
           case MT_EXPONENTIAL : ROW(draw_exponential(g, p));
           case MT_CAUCHY : ROW(draw_cauchy(g, p, q));)
  case MT_GEOMETRIC: ROW(draw_geometric(g, p));
  case MT_BERNOULLI: ROW(draw_bernoulli(g, p));
  case MT_RANDOM: ROW(draw_whole(g, (int64_t)p, (uint64_t)(q - p) + 1));
  default: ROW(draw32(g) % bits_range(DTYPE));
  }
}

#if MT_IS_FLOAT
static int K(fill_normal)(mt_generator *g, mt_tensor *out, int distribution, double p, double q) {
  int64_t most = mt_tensor_numel(out) < BLOCK ? mt_tensor_numel(out) : BLOCK;
  double *block = malloc((size_t)most * sizeof *block);
  if (!block) return mt_fail("%s: no memory for a block of numbers", distribution_name[distribution]);
  T *data = mt_tensor_data(out);
  for (row_walk w = rows_of(out); w.rows; next_row(&w)) {
    T *row = data + w.offset;
    for (int64_t first = 0; first < w.length; first += most) {
      int64_t count = w.length - first < most ? w.length - first : most;
      draw_normals(g, block, count, p, q);
      for (int64_t i = 0; i < count; i++)
        row[(first + i) * w.step] = STORE(distribution == MT_NORMAL ? block[i] : exp(block[i]));
    }
  }
  free(block);
  return 0;
}
#endif

static int K(fill)(mt_generator *g, mt_tensor *out, int distribution, double p, double q) {
  if (mt_tensor_numel(out) == 0) return 0;
  /* Torch7 takes these distributions' parameters as numbers of the tensor's type */
  FLOATS(if (distribution <= MT_LOG_NORMAL) { p = (A)p; q = (A)q; })
  FLOATS(if (distribution == MT_NORMAL || distribution == MT_LOG_NORMAL)
           return K(fill_normal)(g, out, distribution, p, q);)
  T *data = mt_tensor_data(out);
  for (row_walk w = rows_of(out); w.rows; next_row(&w))
    K(fill_row)(g, data + w.offset, w.length, w.step, distribution, p, q);
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
  mt_kernel_set(MT_CPU, MT_OP_random, DTYPE, (mt_kernel)K(fill));
  FLOATS(mt_kernel_set(MT_CPU, MT_OP_multinomial, DTYPE, (mt_kernel)K(multinomial));)
}

#undef ROW

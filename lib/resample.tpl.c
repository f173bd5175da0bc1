/* resample.tpl.c: upsampling and grid sampling for one floating dtype. All tensors are contiguous. */

#if MT_IS_FLOAT

/* -- Upsampling ------------------------------------------------------------------------------------------------- */

/* sums[q - q0] += weight · row at place[q] for the outputs q0 … q1 - 1 of a row. A share of 0 keeps infinities out. */
static void K(add_between)(A *sums, A weight, const T *row, const between *place, int64_t q0, int64_t q1) {
  for (int64_t q = q0; q < q1; q++) {
    const between *b = &place[q];
    A share = (A)b->weight, low = LOAD(row[b->low]);
    sums[q - q0] += weight * (share == 0 ? low : (1 - share) * low + share * LOAD(row[b->high]));
  }
}

/* Outputs q0 … q1 - 1 of the row at places z, y of a plane in, of height·width */
static void K(upsample_row)(T *out, const T *in, const int64_t *size, const between *z, const between *y,
                            const between *x, int64_t q0, int64_t q1) {
  A sums[RUN] = {0};
  for (int i = 0; i < 4; i++) {
    A weight = (A)((i / 2 ? z->weight : 1 - z->weight) * (i % 2 ? y->weight : 1 - y->weight));
    int64_t row = (i / 2 ? z->high : z->low) * size[1] + (i % 2 ? y->high : y->low);
    if (weight != 0) K(add_between)(sums, weight, in + row * size[2], x, q0, q1);
  }
  for (int64_t q = q0; q < q1; q++) out[q] = STORE(sums[q - q0]);
}

/* out: N×C×D×H×W, input: N×C×… */
static int K(upsample)(mt_tensor *out, const mt_tensor *input, int how) {
  const int64_t *size = out->size + 2, *in_size = input->size + 2, rows = size[0] * size[1];
  int64_t volume = in_size[0] * in_size[1] * in_size[2], count = out->size[0] * out->size[1] * rows, capacity;
  axis axes[3];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input);
  void *memory = lay_axes(axes, how, in_size, size, &capacity);
  if (!memory) return 1;
#pragma omp parallel for num_threads(mt_threads_for(count * size[2] * 2))
  for (int64_t r = 0; r < count; r++)
    for (int64_t q = 0; q < size[2]; q += RUN)
      K(upsample_row)(to + r * size[2], in + r / rows * volume, in_size, &axes[0].place[r % rows / size[1]],
                      &axes[1].place[r % size[1]], axes[2].place, q, mt_least(q + RUN, size[2]));
  mt_give_back(memory, capacity);
  return 0;
}

/* Places x0 … x1 - 1 of row (z, y) of the gradient of a plane; grad: the plane's, of o (D, H, W) */
static void K(upsample_input_row)(T *out, const T *grad, const int64_t *o, const axis *axes, int64_t z, int64_t y,
                                  int64_t x0, int64_t x1) {
  A sums[RUN] = {0};
  for (int64_t d = axes[0].seen[z].first; d < axes[0].seen[z].end; d++)
    for (int64_t p = axes[1].seen[y].first; p < axes[1].seen[y].end; p++) {
      A weight = (A)(share_of(&axes[0].place[d], z) * share_of(&axes[1].place[p], y));
      const T *row = grad + (d * o[1] + p) * o[2];
      for (int64_t x = x0; x < x1; x++)
        for (int64_t q = axes[2].seen[x].first; q < axes[2].seen[x].end; q++)
          sums[x - x0] += weight * (A)share_of(&axes[2].place[q], x) * LOAD(row[q]);
    }
  for (int64_t x = x0; x < x1; x++) out[x] = STORE(sums[x - x0]);
}

/* out: N×C×D×H×W, grad: N×C×… */
static int K(upsample_input)(mt_tensor *out, const mt_tensor *grad, int how) {
  const int64_t *size = out->size + 2, *o = grad->size + 2, rows = size[0] * size[1];
  int64_t volume = o[0] * o[1] * o[2], count = out->size[0] * out->size[1] * rows, capacity;
  axis axes[3];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad);
  void *memory = lay_axes(axes, how, size, o, &capacity);
  if (!memory) return 1;
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(grad) * 4))
  for (int64_t r = 0; r < count; r++)
    for (int64_t x = 0; x < size[2]; x += RUN)
      K(upsample_input_row)(to + r * size[2], from + r / rows * volume, o, axes, r % rows / size[1], r % size[1], x,
                            mt_least(x + RUN, size[2]));
  mt_give_back(memory, capacity);
  return 0;
}

/* -- Grid sampling ---------------------------------------------------------------------------------------------- */

/* out: N×C×1×P×Q, input: N×C×1×H×W, grid: N×P×Q×2 */
static int K(grid_sample)(mt_tensor *out, const mt_tensor *input, const mt_tensor *grid, int corners) {
  int64_t channels = out->size[1], count = out->size[3] * out->size[4];
  int64_t height = input->size[3], width = input->size[4], plane = height * width;
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input), *at = mt_tensor_data(grid);
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(out) * 4))
  for (int64_t i = 0; i < out->size[0] * count; i++) {
    int64_t n = i / count;
    corners4 c = corners_of(LOAD(at[2 * i]), LOAD(at[2 * i + 1]), height, width, corners);
    for (int64_t k = n * channels; k < (n + 1) * channels; k++) {
      A sum = 0;
      for (int j = 0; j < 4; j++)
        if (c.share[j] != 0) sum += (A)c.share[j] * LOAD(in[k * plane + c.place[j]]);
      to[k * count + i % count] = STORE(sum);
    }
  }
  return 0;
}

/* Adds to sums, one plane of the input's gradient, what a plane grad of count outputs gives back */
static void K(scatter_plane)(A *sums, const T *grad, const T *grid, int64_t count, int64_t height, int64_t width,
                             int corners) {
  for (int64_t i = 0; i < count; i++) {
    corners4 c = corners_of(LOAD(grid[2 * i]), LOAD(grid[2 * i + 1]), height, width, corners);
    for (int j = 0; j < 4; j++)
      if (c.share[j] != 0) sums[c.place[j]] += (A)c.share[j] * LOAD(grad[i]);
  }
}

/* out: N×C×1×H×W, grad: N×C×1×P×Q, grid: N×P×Q×2 */
static int K(grid_sample_input)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *grid, int corners) {
  int64_t channels = out->size[1], count = grad->size[3] * grad->size[4];
  int64_t height = out->size[3], width = out->size[4], plane = height * width, capacity;
  int threads = (int)mt_least(mt_threads_for(mt_tensor_numel(grad) * 8), out->size[0] * channels);
  A *scratch = mt_borrow((size_t)(threads * plane) * sizeof(A), &capacity);
  if (!scratch) return 1;
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad), *at = mt_tensor_data(grid);
#pragma omp parallel for num_threads(threads)
  for (int64_t k = 0; k < out->size[0] * channels; k++) {
    A *sums = scratch + omp_get_thread_num() * plane;
    memset(sums, 0, (size_t)plane * sizeof *sums);
    K(scatter_plane)(sums, from + k * count, at + k / channels * count * 2, count, height, width, corners);
    for (int64_t i = 0; i < plane; i++) to[k * plane + i] = STORE(sums[i]);
  }
  mt_give_back(scratch, capacity);
  return 0;
}

static void K(register)(void) {
  mt_set_upsample(MT_CPU, DTYPE, K(upsample));
  mt_set_upsample_input(MT_CPU, DTYPE, K(upsample_input));
  mt_set_grid_sample(MT_CPU, DTYPE, K(grid_sample));
  mt_set_grid_sample_input(MT_CPU, DTYPE, K(grid_sample_input));
}
#endif

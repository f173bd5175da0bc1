/* pool.tpl.c: pooling for one dtype. All tensors are contiguous and have three spatial axes; a volume is taken as rows of
 * W. */

/* Lets one tap of the windows, at offset here from their first, compete for the outputs of a row. A NaN wins, and the
 * first of equals. No branches: which tap wins cannot be foretold, and so the loop can be vectorised. */
static inline void K(challenge)(A *restrict best, int32_t *restrict place, mt_span s, const T *restrict row,
                                int64_t shift, int64_t stride, int32_t here) {
  for (int64_t q = s.first; q < s.end; q++) {
    A v = LOAD(row[q * stride + shift]);
    int win = (place[q] < 0) | (v > best[q]) FLOATS(| ((v != v) & (best[q] == best[q])));
    best[q] = win ? v : best[q];
    place[q] = win ? here : place[q];
  }
}

/* count outputs of row o from place q0 on; in: D×H×W, size: these */
static void K(max_row)(T *out, int64_t *index, const T *in, const int64_t *size, const mt_window *w, const int64_t *o,
                       int64_t q0, int64_t count) {
  int64_t z0 = o[0] * w->stride[0] - w->pad[0], y0 = o[1] * w->stride[1] - w->pad[1];
  int64_t x0 = q0 * w->stride[2] - w->pad[2], start = (z0 * size[1] + y0) * size[2] + x0;
  A best[RUN];
  int32_t place[RUN];
  for (int64_t q = 0; q < count; q++) {
    best[q] = 0;
    place[q] = -1;
  }
  for (int64_t z = 0; z < w->kernel[0] * w->dilation[0]; z += w->dilation[0])
    for (int64_t y = 0; y < w->kernel[1] * w->dilation[1]; y += w->dilation[1]) {
      if (z0 + z < 0 || z0 + z >= size[0] || y0 + y < 0 || y0 + y >= size[1]) continue;
      const T *row = in + ((z0 + z) * size[1] + y0 + y) * size[2];
      for (int64_t x = 0; x < w->kernel[2] * w->dilation[2]; x += w->dilation[2]) {
        mt_span s = mt_window_span(x0 + x, w->stride[2], size[2], count);
        K(challenge)(best, place, s, row, x0 + x, w->stride[2], (int32_t)((z * size[1] + y) * size[2] + x));
      }
    }
  for (int64_t q = 0; q < count; q++) {
    out[q] = STORE(best[q]);
    index[q] = start + q * w->stride[2] + place[q] + 1;
  }
}

/* out, index: N×C×…, input: N×C×… */
static int K(max_pool)(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, *in_size = input->size + 2, rows = size[2] * size[3], width = size[4];
  int64_t volume = in_size[0] * in_size[1] * in_size[2], taps = w->kernel[0] * w->kernel[1] * w->kernel[2];
  T *to = mt_tensor_data(out);
  int64_t *places = mt_tensor_data(index);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(size[0] * size[1] * rows * width * taps / 2))
  for (int64_t r = 0; r < size[0] * size[1] * rows; r++) {
    int64_t plane = r / rows, p = r - plane * rows, o[2] = {p / size[3], p % size[3]};
    for (int64_t q = 0; q < width; q += RUN)
      K(max_row)(to + r * width + q, places + r * width + q, in + plane * volume, in_size, w, o, q,
                 mt_least(RUN, width - q));
  }
  return 0;
}

#if MT_IS_FLOAT
/* As max_row, for averages */
static void K(avg_row)(T *out, const T *in, const int64_t *size, const mt_window *w, const int64_t *o, int64_t q0,
                       int64_t count) {
  int64_t x0 = q0 * w->stride[2] - w->pad[2], stride = w->stride[2];
  reach depth = reach_of(w, 0, o[0], size[0]), height = reach_of(w, 1, o[1], size[1]);
  ACC sums[RUN] = {0};
  for (int64_t z = depth.first; z < depth.end; z++)
    for (int64_t y = height.first; y < height.end; y++)
      for (int64_t k = 0; k < w->kernel[2]; k++) {
        mt_span s = mt_window_span(x0 + k, stride, size[2], count);
        const T *row = in + (z * size[1] + y) * size[2];
        for (int64_t q = s.first; q < s.end; q++) sums[q] += LOAD(row[q * stride + x0 + k]);
      }
  for (int64_t q = 0; q < count; q++) {
    int64_t columns = reach_of(w, 2, q0 + q, size[2]).places;
    out[q] = STORE(sums[q] / (ACC)(depth.places * height.places * columns));
  }
}

/* out: N×C×…, input: N×C×… */
static int K(avg_pool)(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, *in_size = input->size + 2, rows = size[2] * size[3], width = size[4];
  int64_t volume = in_size[0] * in_size[1] * in_size[2], taps = w->kernel[0] * w->kernel[1] * w->kernel[2];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(size[0] * size[1] * rows * width * taps / 2))
  for (int64_t r = 0; r < size[0] * size[1] * rows; r++) {
    int64_t o[2] = {r % rows / size[3], r % size[3]};
    for (int64_t q = 0; q < width; q += RUN)
      K(avg_row)(to + r * width + q, in + r / rows * volume, in_size, w, o, q, mt_least(RUN, width - q));
  }
  return 0;
}

/* Adds to sums, the gradient of places x0 … x1 - 1 of a row of size[2] places, what row grad of the output gives them;
 * others: what its windows divide by along the other axes */
static void K(add_shares)(ACC *sums, const T *grad, const int64_t *size, const int64_t *grad_size, const mt_window *w,
                          int64_t others, int64_t x0, int64_t x1) {
  int64_t end = seen_by(w, 2, x1 - 1, grad_size[2]).end;
  for (int64_t q = seen_by(w, 2, x0, grad_size[2]).first; q < end; q++) {
    reach width = reach_of(w, 2, q, size[2]);
    ACC share = LOAD(grad[q]) / (ACC)(others * width.places);
    for (int64_t x = width.first > x0 ? width.first : x0; x < mt_least(width.end, x1); x++) sums[x - x0] += share;
  }
}

/* Places x0 … x1 - 1 of row x of the gradient of one plane; size: D, H, W; grad: of grad_size */
static void K(avg_input_row)(T *out, const T *grad, const int64_t *size, const int64_t *grad_size, const mt_window *w,
                             const int64_t *x, int64_t x0, int64_t x1) {
  mt_span depth = seen_by(w, 0, x[0], grad_size[0]), height = seen_by(w, 1, x[1], grad_size[1]);
  ACC sums[RUN] = {0};
  for (int64_t d = depth.first; d < depth.end; d++)
    for (int64_t p = height.first; p < height.end; p++)
      K(add_shares)(sums, grad + (d * grad_size[1] + p) * grad_size[2], size, grad_size, w,
                    reach_of(w, 0, d, size[0]).places * reach_of(w, 1, p, size[1]).places, x0, x1);
  for (int64_t i = x0; i < x1; i++) out[i] = STORE(sums[i - x0]);
}

/* out: N×C×…, grad: N×C×… */
static int K(avg_pool_input)(mt_tensor *out, const mt_tensor *grad, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size + 2, rows = size[2] * size[3], width = size[4];
  int64_t volume = grad_size[0] * grad_size[1] * grad_size[2];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad);
#pragma omp parallel for num_threads(mt_threads_for(size[0] * size[1] * rows * width * 2))
  for (int64_t r = 0; r < size[0] * size[1] * rows; r++) {
    int64_t x[2] = {r % rows / size[3], r % size[3]};
    for (int64_t x0 = 0; x0 < width; x0 += RUN)
      K(avg_input_row)(to + r * width, from + r / rows * volume, size + 2, grad_size, w, x, x0,
                       mt_least(x0 + RUN, width));
  }
  return 0;
}
#endif

static void K(register)(void) {
  mt_set_max_pool(MT_CPU, DTYPE, K(max_pool));
#if MT_IS_FLOAT
  mt_set_avg_pool(MT_CPU, DTYPE, K(avg_pool));
  mt_set_avg_pool_input(MT_CPU, DTYPE, K(avg_pool_input));
#endif
}

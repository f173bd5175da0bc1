/* adaptive.tpl.c: adaptive and fractional pooling for one dtype. All tensors are contiguous and have three spatial
 * axes. */

/* The greatest element of a window of a plane in of size D, H, W, and its place from 1. A NaN wins, and the first of
 * equals. */
static void K(max_window)(T *out, int64_t *index, const T *in, const int64_t *size, const mt_span *window) {
  int64_t place = -1;
  A best = 0;
  for (int64_t z = window[0].first; z < window[0].end; z++)
    for (int64_t y = window[1].first; y < window[1].end; y++)
      for (int64_t x = window[2].first; x < window[2].end; x++) {
        int64_t here = (z * size[1] + y) * size[2] + x;
        A v = LOAD(in[here]);
        if (!(place < 0 || v > best FLOATS(|| (v != v && best == best)))) continue;
        best = v;
        place = here;
      }
  *out = STORE(best);
  *index = place + 1;
}

/* out, index: N×C×…, input: N×C×… */
static int K(adaptive_max_pool)(mt_tensor *out, mt_tensor *index, const mt_tensor *input) {
  const int64_t *size = out->size + 2, *in_size = input->size + 2, rows = size[0] * size[1];
  int64_t volume = in_size[0] * in_size[1] * in_size[2], count = out->size[0] * out->size[1] * rows;
  T *to = mt_tensor_data(out);
  int64_t *places = mt_tensor_data(index);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(input)))
  for (int64_t r = 0; r < count; r++) {
    mt_span window[3] = {adaptive_span(r % rows / size[1], in_size[0], size[0]),
                         adaptive_span(r % size[1], in_size[1], size[1])};
    for (int64_t q = 0; q < size[2]; q++) {
      window[2] = adaptive_span(q, in_size[2], size[2]);
      K(max_window)(to + r * size[2] + q, places + r * size[2] + q, in + r / rows * volume, in_size, window);
    }
  }
  return 0;
}

#if MT_IS_FLOAT
/* Window p along an axis for a sample u; in, out: its sizes. Whatever u is, the window lies within the axis. */
static mt_span K(fractional_span)(A u, int64_t p, int64_t in, int64_t out, int64_t kernel) {
  int64_t last = in - kernel, first = last;
  A step = (A)last / (A)(out - 1), start = M(trunc)(((A)p + u) * step) - M(trunc)(u * step);
  if (p < out - 1 && !(start >= (A)last)) first = start > 0 ? (int64_t)start : 0;
  mt_span s = {first, first + kernel};
  return s;
}

/* out, index: N×C×…, input: N×C×…, samples: N×C×axes */
static int K(fractional_max_pool)(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_tensor *samples,
                                  const int64_t *kernel) {
  const int64_t *size = out->size + 2, *in_size = input->size + 2, rows = size[0] * size[1];
  int64_t axes = samples->size[samples->dim - 1], volume = in_size[0] * in_size[1] * in_size[2];
  T *to = mt_tensor_data(out);
  int64_t *places = mt_tensor_data(index);
  const T *in = mt_tensor_data(input), *sample = mt_tensor_data(samples);
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(out) * kernel[0] * kernel[1] * kernel[2]))
  for (int64_t r = 0; r < out->size[0] * out->size[1] * rows; r++) {
    const T *u = sample + r / rows * axes; /* of width, height, depth */
    int64_t d = r % rows / size[1], p = r % size[1];
    mt_span window[3] = {axes > 2 ? K(fractional_span)(LOAD(u[2]), d, in_size[0], size[0], kernel[0]) : (mt_span){0, 1},
                         axes > 1 ? K(fractional_span)(LOAD(u[1]), p, in_size[1], size[1], kernel[1]) : (mt_span){0, 1}};
    for (int64_t q = 0; q < size[2]; q++) {
      window[2] = K(fractional_span)(LOAD(u[0]), q, in_size[2], size[2], kernel[2]);
      K(max_window)(to + r * size[2] + q, places + r * size[2] + q, in + r / rows * volume, in_size, window);
    }
  }
  return 0;
}

/* out: N×C×…, input: N×C×… */
static int K(adaptive_avg_pool)(mt_tensor *out, const mt_tensor *input) {
  const int64_t *size = out->size + 2, *in_size = input->size + 2, rows = size[0] * size[1];
  int64_t volume = in_size[0] * in_size[1] * in_size[2], count = out->size[0] * out->size[1] * rows;
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(input)))
  for (int64_t r = 0; r < count; r++) {
    mt_span depth = adaptive_span(r % rows / size[1], in_size[0], size[0]);
    mt_span height = adaptive_span(r % size[1], in_size[1], size[1]);
    for (int64_t q = 0; q < size[2]; q++) {
      mt_span width = adaptive_span(q, in_size[2], size[2]);
      int64_t seen = (depth.end - depth.first) * (height.end - height.first) * (width.end - width.first);
      ACC sum = 0;
      for (int64_t z = depth.first; z < depth.end; z++)
        for (int64_t y = height.first; y < height.end; y++) {
          const T *row = in + r / rows * volume + (z * in_size[1] + y) * in_size[2];
          for (int64_t x = width.first; x < width.end; x++) sum += LOAD(row[x]);
        }
      to[r * size[2] + q] = STORE(sum / (ACC)seen);
    }
  }
  return 0;
}

/* Place x of row (z, y) of the gradient of one plane. grad: the plane's, of o; size: D, H, W */
static ACC K(adaptive_share)(const T *grad, const int64_t *o, const int64_t *size, int64_t z, int64_t y, int64_t x) {
  mt_span depth = adaptive_span(z, o[0], size[0]), height = adaptive_span(y, o[1], size[1]);
  mt_span width = adaptive_span(x, o[2], size[2]);
  ACC sum = 0;
  for (int64_t d = depth.first; d < depth.end; d++)
    for (int64_t p = height.first; p < height.end; p++) {
      int64_t others = adaptive_seen(d, size[0], o[0]) * adaptive_seen(p, size[1], o[1]);
      for (int64_t q = width.first; q < width.end; q++)
        sum += LOAD(grad[(d * o[1] + p) * o[2] + q]) / (ACC)(others * adaptive_seen(q, size[2], o[2]));
    }
  return sum;
}

/* out: N×C×…, grad: N×C×… */
static int K(adaptive_avg_pool_input)(mt_tensor *out, const mt_tensor *grad) {
  const int64_t *size = out->size + 2, *o = grad->size + 2, rows = size[0] * size[1];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad);
#pragma omp parallel for num_threads(mt_threads_for(mt_tensor_numel(out) * 4))
  for (int64_t r = 0; r < out->size[0] * out->size[1] * rows; r++) {
    const T *plane = from + r / rows * o[0] * o[1] * o[2];
    for (int64_t x = 0; x < size[2]; x++)
      to[r * size[2] + x] = STORE(K(adaptive_share)(plane, o, size, r % rows / size[1], r % size[1], x));
  }
  return 0;
}
#endif

static void K(register)(void) {
  mt_set_adaptive_max_pool(MT_CPU, DTYPE, K(adaptive_max_pool));
#if MT_IS_FLOAT
  mt_set_adaptive_avg_pool(MT_CPU, DTYPE, K(adaptive_avg_pool));
  mt_set_adaptive_avg_pool_input(MT_CPU, DTYPE, K(adaptive_avg_pool_input));
  mt_set_fractional_max_pool(MT_CPU, DTYPE, K(fractional_max_pool));
#endif
}

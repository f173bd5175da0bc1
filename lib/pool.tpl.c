/* pool.tpl.c: pooling for one dtype. All tensors are contiguous. */

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

/* count outputs of row p from column q0 on; in: H×W */
static void K(max_row)(T *out, int64_t *index, const T *in, int64_t height, int64_t width, const mt_window *w,
                       int64_t p, int64_t q0, int64_t count) {
  int64_t y0 = p * w->stride[0] - w->pad[0], x0 = q0 * w->stride[1] - w->pad[1];
  A best[RUN];
  int32_t place[RUN];
  for (int64_t q = 0; q < count; q++) {
    best[q] = 0;
    place[q] = -1;
  }
  for (int64_t i = 0; i < w->kernel[0]; i++) {
    int64_t y = y0 + i * w->dilation[0];
    if (y < 0 || y >= height) continue;
    for (int64_t j = 0; j < w->kernel[1]; j++) {
      int64_t shift = x0 + j * w->dilation[1];
      mt_span s = mt_window_span(shift, w->stride[1], width, count);
      K(challenge)(best, place, s, in + y * width, shift, w->stride[1],
                   (int32_t)(i * w->dilation[0] * width + j * w->dilation[1]));
    }
  }
  for (int64_t q = 0; q < count; q++) {
    out[q] = STORE(best[q]);
    index[q] = y0 * width + x0 + q * w->stride[1] + place[q] + 1;
  }
}

/* out, index: N×C×P×Q, input: N×C×H×W */
static int K(max_pool2d)(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, height = input->size[2], width = input->size[3];
  int64_t rows = size[0] * size[1] * size[2];
  T *to = mt_tensor_data(out);
  int64_t *places = mt_tensor_data(index);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(rows * size[3] * w->kernel[0] * w->kernel[1] / 2))
  for (int64_t r = 0; r < rows; r++)
    for (int64_t q = 0; q < size[3]; q += RUN)
      K(max_row)(to + r * size[3] + q, places + r * size[3] + q, in + r / size[2] * height * width, height, width, w,
                 r % size[2], q, mt_least(RUN, size[3] - q));
  return 0;
}

#if MT_IS_FLOAT
/* As max_row, for averages */
static void K(avg_row)(T *out, const T *in, int64_t height, int64_t width, const mt_window *w, int64_t p, int64_t q0,
                       int64_t count) {
  int64_t y0 = p * w->stride[0] - w->pad[0], x0 = q0 * w->stride[1] - w->pad[1], stride = w->stride[1];
  int64_t rows = places(y0, y0 + w->kernel[0], height, w->pad[0], w->count_pad);
  ACC sums[RUN] = {0};
  for (int64_t y = y0 > 0 ? y0 : 0; y < mt_least(y0 + w->kernel[0], height); y++)
    for (int64_t j = 0; j < w->kernel[1]; j++) {
      mt_span s = mt_window_span(x0 + j, stride, width, count);
      for (int64_t q = s.first; q < s.end; q++) sums[q] += LOAD(in[y * width + q * stride + x0 + j]);
    }
  for (int64_t q = 0; q < count; q++) {
    int64_t x = x0 + q * stride, columns = places(x, x + w->kernel[1], width, w->pad[1], w->count_pad);
    out[q] = STORE(sums[q] / (ACC)(rows * columns));
  }
}

/* out: N×C×P×Q, input: N×C×H×W */
static int K(avg_pool2d)(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, height = input->size[2], width = input->size[3];
  int64_t rows = size[0] * size[1] * size[2];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(rows * size[3] * w->kernel[0] * w->kernel[1] / 2))
  for (int64_t r = 0; r < rows; r++)
    for (int64_t q = 0; q < size[3]; q += RUN)
      K(avg_row)(to + r * size[3] + q, in + r / size[2] * height * width, height, width, w, r % size[2], q,
                 mt_least(RUN, size[3] - q));
  return 0;
}

/* Row y of the gradient of one plane, columns x0 … x1 - 1; size: H, W; grad: P×Q */
static void K(avg_input_row)(T *out, const T *grad, const int64_t *size, const int64_t *grad_size, const mt_window *w,
                             int64_t y, int64_t x0, int64_t x1) {
  ACC sums[RUN] = {0};
  int64_t last = (y + w->pad[0]) / w->stride[0], room = y + w->pad[0] - w->kernel[0];
  for (int64_t p = room < 0 ? 0 : room / w->stride[0] + 1; p <= mt_least(last, grad_size[0] - 1); p++) {
    int64_t top = p * w->stride[0] - w->pad[0];
    int64_t rows = places(top, top + w->kernel[0], size[0], w->pad[0], w->count_pad);
    int64_t first = x0 + w->pad[1] - w->kernel[1]; /* the last window that ends before x0 begins here or before */
    for (int64_t q = first < 0 ? 0 : first / w->stride[1] + 1; q < grad_size[1]; q++) {
      int64_t left = q * w->stride[1] - w->pad[1], right = left + w->kernel[1];
      if (left >= x1) break;
      int64_t columns = places(left, right, size[1], w->pad[1], w->count_pad);
      ACC share = LOAD(grad[p * grad_size[1] + q]) / (ACC)(rows * columns);
      for (int64_t x = left > x0 ? left : x0; x < mt_least(right, x1); x++) sums[x - x0] += share;
    }
  }
  for (int64_t x = x0; x < x1; x++) out[x] = STORE(sums[x - x0]);
}

/* out: N×C×H×W, grad: N×C×P×Q */
static int K(avg_pool2d_input)(mt_tensor *out, const mt_tensor *grad, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size;
  int64_t rows = size[0] * size[1] * size[2], plane = grad_size[2] * grad_size[3];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad);
#pragma omp parallel for num_threads(mt_threads_for(rows * size[3] * 2))
  for (int64_t r = 0; r < rows; r++)
    for (int64_t x = 0; x < size[3]; x += RUN)
      K(avg_input_row)(to + r * size[3], from + r / size[2] * plane, size + 2, grad_size + 2, w, r % size[2], x,
                       mt_least(x + RUN, size[3]));
  return 0;
}
#endif

static void K(register)(void) {
  mt_kernel_set(MT_CPU, MT_OP_max_pool2d, DTYPE, (mt_kernel)K(max_pool2d));
#if MT_IS_FLOAT
  mt_kernel_set(MT_CPU, MT_OP_avg_pool2d, DTYPE, (mt_kernel)K(avg_pool2d));
  mt_kernel_set(MT_CPU, MT_OP_avg_pool2d_input, DTYPE, (mt_kernel)K(avg_pool2d_input));
#endif
}

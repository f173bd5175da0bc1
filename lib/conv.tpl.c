/* conv.tpl.c: 2-D convolution by direct loops, for one dtype. All tensors are contiguous.
 * Output row p and kernel row i meet in input row p·stride - pad + i·dilation; columns likewise.
 * Whole numbers wrap (the build says -fwrapv), so sums of theirs in A have the right low bits. */

/* sums[q - q0] += tap · row[q·stride + shift] for the outputs q in q0 … q1 - 1 whose input exists */
static inline void K(add_row)(A *sums, int64_t q0, int64_t q1, A tap, const T *row, int64_t width, int64_t shift,
                              int64_t stride) {
  int64_t base = q0 * stride + shift;
  mt_span s = mt_window_span(base, stride, width, q1 - q0);
  for (int64_t q = s.first; q < s.end; q++) sums[q] += tap * LOAD(row[q * stride + base]);
}

/* Row p of output plane k of image n, from column q0 on: at most RUN columns. in: the group's channels×H×W;
 * weight: that plane's channels×kH×kW */
static void K(conv_row)(A *sums, const T *in, const T *weight, const int64_t *in_size, const mt_window *w,
                        int64_t channels, int64_t p, int64_t q0, int64_t q1) {
  int64_t height = in_size[2], width = in_size[3];
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < w->kernel[0]; i++) {
      int64_t y = p * w->stride[0] - w->pad[0] + i * w->dilation[0];
      if (y < 0 || y >= height) continue;
      const T *taps = weight + (c * w->kernel[0] + i) * w->kernel[1];
      for (int64_t j = 0; j < w->kernel[1]; j++)
        K(add_row)(sums, q0, q1, LOAD(taps[j]), in + (c * height + y) * width, width,
                   j * w->dilation[1] - w->pad[1], w->stride[1]);
    }
}

/* out: N×K×P×Q, input: N×C×H×W, weight: K×(C/groups)×kH×kW, bias: K or NULL */
static int K(conv2d)(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                     const mt_window *w) {
  const int64_t *size = out->size, *in_size = input->size;
  int64_t planes = size[1], channels = weight->size[1], taps = channels * w->kernel[0] * w->kernel[1];
  int64_t rows = size[0] * planes * size[2];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input), *weights = mt_tensor_data(weight), *biases = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel for num_threads(mt_threads_for(rows * size[3] * (1 + taps / 4)))
  for (int64_t r = 0; r < rows; r++) {
    int64_t n = r / (planes * size[2]), k = r / size[2] % planes, p = r % size[2];
    int64_t group = k / (planes / w->groups);
    const T *from = in + (n * in_size[1] + group * channels) * in_size[2] * in_size[3];
    for (int64_t q0 = 0; q0 < size[3]; q0 += RUN) {
      int64_t q1 = q0 + RUN < size[3] ? q0 + RUN : size[3];
      A sums[RUN];
      for (int64_t q = 0; q < q1 - q0; q++) sums[q] = biases ? LOAD(biases[k]) : 0;
      K(conv_row)(sums, from, weights + k * taps, in_size, w, channels, p, q0, q1);
      for (int64_t q = q0; q < q1; q++) to[r * size[3] + q] = STORE(sums[q - q0]);
    }
  }
  return 0;
}

/* sums[x - x0] += tap · row[q] for the outputs q whose input column x = q·stride + shift lies in x0 … x1 - 1 */
static inline void K(spread_row)(A *sums, int64_t x0, int64_t x1, A tap, const T *row, int64_t outputs,
                                 int64_t shift, int64_t stride) {
  mt_span s = mt_window_span(shift - x0, stride, x1 - x0, outputs);
  for (int64_t q = s.first; q < s.end; q++) sums[q * stride + shift - x0] += tap * LOAD(row[q]);
}

/* Columns x0 … x1 - 1 of row y of the gradient of one input plane. grad: planes×P×Q of the group; weight: that
 * channel's taps of plane 0, and step elements further those of the next plane */
static void K(conv_input_row)(A *sums, const T *grad, const T *weight, int64_t step, const int64_t *size,
                              const mt_window *w, int64_t planes, int64_t y, int64_t x0, int64_t x1) {
  int64_t height = size[2], width = size[3];
  for (int64_t k = 0; k < planes; k++)
    for (int64_t i = 0; i < w->kernel[0]; i++) {
      int64_t place = y + w->pad[0] - i * w->dilation[0], p = place / w->stride[0];
      if (place < 0 || p >= height || p * w->stride[0] != place) continue;
      const T *taps = weight + k * step + i * w->kernel[1];
      for (int64_t j = 0; j < w->kernel[1]; j++)
        K(spread_row)(sums, x0, x1, LOAD(taps[j]), grad + (k * height + p) * width, width,
                      j * w->dilation[1] - w->pad[1], w->stride[1]);
    }
}

/* out: N×C×H×W, grad: N×K×P×Q, weight: K×(C/groups)×kH×kW */
static int K(conv2d_input)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size;
  int64_t channels = weight->size[1], planes = weight->size[0] / w->groups, kernel = w->kernel[0] * w->kernel[1];
  int64_t rows = size[0] * size[1] * size[2], plane = grad_size[2] * grad_size[3];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad), *weights = mt_tensor_data(weight);
#pragma omp parallel for num_threads(mt_threads_for(rows * size[3] * (1 + planes * kernel / 4)))
  for (int64_t r = 0; r < rows; r++) {
    int64_t n = r / (size[1] * size[2]), c = r / size[2] % size[1], y = r % size[2], group = c / channels;
    const T *g = from + (n * grad_size[1] + group * planes) * plane;
    const T *taps = weights + (group * planes * channels + c % channels) * kernel;
    for (int64_t x0 = 0; x0 < size[3]; x0 += RUN) {
      int64_t x1 = x0 + RUN < size[3] ? x0 + RUN : size[3];
      A sums[RUN] = {0};
      K(conv_input_row)(sums, g, taps, channels * kernel, grad_size, w, planes, y, x0, x1);
      for (int64_t x = x0; x < x1; x++) to[r * size[3] + x] = STORE(sums[x - x0]);
    }
  }
  return 0;
}

/* The sum over one image of plane grad (P×Q) times the plane in (H×W) as tap (i, j) sees it */
static ACC K(correlate)(const T *grad, const T *in, const int64_t *grad_size, const int64_t *in_size,
                          const mt_window *w, int64_t i, int64_t j) {
  int64_t width = in_size[3], stride = w->stride[1], shift = j * w->dilation[1] - w->pad[1];
  mt_span s = mt_window_span(shift, stride, width, grad_size[3]);
  ACC sum = 0;
  for (int64_t p = 0; p < grad_size[2]; p++) {
    int64_t y = p * w->stride[0] - w->pad[0] + i * w->dilation[0];
    if (y < 0 || y >= in_size[2]) continue;
    const T *g = grad + p * grad_size[3], *x = in + y * width;
    for (int64_t q = s.first; q < s.end; q++) sum += (ACC)LOAD(g[q]) * (ACC)LOAD(x[q * stride + shift]);
  }
  return sum;
}

/* out: K×(C/groups)×kH×kW, grad: N×K×P×Q, input: N×C×H×W */
static int K(conv2d_weight)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size, *in_size = input->size;
  int64_t planes = size[0] / w->groups, kernel = w->kernel[0] * w->kernel[1], count = size[0] * size[1] * kernel;
  int64_t grad_plane = grad_size[2] * grad_size[3], in_plane = in_size[2] * in_size[3];
  T *to = mt_tensor_data(out);
  const T *g = mt_tensor_data(grad), *x = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(count * (1 + grad_size[0] * grad_plane / 4)))
  for (int64_t t = 0; t < count; t++) {
    int64_t k = t / (size[1] * kernel), c = k / planes * size[1] + t / kernel % size[1], tap = t % kernel;
    ACC sum = 0;
    for (int64_t n = 0; n < grad_size[0]; n++)
      sum += K(correlate)(g + (n * grad_size[1] + k) * grad_plane, x + (n * in_size[1] + c) * in_plane, grad_size,
                          in_size, w, tap / w->kernel[1], tap % w->kernel[1]);
    to[t] = STORE(sum);
  }
  return 0;
}

static void K(register)(void) {
  mt_kernel_set(MT_CPU, MT_OP_conv2d, DTYPE, (mt_kernel)K(conv2d));
  mt_kernel_set(MT_CPU, MT_OP_conv2d_input, DTYPE, (mt_kernel)K(conv2d_input));
  mt_kernel_set(MT_CPU, MT_OP_conv2d_weight, DTYPE, (mt_kernel)K(conv2d_weight));
}

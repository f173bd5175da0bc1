/* conv.tpl.c: convolution by direct loops, for one dtype. All tensors are contiguous and have three spatial axes, taken
 * as rows of W (see mt_window_row). Output place q and kernel place j of a row meet in input place
 * q·stride - pad + j·dilation. Whole numbers wrap (the build says -fwrapv), so sums of theirs in A have the right low
 * bits. */

/* sums[q - q0] += tap · row[q·stride + shift] for the outputs q in q0 … q1 - 1 whose input exists */
static inline void K(add_row)(A *sums, int64_t q0, int64_t q1, A tap, const T *row, int64_t width, int64_t shift,
                              int64_t stride) {
  int64_t base = q0 * stride + shift;
  mt_span s = mt_window_span(base, stride, width, q1 - q0);
  for (int64_t q = s.first; q < s.end; q++) sums[q] += tap * LOAD(row[q * stride + base]);
}

/* Row o of one output plane, its places q0 … q1 - 1: at most RUN. in: the group's channels×D×H×W, size: N, C, D, H, W;
 * taps: that plane's channels×kD×kH×kW */
static void K(conv_row)(A *sums, const T *in, const int64_t *size, const T *taps, int64_t channels, const mt_window *w,
                        const int64_t *o, int64_t q0, int64_t q1) {
  int64_t rows = size[2] * size[3], width = size[4];
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < w->kernel[0]; i++)
      for (int64_t j = 0; j < w->kernel[1]; j++, taps += w->kernel[2]) {
        int64_t row = mt_window_row(w, size + 2, o, i, j);
        for (int64_t k = 0; k < w->kernel[2] && row >= 0; k++)
          K(add_row)(sums, q0, q1, LOAD(taps[k]), in + (c * rows + row) * width, width,
                     k * w->dilation[2] - w->pad[2], w->stride[2]);
      }
}

/* out: N×K×…, input: N×C×…, weight: K×(C/groups)×…, bias: K or NULL */
static int K(conv)(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                   const mt_window *w, int activation) {
  const int64_t *size = out->size, *in_size = input->size, rows = size[2] * size[3], width = size[4];
  int64_t planes = size[1], channels = weight->size[1], taps = channels * w->kernel[0] * w->kernel[1] * w->kernel[2];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input), *weights = mt_tensor_data(weight), *biases = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel for num_threads(mt_threads_for(size[0] * planes * rows * width * (1 + taps / 4)))
  for (int64_t r = 0; r < size[0] * planes * rows; r++) {
    int64_t plane = r / rows, k = plane % planes, group = k / (planes / w->groups);
    int64_t o[2] = {r % rows / size[3], r % size[3]};
    const T *from = in + (plane / planes * in_size[1] + group * channels) * in_size[2] * in_size[3] * in_size[4];
    for (int64_t q0 = 0; q0 < width; q0 += RUN) {
      int64_t q1 = mt_least(q0 + RUN, width);
      A sums[RUN];
      for (int64_t q = 0; q < q1 - q0; q++) sums[q] = biases ? LOAD(biases[k]) : 0;
      K(conv_row)(sums, from, in_size, weights + k * taps, channels, w, o, q0, q1);
      for (int64_t q = q0; q < q1; q++) to[r * width + q] = STORE(sums[q - q0]);
      for (int64_t q = q0; q < q1 && activation == MT_RELU; q++)
        if (LOAD(to[r * width + q]) < 0) to[r * width + q] = STORE(0);
    }
  }
  return 0;
}

/* sums[x - x0] += tap · row[q] for the outputs q whose input place x = q·stride + shift lies in x0 … x1 - 1 */
static inline void K(spread_row)(A *sums, int64_t x0, int64_t x1, A tap, const T *row, int64_t outputs,
                                 int64_t shift, int64_t stride) {
  mt_span s = mt_window_span(shift - x0, stride, x1 - x0, outputs);
  for (int64_t q = s.first; q < s.end; q++) sums[q * stride + shift - x0] += tap * LOAD(row[q]);
}

/* Places x0 … x1 - 1 of row x of the gradient of one input plane. grad: the group's planes×…, size: N, K, D, H, W of
 * grad; taps: that channel's of plane 0, and step elements further those of the next plane */
static void K(conv_input_row)(A *sums, const T *grad, const int64_t *size, const T *taps, int64_t step, int64_t planes,
                              const mt_window *w, const int64_t *x, int64_t x0, int64_t x1) {
  int64_t rows = size[2] * size[3], width = size[4];
  for (int64_t p = 0; p < planes; p++, taps += step) {
    const T *at = taps;
    for (int64_t i = 0; i < w->kernel[0]; i++)
      for (int64_t j = 0; j < w->kernel[1]; j++, at += w->kernel[2]) {
        int64_t row = mt_window_row_back(w, size + 2, x, i, j);
        for (int64_t k = 0; k < w->kernel[2] && row >= 0; k++)
          K(spread_row)(sums, x0, x1, LOAD(at[k]), grad + (p * rows + row) * width, width,
                        k * w->dilation[2] - w->pad[2], w->stride[2]);
      }
  }
}

/* out: N×C×…, grad: N×K×…, weight: K×(C/groups)×… */
static int K(conv_input)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size, rows = size[2] * size[3], width = size[4];
  int64_t channels = weight->size[1], planes = weight->size[0] / w->groups;
  int64_t kernel = w->kernel[0] * w->kernel[1] * w->kernel[2], volume = grad_size[2] * grad_size[3] * grad_size[4];
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad), *weights = mt_tensor_data(weight);
#pragma omp parallel for num_threads(mt_threads_for(size[0] * size[1] * rows * width * (1 + planes * kernel / 4)))
  for (int64_t r = 0; r < size[0] * size[1] * rows; r++) {
    int64_t plane = r / rows, c = plane % size[1], group = c / channels;
    int64_t x[2] = {r % rows / size[3], r % size[3]};
    const T *g = from + (plane / size[1] * grad_size[1] + group * planes) * volume;
    const T *taps = weights + (group * planes * channels + c % channels) * kernel;
    for (int64_t x0 = 0; x0 < width; x0 += RUN) {
      int64_t x1 = mt_least(x0 + RUN, width);
      A sums[RUN] = {0};
      K(conv_input_row)(sums, g, grad_size, taps, channels * kernel, planes, w, x, x0, x1);
      for (int64_t i = x0; i < x1; i++) to[r * width + i] = STORE(sums[i - x0]);
    }
  }
  return 0;
}

/* The sum over one image of a plane of grad times a plane of the input as tap (i, j, k) sees it; sizes: N, planes, D, H,
 * W of each */
static ACC K(correlate)(const T *grad, const T *in, const int64_t *grad_size, const int64_t *in_size,
                          const mt_window *w, const int64_t *tap) {
  int64_t width = in_size[4], stride = w->stride[2], shift = tap[2] * w->dilation[2] - w->pad[2];
  mt_span s = mt_window_span(shift, stride, width, grad_size[4]);
  ACC sum = 0;
  for (int64_t d = 0; d < grad_size[2]; d++)
    for (int64_t h = 0; h < grad_size[3]; h++, grad += grad_size[4]) {
      int64_t row = mt_window_row(w, in_size + 2, (int64_t[2]){d, h}, tap[0], tap[1]);
      if (row < 0) continue;
      const T *x = in + row * width;
      for (int64_t q = s.first; q < s.end; q++) sum += (ACC)LOAD(grad[q]) * (ACC)LOAD(x[q * stride + shift]);
    }
  return sum;
}

/* out: K×(C/groups)×…, grad: N×K×…, input: N×C×… */
static int K(conv_weight)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = out->size, *grad_size = grad->size, *in_size = input->size;
  int64_t planes = size[0] / w->groups, kernel = w->kernel[0] * w->kernel[1] * w->kernel[2];
  int64_t grad_volume = grad_size[2] * grad_size[3] * grad_size[4], in_volume = in_size[2] * in_size[3] * in_size[4];
  int64_t count = size[0] * size[1] * kernel;
  T *to = mt_tensor_data(out);
  const T *g = mt_tensor_data(grad), *x = mt_tensor_data(input);
#pragma omp parallel for num_threads(mt_threads_for(count * (1 + grad_size[0] * grad_volume / 4)))
  for (int64_t t = 0; t < count; t++) {
    int64_t k = t / (size[1] * kernel), c = k / planes * size[1] + t / kernel % size[1];
    int64_t tap[3] = {t % kernel / (size[3] * size[4]), t / size[4] % size[3], t % size[4]};
    ACC sum = 0;
    for (int64_t n = 0; n < grad_size[0]; n++)
      sum += K(correlate)(g + (n * grad_size[1] + k) * grad_volume, x + (n * in_size[1] + c) * in_volume, grad_size,
                          in_size, w, tap);
    to[t] = STORE(sum);
  }
  return 0;
}

static void K(register)(void) {
  mt_set_conv(MT_CPU, DTYPE, K(conv));
  mt_set_conv_input(MT_CPU, DTYPE, K(conv_input));
  mt_set_conv_weight(MT_CPU, DTYPE, K(conv_weight));
}

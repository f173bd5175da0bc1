/* columns.tpl.c: im2col and col2im for one dtype. All tensors are contiguous; columns: N×(C·taps)×outputs */
#include "lay_columns.tpl.c"

/* out: columns, input: N×C×D×H×W */
static int K(im2col)(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  const int64_t *size = input->size + 2, planes = input->size[0] * input->size[1];
  int64_t o[3], column = taps_of(w) * out->size[4], plane = size[0] * size[1] * size[2];
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input);
  if (mt_window_sizes("im2col", w, size, o)) return 1;
#pragma omp parallel for num_threads(mt_threads_for(planes * column))
  for (int64_t i = 0; i < planes; i++)
    K(lay_columns)(to + i * column, in + i * plane, 1, size, o, w, 0, o[0] * o[1]);
  return 0;
}

/* Places x0 … x1 - 1 of input row x: sums of what the columns of one plane hold for them; o: D, H, W of the output */
static void K(gather_row)(A *sums, const T *columns, const int64_t *o, const mt_window *w, const int64_t *x, int64_t x0,
                          int64_t x1) {
  for (int64_t i = 0; i < w->kernel[0]; i++)
    for (int64_t j = 0; j < w->kernel[1]; j++) {
      int64_t row = mt_window_row_back(w, o, x, i, j);
      for (int64_t k = 0; k < w->kernel[2]; k++, columns += o[0] * o[1] * o[2]) {
        int64_t shift = k * w->dilation[2] - w->pad[2] - x0, stride = w->stride[2];
        mt_span s = mt_window_span(shift, stride, x1 - x0, o[2]);
        const T *from = columns + (row < 0 ? 0 : row) * o[2];
        for (int64_t q = s.first; q < s.end && row >= 0; q++) sums[q * stride + shift] += LOAD(from[q]);
      }
    }
}

/* out: N×C×D×H×W */
static int K(col2im)(mt_tensor *out, const mt_tensor *columns, const mt_window *w) {
  const int64_t *size = out->size + 2, rows = size[0] * size[1], width = size[2];
  int64_t o[3], column = taps_of(w) * columns->size[4], count = out->size[0] * out->size[1] * rows;
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(columns);
  if (mt_window_sizes("col2im", w, size, o)) return 1;
#pragma omp parallel for num_threads(mt_threads_for(columns->size[0] * columns->size[1] * columns->size[4]))
  for (int64_t r = 0; r < count; r++) {
    int64_t x[2] = {r % rows / size[1], r % size[1]};
    for (int64_t x0 = 0; x0 < width; x0 += RUN) {
      int64_t x1 = mt_least(x0 + RUN, width);
      A sums[RUN] = {0};
      K(gather_row)(sums, from + r / rows * column, o, w, x, x0, x1);
      for (int64_t i = x0; i < x1; i++) to[r * width + i] = STORE(sums[i - x0]);
    }
  }
  return 0;
}

static void K(register)(void) {
  mt_set_im2col(MT_CPU, DTYPE, K(im2col));
  mt_set_col2im(MT_CPU, DTYPE, K(col2im));
}

/* lay_columns.tpl.c: the windows of an input as columns (im2col), for elements of type T. Nothing is computed. */

/* One row of columns for one output row: to[q] = row[q·stride + shift] for the outputs of the span, 0 for the others */
static inline void K(lay_row)(T *to, const T *row, int64_t outputs, mt_span s, int64_t shift, int64_t stride) {
  const T zero = {0}; /* half is a struct */
  for (int64_t q = 0; q < s.first; q++) to[q] = zero;
  if (stride == 1)
    for (int64_t q = s.first; q < s.end; q++) to[q] = row[q + shift];
  else
    for (int64_t q = s.first; q < s.end; q++) to[q] = row[q * stride + shift];
  for (int64_t q = s.end; q < outputs; q++) to[q] = zero;
}

/* Those of one tap of one channel, where tap is its place on the input for the output at 0, 0, 0; o: depth and height of
 * the first of count rows. */
static inline T *K(lay_tap)(T *restrict columns, const T *restrict in, const int64_t *size, const int64_t *out,
                            const mt_window *w, const int64_t *tap, const int64_t *o, int64_t count) {
  int64_t width = size[2], outputs = out[2], z = tap[0] + o[0] * w->stride[0];
  mt_span s = mt_window_span(tap[2], w->stride[2], width, outputs);
  for (int64_t first = o[1]; count > 0; first = 0, z += w->stride[0]) { /* the rows of one depth */
    int64_t y = tap[1] + first * w->stride[1], rows = mt_least(count, out[1] - first);
    count -= rows;
    for (; rows > 0; rows--, y += w->stride[1], columns += outputs)
      if (z < 0 || z >= size[0] || y < 0 || y >= size[1])
        memset(columns, 0, (size_t)outputs * sizeof *columns);
      else
        K(lay_row)(columns, in + (z * size[1] + y) * width, outputs, s, tap[2], w->stride[2]);
  }
  return columns;
}

/* Output rows p0 … p1 - 1 of the columns of some channels. columns: channels·taps × (p1 - p0)·Q; in: channels×D×H×W;
 * size, out: D, H, W of the input and of the output, whose rows of Q are counted through depth and height */
static void K(lay_columns)(T *columns, const T *in, int64_t channels, const int64_t *size, const int64_t *out,
                           const mt_window *w, int64_t p0, int64_t p1) {
  int64_t tap[3], o[2] = {p0 / out[1], p0 % out[1]};
  for (int64_t c = 0; c < channels; c++, in += size[0] * size[1] * size[2])
    for (int64_t i = 0; i < w->kernel[0]; i++)
      for (int64_t j = 0; j < w->kernel[1]; j++)
        for (int64_t k = 0; k < w->kernel[2]; k++) {
          mt_window_tap(w, i, j, k, tap);
          columns = K(lay_tap)(columns, in, size, out, w, tap, o, p1 - p0);
        }
}

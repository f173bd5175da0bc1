/* window.h: the geometry that convolution and pooling share, and the common way through their front doors. */
#ifndef MOONTORCH_WINDOW_H
#define MOONTORCH_WINDOW_H
#include "kernels.h"

/* Fails unless the window's numbers make sense. */
int mt_window_check(const char *op, const mt_window *w);
/* Output sizes of a checked window over an input of these sizes, along each axis:
 *   floor or ceil((in + 2 pad - dilation (kernel - 1) - 1) / stride) + 1, and with ceil less one when the last window
 *   would begin behind the input and its left padding.
 * Fails when no window fits. */
int mt_window_sizes(const char *op, const mt_window *w, const int64_t *in, int64_t *out);
/* Fails unless t has the dimensions batch, channels and so many axes; where says which one it is: "an input", … */
int mt_window_planes(const char *op, const char *where, const mt_tensor *t, int axes);
/* Fails unless the sizes, of so many axes, are least or more, and small enough for sums of them. */
int mt_window_range(const char *op, const char *what, int axes, const int64_t *size, int64_t least);

/* -- The way through a front door ----------------------------------------------------------------------------- */

/* What an op works on, once all is checked. */
typedef struct mt_window_call {
  int op;
  mt_tensor *out, *index;    /* results; index: NULL, or an int64 tensor that gets out's sizes */
  const mt_tensor *input[3]; /* NULL where there are fewer */
  int dim;                   /* of the results */
  int64_t size[MT_MAX_DIM];
} mt_window_call;

/* The same as kernels see it: contiguous, with three spatial axes (kernels.h). */
typedef struct mt_window_operands {
  mt_tensor out, index, view[3];
  const mt_tensor *input[3]; /* of the views, or NULL */
} mt_window_operands;

/* Makes the inputs contiguous, readies the results and calls run (unless the result is empty), which casts the kernel
 * and calls it. args is for run. */
int mt_window_run(const mt_window_call *call, int (*run)(mt_kernel kernel, mt_window_operands *o, const void *args),
                  const void *args);
/* The window with three axes. */
mt_window mt_window_full(const mt_window *w);

/* -- For kernels ------------------------------------------------------------------------------------------------ */

/* The place on the input of a tap, for the output at 0, 0, 0. */
static inline void mt_window_tap(const mt_window *w, int64_t i0, int64_t i1, int64_t i2, int64_t *tap) {
  tap[0] = i0 * w->dilation[0] - w->pad[0];
  tap[1] = i1 * w->dilation[1] - w->pad[1];
  tap[2] = i2 * w->dilation[2] - w->pad[2];
}

/* A volume of D×H×W is taken as D·H rows; o and in below are pairs of depth and height. */

/* The input's row that tap row i of output row o lies on, or -1 where that is padding. in: the input's D and H */
static inline int64_t mt_window_row(const mt_window *w, const int64_t *in, const int64_t *o, int64_t i0, int64_t i1) {
  int64_t z = o[0] * w->stride[0] - w->pad[0] + i0 * w->dilation[0];
  int64_t y = o[1] * w->stride[1] - w->pad[1] + i1 * w->dilation[1];
  return z < 0 || z >= in[0] || y < 0 || y >= in[1] ? -1 : z * in[1] + y;
}

/* The output's row whose tap row i lies on input row x, or -1 where there is none. out: the output's D and H */
static inline int64_t mt_window_row_back(const mt_window *w, const int64_t *out, const int64_t *x, int64_t i0,
                                         int64_t i1) {
  int64_t o[2], i[2] = {i0, i1};
  for (int d = 0; d < 2; d++) {
    int64_t place = x[d] + w->pad[d] - i[d] * w->dilation[d];
    o[d] = place / w->stride[d];
    if (place < 0 || o[d] >= out[d] || o[d] * w->stride[d] != place) return -1;
  }
  return o[0] * out[1] + o[1];
}

/* The row after o of an output of out[0]×out[1] rows. */
static inline void mt_window_next_row(const int64_t *out, int64_t *o) {
  if (++o[1] < out[1]) return;
  o[1] = 0;
  o[0]++;
}

/* The window with which the convolution of the output's gradient, with the taps in reverse, is the input's gradient.
 * Gives 0 where there is none: strides are 1, and the padding is less than a window. */
static inline int mt_window_reversed(const mt_window *w, mt_window *back) {
  int reversible = 1;
  *back = *w;
  for (int i = 0; i < 3; i++) {
    back->pad[i] = w->dilation[i] * (w->kernel[i] - 1) - w->pad[i];
    reversible = reversible && w->stride[i] == 1 && back->pad[i] >= 0;
  }
  return reversible;
}

/* The outputs [first, end) for which output·stride + shift lies within 0 … in - 1. */
typedef struct {
  int64_t first, end;
} mt_span;

static inline mt_span mt_window_span(int64_t shift, int64_t stride, int64_t in, int64_t out) {
  mt_span s = {0, out};
  if (shift >= 0 && (out - 1) * stride + shift < in) return s; /* nearly always: spares two divisions */
  s.first = shift >= 0 ? 0 : (stride - 1 - shift) / stride;
  s.end = shift >= in ? 0 : (in - 1 - shift) / stride + 1;
  if (s.end > out) s.end = out;
  if (s.first > s.end) s.first = s.end;
  return s;
}

#endif

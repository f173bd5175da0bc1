/* window.h: the geometry that convolution and pooling share. Of pairs, [0] is height and [1] is width. */
#ifndef MOONTORCH_WINDOW_H
#define MOONTORCH_WINDOW_H
#include "kernels.h"

/* Fails unless the window's numbers make sense. */
int mt_window_check(const char *op, const mt_window *w);
/* Output sizes of a checked window over an input of in[0]×in[1]:
 *   floor or ceil((in + 2 pad - dilation (kernel - 1) - 1) / stride) + 1, and with ceil less one when the last window
 *   would begin behind the input and its left padding.
 * Fails when no window fits. */
int mt_window_sizes(const char *op, const mt_window *w, const int64_t *in, int64_t *out);
/* Fails unless t is N×C×H×W; where says which one it is: "an input", … */
int mt_window_planes(const char *op, const char *where, const mt_tensor *t);

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

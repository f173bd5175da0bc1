/* columns.c: windows as columns (im2col) and the transposed step (col2im): checks, and portable kernels. */
#include "window.h"

#include <string.h>

/* Neighbours of an input row that are added up at once */
enum { RUN = 128 };

static int64_t taps_of(const mt_window *w) {
  int64_t taps = 1;
  for (int i = 0; i < w->axes; i++) taps *= w->kernel[i];
  return taps;
}

#define MT_TEMPLATE "columns.tpl.c"
#include "each_dtype.h"

/* -- Front doors ---------------------------------------------------------------------------------------------- */

static int run(mt_kernel kernel, mt_window_operands *o, const void *window) {
  return ((mt_window_kernel)kernel)(&o->out, o->input[0], window);
}

/* The sizes of an output's axes multiplied into *count, and the taps of a window into *taps */
static int count_columns(const char *op, const mt_window *w, const int64_t *in, int64_t *taps, int64_t *count) {
  int64_t out[3];
  if (mt_window_sizes(op, w, in, out)) return 1;
  *taps = *count = 1;
  for (int i = 0; i < w->axes; i++)
    if (__builtin_mul_overflow(*count, out[i], count) || __builtin_mul_overflow(*taps, w->kernel[i], taps))
      return mt_fail("%s: a kernel of %s at %s places is more than memory can hold", op,
                     mt_sizes_text(w->axes, w->kernel).text, mt_sizes_text(w->axes, out).text);
  return 0;
}

int mt_im2col(mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  static const char op[] = "im2col";
  const mt_tensor *all[] = {input, out};
  mt_window_call call = {MT_OP_im2col, out, NULL, {input}, 3, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_window_check(op, w)) return 1;
  if (mt_window_planes(op, "an input", input, w->axes)) return 1;
  if (count_columns(op, w, input->size + 2, &call.size[1], &call.size[2])) return 1;
  call.size[0] = input->size[0];
  if (__builtin_mul_overflow(call.size[1], input->size[1], &call.size[1]))
    return mt_fail("%s: a kernel of %s for %lld channels is more than memory can hold", op,
                   mt_sizes_text(w->axes, w->kernel).text, (long long)input->size[1]);
  mt_window full = mt_window_full(w);
  return mt_window_run(&call, run, &full);
}

int mt_col2im(mt_tensor *out, const mt_tensor *columns, const mt_window *w, const int64_t *size) {
  static const char op[] = "col2im";
  const mt_tensor *all[] = {columns, out};
  mt_window_call call = {MT_OP_col2im, out, NULL, {columns}, w->axes + 2, {0}};
  int64_t taps, count;
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_window_check(op, w)) return 1;
  if (count_columns(op, w, size, &taps, &count)) return 1;
  if (columns->dim != 3 || columns->size[1] % taps || columns->size[2] != count)
    return mt_fail("%s: expected columns of batch x channels*%lld x %lld for an input of %s, got %s", op,
                   (long long)taps, (long long)count, mt_sizes_text(w->axes, size).text, mt_shape_text(columns).text);
  call.size[0] = columns->size[0];
  call.size[1] = columns->size[1] / taps;
  memcpy(call.size + 2, size, (size_t)w->axes * sizeof *size);
  mt_window full = mt_window_full(w);
  return mt_window_run(&call, run, &full);
}

void mt_register_columns(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}

/* adaptive.c: pooling whose windows follow from the output's sizes (adaptive) or from random samples (fractional):
 * checks, and portable kernels. */
#include "loops.h"
#include "window.h"

#include <math.h>
#include <string.h>

/* Window p of out along an axis of in places; seen from the input, with the two exchanged, the windows that see place
 * p. */
static inline mt_span adaptive_span(int64_t p, int64_t in, int64_t out) {
  mt_span s = {p * in / out, ((p + 1) * in + out - 1) / out};
  return s;
}

/* How many places window p of out sees */
static inline int64_t adaptive_seen(int64_t p, int64_t in, int64_t out) {
  mt_span s = adaptive_span(p, in, out);
  return s.end - s.first;
}

#define MT_TEMPLATE "adaptive.tpl.c"
#include "each_dtype.h"

/* -- Checks --------------------------------------------------------------------------------------------------- */

/* Fills size with t's batch and channels and these sizes, after checking both for being 1 or more. */
static int check_sizes(const char *op, const char *where, const mt_tensor *t, const int64_t *wanted, int64_t *size) {
  int axes = t->dim - 2;
  if (axes < 1 || axes > 3)
    return mt_fail("%s: expected %s of batch x channels x 1 to 3 sizes, got %s", op, where, mt_shape_text(t).text);
  if (mt_window_range(op, where, axes, t->size + 2, 1) || mt_window_range(op, "sizes", axes, wanted, 1)) return 1;
  for (int i = 0; i < axes; i++)
    if (t->size[i + 2] > INT32_MAX || wanted[i] > INT32_MAX)
      return mt_fail("%s: planes of %s and %s are too large", op, mt_sizes_text(axes, t->size + 2).text,
                     mt_sizes_text(axes, wanted).text);
  memcpy(size, t->size, 2 * sizeof *size);
  memcpy(size + 2, wanted, (size_t)axes * sizeof *size);
  return 0;
}

static int check_samples(const char *op, const mt_tensor *samples, const mt_tensor *input) {
  int64_t size[3] = {input->size[0], input->size[1], input->dim - 2};
  if (samples->dim == 3 && !memcmp(samples->size, size, sizeof size)) return 0;
  return mt_fail("%s: expected samples of %s for an input of %s, got %s", op, mt_sizes_text(3, size).text,
                 mt_shape_text(input).text, mt_shape_text(samples).text);
}

static int check_fraction(const char *op, const int64_t *in, const int64_t *kernel, const int64_t *out, int axes) {
  if (mt_window_range(op, "a kernel", axes, kernel, 1)) return 1;
  for (int i = 0; i < axes; i++)
    if (out[i] + kernel[i] - 1 > in[i])
      return mt_fail("%s: %s windows of %s do not fit into an input of %s", op, mt_sizes_text(axes, out).text,
                     mt_sizes_text(axes, kernel).text, mt_sizes_text(axes, in).text);
  return 0;
}

/* -- Front doors ---------------------------------------------------------------------------------------------- */

static int run_max(mt_kernel kernel, mt_window_operands *o, const void *args) {
  (void)args;
  return ((mt_adaptive_max_pool_kernel)kernel)(&o->out, &o->index, o->input[0]);
}

static int run_avg(mt_kernel kernel, mt_window_operands *o, const void *args) {
  (void)args;
  return ((mt_adaptive_avg_pool_kernel)kernel)(&o->out, o->input[0]);
}

static int run_fractional(mt_kernel kernel, mt_window_operands *o, const void *size) {
  return ((mt_fractional_max_pool_kernel)kernel)(&o->out, &o->index, o->input[0], o->input[1], size);
}

int mt_adaptive_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const int64_t *size) {
  static const char op[] = "adaptive_max_pool";
  const mt_tensor *all[] = {input, out};
  mt_window_call call = {MT_OP_adaptive_max_pool, out, index, {input}, input->dim, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_check_index_type(op, index, input)) return 1;
  if (check_sizes(op, "an input", input, size, call.size)) return 1;
  return mt_window_run(&call, run_max, NULL);
}

int mt_adaptive_avg_pool(mt_tensor *out, const mt_tensor *input, const int64_t *size) {
  static const char op[] = "adaptive_avg_pool";
  const mt_tensor *all[] = {input, out};
  mt_window_call call = {MT_OP_adaptive_avg_pool, out, NULL, {input}, input->dim, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_sizes(op, "an input", input, size, call.size)) return 1;
  return mt_window_run(&call, run_avg, NULL);
}

int mt_adaptive_avg_pool_input(mt_tensor *out, const mt_tensor *grad, const int64_t *size) {
  static const char op[] = "adaptive_avg_pool_input";
  const mt_tensor *all[] = {grad, out};
  mt_window_call call = {MT_OP_adaptive_avg_pool_input, out, NULL, {grad}, grad->dim, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 2) || check_sizes(op, "a gradient", grad, size, call.size)) return 1;
  return mt_window_run(&call, run_avg, NULL);
}

int mt_fractional_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_tensor *samples,
                           const int64_t *kernel, const int64_t *size) {
  static const char op[] = "fractional_max_pool";
  const mt_tensor *all[] = {input, samples, out};
  mt_window_call call = {MT_OP_fractional_max_pool, out, index, {input, samples}, input->dim, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 3) || mt_check_index_type(op, index, input)) return 1;
  if (check_sizes(op, "an input", input, size, call.size) || check_samples(op, samples, input)) return 1;
  if (check_fraction(op, input->size + 2, kernel, size, input->dim - 2)) return 1;
  int64_t full[3] = {1, 1, 1};
  memcpy(full + 5 - input->dim, kernel, (size_t)(input->dim - 2) * sizeof *kernel);
  return mt_window_run(&call, run_fractional, full);
}

void mt_register_adaptive(void) {
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

/* recurrent.c: LSTM and GRU over whole sequences, with their first-order gradients: the checks. */
#include "kernels.h"

#include <string.h>

/* Fails unless t, which may be NULL, has these sizes. */
static int check_sizes(const char *op, const char *what, const mt_tensor *t, int dim, const int64_t *size) {
  if (!t || (t->dim == dim && !memcmp(t->size, size, (size_t)dim * sizeof *size))) return 0;
  return mt_fail("%s: expected %s of %s, got %s", op, what, mt_sizes_text(dim, size).text, mt_shape_text(t).text);
}

#define CHECK_SIZES(op, what, t, ...) \
  check_sizes(op, what, t, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

/* steps: T×N×gates·H */
static int check_steps(const char *op, const mt_tensor *steps, const mt_tensor *state, int gates) {
  if (steps->dim == 3 && state->dim == 2 && state->size[1] > 0 && steps->size[2] == gates * state->size[1]) return 0;
  return mt_fail(
      "%s: expected steps x samples x %d numbers for each cell, and a state of samples x cells, got %s and %s", op,
      gates, mt_shape_text(steps).text, mt_shape_text(state).text);
}

static int check_active(const char *op, const mt_tensor *active, const mt_tensor *steps) {
  if (!active) return 0;
  if (active->dtype != MT_UINT8 || active->device != steps->device)
    return mt_fail("%s: expected a mask of uint8 beside steps of %s, got %s", op, mt_type_text(steps).text,
                   mt_type_text(active).text);
  return CHECK_SIZES(op, "a mask", active, steps->size[0], steps->size[1]);
}

static int check_places(const char *op, const mt_recurrence *how, int gates) {
  int seen = 0;
  for (int g = 0; g < gates; g++)
    if (how->place[g] >= 0 && how->place[g] < gates) seen |= 1 << how->place[g];
  return seen == (1 << gates) - 1 ? 0 : mt_fail("%s: places of gates that are no order of them", op);
}

typedef struct {
  mt_tensor **to, **ready;
  mt_tensor *const *outs;
  const mt_tensor *const *ins;
  int n_outs, n_ins;
} operands;

/* Readies contiguous inputs and outputs (NULLs allowed), whose sizes are given one after the other. */
static int open_operands(const char *op, operands *o, const int *dims, const int64_t (*sizes)[3]) {
  memset(o->to, 0, (size_t)o->n_outs * sizeof *o->to);
  int rc = mt_all_contiguous(o->ready, o->ins, o->n_ins);
  for (int i = 0; i < o->n_outs && !rc; i++)
    if (o->outs[i])
      rc = mt_prepare(op, o->outs[i], dims[i], sizes[i], o->ins, o->n_ins) ||
           !(o->to[i] = mt_target(o->outs[i], o->ins, o->n_ins));
  return rc;
}

static int close_operands(operands *o, int rc) {
  for (int i = 0; i < o->n_ins; i++) mt_tensor_free(o->ready[i]);
  return mt_targets_done(o->outs, o->to, o->n_outs, rc);
}

/* -- LSTM --------------------------------------------------------------------------------------------------- */

static int check_lstm(const char *op, const mt_tensor *steps, const mt_tensor *h0, const mt_tensor *c0,
                      const mt_tensor *weight, const mt_tensor *project, const mt_tensor *active,
                      const mt_recurrence *how) {
  if (check_steps(op, steps, c0, 4) || check_active(op, active, steps) || check_places(op, how, 4)) return 1;
  int64_t N = steps->size[1], H = c0->size[1], R = h0->dim == 2 ? h0->size[1] : 0;
  if (h0->dim != 2 || (!project && R != H) || R == 0)
    return mt_fail("%s: first outputs of %s do not fit cells of %s", op, mt_shape_text(h0).text,
                   mt_shape_text(c0).text);
  return CHECK_SIZES(op, "first outputs", h0, N, R) || CHECK_SIZES(op, "first cells", c0, N, H) ||
         CHECK_SIZES(op, "a weight", weight, R, 4 * H) || CHECK_SIZES(op, "a projection", project, H, R);
}

int mt_lstm(mt_tensor *h, mt_tensor *c, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0,
            const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project, const mt_tensor *active,
            const mt_recurrence *how) {
  static const char op[] = "lstm";
  const mt_tensor *alike[] = {sums, h0, c0, weight, project, h, c, gates};
  if (mt_stopped() || mt_check_alike(op, alike, 8) || check_lstm(op, sums, h0, c0, weight, project, active, how))
    return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_lstm, sums);
  if (!kernel) return 1;
  int64_t T = sums->size[0], N = sums->size[1], R = h0->size[1], H = c0->size[1];
  const mt_tensor *ins[] = {sums, h0, c0, active, weight, project};
  mt_tensor *outs[] = {h, c, gates}, *to[3], *in[6];
  operands o = {to, in, outs, ins, 3, 6};
  int rc = open_operands(op, &o, (int[]){3, 3, 3}, (const int64_t[][3]){{T, N, R}, {T, N, H}, {T, N, 4 * H}});
  if (!rc && T * N > 0)
    rc = ((mt_lstm_kernel)kernel)(to[0], to[1], to[2], in[0], in[1], in[2], weight, project, in[3], how);
  return close_operands(&o, rc);
}

int mt_lstm_grad(mt_tensor *grad_sums, mt_tensor *grad_h0, mt_tensor *grad_c0, mt_tensor *grad_out,
                 const mt_tensor *grad_h, const mt_tensor *grad_c, const mt_tensor *gates, const mt_tensor *c,
                 const mt_tensor *h0, const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project,
                 const mt_tensor *active, const mt_recurrence *how) {
  static const char op[] = "lstm_grad";
  const mt_tensor *alike[] = {gates, grad_h, grad_c, c, h0, c0, weight, grad_sums, grad_h0, grad_c0, project, grad_out};
  if (mt_stopped() || mt_check_alike(op, alike, 12) || check_lstm(op, gates, h0, c0, weight, project, active, how))
    return 1;
  int64_t T = gates->size[0], N = gates->size[1], R = h0->size[1], H = c0->size[1];
  if (CHECK_SIZES(op, "gradients of outputs", grad_h, T, N, R) ||
      CHECK_SIZES(op, "gradients of cells", grad_c, T, N, H) || CHECK_SIZES(op, "cells", c, T, N, H))
    return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_lstm_grad, gates);
  if (!kernel) return 1;
  const mt_tensor *ins[] = {grad_h, grad_c, gates, c, c0, active, weight, project};
  mt_tensor *outs[] = {grad_sums, grad_h0, grad_c0, grad_out}, *to[4], *in[8];
  operands o = {to, in, outs, ins, 4, 8};
  int rc = open_operands(op, &o, (int[]){3, 2, 2, 3}, (const int64_t[][3]){{T, N, 4 * H}, {N, R}, {N, H}, {T, N, R}});
  if (!rc && T * N > 0)
    rc = ((mt_lstm_grad_kernel)kernel)(to[0], to[1], to[2], to[3], in[0], in[1], in[2], in[3], in[4], weight, project,
                                       in[5], how);
  else if (!rc)
    rc = mt_fill(to[1], 0) || mt_fill(to[2], 0);
  return close_operands(&o, rc);
}

/* -- GRU ---------------------------------------------------------------------------------------------------- */

static int check_gru(const char *op, const mt_tensor *steps, int gates, const mt_tensor *h0, const mt_tensor *weight,
                     const mt_tensor *bias, const mt_tensor *active, const mt_recurrence *how) {
  if (check_steps(op, steps, h0, gates) || check_active(op, active, steps) || check_places(op, how, 3)) return 1;
  int64_t N = steps->size[1], H = h0->size[1];
  return CHECK_SIZES(op, "first outputs", h0, N, H) || CHECK_SIZES(op, "a weight", weight, H, 3 * H) ||
         CHECK_SIZES(op, "a bias", bias, H);
}

int mt_gru(mt_tensor *h, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0, const mt_tensor *weight,
           const mt_tensor *bias, const mt_tensor *active, const mt_recurrence *how) {
  static const char op[] = "gru";
  const mt_tensor *alike[] = {sums, h0, weight, bias, h, gates};
  if (mt_stopped() || mt_check_alike(op, alike, 6) || check_gru(op, sums, 3, h0, weight, bias, active, how)) return 1;
  if (bias && !how->reset_after) return mt_fail("%s: a bias goes with a reset after the product", op);
  mt_kernel kernel = mt_kernel_for(MT_OP_gru, sums);
  if (!kernel) return 1;
  int64_t T = sums->size[0], N = sums->size[1], H = h0->size[1];
  const mt_tensor *ins[] = {sums, h0, bias, active, weight};
  mt_tensor *outs[] = {h, gates}, *to[2], *in[5];
  operands o = {to, in, outs, ins, 2, 5};
  int rc = open_operands(op, &o, (int[]){3, 3}, (const int64_t[][3]){{T, N, H}, {T, N, 4 * H}});
  if (!rc && T * N > 0) rc = ((mt_gru_kernel)kernel)(to[0], to[1], in[0], in[1], weight, in[2], in[3], how);
  return close_operands(&o, rc);
}

int mt_gru_grad(mt_tensor *grad_gates, mt_tensor *grad_h0, const mt_tensor *grad_h, const mt_tensor *gates,
                const mt_tensor *h, const mt_tensor *h0, const mt_tensor *weight, const mt_tensor *active,
                const mt_recurrence *how) {
  static const char op[] = "gru_grad";
  const mt_tensor *alike[] = {gates, grad_h, h, h0, weight, grad_gates, grad_h0};
  if (mt_stopped() || mt_check_alike(op, alike, 7) || check_gru(op, gates, 4, h0, weight, NULL, active, how)) return 1;
  int64_t T = gates->size[0], N = gates->size[1], H = h0->size[1];
  if (CHECK_SIZES(op, "gradients of outputs", grad_h, T, N, H) || CHECK_SIZES(op, "outputs", h, T, N, H)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_gru_grad, gates);
  if (!kernel) return 1;
  const mt_tensor *ins[] = {grad_h, gates, h, h0, active, weight};
  mt_tensor *outs[] = {grad_gates, grad_h0}, *to[2], *in[6];
  operands o = {to, in, outs, ins, 2, 6};
  int rc = open_operands(op, &o, (int[]){3, 2}, (const int64_t[][3]){{T, N, 4 * H}, {N, H}});
  if (!rc && T * N > 0)
    rc = ((mt_gru_grad_kernel)kernel)(to[0], to[1], in[0], in[1], in[2], in[3], weight, in[4], how);
  else if (!rc)
    rc = mt_fill(to[1], 0);
  return close_operands(&o, rc);
}

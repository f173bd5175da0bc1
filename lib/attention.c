/* attention.c: scaled dot-product attention and its first-order gradient: the checks. */
#include "kernels.h"

#include <math.h>
#include <string.h>

/* What a call works with: q B×H×T×D, k B×H×S×D, v B×H×S×E; bias and mask, which may be NULL, seen as B×H×T×S. */
typedef struct {
  const mt_tensor *q, *k, *v;
  mt_tensor *bias, *mask;
  int64_t scores[4]; /* the sizes B, H, T, S */
} operands;

static int check_sizes(const char *op, const mt_tensor *q, const mt_tensor *k, const mt_tensor *v) {
  const mt_tensor *all[] = {q, k, v};
  for (int i = 0; i < 3; i++)
    if (all[i]->dim != 4)
      return mt_fail("%s: expected queries, keys and values of batch x heads x places x numbers, got %s", op,
                     mt_shape_text(all[i]).text);
  for (int i = 0; i < 2; i++)
    if (q->size[i] != k->size[i] || q->size[i] != v->size[i])
      return mt_fail("%s: queries, keys and values of %s, %s and %s differ in batch or heads", op,
                     mt_shape_text(q).text, mt_shape_text(k).text, mt_shape_text(v).text);
  if (q->size[3] != k->size[3])
    return mt_fail("%s: queries of %lld numbers, keys of %lld", op, (long long)q->size[3], (long long)k->size[3]);
  if (k->size[2] == v->size[2]) return 0;
  return mt_fail("%s: %lld keys, but %lld values", op, (long long)k->size[2], (long long)v->size[2]);
}

static int check_form(const char *op, const mt_attention_form *how) {
  if (!isfinite(how->scale)) return mt_fail("%s: a scale of %g", op, how->scale);
  if (how->drop >= 0 && how->drop < 1) return 0;
  return mt_fail("%s: expected a probability p with 0 <= p < 1, got %g", op, how->drop);
}

/* t, which may be NULL, as B×H×T×S: a new view in *out, to be freed */
static int spread(const char *op, const char *what, mt_tensor **out, const mt_tensor *t, const int64_t *scores) {
  if (!t) return 0;
  if (!(*out = mt_tensor_new(t->dtype, t->device))) return 1;
  if (!mt_expand(*out, t, 4, scores)) return 0;
  return mt_fail("%s: a %s of %s does not fit scores of %s", op, what, mt_shape_text(t).text,
                 mt_sizes_text(4, scores).text);
}

static void close_operands(operands *o) {
  mt_tensor_free(o->bias);
  mt_tensor_free(o->mask);
}

/* Fills o; close it also after a failure. */
static int open_operands(const char *op, operands *o, const mt_tensor *q, const mt_tensor *k, const mt_tensor *v,
                         const mt_tensor *bias, const mt_tensor *mask, const mt_attention_form *how) {
  const mt_tensor *all[] = {q, k, v, bias};
  *o = (operands){q, k, v, NULL, NULL, {0}};
  if (mt_stopped() || mt_check_alike(op, all, 4) || check_sizes(op, q, k, v) || check_form(op, how)) return 1;
  if (mask && (mask->dtype != MT_UINT8 || mask->device != q->device))
    return mt_fail("%s: expected a mask of uint8 beside queries of %s, got %s", op, mt_type_text(q).text,
                   mt_type_text(mask).text);
  for (int i = 0; i < 3; i++) o->scores[i] = q->size[i];
  o->scores[3] = k->size[2];
  return spread(op, "bias", &o->bias, bias, o->scores) || spread(op, "mask", &o->mask, mask, o->scores);
}

/* The logarithms of sums are float where the scores are computed in float. */
static int check_lse(const char *op, const mt_tensor *lse, const mt_tensor *q) {
  int dtype = q->dtype == MT_DOUBLE ? MT_DOUBLE : MT_FLOAT;
  if (lse->device == q->device) return mt_check_dtype(op, "the logarithms of sums", lse, dtype);
  return mt_fail("%s: expected the logarithms of sums beside queries of %s, got %s", op, mt_type_text(q).text,
                 mt_type_text(lse).text);
}

/* May a kernel write here, out of the inputs' way? Else it writes into a fresh tensor. */
static int is_free(const mt_tensor *out, const mt_tensor *const *inputs, int n) {
  for (int i = 0; i < n; i++)
    if (inputs[i] && mt_overlap(inputs[i], out)) return 0;
  for (int i = 0; i < out->dim; i++)
    if (out->size[i] > 1 && out->stride[i] == 0) return 0;
  return 1;
}

static int target(const char *op, mt_tensor **to, mt_tensor *out, int dim, const int64_t *size,
                  const mt_tensor *const *inputs, int n) {
  if (!out) return 0;
  if (mt_prepare(op, out, dim, size, inputs, n)) return 1;
  *to = is_free(out, inputs, n) ? out : mt_target(out, inputs, n);
  return *to == NULL;
}

static int attend(operands *o, mt_tensor *out, mt_tensor *lse, const mt_attention_form *how, mt_kernel kernel) {
  const mt_tensor *inputs[] = {o->q, o->k, o->v, o->bias, o->mask};
  int64_t sizes[] = {o->scores[0], o->scores[1], o->scores[2], o->v->size[3]};
  mt_tensor *outs[] = {out, lse}, *to[2] = {NULL, NULL};
  int rc = target("attention", to, out, 4, sizes, inputs, 5) || mt_prepare("attention", lse, 3, sizes, inputs, 5) ||
           !(to[1] = mt_target(lse, inputs, 5));
  if (!rc && mt_tensor_numel(lse) > 0)
    rc = ((mt_attention_kernel)kernel)(to[0], to[1], o->q, o->k, o->v, o->bias, o->mask, how);
  return mt_targets_done(outs, to, 2, rc);
}

int mt_attention(mt_tensor *out, mt_tensor *lse, const mt_tensor *q, const mt_tensor *k, const mt_tensor *v,
                 const mt_tensor *bias, const mt_tensor *mask, const mt_attention_form *how) {
  operands o;
  const mt_tensor *pair[] = {q, out};
  mt_kernel kernel = NULL;
  int rc = open_operands("attention", &o, q, k, v, bias, mask, how) || mt_check_alike("attention", pair, 2) ||
           check_lse("attention", lse, q) || !(kernel = mt_kernel_for(MT_OP_attention, q)) ||
           attend(&o, out, lse, how, kernel);
  close_operands(&o);
  return rc;
}

/* -- Gradient ----------------------------------------------------------------------------------------------- */

static int check_results(const char *op, const operands *o, const mt_tensor *grad, const mt_tensor *out,
                         const mt_tensor *lse) {
  int64_t sizes[] = {o->scores[0], o->scores[1], o->scores[2], o->v->size[3]};
  const mt_tensor *all[] = {grad, out};
  for (int i = 0; i < 2; i++)
    if (all[i]->dim != 4 || memcmp(all[i]->size, sizes, sizeof sizes))
      return mt_fail("%s: expected %s of %s, got %s", op, i ? "an output" : "a gradient", mt_sizes_text(4, sizes).text,
                     mt_shape_text(all[i]).text);
  if (lse->dim == 3 && !memcmp(lse->size, sizes, 3 * sizeof *sizes)) return 0;
  return mt_fail("%s: expected logarithms of sums of %s, got %s", op, mt_sizes_text(3, sizes).text,
                 mt_shape_text(lse).text);
}

static int go_back(operands *o, mt_tensor *const *outs, const mt_tensor *grad, const mt_tensor *out,
                   const mt_tensor *lse, const mt_attention_form *how, mt_kernel kernel) {
  static const char op[] = "attention_grad";
  const mt_tensor *inputs[] = {o->q, o->k, o->v, o->bias, o->mask, grad, out, lse};
  const mt_tensor *like[] = {o->q, o->k, o->v};
  mt_tensor *to[4] = {NULL, NULL, NULL, NULL}, *sums = NULL;
  int rc = 0;
  for (int i = 0; i < 3 && !rc; i++) rc = target(op, &to[i], outs[i], 4, like[i]->size, inputs, 8);
  if (!rc && outs[3]) rc = mt_prepare(op, outs[3], 4, o->scores, inputs, 8) || !(to[3] = mt_target(outs[3], inputs, 8));
  if (!rc) rc = !(sums = mt_contiguous(lse));
  int none = mt_tensor_numel(lse) == 0 || o->scores[3] == 0;
  for (int i = 0; i < 4 && !rc; i++) /* the kernel passes over scores that are hidden from whole blocks */
    if (to[i] && (none || i == 3)) rc = mt_fill(to[i], 0);
  if (!rc && !none)
    rc = ((mt_attention_grad_kernel)kernel)(to[0], to[1], to[2], to[3], grad, out, sums, o->q, o->k, o->v, o->bias,
                                            o->mask, how);
  mt_tensor_free(sums);
  return mt_targets_done(outs, to, 4, rc);
}

int mt_attention_grad(mt_tensor *grad_q, mt_tensor *grad_k, mt_tensor *grad_v, mt_tensor *grad_bias,
                      const mt_tensor *grad, const mt_tensor *out, const mt_tensor *lse, const mt_tensor *q,
                      const mt_tensor *k, const mt_tensor *v, const mt_tensor *bias, const mt_tensor *mask,
                      const mt_attention_form *how) {
  static const char op[] = "attention_grad";
  operands o;
  mt_tensor *outs[] = {grad_q, grad_k, grad_v, grad_bias};
  const mt_tensor *all[] = {q, grad, out, grad_q, grad_k, grad_v, grad_bias};
  mt_kernel kernel = NULL;
  int rc = open_operands(op, &o, q, k, v, bias, mask, how) || mt_check_alike(op, all, 7) || check_lse(op, lse, q) ||
           check_results(op, &o, grad, out, lse) || !(kernel = mt_kernel_for(MT_OP_attention_grad, q)) ||
           go_back(&o, outs, grad, out, lse, how, kernel);
  close_operands(&o);
  return rc;
}

int mt_attention_drop(mt_tensor *out, const int64_t *size, const mt_attention_form *how) {
  static const char op[] = "attention_drop";
  if (mt_stopped() || check_form(op, how)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_attention_drop, out);
  mt_tensor *to;
  if (!kernel || mt_prepare(op, out, 4, size, NULL, 0) || !(to = mt_target(out, NULL, 0))) return 1;
  return mt_target_done(out, to, mt_tensor_numel(to) == 0 ? 0 : ((mt_attention_drop_kernel)kernel)(to, how));
}

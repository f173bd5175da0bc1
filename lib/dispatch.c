/* dispatch.c: the front door of pointwise ops: checks dtypes, devices and sizes once, lays the operands out and runs
 * the kernel of the table. */
#include "iter.h"

#include <string.h>

enum { INPUTS_UNARY = 1, INPUTS_BINARY = 2, INPUTS_TERNARY = 3 };

/* What the checks need to know of each op, from its kind. */
static const struct {
  uint8_t inputs;
  uint8_t compare; /* the output is uint8 */
  uint8_t masked;  /* the first input is uint8 */
} kinds[MT_OPS] = {
#define UNARY(NAME, TYPES, FORMULA) [MT_OP_##NAME] = {INPUTS_UNARY, 0, 0},
#define BINARY(NAME, TYPES, FORMULA) [MT_OP_##NAME] = {INPUTS_BINARY, 0, 0},
#define TERNARY(NAME, TYPES, FORMULA) [MT_OP_##NAME] = {INPUTS_TERNARY, 0, 0},
#define COMPARE(NAME, TYPES, FORMULA) [MT_OP_##NAME] = {INPUTS_BINARY, 1, 0},
#define MASKED(NAME, TYPES, FORMULA) [MT_OP_##NAME] = {INPUTS_TERNARY, 0, 1},
#include "ops.def"
};

/* The operands of one call: 0 is the output, then the inputs; NULL stands for a number. */
typedef struct {
  int op, n;
  const char *name;
  const mt_tensor *t[4];
  mt_tensor *borrowed[4]; /* copies made for this call, freed at its end */
  int dim;
  const int64_t *size; /* the result's; points into sizes or into an operand */
  int64_t sizes[MT_MAX_DIM];
} operands;

/* -- Checks ------------------------------------------------------------------------------------------------- */

static int check_types(operands *o) {
  const mt_tensor *first = NULL;
  int masked = kinds[o->op].masked, from = masked ? 2 : 1;
  for (int k = from; k <= o->n && !first; k++) first = o->t[k];
  if (masked) {
    if (!o->t[1]) return mt_fail("%s: expected a mask", o->name);
    if (mt_check_dtype(o->name, "the mask", o->t[1], MT_UINT8)) return 1;
  }
  if (!first) first = masked ? o->t[0] : NULL;
  if (!first) return mt_fail("%s: expected a tensor among its operands", o->name);
  for (int k = 0; k <= o->n; k++) {
    const mt_tensor *t = o->t[k];
    int expected = (k == 0 && kinds[o->op].compare) || (k == 1 && masked) ? MT_UINT8 : first->dtype;
    if (t && (t->dtype != expected || t->device != first->device)) {
      mt_tensor model = *first;
      model.dtype = (uint8_t)expected;
      return mt_fail("%s: expected a %s tensor, got a %s one", o->name, mt_type_text(&model).text,
                     mt_type_text(t).text);
    }
  }
  return 0;
}

static int broadcast(operands *o) {
  o->dim = 0;
  o->size = o->sizes;
  for (int k = 1; k <= o->n; k++)
    if (o->t[k] && o->t[k]->dim > o->dim) o->dim = o->t[k]->dim;
  for (int i = 0; i < o->dim; i++) o->sizes[i] = 1;
  for (int k = 1; k <= o->n; k++) {
    const mt_tensor *t = o->t[k];
    for (int i = 0; t && i < t->dim; i++) {
      int64_t *size = &o->sizes[o->dim - t->dim + i];
      if (*size == t->size[i] || t->size[i] == 1) continue;
      if (*size != 1) return 1;
      *size = t->size[i];
    }
    if (t && t->dim == 0) return 1;
  }
  return 0;
}

static int fail_sizes(const operands *o) {
  const mt_tensor *a = NULL, *b = NULL;
  for (int k = 1; k <= o->n; k++) {
    if (!o->t[k]) continue;
    if (!a)
      a = o->t[k];
    else if (!b || mt_same_sizes(a, b))
      b = o->t[k];
  }
  return mt_fail("%s: sizes %s and %s do not broadcast", o->name, mt_shape_text(a).text, mt_shape_text(b).text);
}

/* Torch7's rule: operands of equal count but other sizes are taken element by element, in order. */
static int reshape_like(operands *o, int k, const mt_tensor *model) {
  mt_tensor *t = mt_contiguous(o->t[k]);
  if (!t) return 1;
  o->t[k] = o->borrowed[k] = t;
  return mt_view(t, t, model->dim, model->size);
}

/* Finds the result's sizes. */
static int match_sizes(operands *o) {
  const mt_tensor *first = NULL;
  int same = 1, equal_counts = 1;
  for (int k = 1; k <= o->n; k++) {
    if (!o->t[k]) continue;
    if (!first) first = o->t[k];
    if (mt_same_sizes(first, o->t[k])) continue;
    same = 0;
    if (mt_tensor_numel(first) != mt_tensor_numel(o->t[k])) equal_counts = 0;
  }
  o->dim = first->dim;
  o->size = first->size;
  if (same) return 0;
  if (!equal_counts) return broadcast(o) ? fail_sizes(o) : 0;
  for (int k = 1; k <= o->n; k++)
    if (o->t[k] && !mt_same_sizes(first, o->t[k]) && reshape_like(o, k, first)) return 1;
  return 0;
}

/* -- Whole-number division ---------------------------------------------------------------------------------- */

static int divides(int op) {
  return op == MT_OP_div || op == MT_OP_fmod || op == MT_OP_remainder || op == MT_OP_addcdiv;
}

/* number: the divisor where it is no tensor; dtype: what it will be divided as */
static int check_divisor(const operands *o, double number, int dtype) {
  const mt_tensor *divisor = o->t[o->n];
  int equal = 0;
  if (!divisor) return mt_scalar_wrap(dtype, number) == 0 ? mt_fail("%s: division by zero", o->name) : 0;
  if (mt_tensor_numel(divisor) == 0) return 0;
  mt_tensor *zeros = mt_tensor_new(MT_UINT8, divisor->device), *some = mt_tensor_new(MT_UINT8, divisor->device);
  double value = 0;
  int rc = !zeros || !some || mt_pointwise(MT_OP_eq, zeros, divisor, NULL, NULL, 0, 0) ||
           mt_reduce(MT_OP_any, some, NULL, zeros, 0, 0) || mt_tensor_get(some, some->offset, &value);
  equal = value != 0;
  mt_tensor_free(zeros);
  mt_tensor_free(some);
  return rc ? 1 : equal ? mt_fail("%s: division by zero", o->name) : 0;
}

/* -- Overlap ------------------------------------------------------------------------------------------------ */

static int same_view(const mt_tensor *a, const mt_tensor *b) {
  if (a->storage != b->storage || a->offset != b->offset || !mt_same_sizes(a, b) || a->dtype != b->dtype) return 0;
  return memcmp(a->stride, b->stride, (size_t)a->dim * sizeof *a->stride) == 0;
}

/* An input that shares memory with the output in another layout is read after it is written: take a copy first. */
static int separate_inputs(operands *o) {
  for (int k = 1; k <= o->n; k++) {
    const mt_tensor *t = o->t[k];
    if (!t || t->storage != o->t[0]->storage || same_view(t, o->t[0]) || !mt_overlap(t, o->t[0])) continue;
    mt_tensor *copy = mt_tensor_new(t->dtype, t->device);
    if (!copy || mt_tensor_resize(copy, t->dim, t->size) || mt_copy(copy, t)) {
      mt_tensor_free(copy);
      return 1;
    }
    mt_tensor_free(o->borrowed[k]);
    o->t[k] = o->borrowed[k] = copy;
  }
  return 0;
}

/* An expanded tensor has elements that share one place: a result would be whichever came last. */
static int check_writable(const operands *o, const mt_tensor *out) {
  for (int i = 0; i < out->dim; i++)
    if (out->stride[i] == 0 && out->size[i] > 1)
      return mt_fail("%s: the result is an expanded tensor, whose elements share memory; clone it first", o->name);
  return 0;
}

/* -- The call ----------------------------------------------------------------------------------------------- */

static int run(operands *o, mt_tensor *out, double s, double t) {
  mt_plan plan;
  const double number[2] = {s, t};
  int missing = 0, dtype = o->t[0]->dtype;
  for (int k = kinds[o->op].masked ? 2 : 1; k <= o->n; k++)
    if (o->t[k]) dtype = o->t[k]->dtype;
  for (int k = 1; k <= o->n; k++)
    if (!o->t[k]) plan.scalar[k] = number[missing++ > 0];
  if (dtype >= MT_UINT8 && divides(o->op) && check_divisor(o, plan.scalar[o->n], dtype)) return 1;
  mt_kernel kernel = mt_kernel_get(out->device, o->op, dtype);
  if (!kernel) {
    mt_tensor model = *out;
    model.dtype = (uint8_t)dtype;
    return mt_kernel_for(o->op, &model) == NULL;
  }
  if (mt_prepare(o->name, out, o->dim, o->size, o->t + 1, o->n) || check_writable(o, out) || separate_inputs(o))
    return 1;
  plan.op = o->op;
  plan.dtype = dtype;
  plan.operands = o->n + 1;
  plan.s = mt_scalar_wrap(dtype, s);
  plan.t = mt_scalar_wrap(dtype, t);
  mt_plan_layout(&plan, out->dim, out->size, o->t);
  if (plan.numel == 0) return 0;
  const mt_device *device = mt_device_get(out->device);
  if (!device || device->pointwise(kernel, &plan)) return 1;
  mt_touched(out);
  return 0;
}

/* -- The short way ------------------------------------------------------------------------------------------ */

/* Whether x is a packed tensor of the CPU with the model's dtype and sizes. */
static int packed_like(const mt_tensor *x, const mt_tensor *model) {
  int64_t step = 1;
  if (!x || x->dim != model->dim || x->dtype != model->dtype || x->device != MT_CPU || !x->storage) return 0;
  for (int i = x->dim - 1; i >= 0; i--) {
    if (x->size[i] != model->size[i] || (x->stride[i] != step && x->size[i] != 1)) return 0;
    step *= x->size[i];
  }
  return 1;
}

enum { SMALL = 1 << 15 }; /* elements; from there on it may be worth several threads, or streaming */

/* Small packed tensors of one kind, where all that the long way has to find out would cost more than the work. Gives 0
 * when it has done it, 1 after a failure, -1 when the operands are for the long way. */
static int run_packed(int op, mt_tensor *out, const mt_tensor *const *in, double s, double t) {
  int n = kinds[op].inputs, dtype = out->dtype;
  int64_t width = mt_dtype_size(dtype);
  if (kinds[op].compare || kinds[op].masked || !in[0] || (dtype >= MT_UINT8 && divides(op))) return -1;
  for (int k = 0; k < n; k++) {
    if (!packed_like(in[k], in[0])) return -1;
    if (in[k]->storage == out->storage && in[k]->offset != out->offset) return -1;
  }
  mt_pointwise_kernel kernel = (mt_pointwise_kernel)mt_kernel_get(MT_CPU, op, in[0]->dtype);
  int64_t numel = mt_tensor_numel(in[0]);
  if (!kernel || in[0]->dtype != dtype || out->device != MT_CPU || numel >= SMALL) return -1;
  if (!packed_like(out, in[0])) {
    if (out->dim != 0 || out->storage) return -1;
    if (mt_tensor_resize(out, in[0]->dim, in[0]->size)) return 1;
  }
  char *p[4] = {mt_tensor_data(out)};
  for (int k = 0; k < n; k++) p[k + 1] = mt_tensor_data(in[k]);
  if (numel)
    kernel(numel, p, (int64_t[]){width, width, width, width}, mt_scalar_wrap(dtype, s), mt_scalar_wrap(dtype, t));
  if (numel) mt_touched(out);
  return 0;
}

int mt_pointwise(int op, mt_tensor *out, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c, double s,
                 double t) {
  operands o;
  if (mt_stopped()) return 1;
  if (op < 0 || op >= MT_OPS || kinds[op].inputs == 0) return mt_fail("pointwise: op %d is none", op);
  int done = run_packed(op, out, (const mt_tensor *const[]){a, b, c}, s, t);
  if (done >= 0) return done;
  o.op = op;
  o.name = mt_op_name(op);
  o.n = kinds[op].inputs;
  o.t[0] = out;
  o.t[1] = a;
  o.t[2] = b;
  o.t[3] = c;
  memset(o.borrowed, 0, sizeof o.borrowed);
  int rc = check_types(&o);
  if (!rc && kinds[op].masked && !b && !c) {
    o.dim = a->dim;
    o.size = a->size;
  } else if (!rc) {
    rc = match_sizes(&o);
  }
  if (!rc) rc = run(&o, out, s, t);
  for (int k = 1; k <= o.n; k++) mt_tensor_free(o.borrowed[k]);
  return rc;
}

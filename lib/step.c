/* step.c: the front door of the optimisers' steps. */
#include "kernels.h"

enum { OPERANDS = 5 }; /* x, the gradient, u, v, w */

static const char *const operand_names[OPERANDS] = {"x", "the gradient", "the first state", "the second state",
                                                    "the third state"};

static const uint8_t states[MT_OPS] = {
#define STEP(NAME, STATES, BODY) [MT_OP_##NAME] = STATES,
#include "ops.def"
};

static const uint8_t is_step[MT_OPS] = {
#define STEP(NAME, STATES, BODY) [MT_OP_##NAME] = 1,
#include "ops.def"
};

static int check(const char *name, mt_tensor *const *t, int operands) {
  for (int k = 0; k < operands; k++)
    if (!t[k]) return mt_fail("%s: %s is missing", name, operand_names[k]);
  if (mt_check_alike(name, (const mt_tensor *const *)t, operands)) return 1;
  for (int k = 0; k < operands; k++) {
    if (mt_tensor_numel(t[k]) != mt_tensor_numel(t[0]))
      return mt_fail("%s: expected %s to have the sizes of x, %s, got %s", name, operand_names[k],
                     mt_shape_text(t[0]).text, mt_shape_text(t[k]).text);
    for (int j = 0; j < k; j++)
      if (mt_overlap(t[j], t[k]))
        return mt_fail("%s: %s and %s share memory", name, operand_names[j], operand_names[k]);
  }
  return 0;
}

/* packed[k]: t[k] as packed elements, itself or a copy. Fails with those made so far in packed. */
static int pack(mt_tensor *const *t, mt_tensor **packed, void **p, int operands) {
  for (int k = 0; k < operands; k++) {
    if (!(packed[k] = mt_contiguous(t[k]))) return 1;
    p[k] = mt_tensor_data(packed[k]);
  }
  return 0;
}

/* What was computed on copies goes back to the tensors themselves. */
static int unpack(mt_tensor *const *t, mt_tensor *const *packed, int operands) {
  for (int k = 0; k < operands; k++) {
    if (k == 1) continue; /* the gradient is only read */
    if (packed[k]->storage != t[k]->storage && mt_copy(t[k], packed[k])) return 1;
    mt_touched(t[k]);
  }
  return 0;
}

int mt_step(int op, mt_tensor *x, const mt_tensor *grad, mt_tensor *u, mt_tensor *v, mt_tensor *w,
            const double *number) {
  mt_tensor *t[OPERANDS] = {x, (mt_tensor *)grad, u, v, w}, *packed[OPERANDS] = {NULL};
  void *p[OPERANDS] = {NULL};
  if (mt_stopped()) return 1;
  if (op < 0 || op >= MT_OPS || !is_step[op]) return mt_fail("step: op %d is none", op);
  int operands = 2 + states[op];
  if (check(mt_op_name(op), t, operands)) return 1;
  mt_step_kernel kernel = (mt_step_kernel)mt_kernel_for(op, x);
  if (!kernel) return 1;
  int64_t n = mt_tensor_numel(x);
  int rc = pack(t, packed, p, operands) || (n > 0 && kernel(n, p, number)) || unpack(t, packed, operands);
  for (int k = 0; k < operands; k++) mt_tensor_free(packed[k]);
  return rc;
}

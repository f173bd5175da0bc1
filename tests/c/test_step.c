/* test_step.c: every STEP row in every floating dtype and layout, on several threads, against the same row in double; and
 * what is refused. The rows' formulas are checked in tests/lua/optim. */
#include "internal.h"

#include "tensors.h"

enum { OPERANDS = 5 }; /* x, the gradient, u, v, w */

static const double numbers[MT_STEP_NUMBERS] = {0.05, 0.01, 0.9, 0.1, 0.99, 0.01, 1.5, 0.125, 0.02, 0.98};

/* Operands of one dtype and layout, with the values of those of another; squares and sizes of steps are above 0. */
static void make_operands(mt_tensor **t, int dtype, int layout, int dim, const int64_t *size,
                          mt_tensor *const *values_of) {
  for (int k = 0; k < OPERANDS; k++) {
    t[k] = noise_tensor(dtype, layout, dim, size);
    if (values_of) must(mt_copy(t[k], values_of[k]));
    if (!values_of && k > 1) must(mt_pointwise(MT_OP_abs, t[k], t[k], NULL, NULL, 0, 0));
  }
}

static void free_operands(mt_tensor **t) {
  for (int k = 0; k < OPERANDS; k++) mt_tensor_free(t[k]);
}

static int step(int op, mt_tensor **t) { return mt_step(op, t[0], t[1], t[2], t[3], t[4], numbers); }

static void check_row(int op, int dtype, int layout, int dim, const int64_t *size) {
  mt_tensor *t[OPERANDS], *exact[OPERANDS];
  check_context = mt_op_name(op);
  make_operands(t, dtype, layout, dim, size, NULL);
  make_operands(exact, MT_DOUBLE, PLAIN, dim, size, t);
  uint32_t version = t[0]->storage ? t[0]->storage->version : 0;
  CHECK(step(op, t) == 0 && step(op, exact) == 0);
  for (int k = 0; k < OPERANDS; k++) {
    double *v = values(exact[k]);
    CHECK(holds(t[k], dim, size, v, 8));
    free(v);
  }
  if (mt_tensor_numel(t[0]) > 0) CHECK(t[0]->storage->version != version);
  free_operands(t);
  free_operands(exact);
}

static void test_rows(void) {
  for (int op = 0; op < MT_OPS; op++) {
    if (strcmp(mt_op_kind(op), "step")) continue;
    for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++) {
      for (int layout = 0; layout < LAYOUTS; layout++) check_row(op, dtype, layout, SIZES(3, 7));
      check_row(op, dtype, PLAIN, SIZES(100003));
      check_row(op, dtype, PLAIN, SIZES(0, 4));
    }
  }
  check_context = "";
}

static void test_refusals(void) {
  mt_tensor *t[OPERANDS], *other = noise_tensor(MT_FLOAT, PLAIN, SIZES(6)),
                          *half = noise_tensor(MT_HALF, PLAIN, SIZES(5));
  mt_tensor *whole[OPERANDS];
  make_operands(t, MT_FLOAT, PLAIN, SIZES(5), NULL);
  make_operands(whole, MT_INT32, PLAIN, SIZES(5), NULL);
  double *before = values(t[0]);
  REFUSES(mt_step(MT_OP_adam_step, t[0], other, t[2], t[3], NULL, numbers), "the sizes of x, 5, got 6");
  REFUSES(mt_step(MT_OP_adam_step, t[0], half, t[2], t[3], NULL, numbers), "one type");
  REFUSES(mt_step(MT_OP_adam_step, t[0], t[1], t[2], NULL, NULL, numbers), "the second state is missing");
  REFUSES(mt_step(MT_OP_adam_step, t[0], t[1], t[2], t[2], NULL, numbers), "share memory");
  REFUSES(mt_step(MT_OP_add, t[0], t[1], t[2], t[3], NULL, numbers), "is none");
  REFUSES(mt_step(-1, t[0], t[1], t[2], t[3], NULL, numbers), "is none");
  REFUSES(step(MT_OP_sgd_step, whole), "no such op for int32 tensors");
  CHECK(holds(t[0], SIZES(5), before, 0));
  free(before);
  free_operands(t);
  free_operands(whole);
  mt_tensor_free(other);
  mt_tensor_free(half);
}

int main(void) {
  test_rows();
  mt_set_threads(3);
  test_rows();
  test_refusals();
  return check_end();
}

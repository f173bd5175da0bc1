/* test_cuda.c: every op of the CUDA library against the CPU's, over dtypes and layouts. Linked with the emulated
 * library it runs in three orders of threads; linked with the real one, once, on the GPU. */
#include "emulator.h"
#include "moontorch_cuda.h"
#include "twin.h"

#pragma weak cuda_emulator_set_order
#pragma weak cuda_emulator_set_memory

static char context[200];

static void set_context(const char *what, int dtype, const char *how) {
  snprintf(context, sizeof context, "[%s %s %s]", what, mt_dtype_name(dtype), how);
}

/* -- Pointwise -------------------------------------------------------------------------------------------------- */

/* Layouts of out and of the inputs; numbers in place of the first or the last input; out is the first input. */
static const struct layout_case {
  const char *name;
  int out, a, b, c;
  int number_first, number_last, in_place, misaligned, expanded;
  int dim;
  int64_t size[3];
} cases[] = {
    {.name = "plain", .dim = 3, .size = {5, 7, 3}},
    {.name = "several blocks", .dim = 1, .size = {4099}},
    {.name = "turned", .a = TURNED, .c = GAPPED, .dim = 3, .size = {5, 7, 3}},
    {.name = "gapped", .out = GAPPED, .b = TURNED, .dim = 3, .size = {4, 2, 9}},
    {.name = "number last", .number_last = 1, .dim = 2, .size = {6, 11}},
    {.name = "number first", .number_first = 1, .b = GAPPED, .dim = 2, .size = {6, 11}},
    {.name = "in place", .in_place = 1, .dim = 2, .size = {6, 11}},
    {.name = "in place, turned", .out = TURNED, .in_place = 1, .dim = 2, .size = {6, 11}},
    {.name = "misaligned", .misaligned = 1, .dim = 1, .size = {37}},
    {.name = "expanded", .expanded = 1, .dim = 2, .size = {6, 11}},
    {.name = "one element", .dim = 1, .size = {1}},
    {.name = "empty", .dim = 0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static int inputs_of(int op) {
  const char *kind = mt_op_kind(op);
  if (!strcmp(kind, "unary")) return 1;
  if (!strcmp(kind, "binary") || !strcmp(kind, "compare")) return 2;
  return !strcmp(kind, "ternary") || !strcmp(kind, "masked") ? 3 : 0;
}

/* No zeros, which whole numbers refuse to be divided by. */
static void lift_zeros(mt_tensor *t) {
  double *v = values(t);
  for (int64_t i = 0; i < mt_tensor_numel(t); i++)
    if (v[i] == 0) v[i] = 1;
  set_values(t, v);
  free(v);
}

static mt_tensor *operand(const struct layout_case *c, int dtype, int layout) {
  int64_t size[3] = {c->size[0] + c->misaligned, c->size[1], c->size[2]};
  mt_tensor *t = noise_tensor(dtype, layout, c->dim, size);
  if (c->misaligned) must(mt_narrow(t, t, 0, 1, c->size[0]));
  return t;
}

/* The same elements all along the first dimension */
static void expand(const struct layout_case *c, mt_tensor *t) {
  must(mt_narrow(t, t, 0, 0, 1) || mt_expand(t, t, c->dim, c->size));
}

static void compare_pointwise(int op, mt_tensor *out, mt_tensor *const *in, double s, double t) {
  mt_tensor *cuda[4] = {twin(out), NULL, NULL, NULL};
  for (int k = 0; k < 3; k++) cuda[k + 1] = in[k] == out ? cuda[0] : twin(in[k]);
  CHECK(mt_pointwise(op, out, in[0], in[1], in[2], s, t) == 0);
  CHECK(mt_pointwise(op, cuda[0], cuda[1], cuda[2], cuda[3], s, t) == 0);
  SAME(cuda[0], out);
  for (int k = 0; k < 3; k++)
    if (cuda[k + 1] != cuda[0]) mt_tensor_free(cuda[k + 1]);
  mt_tensor_free(cuda[0]);
}

static void test_row_case(int op, int dtype, const struct layout_case *c) {
  int n = inputs_of(op), compare = !strcmp(mt_op_kind(op), "compare"), masked = !strcmp(mt_op_kind(op), "masked");
  const int layout[3] = {c->a, c->b, c->c};
  mt_tensor *in[3] = {NULL, NULL, NULL};
  if ((c->number_first || c->number_last) && n == 1) return;
  if (c->in_place && (compare || masked)) return;
  mt_tensor *out = operand(c, compare ? MT_UINT8 : dtype, c->out);
  for (int k = 0; k < n; k++) {
    in[k] = operand(c, masked && k == 0 ? MT_UINT8 : dtype, layout[k]);
    lift_zeros(in[k]);
    if (c->expanded && k == n - 1 && n > 1) expand(c, in[k]);
  }
  if (c->number_first) FREE(in[masked]), in[masked] = NULL;
  if (c->number_last) FREE(in[n - 1]), in[n - 1] = NULL;
  if (c->in_place) FREE(in[0]), in[0] = out;
  compare_pointwise(op, out, in, 2, 3);
  for (int k = 0; k < 3; k++)
    if (in[k] != out) mt_tensor_free(in[k]);
  mt_tensor_free(out);
}

static void test_pointwise(void) {
  for (int op = 0; op < mt_op_count(); op++)
    for (int dtype = 0; inputs_of(op) > 0 && dtype < MT_DTYPES; dtype++) {
      set_context(mt_op_name(op), dtype, "");
      CHECK(mt_op_available(op, MT_CPU, dtype) == mt_op_available(op, MT_CUDA, dtype));
      for (int i = 0; mt_op_available(op, MT_CPU, dtype) && i < CASES; i++) {
        set_context(mt_op_name(op), dtype, cases[i].name);
        test_row_case(op, dtype, &cases[i]);
      }
    }
}

/* -- Filling, copying, comparing -------------------------------------------------------------------------------- */

static void test_copy(void) {
  for (int from = 0; from < MT_DTYPES; from++)
    for (int to = 0; to < MT_DTYPES; to++)
      for (int layout = PLAIN; layout < LAYOUTS; layout++) {
        set_context("copy to", to, mt_dtype_name(from));
        mt_tensor *src = noise_tensor(from, layout, SIZES(9, 13)),
                  *out = noise_tensor(to, (layout + 1) % 3, SIZES(9, 13));
        must(mt_pointwise(mt_op_find("mul"), src, src, NULL, NULL, is_float(from) ? 40.5 : 40, 0));
        mt_tensor *cuda_src = twin(src), *cuda_out = twin(out), *back = noise_tensor(to, layout, SIZES(9, 13));
        CHECK(mt_copy(out, src) == 0 && mt_copy(cuda_out, cuda_src) == 0);
        SAME(cuda_out, out);
        CHECK(mt_copy(back, cuda_src) == 0 && mt_copy(cuda_out, back) == 0 && mt_copy(out, back) == 0);
        SAME(cuda_out, out);
        FREE(src, out, cuda_src, cuda_out, back);
      }
}

static void test_fill(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = PLAIN; layout < LAYOUTS; layout++) {
      set_context("fill, equal", dtype, "");
      mt_tensor *a = noise_tensor(dtype, layout, SIZES(11, 7)), *b = twin(a), *c = twin(a);
      int equal = 0;
      CHECK(mt_equal(b, c, &equal) == 0 && equal == 1);
      CHECK(mt_fill(a, 2.5) == 0 && mt_fill(b, 2.5) == 0);
      SAME(b, a);
      CHECK(mt_equal(b, c, &equal) == 0 && equal == 0);
      FREE(a, b, c);
    }
}

/* -- Reductions ------------------------------------------------------------------------------------------------- */

static void compare_reduction(int op, const mt_tensor *a, uint32_t dims, double p, int with_index) {
  mt_tensor *cuda_a = twin(a), *out[2], *index[2] = {NULL, NULL};
  for (int d = 0; d < 2; d++) {
    out[d] = mt_tensor_new(a->dtype, d);
    if (with_index) index[d] = mt_tensor_new(MT_INT64, d);
  }
  CHECK(mt_reduce(op, out[0], index[0], a, dims, p) == 0);
  CHECK(mt_reduce(op, out[1], index[1], cuda_a, dims, p) == 0);
  SAME(out[1], out[0]);
  if (with_index) SAME(index[1], index[0]);
  FREE(cuda_a, out[0], out[1], index[0], index[1]);
}

/* By one thread, one block and several blocks a result. */
static void test_reduction(int op, int dtype) {
  int norm = op == mt_op_find("norm"), arg = op == mt_op_find("max") || op == mt_op_find("min");
  double p = op == mt_op_find("var") ? 1 : 2;
  mt_tensor *small = noise_tensor(dtype, TURNED, SIZES(4, 5, 6)), *gapped = noise_tensor(dtype, GAPPED, SIZES(4, 5, 6));
  mt_tensor *wide = noise_tensor(dtype, PLAIN, SIZES(3, 9001)), *tall = noise_tensor(dtype, PLAIN, SIZES(60, 300));
  for (uint32_t dims = 0; dims < 8; dims++) {
    compare_reduction(op, small, dims, p, 0);
    compare_reduction(op, gapped, dims, p, 0);
  }
  for (uint32_t dims = 0; dims < 4; dims++) {
    compare_reduction(op, wide, dims, p, 0);
    compare_reduction(op, tall, dims, p, 0);
  }
  for (int d = 0; arg && d < 3; d++) compare_reduction(op, small, 1u << d, p, 1);
  for (int d = 0; arg && d < 2; d++) {
    compare_reduction(op, wide, 1u << d, p, 1);
    compare_reduction(op, tall, 1u << d, p, 1);
  }
  const double powers[] = {0, 1, 3, INFINITY, -INFINITY};
  for (int i = 0; norm && i < 5; i++) compare_reduction(op, small, 2, powers[i], 0);
  FREE(small, gapped, wide, tall);
}

static void test_reductions(void) {
  for (int op = 0; op < mt_op_count(); op++)
    for (int dtype = 0; !strcmp(mt_op_kind(op), "reduce") && dtype < MT_DTYPES; dtype++) {
      set_context(mt_op_name(op), dtype, "");
      CHECK(mt_op_available(op, MT_CPU, dtype) == mt_op_available(op, MT_CUDA, dtype));
      if (mt_op_available(op, MT_CPU, dtype)) test_reduction(op, dtype);
    }
}

static void test_nan(void) {
  set_context("max of NaN", MT_FLOAT, "");
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 9001));
  must(mt_tensor_put(a, 9001 + 4500, NAN) || mt_tensor_put(a, 9001 + 8000, NAN));
  for (int i = 0; i < 2; i++)
    for (int index = 0; index < 2; index++) compare_reduction(mt_op_find(i ? "max" : "min"), a, 2, 0, index);
  FREE(a);
}

/* -- Matrices --------------------------------------------------------------------------------------------------- */

static void compare_product(const mt_tensor *c, double beta, double alpha, const mt_tensor *a, const mt_tensor *b) {
  mt_tensor *x = twin(a), *y = twin(b), *z = twin(c), *out = mt_tensor_new(a->dtype, MT_CPU);
  mt_tensor *cuda_out = mt_tensor_new(a->dtype, MT_CUDA);
  CHECK(mt_matmul(out, c, beta, alpha, a, b) == 0);
  CHECK(mt_matmul(cuda_out, z, beta, alpha, x, y) == 0);
  SAME(cuda_out, out);
  FREE(x, y, z, out, cuda_out);
}

static void test_product(int dtype, int64_t n, int64_t k, int64_t m) {
  for (int layouts = 0; layouts < 9; layouts++) {
    mt_tensor *a = noise_tensor(dtype, layouts % 3, SIZES(n, k)), *b = noise_tensor(dtype, layouts / 3, SIZES(k, m));
    mt_tensor *c = noise_tensor(dtype, PLAIN, SIZES(n, m));
    compare_product(NULL, 0, 1, a, b);
    compare_product(c, 0.5, -2, a, b);
    FREE(a, b, c);
  }
}

static void test_batches(int dtype) {
  for (int layouts = 0; layouts < 9; layouts++) {
    mt_tensor *a = noise_tensor(dtype, layouts % 3, SIZES(4, 3, 5)),
              *b = noise_tensor(dtype, layouts / 3, SIZES(4, 5, 2));
    compare_product(NULL, 0, 1, a, b);
    must(mt_narrow(b, b, 0, 1, 1) || mt_expand(b, b, SIZES(4, 5, 2)));
    compare_product(NULL, 0, 1, a, b);
    FREE(a, b);
  }
}

static void test_matmul(void) {
  for (int dtype = 0; dtype <= MT_BFLOAT16; dtype++) {
    set_context("matmul", dtype, "");
    test_product(dtype, 7, 5, 9);
    test_product(dtype, 1, 5, 9);
    test_product(dtype, 7, 1, 9);
    test_product(dtype, 7, 5, 1);
    test_product(dtype, 1, 1, 1);
    test_batches(dtype);
  }
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    set_context("dot", dtype, "");
    mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(30, 100)), *b = noise_tensor(dtype, GAPPED, SIZES(30, 100));
    mt_tensor *x = twin(a), *y = twin(b);
    double cpu = 0, cuda = 0;
    CHECK(mt_dot(a, b, &cpu) == 0 && mt_dot(x, y, &cuda) == 0);
    CHECK(close_enough(cuda, cpu, tolerance(MT_FLOAT) * 8));
    FREE(a, b, x, y);
  }
}

/* -- Softmax ---------------------------------------------------------------------------------------------------- */

static void compare_softmax(int dtype, int dim, const int64_t *size, int over, int logarithm) {
  mt_tensor *a = noise_tensor(dtype, PLAIN, dim, size), *g = noise_tensor(dtype, TURNED, dim, size);
  mt_tensor *x = twin(a), *h = twin(g), *y = mt_tensor_new(dtype, MT_CPU), *cuda_y = mt_tensor_new(dtype, MT_CUDA);
  CHECK(mt_softmax(y, a, over, logarithm) == 0 && mt_softmax(cuda_y, x, over, logarithm) == 0);
  SAME(cuda_y, y);
  CHECK(mt_softmax_grad(a, g, y, over, logarithm) == 0 && mt_softmax_grad(x, h, cuda_y, over, logarithm) == 0);
  SAME(x, a);
  FREE(a, g, x, h, y, cuda_y);
}

static void test_softmax(void) {
  for (int dtype = 0; dtype <= MT_BFLOAT16; dtype++)
    for (int logarithm = 0; logarithm < 2; logarithm++) {
      set_context("softmax", dtype, logarithm ? "logarithm" : "");
      compare_softmax(dtype, SIZES(9, 10), 1, logarithm);
      compare_softmax(dtype, SIZES(3, 700), 1, logarithm);
      compare_softmax(dtype, SIZES(4, 5, 6), 1, logarithm);
      compare_softmax(dtype, SIZES(300, 2), 0, logarithm);
    }
}

/* -- Layer norm ------------------------------------------------------------------------------------------------- */

static void compare_layer_norm(int dtype, int64_t rows, int64_t n, int affine) {
  mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(rows, n)), *g = noise_tensor(dtype, TURNED, SIZES(rows, n));
  mt_tensor *w = affine ? noise_tensor(dtype, PLAIN, SIZES(n)) : NULL,
            *b = affine ? noise_tensor(dtype, GAPPED, SIZES(n)) : NULL;
  mt_tensor *cuda_in[] = {twin(a), twin(g), twin(w), twin(b)}, *cpu[6], *cuda[6];
  for (int i = 0; i < 6; i++) {
    cpu[i] = mt_tensor_new(dtype, MT_CPU);
    cuda[i] = mt_tensor_new(dtype, MT_CUDA);
  }
  CHECK(mt_layer_norm(cpu[0], cpu[1], cpu[2], a, w, b, 1e-3) == 0);
  CHECK(mt_layer_norm(cuda[0], cuda[1], cuda[2], cuda_in[0], cuda_in[2], cuda_in[3], 1e-3) == 0);
  CHECK(mt_layer_norm_grad(cpu[3], cpu[4], affine ? cpu[5] : NULL, g, a, cpu[1], cpu[2], w) == 0);
  CHECK(mt_layer_norm_grad(cuda[3], cuda[4], affine ? cuda[5] : NULL, cuda_in[1], cuda_in[0], cuda[1], cuda[2],
                           cuda_in[2]) == 0);
  for (int i = 0; i < 6; i++) {
    SAME(cuda[i], cpu[i]);
    FREE(cpu[i], cuda[i]);
  }
  FREE(a, g, w, b, cuda_in[0], cuda_in[1], cuda_in[2], cuda_in[3]);
}

static void test_layer_norm(void) {
  for (int dtype = 0; dtype <= MT_BFLOAT16; dtype++)
    for (int affine = 0; affine < 2; affine++) {
      set_context("layer_norm", dtype, affine ? "affine" : "");
      compare_layer_norm(dtype, 5, 7, affine);
      compare_layer_norm(dtype, 2, 300, affine);
      compare_layer_norm(dtype, 19, 33, affine);
    }
}

/* -- Indices ---------------------------------------------------------------------------------------------------- */

static void compare_each_element(int dtype, int layout, int64_t rows, int64_t columns) {
  mt_tensor *a = noise_tensor(dtype, layout, SIZES(rows, columns)), *src = noise_tensor(dtype, TURNED, SIZES(rows, 8));
  mt_tensor *index = index_tensor(SIZES(rows, 8), columns, 1), *again = index_tensor(SIZES(rows, 8), columns, 0);
  mt_tensor *x = twin(a), *y = twin(src), *i = twin(index), *j = twin(again);
  mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *cuda_out = mt_tensor_new(dtype, MT_CUDA);
  CHECK(mt_gather(out, a, 1, again) == 0 && mt_gather(cuda_out, x, 1, j) == 0);
  SAME(cuda_out, out);
  CHECK(mt_scatter_add(a, 1, again, src) == 0 && mt_scatter_add(x, 1, j, y) == 0);
  SAME(x, a);
  CHECK(mt_scatter(a, 1, index, src, 0) == 0 && mt_scatter(x, 1, i, y, 0) == 0);
  SAME(x, a);
  CHECK(mt_scatter(a, 1, again, NULL, 3) == 0 && mt_scatter(x, 1, j, NULL, 3) == 0);
  SAME(x, a);
  FREE(a, src, index, again, x, y, i, j, out, cuda_out);
}

static void compare_slices(int dtype, int layout, int dim) {
  int64_t size[] = {10, 11, 4}, part[] = {10, 11, 4};
  part[dim] = 7;
  mt_tensor *a = noise_tensor(dtype, layout, 3, size), *src = noise_tensor(dtype, (layout + 1) % 3, 3, part);
  mt_tensor *index = index_tensor(SIZES(7), 10, 1), *again = index_tensor(SIZES(7), 4, 0);
  if (dim == 2) must(mt_copy(index, again));
  mt_tensor *x = twin(a), *y = twin(src), *i = twin(index), *j = twin(again);
  mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *cuda_out = mt_tensor_new(dtype, MT_CUDA);
  CHECK(mt_index_select(out, a, dim, again) == 0 && mt_index_select(cuda_out, x, dim, j) == 0);
  SAME(cuda_out, out);
  CHECK(mt_index_add(a, dim, again, src) == 0 && mt_index_add(x, dim, j, y) == 0);
  SAME(x, a);
  if (dim < 2) CHECK(mt_index_copy(a, dim, index, src) == 0 && mt_index_copy(x, dim, i, y) == 0);
  SAME(x, a);
  CHECK(mt_index_fill(a, dim, again, 5) == 0 && mt_index_fill(x, dim, j, 5) == 0);
  SAME(x, a);
  FREE(a, src, index, again, x, y, i, j, out, cuda_out);
}

/* Many additions to few places of one line, as they come */
static void test_crowd(int dtype) {
  mt_tensor *a = noise_tensor(dtype, PLAIN, SIZES(5)), *src = new_tensor(dtype, PLAIN, SIZES(1000));
  mt_tensor *index = index_tensor(SIZES(1000), 5, 0), *x = twin(a), *i = twin(index);
  must(mt_fill(src, 1));
  mt_tensor *y = twin(src);
  CHECK(mt_scatter_add(a, 0, index, src) == 0 && mt_scatter_add(x, 0, i, y) == 0);
  CHECK(same(x, a, 100));
  FREE(a, src, index, x, i, y);
}

static void test_indices(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    for (int layout = PLAIN; layout < LAYOUTS; layout++) {
      set_context("gather, scatter", dtype, "");
      compare_each_element(dtype, layout, 6, 10);
      set_context("index", dtype, "");
      for (int dim = 0; dim < 3; dim++) compare_slices(dtype, layout, dim);
    }
    set_context("scatter_add, crowd", dtype, "");
    test_crowd(dtype);
  }
}

static void test_join(void) {
  set_context("cat", MT_FLOAT, "");
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *b = noise_tensor(MT_FLOAT, TURNED, SIZES(3, 5));
  mt_tensor *x = twin(a), *y = twin(b), *out = mt_tensor_new(MT_FLOAT, MT_CPU), *z = mt_tensor_new(MT_FLOAT, MT_CUDA);
  CHECK(mt_cat(out, (mt_tensor *[]){a, b}, 2, 1) == 0 && mt_cat(z, (mt_tensor *[]){x, y}, 2, 1) == 0);
  SAME(z, out);
  FREE(a, b, x, y, out, z);
}

/* -- Random numbers --------------------------------------------------------------------------------------------- */

static double moment(const mt_tensor *t, double power, double around) {
  double *v = values(t), sum = 0;
  int64_t n = mt_tensor_numel(t);
  for (int64_t i = 0; i < n; i++) sum += pow(v[i] - around, power);
  free(v);
  return sum / (double)n;
}

static void test_random(void) {
  mt_generator *g = mt_generator_new();
  mt_tensor *a = mt_tensor_new(MT_FLOAT, MT_CUDA), *b = mt_tensor_new(MT_FLOAT, MT_CUDA);
  int64_t n = 20000;
  int equal = 0;
  must(!g || !a || !b || mt_tensor_resize(a, 1, &n) || mt_tensor_resize(b, 1, &n));
  set_context("random", MT_FLOAT, "");
  mt_generator_seed(g, 7);
  CHECK(mt_random_fill(g, a, MT_UNIFORM, 2, 4) == 0);
  CHECK(fabs(moment(a, 1, 0) - 3) < 0.02 && fabs(moment(a, 2, 3) - 1.0 / 3) < 0.02);
  mt_generator_seed(g, 7);
  CHECK(mt_random_fill(g, b, MT_UNIFORM, 2, 4) == 0 && mt_equal(a, b, &equal) == 0 && equal);
  CHECK(mt_random_fill(g, b, MT_UNIFORM, 2, 4) == 0 && mt_equal(a, b, &equal) == 0 && !equal);
  CHECK(mt_random_fill(g, a, MT_NORMAL, 1, 2) == 0);
  CHECK(fabs(moment(a, 1, 0) - 1) < 0.06 && fabs(moment(a, 2, 1) - 4) < 0.2 && fabs(moment(a, 3, 1)) < 1);
  CHECK(mt_random_fill(g, a, MT_EXPONENTIAL, 2, 0) == 0 && fabs(moment(a, 1, 0) - 0.5) < 0.02);
  CHECK(mt_random_fill(g, a, MT_BERNOULLI, 0.3, 0) == 0 && fabs(moment(a, 1, 0) - 0.3) < 0.02);
  CHECK(mt_random_fill(g, a, MT_GEOMETRIC, 0.5, 0) == 0 && fabs(moment(a, 1, 0) - 2) < 0.06);
  CHECK(mt_random_fill(g, a, MT_RANDOM, 1, 6) == 0 && fabs(moment(a, 1, 0) - 3.5) < 0.06);
  mt_tensor *cpu = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_tensor_resize(cpu, 1, &n) || mt_copy(cpu, a));
  for (int64_t i = 0; i < n; i++) must(((float *)mt_tensor_data(cpu))[i] < 1 || ((float *)mt_tensor_data(cpu))[i] > 6);
  FREE(a, b, cpu);
  mt_generator_free(g);
}

/* -- The device ------------------------------------------------------------------------------------------------- */

static void test_device(void) {
  int count = 0;
  int64_t available = 0, total = 0;
  mt_cuda_properties properties;
  snprintf(context, sizeof context, "[device]");
  CHECK(mt_cuda_abi() == MT_ABI);
  CHECK(mt_cuda_device_count(&count) == 0 && count >= 1);
  CHECK(mt_cuda_get_device() == 0 && mt_cuda_set_device(0) == 0);
  REFUSES(mt_cuda_set_device(count), "was asked for");
  REFUSES(mt_cuda_set_device(-1), "was asked for");
  CHECK(mt_cuda_memory(&available, &total) == 0 && available > 0 && total >= available);
  CHECK(mt_cuda_device_properties(0, &properties) == 0 && properties.name[0] && properties.warp == 32);
  REFUSES(mt_cuda_device_properties(count, &properties), "was asked for");
}

static void test_errors(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *x = twin(a),
            *zero = noise_tensor(MT_INT32, PLAIN, SIZES(4));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CUDA), *far = index_tensor(SIZES(1), 1, 0), *y = twin(zero);
  snprintf(context, sizeof context, "[errors]");
  REFUSES(mt_pointwise(mt_op_find("add"), out, x, a, NULL, 0, 1), "cuda float");
  must(mt_fill(y, 0));
  mt_tensor *z = twin(zero);
  REFUSES(mt_pointwise(mt_op_find("div"), z, z, y, NULL, 0, 0), "division by zero");
  must(mt_fill(far, 9));
  mt_tensor *i = twin(far);
  REFUSES(mt_index_select(out, x, 1, i), "outside");
  CHECK(out->dim == 0);
  mt_interrupt(1);
  REFUSES(mt_fill(out, 1), "interrupted");
  mt_interrupt(0);
  FREE(a, x, zero, out, far, y, z, i);
}

static void test_memory(void) {
  snprintf(context, sizeof context, "[memory]");
  CHECK(mt_memory(MT_CUDA, MT_LIVE) == 0);
  mt_memory_trim(MT_CUDA);
  CHECK(mt_memory(MT_CUDA, MT_CACHED) == 0);
  CHECK(mt_cuda_synchronize() == 0);
  if (!cuda_emulator_set_memory) return;
  cuda_emulator_set_memory(1 << 20);
  mt_tensor *t = mt_tensor_new(MT_FLOAT, MT_CUDA);
  int64_t n = 1 << 20;
  REFUSES(mt_tensor_resize(t, 1, &n), "not enough memory on the cuda");
  n = 1000;
  CHECK(mt_tensor_resize(t, 1, &n) == 0 && mt_fill(t, 1) == 0);
  cuda_emulator_set_memory((size_t)512 << 20);
  mt_tensor_free(t);
}

static void test_all(void) {
  test_pointwise();
  test_copy();
  test_fill();
  test_reductions();
  test_nan();
  test_matmul();
  test_softmax();
  test_layer_norm();
  test_indices();
  test_join();
  test_random();
  test_errors();
}

int main(void) {
  if (mt_cuda_start()) {
    printf("%s\n", mt_error());
    return 77; /* no GPU: skipped */
  }
  check_context = context;
  test_device();
  for (int order = 0; order < (cuda_emulator_set_order ? 3 : 1); order++) {
    if (cuda_emulator_set_order) cuda_emulator_set_order(order);
    test_all();
  }
  test_memory();
  return check_end();
}

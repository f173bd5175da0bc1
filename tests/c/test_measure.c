/* test_measure.c: histograms and squared distances against plain loops, over layouts and dtypes. */
#include "tensors.h"

static void test_histogram(void) {
  const double plain[] = {0, 1, 1, 2, 3, 3, 3, 4}, shifted[] = {0, 1, 1, 2, 3, 3, 3, 9};
  char context[60];
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      snprintf(context, sizeof context, "%s, layout %d", mt_dtype_name(dtype), layout);
      check_context = context;
      mt_tensor *a = new_tensor(dtype, layout, SIZES(2, 4)), *out = new_tensor(dtype, GAPPED, SIZES(4));
      set_values(a, plain);
      CHECK(!mt_histogram(out, a, 4, 0, 4, 0) && holds(out, SIZES(4), (double[]){1, 2, 1, 4}, 0));
      CHECK(!mt_histogram(out, a, 4, 0, 0, 0) && holds(out, SIZES(4), (double[]){1, 2, 1, 4}, 0));
      CHECK(!mt_histogram(out, a, 2, 1, 3, 0) && holds(out, SIZES(2), (double[]){2, 4}, 0));
      CHECK(!mt_histogram(out, a, 4, 0, 4, 1) && holds(out, SIZES(2, 4), (double[]){1, 2, 1, 0, 0, 0, 0, 4}, 0));
      set_values(a, shifted);
      CHECK(!mt_histogram(out, a, 3, 0, 0, 0) && holds(out, SIZES(3), (double[]){4, 3, 1}, 0));
      mt_tensor_free(a), mt_tensor_free(out);
    }
  check_context = "";
}

static void test_strange_elements(void) {
  mt_tensor *a = new_tensor(MT_DOUBLE, PLAIN, SIZES(5)), *out = mt_tensor_new(MT_DOUBLE, MT_CPU);
  set_values(a, (double[]){NAN, INFINITY, -INFINITY, 1, 2});
  CHECK(!mt_histogram(out, a, 2, 0, 0, 0) && holds(out, SIZES(2), (double[]){1, 1}, 0));
  set_values(a, (double[]){NAN, NAN, NAN, NAN, NAN});
  CHECK(!mt_histogram(out, a, 2, 0, 0, 0) && holds(out, SIZES(2), (double[]){0, 0}, 0));
  set_values(a, (double[]){-1e308, 1e308, 0, 1e308, 1e-308});
  CHECK(!mt_histogram(out, a, 2, -1e308, 1e308, 0));
  mt_tensor *none = mt_tensor_new(MT_DOUBLE, MT_CPU), *f = mt_tensor_new(MT_FLOAT, MT_CPU);
  CHECK(!mt_histogram(out, none, 2, 0, 0, 0) && holds(out, SIZES(2), (double[]){0, 0}, 0));
  REFUSES(mt_histogram(out, a, 0, 0, 0, 0), "histogram: expected 1 bin or more, got 0");
  REFUSES(mt_histogram(out, a, 2, 1, 0, 0), "histogram: expected finite bounds in order, got 1 and 0");
  REFUSES(mt_histogram(out, a, 2, 0, INFINITY, 0), "histogram: expected finite bounds");
  REFUSES(mt_histogram(out, a, 2, 0, 1, 1), "histogram: expected a matrix, got 5");
  REFUSES(mt_histogram(f, a, 2, 0, 1, 0), "histogram: expected tensors of one type");
  CHECK(!mt_histogram(a, a, 5, -1e308, 1e308, 0)); /* over its own operand */
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(none), mt_tensor_free(f);
}

static void test_match(void) {
  char context[60];
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      snprintf(context, sizeof context, "%s, layout %d", mt_dtype_name(dtype), layout);
      check_context = context;
      mt_tensor *a = noise_tensor(dtype, layout, SIZES(3, 5)), *b = noise_tensor(dtype, PLAIN, SIZES(4, 5));
      mt_tensor *out = new_tensor(dtype, TURNED, SIZES(3, 4));
      double *x = values(a), *y = values(b), want[12];
      for (int i = 0; i < 12; i++) {
        want[i] = 0;
        for (int k = 0; k < 5; k++) want[i] += 2 * pow(x[i / 4 * 5 + k] - y[i % 4 * 5 + k], 2);
      }
      CHECK(!mt_match(out, a, b, 2) && holds(out, SIZES(3, 4), want, 4));
      free(x), free(y);
      mt_tensor_free(a), mt_tensor_free(b), mt_tensor_free(out);
    }
  check_context = "";
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 2)), *b = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 3));
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  REFUSES(mt_match(out, a, b, 1), "match: rows of 2 and 3 elements do not match");
  REFUSES(mt_match(out, a, none, 1), "match: a tensor has no elements");
  REFUSES(mt_match(a, a, a, 1), "match: the result has sizes 3x3, but it shares memory");
  CHECK(out->dim == 0);
  mt_tensor_free(a), mt_tensor_free(b), mt_tensor_free(none), mt_tensor_free(out);
}

int main(void) {
  test_histogram();
  test_strange_elements();
  test_match();
  return check_end();
}

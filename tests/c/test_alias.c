/* test_alias.c: tables of the alias method carry their weights exactly, draws follow them, and bad tables are refused. */
#include "tensors.h"

/* The weight that a table gives to each slot: shares kept, and shares passed on to it. */
static void check_table(int dtype, int64_t n, const double *weight) {
  mt_tensor *w = new_tensor(dtype, GAPPED, 1, &n), *place = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *share = mt_tensor_new(dtype, MT_CPU);
  double sum = 0, *got = calloc((size_t)n, sizeof *got);
  set_values(w, weight);
  CHECK(!mt_alias_setup(place, share, w) && place->size[0] == n && share->size[0] == n);
  double *p = values(place), *s = values(share);
  for (int64_t i = 0; i < n; i++) {
    CHECK(p[i] >= 1 && p[i] <= (double)n && s[i] >= 0 && s[i] <= 1);
    got[i] += s[i] / (double)n;
    got[(int64_t)p[i] - 1] += (1 - s[i]) / (double)n;
    sum += weight[i];
  }
  for (int64_t i = 0; i < n; i++) CHECK(fabs(got[i] - weight[i] / sum) < (dtype == MT_DOUBLE ? 1e-12 : 1e-2));
  free(p), free(s), free(got);
  mt_tensor_free(w), mt_tensor_free(place), mt_tensor_free(share);
}

static void test_tables(void) {
  double many[1000];
  for (int i = 0; i < 1000; i++) many[i] = fabs(noise()) / 500;
  for (int dtype = MT_FLOAT; dtype <= MT_BFLOAT16; dtype++) {
    check_context = mt_dtype_name(dtype);
    check_table(dtype, 4, (double[]){0.7, 0.1, 0.1, 0.1});
    check_table(dtype, 4, (double[]){0.1, 0.1, 0.1, 0.7});
    check_table(dtype, 5, (double[]){0, 0, 1, 0, 0});
    check_table(dtype, 3, (double[]){20, 30, 50});
    check_table(dtype, 1, (double[]){1});
    if (dtype <= MT_DOUBLE) check_table(dtype, 1000, many);
  }
  check_context = "";
}

static void test_draws(void) {
  mt_generator *g = mt_generator_new();
  mt_tensor *w = new_tensor(MT_DOUBLE, PLAIN, SIZES(3)), *place = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *share = mt_tensor_new(MT_DOUBLE, MT_CPU), *out = new_tensor(MT_INT64, TURNED, SIZES(100, 50));
  double count[3] = {0};
  mt_generator_seed(g, 5);
  set_values(w, (double[]){0.5, 0, 0.5});
  must(mt_alias_setup(place, share, w));
  CHECK(!mt_alias_draw(g, out, place, share));
  double *v = values(out);
  for (int i = 0; i < 5000; i++) count[(int)v[i] - 1]++;
  CHECK(count[1] == 0 && fabs(count[0] - 2500) < 5 * sqrt(1250));
  free(v);
  mt_generator_free(g);
  mt_tensor_free(w), mt_tensor_free(place), mt_tensor_free(share), mt_tensor_free(out);
}

static void test_bad(void) {
  mt_generator *g = mt_generator_new();
  mt_tensor *w = new_tensor(MT_FLOAT, PLAIN, SIZES(2)), *place = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *share = mt_tensor_new(MT_FLOAT, MT_CPU), *out = new_tensor(MT_INT64, PLAIN, SIZES(4));
  set_values(w, (double[]){1, -1});
  REFUSES(mt_alias_setup(place, share, w), "weight 2 is -1");
  set_values(w, (double[]){1, NAN});
  REFUSES(mt_alias_setup(place, share, w), "weight 2 is");
  set_values(w, (double[]){0, 0});
  REFUSES(mt_alias_setup(place, share, w), "the weights sum to 0");
  REFUSES(mt_alias_setup(share, share, w), "expected the places as a tensor of int64");
  REFUSES(mt_alias_setup(place, share, share), "expected a vector of weights");
  CHECK(place->dim == 0 && share->dim == 0);
  set_values(w, (double[]){1, 1});
  must(mt_alias_setup(place, share, w) || mt_fill(out, 9));
  must(mt_fill(place, 3));
  REFUSES(mt_alias_draw(g, out, place, share), "place 1 is 3, outside 1..2");
  must(mt_fill(place, 1) || mt_fill(share, 1.5));
  REFUSES(mt_alias_draw(g, out, place, share), "share 1 is 1.5");
  REFUSES(mt_alias_draw(g, out, out, share), "as many places as shares, got 4 and 2");
  REFUSES(mt_alias_draw(g, share, place, share), "expected the result as a tensor of int64");
  CHECK(holds(out, SIZES(4), (double[]){9, 9, 9, 9}, 0));
  mt_generator_free(g);
  mt_tensor_free(w), mt_tensor_free(place), mt_tensor_free(share), mt_tensor_free(out);
}

int main(void) {
  test_tables();
  test_draws();
  test_bad();
  return check_end();
}

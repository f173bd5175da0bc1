/* test_index.c: gather, scatter, slices by index and masks against plain loops, over layouts, dtypes and dimensions. */
#include "tensors.h"

static const int64_t sizes[][3] = {{4, 5, 3}, {6, 1, 1}, {1, 8, 1}, {40, 2, 50}, {2, 60, 3}};
enum { KINDS = 5 };

static int64_t pick(int64_t n) { /* 1 … n */
  return 1 + (int64_t)((noise() + 1) / 2 * 0.999999 * (double)n);
}

/* An index of these sizes with values 1 … n; strided when layout says so. */
static mt_tensor *new_index(int layout, int dim, const int64_t *size, int64_t n) {
  mt_tensor *t = new_tensor(MT_INT64, layout, dim, size);
  double *v = values(t);
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) v[i] = (double)pick(n);
  set_values(t, v);
  free(v);
  return t;
}

/* The place of element i of a tensor of sizes from, in one of sizes to, where it is at `at` along dim. */
static int64_t moved(int64_t i, const int64_t *from, const int64_t *to, int dim, int64_t at) {
  int64_t place[3] = {i / from[2] / from[1], i / from[2] % from[1], i % from[2]};
  place[dim] = at;
  return (place[0] * to[1] + place[1]) * to[2] + place[2];
}

static double plus(int dtype, double x, double y) {
  mt_tensor *t = new_tensor(dtype, PLAIN, SIZES(1)); /* rounds as the dtype does */
  double sum = is_float(dtype) && dtype != MT_DOUBLE ? (double)((float)x + (float)y) : x + y, *v;
  set_values(t, &sum);
  v = values(t);
  sum = v[0];
  free(v);
  mt_tensor_free(t);
  return sum;
}

/* -- One index for each element ----------------------------------------------------------------------------- */

static void check_elements(int dtype, int layout, const int64_t *size, int dim) {
  int64_t chosen[3] = {(size[0] + 1) / 2, (size[1] + 1) / 2, size[2]}; /* the index may be smaller */
  chosen[dim] = 19;
  mt_tensor *a = noise_tensor(dtype, layout, 3, size), *index = new_index(layout, 3, chosen, size[dim]);
  mt_tensor *out = new_tensor(dtype, layout, 3, chosen), *src = noise_tensor(dtype, layout, 3, chosen);
  double *v = values(a), *p = values(index), *s = values(src);
  int64_t n = mt_tensor_numel(index);
  double *got = malloc((size_t)n * sizeof *got), *set = values(a), *added = values(a), *filled = values(a);
  for (int64_t i = 0; i < n; i++) {
    int64_t at = moved(i, chosen, size, dim, (int64_t)p[i] - 1);
    got[i] = v[at];
    set[at] = s[i];
    filled[at] = 2;
    added[at] = plus(dtype, added[at], s[i]);
  }
  CHECK(!mt_gather(out, a, dim, index) && holds(out, 3, chosen, got, 0));
  CHECK(!mt_scatter(a, dim, index, src, 0) && holds(a, 3, size, set, 0));
  set_values(a, v);
  CHECK(!mt_scatter(a, dim, index, NULL, 2) && holds(a, 3, size, filled, 0));
  set_values(a, v);
  CHECK(!mt_scatter_add(a, dim, index, src) && holds(a, 3, size, added, 0));
  mt_tensor_free(a), mt_tensor_free(index), mt_tensor_free(out), mt_tensor_free(src);
  free(v), free(p), free(s), free(got), free(set), free(added), free(filled);
}

/* -- One index for each slice --------------------------------------------------------------------------------- */

static void check_slices(int dtype, int layout, const int64_t *size, int dim) {
  int64_t chosen[3] = {size[0], size[1], size[2]}, count = 9;
  chosen[dim] = count;
  mt_tensor *a = noise_tensor(dtype, layout, 3, size), *index = new_index(layout, 1, &count, size[dim]);
  mt_tensor *out = new_tensor(dtype, layout, 3, chosen), *src = noise_tensor(dtype, layout, 3, chosen);
  double *v = values(a), *p = values(index), *s = values(src);
  int64_t n = mt_tensor_numel(src), inner = 1;
  for (int i = dim + 1; i < 3; i++) inner *= size[i];
  double *got = malloc((size_t)n * sizeof *got), *set = values(a), *added = values(a), *filled = values(a);
  for (int64_t i = 0; i < n; i++) {
    int64_t at = moved(i, chosen, size, dim, (int64_t)p[i / inner % count] - 1);
    got[i] = v[at];
    set[at] = s[i];
    filled[at] = 3;
    added[at] = plus(dtype, added[at], s[i]);
  }
  CHECK(!mt_index_select(out, a, dim, index) && holds(out, 3, chosen, got, 0));
  CHECK(!mt_index_copy(a, dim, index, src) && holds(a, 3, size, set, 0));
  set_values(a, v);
  CHECK(!mt_index_fill(a, dim, index, 3) && holds(a, 3, size, filled, 0));
  set_values(a, v);
  CHECK(!mt_index_add(a, dim, index, src) && holds(a, 3, size, added, 0));
  mt_tensor_free(a), mt_tensor_free(index), mt_tensor_free(out), mt_tensor_free(src);
  free(v), free(p), free(s), free(got), free(set), free(added), free(filled);
}

/* -- Masks ---------------------------------------------------------------------------------------------------- */

static void check_masks(int dtype, int layout, const int64_t *size) {
  int64_t n = size[0] * size[1] * size[2], count = 0, places[2] = {0, 3};
  mt_tensor *a = noise_tensor(dtype, layout, 3, size), *mask = noise_tensor(MT_UINT8, (layout + 1) % LAYOUTS, 3, size);
  mt_tensor *out = mt_tensor_new(dtype, MT_CPU), *src = noise_tensor(dtype, GAPPED, 1, &n);
  mt_tensor *where = mt_tensor_new(MT_INT64, MT_CPU);
  double *v = values(a), *m = values(mask), *s = values(src), *set = values(a);
  double *got = malloc((size_t)n * sizeof *got), *found = malloc((size_t)n * 3 * sizeof *found);
  for (int64_t i = 0; i < n; i++) {
    if (m[i] != 0) {
      set[i] = s[count];
      got[count++] = v[i];
    }
    if (v[i] == 0) continue;
    found[3 * places[0]] = (double)(i / size[2] / size[1] + 1);
    found[3 * places[0] + 1] = (double)(i / size[2] % size[1] + 1);
    found[3 * places[0]++ + 2] = (double)(i % size[2] + 1);
  }
  CHECK(!mt_masked_select(out, a, mask) && holds(out, count > 0, &count, got, 0));
  CHECK(!mt_nonzero(where, a) && holds(where, places[0] ? 2 : 0, places, found, 0));
  CHECK(!mt_masked_copy(a, mask, src) && holds(a, 3, size, set, 0));
  mt_tensor_free(a), mt_tensor_free(mask), mt_tensor_free(out), mt_tensor_free(src), mt_tensor_free(where);
  free(v), free(m), free(s), free(set), free(got), free(found);
}

static void test_all(void) {
  char context[100];
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int k = 0; k < KINDS; k++) {
        snprintf(context, sizeof context, "%s, layout %d, sizes no. %d", mt_dtype_name(dtype), layout, k);
        check_context = context;
        for (int dim = 0; dim < 3; dim++) {
          check_elements(dtype, layout, sizes[k], dim);
          check_slices(dtype, layout, sizes[k], dim);
        }
        check_masks(dtype, layout, sizes[k]);
      }
  check_context = "";
}

/* Enough elements for several threads; repeated indices add up in order, so any number of threads gives one result. */
static void test_threads(void) {
  for (int dim = 0; dim < 2; dim++) {
    mt_tensor *src = noise_tensor(MT_FLOAT, PLAIN, SIZES(400, 300)), *index = new_index(PLAIN, SIZES(400, 300), 9);
    int64_t n = dim ? 300 : 400;
    mt_tensor *lines = new_index(PLAIN, 1, &n, 9), *out[2], *rows[2];
    int same = 0;
    for (int i = 0; i < 2; i++) {
      mt_set_threads(i ? 4 : 1);
      out[i] = new_tensor(MT_FLOAT, PLAIN, SIZES(dim ? 400 : 9, dim ? 9 : 300));
      rows[i] = new_tensor(MT_FLOAT, PLAIN, SIZES(dim ? 400 : 9, dim ? 9 : 300));
      must(mt_fill(out[i], 0) || mt_fill(rows[i], 0));
      CHECK(!mt_scatter_add(out[i], dim, index, src) && !mt_index_add(rows[i], dim, lines, src));
    }
    CHECK(!mt_equal(out[0], out[1], &same) && same);
    CHECK(!mt_equal(rows[0], rows[1], &same) && same);
    mt_tensor_free(src), mt_tensor_free(index), mt_tensor_free(lines);
    for (int i = 0; i < 2; i++) mt_tensor_free(out[i]), mt_tensor_free(rows[i]);
  }
  mt_set_threads(2);
}

/* -- Memory that operands share ------------------------------------------------------------------------------- */

static void test_shared(void) {
  mt_tensor *a = new_tensor(MT_INT64, PLAIN, SIZES(4)), *f = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 2));
  mt_tensor *order = new_tensor(MT_INT64, PLAIN, SIZES(2)), *mask = new_tensor(MT_UINT8, PLAIN, SIZES(3));
  mt_tensor *part = mt_tensor_new(MT_UINT8, MT_CPU);
  set_values(a, (double[]){2, 3, 4, 1});
  CHECK(!mt_gather(a, a, 0, a) && holds(a, SIZES(4), (double[]){3, 4, 1, 2}, 0));
  CHECK(!mt_scatter(a, 0, a, a, 0) && holds(a, SIZES(4), (double[]){1, 2, 3, 4}, 0));
  set_values(a, (double[]){2, 3, 4, 1});
  CHECK(!mt_index_add(a, 0, a, a) && holds(a, SIZES(4), (double[]){3, 5, 7, 5}, 0));
  set_values(order, (double[]){2, 1});
  set_values(f, (double[]){1, 2, 3, 4});
  CHECK(!mt_index_select(f, f, 0, order) && holds(f, SIZES(2, 2), (double[]){3, 4, 1, 2}, 0));
  CHECK(!mt_index_copy(f, 1, order, f) && holds(f, SIZES(2, 2), (double[]){4, 3, 2, 1}, 0));
  set_values(mask, (double[]){0, 7, 1});
  must(mt_narrow(part, mask, 0, 1, 2));
  CHECK(!mt_masked_copy(mask, mask, part) && holds(mask, SIZES(3), (double[]){0, 7, 1}, 0));
  uint32_t version = mask->storage->version;
  CHECK(!mt_masked_copy(mask, mask, mask) && holds(mask, SIZES(3), (double[]){0, 0, 7}, 0));
  CHECK(mask->storage->version > version);
  mt_tensor_free(a), mt_tensor_free(f), mt_tensor_free(order), mt_tensor_free(mask), mt_tensor_free(part);
}

/* -- Nothing ---------------------------------------------------------------------------------------------------- */

static void test_empty(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *none = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *zero = new_tensor(MT_INT64, PLAIN, SIZES(0)), *thin = new_tensor(MT_FLOAT, PLAIN, SIZES(3, 0));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU), *mask = new_tensor(MT_UINT8, PLAIN, SIZES(3, 4));
  mt_tensor *where = new_tensor(MT_INT64, PLAIN, SIZES(2)), *no = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *bytes = mt_tensor_new(MT_UINT8, MT_CPU), *row = new_tensor(MT_INT64, PLAIN, SIZES(0, 4));
  double *v = values(a);
  must(mt_fill(mask, 0));
  CHECK(!mt_gather(out, a, 0, none) && out->dim == 0);
  CHECK(!mt_gather(out, a, 0, row) && holds(out, SIZES(0, 4), NULL, 0));
  CHECK(!mt_index_select(out, a, 1, zero) && holds(out, SIZES(3, 0), NULL, 0));
  CHECK(!mt_index_select(out, thin, 1, none) && holds(out, SIZES(3, 0), NULL, 0));
  CHECK(!mt_scatter(a, 0, none, NULL, 5) && !mt_scatter_add(a, 0, row, a) && !mt_index_fill(a, 0, zero, 5));
  CHECK(!mt_index_add(a, 1, zero, thin) && !mt_index_copy(a, 1, none, no));
  CHECK(!mt_masked_select(out, a, mask) && out->dim == 0);
  CHECK(!mt_masked_select(out, no, bytes) && out->dim == 0);
  CHECK(!mt_masked_copy(a, mask, no) && holds(a, SIZES(3, 4), v, 0));
  must(mt_fill(out, 0) || mt_fill(a, 0));
  CHECK(!mt_nonzero(where, a) && where->dim == 0);
  CHECK(!mt_nonzero(where, thin) && where->dim == 0 && !mt_nonzero(where, no) && where->dim == 0);
  free(v);
  mt_tensor_free(a), mt_tensor_free(none), mt_tensor_free(zero), mt_tensor_free(thin), mt_tensor_free(out);
  mt_tensor_free(mask), mt_tensor_free(where), mt_tensor_free(no), mt_tensor_free(bytes), mt_tensor_free(row);
}

/* -- Bad input -------------------------------------------------------------------------------------------------- */

static void test_bad_indices(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(5)), *index = new_tensor(MT_INT64, GAPPED, SIZES(3));
  mt_tensor *out = new_tensor(MT_FLOAT, PLAIN, SIZES(3)), *src = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  double *v = values(a), *kept = values(out);
  static const struct {
    double value;
    const char *words;
  } bad[] = {{6, "index 6 at element 3 is outside 1..5"},
             {0, "index 0 at element 3"},
             {-1, "index -1 at element 3"},
             {1e18, "index 1000000000000000000 at element 3"},
             {-9223372036854775808., "index -9223372036854775808 at element 3"},
             {9223372036854774784., "index 9223372036854774784 at element 3"}};
  for (int i = 0; i < 6; i++) {
    set_values(index, (double[]){1, 5, bad[i].value});
    REFUSES(mt_gather(out, a, 0, index), bad[i].words);
    REFUSES(mt_scatter(a, 0, index, src, 0), bad[i].words);
    REFUSES(mt_scatter(a, 0, index, NULL, 0), bad[i].words);
    REFUSES(mt_scatter_add(a, 0, index, src), bad[i].words);
    REFUSES(mt_index_select(out, a, 0, index), bad[i].words);
    REFUSES(mt_index_copy(a, 0, index, src), bad[i].words);
    REFUSES(mt_index_add(a, 0, index, src), bad[i].words);
    REFUSES(mt_index_fill(a, 0, index, 1), bad[i].words);
  }
  CHECK(!strncmp(mt_error(), "index_fill: index", 17));
  CHECK(holds(a, SIZES(5), v, 0) && holds(out, SIZES(3), kept, 0)); /* untouched */
  free(v), free(kept);
  mt_tensor_free(a), mt_tensor_free(index), mt_tensor_free(out), mt_tensor_free(src);
}

static void test_bad_shapes(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *i1 = new_index(PLAIN, SIZES(2), 3), *i2 = new_index(PLAIN, SIZES(2, 4), 3);
  mt_tensor *wide = new_index(PLAIN, SIZES(2, 5), 3), *d = noise_tensor(MT_DOUBLE, PLAIN, SIZES(2, 4));
  mt_tensor *src = noise_tensor(MT_FLOAT, PLAIN, SIZES(2, 3)), *mask = new_tensor(MT_UINT8, PLAIN, SIZES(3, 3));
  mt_tensor *all = new_tensor(MT_UINT8, PLAIN, SIZES(12)), *none = mt_tensor_new(MT_FLOAT, MT_CPU);
  must(mt_fill(all, 1) || mt_fill(mask, 1));
  REFUSES(mt_gather(out, a, 0, i1), "gather: an index of sizes 2 does not fit a tensor of sizes 3x4");
  REFUSES(mt_gather(out, a, 0, wide), "gather: an index of sizes 2x5 does not fit a tensor of sizes 3x4");
  REFUSES(mt_gather(out, a, 2, i2), "gather: dimension 3 is outside 1..2");
  REFUSES(mt_gather(out, none, 0, i2), "gather: the tensor has no elements");
  REFUSES(mt_gather(out, a, 0, a), "gather: expected the index as a tensor of int64, got one of float");
  REFUSES(mt_gather(d, a, 0, i2), "gather: expected tensors of one type, got float and double");
  REFUSES(mt_gather(a, a, 0, i2), "gather: the result has sizes 2x4, but it shares memory");
  REFUSES(mt_scatter(a, 0, i2, src, 0), "scatter: an index of sizes 2x4 does not fit a source of sizes 2x3");
  REFUSES(mt_scatter_add(a, 0, i2, d), "scatter_add: expected tensors of one type");
  REFUSES(mt_index_select(out, a, 0, i2), "index_select: expected an index of one dimension, got 2x4");
  REFUSES(mt_index_select(out, none, 0, i1), "index_select: the tensor has no elements");
  REFUSES(mt_index_copy(a, 0, i1, src), "index_copy: expected a source of sizes 2x4, got 2x3");
  REFUSES(mt_index_add(a, 0, i1, d), "index_add: expected tensors of one type");
  REFUSES(mt_index_fill(a, -1, i1, 0), "index_fill: dimension 0 is outside 1..2");
  REFUSES(mt_masked_select(out, a, mask), "masked_select: expected a mask with as many elements as 3x4, got 3x3");
  REFUSES(mt_masked_select(out, a, a), "masked_select: expected the mask as a tensor of uint8, got one of float");
  REFUSES(mt_masked_copy(a, all, src), "masked_copy: the mask has 12 ones, the source only 6 elements");
  REFUSES(mt_nonzero(out, a), "nonzero: expected the index as a tensor of int64, got one of float");
  CHECK(out->dim == 0);
  mt_interrupt(1);
  REFUSES(mt_gather(out, a, 0, i2), "interrupted");
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(i1), mt_tensor_free(i2), mt_tensor_free(wide);
  mt_tensor_free(d), mt_tensor_free(src), mt_tensor_free(mask), mt_tensor_free(all), mt_tensor_free(none);
}

int main(void) {
  test_all();
  test_threads();
  test_shared();
  test_empty();
  test_bad_indices();
  test_bad_shapes();
  return check_end();
}

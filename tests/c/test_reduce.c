/* test_reduce.c: reductions and running sums against plain loops, over layouts, dtypes and sets of dimensions. */
#include "../../lib/internal.h"
#include "tensors.h"

enum { MOST = 512 }; /* results, and elements of one result, in the small cases */

static const int64_t shapes[][4] = {{7, 0, 0, 0},  {1, 0, 0, 0}, {300, 0, 0, 0}, {5, 6, 0, 0}, {70, 3, 0, 0},
                                    {3, 70, 0, 0}, {1, 9, 0, 0}, {4, 3, 5, 0},   {2, 1, 6, 0}, {3, 4, 2, 5}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static int dims_of(const int64_t *shape) {
  int dim = 0;
  while (dim < 4 && shape[dim] > 0) dim++;
  return dim;
}

/* -- The plain loop ------------------------------------------------------------------------------------------- */

typedef struct {
  long double sum, prod, power;
  double max, min;
  uint64_t whole; /* product of whole numbers, wrapped */
  int64_t n, max_at, min_at, nonzero;
  double all[MOST]; /* elements in order, for the variance */
} group;

static double order_of_norm(int variant) {
  static const double p[] = {0, 1, 2, 3, INFINITY, -INFINITY, -1};
  return p[variant];
}

/* Whether x comes before the extreme so far. */
static int wins(double x, double best, int sign) {
  return (isnan(x) && !isnan(best)) || (sign > 0 ? x > best : x < best);
}

static double norm_of(const group *g, double p) {
  long double sum = 0, most = 0, least = INFINITY;
  for (int64_t i = 0; i < g->n; i++) {
    double x = fabs(g->all[i]);
    sum += p == 0 ? x != 0 : powl(x, p);
    if (x > most) most = x;
    if (x < least) least = x;
  }
  if (isinf(p)) return (double)(p > 0 ? most : least);
  return (double)(p == 0 ? sum : powl(sum, 1 / (long double)p));
}

static double var_of(const group *g, double p) {
  long double mean = g->sum / g->n, sum = 0;
  for (int64_t i = 0; i < g->n; i++) sum += (g->all[i] - mean) * (g->all[i] - mean);
  return g->n > p ? (double)(sum / (g->n - p)) : NAN;
}

/* The low bits of a wrapped product, as dtype has them. */
static double low_bits(int dtype, uint64_t v) {
  int unused = 64 - 8 * mt_dtype_size(dtype);
  return dtype == MT_UINT8 ? (double)(uint8_t)v : (double)((int64_t)(v << unused) >> unused);
}

static double expected_of(int op, const group *g, double p, int dtype) {
  switch (op) {
    case MT_OP_sum: return (double)g->sum;
    case MT_OP_prod: return is_float(dtype) ? (double)g->prod : low_bits(dtype, g->whole);
    case MT_OP_mean: return g->n ? (double)(g->sum / g->n) : NAN;
    case MT_OP_max: return g->max;
    case MT_OP_min: return g->min;
    case MT_OP_norm: return norm_of(g, p);
    case MT_OP_var: return var_of(g, p);
    case MT_OP_all: return g->nonzero == g->n;
    default: return g->nonzero > 0;
  }
}

/* Sorts the elements v of a tensor of these sizes into groups; gives their number. */
static int64_t collect(const double *v, int dim, const int64_t *size, uint32_t dims, group *groups) {
  int64_t at[MT_MAX_DIM] = {0}, n = 1, results = 1;
  for (int i = 0; i < dim; i++) {
    n *= size[i];
    if (!(dims >> i & 1)) results *= size[i];
  }
  for (int64_t i = 0; i < results; i++) groups[i] = (group){.prod = 1, .whole = 1};
  for (int64_t i = 0; i < n; i++) {
    int64_t slot = 0;
    for (int d = 0; d < dim; d++)
      if (!(dims >> d & 1)) slot = slot * size[d] + at[d];
    group *g = &groups[slot];
    if (g->n == 0 || wins(v[i], g->max, 1)) g->max = v[i], g->max_at = g->n + 1;
    if (g->n == 0 || wins(v[i], g->min, -1)) g->min = v[i], g->min_at = g->n + 1;
    g->sum += v[i];
    g->prod *= v[i];
    g->whole *= (uint64_t)(int64_t)v[i];
    g->nonzero += v[i] != 0;
    g->all[g->n++] = v[i];
    for (int d = dim - 1; d >= 0 && ++at[d] == size[d]; d--) at[d] = 0;
  }
  return results;
}

/* -- One case ------------------------------------------------------------------------------------------------- */

static void check_one(int op, double p, const mt_tensor *a, uint32_t dims, const group *groups, int64_t results,
                      int strided_out) {
  int64_t size[MT_MAX_DIM], one = 1;
  double expected[MOST], places[MOST];
  int is_max = op == MT_OP_max, extreme = is_max || op == MT_OP_min, many = __builtin_popcount(dims) != 1;
  uint32_t all = (1u << a->dim) - 1;
  for (int i = 0; i < a->dim; i++) size[i] = dims >> i & 1 ? 1 : a->size[i];
  for (int64_t i = 0; i < results; i++) {
    expected[i] = expected_of(op, &groups[i], p, a->dtype);
    places[i] = (double)(is_max ? groups[i].max_at : groups[i].min_at);
  }
  mt_tensor *out = strided_out ? new_tensor(a->dtype, GAPPED, a->dim, size) : mt_tensor_new(a->dtype, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU);
  CHECK(!mt_reduce(op, out, NULL, a, dims, p) && holds(out, a->dim, size, expected, 20));
  if (dims == all) CHECK(!mt_reduce(op, out, NULL, a, 0, p) && holds(out, 1, &one, expected, 20));
  if (extreme && !many) {
    CHECK(!mt_reduce(op, out, index, a, dims, p) && holds(out, a->dim, size, expected, 0));
    CHECK(holds(index, a->dim, size, places, 0));
  }
  mt_tensor_free(out);
  mt_tensor_free(index);
}

static void check_all_ops(const mt_tensor *a, uint32_t dims, group *groups) {
  char context[600];
  double *v = values(a);
  int64_t results = collect(v, a->dim, a->size, dims, groups);
  free(v);
  for (int op = MT_OP_sum; op <= MT_OP_any; op++) {
    int variants = op == MT_OP_norm ? 7 : op == MT_OP_var ? 2 : 1;
    if (!mt_op_available(op, MT_CPU, a->dtype)) {
      CHECK(!is_float(a->dtype) && (op == MT_OP_mean || op == MT_OP_norm || op == MT_OP_var));
      continue;
    }
    for (int i = 0; i < variants; i++) {
      snprintf(context, sizeof context, "%s %d of %s %s over %x", mt_op_name(op), i, mt_dtype_name(a->dtype),
               mt_shape_text(a).text, dims);
      check_context = context;
      check_one(op, op == MT_OP_norm ? order_of_norm(i) : i, a, dims, groups, results, dims & 1);
    }
  }
  check_context = "";
}

static mt_tensor *sample(int dtype, int layout, int dim, const int64_t *size) {
  if (layout < LAYOUTS) return noise_tensor(dtype, layout, dim, size);
  int64_t narrow[MT_MAX_DIM]; /* repeated along the first dimension */
  memcpy(narrow, size, (size_t)dim * sizeof *size);
  narrow[0] = 1;
  mt_tensor *t = noise_tensor(dtype, PLAIN, dim, narrow);
  must(mt_expand(t, t, dim, size));
  return t;
}

static void test_small(group *groups) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout <= LAYOUTS; layout++)
      for (int s = 0; s < SHAPES; s++) {
        int dim = dims_of(shapes[s]);
        mt_tensor *a = sample(dtype, layout, dim, shapes[s]);
        for (uint32_t dims = 1; dims < 1u << dim; dims++) check_all_ops(a, dims, groups);
        mt_tensor_free(a);
      }
}

/* -- Large ones: chunks, tiles, cascades, threads --------------------------------------------------------------- */

static void check_large(int dtype, int layout, int dim, const int64_t *size, uint32_t dims) {
  char context[600];
  mt_tensor *a = noise_tensor(dtype, layout, dim, size);
  mt_tensor *sum = mt_tensor_new(dtype, MT_CPU), *other = mt_tensor_new(dtype, MT_CPU);
  mt_tensor *max = mt_tensor_new(dtype, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  double *v = values(a);
  int64_t n = mt_tensor_numel(a), at[MT_MAX_DIM] = {0}, kept[MT_MAX_DIM], results = 1, counts;
  for (int i = 0; i < dim; i++) results *= kept[i] = dims >> i & 1 ? 1 : size[i];
  counts = n / results;
  long double *sums = calloc((size_t)results, sizeof *sums);
  double *expected = calloc((size_t)results, sizeof *expected), *most = calloc((size_t)results, sizeof *most);
  double *places = calloc((size_t)results, sizeof *places), *var = calloc((size_t)results, sizeof *var);
  for (int pass = 0; pass < 2; pass++)
    for (int64_t i = 0; i < n; i++) {
      int64_t slot = 0, place = 0;
      for (int d = 0; d < dim; d++) {
        slot = dims >> d & 1 ? slot : slot * size[d] + at[d];
        place = dims >> d & 1 ? at[d] + 1 : place;
      }
      double far = v[i] - expected[slot] / (double)counts;
      if (pass == 0) sums[slot] += v[i];
      if (pass == 0 && (places[slot] == 0 || v[i] > most[slot])) most[slot] = v[i], places[slot] = (double)place;
      if (pass == 1) var[slot] += far * far / (double)(counts - 1);
      for (int d = dim - 1; d >= 0 && ++at[d] == size[d]; d--) at[d] = 0;
      if (pass == 0 && i == n - 1)
        for (int64_t k = 0; k < results; k++) expected[k] = (double)sums[k];
    }
  snprintf(context, sizeof context, "%s %s over %x", mt_dtype_name(dtype), mt_shape_text(a).text, dims);
  check_context = context;
  mt_set_threads(4);
  CHECK(!mt_reduce(MT_OP_sum, sum, NULL, a, dims, 0) && holds(sum, dim, kept, expected, 100));
  if (is_float(dtype)) CHECK(!mt_reduce(MT_OP_var, other, NULL, a, dims, 1) && holds(other, dim, kept, var, 10));
  if (__builtin_popcount(dims) == 1) {
    CHECK(!mt_reduce(MT_OP_max, max, index, a, dims, 0) && holds(max, dim, kept, most, 0));
    CHECK(holds(index, dim, kept, places, 0));
  }
  mt_set_threads(1);
  int same = 0;
  CHECK(!mt_reduce(MT_OP_sum, other, NULL, a, dims, 0) && !mt_equal(sum, other, &same) && same);
  check_context = "";
  mt_tensor_free(a), mt_tensor_free(sum), mt_tensor_free(other), mt_tensor_free(max), mt_tensor_free(index);
  free(v), free(sums), free(expected), free(most), free(places), free(var);
}

static void test_large(void) {
  static const int some[] = {MT_FLOAT, MT_DOUBLE, MT_UINT8, MT_INT64, MT_HALF};
  for (int i = 0; i < 5; i++)
    for (int layout = 0; layout < LAYOUTS; layout++) {
      check_large(some[i], layout, SIZES(400000), 1);
      check_large(some[i], layout, SIZES(100000, 3), 1);
      check_large(some[i], layout, SIZES(3, 100000), 2);
      check_large(some[i], layout, SIZES(300, 700), 1);
      check_large(some[i], layout, SIZES(300, 700), 2);
      check_large(some[i], layout, SIZES(20, 30, 100), 5);
      check_large(some[i], layout, SIZES(20, 9, 11, 100), 10);
    }
  mt_set_threads(2);
}

/* -- Particular values ------------------------------------------------------------------------------------------ */

static void test_extremes_of_int64(void) {
  int64_t big = (int64_t)1 << 62, value, size = 3;
  mt_tensor *a = mt_tensor_new(MT_INT64, MT_CPU), *out = mt_tensor_new(MT_INT64, MT_CPU);
  must(mt_tensor_resize(a, 1, &size));
  int64_t *v = mt_tensor_data(a);
  v[0] = big, v[1] = big + 1, v[2] = big - 1; /* one double for all three */
  CHECK(!mt_reduce(MT_OP_max, out, NULL, a, 0, 0) && (value = *(int64_t *)mt_tensor_data(out)) == big + 1);
  CHECK(!mt_reduce(MT_OP_min, out, NULL, a, 1, 0) && (value = *(int64_t *)mt_tensor_data(out)) == big - 1);
  v[0] = v[1] = v[2] = INT64_MIN;
  CHECK(!mt_reduce(MT_OP_max, out, NULL, a, 0, 0) && *(int64_t *)mt_tensor_data(out) == INT64_MIN);
  mt_tensor_free(a);
  mt_tensor_free(out);
}

static void test_nan(void) {
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 5)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU);
  set_values(a, (double[]){1, NAN, 5, NAN, 2, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY});
  double max[] = {NAN, -INFINITY}, at[] = {2, 1}, both[] = {1, NAN, 5, NAN, 2}, rows[] = {1, 1, 1, 1, 1};
  CHECK(!mt_reduce(MT_OP_max, out, index, a, 2, 0) && holds(out, SIZES(2, 1), max, 0));
  CHECK(holds(index, SIZES(2, 1), at, 0));
  CHECK(!mt_reduce(MT_OP_min, out, index, a, 2, 0) && holds(out, SIZES(2, 1), max, 0));
  CHECK(holds(index, SIZES(2, 1), at, 0));
  CHECK(!mt_reduce(MT_OP_max, out, index, a, 1, 0) && holds(out, SIZES(1, 5), both, 0));
  CHECK(holds(index, SIZES(1, 5), rows, 0));
  CHECK(!mt_reduce(MT_OP_max, out, NULL, a, 0, 0) && holds(out, SIZES(1), max, 0));
  CHECK(!mt_reduce(MT_OP_norm, out, NULL, a, 0, INFINITY) && holds(out, SIZES(1), max, 0));
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(index);
}

static void test_accuracy(void) {
  int64_t n = 3000000, one = 1;
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++) {
    mt_tensor *a = mt_tensor_new(dtype, MT_CPU), *out = mt_tensor_new(dtype, MT_CPU);
    must(mt_tensor_resize(a, 1, &n) || mt_fill(a, 0.1));
    double sum = dtype == MT_FLOAT ? n * (double)0.1f : (double)(n * (long double)0.1), var = 0;
    CHECK(!mt_reduce(MT_OP_sum, out, NULL, a, 0, 0) && holds(out, 1, &one, &sum, 1));
    /* columns as well */
    must(mt_view(a, a, SIZES(1500000, 2)));
    double half[] = {sum / 2, sum / 2};
    CHECK(!mt_reduce(MT_OP_sum, out, NULL, a, 1, 0) && holds(out, SIZES(1, 2), half, 1));
    must(mt_fill(a, 123456)); /* no cancellation */
    CHECK(!mt_reduce(MT_OP_var, out, NULL, a, 0, 1) && holds(out, 1, &one, &var, 0));
    mt_tensor_free(a);
    mt_tensor_free(out);
  }
  /* numbers near 1e8 with variance 2/3 */
  mt_tensor *a = new_tensor(MT_DOUBLE, PLAIN, SIZES(3)), *out = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double biased = 2.0 / 3, unbiased = 1;
  set_values(a, (double[]){1e8, 1e8 + 1, 1e8 + 2});
  CHECK(!mt_reduce(MT_OP_var, out, NULL, a, 0, 0) && holds(out, 1, &one, &biased, 1));
  CHECK(!mt_reduce(MT_OP_var, out, NULL, a, 0, 1) && holds(out, 1, &one, &unbiased, 1));
  mt_tensor_free(a);
  mt_tensor_free(out);
}

static void test_empty(void) {
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *thin = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 0, 3));
  mt_tensor *out = mt_tensor_new(MT_FLOAT, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  double zero[6] = {0}, ones[6] = {1, 1, 1, 1, 1, 1}, nans[6] = {NAN, NAN, NAN, NAN, NAN, NAN};
  for (int whole = 0; whole < 2; whole++) {
    const mt_tensor *a = whole ? none : thin;
    uint32_t dims = whole ? 0 : 2;
    int64_t size[] = {whole ? 1 : 2, 1, 3};
    int dim = whole ? 1 : 3;
    CHECK(!mt_reduce(MT_OP_sum, out, NULL, a, dims, 0) && holds(out, dim, size, zero, 0));
    CHECK(!mt_reduce(MT_OP_prod, out, NULL, a, dims, 0) && holds(out, dim, size, ones, 0));
    CHECK(!mt_reduce(MT_OP_mean, out, NULL, a, dims, 0) && holds(out, dim, size, nans, 0));
    CHECK(!mt_reduce(MT_OP_var, out, NULL, a, dims, 1) && holds(out, dim, size, nans, 0));
    CHECK(!mt_reduce(MT_OP_norm, out, NULL, a, dims, 2) && holds(out, dim, size, zero, 0));
    CHECK(!mt_reduce(MT_OP_all, out, NULL, a, dims, 0) && holds(out, dim, size, ones, 0));
    CHECK(!mt_reduce(MT_OP_any, out, NULL, a, dims, 0) && holds(out, dim, size, zero, 0));
    REFUSES(mt_reduce(MT_OP_max, out, NULL, a, dims, 0), "max: there is nothing to choose from");
    CHECK(holds(out, dim, size, zero, 0)); /* untouched */
  }
  /* nothing to choose, but nothing asked either */
  CHECK(!mt_reduce(MT_OP_max, out, index, thin, 1, 0) && holds(out, SIZES(1, 0, 3), zero, 0));
  CHECK(holds(index, SIZES(1, 0, 3), zero, 0));
  mt_tensor_free(none), mt_tensor_free(thin), mt_tensor_free(out), mt_tensor_free(index);
}

/* Into doubles goes the accumulator as it is: along a dimension, and of all elements. */
static void test_wide(void) {
  static const int dtypes[] = {MT_FLOAT, MT_HALF, MT_UINT8, MT_INT32};
  mt_tensor *wide = mt_tensor_new(MT_DOUBLE, MT_CPU), *exact = mt_tensor_new(MT_DOUBLE, MT_CPU);
  mt_tensor *want = mt_tensor_new(MT_DOUBLE, MT_CPU);
  for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++) {
    mt_tensor *a = noise_tensor(dtypes[k], GAPPED, SIZES(40, 30));
    CHECK(!mt_tensor_resize(exact, SIZES(40, 30)) && !mt_copy(exact, a));
    for (uint32_t dims = 0; dims < 4; dims++) {
      double far = 1;
      CHECK(!mt_reduce(MT_OP_sum, wide, NULL, a, dims, 0) && !mt_reduce(MT_OP_sum, want, NULL, exact, dims, 0));
      CHECK(!mt_pointwise(MT_OP_sub, wide, wide, want, NULL, 0, 1));
      CHECK(!mt_reduce(MT_OP_norm, want, NULL, wide, 0, INFINITY) && !mt_tensor_get(want, 0, &far) && far < 1e-11);
    }
    mt_tensor_free(a);
  }
  mt_tensor_free(wide), mt_tensor_free(exact), mt_tensor_free(want);
}

static void test_bad_input(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *whole = noise_tensor(MT_INT64, PLAIN, SIZES(3, 4));
  mt_tensor *slice = mt_tensor_new(MT_INT64, MT_CPU);
  REFUSES(mt_reduce(MT_OP_sum, out, NULL, a, 4, 0), "sum: dimension 3 is outside 1..2");
  REFUSES(mt_reduce(MT_OP_sum, out, NULL, a, 1u << 31, 0), "sum: dimension 32 is outside 1..2");
  REFUSES(mt_reduce(MT_OP_sum, out, NULL, none, 1, 0), "sum: the tensor has no elements");
  REFUSES(mt_reduce(MT_OP_sum, index, NULL, a, 0, 0), "sum: expected tensors of one type, got float and int64");
  REFUSES(mt_reduce(MT_OP_sum, out, NULL, whole, 0, 0), "sum: expected tensors of one type, got int64 and float");
  REFUSES(mt_reduce(MT_OP_sum, a, NULL, a, 0, 0), "sum: the result has sizes 1, but it shares memory");
  REFUSES(mt_reduce(MT_OP_sum, out, index, a, 1, 0), "sum: gives no index");
  REFUSES(mt_reduce(MT_OP_max, out, index, a, 3, 0), "max: expected one dimension for an index, got 2");
  REFUSES(mt_reduce(MT_OP_max, out, index, a, 0, 0), "max: expected one dimension for an index, got 2");
  REFUSES(mt_reduce(MT_OP_max, out, out, a, 1, 0), "max: expected the index as a tensor of int64, got one of float");
  REFUSES(mt_reduce(MT_OP_max, index, index, whole, 1, 0), "max: the result and its index share memory");
  REFUSES(mt_reduce(MT_OP_mean, index, NULL, whole, 1, 0), "mean: there is no such op for int64 tensors");
  REFUSES(mt_reduce(MT_OP_var, out, NULL, a, 1, 2), "var: expected 0 (biased) or 1 (unbiased), got 2");
  REFUSES(mt_reduce(MT_OP_norm, out, NULL, a, 1, NAN), "norm: expected a number as p");
  REFUSES(mt_reduce(MT_OP_add, out, NULL, a, 1, 0), "reduce: expected a reduction");
  REFUSES(mt_reduce(-5, out, NULL, a, 1, 0), "reduce: expected a reduction");
  REFUSES(mt_scan(MT_OP_sum, out, a, 0), "scan: expected cumsum or cumprod");
  REFUSES(mt_scan(MT_OP_cumsum, out, a, 2), "cumsum: dimension 3 is outside 1..2");
  REFUSES(mt_scan(MT_OP_cumsum, out, a, -1), "cumsum: dimension 0 is outside 1..2");
  CHECK(out->dim == 0 && index->dim == 0); /* untouched by all of that */
  /* a result that cannot be resized leaves the index alone as well */
  must(mt_narrow(slice, whole, 0, 0, 2));
  REFUSES(mt_reduce(MT_OP_max, slice, index, whole, 1, 0), "max: the result has sizes 1x4");
  CHECK(index->dim == 0 && index->storage == NULL);
  mt_interrupt(1);
  REFUSES(mt_reduce(MT_OP_sum, out, NULL, a, 0, 0), "interrupted");
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(d), mt_tensor_free(index), mt_tensor_free(none);
  mt_tensor_free(whole), mt_tensor_free(slice);
}

/* A result that shares memory with the input, of equal sizes. */
static void test_in_place(void) {
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(2, 3)), *row = mt_tensor_new(MT_FLOAT, MT_CPU);
  double sums[] = {5, 7, 9, 4, 5, 6}, running[] = {5, 7, 9, 9, 12, 15};
  set_values(a, (double[]){1, 2, 3, 4, 5, 6});
  must(mt_narrow(row, a, 0, 0, 1));
  CHECK(!mt_reduce(MT_OP_sum, row, NULL, a, 1, 0) && holds(a, SIZES(2, 3), sums, 0));
  CHECK(!mt_scan(MT_OP_cumsum, a, a, 0) && holds(a, SIZES(2, 3), running, 0));
  uint32_t version = a->storage->version;
  CHECK(!mt_scan(MT_OP_cumsum, a, a, 0) && a->storage->version > version);
  mt_tensor_free(a), mt_tensor_free(row);
}

/* -- Running sums ----------------------------------------------------------------------------------------------- */

static void check_scan(const mt_tensor *a, int dim) {
  double *v = values(a), *sum = malloc((size_t)(mt_tensor_numel(a) + 1) * sizeof *sum);
  double *prod = malloc((size_t)(mt_tensor_numel(a) + 1) * sizeof *prod);
  int64_t step = 1, n = mt_tensor_numel(a);
  for (int i = dim + 1; i < a->dim; i++) step *= a->size[i];
  for (int64_t i = 0; i < n; i++) {
    int first = i / step % a->size[dim] == 0;
    sum[i] = v[i] + (first ? 0 : sum[i - step]);
    prod[i] = is_float(a->dtype) ? v[i] * (first ? 1 : prod[i - step])
                                 : wrapped(a->dtype, v[i] * (first ? 1 : prod[i - step]));
  }
  mt_tensor *out = new_tensor(a->dtype, GAPPED, a->dim, a->size);
  CHECK(!mt_scan(MT_OP_cumsum, out, a, dim) && holds(out, a->dim, a->size, sum, 20));
  CHECK(!mt_scan(MT_OP_cumprod, out, a, dim) && holds(out, a->dim, a->size, prod, 20));
  mt_tensor_free(out);
  free(v), free(sum), free(prod);
}

static void test_scan(void) {
  static const int64_t sizes[][3] = {{6, 1, 1},   {5, 9, 1},     {3, 4, 5}, {300, 3, 1},
                                     {3, 300, 2}, {30, 1000, 2}, {3, 0, 2}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout <= LAYOUTS; layout++)
      for (int s = 0; s < 7; s++)
        for (int dim = 0; dim < 3; dim++) {
          mt_tensor *a = sample(dtype, layout, 3, sizes[s]);
          if (sizes[s][dim] < 20 || dtype != MT_INT64) check_scan(a, dim);
          mt_tensor_free(a);
        }
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU), *out = new_tensor(MT_FLOAT, PLAIN, SIZES(2));
  CHECK(!mt_scan(MT_OP_cumsum, out, none, 0) && out->dim == 0);
  mt_tensor_free(none), mt_tensor_free(out);
}

int main(void) {
  group *groups = malloc(sizeof *groups * MOST);
  test_small(groups);
  test_large();
  test_extremes_of_int64();
  test_nan();
  test_accuracy();
  test_empty();
  test_wide();
  test_bad_input();
  test_in_place();
  test_scan();
  free(groups);
  return check_end();
}

/* test_sort.c: sort and topk against plain insertion, over layouts, dtypes and dimensions. */
#include "tensors.h"

typedef struct {
  double value;
  int64_t place;
} item;

/* Whether x goes before y; NaN is greater than all. */
static int before(double x, double y, int descending) {
  double low = descending ? y : x, high = descending ? x : y;
  return isnan(high) ? !isnan(low) : low < high;
}

static void insertion(item *line, int64_t n, int descending) {
  for (int64_t i = 1; i < n; i++)
    for (int64_t j = i; j > 0 && before(line[j].value, line[j - 1].value, descending); j--) {
      item x = line[j];
      line[j] = line[j - 1];
      line[j - 1] = x;
    }
}

static int by_place(const void *x, const void *y) {
  int64_t a = ((const item *)x)->place, b = ((const item *)y)->place;
  return (a > b) - (a < b);
}

/* k first elements of each line in the wanted order: values and places, row by row. sorted 0: in the order of places */
static void expect(const mt_tensor *a, int64_t k, int dim, int descending, int sorted, double *value, double *place) {
  int64_t inner = 1, n = a->size[dim], lines = mt_tensor_numel(a) / n;
  double *v = values(a);
  item *line = malloc((size_t)n * sizeof *line);
  for (int i = dim + 1; i < a->dim; i++) inner *= a->size[i];
  for (int64_t l = 0; l < lines; l++) {
    int64_t first = l / inner * inner * n + l % inner, to = l / inner * inner * k + l % inner;
    for (int64_t i = 0; i < n; i++) line[i] = (item){v[first + i * inner], i + 1};
    insertion(line, n, descending);
    if (!sorted) qsort(line, (size_t)k, sizeof *line, by_place);
    for (int64_t i = 0; i < k; i++) {
      value[to + i * inner] = line[i].value;
      place[to + i * inner] = (double)line[i].place;
    }
  }
  free(v);
  free(line);
}

static void check_both(const mt_tensor *a, int dim, int descending) {
  char context[100];
  int64_t n = a->size[dim], all = mt_tensor_numel(a), size[MT_MAX_DIM];
  double *value = malloc((size_t)all * sizeof *value), *place = malloc((size_t)all * sizeof *place);
  mt_tensor *out = new_tensor(a->dtype, GAPPED, a->dim, a->size), *index = mt_tensor_new(MT_INT64, MT_CPU);
  memcpy(size, a->size, (size_t)a->dim * sizeof *size);
  snprintf(context, sizeof context, "%s, dimension %d, %lld elements", mt_dtype_name(a->dtype), dim, (long long)n);
  check_context = context;
  expect(a, n, dim, descending, 1, value, place);
  CHECK(!mt_sort(out, index, a, dim, descending) && holds(out, a->dim, size, value, 0));
  CHECK(holds(index, a->dim, size, place, 0));
  const int64_t some[] = {1, (n + 2) / 3, n};
  for (int i = 0; i < 3; i++)
    for (int sorted = 0; sorted < 2; sorted++) {
      size[dim] = some[i];
      int whole = sorted || n <= 48 || some[i] <= 32; /* short lines and few elements come sorted in any case */
      if (some[i] == n && n > 48 && !sorted) continue;
      expect(a, some[i], dim, descending, whole, value, place);
      CHECK(!mt_topk(out, index, a, some[i], dim, descending, sorted) && holds(out, a->dim, size, value, 0));
      CHECK(holds(index, a->dim, size, place, 0));
    }
  check_context = "";
  mt_tensor_free(out);
  mt_tensor_free(index);
  free(value);
  free(place);
}

/* Some NaN, both zeros and infinities among few different values, so that many are equal. */
static mt_tensor *sample(int dtype, int layout, int dim, const int64_t *size) {
  mt_tensor *t = noise_tensor(dtype, layout, dim, size);
  if (!is_float(dtype)) return t;
  double *v = values(t);
  for (int64_t i = 0; i < mt_tensor_numel(t); i++) {
    double x = noise() * 10;
    if (x > 9) v[i] = NAN;
    if (x > 5 && x < 6) v[i] = 0;
    if (x > 4 && x < 5) v[i] = -0.0;
    if (x > 3.7 && x < 4) v[i] = INFINITY;
    if (x > 3.5 && x < 3.7) v[i] = -INFINITY;
    if (x > 0 && x < 3) v[i] = floor(v[i] * 4);
  }
  set_values(t, v);
  free(v);
  return t;
}

static void test_all(void) {
  static const int64_t sizes[][3] = {{5, 1, 1}, {1, 1, 1}, {4, 7, 3}, {300, 1, 1}, {3, 70, 2}, {120, 2, 3}};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int s = 0; s < 6; s++)
        for (int dim = 0; dim < 3; dim++) {
          mt_tensor *a = sample(dtype, layout, 3, sizes[s]);
          check_both(a, dim, 0);
          check_both(a, dim, 1);
          mt_tensor_free(a);
        }
}

/* Numbers that are one double, and the ends of each dtype. */
static void test_whole_numbers(void) {
  int64_t n = 100, *v, *p;
  mt_tensor *a = mt_tensor_new(MT_INT64, MT_CPU), *out = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU);
  must(mt_tensor_resize(a, 1, &n));
  v = mt_tensor_data(a);
  for (int64_t i = 0; i < n; i++) v[i] = i % 2 ? INT64_MAX - i : INT64_MIN + i;
  CHECK(!mt_sort(out, index, a, 0, 0));
  v = mt_tensor_data(out), p = mt_tensor_data(index);
  CHECK(v[0] == INT64_MIN && p[0] == 1 && v[49] == INT64_MIN + 98 && v[50] == INT64_MAX - 99 && v[99] == INT64_MAX - 1);
  CHECK(p[49] == 99 && p[50] == 100 && p[99] == 2);
  CHECK(!mt_topk(out, index, a, 2, 0, 1, 1));
  v = mt_tensor_data(out), p = mt_tensor_data(index);
  CHECK(v[0] == INT64_MAX - 1 && v[1] == INT64_MAX - 3 && p[0] == 2 && p[1] == 4);
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(index);
}

static void test_large(void) {
  int64_t n = 200000;
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, 1, &n), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU);
  float *v = mt_tensor_data(a), *o;
  int ordered = 1, same = 1;
  CHECK(!mt_sort(out, index, a, 0, 1));
  o = mt_tensor_data(out);
  int64_t *p = mt_tensor_data(index);
  char *seen = calloc((size_t)n, 1);
  for (int64_t i = 0; i < n; i++) {
    ordered &= i == 0 || o[i] < o[i - 1] || (o[i] == o[i - 1] && p[i] > p[i - 1]);
    same &= v[p[i] - 1] == o[i] && !seen[p[i] - 1]++;
  }
  CHECK(ordered);
  CHECK(same);
  free(seen);
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(index);
}

static void test_in_place(void) {
  mt_tensor *a = new_tensor(MT_FLOAT, PLAIN, SIZES(4)), *index = mt_tensor_new(MT_INT64, MT_CPU);
  double sorted[] = {1, 2, 3, 4}, places[] = {2, 4, 1, 3};
  set_values(a, (double[]){3, 1, 4, 2});
  CHECK(!mt_sort(a, index, a, 0, 0) && holds(a, SIZES(4), sorted, 0) && holds(index, SIZES(4), places, 0));
  mt_tensor_free(a), mt_tensor_free(index);
}

static void test_empty_and_bad(void) {
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *none = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *thin = new_tensor(MT_FLOAT, PLAIN, SIZES(3, 0)), *d = mt_tensor_new(MT_DOUBLE, MT_CPU);
  REFUSES(mt_sort(out, index, a, 2, 0), "sort: dimension 3 is outside 1..2");
  REFUSES(mt_sort(d, index, a, 0, 0), "sort: expected tensors of one type, got float and double");
  REFUSES(mt_sort(out, out, a, 0, 0), "sort: expected the index as a tensor of int64");
  REFUSES(mt_topk(out, index, a, 5, 1, 0, 1), "topk: asked for 5 elements of dimension 2, which has 4");
  REFUSES(mt_topk(out, index, a, -1, 1, 0, 1), "topk: asked for -1 elements");
  REFUSES(mt_topk(out, index, none, 1, 0, 0, 1), "topk: asked for 1 elements of dimension 1, which has 0");
  REFUSES(mt_topk(a, index, a, 1, 0, 0, 1), "topk: the result has sizes 1x4, but it shares memory");
  CHECK(out->dim == 0 && index->dim == 0);
  CHECK(!mt_topk(out, index, a, 0, 1, 0, 1) && holds(out, SIZES(3, 0), NULL, 0) && holds(index, SIZES(3, 0), NULL, 0));
  CHECK(!mt_sort(out, index, thin, 0, 0) && holds(out, SIZES(3, 0), NULL, 0));
  CHECK(!mt_sort(out, index, thin, 1, 0) && holds(index, SIZES(3, 0), NULL, 0));
  CHECK(!mt_sort(out, index, none, 0, 0) && out->dim == 0 && index->dim == 0);
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(index);
  mt_tensor_free(none), mt_tensor_free(thin), mt_tensor_free(d);
}

int main(void) {
  test_all();
  test_whole_numbers();
  test_large();
  test_in_place();
  test_empty_and_bad();
  return check_end();
}

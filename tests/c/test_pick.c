/* test_pick.c: kthvalue and mode against mt_sort, over layouts, dtypes and dimensions. */
#include "tensors.h"

/* kthvalue is the k-th slice of sort, values and places. */
static void check_kth(const mt_tensor *a, int dim) {
  const int op = mt_op_find("kthvalue");
  const int64_t n = a->size[dim], ranks[] = {1, (n + 1) / 2, n};
  mt_tensor *sorted = mt_tensor_new(a->dtype, MT_CPU), *order = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *out = mt_tensor_new(a->dtype, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  must(mt_sort(sorted, order, a, dim, 0));
  for (int i = 0; i < 3; i++) {
    mt_tensor *v = mt_tensor_new(a->dtype, MT_CPU), *p = mt_tensor_new(MT_INT64, MT_CPU);
    must(mt_narrow(v, sorted, dim, ranks[i] - 1, 1) || mt_narrow(p, order, dim, ranks[i] - 1, 1));
    double *value = values(v), *place = values(p);
    CHECK(!mt_pick(op, out, index, a, ranks[i], dim) && holds(out, v->dim, v->size, value, 0));
    CHECK(holds(index, p->dim, p->size, place, 0));
    free(value), free(place);
    mt_tensor_free(v), mt_tensor_free(p);
  }
  mt_tensor_free(sorted), mt_tensor_free(order), mt_tensor_free(out), mt_tensor_free(index);
}

/* The most frequent of n values, the least of such, and its last place from 1. */
static void mode_of(const double *line, int64_t n, double *value, double *place) {
  int64_t most = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t count = 0, last = i;
    for (int64_t j = 0; j < n; j++)
      if (line[j] == line[i]) count++, last = j;
    if (count < most || (count == most && line[i] >= *value)) continue;
    most = count;
    *value = line[i];
    *place = (double)last + 1;
  }
}

static void check_mode(const mt_tensor *a) {
  const int64_t rows = a->size[0], n = a->size[1], size[] = {rows, 1};
  double *v = values(a), *value = malloc((size_t)rows * sizeof *v), *place = malloc((size_t)rows * sizeof *v);
  mt_tensor *out = mt_tensor_new(a->dtype, MT_CPU), *index = mt_tensor_new(MT_INT64, MT_CPU);
  for (int64_t r = 0; r < rows; r++) mode_of(v + r * n, n, &value[r], &place[r]);
  CHECK(!mt_pick(mt_op_find("mode"), out, index, a, 0, 1) && holds(out, 2, size, value, 0));
  CHECK(holds(index, 2, size, place, 0));
  free(v), free(value), free(place);
  mt_tensor_free(out), mt_tensor_free(index);
}

static void test_all(void) {
  char context[100];
  const int64_t lengths[] = {1, 5, 48, 49, 400};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int i = 0; i < 5; i++) {
        const int64_t size[] = {3, lengths[i]};
        snprintf(context, sizeof context, "%s, layout %d, %lld elements", mt_dtype_name(dtype), layout,
                 (long long)lengths[i]);
        check_context = context;
        mt_tensor *a = noise_tensor(dtype, layout, 2, size);
        check_kth(a, 0);
        check_kth(a, 1);
        check_mode(a);
        mt_tensor_free(a);
      }
  check_context = "";
}

static void test_bad(void) {
  const int kth = mt_op_find("kthvalue");
  mt_tensor *a = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 4)), *out = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *index = mt_tensor_new(MT_INT64, MT_CPU), *none = mt_tensor_new(MT_FLOAT, MT_CPU);
  REFUSES(mt_pick(kth, out, index, a, 5, 1), "kthvalue: asked for element 5 of 4");
  REFUSES(mt_pick(kth, out, index, a, 0, 1), "kthvalue: asked for element 0 of 4");
  REFUSES(mt_pick(kth, out, index, a, 1, 2), "kthvalue: dimension 3 is outside 1..2");
  REFUSES(mt_pick(kth, out, out, a, 1, 1), "kthvalue: expected the index as a tensor of int64");
  REFUSES(mt_pick(kth, out, index, none, 1, 0), "kthvalue: there is nothing to choose from");
  REFUSES(mt_pick(mt_op_find("add"), out, index, a, 1, 0), "pick: expected kthvalue or mode");
  CHECK(out->dim == 0 && index->dim == 0);
  mt_tensor_free(a), mt_tensor_free(out), mt_tensor_free(index), mt_tensor_free(none);
}

int main(void) {
  test_all();
  test_bad();
  return check_end();
}

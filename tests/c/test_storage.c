/* test_storage.c: references that no handle owns, single elements, zeros in large blocks, waiting blocks. */
#include "tensors.h"

#include <unistd.h>

static void test_holding(void) {
  mt_storage *s = mt_storage_new(MT_FLOAT, MT_CPU, 4);
  REFUSES(mt_storage_unhold(s), "free: the storage was not retained");
  mt_storage_hold(s);
  mt_storage_hold(s);
  CHECK(s->refs == 3 && s->held == 2);
  CHECK(!mt_storage_unhold(s) && !mt_storage_unhold(s) && s->refs == 1);
  REFUSES(mt_storage_unhold(s), "was not retained");
  mt_storage_free(s);
}

static void test_elements(void) {
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    double v = 0;
    mt_storage *s = mt_storage_new(dtype, MT_CPU, 3);
    check_context = mt_dtype_name(dtype);
    CHECK(!mt_storage_put(s, 2, 5) && !mt_storage_get(s, 2, &v) && v == 5);
    REFUSES(mt_storage_put(s, 3, 1), "put: element 4 of 3");
    REFUSES(mt_storage_get(s, -1, &v), "get: element 0 of 3");
    mt_storage_free(s);
  }
  check_context = "";
}

static int all_are(const mt_tensor *t, double value) {
  const mt_storage *s = t->storage;
  const float *x = s->data;
  for (int64_t i = 0; i < s->size; i++)
    if (x[i] != value || !signbit(x[i]) != !signbit(value)) return 0;
  return 1;
}

/* Zeros in large blocks, fresh or written to behind the library's back, and after writes that it knows of. */
static void test_zeros(void) {
  for (int64_t n = 1 << 20; n < 1 << 22; n += 700001) {
    mt_tensor *t = new_tensor(MT_FLOAT, PLAIN, 1, &n);
    float *x = mt_tensor_data(t);
    CHECK(t->storage->version == 0);
    for (int64_t i = 0; i < n; i++) x[i] = 5;
    CHECK(mt_fill(t, 0) == 0 && all_are(t, 0) && t->storage->version == 1);
    x[0] = x[n - 1] = 7;
    CHECK(mt_fill(t, 0) == 0 && all_are(t, 0));
    mt_tensor_free(t);
    t = new_tensor(MT_FLOAT, PLAIN, 1, &n);
    CHECK(mt_fill(t, -0.0) == 0 && all_are(t, -0.0) && mt_fill(t, 3) == 0 && all_are(t, 3));
    mt_tensor_free(t);
  }
}

static int64_t resident(void) {
  long pages[2] = {0, 0};
  FILE *f = fopen("/proc/self/statm", "r");
  must(!f || fscanf(f, "%ld %ld", &pages[0], &pages[1]) != 2);
  fclose(f);
  return pages[1] * sysconf(_SC_PAGESIZE);
}

/* Zeros that nobody uses lie nowhere, also where the block had been in use before. */
static void test_unused_zeros(void) {
  int64_t n = 16 << 20, before = resident();
  for (int i = 0; i < 2; i++) {
    mt_tensor *t = new_tensor(MT_FLOAT, PLAIN, 1, &n);
    CHECK(mt_fill(t, 0) == 0 && resident() - before < n);
    CHECK(mt_fill(t, 1) == 0 && resident() - before >= 4 * n);
    mt_tensor_free(t);
  }
  mt_memory_trim(MT_CPU);
}

static int64_t requests_for(int64_t megabytes) {
  int64_t before = mt_memory(MT_CPU, MT_REQUESTS), n = megabytes << 18;
  mt_tensor_free(new_tensor(MT_FLOAT, PLAIN, 1, &n));
  return mt_memory(MT_CPU, MT_REQUESTS) - before;
}

/* A waiting block serves large requests of its size and down to two thirds of it. */
static void test_waiting_blocks(void) {
  mt_memory_trim(MT_CPU);
  CHECK(requests_for(48) == 1 && requests_for(48) == 0 && requests_for(40) == 0 && requests_for(33) == 0);
  CHECK(requests_for(24) == 1 && requests_for(49) == 1 && requests_for(48) == 0);
  mt_memory_trim(MT_CPU);
}

int main(void) {
  test_holding();
  test_elements();
  test_zeros();
  test_unused_zeros();
  test_waiting_blocks();
  return check_end();
}

/* test_storage.c: references that no handle owns, single elements. */
#include "check.h"

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

int main(void) {
  test_holding();
  test_elements();
  return check_end();
}

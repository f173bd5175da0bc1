/* test_window.c: windows of other storages' memory. */
#include "check.h"

static void test_contents(void) {
  mt_storage *bytes = mt_storage_new(MT_UINT8, MT_CPU, 20);
  float values[] = {1.5f, -2, 3};
  memcpy((char *)bytes->data + 8, values, sizeof values);
  mt_storage *w = mt_storage_window(bytes, MT_FLOAT, 8, 3);
  CHECK(w && w->dtype == MT_FLOAT && w->size == 3 && w->data == (char *)bytes->data + 8);
  CHECK(!memcmp(w->data, values, sizeof values));
  mt_storage *end = mt_storage_window(bytes, MT_INT32, 20, 0);
  CHECK(end && end->size == 0);
  mt_storage_free(end);
  mt_storage_free(w);
  mt_storage_free(bytes);
}

static void test_refusals(void) {
  mt_storage *bytes = mt_storage_new(MT_UINT8, MT_CPU, 20);
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, 8, 4), "window: 4 elements of float from byte 8 on");
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, 24, 0), "the storage has 20 bytes");
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, -4, 1), "from byte -4 on");
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, 0, INT64_MAX / 20), "the storage has 20 bytes");
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, 0, -1), "-1 elements were asked for");
  REFUSES(!mt_storage_window(bytes, MT_FLOAT, 2, 1), "byte 2 is no place for elements of float");
  REFUSES(!mt_storage_window(bytes, MT_DTYPES, 0, 1), "dtype 9 is unknown");
  CHECK(bytes->refs == 1);
  mt_storage_free(bytes);
}

/* The memory lives, and stays where it is, as long as a window does. */
static void test_life(void) {
  mt_storage *bytes = mt_storage_new(MT_UINT8, MT_CPU, 16);
  memset(bytes->data, 7, 16);
  mt_storage *outer = mt_storage_window(bytes, MT_UINT8, 4, 8), *inner = mt_storage_window(outer, MT_UINT8, 4, 4);
  REFUSES(mt_storage_resize(bytes, 1 << 20), "other storages are windows of this memory");
  CHECK(!mt_storage_resize(bytes, 8) && !mt_storage_resize(bytes, 16));
  REFUSES(mt_storage_resize(inner, 1 << 20), "owned by others cannot change its size");
  mt_storage_retain(bytes);
  mt_storage_free(outer); /* inner still holds it */
  REFUSES(mt_storage_resize(bytes, 1 << 20), "other storages are windows of this memory");
  mt_storage_free(bytes);
  mt_storage_free(bytes); /* only the windows are left */
  CHECK(((char *)inner->data)[3] == 7);
  mt_storage_free(inner);

  bytes = mt_storage_new(MT_UINT8, MT_CPU, 16);
  mt_storage_free(mt_storage_window(bytes, MT_UINT8, 0, 16));
  CHECK(!mt_storage_resize(bytes, 1 << 20) && bytes->size == 1 << 20);
  mt_storage_free(bytes);
}

int main(void) {
  test_contents();
  test_refusals();
  test_life();
  return check_end();
}

/* test_tables.c: hashes, vectors and counters: against a plain list, their items' references, threads, deep nests. */
#include "check.h"

#include <math.h>
#include <pthread.h>

static mt_item number(double x) { return (mt_item){.type = MT_NUMBER, .number = x}; }
static mt_item text(const char *s) { return (mt_item){.type = MT_TEXT, .object = s, .length = (int64_t)strlen(s)}; }
static const mt_item nothing = {.type = MT_NIL};

static int64_t live(void) { return mt_memory(MT_CPU, MT_LIVE); }

static double number_at(mt_table *t, mt_item key) {
  mt_item out;
  mt_hash_get(t, &key, &out);
  double x = out.type == MT_NUMBER ? out.number : NAN;
  mt_item_release(&out);
  return x;
}

static int put_number(mt_table *t, mt_item key, double x) {
  mt_item value = number(x);
  return mt_hash_put(t, &key, &value);
}

/* Random puts and removals of 500 keys, each a number or a text, beside an array of what should be there. */
static void test_against_list(void) {
  enum { KEYS = 500, STEPS = 20000 };
  mt_table *t = mt_table_new(MT_HASH);
  double want[KEYS];
  char names[KEYS][16];
  uint32_t random = 1;
  int64_t count = 0;
  for (int i = 0; i < KEYS; i++) {
    want[i] = NAN;
    snprintf(names[i], sizeof names[i], "key %d", i);
  }
  for (int step = 0; step < STEPS; step++) {
    random = random * 1664525 + 1013904223;
    int i = (int)(random >> 8) % KEYS, put = random >> 30 > 0;
    mt_item key = i % 2 ? text(names[i]) : number(i / 2.0);
    CHECK(put ? put_number(t, key, step) == 0 : mt_hash_put(t, &key, &nothing) == 0);
    count += put - !isnan(want[i]);
    want[i] = put ? step : NAN;
    if (step % 1000 == 0) CHECK(mt_table_size(t) == count);
  }
  for (int i = 0; i < KEYS; i++) {
    double got = number_at(t, i % 2 ? text(names[i]) : number(i / 2.0));
    CHECK(got == want[i] || (isnan(got) && isnan(want[i])));
  }
  mt_table_free(t);
}

static void test_walk(void) {
  mt_table *t = mt_table_new(MT_HASH);
  for (int i = 0; i < 100; i++) put_number(t, number(i), i);
  int64_t place = 0;
  int seen = 0;
  mt_item key, value;
  while (mt_hash_next(t, &place, &key, &value)) {
    CHECK(key.number == seen && value.number == seen); /* in the order they came in */
    seen++;
    if (seen % 2) mt_hash_put(t, &key, &nothing);
  }
  CHECK(seen == 100 && mt_table_size(t) == 50);
  place = 0;
  while (mt_hash_next(t, &place, &key, &value)) mt_hash_put(t, &key, &nothing);
  CHECK(mt_table_size(t) == 0);
  put_number(t, number(5), 6);
  CHECK(number_at(t, number(5)) == 6);
  mt_table_free(t);
}

static void test_keys(void) {
  mt_table *t = mt_table_new(MT_HASH);
  mt_item not_a_number = number(NAN), yes = {.type = MT_BOOLEAN, .number = 1};
  REFUSES(mt_hash_put(t, &nothing, &yes), "the key is nil");
  REFUSES(mt_hash_put(t, &not_a_number, &yes), "not a number");
  put_number(t, number(0.0), 1);
  put_number(t, number(-0.0), 2); /* the same key */
  put_number(t, yes, 3);
  put_number(t, number(1), 4); /* another one than true */
  put_number(t, text(""), 5);
  CHECK(mt_table_size(t) == 4);
  CHECK(number_at(t, number(0)) == 2 && number_at(t, yes) == 3 && number_at(t, text("")) == 5);
  mt_tensor *a = mt_tensor_new(MT_FLOAT, MT_CPU), *b = mt_tensor_new(MT_FLOAT, MT_CPU);
  int64_t size[] = {2, 3};
  mt_tensor_resize(a, 2, size);
  mt_tensor_set(b, a);
  mt_item x = {.type = MT_TENSOR, .object = a}, y = {.type = MT_TENSOR, .object = b};
  put_number(t, x, 7);
  CHECK(number_at(t, y) == 7); /* the same view */
  mt_narrow(b, a, 0, 0, 1);
  CHECK(isnan(number_at(t, y)));
  mt_tensor_free(a);
  mt_tensor_free(b);
  mt_table_free(t);
}

/* Every kind of item goes in and comes out, and nothing is left when the tables are gone. */
static void test_references(void) {
  int64_t before = live();
  mt_table *t = mt_table_new(MT_VEC), *inner = mt_table_new(MT_COUNTER);
  mt_tensor *a = mt_tensor_new(MT_DOUBLE, MT_CPU);
  int64_t size[] = {1000};
  mt_tensor_resize(a, 1, size);
  mt_item items[] = {text("hello"),
                     number(5),
                     {.type = MT_BOOLEAN, .number = 0},
                     {.type = MT_TENSOR, .object = a},
                     {.type = MT_STORAGE, .object = a->storage},
                     {.type = MT_COUNTER, .object = inner},
                     nothing};
  for (int i = 0; i < 7; i++) CHECK(mt_vec_put(t, i, &items[i]) == 0);
  mt_tensor_free(a);
  mt_table_free(inner);
  mt_item out;
  mt_vec_get(t, 3, &out);
  CHECK(out.type == MT_TENSOR && ((const mt_tensor *)out.object)->size[0] == 1000);
  mt_vec_remove(t, 3);
  CHECK(((const mt_tensor *)out.object)->storage->size == 1000); /* held by out and by the storage's item */
  mt_item_release(&out);
  CHECK(out.type == MT_NIL);
  mt_vec_get(t, 0, &out);
  mt_vec_resize(t, 0);
  CHECK(out.length == 5 && !memcmp(out.object, "hello", 5));
  mt_item_release(&out);
  mt_table_free(t);
  CHECK(live() == before);
}

static int released;
static void count_release(void *object) { released += *(int *)object; }

/* What others own is released once, when neither a table nor an item holds it. */
static void test_foreign(void) {
  int seven = 7, eight = 8;
  mt_table *t = mt_table_new(MT_HASH);
  mt_item a, b, out;
  CHECK(mt_item_wrap(&a, &seven, count_release) == 0 && mt_item_wrap(&b, &eight, count_release) == 0);
  CHECK(mt_hash_put(t, &a, &b) == 0 && mt_hash_put(t, &b, &b) == 0);
  mt_item_release(&a);
  mt_item_release(&b);
  CHECK(mt_item_wrap(&a, &seven, count_release) == 0);
  mt_hash_get(t, &a, &out); /* another item of the same object is the same key */
  CHECK(out.type == MT_FOREIGN && ((const mt_foreign *)out.object)->object == &eight);
  mt_item_release(&a);
  CHECK(released == 7);
  mt_table_free(t);
  CHECK(released == 14);
  mt_item_release(&out);
  CHECK(released == 22);
}

static void expect_vec(mt_table *t, const double *want, int n) {
  CHECK(mt_table_size(t) == n);
  for (int i = 0; i < n; i++) {
    mt_item out;
    mt_vec_get(t, i, &out);
    CHECK(want[i] ? out.type == MT_NUMBER && out.number == want[i] : out.type == MT_NIL);
    mt_item_release(&out);
  }
}

static void test_vec(void) {
  mt_table *t = mt_table_new(MT_VEC);
  mt_item x[10];
  for (int i = 0; i < 10; i++) x[i] = number(i);
  mt_vec_insert(t, 0, &x[1]);
  mt_vec_insert(t, 0, &x[2]);
  mt_vec_insert(t, 1, &x[3]);
  expect_vec(t, (double[]){2, 3, 1}, 3);
  mt_vec_put(t, 4, &x[4]);
  expect_vec(t, (double[]){2, 3, 1, 0, 4}, 5);
  mt_vec_remove(t, 0);
  mt_vec_remove(t, 99);
  mt_vec_remove(t, -1);
  expect_vec(t, (double[]){3, 1, 0, 4}, 4);
  mt_vec_insert(t, 6, &x[5]);
  expect_vec(t, (double[]){3, 1, 0, 4, 0, 0, 5}, 7);
  mt_vec_swap(t, 0, 6);
  mt_vec_swap(t, 0, 7);
  expect_vec(t, (double[]){5, 1, 0, 4, 0, 0, 3}, 7);
  mt_vec_resize(t, 2);
  expect_vec(t, (double[]){5, 1}, 2);
  mt_vec_resize(t, 3);
  expect_vec(t, (double[]){5, 1, 0}, 3);
  REFUSES(mt_vec_put(t, -1, &x[1]), "no place -1");
  REFUSES(mt_vec_put(t, INT64_MAX - 1, &x[1]), "not enough memory");
  REFUSES(mt_vec_insert(t, (int64_t)1 << 45, &x[1]), "not enough memory");
  REFUSES(mt_vec_resize(t, -1), "a size of -1");
  CHECK(mt_vec_resize(t, 1000) == 0 && mt_vec_resize(t, 1) == 0);
  expect_vec(t, (double[]){5}, 1);
  mt_table_free(t);
}

/* Freeing a nest must not take as much stack as it is deep. */
static void test_deep(void) {
  int64_t before = live();
  mt_table *outer = mt_table_new(MT_VEC);
  for (int i = 0; i < 200000; i++) {
    mt_table *t = mt_table_new(i % 2 ? MT_VEC : MT_HASH);
    mt_item item = {.type = mt_table_type(outer), .object = outer}, key = number(1);
    if (i % 2)
      mt_vec_put(t, 0, &item);
    else
      mt_hash_put(t, &key, &item);
    mt_table_free(outer);
    outer = t;
  }
  mt_table_free(outer);
  CHECK(live() == before);
}

static void *use_shared(void *shared) {
  mt_table **tables = shared;
  for (int i = 0; i < 2000; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d", i % 50);
    mt_item key = text(name), out;
    mt_hash_put(tables[0], &key, i % 3 ? &key : &nothing);
    mt_hash_get(tables[0], &key, &out);
    if (out.type == MT_TEXT && strncmp(out.object, name, (size_t)out.length)) return "wrong";
    mt_item_release(&out);
    mt_vec_insert(tables[1], i % 10, &key);
    mt_vec_remove(tables[1], i % 7);
    mt_counter_add(tables[2], 1);
  }
  return NULL;
}

static void test_threads(void) {
  mt_table *tables[] = {mt_table_new(MT_HASH), mt_table_new(MT_VEC), mt_table_new(MT_COUNTER)};
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, use_shared, tables);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    CHECK(result == NULL);
  }
  CHECK(mt_table_size(tables[2]) == 8000);
  CHECK(mt_counter_add(tables[2], -8000) == 8000);
  mt_counter_set(tables[2], 3);
  CHECK(mt_table_size(tables[2]) == 3);
  for (int i = 0; i < 3; i++) mt_table_free(tables[i]);
}

int main(void) {
  CHECK(mt_table_new(MT_NUMBER) == NULL);
  test_against_list();
  test_walk();
  test_keys();
  test_references();
  test_foreign();
  test_vec();
  test_deep();
  test_threads();
  return check_end();
}

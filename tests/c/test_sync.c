/* test_sync.c: mutexes, conditions, queues, storages that carry others; which thread hears of an interruption. */
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 4, ROUNDS = 2000, SHORT = 1, LONG = 20000 };

static int64_t live(void) { return mt_memory(MT_CPU, MT_LIVE); }

static mt_storage *bytes(int64_t size) { return mt_storage_new(MT_INT8, MT_CPU, size); }

static void run(int n, void *(*f)(void *), void *argument) {
  pthread_t threads[2 * THREADS];
  for (int i = 0; i < n; i++) pthread_create(&threads[i], NULL, f, argument);
  for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
}

/* -- Mutexes ------------------------------------------------------------------------------------------------ */

static int counted; /* not atomic: the mutex alone keeps it right */

static void *count_up(void *mutex) {
  int32_t locked;
  for (int i = 0; i < ROUNDS; i++) {
    while (mt_mutex_lock(mutex, &locked, LONG) != MT_DONE) {}
    counted++;
    mt_mutex_unlock(mutex);
  }
  return NULL;
}

static void test_mutex(void) {
  mt_sync *m = mt_mutex_new();
  run(THREADS, count_up, m);
  CHECK(counted == THREADS * ROUNDS);
  int32_t locked = 0;
  CHECK(mt_mutex_lock(m, &locked, 0) == MT_DONE && locked);
  CHECK(mt_mutex_lock(m, &locked, SHORT) == MT_LATER && !locked);
  CHECK(mt_mutex_unlock(m) == 0);
  REFUSES(mt_mutex_unlock(m), "not locked");
  mt_sync_free(m);
}

static void test_numbers(void) {
  mt_sync *a = mt_mutex_new(), *b = mt_condition_new(), *c = mt_mutex_new();
  int64_t number = mt_sync_number(b);
  CHECK(number > 1 << 20 && number != mt_sync_number(a) && mt_sync_type(b) == MT_CONDITION);
  mt_sync *found = mt_sync_find(number, MT_CONDITION);
  CHECK(found == b);
  REFUSES(mt_sync_find(number, MT_MUTEX) == NULL, "no mutex with the number");
  mt_sync_free(b);
  CHECK(mt_sync_find(number, MT_CONDITION) == b); /* found still holds it, and so does this */
  mt_sync_free(found);
  mt_sync_free(b);
  REFUSES(mt_sync_find(number, MT_CONDITION) == NULL, "no condition");
  REFUSES(mt_sync_find(-1, MT_QUEUE) == NULL, "no queue");
  mt_sync_free(c);
  mt_sync_free(a);
  mt_sync_free(NULL);
}

/* -- Conditions --------------------------------------------------------------------------------------------- */

static int woken, begun;

static void *wait_for_signal(void *condition) {
  int32_t waiting;
  mt_condition_begin(condition, &waiting);
  __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
  if (mt_condition_wait(condition, &waiting, LONG) == MT_DONE) __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void *signal_all(void *condition) {
  while (__atomic_load_n(&begun, __ATOMIC_SEQ_CST) < THREADS) sched_yield();
  for (int i = 0; i < THREADS; i++) mt_condition_signal(condition);
  return NULL;
}

static void test_condition(void) {
  mt_sync *c = mt_condition_new();
  int32_t waiting;
  mt_condition_signal(c); /* nobody waits, so nobody will be woken by it */
  mt_condition_begin(c, &waiting);
  CHECK(mt_condition_wait(c, &waiting, SHORT) == MT_LATER);
  mt_condition_signal(c);
  mt_condition_signal(c);
  CHECK(waiting && mt_condition_wait(c, &waiting, 0) == MT_DONE && !waiting);
  mt_condition_end(c, &waiting); /* changes nothing */
  mt_condition_begin(c, &waiting);
  CHECK(mt_condition_wait(c, &waiting, SHORT) == MT_LATER); /* the second signal had nobody to wake either */
  mt_condition_signal(c);
  mt_condition_end(c, &waiting); /* gives up, and the signal goes with it */
  mt_condition_begin(c, &waiting);
  CHECK(mt_condition_wait(c, &waiting, SHORT) == MT_LATER);
  mt_condition_end(c, &waiting);
  pthread_t signaller;
  pthread_create(&signaller, NULL, signal_all, c);
  run(THREADS, wait_for_signal, c);
  pthread_join(signaller, NULL);
  CHECK(woken == THREADS);
  mt_sync_free(c);
}

/* -- Queues ------------------------------------------------------------------------------------------------- */

static void test_lanes(void) {
  int64_t before = live(), tag = 0;
  mt_sync *q = mt_queue_new(3, 2);
  mt_storage *item = NULL, *s[4], *given[4];
  for (int i = 0; i < 4; i++) given[i] = s[i] = bytes(1000 + i);
  CHECK(mt_queue_room(q) == 2 && mt_queue_size(q, 0) == 0);
  CHECK(mt_queue_pop(q, 0, 1, &item, &tag, SHORT) == MT_LATER && !item);
  CHECK(mt_queue_push(q, 0, &given[0], 10, 0) == MT_DONE && mt_queue_push(q, 0, &given[1], 11, 0) == MT_DONE);
  CHECK(mt_queue_push(q, 0, &given[2], 12, SHORT) == MT_LATER);
  CHECK(given[0] == NULL && given[1] == NULL && given[2] == s[2]); /* which stays ours */
  CHECK(mt_queue_push(q, 1, &given[2], 12, 0) == MT_DONE && mt_queue_size(q, 0) == 2 && mt_queue_size(q, 1) == 1);
  CHECK(mt_queue_pop(q, 2, -1, &item, &tag, SHORT) == MT_LATER);
  static const int order[] = {2, 0, 1};
  for (int i = 0; i < 3; i++) {
    CHECK(mt_queue_pop(q, 1, 0, &item, &tag, 0) == MT_DONE && item == s[order[i]] && tag == 10 + order[i]);
    mt_storage_free(item);
  }
  CHECK(mt_queue_push(q, 2, &given[3], 1, 0) == MT_DONE);
  mt_queue_close(q, 0);
  item = bytes(5);
  CHECK(mt_queue_push(q, 2, &item, 2, LONG) == MT_CLOSED);
  mt_storage_clear(&item);
  CHECK(item == NULL &&
        mt_queue_pop(q, 0, -1, &item, &tag, LONG) == MT_CLOSED); /* nothing in this lane, and nothing to come */
  CHECK(mt_queue_pop(q, 2, 0, &item, &tag, 0) == MT_DONE && item == s[3]);
  mt_storage_free(item);
  CHECK(mt_queue_pop(q, 2, 0, &item, &tag, LONG) == MT_CLOSED);
  mt_sync_free(q);
  CHECK(live() == before);
  REFUSES(mt_queue_new(1, 0) == NULL, "expected room for 1 to 1048576 items, got 0");
  REFUSES(mt_queue_new(0, 1) == NULL, "expected room");
}

static int push(mt_sync *q, int lane, mt_storage *item, int64_t tag) {
  return mt_queue_push(q, lane, &item, tag, LONG);
}

static void test_dropped(void) {
  int64_t before = live();
  mt_sync *q = mt_queue_new(2, 3);
  for (int i = 0; i < 6; i++) push(q, i % 2, bytes(5000), i);
  CHECK(live() > before + 6 * 5000);
  mt_queue_close(q, 1);
  CHECK(live() == before && mt_queue_size(q, 0) == 0);
  mt_sync_free(q);
  q = mt_queue_new(1, 3);
  push(q, 0, bytes(5000), 0);
  mt_sync_retain(q);
  mt_queue_leave(q);
  CHECK(mt_queue_size(q, 0) == 1);
  mt_sync_free(q);
  CHECK(live() == before);
}

static int64_t sum;

static void *produce(void *queue) {
  for (int i = 1; i <= ROUNDS; i++)
    if (push(queue, 0, bytes(100), i) != MT_DONE) return NULL; /* which the sum shows */
  return NULL;
}

static void *consume(void *queue) {
  mt_storage *item;
  int64_t tag;
  while (mt_queue_pop(queue, 0, 1, &item, &tag, LONG) == MT_DONE) {
    __atomic_add_fetch(&sum, tag, __ATOMIC_SEQ_CST);
    mt_storage_free(item);
  }
  return NULL;
}

static void *produce_and_close(void *queue) {
  run(THREADS, produce, queue);
  mt_queue_close(queue, 0);
  return NULL;
}

static void test_many(void) {
  int64_t before = live();
  mt_sync *q = mt_queue_new(2, 5);
  pthread_t producers;
  pthread_create(&producers, NULL, produce_and_close, q);
  run(THREADS, consume, q);
  pthread_join(producers, NULL);
  CHECK(sum == (int64_t)THREADS * ROUNDS * (ROUNDS + 1) / 2);
  mt_sync_free(q);
  CHECK(live() == before);
}

/* -- Storages that carry others ----------------------------------------------------------------------------- */

static mt_storage *loaded(int64_t size) {
  mt_storage *text = bytes(100), *inside = mt_storage_new(MT_FLOAT, MT_CPU, size);
  mt_table *cargo = mt_table_new(MT_VEC);
  mt_item item = {.type = MT_STORAGE, .object = inside};
  mt_vec_put(cargo, 0, &item);
  mt_storage *s = mt_storage_carry(text, cargo);
  REFUSES(mt_storage_resize(text, 5000), "windows of this memory"); /* as s has the same bytes */
  CHECK(s->data == text->data && s->size == 100 && s->dtype == MT_INT8);
  mt_storage_free(text);
  mt_storage_free(inside);
  mt_table_free(cargo);
  return s;
}

static void test_cargo(void) {
  int64_t before = live();
  mt_storage *s = loaded(10000), *plain = bytes(10);
  CHECK(live() > before + 40000);
  mt_table *cargo = mt_storage_cargo(s);
  mt_item item;
  mt_vec_get(cargo, 0, &item);
  CHECK(item.type == MT_STORAGE && ((const mt_storage *)item.object)->size == 10000);
  mt_item_release(&item);
  mt_table_free(cargo);
  CHECK(mt_storage_cargo(plain) == NULL);
  mt_storage_free(plain);
  mt_sync *q = mt_queue_new(1, 1);
  push(q, 0, s, 0);
  mt_sync_free(q); /* nobody has read it: all goes */
  CHECK(live() == before);
}

/* -- Which thread stops ------------------------------------------------------------------------------------- */

static void *obedient(void *stop) {
  mt_tensor *t = mt_tensor_new(MT_FLOAT, MT_CPU);
  int64_t size = 3;
  mt_tensor_resize(t, 1, &size);
  mt_obey(stop);
  CHECK(mt_fill(t, 1) == 0); /* though the flag is on */
  *(int32_t *)stop = 1;
  CHECK(mt_interrupted());
  REFUSES(mt_fill(t, 1), "stopped");
  REFUSES(mt_fill(t, 1), "stopped"); /* not once only */
  mt_obey(NULL);
  mt_tensor_free(t);
  return NULL;
}

static void test_stopping(void) {
  int32_t stop = 0;
  mt_interrupt(1);
  run(1, obedient, &stop);
  CHECK(mt_interrupted());
  REFUSES(mt_stopped(), "interrupted");
  CHECK(!mt_interrupted() && mt_stopped() == 0);
}

static void *three_threads(void *seen) {
  mt_set_threads(3);
  *(int *)seen = mt_get_threads();
  return NULL;
}

static void test_thread_counts(void) {
  int seen = 0;
  mt_set_threads(2);
  run(1, three_threads, &seen);
  CHECK(seen == 3 && mt_get_threads() == 2);
}

int main(void) {
  test_mutex();
  test_numbers();
  test_condition();
  test_lanes();
  test_dropped();
  test_many();
  test_cargo();
  test_stopping();
  test_thread_counts();
  return check_end();
}

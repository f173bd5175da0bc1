/* vec.c: vectors of items, which may be MT_NIL. Places count from 0. */
#include "table.h"

#include <string.h>

/* Room for size values, and half as much again where it has to grow. */
static int reserve(mt_table *t, int64_t size) {
  int64_t room = t->data_capacity / (int64_t)sizeof(mt_value), capacity;
  if (size <= room) return 0;
  if (size > INT64_MAX / 64) return mt_fail("vec: not enough memory for %lld elements", (long long)size);
  if (size < room + room / 2) size = room + room / 2;
  mt_value *values = mt_allocate(MT_CPU, 0, (size_t)size * sizeof *values, &capacity);
  if (!values) return 1;
  if (t->size > 0) memcpy(values, t->as.values, (size_t)t->size * sizeof *values);
  mt_deallocate(MT_CPU, 0, t->as.values, t->data_capacity);
  t->as.values = values;
  t->data_capacity = capacity;
  return 0;
}

static int grow(mt_table *t, int64_t size) {
  if (reserve(t, size)) return 1;
  for (int64_t i = t->size; i < size; i++) t->as.values[i] = (mt_value){.type = MT_NIL};
  if (size > t->size) t->size = size;
  return 0;
}

int mt_vec_put(mt_table *t, int64_t place, const mt_item *item) {
  mt_value put, old;
  if (place < 0) return mt_fail("vec: there is no place %lld", (long long)place);
  if (mt_value_from(&put, item)) return 1;
  pthread_mutex_lock(&t->lock);
  int rc = place == INT64_MAX || grow(t, place + 1);
  if (!rc) {
    old = t->as.values[place];
    t->as.values[place] = put;
  }
  pthread_mutex_unlock(&t->lock);
  mt_value_drop(rc ? put : old);
  return rc;
}

void mt_vec_get(mt_table *t, int64_t place, mt_item *item) {
  *item = (mt_item){.type = MT_NIL};
  pthread_mutex_lock(&t->lock);
  if (place >= 0 && place < t->size) mt_value_to(t->as.values[place], item);
  pthread_mutex_unlock(&t->lock);
}

int mt_vec_insert(mt_table *t, int64_t place, const mt_item *item) {
  mt_value put;
  if (place < 0) return mt_fail("vec: there is no place %lld", (long long)place);
  if (mt_value_from(&put, item)) return 1;
  pthread_mutex_lock(&t->lock);
  int64_t behind = t->size - place;
  int rc = place == INT64_MAX || grow(t, behind > 0 ? t->size + 1 : place + 1);
  if (!rc) {
    mt_value *at = t->as.values + place;
    if (behind > 0) memmove(at + 1, at, (size_t)behind * sizeof *at);
    *at = put;
  }
  pthread_mutex_unlock(&t->lock);
  if (rc) mt_value_drop(put);
  return rc;
}

void mt_vec_remove(mt_table *t, int64_t place) {
  mt_value old = {.type = MT_NIL};
  pthread_mutex_lock(&t->lock);
  if (place >= 0 && place < t->size) {
    mt_value *at = t->as.values + place;
    old = *at;
    t->size--;
    memmove(at, at + 1, (size_t)(t->size - place) * sizeof *at);
  }
  pthread_mutex_unlock(&t->lock);
  mt_value_drop(old);
}

int mt_vec_resize(mt_table *t, int64_t size) {
  if (size < 0) return mt_fail("vec: a size of %lld", (long long)size);
  int rc = 0;
  for (;;) { /* what is cut off is given back a few at a time, outside of the lock */
    mt_value old[64];
    int64_t n = 0;
    pthread_mutex_lock(&t->lock);
    if (size > t->size) rc = grow(t, size);
    while (t->size > size && n < 64) old[n++] = t->as.values[--t->size];
    pthread_mutex_unlock(&t->lock);
    mt_values_drop(old, n);
    if (n < 64) return rc;
  }
}

void mt_vec_swap(mt_table *t, int64_t a, int64_t b) {
  pthread_mutex_lock(&t->lock);
  if (a >= 0 && b >= 0 && a < t->size && b < t->size) {
    mt_value x = t->as.values[a];
    t->as.values[a] = t->as.values[b];
    t->as.values[b] = x;
  }
  pthread_mutex_unlock(&t->lock);
}

/* hash.c: hash tables. Entries lie in the order they came in, and slots, which the keys' hashes choose, hold their
 * numbers; an entry that is taken away stays as an empty one until the table is next made anew. So a walk over the
 * entries goes on when some are taken away under it. */
#include "table.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* -- Hashes ------------------------------------------------------------------------------------------------- */

/* Drawn once for each process, so that nobody can prepare keys that all fall into one slot. */
static uint64_t seed;
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static void draw_seed(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  seed = mix((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)(uintptr_t)&now);
}

static uint64_t hash_bytes(uint64_t h, const void *data, int64_t n) {
  const char *p = data;
  uint64_t word;
  for (; n >= 8; n -= 8, p += 8) {
    memcpy(&word, p, 8);
    h = mix(h ^ word);
  }
  word = 0;
  memcpy(&word, p, (size_t)n);
  return mix(h ^ word ^ (uint64_t)n << 56);
}

/* A tensor as a key is its view: the storage, and where in it the elements lie. */
static uint64_t hash_view(uint64_t h, const mt_tensor *t) {
  h = mix(h ^ (uint64_t)(uintptr_t)t->storage ^ (uint64_t)t->offset << 40 ^ (uint64_t)t->dim);
  h = hash_bytes(h, t->size, t->dim * 8);
  return hash_bytes(h, t->stride, t->dim * 8);
}

static uint64_t hash_key(const mt_item *key) {
  uint64_t h = seed + (uint64_t)key->type;
  if (key->type == MT_TEXT) return hash_bytes(h, key->object, key->length);
  if (key->type == MT_TENSOR) return hash_view(h, key->object);
  if (key->type == MT_FOREIGN) return mix(h ^ (uint64_t)(uintptr_t)((const mt_foreign *)key->object)->object);
  if (key->type != MT_NUMBER && key->type != MT_BOOLEAN) return mix(h ^ (uint64_t)(uintptr_t)key->object);
  double number = key->number + 0.0; /* -0 is 0 */
  return hash_bytes(h, &number, sizeof number);
}

static int same_view(const mt_tensor *a, const mt_tensor *b) {
  size_t bytes = (size_t)a->dim * sizeof *a->size;
  return a->storage == b->storage && a->offset == b->offset && a->dim == b->dim && a->dtype == b->dtype &&
         !memcmp(a->size, b->size, bytes) && !memcmp(a->stride, b->stride, bytes);
}

static int same_key(const mt_value *a, const mt_item *b) {
  if (a->type != b->type) return 0;
  if (a->type == MT_NUMBER || a->type == MT_BOOLEAN) return a->as.number == b->number;
  if (a->type == MT_TENSOR) return same_view(&a->as.boxed->tensor, b->object);
  if (a->type == MT_STORAGE) return a->as.storage == b->object;
  if (a->type == MT_FOREIGN) return a->as.guest->foreign.object == ((const mt_foreign *)b->object)->object;
  if (a->type != MT_TEXT) return a->as.table == b->object;
  return a->as.bytes->length == b->length && !memcmp(a->as.bytes->data, b->object, (size_t)b->length);
}

/* -- Entries ------------------------------------------------------------------------------------------------ */

static mt_entry *find(const mt_table *t, const mt_item *key, uint64_t hash) {
  if (t->room == 0) return NULL;
  uint64_t mask = 2 * (uint64_t)t->room - 1;
  for (uint64_t i = hash & mask; t->slots[i]; i = (i + 1) & mask) {
    mt_entry *e = &t->as.entries[t->slots[i] - 1];
    if (e->hash == hash && same_key(&e->key, key)) return e;
  }
  return NULL;
}

static void fill_slot(mt_table *t, int64_t entry) {
  uint64_t mask = 2 * (uint64_t)t->room - 1, i = t->as.entries[entry].hash & mask;
  while (t->slots[i]) i = (i + 1) & mask;
  t->slots[i] = (uint32_t)entry + 1;
}

/* Makes the table anew, with room for more entries when most of them are in use. */
static int make_room(mt_table *t) {
  int64_t room = t->room == 0 ? 8 : t->size > t->room / 2 ? 2 * t->room : t->room;
  int64_t data_capacity, slots_capacity;
  if (room > (int64_t)1 << 31) return mt_fail("hash: more than 2^31 entries");
  mt_entry *entries = mt_allocate(MT_CPU, 0, (size_t)room * sizeof *entries, &data_capacity);
  uint32_t *slots = entries ? mt_allocate(MT_CPU, 0, 2 * (size_t)room * sizeof *slots, &slots_capacity) : NULL;
  if (!slots) {
    mt_deallocate(MT_CPU, 0, entries, entries ? data_capacity : 0);
    return 1;
  }
  int64_t used = 0;
  for (int64_t i = 0; i < t->used; i++)
    if (t->as.entries[i].key.type != MT_NIL) entries[used++] = t->as.entries[i];
  memset(slots, 0, 2 * (size_t)room * sizeof *slots);
  mt_deallocate(MT_CPU, 0, t->as.entries, t->data_capacity);
  mt_deallocate(MT_CPU, 0, t->slots, t->slots_capacity);
  t->as.entries = entries;
  t->data_capacity = data_capacity;
  t->slots = slots;
  t->slots_capacity = slots_capacity;
  t->room = room;
  t->used = used;
  for (int64_t i = 0; i < used; i++) fill_slot(t, i);
  return 0;
}

/* Takes over the value. */
static int add_entry(mt_table *t, const mt_item *key, uint64_t hash, mt_value value) {
  mt_entry e = {.value = value, .hash = hash};
  if ((t->used == t->room && make_room(t)) || mt_value_from(&e.key, key)) return 1;
  t->as.entries[t->used] = e;
  fill_slot(t, t->used);
  t->used++;
  t->size++;
  return 0;
}

/* An entry's key and value go to old. */
static void take_entry(mt_table *t, mt_entry *e, mt_value old[2]) {
  old[0] = e->key;
  old[1] = e->value;
  e->key.type = MT_NIL;
  t->size--;
  if (t->size > 0) return;
  t->used = 0;
  memset(t->slots, 0, 2 * (size_t)t->room * sizeof *t->slots);
}

/* -- Calls -------------------------------------------------------------------------------------------------- */

int mt_hash_put(mt_table *t, const mt_item *key, const mt_item *value) {
  if (key->type == MT_NIL) return mt_fail("hash: the key is nil");
  if (key->type == MT_NUMBER && isnan(key->number)) return mt_fail("hash: the key is not a number");
  pthread_once(&seeded, draw_seed);
  uint64_t hash = hash_key(key);
  mt_value put, old[2] = {{.type = MT_NIL}, {.type = MT_NIL}};
  if (mt_value_from(&put, value)) return 1;
  pthread_mutex_lock(&t->lock);
  mt_entry *e = find(t, key, hash);
  int rc = 0;
  if (e && put.type == MT_NIL) {
    take_entry(t, e, old);
  } else if (e) {
    old[1] = e->value;
    e->value = put;
  } else if (put.type != MT_NIL) {
    rc = add_entry(t, key, hash, put);
  }
  pthread_mutex_unlock(&t->lock);
  mt_values_drop(old, 2);
  if (rc) mt_value_drop(put);
  return rc;
}

void mt_hash_get(mt_table *t, const mt_item *key, mt_item *value) {
  pthread_once(&seeded, draw_seed);
  uint64_t hash = hash_key(key);
  *value = (mt_item){.type = MT_NIL};
  pthread_mutex_lock(&t->lock);
  const mt_entry *e = find(t, key, hash);
  if (e) mt_value_to(e->value, value);
  pthread_mutex_unlock(&t->lock);
}

int mt_hash_next(mt_table *t, int64_t *place, mt_item *key, mt_item *value) {
  pthread_mutex_lock(&t->lock);
  while (*place < t->used && t->as.entries[*place].key.type == MT_NIL) ++*place;
  int found = *place < t->used;
  if (found) {
    const mt_entry *e = &t->as.entries[(*place)++];
    mt_value_to(e->key, key);
    mt_value_to(e->value, value);
  }
  pthread_mutex_unlock(&t->lock);
  return found;
}

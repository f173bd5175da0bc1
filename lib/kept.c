/* kept.c: layouts that kernels make of constant operands, kept beside the operand's storage (see mt_storage_keep). They
 * wait on shelves, by the storage's address. */
#include "internal.h"

#include <pthread.h>
#include <string.h>

enum { SHELVES = 256, HEADER = 128 };

typedef struct mt_kept_entry {
  struct mt_kept_entry *next; /* on the shelf */
  mt_kept_key key;
  const mt_storage *of;
  const void *data; /* the storage's memory, and its version, when this was made */
  uint32_t version;
  int32_t refs; /* the shelf's, and one for each user; guarded by the lock */
  int64_t capacity;
} entry;
_Static_assert(sizeof(entry) <= HEADER, "the layout would overlap its header");

static entry *shelves[SHELVES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static entry **shelf_of(const mt_storage *s) { return &shelves[(uintptr_t)s / 64 % SHELVES]; }

/* With the lock taken. What nobody uses any more goes to the list of waste, as memory has a lock of its own. */
static void unref(entry *k, entry **waste) {
  if (--k->refs > 0) return;
  k->next = *waste;
  *waste = k;
}

static void discard(entry *waste) {
  while (waste) {
    entry *k = waste;
    waste = k->next;
    mt_deallocate(MT_CPU, 0, k, k->capacity);
  }
}

/* With the lock taken. */
static void clear_shelf(const mt_storage *s, entry **waste) {
  for (entry **at = shelf_of(s); *at;) {
    entry *k = *at;
    if (k->of == s) {
      *at = k->next;
      unref(k, waste);
    } else {
      at = &k->next;
    }
  }
}

/* With the lock taken: what has been kept of s under that key, or NULL. *stale: whether s has changed since. */
static entry *find(const mt_storage *s, const mt_kept_key *key, int *stale) {
  entry *found = NULL;
  for (entry *k = *shelf_of(s); k; k = k->next) {
    if (k->of != s) continue;
    *stale = k->version != s->version || k->data != s->data;
    if (*stale) return NULL;
    if (!memcmp(&k->key, key, sizeof *key)) found = k;
  }
  return found;
}

void mt_storage_keep(mt_storage *s) {
  if (s) s->keeps = 1;
}

void mt_kept_forget(mt_storage *s) {
  entry *waste = NULL;
  pthread_mutex_lock(&lock);
  s->keeps = 0;
  clear_shelf(s, &waste);
  pthread_mutex_unlock(&lock);
  discard(waste);
}

static entry *new_entry(const mt_storage *s, const mt_kept_key *key, int64_t count) {
  int64_t capacity;
  entry *k = mt_allocate(MT_CPU, 0, (size_t)count * sizeof(float) + HEADER, &capacity);
  if (k) *k = (entry){.key = *key, .of = s, .data = s->data, .version = s->version, .refs = 1, .capacity = capacity};
  return k;
}

mt_kept mt_kept_begin(mt_storage *s, const mt_kept_key *key, int64_t count) {
  int stale = 0;
  if (!s || !s->keeps) return (mt_kept){NULL, 1, NULL};
  pthread_mutex_lock(&lock);
  entry *k = find(s, key, &stale);
  if (k) k->refs++;
  pthread_mutex_unlock(&lock);
  if (stale) mt_kept_forget(s);
  int is_new = !k;
  if (is_new && !stale) k = new_entry(s, key, count);
  return (mt_kept){k ? (float *)((char *)k + HEADER) : NULL, is_new, k};
}

/* Two threads may have made the same layout at once: one of them is kept. */
void mt_kept_end(const mt_kept *kept) {
  entry *k = kept->entry, *waste = NULL;
  int stale = 0;
  if (!k) return;
  pthread_mutex_lock(&lock);
  if (kept->is_new && k->of->keeps && !find(k->of, &k->key, &stale) && !stale) {
    entry **shelf = shelf_of(k->of);
    k->next = *shelf;
    *shelf = k;
    k->refs++;
  }
  unref(k, &waste);
  pthread_mutex_unlock(&lock);
  discard(waste);
}

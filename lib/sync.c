/* sync.c: what threads wait with: mutexes, conditions and queues of storages; and storages that carry others along.
 * Every one has a number, by which a thread that only knows that finds it. */
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
  mt_storage *storage;
  int64_t tag;
} entry;

/* A ring of storages. */
typedef struct {
  entry *entries;
  int64_t first, size;
} lane;

struct mt_sync {
  int32_t refs, type;
  int64_t number;
  mt_sync *next, **place; /* of the list of all: the next one, and what points at this one */
  pthread_mutex_t guard;  /* held for every look at what follows */
  pthread_cond_t changed;
  int locked;               /* of a mutex */
  int64_t waiting, signals; /* of a condition: those that wait, and how many of them may go on */
  int lanes, closed;        /* of a queue */
  int64_t room;             /* of each lane */
  lane lane[];
};

/* -- All of them ---------------------------------------------------------------------------------------------- */

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static mt_sync *list;
static int64_t last_number = 1 << 20;

static void enlist(mt_sync *s) {
  pthread_mutex_lock(&list_lock);
  s->number = ++last_number;
  s->next = list;
  s->place = &list;
  if (list) list->place = &s->next;
  list = s;
  pthread_mutex_unlock(&list_lock);
}

static mt_sync *new_sync(int type, int lanes) {
  mt_sync *s = calloc(1, sizeof *s + (size_t)lanes * sizeof *s->lane);
  if (!s) {
    mt_fail("not enough memory");
    return NULL;
  }
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_mutex_init(&s->guard, NULL);
  pthread_cond_init(&s->changed, &clock);
  pthread_condattr_destroy(&clock);
  s->refs = 1;
  s->type = type;
  s->lanes = lanes;
  enlist(s);
  return s;
}

mt_sync *mt_mutex_new(void) { return new_sync(MT_MUTEX, 0); }

mt_sync *mt_condition_new(void) { return new_sync(MT_CONDITION, 0); }

mt_sync *mt_queue_new(int lanes, int64_t room) {
  if (lanes < 1 || lanes > 1 << 16 || room < 1 || room > 1 << 20) {
    mt_fail("queue: expected room for 1 to %d items, got %lld", 1 << 20, (long long)room);
    return NULL;
  }
  mt_sync *s = new_sync(MT_QUEUE, lanes);
  if (!s) return NULL;
  s->room = room;
  for (int i = 0; i < lanes; i++) {
    s->lane[i].entries = malloc((size_t)room * sizeof(entry));
    if (!s->lane[i].entries) {
      mt_sync_free(s);
      mt_fail("queue: not enough memory");
      return NULL;
    }
  }
  return s;
}

mt_sync *mt_sync_retain(mt_sync *s) {
  if (s) __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
  return s;
}

static entry take(mt_sync *s, lane *l) {
  entry e = l->entries[l->first];
  l->first = (l->first + 1) % s->room;
  l->size--;
  return e;
}

/* The last reference goes under the list's lock, so that mt_sync_find never revives one. */
void mt_sync_free(mt_sync *s) {
  if (!s) return;
  pthread_mutex_lock(&list_lock);
  int32_t left = __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL);
  if (left == 0) {
    *s->place = s->next;
    if (s->next) s->next->place = s->place;
  }
  pthread_mutex_unlock(&list_lock);
  if (left > 0) return;
  for (int i = 0; i < s->lanes; i++) {
    while (s->lane[i].size > 0) mt_storage_free(take(s, &s->lane[i]).storage);
    free(s->lane[i].entries);
  }
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->guard);
  free(s);
}

int64_t mt_sync_number(const mt_sync *s) { return s->number; }

int mt_sync_type(const mt_sync *s) { return s->type; }

mt_sync *mt_sync_find(int64_t number, int type) {
  static const char *const names[] = {[MT_MUTEX] = "mutex", [MT_QUEUE] = "queue", [MT_CONDITION] = "condition"};
  pthread_mutex_lock(&list_lock);
  mt_sync *s = list;
  while (s && (s->number != number || s->type != type)) s = s->next;
  mt_sync_retain(s);
  pthread_mutex_unlock(&list_lock);
  if (!s) mt_fail("there is no %s with the number %lld", names[type], (long long)number);
  return s;
}

/* -- Waiting -------------------------------------------------------------------------------------------------- */

struct timespec mt_deadline(int milliseconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += milliseconds / 1000;
  t.tv_nsec += milliseconds % 1000 * 1000000L;
  if (t.tv_nsec >= 1000000000L) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000L;
  }
  return t;
}

/* With the guard held: lets it go until something changes. Whether there is time left to look again. */
static int wait_for_change(mt_sync *s, const struct timespec *until) {
  return pthread_cond_timedwait(&s->changed, &s->guard, until) != ETIMEDOUT;
}

/* -- Mutexes -------------------------------------------------------------------------------------------------- */

int mt_mutex_lock(mt_sync *s, int32_t *locked, int milliseconds) {
  struct timespec until = mt_deadline(milliseconds);
  pthread_mutex_lock(&s->guard);
  while (s->locked && wait_for_change(s, &until)) {}
  int status = s->locked ? MT_LATER : MT_DONE;
  s->locked = 1;
  *locked = status == MT_DONE;
  pthread_mutex_unlock(&s->guard);
  return status;
}

int mt_mutex_unlock(mt_sync *s) {
  pthread_mutex_lock(&s->guard);
  int was = s->locked;
  s->locked = 0;
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->guard);
  return was ? 0 : mt_fail("unlock: the mutex is not locked");
}

/* -- Conditions ----------------------------------------------------------------------------------------------- */

void mt_condition_begin(mt_sync *s, int32_t *waiting) {
  pthread_mutex_lock(&s->guard);
  s->waiting++;
  *waiting = 1;
  pthread_mutex_unlock(&s->guard);
}

static void stop_waiting(mt_sync *s, int32_t *waiting) {
  *waiting = 0;
  s->waiting--;
  if (s->signals > s->waiting) s->signals = s->waiting;
}

int mt_condition_wait(mt_sync *s, int32_t *waiting, int milliseconds) {
  struct timespec until = mt_deadline(milliseconds);
  pthread_mutex_lock(&s->guard);
  while (s->signals == 0 && wait_for_change(s, &until)) {}
  int status = s->signals > 0 ? MT_DONE : MT_LATER;
  if (status == MT_DONE) {
    s->signals--;
    stop_waiting(s, waiting);
  }
  pthread_mutex_unlock(&s->guard);
  return status;
}

void mt_condition_end(mt_sync *s, int32_t *waiting) {
  pthread_mutex_lock(&s->guard);
  if (*waiting) stop_waiting(s, waiting);
  pthread_mutex_unlock(&s->guard);
}

void mt_condition_signal(mt_sync *s) {
  pthread_mutex_lock(&s->guard);
  if (s->signals < s->waiting) s->signals++;
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->guard);
}

/* -- Queues --------------------------------------------------------------------------------------------------- */

int mt_queue_push(mt_sync *s, int i, mt_storage **item, int64_t tag, int milliseconds) {
  struct timespec until = mt_deadline(milliseconds);
  lane *l = &s->lane[i];
  pthread_mutex_lock(&s->guard);
  while (!s->closed && l->size == s->room && wait_for_change(s, &until)) {}
  int status = s->closed ? MT_CLOSED : l->size == s->room ? MT_LATER : MT_DONE;
  if (status == MT_DONE) {
    l->entries[(l->first + l->size) % s->room] = (entry){*item, tag};
    *item = NULL;
    l->size++;
    pthread_cond_broadcast(&s->changed); /* those that wait may wait for other lanes */
  }
  pthread_mutex_unlock(&s->guard);
  return status;
}

int mt_queue_pop(mt_sync *s, int i, int other, mt_storage **item, int64_t *tag, int milliseconds) {
  struct timespec until = mt_deadline(milliseconds);
  lane *a = &s->lane[i], *b = other < 0 ? a : &s->lane[other];
  pthread_mutex_lock(&s->guard);
  while (!s->closed && a->size + b->size == 0 && wait_for_change(s, &until)) {}
  int status = a->size + b->size > 0 ? MT_DONE : s->closed ? MT_CLOSED : MT_LATER;
  if (status == MT_DONE) {
    entry e = take(s, a->size > 0 ? a : b);
    *item = e.storage;
    *tag = e.tag;
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->guard);
  return status;
}

int64_t mt_queue_size(mt_sync *s, int i) {
  pthread_mutex_lock(&s->guard);
  int64_t size = s->lane[i].size;
  pthread_mutex_unlock(&s->guard);
  return size;
}

int64_t mt_queue_room(const mt_sync *s) { return s->room; }

/* What is dropped is freed without the guard: it may hold this queue, or close another one. */
void mt_queue_close(mt_sync *s, int drop) {
  pthread_mutex_lock(&s->guard);
  s->closed = 1;
  for (int i = 0; drop && i < s->lanes; i++) {
    while (s->lane[i].size > 0) {
      entry e = take(s, &s->lane[i]);
      pthread_mutex_unlock(&s->guard);
      mt_storage_free(e.storage);
      pthread_mutex_lock(&s->guard);
    }
  }
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->guard);
}

void mt_queue_leave(mt_sync *s) {
  mt_queue_close(s, 0);
  mt_sync_free(s);
}

/* -- Storages that carry others along ------------------------------------------------------------------------- */

typedef struct {
  mt_storage *window; /* of the bytes, which so cannot move */
  mt_table *cargo;
} load;

static void release_load(void *context, void *data) {
  load *l = context;
  (void)data;
  mt_table_free(l->cargo);
  mt_storage_free(l->window);
  free(l);
}

mt_storage *mt_storage_carry(mt_storage *bytes, mt_table *cargo) {
  mt_storage *window = mt_storage_window(bytes, bytes->dtype, 0, bytes->size), *s = NULL;
  load *l = malloc(sizeof *l);
  if (window && l)
    s = mt_storage_external(bytes->dtype, bytes->device, window->data, window->size, release_load, l);
  else
    mt_fail("carry: not enough memory");
  if (!s) {
    mt_storage_free(window);
    free(l);
    return NULL;
  }
  s->index = bytes->index;
  l->window = window;
  l->cargo = mt_table_retain(cargo);
  return s;
}

mt_table *mt_storage_cargo(mt_storage *s) {
  if (s->origin != MT_EXTERNAL || s->release != release_load) return NULL;
  return mt_table_retain(((load *)s->context)->cargo);
}

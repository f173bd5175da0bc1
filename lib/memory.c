/* memory.c: a caching allocator per device, with counters of live and peak bytes and of requests to the system.
 *
 * Freed blocks wait in lists by size class (four classes to each power of two, so at most a quarter is wasted) and are
 * handed out again. A block's header lies outside the block, so that device memory is never touched from the host:
 * the capacity that mt_allocate returned names the class. */
#include "internal.h"
#include "stream.h"

#include <pthread.h>
#include <stdlib.h>

enum { CLASSES = 4 * 48, SMALLEST = 64, LARGE = 1 << 20, LIMIT = 64 << 20, FETCHED = 256 };

/* The cache never keeps more than half as much again as was live at the peak, plus this. */
static const int64_t spare_cache = (int64_t)256 << 20;

typedef struct {
  void **blocks;
  int count, room;
} stack;

static struct pool {
  stack free[CLASSES];
  int64_t live, peak, top, cached, requests; /* top: the peak of all time */
  int64_t limit;                             /* live bytes from which on mt_memory_pressure is up */
} pools[MT_MAX_DEVICE] = {{.limit = LIMIT}, {.limit = LIMIT}, {.limit = LIMIT}, {.limit = LIMIT}};

int32_t mt_memory_pressure;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Class c holds blocks of (4 + c % 4) << (c / 4) times 16 bytes: 64, 80, 96, 112, 128, 160, … */
static int64_t class_bytes(int c) { return (int64_t)(4 + c % 4) << (c / 4 + 4); }

static int class_of(size_t bytes) {
  if (bytes <= SMALLEST) return 0;
  int log = 63 - __builtin_clzll((bytes - 1) >> 4); /* of the unit count, which is 4 … 7 shifted */
  int c = 4 * (log - 2) + (int)(((bytes - 1) >> (log + 2)) & 3);
  return c + 1;
}

static void update_pressure(void) {
  int32_t high = 0;
  for (int i = 0; i < MT_MAX_DEVICE; i++) high |= pools[i].live > pools[i].limit;
  mt_memory_pressure = high;
}

static void pool_release_all(int device, struct pool *p) {
  const mt_device *d = mt_device_get(device);
  for (int c = 0; c < CLASSES; c++) {
    stack *s = &p->free[c];
    for (int i = 0; i < s->count; i++) d->release(0, s->blocks[i], (size_t)class_bytes(c));
    s->count = 0;
  }
  p->cached = 0;
}

/* The block that will be taken next is fetched, if it is small: between two collections there are so many of these that
 * they leave the caches. */
static void *pool_take(struct pool *p, int c) {
  stack *s = &p->free[c];
  if (s->count == 0) return NULL;
  p->cached -= class_bytes(c);
  void *data = s->blocks[--s->count];
  if (s->count > 0 && p == &pools[MT_CPU] && class_bytes(c) <= FETCHED)
    mt_fetch(s->blocks[s->count - 1], class_bytes(c));
  return data;
}

/* A waiting block that holds a request of class *c, whose class becomes *c. A large request takes one up to half as
 * large again rather than more memory of the system, and one for a moment takes any. */
static void *pool_find(struct pool *p, int *c, int is_short) {
  int last = class_bytes(*c) < LARGE ? *c : is_short ? CLASSES - 1 : *c + 2;
  for (int i = *c; i <= last && i < CLASSES; i++) {
    void *data = pool_take(p, i);
    if (!data) continue;
    *c = i;
    return data;
  }
  return NULL;
}

/* Whether the block went into the cache; it does not when the cache is full enough or its list cannot grow. */
static int pool_keep(struct pool *p, int c, void *data) {
  stack *s = &p->free[c];
  if (p->cached + class_bytes(c) > p->top / 2 + spare_cache) return 0;
  if (s->count == s->room) {
    int room = s->room ? 2 * s->room : 16;
    void **blocks = realloc(s->blocks, (size_t)room * sizeof *blocks);
    if (!blocks) return 0;
    s->blocks = blocks;
    s->room = room;
  }
  s->blocks[s->count++] = data;
  p->cached += class_bytes(c);
  return 1;
}

static void *ask_system(const mt_device *d, int device, int index, struct pool *p, size_t bytes) {
  void *data = d->allocate(index, bytes);
  p->requests++;
  if (!data && p->cached > 0) {
    pool_release_all(device, p);
    data = d->allocate(index, bytes);
  }
  return data;
}

static void *take(int device, int index, size_t bytes, int64_t *capacity, int is_short) {
  const mt_device *d = mt_device_get(device);
  if (!d) return NULL;
  struct pool *p = &pools[device];
  if (bytes > (size_t)1 << 46) {
    mt_fail("not enough memory: asked for %.1f GB", (double)bytes / 1e9);
    return NULL;
  }
  int c = class_of(bytes);
  pthread_mutex_lock(&lock);
  void *data = pool_find(p, &c, is_short);
  int64_t size = class_bytes(c);
  if (!data) data = ask_system(d, device, index, p, (size_t)size);
  if (data) {
    p->live += size;
    if (p->live > p->peak) p->peak = p->live;
    if (p->live > p->top) p->top = p->live;
    if (p->live > p->limit) mt_memory_pressure = 1;
  }
  int64_t held = p->live;
  pthread_mutex_unlock(&lock);
  if (!data)
    mt_fail("not enough memory on the %s: asked for %.1f MB, tensors hold %.1f MB", d->name, (double)size / 1e6,
            (double)held / 1e6);
  *capacity = size;
  return data;
}

void *mt_allocate(int device, int index, size_t bytes, int64_t *capacity) {
  return take(device, index, bytes, capacity, 0);
}

void *mt_borrow(size_t bytes, int64_t *capacity) { return take(MT_CPU, 0, bytes, capacity, 1); }

void mt_give_back(void *data, int64_t capacity) { mt_deallocate(MT_CPU, 0, data, capacity); }

void mt_deallocate(int device, int index, void *data, int64_t capacity) {
  const mt_device *d = mt_device_get(device);
  if (!data || !d) return;
  struct pool *p = &pools[device];
  pthread_mutex_lock(&lock);
  p->live -= capacity;
  if (mt_memory_pressure) update_pressure();
  int kept = pool_keep(p, class_of((size_t)capacity), data);
  pthread_mutex_unlock(&lock);
  if (!kept) d->release(index, data, (size_t)capacity);
}

void mt_memory_set_limit(int device, int64_t bytes) {
  if (device < 0 || device >= MT_MAX_DEVICE) return;
  pthread_mutex_lock(&lock);
  pools[device].limit = bytes;
  update_pressure();
  pthread_mutex_unlock(&lock);
}

int64_t mt_memory_get_limit(int device) { return device >= 0 && device < MT_MAX_DEVICE ? pools[device].limit : 0; }

int64_t mt_memory(int device, int what) {
  if (device < 0 || device >= MT_MAX_DEVICE) return 0;
  const struct pool *p = &pools[device];
  pthread_mutex_lock(&lock);
  int64_t value = what == MT_LIVE       ? p->live
                  : what == MT_PEAK     ? p->peak
                  : what == MT_CACHED   ? p->cached
                  : what == MT_REQUESTS ? p->requests
                                        : 0;
  pthread_mutex_unlock(&lock);
  return value;
}

void mt_memory_reset_peak(int device) {
  if (device < 0 || device >= MT_MAX_DEVICE) return;
  pthread_mutex_lock(&lock);
  pools[device].peak = pools[device].live;
  pthread_mutex_unlock(&lock);
}

void mt_memory_trim(int device) {
  if (!mt_device_get(device)) return;
  pthread_mutex_lock(&lock);
  pool_release_all(device, &pools[device]);
  pthread_mutex_unlock(&lock);
}

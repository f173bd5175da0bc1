/* storage.c: reference-counted memory: owned (from the allocator), external (somebody else's) or a mapped file. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(const char *what, int dtype, int device, int64_t size) {
  if (dtype < 0 || dtype >= MT_DTYPES) return mt_fail("%s: dtype %d is unknown", what, dtype);
  if (!mt_device_get(device)) return 1;
  if (size < 0 || size > INT64_MAX / 16) return mt_fail("%s: %lld elements were asked for", what, (long long)size);
  return 0;
}

static void fill_header(mt_storage *s, int dtype, int device, int origin) {
  memset(s, 0, sizeof *s);
  s->refs = 1;
  s->dtype = (uint8_t)dtype;
  s->device = (uint8_t)device;
  s->origin = (uint8_t)origin;
}

static mt_storage *storage_header(int dtype, int device, int origin) {
  mt_storage *s = malloc(sizeof *s);
  if (s)
    fill_header(s, dtype, device, origin);
  else
    mt_fail("storage: not enough memory");
  return s;
}

/* A header's share of a block that holds small data too, and the most bytes of data that are worth it: a small tensor
 * then costs one block, and touches memory in one place. */
enum { HEADER = 64, SMALL = 192 };
_Static_assert(sizeof(mt_storage) <= HEADER, "the data would overlap its header");

static mt_storage *small_storage(int dtype, int64_t size) {
  int64_t capacity;
  mt_storage *s = mt_allocate(MT_CPU, 0, (size_t)(HEADER + size * mt_dtype_size(dtype)), &capacity);
  if (!s) return NULL;
  fill_header(s, dtype, MT_CPU, MT_OWNED);
  s->data = (char *)s + HEADER;
  s->size = size;
  s->capacity = capacity - HEADER;
  s->room = (uint32_t)s->capacity;
  return s;
}

static int holds_small(const mt_storage *s) { return s->room && s->data == (const char *)s + HEADER; }

mt_storage *mt_storage_new(int dtype, int device, int64_t size) {
  if (check_kind("storage", dtype, device, size)) return NULL;
  if (device == MT_CPU && size > 0 && size * mt_dtype_size(dtype) <= SMALL) return small_storage(dtype, size);
  mt_storage *s = storage_header(dtype, device, MT_OWNED);
  if (s && mt_storage_resize(s, size)) {
    mt_storage_free(s);
    return NULL;
  }
  return s;
}

mt_storage *mt_storage_external(int dtype, int device, void *data, int64_t size,
                                void (*release)(void *context, void *data), void *context) {
  if (check_kind("storage", dtype, device, size)) return NULL;
  if (!data && size > 0) {
    mt_fail("storage: %lld elements at address NULL", (long long)size);
    return NULL;
  }
  mt_storage *s = storage_header(dtype, device, MT_EXTERNAL);
  if (!s) return NULL;
  s->data = data;
  s->size = size;
  s->capacity = size * mt_dtype_size(dtype);
  s->release = release;
  s->context = context;
  return s;
}

/* -- Mapped files ------------------------------------------------------------------------------------------- */

/* What a mapped storage holds as its context: the map's address, which is that of a page, and the name of a shared memory
 * object, or an empty one. The storage's capacity is the map's whole length. */
typedef struct mapping {
  char *base;
  char name[];
} mapping;

static mapping *new_mapping(const char *name) {
  mapping *m = malloc(sizeof *m + strlen(name) + 1);
  if (!m) {
    mt_fail("map: not enough memory");
    return NULL;
  }
  m->base = NULL;
  strcpy(m->name, name);
  return m;
}

static void drop_mapping(mapping *m, int64_t length) {
  if (m->base) munmap(m->base, (size_t)length);
  if (m->name[0]) shm_unlink(m->name);
  free(m);
}

/* Shared memory is reserved at once, as touching what the system cannot give would end the process; files may have holes.
 * Gives 0, or what went wrong. */
static int lengthen(int fd, int how, int64_t from, int64_t to) {
  if (how == MT_MAP_MEMORY) return posix_fallocate(fd, from, to - from);
  return how == MT_MAP_PRIVATE ? EINVAL : ftruncate(fd, to) ? errno : 0;
}

/* How many elements from byte_offset on are to be mapped, when size are asked for; lengthens a shared file that is too
 * short. -1 after mt_fail. */
static int64_t measure_file(int fd, int dtype, const char *path, int how, int64_t byte_offset, int64_t size) {
  struct stat info;
  int64_t width = mt_dtype_size(dtype);
  if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
    mt_fail("%s: expected a regular file", path);
    return -1;
  }
  if (size < 0) return info.st_size > byte_offset ? (info.st_size - byte_offset) / width : 0;
  int64_t end = byte_offset + size * width;
  int failure = end > info.st_size ? lengthen(fd, how, info.st_size, end) : 0;
  if (!failure) return size;
  mt_fail("%s: %lld elements of %s from byte %lld on were asked for, the file has %lld bytes%s%s", path,
          (long long)size, mt_dtype_name(dtype), (long long)byte_offset, (long long)info.st_size,
          how == MT_MAP_PRIVATE ? "" : ": ", how == MT_MAP_PRIVATE ? "" : strerror(failure));
  return -1;
}

/* Takes over m, also when it fails. */
static mt_storage *map_open_file(int fd, int dtype, const char *path, int how, int64_t byte_offset, int64_t size,
                                 mapping *m) {
  size = measure_file(fd, dtype, path, how, byte_offset, size);
  mt_storage *s = size < 0 ? NULL : storage_header(dtype, MT_CPU, MT_MAPPED);
  if (!s) {
    drop_mapping(m, 0);
    return NULL;
  }
  s->context = m;
  if (size == 0) return s;
  int64_t start = byte_offset / sysconf(_SC_PAGESIZE) * sysconf(_SC_PAGESIZE);
  int64_t length = byte_offset + size * mt_dtype_size(dtype) - start;
  int flags = how == MT_MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
  char *base = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, flags, fd, start);
  if (base == MAP_FAILED) {
    mt_fail("%s: cannot map %lld bytes: %s", path, (long long)length, strerror(errno));
    mt_storage_free(s);
    return NULL;
  }
  m->base = base;
  s->data = base + (byte_offset - start);
  s->size = size;
  s->capacity = length;
  return s;
}

static int open_to_map(const char *path, int how, const mapping *m) {
  if (how == MT_MAP_MEMORY) return shm_open(m->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int flags = how == MT_MAP_SHARED ? O_RDWR | O_CREAT : O_RDONLY;
  return open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
}

/* The name of a shared memory object begins with a slash, which users may leave out. */
static mapping *mapping_of(const char *path, int how) {
  char name[256] = "";
  if (how == MT_MAP_MEMORY && snprintf(name, sizeof name, "/%s", path + (path[0] == '/')) >= (int)sizeof name) {
    mt_fail("map: the name of a shared memory object has at most %d bytes", (int)sizeof name - 2);
    return NULL;
  }
  return new_mapping(name);
}

mt_storage *mt_storage_map(int dtype, const char *path, int how, int64_t byte_offset, int64_t size) {
  if (check_kind("map", dtype, MT_CPU, size < 0 ? 0 : size)) return NULL;
  if (byte_offset < 0 || byte_offset % mt_dtype_size(dtype) || byte_offset > INT64_MAX / 2) {
    mt_fail("map: byte offset %lld is not a multiple of the element size", (long long)byte_offset);
    return NULL;
  }
  mapping *m = mapping_of(path, how);
  if (!m) return NULL;
  int fd = open_to_map(path, how, m);
  if (fd < 0) {
    mt_fail("%s: %s", path, strerror(errno));
    free(m);
    return NULL;
  }
  mt_storage *s = map_open_file(fd, dtype, path, how, byte_offset, size, m);
  close(fd);
  return s;
}

/* -- Windows ------------------------------------------------------------------------------------------------ */

/* Memory that windows look at must not move, so for owned memory context counts them. */
static intptr_t count_windows(mt_storage *s, intptr_t change) {
  return __atomic_add_fetch((intptr_t *)&s->context, change, __ATOMIC_ACQ_REL);
}

static void release_window(void *context, void *data) {
  mt_storage *of = context;
  (void)data;
  if (of->origin == MT_OWNED) count_windows(of, -1);
  mt_storage_free(of);
}

mt_storage *mt_storage_window(mt_storage *of, int dtype, int64_t byte_offset, int64_t size) {
  if (check_kind("window", dtype, of->device, size)) return NULL;
  int64_t width = mt_dtype_size(dtype), bytes = of->size * mt_dtype_size(of->dtype);
  if (byte_offset < 0 || byte_offset > bytes || size > (bytes - byte_offset) / width) {
    mt_fail("window: %lld elements of %s from byte %lld on were asked for, the storage has %lld bytes", (long long)size,
            mt_dtype_name(dtype), (long long)byte_offset, (long long)bytes);
    return NULL;
  }
  char *data = of->data ? (char *)of->data + byte_offset : NULL;
  if ((uintptr_t)data % (uintptr_t)width) {
    mt_fail("window: byte %lld is no place for elements of %s", (long long)byte_offset, mt_dtype_name(dtype));
    return NULL;
  }
  mt_storage *s = mt_storage_external(dtype, of->device, data, size, release_window, of);
  if (!s) return NULL;
  s->index = of->index;
  mt_storage_retain(of);
  if (of->origin == MT_OWNED) count_windows(of, 1);
  return s;
}

/* -- References, sizes, contents ---------------------------------------------------------------------------- */

mt_storage *mt_storage_retain(mt_storage *s) {
  if (s) __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
  return s;
}

static void drop_memory(mt_storage *s) {
  if (holds_small(s)) return;
  if (s->origin == MT_OWNED)
    mt_deallocate(s->device, s->index, s->data, s->capacity);
  else if (s->origin == MT_MAPPED)
    drop_mapping(s->context, s->capacity);
  else if (s->origin == MT_EXTERNAL && s->release)
    s->release(s->context, s->data);
}

void mt_storage_free(mt_storage *s) {
  if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
  if (s->keeps) mt_kept_forget(s);
  drop_memory(s);
  if (s->room)
    mt_deallocate(MT_CPU, 0, s, HEADER + (int64_t)s->room);
  else
    free(s);
}

void mt_storage_clear(mt_storage **s) {
  mt_storage *old = *s;
  *s = NULL;
  mt_storage_free(old);
}

void mt_storage_hold(mt_storage *s) {
  mt_storage_retain(s);
  __atomic_add_fetch(&s->held, 1, __ATOMIC_ACQ_REL);
}

int mt_storage_unhold(mt_storage *s) {
  int32_t held = __atomic_load_n(&s->held, __ATOMIC_ACQUIRE);
  do {
    if (held < 1) return mt_fail("free: the storage was not retained");
  } while (!__atomic_compare_exchange_n(&s->held, &held, held - 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  mt_storage_free(s);
  return 0;
}

static int copy_bytes(const mt_storage *s, void *to, const void *from, int64_t bytes) {
  const mt_device *d = mt_device_get(s->device);
  if (bytes == 0) return 0;
  if (s->device == MT_CPU) {
    memcpy(to, from, (size_t)bytes);
    return 0;
  }
  void *host = malloc((size_t)bytes); /* rare: only a growing storage with contents on a device comes here */
  if (!host) return mt_fail("storage: not enough memory");
  int rc = d->to_cpu(s->index, host, from, (size_t)bytes) || d->from_cpu(s->index, to, host, (size_t)bytes);
  free(host);
  return rc;
}

int mt_storage_resize(mt_storage *s, int64_t size) {
  if (check_kind("resize", s->dtype, s->device, size)) return 1;
  int64_t width = mt_dtype_size(s->dtype), bytes = size * width, capacity = 0;
  if (bytes <= s->capacity && (s->data || size == 0) && s->origin == MT_OWNED) {
    s->size = size;
    return 0;
  }
  if (s->origin != MT_OWNED) {
    if (size == s->size) return 0;
    return mt_fail("resize: memory that is mapped or owned by others cannot change its size (%lld to %lld "
                   "elements)",
                   (long long)s->size, (long long)size);
  }
  if (s->context) return mt_fail("resize: other storages are windows of this memory, so it cannot move");
  void *data = mt_allocate(s->device, s->index, (size_t)bytes, &capacity);
  if (!data) return 1;
  if (copy_bytes(s, data, s->data, (s->size < size ? s->size : size) * width)) {
    mt_deallocate(s->device, s->index, data, capacity);
    return 1;
  }
  drop_memory(s);
  s->data = data;
  s->capacity = capacity;
  s->size = size;
  return 0;
}

int mt_storage_copy(mt_storage *dst, const mt_storage *src) {
  if (dst->size != src->size)
    return mt_fail("copy: storages of %lld and %lld elements", (long long)dst->size, (long long)src->size);
  mt_tensor *a = mt_tensor_new(dst->dtype, dst->device), *b = mt_tensor_new(src->dtype, src->device);
  int rc = !a || !b || mt_tensor_set_storage(a, dst, 0, 1, &dst->size, NULL) ||
           mt_tensor_set_storage(b, (mt_storage *)src, 0, 1, &src->size, NULL) || mt_copy(a, b);
  mt_tensor_free(a);
  mt_tensor_free(b);
  return rc;
}

/* One element as a tensor. */
static mt_tensor element(mt_storage *s) {
  mt_tensor t = {.storage = s, .dtype = s->dtype, .device = s->device, .index = s->index};
  return t;
}

int mt_storage_get(mt_storage *s, int64_t index, double *value) {
  mt_tensor t = element(s);
  return mt_tensor_get(&t, index, value);
}

int mt_storage_put(mt_storage *s, int64_t index, double value) {
  mt_tensor t = element(s);
  return mt_tensor_put(&t, index, value);
}

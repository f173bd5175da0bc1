/* table.c: reference-counted tables outside of Lua's heap: their items, and how they end. */
#include "table.h"

#include <string.h>

/* -- Counted memory ----------------------------------------------------------------------------------------- */

static void *new_counted(size_t bytes) {
  int64_t capacity;
  mt_counted *c = mt_allocate(MT_CPU, 0, bytes, &capacity);
  if (!c) return NULL;
  c->refs = 1;
  c->capacity = capacity;
  return c;
}

static void retain_counted(mt_counted *c) { __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED); }

/* Whether that was the last reference. */
static int release_counted(mt_counted *c) { return __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0; }

static void free_counted(mt_counted *c) { mt_deallocate(MT_CPU, 0, c, c->capacity); }

/* -- Items -------------------------------------------------------------------------------------------------- */

static int is_table(int type) { return type == MT_HASH || type == MT_VEC || type == MT_COUNTER; }

static int text_from(mt_value *value, const mt_item *item) {
  if (item->length < 0) return mt_fail("table: a text of %lld bytes", (long long)item->length);
  mt_bytes *bytes = new_counted(sizeof *bytes + (size_t)item->length);
  if (!bytes) return 1;
  bytes->length = item->length;
  if (item->length > 0) memcpy(bytes->data, item->object, (size_t)item->length);
  value->as.bytes = bytes;
  return 0;
}

static int tensor_from(mt_value *value, const mt_item *item) {
  const mt_tensor *t = item->object;
  mt_boxed *boxed = new_counted(sizeof *boxed);
  if (!boxed) return 1;
  boxed->tensor = (mt_tensor){.dtype = t->dtype, .device = t->device};
  if (mt_tensor_set(&boxed->tensor, t)) {
    free_counted(&boxed->head);
    return 1;
  }
  value->as.boxed = boxed;
  return 0;
}

static mt_guest *guest_of(const mt_item *item) {
  return (mt_guest *)((char *)item->object - offsetof(mt_guest, foreign));
}

int mt_value_from(mt_value *value, const mt_item *item) {
  *value = (mt_value){.type = item->type};
  switch (item->type) {
    case MT_NIL: return 0;
    case MT_NUMBER:
    case MT_BOOLEAN: value->as.number = item->number; return 0;
    case MT_TEXT: return text_from(value, item);
    case MT_FOREIGN:
      value->as.guest = guest_of(item);
      retain_counted(&value->as.guest->head);
      return 0;
    case MT_TENSOR: return tensor_from(value, item);
    case MT_STORAGE: value->as.storage = mt_storage_retain((mt_storage *)item->object); return 0;
    default:
      if (!is_table(item->type)) return mt_fail("table: items of type %d are unknown", item->type);
      value->as.table = mt_table_retain((mt_table *)item->object);
      return 0;
  }
}

void mt_value_to(mt_value value, mt_item *item) {
  *item = (mt_item){.type = value.type};
  if (value.type == MT_NUMBER || value.type == MT_BOOLEAN) {
    item->number = value.as.number;
  } else if (value.type == MT_TEXT) {
    retain_counted(&value.as.bytes->head);
    item->object = value.as.bytes->data;
    item->length = value.as.bytes->length;
  } else if (value.type == MT_FOREIGN) {
    retain_counted(&value.as.guest->head);
    item->object = &value.as.guest->foreign;
  } else if (value.type == MT_TENSOR) {
    retain_counted(&value.as.boxed->head);
    item->object = &value.as.boxed->tensor;
  } else if (value.type == MT_STORAGE) {
    item->object = mt_storage_retain(value.as.storage);
  } else if (is_table(value.type)) {
    item->object = mt_table_retain(value.as.table);
  }
}

/* The value whose reference the item holds. */
static mt_value value_of(const mt_item *item) {
  mt_value v = {.type = item->type};
  char *object = (char *)item->object;
  if (item->type == MT_TEXT)
    v.as.bytes = (mt_bytes *)(object - offsetof(mt_bytes, data));
  else if (item->type == MT_FOREIGN)
    v.as.guest = guest_of(item);
  else if (item->type == MT_TENSOR)
    v.as.boxed = (mt_boxed *)(object - offsetof(mt_boxed, tensor));
  else if (item->type == MT_STORAGE)
    v.as.storage = (mt_storage *)item->object;
  else if (is_table(item->type))
    v.as.table = (mt_table *)item->object;
  return v;
}

int mt_item_wrap(mt_item *item, void *object, void (*release)(void *object)) {
  mt_guest *guest = new_counted(sizeof *guest);
  if (!guest) return 1;
  guest->foreign = (mt_foreign){object, release};
  *item = (mt_item){.type = MT_FOREIGN, .object = &guest->foreign};
  return 0;
}

void mt_item_release(mt_item *item) {
  mt_value_drop(value_of(item));
  *item = (mt_item){.type = MT_NIL};
}

/* -- The end of values -------------------------------------------------------------------------------------- */

/* Gives back a reference. A table that nobody holds any more goes onto the list: tables within tables may be many, and
 * freeing them one from within the other would need as much stack. */
static void release_value(mt_value v, mt_table **list) {
  if (v.type == MT_TEXT) {
    if (release_counted(&v.as.bytes->head)) free_counted(&v.as.bytes->head);
  } else if (v.type == MT_TENSOR) {
    if (!release_counted(&v.as.boxed->head)) return;
    mt_tensor_release(&v.as.boxed->tensor);
    free_counted(&v.as.boxed->head);
  } else if (v.type == MT_FOREIGN) {
    if (!release_counted(&v.as.guest->head)) return;
    v.as.guest->foreign.release(v.as.guest->foreign.object);
    free_counted(&v.as.guest->head);
  } else if (v.type == MT_STORAGE) {
    mt_storage_free(v.as.storage);
  } else if (is_table(v.type) && release_counted(&v.as.table->head)) {
    v.as.table->next = *list;
    *list = v.as.table;
  }
}

static void release_content(mt_table *t, mt_table **list) {
  if (t->type == MT_VEC)
    for (int64_t i = 0; i < t->size; i++) release_value(t->as.values[i], list);
  if (t->type == MT_HASH)
    for (int64_t i = 0; i < t->used; i++) {
      if (t->as.entries[i].key.type == MT_NIL) continue;
      release_value(t->as.entries[i].key, list);
      release_value(t->as.entries[i].value, list);
    }
}

static void free_list(mt_table *list) {
  while (list) {
    mt_table *t = list;
    list = t->next;
    release_content(t, &list);
    mt_deallocate(MT_CPU, 0, t->as.values, t->data_capacity);
    mt_deallocate(MT_CPU, 0, t->slots, t->slots_capacity);
    pthread_mutex_destroy(&t->lock);
    free_counted(&t->head);
  }
}

void mt_values_drop(mt_value *values, int64_t n) {
  mt_table *list = NULL;
  for (int64_t i = 0; i < n; i++) release_value(values[i], &list);
  free_list(list);
}

void mt_value_drop(mt_value value) { mt_values_drop(&value, 1); }

/* -- Tables ------------------------------------------------------------------------------------------------- */

mt_table *mt_table_new(int type) {
  if (!is_table(type)) {
    mt_fail("table: there is no type %d", type);
    return NULL;
  }
  mt_table *t = new_counted(sizeof *t);
  if (!t) return NULL;
  mt_counted head = t->head;
  *t = (mt_table){.head = head, .type = type};
  pthread_mutex_init(&t->lock, NULL);
  return t;
}

mt_table *mt_table_retain(mt_table *t) {
  retain_counted(&t->head);
  return t;
}

void mt_table_free(mt_table *t) {
  if (t) mt_value_drop((mt_value){.type = t->type, .as.table = t});
}

int mt_table_type(const mt_table *t) { return t->type; }

int64_t mt_table_size(mt_table *t) {
  pthread_mutex_lock(&t->lock);
  int64_t size = t->size;
  pthread_mutex_unlock(&t->lock);
  return size;
}

int64_t mt_counter_add(mt_table *t, int64_t change) {
  pthread_mutex_lock(&t->lock);
  int64_t before = t->size;
  t->size = (int64_t)((uint64_t)before + (uint64_t)change);
  pthread_mutex_unlock(&t->lock);
  return before;
}

void mt_counter_set(mt_table *t, int64_t count) {
  pthread_mutex_lock(&t->lock);
  t->size = count;
  pthread_mutex_unlock(&t->lock);
}

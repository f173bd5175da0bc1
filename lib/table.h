/* table.h: the insides of hashes, vectors and counters (see moontorch.h), which table.c, hash.c and vec.c share. */
#ifndef MOONTORCH_TABLE_H
#define MOONTORCH_TABLE_H
#include "internal.h"

#include <pthread.h>

/* What counted memory begins with: texts, views of tensors and tables. */
typedef struct mt_counted {
  int32_t refs;
  int64_t capacity; /* bytes, as mt_allocate gave them */
} mt_counted;

typedef struct mt_bytes {
  mt_counted head;
  int64_t length;
  char data[];
} mt_bytes;

typedef struct mt_boxed {
  mt_counted head;
  mt_tensor tensor;
} mt_boxed;

typedef struct mt_guest {
  mt_counted head;
  mt_foreign foreign;
} mt_guest;

/* An item as tables hold it, with a reference of its own. */
typedef struct mt_value {
  int32_t type;
  union {
    double number;
    mt_bytes *bytes;
    mt_boxed *boxed;
    mt_guest *guest;
    mt_storage *storage;
    mt_table *table;
  } as;
} mt_value;

typedef struct mt_entry {
  mt_value key, value; /* an entry that was taken away has the key MT_NIL */
  uint64_t hash;
} mt_entry;

struct mt_table {
  mt_counted head;
  int32_t type;
  pthread_mutex_t lock; /* held for every look at what follows */
  mt_table *next;       /* of those that wait to be freed */
  int64_t size;         /* entries, elements, or the count of a counter */
  union {
    mt_value *values;  /* of a vector: size of them */
    mt_entry *entries; /* of a hash: used of them, in the order they came in */
  } as;
  int64_t data_capacity; /* bytes at values or entries */
  int64_t used, room;    /* entries in use, with those taken away, and that there is room for */
  uint32_t *slots;       /* of a hash: 2·room places; 0, or 1 + the number of an entry */
  int64_t slots_capacity;
};

/* A value that holds the item: 0, or nonzero after mt_fail. */
int mt_value_from(mt_value *value, const mt_item *item);
/* The item, holding a reference. */
void mt_value_to(mt_value value, mt_item *item);
/* Gives the value's reference back, and frees what nobody else holds. Never with a lock held. */
void mt_value_drop(mt_value value);
/* n values, moved out of a table, of which each gives its reference back. */
void mt_values_drop(mt_value *values, int64_t n);

#endif

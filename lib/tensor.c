/* tensor.c: tensors as strided views of storages, and the checks that every op shares. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* -- Life --------------------------------------------------------------------------------------------------- */

mt_tensor *mt_tensor_new(int dtype, int device) {
  if (dtype < 0 || dtype >= MT_DTYPES || device < 0 || device >= MT_MAX_DEVICE) {
    mt_fail("tensor: dtype %d on device %d is unknown", dtype, device);
    return NULL;
  }
  mt_tensor *t = malloc(sizeof *t);
  if (!t) {
    mt_fail("tensor: not enough memory");
    return NULL;
  }
  memset(t, 0, offsetof(mt_tensor, size));
  t->dtype = (uint8_t)dtype;
  t->device = (uint8_t)device;
  return t;
}

void mt_tensor_release(mt_tensor *t) {
  mt_storage_free(t->storage);
  t->storage = NULL;
  t->offset = 0;
  t->dim = 0;
}

void mt_tensor_free(mt_tensor *t) {
  if (!t) return;
  mt_storage_free(t->storage);
  free(t);
}

/* -- Shape -------------------------------------------------------------------------------------------------- */

int64_t mt_tensor_numel(const mt_tensor *t) {
  if (t->dim == 0) return 0;
  int64_t n = 1;
  for (int i = 0; i < t->dim; i++) n *= t->size[i];
  return n;
}

int mt_tensor_is_contiguous(const mt_tensor *t) {
  int64_t expected = 1;
  for (int i = t->dim - 1; i >= 0; i--) {
    if (t->size[i] == 1) continue;
    if (t->stride[i] != expected) return mt_tensor_numel(t) == 0;
    expected *= t->size[i];
  }
  return 1;
}

void *mt_tensor_data(const mt_tensor *t) {
  if (!t->storage || !t->storage->data) return NULL;
  return (char *)t->storage->data + t->offset * mt_dtype_size(t->dtype);
}

static void set_shape(mt_tensor *t, int dim, const int64_t *size, const int64_t *stride) {
  int64_t step = 1;
  t->dim = dim;
  if (dim > 0 && size != t->size) memmove(t->size, size, (size_t)dim * sizeof *size);
  for (int i = dim - 1; i >= 0; i--) {
    if (stride)
      t->stride[i] = stride[i];
    else
      t->stride[i] = step;
    step *= t->size[i] > 1 ? t->size[i] : 1;
  }
}

/* So few that sums and byte counts of such numbers fit in int64. */
static const int64_t most_elements = INT64_MAX / 64;

int64_t mt_checked_count(const char *what, int dim, const int64_t *size) {
  int64_t n = 1;
  if (dim < 0 || dim > MT_MAX_DIM)
    return mt_fail("%s: %d dimensions, at most %d are possible", what, dim, MT_MAX_DIM), -1;
  for (int i = 0; i < dim; i++) {
    if (size[i] < 0) return mt_fail("%s: size %lld of dimension %d is negative", what, (long long)size[i], i + 1), -1;
    if (__builtin_mul_overflow(n, size[i] > 0 ? size[i] : 1, &n) || n > most_elements)
      return mt_fail("%s: sizes %s are more than memory can hold", what, mt_sizes_text(dim, size).text), -1;
  }
  for (int i = 0; i < dim; i++)
    if (size[i] == 0) return 0;
  return dim == 0 ? 0 : n;
}

int mt_tensor_resize(mt_tensor *t, int dim, const int64_t *size) {
  if (dim == t->dim && (dim == 0 || !memcmp(size, t->size, (size_t)dim * sizeof *size)))
    if (t->storage || dim == 0) return 0;
  int64_t n = mt_checked_count("resize", dim, size);
  if (n < 0) return 1;
  if (!t->storage) {
    if (!(t->storage = mt_storage_new(t->dtype, t->device, n))) return 1;
    t->index = t->storage->index;
    t->offset = 0;
  } else if (t->offset + n > t->storage->size && mt_storage_resize(t->storage, t->offset + n)) {
    return 1;
  }
  set_shape(t, dim, size, NULL);
  return 0;
}

int mt_tensor_set(mt_tensor *t, const mt_tensor *src) {
  if (t == src) return 0;
  if (t->dtype != src->dtype || t->device != src->device)
    return mt_fail("set: expected a %s tensor, got a %s one", mt_type_text(t).text, mt_type_text(src).text);
  mt_storage_retain(src->storage);
  mt_storage_free(t->storage);
  t->storage = src->storage;
  t->index = src->index;
  t->offset = src->offset;
  t->dim = src->dim;
  memcpy(t->size, src->size, (size_t)src->dim * sizeof *src->size);
  memcpy(t->stride, src->stride, (size_t)src->dim * sizeof *src->stride);
  return 0;
}

/* Whether all elements of such a view lie within count elements; fails with a message otherwise. */
static int check_extent(int64_t count, int64_t offset, int dim, const int64_t *size, const int64_t *stride) {
  int64_t last = offset, reach;
  for (int i = 0; i < dim; i++) {
    if (stride[i] < 0) return mt_fail("set: stride %lld of dimension %d is negative", (long long)stride[i], i + 1);
    if (size[i] == 0) return 0;
    if (__builtin_mul_overflow(size[i] - 1, stride[i], &reach) || __builtin_add_overflow(last, reach, &last))
      return mt_fail("set: sizes and strides reach beyond any memory");
  }
  if (dim > 0 && last >= count)
    return mt_fail("set: the view needs %lld elements, the storage has %lld", (long long)last + 1, (long long)count);
  return 0;
}

int mt_tensor_set_storage(mt_tensor *t, mt_storage *s, int64_t offset, int dim, const int64_t *size,
                          const int64_t *stride) {
  mt_tensor view;
  if (s && (s->dtype != t->dtype || s->device != t->device))
    return mt_fail("set: expected a storage of %s, got one of %s", mt_dtype_name(t->dtype), mt_dtype_name(s->dtype));
  if (offset < 0) return mt_fail("set: the offset is negative");
  if (offset > most_elements) return mt_fail("set: the offset is beyond any memory");
  if (mt_checked_count("set", dim, size) < 0) return 1;
  set_shape(&view, dim, size, stride);
  if (check_extent(s ? s->size : 0, offset, dim, view.size, view.stride)) return 1;
  mt_storage_retain(s);
  mt_storage_free(t->storage);
  t->storage = s;
  t->index = s ? s->index : 0;
  t->offset = offset;
  set_shape(t, dim, view.size, view.stride);
  return 0;
}

/* -- Single elements ---------------------------------------------------------------------------------------- */

int mt_tensor_get(const mt_tensor *t, int64_t storage_index, double *value) {
  mt_tensor from = *t, to;
  if (!t->storage || storage_index < 0 || storage_index >= t->storage->size)
    return mt_fail("get: element %lld of %lld", (long long)storage_index + 1,
                   (long long)(t->storage ? t->storage->size : 0));
  mt_storage *s = mt_storage_external(MT_DOUBLE, MT_CPU, value, 1, NULL, NULL);
  if (!s) return 1;
  from.offset = storage_index;
  from.dim = 1;
  from.size[0] = from.stride[0] = 1;
  to = from;
  to.dtype = MT_DOUBLE;
  to.device = MT_CPU;
  to.storage = s;
  to.offset = 0;
  int rc = mt_copy(&to, &from);
  mt_storage_free(s);
  return rc;
}

int mt_tensor_put(mt_tensor *t, int64_t storage_index, double value) {
  mt_tensor one = *t;
  if (!t->storage || storage_index < 0 || storage_index >= t->storage->size)
    return mt_fail("put: element %lld of %lld", (long long)storage_index + 1,
                   (long long)(t->storage ? t->storage->size : 0));
  one.offset = storage_index;
  one.dim = 1;
  one.size[0] = one.stride[0] = 1;
  return mt_fill(&one, value);
}

/* -- Checks that ops share ---------------------------------------------------------------------------------- */

int mt_same_sizes(const mt_tensor *a, const mt_tensor *b) {
  return a->dim == b->dim && (a->dim == 0 || !memcmp(a->size, b->size, (size_t)a->dim * sizeof *a->size));
}

static void byte_range(const mt_tensor *t, const char **first, const char **end) {
  int64_t reach = 0, width = mt_dtype_size(t->dtype);
  for (int i = 0; i < t->dim; i++) reach += (t->size[i] - 1) * t->stride[i];
  *first = mt_tensor_data(t);
  *end = *first + (reach + 1) * width;
}

int mt_overlap(const mt_tensor *a, const mt_tensor *b) {
  const char *a0, *a1, *b0, *b1;
  if (a->device != b->device || mt_tensor_numel(a) == 0 || mt_tensor_numel(b) == 0) return 0;
  byte_range(a, &a0, &a1);
  byte_range(b, &b0, &b1);
  return a0 < b1 && b0 < a1;
}

int mt_prepare(const char *op, mt_tensor *out, int dim, const int64_t *size, const mt_tensor *const *inputs, int n) {
  if (dim == out->dim && (dim == 0 || !memcmp(size, out->size, (size_t)dim * sizeof *size))) {
    if (dim == 0 || out->storage) return 0;
  }
  for (int i = 0; i < n; i++)
    if (inputs[i] && (inputs[i] == out || mt_overlap(inputs[i], out)))
      return mt_fail("%s: the result has sizes %s, but it shares memory with an operand of sizes %s", op,
                     mt_sizes_text(dim, size).text, mt_shape_text(inputs[i]).text);
  return mt_tensor_resize(out, dim, size);
}

int mt_check_alike(const char *op, const mt_tensor *const *tensors, int n) {
  const mt_tensor *first = NULL;
  for (int i = 0; i < n; i++) {
    const mt_tensor *t = tensors[i];
    if (!t) continue;
    if (!first) first = t;
    if (t->dtype != first->dtype || t->device != first->device)
      return mt_fail("%s: expected tensors of one type, got %s and %s", op, mt_type_text(first).text,
                     mt_type_text(t).text);
  }
  return 0;
}

int mt_check_dtype(const char *op, const char *what, const mt_tensor *t, int dtype) {
  if (t->dtype == dtype) return 0;
  return mt_fail("%s: expected %s as a tensor of %s, got one of %s", op, what, mt_dtype_name(dtype),
                 mt_dtype_name(t->dtype));
}

int mt_check_dim(const char *op, const mt_tensor *t, int dim) {
  if (dim >= 0 && dim < t->dim) return 0;
  if (t->dim == 0) return mt_fail("%s: the tensor has no elements", op);
  return mt_fail("%s: dimension %d is outside 1..%d", op, dim + 1, t->dim);
}

mt_tensor *mt_contiguous(const mt_tensor *a) {
  mt_tensor *t = mt_tensor_new(a->dtype, a->device);
  if (!t) return NULL;
  int rc = mt_tensor_is_contiguous(a) ? mt_tensor_set(t, a) : mt_tensor_resize(t, a->dim, a->size) || mt_copy(t, a);
  if (!rc) return t;
  mt_tensor_free(t);
  return NULL;
}

mt_tensor mt_as_batch(const mt_tensor *t) {
  mt_tensor v = *t;
  if (t->dim == 3) return v;
  v.dim = 3;
  v.size[0] = 1;
  v.stride[0] = 0;
  for (int i = 0; i < 2; i++) {
    v.size[i + 1] = t->size[i];
    v.stride[i + 1] = t->stride[i];
  }
  return v;
}

void mt_touched(mt_tensor *t) {
  if (t->storage) t->storage->version++;
}

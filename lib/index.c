/* index.c: front doors of the ops that find elements by indices or masks. Indices are checked before anything is
 * written. */
#include "loops.h"

/* -- Checks --------------------------------------------------------------------------------------------------- */

/* Calls check(t's elements in order, how many, argument) on the CPU; t may lie on any device. */
static int with_elements(const mt_tensor *t, int (*check)(const void *elements, int64_t n, void *argument),
                         void *argument) {
  mt_tensor *own = NULL;
  int64_t n = mt_tensor_numel(t);
  if (n == 0) return check(NULL, 0, argument);
  if (t->device == MT_CPU && mt_tensor_is_contiguous(t)) return check(mt_tensor_data(t), n, argument);
  own = mt_tensor_new(t->dtype, MT_CPU);
  int rc = !own || mt_tensor_resize(own, t->dim, t->size) || mt_copy(own, t) || check(mt_tensor_data(own), n, argument);
  mt_tensor_free(own);
  return rc;
}

typedef struct {
  const char *op;
  int64_t size; /* of the indexed dimension */
} bounds;

static int check_bounds(const void *elements, int64_t n, void *argument) {
  const bounds *b = argument;
  const int64_t *index = elements;
  int64_t bad = 0; /* negative where one of the differences is */
  for (int64_t i = 0; i < n; i++) bad |= (index[i] - 1) | (b->size - index[i]);
  for (int64_t i = 0; bad < 0 && i < n; i++)
    if (index[i] < 1 || index[i] > b->size)
      return mt_fail("%s: index %lld at element %lld is outside 1..%lld", b->op, (long long)index[i], (long long)i + 1,
                     (long long)b->size);
  return 0;
}

static int check_indices(const char *op, const mt_tensor *index, int64_t size) {
  bounds b = {op, size};
  return with_elements(index, check_bounds, &b);
}

static int add_ones(const void *elements, int64_t n, void *count) {
  const uint8_t *mask = elements;
  int64_t sum = 0;
  for (int64_t i = 0; i < n; i++) sum += mask[i] != 0;
  *(int64_t *)count = sum;
  return 0;
}

static int check_mask(const char *op, const mt_tensor *a, const mt_tensor *mask) {
  if (mt_check_dtype(op, "the mask", mask, MT_UINT8)) return 1;
  if (mask->device != a->device)
    return mt_fail("%s: expected the mask on the device of a %s tensor, got a %s one", op, mt_type_text(a).text,
                   mt_type_text(mask).text);
  if (mt_tensor_numel(mask) == mt_tensor_numel(a)) return 0;
  return mt_fail("%s: expected a mask with as many elements as %s, got %s", op, mt_shape_text(a).text,
                 mt_shape_text(mask).text);
}

/* index: one of the elements of a and t (called what), within their sizes except along dim, where only t's counts */
static int check_fits(const char *op, const mt_tensor *index, const char *what, const mt_tensor *t, int dim) {
  int fits = index->dim == t->dim;
  for (int i = 0; fits && i < t->dim; i++) fits = i == dim || index->size[i] <= t->size[i];
  if (fits) return 0;
  return mt_fail("%s: an index of sizes %s does not fit %s of sizes %s", op, mt_shape_text(index).text, what,
                 mt_shape_text(t).text);
}

/* An index for slices: one-dimensional, or without elements. */
static int check_slice_index(const char *op, const mt_tensor *t, int dim, const mt_tensor *index) {
  if (mt_check_dim(op, t, dim) || mt_check_index_type(op, index, t)) return 1;
  if (index->dim > 1) return mt_fail("%s: expected an index of one dimension, got %s", op, mt_shape_text(index).text);
  return check_indices(op, index, t->size[dim]);
}

/* src must have t's sizes, but along dim as many as the index. */
static int check_slices(const char *op, const mt_tensor *t, int dim, const mt_tensor *index, const mt_tensor *src) {
  int64_t size[MT_MAX_DIM], count = mt_tensor_numel(index);
  int same = src->dim == t->dim;
  for (int i = 0; i < t->dim; i++) {
    size[i] = i == dim ? count : t->size[i];
    same = same && src->size[i] == size[i];
  }
  if (same || (count == 0 && src->dim == 0)) return 0;
  return mt_fail("%s: expected a source of sizes %s, got %s", op, mt_sizes_text(t->dim, size).text,
                 mt_shape_text(src).text);
}

/* -- One index for each element ----------------------------------------------------------------------------- */

int mt_gather(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  const mt_tensor *inputs[] = {a, index}, *all[] = {a, out};
  if (mt_stopped() || mt_check_alike("gather", all, 2) || mt_check_index_type("gather", index, a)) return 1;
  if (index->dim > 0) {
    if (mt_check_dim("gather", a, dim) || check_fits("gather", index, "a tensor", a, dim)) return 1;
    if (check_indices("gather", index, a->size[dim])) return 1;
  }
  mt_kernel kernel = mt_kernel_for(MT_OP_gather, a);
  if (!kernel || mt_prepare("gather", out, index->dim, index->size, inputs, 2)) return 1;
  mt_tensor *target = mt_target(out, inputs, 2);
  if (!target) return 1;
  int rc = mt_tensor_numel(index) == 0 ? 0 : ((mt_gather_kernel)kernel)(target, a, dim, index);
  return mt_target_done(out, target, rc);
}

/* The checks of both scatters; src may be NULL. */
static int check_scatter(const char *op, const mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  const mt_tensor *all[] = {out, src};
  if (mt_stopped() || mt_check_alike(op, all, 2) || mt_check_index_type(op, index, out)) return 1;
  if (index->dim == 0) return 0;
  if (mt_check_dim(op, out, dim) || check_fits(op, index, "a tensor", out, dim)) return 1;
  if (src && check_fits(op, index, "a source", src, -1)) return 1;
  return check_indices(op, index, out->size[dim]);
}

int mt_scatter(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value) {
  if (check_scatter("scatter", out, dim, index, src)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_scatter, out);
  if (!kernel) return 1;
  if (mt_tensor_numel(index) == 0) return 0;
  mt_tensor *i = mt_apart(index, out), *s = i && src ? mt_apart(src, out) : NULL;
  int rc = !i || (src && !s) || ((mt_scatter_kernel)kernel)(out, dim, i, s, value);
  mt_tensor_free(i);
  mt_tensor_free(s);
  if (!rc) mt_touched(out);
  return rc;
}

int mt_scatter_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  if (check_scatter("scatter_add", out, dim, index, src)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_scatter_add, out);
  if (!kernel) return 1;
  if (mt_tensor_numel(index) == 0) return 0;
  mt_tensor *i = mt_apart(index, out), *s = i ? mt_apart(src, out) : NULL;
  int rc = !s || ((mt_scatter_add_kernel)kernel)(out, dim, i, s);
  mt_tensor_free(i);
  mt_tensor_free(s);
  if (!rc) mt_touched(out);
  return rc;
}

/* -- One index for each slice --------------------------------------------------------------------------------- */

int mt_index_select(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  const mt_tensor *inputs[] = {a, index}, *all[] = {a, out};
  int64_t size[MT_MAX_DIM];
  if (mt_stopped() || mt_check_alike("index_select", all, 2)) return 1;
  if (check_slice_index("index_select", a, dim, index)) return 1;
  for (int i = 0; i < a->dim; i++) size[i] = i == dim ? mt_tensor_numel(index) : a->size[i];
  mt_kernel kernel = mt_kernel_for(MT_OP_index_select, a);
  if (!kernel || mt_prepare("index_select", out, a->dim, size, inputs, 2)) return 1;
  mt_tensor *target = mt_target(out, inputs, 2);
  if (!target) return 1;
  int rc = mt_tensor_numel(target) == 0 ? 0 : ((mt_index_select_kernel)kernel)(target, a, dim, index);
  return mt_target_done(out, target, rc);
}

static int write_slices(int op, mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  const char *name = mt_op_name(op);
  const mt_tensor *all[] = {out, src};
  if (mt_stopped() || mt_check_alike(name, all, 2)) return 1;
  if (check_slice_index(name, out, dim, index) || check_slices(name, out, dim, index, src)) return 1;
  mt_kernel kernel = mt_kernel_for(op, out);
  if (!kernel) return 1;
  if (mt_tensor_numel(src) == 0) return 0;
  mt_tensor *i = mt_apart(index, out), *s = i ? mt_apart(src, out) : NULL;
  int rc = !s || ((mt_index_write_kernel)kernel)(out, dim, i, s);
  mt_tensor_free(i);
  mt_tensor_free(s);
  if (!rc) mt_touched(out);
  return rc;
}

int mt_index_copy(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return write_slices(MT_OP_index_copy, out, dim, index, src);
}

int mt_index_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return write_slices(MT_OP_index_add, out, dim, index, src);
}

int mt_index_fill(mt_tensor *out, int dim, const mt_tensor *index, double value) {
  if (mt_stopped() || check_slice_index("index_fill", out, dim, index)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_index_fill, out);
  if (!kernel) return 1;
  if (mt_tensor_numel(index) == 0 || mt_tensor_numel(out) == 0) return 0;
  mt_tensor *i = mt_apart(index, out);
  int rc = !i || ((mt_index_fill_kernel)kernel)(out, dim, i, value);
  mt_tensor_free(i);
  if (!rc) mt_touched(out);
  return rc;
}

/* -- Masks ---------------------------------------------------------------------------------------------------- */

int mt_masked_select(mt_tensor *out, const mt_tensor *a, const mt_tensor *mask) {
  const mt_tensor *inputs[] = {a, mask}, *all[] = {a, out};
  int64_t count = 0;
  if (mt_stopped() || mt_check_alike("masked_select", all, 2) || check_mask("masked_select", a, mask)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_masked_select, a);
  if (!kernel || with_elements(mask, add_ones, &count)) return 1;
  mt_tensor *m = mt_contiguous(mask), *target = NULL;
  int rc = !m || mt_prepare("masked_select", out, count > 0, &count, inputs, 2);
  if (!rc) rc = !(target = mt_target(out, inputs, 2));
  if (!rc) rc = mt_target_done(out, target, count > 0 && ((mt_masked_select_kernel)kernel)(target, a, m));
  mt_tensor_free(m);
  return rc;
}

/* t's elements side by side, and not in out's memory */
static mt_tensor *packed_apart(const mt_tensor *t, const mt_tensor *out) {
  return mt_overlap(t, out) ? mt_apart(t, out) : mt_contiguous(t);
}

int mt_masked_copy(mt_tensor *out, const mt_tensor *mask, const mt_tensor *src) {
  const mt_tensor *all[] = {out, src};
  int64_t count = 0;
  if (mt_stopped() || mt_check_alike("masked_copy", all, 2) || check_mask("masked_copy", out, mask)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_masked_copy, out);
  if (!kernel || with_elements(mask, add_ones, &count)) return 1;
  if (mt_tensor_numel(src) < count)
    return mt_fail("masked_copy: the mask has %lld ones, the source only %lld elements", (long long)count,
                   (long long)mt_tensor_numel(src));
  if (count == 0) return 0;
  mt_tensor *m = packed_apart(mask, out), *s = m ? packed_apart(src, out) : NULL;
  int rc = !s || ((mt_masked_copy_kernel)kernel)(out, m, s);
  mt_tensor_free(m);
  mt_tensor_free(s);
  if (!rc) mt_touched(out);
  return rc;
}

int mt_nonzero(mt_tensor *out, const mt_tensor *a) {
  if (mt_stopped() || mt_check_index_type("nonzero", out, a)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_nonzero, a);
  if (!kernel) return 1;
  /* out's size is only known afterwards, and it may share memory with a: so it changes last */
  mt_tensor *found = mt_tensor_new(MT_INT64, a->device);
  const mt_tensor *inputs[] = {a};
  int rc = !found || ((mt_nonzero_kernel)kernel)(found, a);
  if (!rc) rc = mt_prepare("nonzero", out, found->dim, found->size, inputs, 1) || mt_copy(out, found);
  mt_tensor_free(found);
  if (!rc) mt_touched(out);
  return rc;
}

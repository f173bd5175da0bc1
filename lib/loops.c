/* loops.c: walking several strided tensors together, and the checks that ops with two results or indices share. */
#include "loops.h"

static int mergeable(const mt_loops *l, int outer, int inner) {
  for (int k = 0; k < l->operands; k++)
    if (l->step[k][outer] != l->step[k][inner] * l->size[inner]) return 0;
  return 1;
}

static void merge(mt_loops *l) {
  int last = 0;
  for (int i = 1; i < l->dim; i++) {
    if (mergeable(l, last, i))
      l->size[last] *= l->size[i];
    else
      l->size[++last] = l->size[i];
    for (int k = 0; k < l->operands; k++) l->step[k][last] = l->step[k][i];
  }
  l->dim = last + 1;
}

void mt_loops_over(mt_loops *l, const mt_tensor *shape, int skip, const mt_tensor *const *operand, int operands) {
  int64_t count = shape->dim > 0;
  l->dim = 0;
  l->operands = operands;
  for (int i = 0; i < shape->dim; i++) {
    if (i == skip || shape->size[i] == 1) continue;
    count *= shape->size[i];
    l->size[l->dim] = shape->size[i];
    for (int k = 0; k < operands; k++) l->step[k][l->dim] = operand[k]->stride[i];
    l->dim++;
  }
  if (l->dim == 0) {
    l->size[l->dim++] = 1;
    for (int k = 0; k < operands; k++) l->step[k][0] = 1;
  }
  if (count > 0) merge(l);
  l->rows = count > 0 ? count / l->size[l->dim - 1] : 0;
}

static void swap(int64_t *a, int64_t *b) {
  int64_t t = *a;
  *a = *b;
  *b = t;
}

void mt_loops_sort(mt_loops *l) {
  for (int i = 1; i < l->dim; i++)
    for (int j = i; j > 0 && l->step[0][j - 1] < l->step[0][j]; j--) {
      swap(&l->size[j - 1], &l->size[j]);
      for (int k = 0; k < l->operands; k++) swap(&l->step[k][j - 1], &l->step[k][j]);
    }
  if (l->rows == 0) return;
  int64_t count = 1;
  for (int i = 0; i < l->dim; i++) count *= l->size[i];
  merge(l);
  l->rows = count / l->size[l->dim - 1];
}

void mt_row_seek(const mt_loops *l, mt_row *r, int64_t row) {
  for (int k = 0; k < l->operands; k++) r->offset[k] = 0;
  for (int i = l->dim - 2; i >= 0; i--) {
    r->at[i] = row % l->size[i];
    row /= l->size[i];
    for (int k = 0; k < l->operands; k++) r->offset[k] += r->at[i] * l->step[k][i];
  }
}

void mt_row_next(const mt_loops *l, mt_row *r) {
  for (int i = l->dim - 2; i >= 0; i--) {
    for (int k = 0; k < l->operands; k++) r->offset[k] += l->step[k][i];
    if (++r->at[i] < l->size[i]) return;
    for (int k = 0; k < l->operands; k++) r->offset[k] -= r->at[i] * l->step[k][i];
    r->at[i] = 0;
  }
}

int mt_prepare_pair(const char *op, mt_tensor *out, mt_tensor *index, int dim, const int64_t *size,
                    const mt_tensor *const *inputs, int n) {
  if (out == index || mt_overlap(out, index)) return mt_fail("%s: the result and its index share memory", op);
  mt_tensor before = *index;
  if (mt_prepare(op, index, dim, size, inputs, n)) return 1;
  if (!mt_prepare(op, out, dim, size, inputs, n)) return 0;
  if (!before.storage) mt_storage_free(index->storage);
  *index = before;
  return 1;
}

mt_tensor *mt_apart(const mt_tensor *t, const mt_tensor *out) {
  mt_tensor *own = mt_tensor_new(t->dtype, t->device);
  if (!own) return NULL;
  int rc = mt_overlap(t, out) ? mt_tensor_resize(own, t->dim, t->size) || mt_copy(own, t) : mt_tensor_set(own, t);
  if (!rc) return own;
  mt_tensor_free(own);
  return NULL;
}

int mt_check_index_type(const char *op, const mt_tensor *index, const mt_tensor *a) {
  if (mt_check_dtype(op, "the index", index, MT_INT64)) return 1;
  if (index->device == a->device) return 0;
  return mt_fail("%s: expected the index on the device of a %s tensor, got a %s one", op, mt_type_text(a).text,
                 mt_type_text(index).text);
}

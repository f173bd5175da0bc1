/* loops.h: what the ops with loops of their own share: walking several strided tensors together, row by row. */
#ifndef MOONTORCH_LOOPS_H
#define MOONTORCH_LOOPS_H
#include "kernels.h"

enum { MT_LOOP_OPERANDS = 3 };

/* The positions of a shape, as rows along its last axis, for up to three tensors at once. Axes of size 1 are dropped
 * and neighbours merged where all tensors allow it. Steps are in elements. */
typedef struct mt_loops {
  int dim; /* 1 or more */
  int operands;
  int64_t rows; /* 0 when there are no positions */
  int64_t size[MT_MAX_DIM];
  int64_t step[MT_LOOP_OPERANDS][MT_MAX_DIM];
} mt_loops;

/* The row that a loop has come to: offset[k] is that of its first element from operand k's first one. */
typedef struct mt_row {
  int64_t at[MT_MAX_DIM];
  int64_t offset[MT_LOOP_OPERANDS];
} mt_row;

/* All positions of shape but those along dimension skip (-1: none), in shape's order. operand[k] has shape's number of
 * dimensions; only its strides are read. */
void mt_loops_over(mt_loops *l, const mt_tensor *shape, int skip, const mt_tensor *const *operand, int operands);
/* Puts the axes in the order of operand 0's memory, widest step first, and merges again. The order of rows changes,
 * that of the positions along any one axis does not. */
void mt_loops_sort(mt_loops *l);
void mt_row_seek(const mt_loops *l, mt_row *r, int64_t row);
void mt_row_next(const mt_loops *l, mt_row *r);

/* For ops with two results of equal sizes: mt_prepare for both, or neither. */
int mt_prepare_pair(const char *op, mt_tensor *out, mt_tensor *index, int dim, const int64_t *size,
                    const mt_tensor *const *inputs, int n);
/* t as a new view, or a contiguous copy where it may share memory with out. Free it with mt_tensor_free. */
mt_tensor *mt_apart(const mt_tensor *t, const mt_tensor *out);
/* Fails unless index is an int64 tensor on a's device. */
int mt_check_index_type(const char *op, const mt_tensor *index, const mt_tensor *a);

#endif

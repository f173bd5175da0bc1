/* iter.c: the one strided, broadcasting loop. Splits the elements over threads and feeds 1-D kernels. */
#include "iter.h"

#include "half.h"

#include <string.h>

/* -- Layout ------------------------------------------------------------------------------------------------- */

static void swap_dims(mt_plan *plan, int i, int j) {
  int64_t size = plan->size[i];
  plan->size[i] = plan->size[j];
  plan->size[j] = size;
  for (int k = 0; k < plan->operands; k++) {
    int64_t step = plan->step[k][i];
    plan->step[k][i] = plan->step[k][j];
    plan->step[k][j] = step;
  }
}

/* Widest steps of the output first: its memory is then written in order. */
static void sort_dims(mt_plan *plan) {
  for (int i = 1; i < plan->dim; i++)
    for (int j = i; j > 0 && plan->step[0][j - 1] < plan->step[0][j]; j--) swap_dims(plan, j - 1, j);
}

static int mergeable(const mt_plan *plan, int outer, int inner) {
  for (int k = 0; k < plan->operands; k++)
    if (plan->step[k][outer] != plan->step[k][inner] * plan->size[inner]) return 0;
  return 1;
}

static void merge_dims(mt_plan *plan) {
  int last = 0;
  for (int i = 1; i < plan->dim; i++) {
    if (mergeable(plan, last, i)) {
      plan->size[last] *= plan->size[i];
    } else {
      last++;
      plan->size[last] = plan->size[i];
    }
    for (int k = 0; k < plan->operands; k++) plan->step[k][last] = plan->step[k][i];
  }
  plan->dim = last + 1;
}

void mt_plan_layout(mt_plan *plan, int dim, const int64_t *size, const mt_tensor *const *operand) {
  plan->dim = 0;
  plan->numel = dim > 0 ? 1 : 0;
  for (int i = 0; i < dim; i++) {
    plan->numel *= size[i];
    if (size[i] == 1) continue;
    for (int k = 0; k < plan->operands; k++) {
      const mt_tensor *t = operand[k];
      int own = t ? i - (dim - t->dim) : -1;
      plan->step[k][plan->dim] = own >= 0 && t->size[own] > 1 ? t->stride[own] * mt_dtype_size(t->dtype) : 0;
    }
    plan->size[plan->dim++] = size[i];
  }
  for (int k = 0; k < plan->operands; k++) {
    plan->data[k] = operand[k] ? mt_tensor_data(operand[k]) : NULL;
    if (plan->dim == 0) plan->step[k][0] = operand[k] ? mt_dtype_size(operand[k]->dtype) : 0;
  }
  if (plan->dim == 0) {
    plan->dim = 1;
    plan->size[0] = plan->numel;
  } else if (plan->dim > 1) {
    sort_dims(plan);
    merge_dims(plan);
  }
}

/* -- Numbers ------------------------------------------------------------------------------------------------ */

double mt_scalar_wrap(int dtype, double value) {
  switch (dtype) {
    case MT_UINT8: return (uint8_t)mt_double_to_int64(value);
    case MT_INT8: return (int8_t)mt_double_to_int64(value);
    case MT_INT16: return (int16_t)mt_double_to_int64(value);
    case MT_INT32: return (int32_t)mt_double_to_int64(value);
    case MT_INT64: return value >= 9223372036854775807.0 ? 9223372036854774784.0 : (double)mt_double_to_int64(value);
    default: return value;
  }
}

void mt_scalar_store(int dtype, double value, void *element) {
  int64_t whole = dtype >= MT_UINT8 ? mt_double_to_int64(value) : 0;
  switch (dtype) {
    case MT_FLOAT: *(float *)element = (float)value; break;
    case MT_DOUBLE: *(double *)element = value; break;
    case MT_HALF: *(mt_half *)element = mt_float_to_half((float)value); break;
    case MT_BFLOAT16: *(mt_bfloat16 *)element = mt_float_to_bfloat16((float)value); break;
    case MT_UINT8: *(uint8_t *)element = (uint8_t)whole; break;
    case MT_INT8: *(int8_t *)element = (int8_t)whole; break;
    case MT_INT16: *(int16_t *)element = (int16_t)whole; break;
    case MT_INT32: *(int32_t *)element = (int32_t)whole; break;
    default: *(int64_t *)element = whole; break;
  }
}

/* -- The loop ----------------------------------------------------------------------------------------------- */

/* Elements begin … end - 1, counted row by row. data, step: of this call, numbers already given an address. */
static void run_range(mt_pointwise_kernel kernel, const mt_plan *plan, char *const *data, int64_t begin, int64_t end) {
  int last = plan->dim - 1, operands = plan->operands;
  int64_t at[MT_MAX_DIM], step[4], rest = begin;
  char *p[4];
  for (int i = last; i >= 0; i--) {
    at[i] = rest % plan->size[i];
    rest /= plan->size[i];
  }
  for (int k = 0; k < operands; k++) {
    step[k] = plan->step[k][last];
    p[k] = data[k];
    for (int i = 0; i <= last; i++) p[k] += at[i] * plan->step[k][i];
  }
  while (begin < end) {
    int64_t n = plan->size[last] - at[last];
    if (n > end - begin) n = end - begin;
    kernel(n, p, step, plan->s, plan->t);
    if ((begin += n) >= end) return;
    for (int k = 0; k < operands; k++) p[k] -= at[last] * step[k];
    at[last] = 0;
    for (int i = last - 1; i >= 0; i--) {
      for (int k = 0; k < operands; k++) p[k] += plan->step[k][i];
      if (++at[i] < plan->size[i]) break;
      for (int k = 0; k < operands; k++) p[k] -= at[i] * plan->step[k][i];
      at[i] = 0;
    }
  }
}

int mt_cpu_pointwise(mt_kernel kernel, const mt_plan *plan) {
  mt_pointwise_kernel run = (mt_pointwise_kernel)kernel;
  int64_t number[4], n = plan->numel;
  char *data[4];
  if (n == 0) return 0;
  for (int k = 0; k < plan->operands; k++) {
    data[k] = plan->data[k];
    if (data[k]) continue;
    mt_scalar_store(plan->dtype, plan->scalar[k], &number[k]);
    data[k] = (char *)&number[k];
  }
  int threads = mt_threads_for(n);
  if (threads == 1) {
    run_range(run, plan, data, 0, n);
    return 0;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < threads; i++) run_range(run, plan, data, n * i / threads, n * (i + 1) / threads);
  return 0;
}

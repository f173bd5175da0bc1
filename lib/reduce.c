/* reduce.c: the front door of the reductions. */
#include "loops.h"

#include <string.h>

/* a as the kernels see it: a tensor without dimensions has one of size 0. The view borrows a's storage. */
static mt_tensor with_dims(const mt_tensor *a) {
  mt_tensor v = *a;
  if (a->dim > 0) return v;
  v.dim = 1;
  v.size[0] = 0;
  v.stride[0] = 1;
  return v;
}

/* out may be double, whatever a is. */
static int check_types(const char *op, const mt_tensor *out, const mt_tensor *a) {
  const mt_tensor *all[] = {a, out};
  if (out->dtype == MT_DOUBLE && out->device == a->device) return 0;
  return mt_check_alike(op, all, 2);
}

static int check_dims(const char *op, const mt_tensor *a, uint32_t dims) {
  for (int i = 0; i < 32; i++)
    if (dims >> i & 1 && mt_check_dim(op, a, i)) return 1;
  return 0;
}

static int check_index(int op, const mt_tensor *out, const mt_tensor *index, const mt_tensor *a, uint32_t dims) {
  const char *name = mt_op_name(op);
  if (op != MT_OP_max && op != MT_OP_min) return mt_fail("%s: gives no index, only max and min do", name);
  if (mt_check_index_type(name, index, a)) return 1;
  if (index == out) return mt_fail("%s: the result and its index share memory", name);
  if (__builtin_popcount(dims) == 1) return 0;
  return mt_fail("%s: expected one dimension for an index, got %d", name, __builtin_popcount(dims));
}

static int check_order(int op, double p) {
  if (op == MT_OP_norm && p != p) return mt_fail("norm: expected a number as p, got NaN");
  if (op == MT_OP_var && p != 0 && p != 1) return mt_fail("var: expected 0 (biased) or 1 (unbiased), got %g", p);
  return 0;
}

/* size: receives a's sizes with 1 in the reduced dimensions */
static int reduced_sizes(int op, const mt_tensor *a, uint32_t dims, int64_t *size) {
  int64_t results = 1, each = 1;
  for (int i = 0; i < a->dim; i++) {
    int reduced = dims >> i & 1;
    size[i] = reduced ? 1 : a->size[i];
    if (reduced)
      each *= a->size[i];
    else
      results *= a->size[i];
  }
  if ((op != MT_OP_max && op != MT_OP_min) || results == 0 || each > 0) return 0;
  return mt_fail("%s: there is nothing to choose from in %s", mt_op_name(op), mt_shape_text(a).text);
}

/* A contiguous tensor as the kernel sees it, with a's number of dimensions. */
static mt_tensor kernel_view(const mt_tensor *t, int dim, const int64_t *size) {
  mt_tensor v = *t;
  int64_t step = 1;
  v.dim = dim;
  for (int i = dim - 1; i >= 0; i--) {
    v.size[i] = size[i];
    v.stride[i] = step;
    step *= size[i];
  }
  return v;
}

static int run(mt_kernel kernel, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p,
               const int64_t *size) {
  mt_tensor o = kernel_view(out, a->dim, size), i;
  if (mt_tensor_numel(&o) == 0) return 0;
  if (index) i = kernel_view(index, a->dim, size);
  return ((mt_reduce_kernel)kernel)(&o, index ? &i : NULL, a, dims, p);
}

int mt_reduce(int op, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p) {
  const char *name = mt_op_name(op);
  const mt_tensor *inputs[] = {a};
  if (!name || strcmp(mt_op_kind(op), "reduce"))
    return mt_fail("reduce: expected a reduction, got op %d (%s)", op, name ? name : "unknown");
  if (mt_stopped() || check_types(name, out, a) || check_dims(name, a, dims) || check_order(op, p)) return 1;
  mt_tensor from = with_dims(a);
  int64_t size[MT_MAX_DIM], one = 1;
  int whole = dims == 0, dim = whole ? 1 : a->dim;
  if (whole) dims = (uint32_t)((1u << from.dim) - 1);
  if (index && check_index(op, out, index, a, dims)) return 1;
  if (reduced_sizes(op, &from, dims, size)) return 1;
  const int64_t *wanted = whole ? &one : size;
  mt_kernel kernel = mt_kernel_for(op, a);
  if (!kernel) return 1;
  if (index ? mt_prepare_pair(name, out, index, dim, wanted, inputs, 1) : mt_prepare(name, out, dim, wanted, inputs, 1))
    return 1;
  mt_tensor *o = mt_target(out, inputs, 1), *i = o && index ? mt_target(index, inputs, 1) : NULL;
  int rc = !o || (index && !i) || run(kernel, o, i, &from, dims, p, size);
  if (o) rc = mt_target_done(out, o, rc);
  return i ? mt_target_done(index, i, rc) : rc;
}

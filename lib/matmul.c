/* matmul.c: products of matrices, of batches of matrices, and of vectors: checks, and portable kernels. */
#include "iter.h"

#include <string.h>

/* The portable kernel works on tiles of this many rows and columns: sums and panel fill half of a 128 kB cache. */
enum { TILE = 64 };

#define MT_TEMPLATE "matmul.tpl.c"
#include "each_dtype.h"

/* -- Views -------------------------------------------------------------------------------------------------- */

/* Whether rows lie one after another: elements of a row side by side, rows at least a row's length apart. */
static int in_lines(int64_t count, int64_t between, int64_t length, int64_t step) {
  return (length <= 1 || step == 1) && (count <= 1 || between >= (length > 1 ? length : 1));
}

/* A view of t as a batch of matrices that are row-major or column-major; a copy where t is neither. Kernels need not
 * allocate then, so that nothing can fail after the result has been begun. */
static int operand(const mt_tensor *t, mt_tensor *view, mt_tensor **copy) {
  *view = mt_as_batch(t);
  *copy = NULL;
  const int64_t *size = view->size, *stride = view->stride;
  if (in_lines(size[1], stride[1], size[2], stride[2]) || in_lines(size[2], stride[2], size[1], stride[1])) return 0;
  if (!(*copy = mt_contiguous(t))) return 1;
  *view = mt_as_batch(*copy);
  return 0;
}

/* c as a view of the given sizes, by repeating dimensions of size 1. Gives 0 where that is impossible. */
static int spread(const mt_tensor *c, int dim, const int64_t *size, mt_tensor *view) {
  int lead = dim - c->dim;
  if (c->dim == 0 || lead < 0) return 0;
  *view = *c;
  view->dim = dim;
  for (int i = 0; i < dim; i++) {
    int64_t own = i < lead ? 1 : c->size[i - lead];
    if (own != size[i] && own != 1) return 0;
    view->size[i] = size[i];
    view->stride[i] = own == size[i] && i >= lead ? c->stride[i - lead] : 0;
  }
  return 1;
}

static int same_view(const mt_tensor *a, const mt_tensor *b) {
  if (mt_tensor_data(a) != mt_tensor_data(b) || !mt_same_sizes(a, b)) return 0;
  for (int i = 0; i < a->dim; i++)
    if (a->size[i] > 1 && a->stride[i] != b->stride[i]) return 0;
  return 1;
}

/* -- Front doors -------------------------------------------------------------------------------------------- */

static int check_operands(const mt_tensor *a, const mt_tensor *b) {
  int d = a->dim;
  if (d == b->dim && (d == 2 || d == 3) && a->size[d - 1] == b->size[d - 2] && (d == 2 || a->size[0] == b->size[0]))
    return 0;
  return mt_fail("matmul: expected n x k and k x m matrices, or batches of them, got %s and %s", mt_shape_text(a).text,
                 mt_shape_text(b).text);
}

int mt_begin_product(mt_tensor *out, const mt_tensor *c) { return c && !same_view(out, c) ? mt_copy(out, c) : 0; }

static int run(mt_kernel kernel, mt_tensor *target, const mt_tensor *c, double beta, double alpha, const mt_tensor *a,
               const mt_tensor *b) {
  int add = c && beta != 0, nothing = a->size[2] == 0 || alpha == 0;
  if (mt_tensor_numel(target) == 0) return 0;
  if (add && beta != 1) {
    if (mt_pointwise(MT_OP_mul, target, c, NULL, NULL, beta, 0)) return 1;
    c = target;
  }
  if (nothing) return add ? mt_begin_product(target, c) : mt_fill(target, 0);
  mt_tensor result = mt_as_batch(target), begun = add ? mt_as_batch(c) : result;
  return ((mt_matmul_kernel)kernel)(&result, alpha, a, b, add ? &begun : NULL);
}

int mt_matmul(mt_tensor *out, const mt_tensor *c, double beta, double alpha, const mt_tensor *a, const mt_tensor *b) {
  const mt_tensor *inputs[] = {a, b, c}, *all[] = {a, b, c, out};
  mt_tensor av, bv, cv, *a_copy, *b_copy = NULL, *target = NULL;
  if (mt_stopped() || mt_check_alike("matmul", all, 4) || check_operands(a, b)) return 1;
  int d = a->dim;
  int64_t size[3] = {a->size[0], d == 2 ? b->size[1] : a->size[1], d == 2 ? 0 : b->size[2]};
  if (c && !spread(c, d, size, &cv))
    return mt_fail("matmul: the addend's sizes %s do not expand to the product's, %s", mt_shape_text(c).text,
                   mt_sizes_text(d, size).text);
  mt_kernel kernel = mt_kernel_for(MT_OP_matmul, a);
  if (!kernel) return 1;
  int rc = operand(a, &av, &a_copy) || operand(b, &bv, &b_copy) || mt_prepare("matmul", out, d, size, inputs, 3);
  /* c may be the result itself, but no other view of its memory */
  if (!rc) rc = !(target = mt_target(out, inputs, c && !same_view(c, out) ? 3 : 2));
  if (!rc) rc = mt_target_done(out, target, run(kernel, target, c ? &cv : NULL, beta, alpha, &av, &bv));
  mt_tensor_free(a_copy);
  mt_tensor_free(b_copy);
  return rc;
}

/* t as one row of n elements with one stride; a copy where there is none. */
static int vector(const mt_tensor *t, int64_t n, mt_tensor *view, mt_tensor **copy) {
  *view = *t;
  *copy = NULL;
  if (t->dim == 1) return 0;
  if (!mt_tensor_is_contiguous(t)) {
    if (!(*copy = mt_contiguous(t))) return 1;
    *view = **copy;
  }
  view->dim = 1;
  view->size[0] = n;
  view->stride[0] = 1;
  return 0;
}

int mt_dot(const mt_tensor *a, const mt_tensor *b, double *value) {
  const mt_tensor *all[] = {a, b};
  mt_tensor av, bv, *a_copy, *b_copy = NULL;
  if (mt_stopped() || mt_check_alike("dot", all, 2)) return 1;
  int64_t n = mt_tensor_numel(a);
  if (n != mt_tensor_numel(b))
    return mt_fail("dot: expected two tensors of one count of elements, got %s and %s", mt_shape_text(a).text,
                   mt_shape_text(b).text);
  mt_kernel kernel = mt_kernel_for(MT_OP_dot, a);
  if (!kernel) return 1;
  double sum = 0;
  int rc = vector(a, n, &av, &a_copy) || vector(b, n, &bv, &b_copy);
  if (!rc && n > 0) rc = ((mt_dot_kernel)kernel)(&av, &bv, &sum);
  if (!rc) *value = sum;
  mt_tensor_free(a_copy);
  mt_tensor_free(b_copy);
  return rc;
}

void mt_register_matmul(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}

/* view.c: views of a tensor's storage: nothing here touches an element. */
#include "internal.h"

#include <string.h>

static void drop_dim(mt_tensor *t, int dim) {
  size_t behind = (size_t)(t->dim - dim - 1) * sizeof *t->size;
  memmove(t->size + dim, t->size + dim + 1, behind);
  memmove(t->stride + dim, t->stride + dim + 1, behind);
  t->dim--;
}

int mt_narrow(mt_tensor *out, const mt_tensor *src, int dim, int64_t start, int64_t length) {
  if (mt_check_dim("narrow", src, dim)) return 1;
  if (start < 0 || length < 0 || start > src->size[dim] - length)
    return mt_fail("narrow: elements %lld..%lld of dimension %d, which has %lld", (long long)start + 1,
                   (long long)(start + length), dim + 1, (long long)src->size[dim]);
  if (mt_tensor_set(out, src)) return 1;
  out->offset += start * out->stride[dim];
  out->size[dim] = length;
  return 0;
}

int mt_select(mt_tensor *out, const mt_tensor *src, int dim, int64_t index) {
  if (mt_check_dim("select", src, dim)) return 1;
  if (src->dim == 1) return mt_narrow(out, src, dim, index, 1); /* a tensor of one element stays one-dimensional */
  if (index < 0 || index >= src->size[dim])
    return mt_fail("select: index %lld of dimension %d, which has %lld", (long long)index + 1, dim + 1,
                   (long long)src->size[dim]);
  if (mt_tensor_set(out, src)) return 1;
  out->offset += index * out->stride[dim];
  drop_dim(out, dim);
  return 0;
}

int mt_transpose(mt_tensor *out, const mt_tensor *src, int dim0, int dim1) {
  if (mt_check_dim("transpose", src, dim0) || mt_check_dim("transpose", src, dim1)) return 1;
  if (mt_tensor_set(out, src)) return 1;
  int64_t size = out->size[dim0], stride = out->stride[dim0];
  out->size[dim0] = out->size[dim1];
  out->stride[dim0] = out->stride[dim1];
  out->size[dim1] = size;
  out->stride[dim1] = stride;
  return 0;
}

int mt_permute(mt_tensor *out, const mt_tensor *src, const int64_t *order) {
  uint32_t seen = 0;
  mt_tensor from = *src;
  for (int i = 0; i < src->dim; i++) {
    if (order[i] < 0 || order[i] >= src->dim || seen >> order[i] & 1)
      return mt_fail("permute: expected each of 1..%d once", src->dim);
    seen |= 1u << order[i];
  }
  if (mt_tensor_set(out, src)) return 1;
  for (int i = 0; i < from.dim; i++) {
    out->size[i] = from.size[order[i]];
    out->stride[i] = from.stride[order[i]];
  }
  return 0;
}

int mt_expand(mt_tensor *out, const mt_tensor *src, int dim, const int64_t *size) {
  mt_tensor from = *src;
  int lead = dim - src->dim;
  if (src->dim == 0 || lead < 0 || dim > MT_MAX_DIM)
    return mt_fail("expand: sizes %s cannot become %s", mt_shape_text(src).text, mt_sizes_text(dim, size).text);
  for (int i = lead; i < dim; i++)
    if (size[i] != from.size[i - lead] && (from.size[i - lead] != 1 || size[i] < 0))
      return mt_fail("expand: sizes %s cannot become %s", mt_shape_text(src).text, mt_sizes_text(dim, size).text);
  if (mt_checked_count("expand", dim, size) < 0 || mt_tensor_set(out, src)) return 1;
  out->dim = dim;
  for (int i = 0; i < dim; i++) {
    int kept = i >= lead && size[i] == from.size[i - lead];
    out->size[i] = size[i];
    out->stride[i] = kept ? from.stride[i - lead] : 0;
  }
  return 0;
}

/* Strides of a view of other sizes, going through both shapes from the last dimension: a run of source dimensions
 * that lie one in another can be cut at will. Gives 0 when the elements' places cannot be written as strides. */
static int view_strides(const mt_tensor *src, int dim, const int64_t *size, int64_t *stride) {
  int k = dim - 1;
  for (int i = src->dim - 1; i >= 0; i--) {
    int64_t count = src->size[i], base = src->stride[i];
    while (i > 0 && (src->size[i - 1] == 1 || src->stride[i - 1] == base * count)) count *= src->size[--i];
    int64_t step = base, done = 1;
    while (k >= 0 && (done < count || size[k] == 1)) {
      stride[k] = step;
      step *= size[k];
      done *= size[k--];
    }
    if (done != count) return 0;
  }
  return k < 0;
}

int mt_view(mt_tensor *out, const mt_tensor *src, int dim, const int64_t *size) {
  int64_t wanted[MT_MAX_DIM], stride[MT_MAX_DIM], n = mt_tensor_numel(src), known = 1, free_dim = -1;
  if (dim < 0 || dim > MT_MAX_DIM) return mt_fail("view: %d dimensions, at most %d are possible", dim, MT_MAX_DIM);
  for (int i = 0; i < dim; i++) {
    wanted[i] = size[i];
    if (size[i] == -1 && free_dim < 0)
      free_dim = i;
    else if (size[i] < 0 || __builtin_mul_overflow(known, size[i], &known))
      return mt_fail("view: sizes %s are not possible", mt_sizes_text(dim, size).text);
  }
  if (free_dim >= 0) wanted[free_dim] = known > 0 ? n / known : 0;
  if (free_dim >= 0 ? known * wanted[free_dim] != n : (dim == 0 ? 0 : known) != n)
    return mt_fail("view: sizes %s with %lld elements cannot become %s", mt_shape_text(src).text, (long long)n,
                   mt_sizes_text(dim, size).text);
  if (n > 0 && !view_strides(src, dim, wanted, stride))
    return mt_fail("view: the elements of a %s tensor that is not contiguous cannot be viewed as %s; use reshape",
                   mt_shape_text(src).text, mt_sizes_text(dim, wanted).text);
  if (mt_tensor_set(out, src)) return 1;
  return mt_tensor_set_storage(out, out->storage, out->offset, dim, wanted, n > 0 ? stride : NULL);
}

int mt_squeeze(mt_tensor *out, const mt_tensor *src, int dim) {
  if (dim >= 0 && mt_check_dim("squeeze", src, dim)) return 1;
  if (mt_tensor_set(out, src)) return 1;
  for (int i = out->dim - 1; i >= 0; i--)
    if (out->size[i] == 1 && (dim < 0 || i == dim) && out->dim > 1) drop_dim(out, i);
  return 0;
}

int mt_unsqueeze(mt_tensor *out, const mt_tensor *src, int dim) {
  if (src->dim == 0 || dim < 0 || dim > src->dim)
    return mt_fail("unsqueeze: dimension %d of a tensor of sizes %s", dim + 1, mt_shape_text(src).text);
  if (src->dim == MT_MAX_DIM) return mt_fail("unsqueeze: at most %d dimensions are possible", MT_MAX_DIM);
  if (mt_tensor_set(out, src)) return 1;
  size_t behind = (size_t)(out->dim - dim) * sizeof *out->size;
  int64_t step = dim < out->dim ? out->size[dim] * out->stride[dim] : 1;
  memmove(out->size + dim + 1, out->size + dim, behind);
  memmove(out->stride + dim + 1, out->stride + dim, behind);
  out->size[dim] = 1;
  out->stride[dim] = step;
  out->dim++;
  return 0;
}

int mt_unfold(mt_tensor *out, const mt_tensor *src, int dim, int64_t size, int64_t step) {
  if (mt_check_dim("unfold", src, dim)) return 1;
  if (size < 1 || size > src->size[dim] || step < 1)
    return mt_fail("unfold: windows of %lld with step %lld over %lld elements", (long long)size, (long long)step,
                   (long long)src->size[dim]);
  if (src->dim == MT_MAX_DIM) return mt_fail("unfold: at most %d dimensions are possible", MT_MAX_DIM);
  if (mt_tensor_set(out, src)) return 1;
  out->size[out->dim] = size;
  out->stride[out->dim] = out->stride[dim];
  out->size[dim] = (out->size[dim] - size) / step + 1;
  if (out->size[dim] > 1) out->stride[dim] *= step; /* step may be beyond all elements else */
  out->dim++;
  return 0;
}

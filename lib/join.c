/* join.c: concatenation, triangles of matrices, ranges of numbers. */
#include "half.h"
#include "loops.h"
#include "stream.h"

#include <string.h>

#define MT_TEMPLATE "join.tpl.c"
#include "each_dtype.h"

/* -- Concatenation -------------------------------------------------------------------------------------------- */

/* Dimensions that a part lacks at its end count as 1: vectors can be joined as columns, as in Torch7. */
static int64_t size_of(const mt_tensor *part, int dim) { return dim < part->dim ? part->size[dim] : 1; }

/* Number of dimensions and sizes of the result; 0 dimensions when every part is without elements. */
static int joined_sizes(mt_tensor *const *parts, int count, int dim, int *dims, int64_t *size) {
  const mt_tensor *first = NULL;
  int most = dim + 1;
  for (int i = 0; i < count; i++)
    if (parts[i]->dim > most) most = parts[i]->dim;
  *dims = 0;
  for (int i = 0; i < count; i++) {
    const mt_tensor *p = parts[i];
    if (p->dim == 0) continue;
    for (int d = 0; d < most; d++) {
      if (!first || d == dim)
        size[d] = (first ? size[d] : 0) + size_of(p, d);
      else if (size_of(p, d) != size[d])
        return mt_fail("cat: part %d has sizes %s, which does not fit %s in dimension %d", i + 1, mt_shape_text(p).text,
                       mt_shape_text(first).text, d + 1);
    }
    first = p;
    *dims = most;
  }
  return 0;
}

static int copy_parts(mt_tensor *out, mt_tensor *const *parts, int count, int dim) {
  mt_tensor place = *out; /* borrows the storage */
  for (int i = 0; i < count; i++) {
    mt_tensor part = *parts[i];
    if (mt_tensor_numel(&part) == 0) {
      place.offset += part.dim > 0 ? size_of(&part, dim) * out->stride[dim] : 0;
      continue;
    }
    for (; part.dim < out->dim; part.dim++) part.size[part.dim] = part.stride[part.dim] = 1;
    place.size[dim] = part.size[dim];
    if (mt_copy(&place, &part)) return 1;
    place.offset += part.size[dim] * out->stride[dim];
  }
  return 0;
}

/* Rows end where dim begins: each row of out holds one of every part. Gives their count where all parts are packed and
 * worth copying by rows, else 0. */
static int64_t packed_rows(const mt_tensor *out, mt_tensor *const *parts, int count, int dim) {
  int64_t rows = 1;
  for (int i = 0; i < dim && i < out->dim; i++) rows *= out->size[i];
  if (out->device != MT_CPU || mt_tensor_numel(out) == 0) return 0;
  for (int i = 0; i < count; i++) {
    int64_t n = mt_tensor_numel(parts[i]);
    if (n > 0 && (!mt_tensor_is_contiguous(parts[i]) || n / rows * mt_dtype_size(out->dtype) < MT_LINE)) return 0;
  }
  return rows;
}

/* Bytes begin … end - 1 of out */
static void join_bytes(const mt_tensor *out, mt_tensor *const *parts, int count, int64_t rows, int64_t begin,
                       int64_t end, int streams) {
  const int64_t width = mt_dtype_size(out->dtype), each = mt_tensor_numel(out) / rows * width;
  char *o = mt_tensor_data(out);
  for (int64_t row = begin / each, at = row * each; at < end; row++)
    for (int i = 0; i < count; i++) {
      int64_t n = mt_tensor_numel(parts[i]) / rows * width, first = at < begin ? begin : at;
      int64_t size = mt_least(end, at + n) - first;
      const char *from = n ? (const char *)mt_tensor_data(parts[i]) + row * n + (first - at) : NULL;
      at += n;
      if (size <= 0) continue;
      if (streams)
        mt_stream(o + first, from, size);
      else
        memcpy(o + first, from, (size_t)size);
    }
  if (streams) mt_stream_end();
}

static int join_rows(const mt_tensor *out, mt_tensor *const *parts, int count, int64_t rows) {
  int64_t n = mt_tensor_numel(out), bytes = n * mt_dtype_size(out->dtype);
  int threads = mt_threads_for(n), streams = mt_streams(bytes, threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int i = 0; i < threads; i++)
    join_bytes(out, parts, count, rows, bytes * i / threads, bytes * (i + 1) / threads, streams);
  return 0;
}

int mt_cat(mt_tensor *out, mt_tensor *const *parts, int count, int dim) {
  int64_t size[MT_MAX_DIM];
  int dims;
  if (mt_stopped()) return 1;
  if (count < 1) return mt_fail("cat: expected one part or more, got %d", count);
  if (dim < 0 || dim >= MT_MAX_DIM) return mt_fail("cat: dimension %d is outside 1..%d", dim + 1, MT_MAX_DIM);
  for (int i = 0; i < count; i++)
    if (parts[i]->dtype != out->dtype || parts[i]->device != out->device)
      return mt_fail("cat: expected %s parts, got a %s one as part %d", mt_type_text(out).text,
                     mt_type_text(parts[i]).text, i + 1);
  if (joined_sizes(parts, count, dim, &dims, size)) return 1;
  const mt_tensor *const *inputs = (const mt_tensor *const *)parts;
  if (mt_prepare("cat", out, dims, size, inputs, count)) return 1;
  mt_tensor *target = mt_target(out, inputs, count);
  if (!target) return 1;
  int64_t rows = packed_rows(target, parts, count, dim);
  int rc = rows > 0 ? join_rows(target, parts, count, rows) : copy_parts(target, parts, count, dim);
  return mt_target_done(out, target, rc);
}

/* -- Triangles and ranges ------------------------------------------------------------------------------------- */

int mt_tri(mt_tensor *out, const mt_tensor *a, int64_t k, int upper) {
  const char *name = upper ? "triu" : "tril";
  const mt_tensor *inputs[] = {a}, *all[] = {a, out};
  if (mt_stopped() || mt_check_alike(name, all, 2)) return 1;
  if (a->dim != 2 && a->dim != 3)
    return mt_fail("%s: expected a matrix or a batch of matrices, got sizes %s", name, mt_shape_text(a).text);
  mt_kernel kernel = mt_kernel_for(MT_OP_tri, a);
  if (!kernel || mt_prepare(name, out, a->dim, a->size, inputs, 1)) return 1;
  mt_tensor *target = mt_target(out, inputs, 1);
  if (!target) return 1;
  mt_tensor to = mt_as_batch(target), from = mt_as_batch(a);
  int rc = mt_tensor_numel(a) == 0 ? 0 : ((mt_tri_kernel)kernel)(&to, &from, k, upper);
  return mt_target_done(out, target, rc);
}

/* Whether a whole-number dtype holds v's integral part. */
static int fits(int dtype, double v) {
  int bits = 8 * mt_dtype_size(dtype), is_signed = dtype != MT_UINT8;
  double end = (double)((uint64_t)1 << (bits - is_signed));
  return v < end && (is_signed ? v >= -end || v > -end - 1 : v > -1);
}

int mt_range(mt_tensor *out, double from, double step, int64_t count) {
  if (mt_stopped()) return 1;
  if (count < 0) return mt_fail("range: expected 0 numbers or more, got %lld", (long long)count);
  mt_kernel kernel = mt_kernel_for(MT_OP_range, out);
  if (!kernel) return 1;
  for (int end = 0; end < 2 && out->dtype >= MT_UINT8 && count > 0; end++) {
    double v = end ? from + (double)(count - 1) * step : from;
    if (!fits(out->dtype, v)) return mt_fail("range: %g is not a number that %s holds", v, mt_dtype_name(out->dtype));
  }
  if (mt_prepare("range", out, 1, &count, NULL, 0)) return 1;
  mt_tensor *target = mt_target(out, NULL, 0);
  if (!target) return 1;
  return mt_target_done(out, target, count == 0 ? 0 : ((mt_range_kernel)kernel)(target, from, step));
}

void mt_register_join(void) {
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

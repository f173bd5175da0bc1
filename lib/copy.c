/* copy.c: copying between layouts, dtypes and devices; filling; comparing. */
#include "iter.h"

#include <math.h>
#include <string.h>

#define TO_HALF(x) mt_float_to_half((float)(x))
#define TO_BFLOAT16(x) mt_float_to_bfloat16((float)(x))

static int fill_with(mt_kernel kernel, mt_tensor *out, double value) {
  const mt_tensor *operand[1] = {out};
  mt_plan plan = {.op = MT_OP_fill, .dtype = out->dtype, .operands = 1, .s = value};
  mt_plan_layout(&plan, out->dim, out->size, operand);
  return mt_cpu_pointwise(kernel, &plan);
}

static int copy_with(mt_kernel kernel, mt_tensor *out, const mt_tensor *src) {
  const mt_tensor *operand[2] = {out, src};
  mt_plan plan = {.op = MT_OP_copy, .dtype = src->dtype, .operands = 2};
  mt_plan_layout(&plan, out->dim, out->size, operand);
  return mt_cpu_pointwise(kernel, &plan);
}

#define MT_TEMPLATE "copy.tpl.c"
#include "each_dtype.h"

void mt_register_copy(void) {
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

/* -- Front doors -------------------------------------------------------------------------------------------- */

/* Whether all of a block that nobody has written to was made 0 by its device. */
static int clear_fresh(const mt_tensor *out, double value) {
  const mt_storage *s = out->storage;
  const mt_device *d = mt_device_get(out->device);
  if (value != 0 || signbit(value) || !s || s->origin != MT_OWNED || s->version != 0 || !d || !d->clear) return 0;
  int64_t count = mt_tensor_numel(out);
  if (count != s->size || !mt_tensor_is_contiguous(out)) return 0;
  return d->clear(s->index, s->data, (size_t)(count * mt_dtype_size(s->dtype)));
}

int mt_fill(mt_tensor *out, double value) {
  if (mt_stopped()) return 1;
  mt_fill_kernel kernel = (mt_fill_kernel)mt_kernel_for(MT_OP_fill, out);
  if (!kernel) return 1;
  if (mt_tensor_numel(out) == 0) return 0;
  if (!clear_fresh(out, value) && kernel(out, value)) return 1;
  mt_touched(out);
  return 0;
}

static int copy_within_device(mt_tensor *out, const mt_tensor *src) {
  mt_copy_kernel kernel = (mt_copy_kernel)mt_kernel_for(MT_OP_copy, src);
  if (!kernel) return 1;
  if (!mt_overlap(out, src)) return kernel(out, src);
  mt_tensor *apart = mt_tensor_new(src->dtype, src->device);
  int rc = !apart || mt_tensor_resize(apart, src->dim, src->size) || kernel(apart, src) || kernel(out, apart);
  mt_tensor_free(apart);
  return rc;
}

static int move_bytes(mt_tensor *out, const mt_tensor *src) {
  size_t bytes = (size_t)(mt_tensor_numel(src) * mt_dtype_size(src->dtype));
  int device = src->device == MT_CPU ? out->device : src->device;
  const mt_device *d = mt_device_get(device);
  if (!d) return 1;
  if (src->device != MT_CPU && out->device != MT_CPU)
    return mt_fail("copy: from one kind of device to another goes through the CPU");
  if (src->device == MT_CPU) return d->from_cpu(out->index, mt_tensor_data(out), mt_tensor_data(src), bytes);
  return d->to_cpu(src->index, mt_tensor_data(out), mt_tensor_data(src), bytes);
}

/* The dtype is converted and the elements are packed where they are; then bytes travel; then the layout is made. */
static int copy_across_devices(mt_tensor *out, const mt_tensor *src) {
  mt_tensor *packed = mt_tensor_new(out->dtype, src->device), *arrived = NULL;
  int rc = !packed;
  if (!rc && src->dtype == out->dtype && mt_tensor_is_contiguous(src))
    rc = mt_tensor_set(packed, src);
  else if (!rc)
    rc = mt_tensor_resize(packed, src->dim, src->size) || copy_within_device(packed, src);
  if (!rc && mt_tensor_is_contiguous(out)) {
    rc = move_bytes(out, packed);
  } else if (!rc) {
    arrived = mt_tensor_new(out->dtype, out->device);
    rc = !arrived || mt_tensor_resize(arrived, out->dim, out->size) || move_bytes(arrived, packed) ||
         copy_within_device(out, arrived);
  }
  mt_tensor_free(packed);
  mt_tensor_free(arrived);
  return rc;
}

static int copy_same_sizes(mt_tensor *out, const mt_tensor *src) {
  int rc = out->device == src->device ? copy_within_device(out, src) : copy_across_devices(out, src);
  if (!rc) mt_touched(out);
  return rc;
}

static int is_same_place(const mt_tensor *a, const mt_tensor *b) {
  return a->storage == b->storage && a->offset == b->offset && mt_same_sizes(a, b) &&
         !memcmp(a->stride, b->stride, (size_t)a->dim * sizeof *a->stride);
}

int mt_copy(mt_tensor *out, const mt_tensor *src) {
  int64_t n = mt_tensor_numel(src);
  if (mt_stopped()) return 1;
  if (mt_tensor_numel(out) != n)
    return mt_fail("copy: expected %lld elements (%s), got %lld (%s)", (long long)mt_tensor_numel(out),
                   mt_shape_text(out).text, (long long)n, mt_shape_text(src).text);
  if (n == 0 || is_same_place(out, src)) return 0;
  if (mt_same_sizes(out, src)) return copy_same_sizes(out, src);
  mt_tensor *packed = mt_contiguous(src);
  int rc = !packed || mt_view(packed, packed, out->dim, out->size) || copy_same_sizes(out, packed);
  mt_tensor_free(packed);
  return rc;
}

int mt_equal(const mt_tensor *a, const mt_tensor *b, int *equal) {
  const mt_tensor *pair[2] = {a, b};
  if (mt_stopped() || mt_check_alike("equal", pair, 2)) return 1;
  mt_equal_kernel kernel = (mt_equal_kernel)mt_kernel_for(MT_OP_equal, a);
  if (!kernel) return 1;
  if (!mt_same_sizes(a, b)) {
    *equal = 0;
    return 0;
  }
  mt_tensor *x = mt_contiguous(a), *y = mt_contiguous(b);
  int rc = !x || !y || kernel(x, y, equal);
  mt_tensor_free(x);
  mt_tensor_free(y);
  return rc;
}

/* device.c: the kinds of device, the table of kernels, and what is known of ops and dtypes. */
#define _DEFAULT_SOURCE /* madvise */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static mt_kernel kernels[MT_MAX_DEVICE][MT_OPS][MT_DTYPES];
static const mt_device *devices[MT_MAX_DEVICE];

static const struct {
  const char *name, *kind;
} ops[MT_OPS] = {
#define UNARY(NAME, TYPES, FORMULA) {#NAME, "unary"},
#define BINARY(NAME, TYPES, FORMULA) {#NAME, "binary"},
#define TERNARY(NAME, TYPES, FORMULA) {#NAME, "ternary"},
#define COMPARE(NAME, TYPES, FORMULA) {#NAME, "compare"},
#define MASKED(NAME, TYPES, FORMULA) {#NAME, "masked"},
#define STEP(NAME, STATES, BODY) {#NAME, "step"},
#define REDUCE(NAME, TYPES) {#NAME, "reduce"},
#define OWN(NAME, KERNEL) {#NAME, "own"},
#include "ops.def"
};

static const struct {
  const char *name;
  int size;
} dtypes[MT_DTYPES] = {
    [MT_FLOAT] = {"float", 4},       [MT_DOUBLE] = {"double", 8}, [MT_HALF] = {"half", 2},
    [MT_BFLOAT16] = {"bfloat16", 2}, [MT_UINT8] = {"uint8", 1},   [MT_INT8] = {"int8", 1},
    [MT_INT16] = {"int16", 2},       [MT_INT32] = {"int32", 4},   [MT_INT64] = {"int64", 8},
};

/* -- The table ---------------------------------------------------------------------------------------------- */

static int valid_slot(int device, int op, int dtype) {
  return device >= 0 && device < MT_MAX_DEVICE && op >= 0 && op < MT_OPS && dtype >= 0 && dtype < MT_DTYPES;
}

void mt_kernel_set(int device, int op, int dtype, mt_kernel kernel) {
  if (valid_slot(device, op, dtype)) kernels[device][op][dtype] = kernel;
}

mt_kernel mt_kernel_get(int device, int op, int dtype) {
  return valid_slot(device, op, dtype) ? kernels[device][op][dtype] : NULL;
}

mt_kernel mt_kernel_for(int op, const mt_tensor *t) {
  mt_kernel kernel = mt_kernel_get(t->device, op, t->dtype);
  if (!kernel) mt_fail("%s: there is no such op for %s tensors", mt_op_name(op), mt_type_text(t).text);
  return kernel;
}

int mt_op_count(void) { return MT_OPS; }

const char *mt_op_name(int op) { return op >= 0 && op < MT_OPS ? ops[op].name : NULL; }

const char *mt_op_kind(int op) { return op >= 0 && op < MT_OPS ? ops[op].kind : NULL; }

int mt_op_find(const char *name) {
  for (int i = 0; i < MT_OPS; i++)
    if (strcmp(ops[i].name, name) == 0) return i;
  return -1;
}

int mt_op_available(int op, int device, int dtype) { return mt_kernel_get(device, op, dtype) != NULL; }

const char *mt_dtype_name(int dtype) { return dtype >= 0 && dtype < MT_DTYPES ? dtypes[dtype].name : NULL; }

int mt_dtype_size(int dtype) { return dtype >= 0 && dtype < MT_DTYPES ? dtypes[dtype].size : 0; }

/* -- Devices ------------------------------------------------------------------------------------------------ */

int mt_device_register(int device, const mt_device *description) {
  if (device < 0 || device >= MT_MAX_DEVICE) return mt_fail("device %d: expected 0 to %d", device, MT_MAX_DEVICE - 1);
  devices[device] = description;
  return 0;
}

const mt_device *mt_device_get(int device) {
  if (device >= 0 && device < MT_MAX_DEVICE && devices[device]) return devices[device];
  mt_fail(device == MT_CUDA ? "no CUDA device: require 'cutorch' first" : "device %d: its library is not loaded",
          device);
  return NULL;
}

/* -- The CPU ------------------------------------------------------------------------------------------------ */

/* Large blocks lie on huge pages, where the system lends them: going through 48 MB takes half to two thirds of the time. */
static void *cpu_allocate(int index, size_t bytes) {
  const size_t huge = (size_t)2 << 20, align = bytes >= 2 * huge ? huge : 64;
  (void)index;
  void *data = aligned_alloc(align, (bytes + align - 1) / align * align);
#ifdef MADV_HUGEPAGE
  if (data && align == huge) madvise(data, bytes / huge * huge, MADV_HUGEPAGE);
#endif
  return data;
}

static void cpu_release(int index, void *data, size_t bytes) {
  (void)index;
  (void)bytes;
  free(data);
}

/* Whole pages are given back: the system lends them again, full of zeros, when they are touched. A net that only runs
 * forward never touches the gradients of its parameters. */
static int cpu_clear(int index, void *data, size_t bytes) {
  (void)index;
#ifdef MADV_DONTNEED
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), large = (size_t)4 << 20;
  size_t before = (page - (uintptr_t)data % page) % page;
  if (bytes < large) return 0;
  size_t whole = (bytes - before) / page * page;
  if (madvise((char *)data + before, whole, MADV_DONTNEED)) return 0;
  memset(data, 0, before);
  memset((char *)data + before + whole, 0, bytes - before - whole);
  return 1;
#else
  (void)data;
  (void)bytes;
  return 0;
#endif
}

static int cpu_move(int index, void *to, const void *from, size_t bytes) {
  (void)index;
  memmove(to, from, bytes);
  return 0;
}

extern int mt_cpu_pointwise(mt_kernel kernel, const mt_plan *plan);

static const mt_device cpu = {
    .name = "cpu",
    .allocate = cpu_allocate,
    .release = cpu_release,
    .pointwise = mt_cpu_pointwise,
    .to_cpu = cpu_move,
    .from_cpu = cpu_move,
    .clear = cpu_clear,
};

__attribute__((constructor)) static void start(void) {
  mt_device_register(MT_CPU, &cpu);
  mt_register_pointwise();
  mt_register_copy();
  mt_register_reduce();
  mt_register_scan();
  mt_register_step();
  mt_register_matmul();
  mt_register_sort();
  mt_register_histogram();
  mt_register_match();
  mt_register_index();
  mt_register_join();
  mt_register_conv();
  mt_register_columns();
  mt_register_pool();
  mt_register_adaptive();
  mt_register_resample();
  mt_register_norm();
  mt_register_lapack();
  mt_register_search();
  mt_register_layer_norm();
  mt_register_attention();
  mt_register_recurrent();
  mt_register_random();
  mt_register_cpu();
}

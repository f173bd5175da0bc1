/* internal.h: what the library's own files, and the device libraries built on it, share. */
#ifndef MOONTORCH_INTERNAL_H
#define MOONTORCH_INTERNAL_H
#include "moontorch.h"

#include <stddef.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Ops -------------------------------------------------------------------------------------------------- */

enum {
#define UNARY(NAME, TYPES, FORMULA) MT_OP_##NAME,
#define BINARY(NAME, TYPES, FORMULA) MT_OP_##NAME,
#define TERNARY(NAME, TYPES, FORMULA) MT_OP_##NAME,
#define COMPARE(NAME, TYPES, FORMULA) MT_OP_##NAME,
#define MASKED(NAME, TYPES, FORMULA) MT_OP_##NAME,
#define STEP(NAME, STATES, BODY) MT_OP_##NAME,
#define REDUCE(NAME, TYPES) MT_OP_##NAME,
#define OWN(NAME, KERNEL) MT_OP_##NAME,
#include "ops.def"
  MT_OPS
};

/* -- Errors ----------------------------------------------------------------------------------------------- */

/* Leaves a message for mt_error(); always gives 1. A message starts with the op's name: "mul: sizes 3x4 and …". */
int mt_fail(const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* The time of CLOCK_MONOTONIC in so many milliseconds. */
struct timespec mt_deadline(int milliseconds);

typedef struct {
  char text[400];
} mt_text;
mt_text mt_sizes_text(int dim, const int64_t *size); /* "3x4", or "no elements" for dim 0 */
mt_text mt_shape_text(const mt_tensor *t);           /* the sizes of t */
mt_text mt_type_text(const mt_tensor *t);            /* "float", "cuda float" */

/* -- The kernel table ------------------------------------------------------------------------------------- */

/* A slot holds a kernel of the signature of its op's kind (below and in kernels.h), cast to this type. */
typedef void (*mt_kernel)(void);
void mt_kernel_set(int device, int op, int dtype, mt_kernel kernel);
mt_kernel mt_kernel_get(int device, int op, int dtype);
/* The slot for op on t's device and dtype; NULL after mt_fail when it is empty. */
mt_kernel mt_kernel_for(int op, const mt_tensor *t);

/* -- Devices ---------------------------------------------------------------------------------------------- */

/* What one pointwise call does, after all checks: operand k (0 is the output) of element (i, j, …) lies at
 * data[k] + i·step[k][0] + j·step[k][1] + …, in bytes; the last dimension is the fastest. An operand with data NULL
 * is the number scalar[k]. */
typedef struct mt_plan {
  int op;
  int dtype; /* of the inputs; the output of COMPARE and the first input of MASKED are uint8 */
  int operands;
  int dim; /* 1 or more */
  int64_t numel;
  int64_t size[MT_MAX_DIM];
  int64_t step[4][MT_MAX_DIM];
  int64_t width[4]; /* bytes of an element; 0 for a number */
  char *data[4];
  double scalar[4];
  double s, t;
} mt_plan;

/* A kind of device. All functions give 0 or fail with a message. */
typedef struct mt_device {
  const char *name;
  void *(*allocate)(int index, size_t bytes); /* NULL when there is no memory; sets no message */
  void (*release)(int index, void *data, size_t bytes);
  int (*pointwise)(mt_kernel kernel, const mt_plan *plan);
  /* contiguous bytes between this device and the CPU, or within this device */
  int (*to_cpu)(int index, void *cpu, const void *data, size_t bytes);
  int (*from_cpu)(int index, void *data, const void *cpu, size_t bytes);
  /* Makes bytes of a block 0 in a way that costs memory only where it is used later; false where that is not worth it.
   * NULL where there is no such way. */
  int (*clear)(int index, void *data, size_t bytes);
} mt_device;

int mt_device_register(int device, const mt_device *description);
const mt_device *mt_device_get(int device); /* NULL after mt_fail when its library is not loaded */

/* Each op family fills its slots of the CPU's part of the table when the library is loaded. */
void mt_register_pointwise(void);
void mt_register_copy(void);
void mt_register_reduce(void);
void mt_register_scan(void);
void mt_register_step(void);
void mt_register_matmul(void);
void mt_register_sort(void);
void mt_register_histogram(void);
void mt_register_match(void);
void mt_register_index(void);
void mt_register_join(void);
void mt_register_conv(void);
void mt_register_columns(void);
void mt_register_pool(void);
void mt_register_adaptive(void);
void mt_register_resample(void);
void mt_register_norm(void);
void mt_register_lapack(void);
void mt_register_search(void);
void mt_register_layer_norm(void);
void mt_register_attention(void);
void mt_register_recurrent(void);
void mt_register_random(void);
void mt_register_cpu(void); /* last: the faster kernels of lib/cpu take over slots */

/* -- Memory ----------------------------------------------------------------------------------------------- */

/* Uninitialised memory from the device's cache or the system. NULL after mt_fail. */
void *mt_allocate(int device, int index, size_t bytes, int64_t *capacity);
void mt_deallocate(int device, int index, void *data, int64_t capacity);
/* The CPU's memory for the time of one op: a waiting block of any size that is large enough, so that what one kernel needs
 * for a moment serves all others, too. */
void *mt_borrow(size_t bytes, int64_t *capacity);
void mt_give_back(void *data, int64_t capacity);

/* -- Kept layouts ----------------------------------------------------------------------------------------- */

/* What tells a layout from others of the same storage: an address of the kernel's own, and what else it depends on */
typedef struct {
  const void *kind;
  int64_t numbers[8];
} mt_kept_key;
typedef struct {
  float *layout; /* aligned as tensors are; NULL: the kernel makes a layout of its own */
  int is_new;    /* whether it is still to be filled */
  struct mt_kept_entry *entry;
} mt_kept;
/* The layout of s under that key, of count floats, until mt_kept_end, which is to be called in any case, while s still
 * lives. There is none where s keeps none, or for want of memory. */
mt_kept mt_kept_begin(mt_storage *s, const mt_kept_key *key, int64_t count);
void mt_kept_end(const mt_kept *kept);
void mt_kept_forget(mt_storage *s); /* lets go of what is kept of s, and ends the keeping */

/* -- Tensors ---------------------------------------------------------------------------------------------- */

int mt_same_sizes(const mt_tensor *a, const mt_tensor *b);
/* 1 when the two views may touch the same bytes */
int mt_overlap(const mt_tensor *a, const mt_tensor *b);
/* The count of elements, or -1 after a failure: too many dimensions, a negative size, more than memory can hold. */
int64_t mt_checked_count(const char *op, int dim, const int64_t *size);
/* Readies out for a result: right device and dtype are asked for by the caller; out gets these sizes. Fails when out
 * is one of the inputs (n of them, NULLs allowed) and would have to change its sizes. */
int mt_prepare(const char *op, mt_tensor *out, int dim, const int64_t *size, const mt_tensor *const *inputs, int n);
/* All n tensors (NULLs allowed) must have the first one's device and dtype. */
int mt_check_alike(const char *op, const mt_tensor *const *tensors, int n);
int mt_check_dtype(const char *op, const char *what, const mt_tensor *t, int dtype);
int mt_check_dim(const char *op, const mt_tensor *t, int dim); /* 0 <= dim < t->dim */
/* A contiguous tensor with a's elements: a itself, retained as a new view, or a copy. Free it with mt_tensor_free. */
mt_tensor *mt_contiguous(const mt_tensor *a);
/* The same for n tensors, NULLs allowed and kept. All of ready, which has n entries, is to be freed, also after a failure:
 * then this gives 1. */
int mt_all_contiguous(mt_tensor **ready, const mt_tensor *const *tensors, int n);
/* t, a matrix or a batch of them, as a batch; the view borrows t's storage. */
mt_tensor mt_as_batch(const mt_tensor *t);
/* For kernels of products that add to what is there: out becomes c, unless it is c, or c is NULL. */
int mt_begin_product(mt_tensor *out, const mt_tensor *c);
/* To be called after an op has written t. */
void mt_touched(mt_tensor *t);
/* Where a kernel that needs a contiguous result may write, once mt_prepare has given out its sizes: out itself, or a
 * fresh tensor when out is strided or shares memory with one of the n inputs (NULLs allowed). NULL after mt_fail. */
mt_tensor *mt_target(mt_tensor *out, const mt_tensor *const *inputs, int n);
/* Ends what mt_target began: with rc 0 a fresh target's elements go to out, and out counts as written; a fresh target is
 * freed. Gives rc, or the copy's failure. */
int mt_target_done(mt_tensor *out, mt_tensor *target, int rc);
/* The same for n outputs; targets that are NULL are passed over. */
int mt_targets_done(mt_tensor *const *outs, mt_tensor **targets, int n, int rc);

static inline int64_t mt_least(int64_t a, int64_t b) { return a < b ? a : b; }
/* How many parts of a size n comes in, the last of which may be smaller; n in whole units, 0 or more of them. */
static inline int64_t mt_parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t mt_whole(int64_t n, int64_t unit) { return mt_parts(n, unit) * unit; }

/* -- Threads ---------------------------------------------------------------------------------------------- */

/* Threads worth using for this many elements of plain work. */
int mt_threads_for(int64_t elements);

#ifdef __cplusplus
}
#endif
#endif

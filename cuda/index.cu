/* index.cu: gathering, scattering and adding by index tensors. The index of index_select, index_copy, … is a vector,
 * which is taken as one that is repeated along all other dimensions: so each pair of ops is one kernel. Moving elements
 * does not depend on what they are, only on how wide. */
#include "dtype.cuh"
#include "iter.h"

/* -- Kernels ---------------------------------------------------------------------------------------------------- */

/* Operands of the walk: the tensor that is walked over, the one that the index points into (without a step along the
 * index's dimension, which is `step`), the index. */
template <class T>
__global__ void gather_elements(T *out, const T *a, const int64_t *index, mt_walk<3> walk, int64_t step) {
  int64_t i = mt_cuda_thread(), at[3];
  if (i >= walk.numel) return;
  walk.place(i, at);
  out[at[0]] = a[at[1] + (index[at[2]] - 1) * step];
}

/* src NULL: the number. Of several elements for one place, any may stay. */
template <class T>
__global__ void scatter_elements(T *out, const T *src, T number, const int64_t *index, mt_walk<3> walk, int64_t step) {
  int64_t i = mt_cuda_thread(), at[3];
  if (i >= walk.numel) return;
  walk.place(i, at);
  out[at[1] + (index[at[2]] - 1) * step] = src ? src[at[0]] : number;
}

/* A thread adds the elements of one line along the index's dimension, in order; the walk leaves that dimension out.
 * steps: of the operands along it */
struct line_steps {
  int64_t length, src, out, index;
};

template <class D>
__global__ void add_lines(typename D::type *out, const typename D::type *src, const int64_t *index, mt_walk<3> walk,
                          line_steps steps) {
  int64_t i = mt_cuda_thread(), at[3];
  if (i >= walk.numel) return;
  walk.place(i, at);
  for (int64_t j = 0; j < steps.length; j++) {
    typename D::type *place = out + at[1] + (index[at[2] + j * steps.index] - 1) * steps.out;
    *place = D::store(D::load(*place) + D::load(src[at[0] + j * steps.src]));
  }
}

__device__ inline void atomic_add(dtype_float, float *at, float v) { atomicAdd(at, v); }
__device__ inline void atomic_add(dtype_double, double *at, double v) { atomicAdd(at, v); }
__device__ inline void atomic_add(dtype_int32, int32_t *at, int32_t v) { atomicAdd(at, v); }
__device__ inline void atomic_add(dtype_int64, int64_t *at, int64_t v) {
  atomicAdd((unsigned long long *)at, (unsigned long long)v);
}
/* The GPU changes words of 4 bytes at a time: replace the one around the element until nobody came between. */
template <class D> __device__ void atomic_add(D, typename D::type *at, typename D::value v) {
  unsigned *word = (unsigned *)((uintptr_t)at & ~(uintptr_t)3), old = *word, seen;
  unsigned within = (unsigned)((uintptr_t)at & 3);
  do {
    unsigned changed = seen = old;
    typename D::type element;
    memcpy(&element, (char *)&changed + within, sizeof element);
    element = D::store(D::load(element) + v);
    memcpy((char *)&changed + within, &element, sizeof element);
    old = atomicCAS(word, seen, changed);
  } while (old != seen);
}

template <class D>
__global__ void add_elements(typename D::type *out, const typename D::type *src, const int64_t *index, mt_walk<3> walk,
                             int64_t step) {
  int64_t i = mt_cuda_thread(), at[3];
  if (i >= walk.numel) return;
  walk.place(i, at);
  atomic_add(D(), out + at[1] + (index[at[2]] - 1) * step, D::load(src[at[0]]));
}

/* -- Layout ----------------------------------------------------------------------------------------------------- */

/* index with the dimensions of shape: a vector is repeated along all dimensions but dim. */
static mt_tensor spread(const mt_tensor *index, const mt_tensor *shape, int dim, bool vector) {
  mt_tensor v = *index;
  if (!vector) return v;
  v.dim = shape->dim;
  for (int d = 0; d < shape->dim; d++) {
    v.size[d] = shape->size[d];
    v.stride[d] = d == dim ? index->stride[0] : 0;
  }
  return v;
}

/* shape: of the walk; a: walked over (NULL: nothing is read); target: what index points into */
static mt_walk<3> index_walk(const mt_tensor *shape, const mt_tensor *a, const mt_tensor *target,
                             const mt_tensor *index, int dim) {
  mt_tensor still = *target;
  still.stride[dim] = 0;
  const mt_tensor *const operands[] = {a ? a : index, &still, index};
  mt_walk<3> walk = mt_walk_over(shape, operands);
  walk.simplify();
  return walk;
}

static const int64_t *places(const mt_tensor *index) { return (const int64_t *)mt_tensor_data(index); }

/* -- Moving ----------------------------------------------------------------------------------------------------- */

template <class T>
static void launch_gather(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index, const mt_walk<3> &walk) {
  MT_LAUNCH(gather_elements<T>, mt_cuda_blocks(walk.numel), MT_THREADS, (T *)mt_tensor_data(out),
            (const T *)mt_tensor_data(a), places(index), walk, a->stride[dim]);
}

static int gather_any(int op, mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index, bool vector) {
  const char *name = mt_op_name(op);
  mt_tensor spread_index = spread(index, out, dim, vector);
  if (mt_tensor_numel(out) == 0) return 0;
  mt_walk<3> walk = index_walk(out, out, a, &spread_index, dim);
  if (mt_cuda_use(name)) return 1;
  switch (mt_dtype_size(a->dtype)) {
    case 1: launch_gather<uint8_t>(out, a, dim, index, walk); break;
    case 2: launch_gather<uint16_t>(out, a, dim, index, walk); break;
    case 4: launch_gather<uint32_t>(out, a, dim, index, walk); break;
    default: launch_gather<uint64_t>(out, a, dim, index, walk); break;
  }
  return mt_cuda_launched(name);
}

static int gather(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  return gather_any(MT_OP_gather, out, a, dim, index, false);
}

static int index_select(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  return gather_any(MT_OP_index_select, out, a, dim, index, true);
}

template <class T>
static void launch_scatter(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value,
                           const mt_walk<3> &walk) {
  T number;
  mt_scalar_store(out->dtype, value, &number);
  MT_LAUNCH(scatter_elements<T>, mt_cuda_blocks(walk.numel), MT_THREADS, (T *)mt_tensor_data(out),
            src ? (const T *)mt_tensor_data(src) : (const T *)nullptr, number, places(index), walk, out->stride[dim]);
}

/* shape: the sizes that are written */
static int scatter_any(int op, mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value,
                       const mt_tensor *shape, bool vector) {
  const char *name = mt_op_name(op);
  mt_tensor spread_index = spread(index, shape, dim, vector);
  if (mt_tensor_numel(shape) == 0) return 0;
  mt_walk<3> walk = index_walk(shape, src, out, &spread_index, dim);
  if (mt_cuda_use(name)) return 1;
  switch (mt_dtype_size(out->dtype)) {
    case 1: launch_scatter<uint8_t>(out, dim, index, src, value, walk); break;
    case 2: launch_scatter<uint16_t>(out, dim, index, src, value, walk); break;
    case 4: launch_scatter<uint32_t>(out, dim, index, src, value, walk); break;
    default: launch_scatter<uint64_t>(out, dim, index, src, value, walk); break;
  }
  return mt_cuda_launched(name);
}

static int scatter(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value) {
  return scatter_any(MT_OP_scatter, out, dim, index, src, value, index, false);
}

static int index_copy(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return scatter_any(MT_OP_index_copy, out, dim, index, src, 0, src, true);
}

static int index_fill(mt_tensor *out, int dim, const mt_tensor *index, double value) {
  mt_tensor shape = *out;
  shape.size[dim] = mt_tensor_numel(index);
  return scatter_any(MT_OP_index_fill, out, dim, index, nullptr, value, &shape, true);
}

/* -- Adding ----------------------------------------------------------------------------------------------------- */

/* Line by line the order of additions is fixed. Where there are too few lines for the GPU, elements are added as they
 * come: sums of floating numbers may then differ in their last bits from call to call. */
static bool by_lines(int64_t lines, int64_t length) { return lines >= 1024 || length <= 64; }

template <class D>
static int add_any(int op, mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, bool vector) {
  const char *name = mt_op_name(op);
  mt_tensor spread_index = spread(index, src, dim, vector), lines = vector ? *src : *index;
  line_steps steps = {lines.size[dim], src->stride[dim], out->stride[dim], spread_index.stride[dim]};
  if (mt_tensor_numel(&lines) == 0) return 0;
  if (mt_cuda_use(name)) return 1;
  typename D::type *to = mt_elements<D>(out);
  const typename D::type *from = mt_elements<D>(src);
  if (by_lines(mt_tensor_numel(&lines) / steps.length, steps.length)) {
    lines.size[dim] = 1;
    mt_walk<3> walk = index_walk(&lines, src, out, &spread_index, dim);
    MT_LAUNCH(add_lines<D>, mt_cuda_blocks(walk.numel), MT_THREADS, to, from, places(index), walk, steps);
  } else {
    mt_walk<3> walk = index_walk(&lines, src, out, &spread_index, dim);
    MT_LAUNCH(add_elements<D>, mt_cuda_blocks(walk.numel), MT_THREADS, to, from, places(index), walk, steps.out);
  }
  return mt_cuda_launched(name);
}

template <class D> static int scatter_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return add_any<D>(MT_OP_scatter_add, out, dim, index, src, false);
}

template <class D> static int index_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return add_any<D>(MT_OP_index_add, out, dim, index, src, true);
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

template <class D> static void fill_slots() {
  mt_set_gather(MT_CUDA, D::id, gather);
  mt_set_index_select(MT_CUDA, D::id, index_select);
  mt_set_scatter(MT_CUDA, D::id, scatter);
  mt_set_index_copy(MT_CUDA, D::id, index_copy);
  mt_set_index_fill(MT_CUDA, D::id, index_fill);
  mt_set_scatter_add(MT_CUDA, D::id, scatter_add<D>);
  mt_set_index_add(MT_CUDA, D::id, index_add<D>);
}

void mt_cuda_register_index(void) {
#define FILL_SLOTS(D) fill_slots<D>();
  MT_EACH_DTYPE(FILL_SLOTS)
}

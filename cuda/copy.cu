/* copy.cu: copying between layouts and dtypes, and filling, by the kernels of the pointwise rows. */
#include "dtype.cuh"
#include "pointwise.cuh"

/* Whole numbers wrap; a floating number is truncated first, and is then taken as int64. */
template <class FROM, class TO> __device__ inline typename TO::type convert(typename FROM::type x) {
  if constexpr (FROM::id == TO::id)
    return x;
  else if constexpr (FROM::floating && !TO::floating)
    return (typename TO::type)mt_double_to_int64((double)FROM::load(x));
  else
    return TO::store(FROM::load(x));
}

/* A row for pointwise.cuh. */
template <class FROM, class TO> struct conversion {
  typedef typename TO::type out;
  typedef typename FROM::type in1, in2, in3;
  typedef double value;
  enum { inputs = 1, width = 16 / (sizeof(out) > sizeof(in1) ? sizeof(out) : sizeof(in1)) };
  value s, t;
  __device__ out operator()(in1 x, in2, in3) const { return convert<FROM, TO>(x); }
};

/* A number on the CPU is an input like any other, so filling is copying it. */
template <class D> static int fill(mt_tensor *out, double value) {
  const mt_tensor *operands[] = {out, nullptr};
  mt_plan plan = {};
  plan.op = MT_OP_fill;
  plan.dtype = D::id;
  plan.operands = 2;
  plan.scalar[1] = value;
  mt_plan_layout(&plan, out->dim, out->size, operands);
  return mt_cuda_use("fill") || mt_pointwise_run<conversion<D, D>>(&plan);
}

template <class FROM> static int (*conversion_to(int dtype))(const mt_plan *) {
  switch (dtype) {
#define CASE(D) \
  case D::id: return mt_pointwise_run<conversion<FROM, D>>;
    MT_EACH_DTYPE(CASE)
#undef CASE
  }
  return nullptr;
}

template <class FROM> static int copy(mt_tensor *out, const mt_tensor *src) {
  const mt_tensor *operands[] = {out, src};
  mt_plan plan = {};
  plan.op = MT_OP_copy;
  plan.dtype = FROM::id;
  plan.operands = 2;
  mt_plan_layout(&plan, out->dim, out->size, operands);
  if (plan.numel == 0) return 0;
  return mt_cuda_use("copy") || conversion_to<FROM>(out->dtype)(&plan);
}

template <class D> static void fill_slots() {
  mt_set_fill(MT_CUDA, D::id, fill<D>);
  mt_set_copy(MT_CUDA, D::id, copy<D>);
}

void mt_cuda_register_copy(void) {
#define FILL_SLOTS(D) fill_slots<D>();
  MT_EACH_DTYPE(FILL_SLOTS)
}

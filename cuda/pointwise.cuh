/* pointwise.cuh: the two kernels that run every pointwise row, and their launch from a plan. Each of unary.cu,
 * binary.cu, … includes it and makes the rows of one kind, in files of their own so that they compile side by side. */
#ifndef MOONTORCH_CUDA_POINTWISE_CUH
#define MOONTORCH_CUDA_POINTWISE_CUH
#include "common.cuh"
#include "iter.h"

#include <string.h>

/* WIDTH elements that are read or written in one go. */
template <class T, int WIDTH> struct alignas(sizeof(T) * WIDTH) mt_pack { T at[WIDTH]; };

/* A row's inputs: addresses, or NULL and a number. */
template <class ROW> struct mt_inputs {
  const char *a, *b, *c;
  typename ROW::in1 x;
  typename ROW::in2 y;
  typename ROW::in3 z;
};

template <class T, int WIDTH>
__device__ inline mt_pack<T, WIDTH> mt_load_pack(const char *data, T number, int64_t pack) {
  if (data) return ((const mt_pack<T, WIDTH> *)data)[pack];
  mt_pack<T, WIDTH> p;
  for (int i = 0; i < WIDTH; i++) p.at[i] = number;
  return p;
}

template <class T> __device__ inline T mt_load_at(const char *data, T number, int64_t byte) {
  return data ? *(const T *)(data + byte) : number;
}

/* All operands packed, and out, a, b, c at multiples of a pack's size: a thread does WIDTH elements; the thread after
 * the last does those that are left. */
template <class ROW> __global__ void mt_pointwise_packed(ROW row, mt_inputs<ROW> in, char *out, int64_t n) {
  typedef typename ROW::out O;
  typedef typename ROW::in1 X;
  typedef typename ROW::in2 Y;
  typedef typename ROW::in3 Z;
  enum { WIDTH = ROW::width };
  int64_t i = mt_cuda_thread(), packs = n / WIDTH;
  if (i < packs) {
    mt_pack<X, WIDTH> x = mt_load_pack<X, WIDTH>(in.a, in.x, i);
    mt_pack<Y, WIDTH> y = {};
    mt_pack<Z, WIDTH> z = {};
    if (ROW::inputs > 1) y = mt_load_pack<Y, WIDTH>(in.b, in.y, i);
    if (ROW::inputs > 2) z = mt_load_pack<Z, WIDTH>(in.c, in.z, i);
    mt_pack<O, WIDTH> result;
    for (int k = 0; k < WIDTH; k++) result.at[k] = row(x.at[k], y.at[k], z.at[k]);
    ((mt_pack<O, WIDTH> *)out)[i] = result;
  } else if (i == packs) {
    for (int64_t k = packs * WIDTH; k < n; k++) {
      Y y = {};
      Z z = {};
      X x = mt_load_at<X>(in.a, in.x, k * (int64_t)sizeof(X));
      if (ROW::inputs > 1) y = mt_load_at<Y>(in.b, in.y, k * (int64_t)sizeof(Y));
      if (ROW::inputs > 2) z = mt_load_at<Z>(in.c, in.z, k * (int64_t)sizeof(Z));
      ((O *)out)[k] = row(x, y, z);
    }
  }
}

/* Any layout: a thread does one element. */
template <class ROW>
__global__ void mt_pointwise_strided(ROW row, mt_inputs<ROW> in, char *out, mt_walk<ROW::inputs + 1> walk) {
  int64_t i = mt_cuda_thread(), at[ROW::inputs + 1];
  if (i >= walk.numel) return;
  walk.place(i, at);
  typename ROW::in2 y = {};
  typename ROW::in3 z = {};
  typename ROW::in1 x = mt_load_at<typename ROW::in1>(in.a, in.x, at[1]);
  if constexpr (ROW::inputs > 1) y = mt_load_at<typename ROW::in2>(in.b, in.y, at[2]);
  if constexpr (ROW::inputs > 2) z = mt_load_at<typename ROW::in3>(in.c, in.z, at[3]);
  *(typename ROW::out *)(out + at[0]) = row(x, y, z);
}

inline bool mt_packed_operand(const mt_plan *plan, int k, size_t size, int width) {
  if (!plan->data[k]) return true;
  return plan->step[k][0] == (int64_t)size && (uintptr_t)plan->data[k] % (size * width) == 0;
}

template <class ROW> bool mt_packed(const mt_plan *plan) {
  const size_t size[] = {sizeof(typename ROW::out), sizeof(typename ROW::in1), sizeof(typename ROW::in2),
                         sizeof(typename ROW::in3)};
  for (int k = 0; k < plan->operands; k++)
    if (plan->dim != 1 || !mt_packed_operand(plan, k, size[k], ROW::width)) return false;
  return true;
}

/* What the slots of the pointwise rows hold; mt_device.pointwise calls it. */
template <class ROW> int mt_pointwise_run(const mt_plan *plan) {
  enum { OPERANDS = ROW::inputs + 1 };
  ROW row;
  row.s = (typename ROW::value)plan->s;
  row.t = (typename ROW::value)plan->t;
  mt_inputs<ROW> in;
  memset(&in, 0, sizeof in);
  in.a = plan->data[1];
  if (!in.a) mt_scalar_store(plan->dtype, plan->scalar[1], &in.x);
  if (OPERANDS > 2 && !(in.b = plan->data[2])) mt_scalar_store(plan->dtype, plan->scalar[2], &in.y);
  if (OPERANDS > 3 && !(in.c = plan->data[3])) mt_scalar_store(plan->dtype, plan->scalar[3], &in.z);
  if (mt_packed<ROW>(plan)) {
    int64_t threads = plan->numel / ROW::width + 1;
    MT_LAUNCH(mt_pointwise_packed<ROW>, mt_cuda_blocks(threads), MT_THREADS, row, in, plan->data[0], plan->numel);
    return mt_cuda_launched(mt_op_name(plan->op));
  }
  mt_walk<OPERANDS> walk;
  walk.numel = plan->numel;
  walk.dim = plan->dim;
  for (int d = 0; d < plan->dim; d++) {
    walk.size[d] = plan->size[d];
    for (int k = 0; k < OPERANDS; k++) walk.step[k][d] = plan->step[k][d];
  }
  MT_LAUNCH(mt_pointwise_strided<ROW>, mt_cuda_blocks(plan->numel), MT_THREADS, row, in, plan->data[0], walk);
  return mt_cuda_launched(mt_op_name(plan->op));
}

#endif

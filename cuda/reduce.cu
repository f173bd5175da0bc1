/* reduce.cu: reductions over any dimensions. A result's elements are folded into a state: by one thread, where there
 * are many results or few elements each; by a block otherwise; and by several blocks, whose states a second kernel
 * joins, where there are too few results to keep the GPU busy. The order is fixed: results are the same each time. */
#include "dtype.cuh"

#include <math.h>

enum how { SUM, MEAN, PROD, MAX, MIN, ALL_OF, ANY_OF };

/* -- What is folded --------------------------------------------------------------------------------------------- */

/* Each kind of reduction has a state and the functions start, take (element number i), join, result and place (of an
 * extreme); count is the number of elements reduced to one, p the op's parameter. */

/* Whole numbers wrap, so their sums are made of unsigned ones. */
template <class S> __device__ inline S plus(S x, S y) { return x + y; }
template <> __device__ inline int64_t plus(int64_t x, int64_t y) { return (int64_t)((uint64_t)x + (uint64_t)y); }
template <class S> __device__ inline S times(S x, S y) { return x * y; }
template <> __device__ inline int64_t times(int64_t x, int64_t y) { return (int64_t)((uint64_t)x * (uint64_t)y); }

template <class S> __device__ inline S highest() { return (S)INFINITY; }
template <> __device__ inline int64_t highest() { return INT64_MAX; }
template <class S> __device__ inline S lowest() { return -(S)INFINITY; }
template <> __device__ inline int64_t lowest() { return INT64_MIN; }

/* Maps each element to a number and joins the numbers. */
template <class D, how HOW> struct folding {
  typedef D dtype;
  typedef typename D::sum state;
  double p, count;

  __device__ state start() const {
    return HOW == PROD || HOW == ALL_OF ? 1 : HOW == MIN ? highest<state>() : HOW == MAX ? lowest<state>() : 0;
  }
  __device__ void take(state &s, typename D::type x, int64_t) const {
    state v = (state)D::load(x);
    join(s, HOW == ALL_OF || HOW == ANY_OF ? (state)(v != 0) : v);
  }
  __device__ void join(state &s, state y) const {
    if (HOW == PROD)
      s = times(s, y);
    else if (HOW == MIN || HOW == ALL_OF)
      s = y < s || y != y ? y : s;
    else if (HOW == MAX || HOW == ANY_OF)
      s = y > s || y != y ? y : s;
    else
      s = plus(s, y);
  }
  __device__ state result(state s) const { return HOW == MEAN ? (state)(s / count) : s; }
  __device__ int64_t place(state) const { return 0; }
};

/* p 0: how many are not 0; infinite: the largest or smallest |x|; otherwise the p-th root of the sum of |x|^p */
template <class D> struct norm_folding {
  typedef D dtype;
  typedef double state;
  double p, count;

  __device__ state start() const { return p == -INFINITY ? INFINITY : 0; }
  __device__ void take(state &s, typename D::type x, int64_t) const {
    double v = fabs((double)D::load(x));
    join(s, p == 0 ? (double)(v != 0) : p == 1 || isinf(p) ? v : p == 2 ? v * v : pow(v, p));
  }
  __device__ void join(state &s, state y) const {
    if (!isinf(p))
      s += y;
    else if (y != y || (p > 0 ? y > s : y < s))
      s = y;
  }
  __device__ double result(state s) const {
    return p == 0 || p == 1 || isinf(p) ? s : p == 2 ? sqrt(s) : pow(s, 1 / p);
  }
  __device__ int64_t place(state) const { return 0; }
};

/* An extreme and its place, from 1. The first NaN wins over everything, the first of equals over the others. */
template <class D, how HOW> struct arg_folding {
  typedef D dtype;
  struct state {
    typename D::value value;
    int64_t place; /* 0: nothing seen yet */
  };
  double p, count;

  __device__ state start() const { return state{0, 0}; }
  __device__ void take(state &s, typename D::type x, int64_t i) const { join(s, state{D::load(x), i + 1}); }
  __device__ void join(state &s, state y) const {
    if (y.place == 0) return;
    bool nan = s.value != s.value, y_nan = y.value != y.value;
    bool better = y_nan ? !nan : HOW == MAX ? y.value > s.value : y.value < s.value;
    bool same = y_nan ? nan : y.value == s.value;
    if (s.place == 0 || better || (same && y.place < s.place)) s = y;
  }
  __device__ typename D::value result(state s) const { return s.value; }
  __device__ int64_t place(state s) const { return s.place; }
};

/* T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979 */
template <class D> struct variance {
  typedef D dtype;
  struct state {
    double n, mean, m2; /* m2: sum of the squared distances from the mean */
  };
  double p, count;

  __device__ state start() const { return state{0, 0, 0}; }
  __device__ void take(state &s, typename D::type x, int64_t) const { join(s, state{1, (double)D::load(x), 0}); }
  __device__ void join(state &s, state y) const {
    double all = s.n + y.n, far = y.mean - s.mean;
    if (y.n == 0) return;
    s.m2 += s.n > 0 ? y.m2 + far * far * (s.n * y.n / all) : y.m2;
    s.mean = s.n > 0 ? s.mean + far * (y.n / all) : y.mean;
    s.n = all;
  }
  __device__ double result(state s) const { return count > p ? s.m2 / (count - p) : NAN; }
  __device__ int64_t place(state) const { return 0; }
};

/* -- Kernels ---------------------------------------------------------------------------------------------------- */

/* Result number o lies at out[at 0], its place at index[at 1], its elements from a[at 2] on; element i of it at the
 * offset that run gives. */
template <class R> struct job {
  R how;
  const typename R::dtype::type *a;
  void *out;      /* of a's dtype or, when wide, of doubles */
  int64_t *index; /* or NULL */
  bool wide;
  mt_walk<3> kept;
  mt_walk<1> run;
  int64_t parts;              /* blocks to a result */
  typename R::state *partial; /* kept.numel × parts; NULL when there is one block to a result */
};

/* Writes what a state comes to, for the result whose places are given (see job). */
template <class R> __device__ void finish(const job<R> &j, const typename R::state &s, const int64_t *at) {
  typedef typename R::dtype D;
  if (j.wide)
    ((double *)j.out)[at[0]] = (double)j.how.result(s);
  else
    ((typename D::type *)j.out)[at[0]] = D::store(j.how.result(s));
  if (j.index) j.index[at[1]] = j.how.place(s);
}

/* Elements from, from + step, … before to. Most reductions walk one dimension, which needs no division. */
template <class R>
__device__ void fold_range(const job<R> &j, int64_t base, int64_t from, int64_t to, int64_t step,
                           typename R::state &s) {
  const typename R::dtype::type *a = j.a + base;
  if (j.run.dim == 1) {
    for (int64_t i = from; i < to; i += step) j.how.take(s, a[i * j.run.step[0][0]], i);
    return;
  }
  MT_ROLLED for (int64_t i = from; i < to; i += step) {
    int64_t at[1];
    j.run.place(i, at);
    j.how.take(s, a[at[0]], i);
  }
}

/* Joins the states of a block's threads into the first one's. */
template <class R> __device__ void join_block(const R &how, typename R::state *states, typename R::state &mine) {
  unsigned t = threadIdx.x;
  states[t] = mine;
  for (unsigned half = MT_THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) how.join(states[t], states[t + half]);
  }
  if (t == 0) mine = states[0];
}

template <class R> __global__ void fold_by_threads(job<R> j) {
  int64_t o = mt_cuda_thread(), at[3];
  if (o >= j.kept.numel) return;
  typename R::state s = j.how.start();
  j.kept.place(o, at);
  fold_range(j, at[2], 0, j.run.numel, 1, s);
  finish(j, s, at);
}

template <class R> __global__ void fold_by_blocks(job<R> j) {
  MT_SHARED(typename R::state, states, MT_THREADS);
  int64_t o = blockIdx.x / j.parts, part = blockIdx.x % j.parts, length = (j.run.numel + j.parts - 1) / j.parts, at[3];
  int64_t from = part * length, to = from + length < j.run.numel ? from + length : j.run.numel;
  typename R::state s = j.how.start();
  j.kept.place(o, at);
  fold_range(j, at[2], from + threadIdx.x, to, MT_THREADS, s);
  join_block(j.how, states, s);
  if (threadIdx.x > 0) return;
  if (j.partial)
    j.partial[blockIdx.x] = s;
  else
    finish(j, s, at);
}

template <class R> __global__ void join_parts(job<R> j) {
  MT_SHARED(typename R::state, states, MT_THREADS);
  int64_t at[3];
  typename R::state s = j.how.start();
  for (int64_t k = threadIdx.x; k < j.parts; k += MT_THREADS) j.how.join(s, j.partial[blockIdx.x * j.parts + k]);
  join_block(j.how, states, s);
  if (threadIdx.x > 0) return;
  j.kept.place(blockIdx.x, at);
  finish(j, s, at);
}

/* -- Launching -------------------------------------------------------------------------------------------------- */

/* One thread a result: many results, few elements to each, or neighbours that read side by side. */
static bool by_threads(int64_t results, int64_t elements, bool last_kept) {
  return elements <= 16 || results >= 4096 || (last_kept && results >= 256);
}

/* Enough blocks to fill a large GPU, with enough elements each to be worth one. */
static int64_t parts_of(int64_t results, int64_t elements) {
  int64_t most = 1024 / results, useful = elements / 4096;
  int64_t parts = most < useful ? most : useful;
  return parts > 1 ? parts : 1;
}

template <class R> static int launch(const char *op, job<R> &j, bool last_kept) {
  int64_t results = j.kept.numel;
  j.parts = 1;
  j.partial = nullptr;
  if (by_threads(results, j.run.numel, last_kept)) {
    MT_LAUNCH(fold_by_threads<R>, mt_cuda_blocks(results), MT_THREADS, j);
    return mt_cuda_launched(op);
  }
  j.parts = parts_of(results, j.run.numel);
  if (j.parts == 1) {
    MT_LAUNCH(fold_by_blocks<R>, (unsigned)results, MT_THREADS, j);
    return mt_cuda_launched(op);
  }
  mt_cuda_scratch scratch((size_t)(results * j.parts) * sizeof(typename R::state));
  if (!scratch.data) return 1;
  j.partial = (typename R::state *)scratch.data;
  MT_LAUNCH(fold_by_blocks<R>, (unsigned)(results * j.parts), MT_THREADS, j);
  if (mt_cuda_launched(op)) return 1;
  MT_LAUNCH(join_parts<R>, (unsigned)results, MT_THREADS, j);
  return mt_cuda_launched(op);
}

/* The dimensions of a that are reduced (or are not), with the strides of the n operands. */
template <int N>
static mt_walk<N> walk_some(const mt_tensor *a, uint32_t dims, bool reduced, const mt_tensor *const (&operands)[N]) {
  mt_walk<N> w;
  w.dim = 0;
  w.numel = 1;
  for (int d = 0; d < a->dim; d++) {
    if (((dims >> d & 1) != 0) != reduced) continue;
    w.size[w.dim] = a->size[d];
    w.numel *= a->size[d];
    for (int k = 0; k < N; k++) w.step[k][w.dim] = operands[k]->stride[d];
    w.dim++;
  }
  w.simplify();
  return w;
}

template <class R>
static int reduce(int op, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p) {
  typedef typename R::dtype D;
  const mt_tensor *const kept[] = {out, index ? index : out, a}, *const run[] = {a};
  job<R> j;
  j.kept = walk_some(a, dims, false, kept);
  j.run = walk_some(a, dims, true, run);
  if (j.kept.numel == 0) return 0;
  j.how.p = p;
  j.how.count = (double)j.run.numel;
  j.a = mt_elements<D>(a);
  j.out = mt_tensor_data(out);
  j.wide = out->dtype == MT_DOUBLE;
  j.index = index ? (int64_t *)mt_tensor_data(index) : nullptr;
  return mt_cuda_use(mt_op_name(op)) || launch(mt_op_name(op), j, !(dims >> (a->dim - 1) & 1));
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

#define ARGUMENTS mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p

template <class D, int OP, how HOW> static int simple(ARGUMENTS) {
  return reduce<folding<D, HOW>>(OP, out, index, a, dims, p);
}

template <class D, int OP, how HOW> static int extreme(ARGUMENTS) {
  if (index) return reduce<arg_folding<D, HOW>>(OP, out, index, a, dims, p);
  return reduce<folding<D, HOW>>(OP, out, index, a, dims, p);
}

template <class D> static int norm(ARGUMENTS) { return reduce<norm_folding<D>>(MT_OP_norm, out, index, a, dims, p); }

template <class D> static int var(ARGUMENTS) { return reduce<variance<D>>(MT_OP_var, out, index, a, dims, p); }

template <class D> static void fill_slots() {
  mt_set_sum(MT_CUDA, D::id, simple<D, MT_OP_sum, SUM>);
  mt_set_prod(MT_CUDA, D::id, simple<D, MT_OP_prod, PROD>);
  mt_set_max(MT_CUDA, D::id, extreme<D, MT_OP_max, MAX>);
  mt_set_min(MT_CUDA, D::id, extreme<D, MT_OP_min, MIN>);
  mt_set_all(MT_CUDA, D::id, simple<D, MT_OP_all, ALL_OF>);
  mt_set_any(MT_CUDA, D::id, simple<D, MT_OP_any, ANY_OF>);
  if constexpr (D::floating) {
    mt_set_mean(MT_CUDA, D::id, simple<D, MT_OP_mean, MEAN>);
    mt_set_norm(MT_CUDA, D::id, norm<D>);
    mt_set_var(MT_CUDA, D::id, var<D>);
  }
}

void mt_cuda_register_reduce(void) {
#define FILL_SLOTS(D) fill_slots<D>();
  MT_EACH_DTYPE(FILL_SLOTS)
}

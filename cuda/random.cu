/* random.cu: random numbers. The generator of the CPU gives a key of 64 bits a call; each element then has numbers of
 * its own, computed from the key and the element's place, so that a seed gives the same numbers on every GPU (but not
 * those that it gives on the CPU).
 * J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011: Philox 4×32-10 */
#include "dtype.cuh"

#include <math.h>

struct philox {
  uint32_t word[4];
};

__device__ static philox philox_draw(uint64_t key, uint64_t place) {
  philox x = {{(uint32_t)place, (uint32_t)(place >> 32), 0, 0}};
  uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xd2511f53u * x.word[0], b = (uint64_t)0xcd9e8d57u * x.word[2];
    x = philox{
        {(uint32_t)(b >> 32) ^ x.word[1] ^ low, (uint32_t)b, (uint32_t)(a >> 32) ^ x.word[3] ^ high, (uint32_t)a}};
    low += 0x9e3779b9u;
    high += 0xbb67ae85u;
  }
  return x;
}

/* In [0, 1), as the CPU's: with 32 bits */
__device__ inline double unit(uint32_t bits) { return bits * (1.0 / 4294967296.0); }

/* Box-Muller, the cosine of the pair */
__device__ inline double normal(philox x) {
  return sqrt(-2 * log(1 - unit(x.word[1]))) * cos(2 * 3.14159265358979323846 * unit(x.word[0]));
}

/* p, q: see moontorch.h; range: of the distributions of whole numbers */
__device__ static double draw_floating(int distribution, philox x, double p, double q) {
  double u = unit(x.word[0]);
  switch (distribution) {
    case MT_UNIFORM: return u * (q - p) + p;
    case MT_NORMAL: return normal(x) * q + p;
    case MT_EXPONENTIAL: return -1 / p * log(1 - u);
    case MT_CAUCHY: return p + q * tan(3.14159265358979323846 * (u - 0.5));
    default: return exp(normal(x) * q + p); /* MT_LOG_NORMAL */
  }
}

__device__ static int64_t draw_whole(int distribution, philox x, double p, uint64_t range) {
  uint64_t bits = x.word[0];
  switch (distribution) {
    case MT_GEOMETRIC: return (int64_t)(log(1 - unit(x.word[0])) / log(p)) + 1; /* p: chance of a failure */
    case MT_BERNOULLI: return unit(x.word[0]) <= p;
    case MT_RANDOM:
      if (range > (uint64_t)1 << 32) bits = bits << 32 | x.word[1];
      return (int64_t)(bits % range) + (int64_t)p;
    default: return (int64_t)(bits % range); /* MT_RANDOM_BITS */
  }
}

template <class D>
__global__ void fill_elements(typename D::type *out, mt_walk<1> walk, uint64_t key, int distribution, double p,
                              double q, uint64_t range) {
  int64_t i = mt_cuda_thread(), at[1];
  if (i >= walk.numel) return;
  walk.place(i, at);
  philox x = philox_draw(key, (uint64_t)i);
  if (distribution <= MT_LOG_NORMAL)
    out[at[0]] = D::store(draw_floating(distribution, x, p, q));
  else
    out[at[0]] = D::store(draw_whole(distribution, x, p, range));
}

/* How many whole numbers the dtype holds from 0 on, without gaps. */
template <class D> static uint64_t bits_range() {
  const int digits[] = {24, 53, 11, 8}; /* MT_FLOAT, MT_DOUBLE, MT_HALF, MT_BFLOAT16 */
  if (D::floating) return ((uint64_t)1 << digits[D::id % 4]) + 1;
  return (uint64_t)1 << (8 * sizeof(typename D::type) - (D::id == MT_UINT8 ? 0 : 1));
}

static int draw_key(mt_generator *g, uint64_t *key) {
  double low = 0, high = 0;
  if (mt_random(g, MT_RANDOM_BITS, 0, 0, &low) || mt_random(g, MT_RANDOM_BITS, 0, 0, &high)) return 1;
  *key = (uint64_t)low | (uint64_t)high << 32;
  return 0;
}

template <class D> static int fill(mt_generator *g, mt_tensor *out, int distribution, double p, double q) {
  const mt_tensor *const operands[] = {out};
  mt_walk<1> walk = mt_walk_over(out, operands);
  uint64_t key, range = distribution == MT_RANDOM ? (uint64_t)(q - p) + 1 : bits_range<D>();
  if (walk.numel == 0) return 0;
  if (mt_cuda_use("random") || draw_key(g, &key)) return 1;
  walk.simplify();
  auto kernel = fill_elements<D>;
  MT_LAUNCH(kernel, mt_cuda_blocks(walk.numel), MT_THREADS, mt_elements<D>(out), walk, key, distribution, p, q, range);
  return mt_cuda_launched("random");
}

void mt_cuda_register_random(void) {
#define FILL_SLOT(D) mt_set_random(MT_CUDA, D::id, fill<D>);
  MT_EACH_DTYPE(FILL_SLOT)
}

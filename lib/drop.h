/* drop.h: which weights dropout keeps, as a function of a seed and a place, so that going back need not store it. C11 and
 * CUDA C++. */
#ifndef MOONTORCH_DROP_H
#define MOONTORCH_DROP_H
#include "half.h"

/* What a row's places are mixed with: Steele, Lea and Flood's SplitMix64. */
MT_INLINE uint64_t mt_drop_key(uint64_t seed, uint64_t row) {
  uint64_t x = seed + (row + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

/* Of 2^32 mixed numbers so many drop their place. */
MT_INLINE uint32_t mt_drop_limit(double p) { return p >= 1 ? UINT32_MAX : (uint32_t)(p * 4294967296.); }

/* Whether a place of a row is kept. Numbers of 32 bits, so that loops over places become vectors. */
MT_INLINE int mt_drop_keeps(uint64_t key, uint32_t place, uint32_t limit) {
  uint32_t x = (place + (uint32_t)key) * 0x9e3779b1u ^ (uint32_t)(key >> 32);
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return (x ^ x >> 16) >= limit;
}

#endif

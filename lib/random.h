/* random.h: the generator, and what each distribution makes of its words; random.c draws numbers one by one,
 * random_kernels.c fills tensors.
 *
 * Every distribution starts from one 32-bit word per uniform number, u = word / 2^32, and the formulas keep Torch7's
 * order of operations, because its users compare runs by seed to the last bit. Numbers are computed in double and
 * rounded to the tensor's dtype. */
#ifndef MOONTORCH_RANDOM_H
#define MOONTORCH_RANDOM_H
#include "half.h"
#include "kernels.h"

#include <math.h>

enum { MT_WORDS = 624, MT_MIDDLE = 397 };

struct mt_generator {
  uint64_t seed;
  uint32_t word[MT_WORDS];
  int32_t next; /* word to be given out next; MT_WORDS: the block is used up */
  int32_t has_normal;
  double angle, radius_draw, radius; /* of the last Box-Muller pair; its second number is due when has_normal */
};

const char *mt_random_name(int distribution);
/* How many different numbers random() without bounds draws from: all that the dtype holds from 0 on. */
uint64_t mt_random_bits_range(int dtype);

/* -- Words: the Mersenne Twister (Matsumoto and Nishimura 1998, MT19937) ------------------------------------------ */

MT_INLINE uint32_t twist(uint32_t high, uint32_t low, uint32_t far) {
  uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (y >> 1) ^ (-(low & 1u) & 0x9908b0dfu);
}

MT_INLINE void next_block(mt_generator *g) {
  uint32_t *w = g->word;
  int i = 0;
  for (; i < MT_WORDS - MT_MIDDLE; i++) w[i] = twist(w[i], w[i + 1], w[i + MT_MIDDLE]);
  for (; i < MT_WORDS - 1; i++) w[i] = twist(w[i], w[i + 1], w[i + MT_MIDDLE - MT_WORDS]);
  w[i] = twist(w[i], w[0], w[MT_MIDDLE - 1]);
  g->next = 0;
}

MT_INLINE uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

MT_INLINE uint32_t draw_word(mt_generator *g) {
  if (g->next >= MT_WORDS) next_block(g);
  return temper(g->word[g->next++]);
}

/* -- Numbers ------------------------------------------------------------------------------------------------------ */

#define MT_TWO_PI 6.28318530717958647692

MT_INLINE double unit_of(uint32_t word) { return word * (1.0 / 4294967296.0); }

MT_INLINE double uniform_of(double u, double low, double high) { return u * (high - low) + low; }

MT_INLINE double exponential_of(double u, double rate) { return -1 / rate * log(1 - u); }

MT_INLINE double cauchy_of(double u, double median, double scale) {
  return median + scale * tan(MT_TWO_PI / 2 * (u - 0.5));
}

/* Here p is the chance of a failure, as in Torch7, whose numbers these must be. */
MT_INLINE int64_t geometric_of(double u, double p) { return (int64_t)(log(1 - u) / log(p)) + 1; }

MT_INLINE int bernoulli_of(double u, double p) { return u <= p; }

/* low … low + range - 1; a range of more than 2^32 needs bits of two words, the higher ones first */
MT_INLINE int64_t whole_of(uint64_t bits, int64_t low, uint64_t range) { return (int64_t)(bits % range) + low; }

MT_INLINE int whole_needs_two(uint64_t range) { return range > (uint64_t)1 << 32; }

/* Box-Muller: a pair of uniform numbers gives two normal ones, the cosine first, then the sine. */
MT_INLINE double radius_of(double u) { return sqrt(-2 * log(1 - u)); }

MT_INLINE double normal_of(double radius, double across, double mean, double deviation) {
  return radius * across * deviation + mean;
}

MT_INLINE void begin_pair(mt_generator *g, uint32_t angle, uint32_t radius) {
  g->angle = unit_of(angle);
  g->radius_draw = unit_of(radius);
  g->radius = radius_of(g->radius_draw);
}

MT_INLINE double draw_normal(mt_generator *g, double mean, double deviation) {
  g->has_normal = !g->has_normal;
  if (!g->has_normal) return normal_of(g->radius, sin(MT_TWO_PI * g->angle), mean, deviation);
  uint32_t angle = draw_word(g);
  begin_pair(g, angle, draw_word(g));
  return normal_of(g->radius, cos(MT_TWO_PI * g->angle), mean, deviation);
}

#endif

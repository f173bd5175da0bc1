/* random_kernels.c: filling tensors with random numbers, and drawing by weights. Compiled once for any CPU and, from
 * lib/cpu, again for wider instruction sets: MT_RANDOM_REGISTER then names the function that fills the slots. All builds
 * give the same numbers to the last bit. */
#include "random.h"

#include <stdlib.h>
#include <string.h>

#ifndef MT_RANDOM_REGISTER
#define MT_RANDOM_REGISTER mt_register_random
#endif

/* Numbers are made BLOCK at a time by all threads together, and CHUNK at a time by each. */
enum { BLOCK = 1 << 17, CHUNK = 256 };

static int in_pairs(int distribution) { return distribution == MT_NORMAL || distribution == MT_LOG_NORMAL; }

/* Words that a number is made of; p, q: the bounds of whole numbers */
static int64_t words_each(int distribution, double p, double q) {
  return distribution == MT_RANDOM && whole_needs_two((uint64_t)(q - p) + 1) ? 2 : 1;
}

/* The same words as n calls of draw_word. */
static void draw_words(mt_generator *g, uint32_t *out, int64_t n) {
  while (n > 0) {
    if (g->next >= MT_WORDS) next_block(g);
    int64_t count = mt_least(MT_WORDS - g->next, n);
    const uint32_t *w = g->word + g->next;
    for (int64_t i = 0; i < count; i++) out[i] = temper(w[i]);
    g->next += (int32_t)count;
    out += count;
    n -= count;
  }
}

/* -- Normal numbers: n of them, an even count, from as many words ----------------------------------------- */

static void exact_normals(double *out, const uint32_t *w, int64_t n, double mean, double deviation) {
  for (int64_t i = 0; i < n; i += 2) {
    double angle = MT_TWO_PI * unit_of(w[i]), radius = radius_of(unit_of(w[i + 1]));
    out[i] = normal_of(radius, cos(angle), mean, deviation);
    out[i + 1] = normal_of(radius, sin(angle), mean, deviation);
  }
}

/* a·b + c, rounded once or twice: for approximations */
#ifdef __FMA__
#define NEARLY(a, b, c) __builtin_fma(a, b, c)
#else
#define NEARLY(a, b, c) ((a) * (b) + (c))
#endif

static inline double from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint64_t to_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* sqrt(-2 log x) for x = 1 - u, which is 2^k·f with f between about sqrt 0.5 and sqrt 2: log f = 2 atanh z by its
 * series, whose first term left out is 2^-44 of it */
static inline double near_radius(uint32_t word) {
  double x = 1 - unit_of(word);
  uint64_t power = (to_bits(x) + (0x3ff0000000000000u - 0x3fe6a09e00000000u)) >> 52; /* k + 1023 */
  double k = from_bits(power | 0x4330000000000000u) - (0x1p52 + 1023);
  double f = from_bits(to_bits(x) - ((power - 1023) << 52)), z = (f - 1) / (f + 1), y = z * z;
  double p = NEARLY(1. / 15, y, 1. / 13);
  p = NEARLY(p, y, 1. / 11);
  p = NEARLY(p, y, 1. / 9);
  p = NEARLY(p, y, 1. / 7);
  p = NEARLY(p, y, 1. / 5);
  p = NEARLY(p, y, 1. / 3);
  p = NEARLY(p, y, 1.);
  return sqrt(-4 * z * p - k * (2 * 0.69314718055994530942));
}

/* Cosine and sine of 2 pi u, by their series on an eighth of a turn to both sides of the next quarter: what is left out
 * is at most 4e-13. */
static inline void near_turn(uint32_t word, double *cosine, double *sine) {
  const double magic = 6755399441055744.; /* 1.5 · 2^52: a sum's low bits are the count of quarters */
  double quarters = word * (1.0 / 1073741824.0), sum = quarters + magic;
  double t = (quarters - (sum - magic)) * (MT_TWO_PI / 4), y = t * t;
  double s = NEARLY(1. / 6227020800, y, -1. / 39916800), c = NEARLY(1. / 479001600, y, -1. / 3628800);
  s = NEARLY(s, y, 1. / 362880);
  c = NEARLY(c, y, 1. / 40320);
  s = NEARLY(s, y, -1. / 5040);
  c = NEARLY(c, y, -1. / 720);
  s = NEARLY(s, y, 1. / 120);
  c = NEARLY(c, y, 1. / 24);
  s = NEARLY(s, y, -1. / 6);
  c = NEARLY(c, y, -0.5);
  uint64_t q = to_bits(sum), even = to_bits(NEARLY(c, y, 1.)), odd = to_bits(NEARLY(s * y, t, t));
  uint64_t swap = (even ^ odd) & -(q & 1);
  *cosine = from_bits(even ^ swap ^ ((q + 1) & 2) << 62);
  *sine = from_bits(odd ^ swap ^ (q & 2) << 62);
}

/* The float that every number within slack of value rounds to; NaN where there are several. */
static inline float certain_float(double value, double slack) {
  float low = (float)(value - slack), high = (float)(value + slack);
  return low == high && low != 0 ? low : NAN; /* zeros: of either sign */
}

/* Floats with the last bit of those that exact_normals would give, in vectors: approximations whose error is below
 * 2^-39 of radius·deviation, and what they leave open is done again. */
static void float_normals(float *out, const uint32_t *w, int64_t n, double mean, double deviation) {
  const double slack = 0x1p-39 * fabs(deviation), mean_slack = 0x1p-39 * fabs(mean);
  for (int64_t i = 0; i < n / 2; i++) {
    double c, s, radius = near_radius(w[2 * i + 1]);
    near_turn(w[2 * i], &c, &s);
    double scale = radius * deviation, about = radius * slack + mean_slack;
    out[2 * i] = certain_float(scale * c + mean, about);
    out[2 * i + 1] = certain_float(scale * s + mean, about);
  }
  int open = 0;
  for (int64_t i = 0; i < n; i++) open |= out[i] != out[i];
  for (int64_t i = 0; open && i < n; i += 2) {
    if (out[i] == out[i] && out[i + 1] == out[i + 1]) continue;
    double exact[2];
    exact_normals(exact, w + i, 2, mean, deviation);
    out[i] = (float)exact[0];
    out[i + 1] = (float)exact[1];
  }
}

/* -- Rows of tensors -------------------------------------------------------------------------------------- */

/* Walks a strided tensor row by row in the order of its elements; a contiguous one is a single row. */
typedef struct {
  const mt_tensor *t;
  int64_t length, step; /* of a row */
  int64_t rows, offset; /* rows left; first element of this one, relative to the tensor's first */
  int64_t at[MT_MAX_DIM];
} row_walk;

static row_walk rows_of(const mt_tensor *t) {
  row_walk w = {.t = t, .length = mt_tensor_numel(t), .step = 1, .rows = 1};
  if (w.length == 0) {
    w.rows = 0;
  } else if (!mt_tensor_is_contiguous(t)) {
    w.step = t->stride[t->dim - 1];
    w.rows = w.length / t->size[t->dim - 1];
    w.length = t->size[t->dim - 1];
  }
  return w;
}

static void next_row(row_walk *w) {
  w->rows--;
  for (int d = w->t->dim - 2; d >= 0; d--) {
    w->offset += w->t->stride[d];
    if (++w->at[d] < w->t->size[d]) return;
    w->offset -= w->at[d] * w->t->stride[d];
    w->at[d] = 0;
  }
}

/* -- Drawing by weights ------------------------------------------------------------------------------------ */

/* The first slot whose running sum reaches u; never one without weight, whatever the rounding did. */
static int64_t find_slot(const double *sum, const double *weight, int64_t slots, double u) {
  int64_t low = 0, high = slots - 1;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (sum[middle] < u)
      low = middle + 1;
    else
      high = middle;
  }
  for (int64_t i = low; i < slots; i++)
    if (weight[i] > 0) return i;
  while (!(weight[low] > 0)) low--;
  return low;
}

/* Takes a drawn slot's share out of the running sums, which then end at 1 again. */
static void remove_slot(double *sum, double *weight, int64_t slots, int64_t slot) {
  double share = sum[slot] - (slot ? sum[slot - 1] : 0), rest = 1 - share;
  for (int64_t i = 0; i < slots; i++) sum[i] = (i < slot ? sum[i] : sum[i] - share) / rest;
  weight[slot] = 0;
}

/* weight, sum: slots numbers, both overwritten; out: n slots, counted from 1. row: for messages */
static int draw_slots(mt_generator *g, double *weight, double *sum, int64_t slots, int64_t *out, int64_t n,
                      int replacement, int64_t row) {
  double total = 0;
  int64_t positive = 0;
  for (int64_t i = 0; i < slots; i++) {
    if (!(weight[i] >= 0) || isinf(weight[i]))
      return mt_fail("multinomial: weight %lld of row %lld is %g; weights are finite and not negative",
                     (long long)i + 1, (long long)row + 1, weight[i]);
    positive += weight[i] > 0;
    sum[i] = total += weight[i];
  }
  if (!positive || isinf(total))
    return mt_fail("multinomial: the weights of row %lld sum to %g; that must be above 0 and finite",
                   (long long)row + 1, total);
  if (!replacement && positive < n)
    return mt_fail("multinomial: %lld numbers without replacement need as many weights above 0; row %lld has %lld",
                   (long long)n, (long long)row + 1, (long long)positive);
  for (int64_t i = 0; i < slots; i++) sum[i] /= total;
  for (int64_t k = 0; k < n; k++) {
    int64_t slot = find_slot(sum, weight, slots, unit_of(draw_word(g)));
    if (!replacement && k + 1 < n) remove_slot(sum, weight, slots, slot);
    out[k] = slot + 1;
  }
  return 0;
}

#define MT_TEMPLATE "random.tpl.c"
#include "each_dtype.h"

void MT_RANDOM_REGISTER(void);
void MT_RANDOM_REGISTER(void) {
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

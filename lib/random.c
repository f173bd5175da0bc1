/* random.c: the Mersenne Twister (Matsumoto and Nishimura 1998, MT19937) with Torch7's way of drawing from it.
 *
 * Every distribution starts from one 32-bit draw per uniform number, u = draw / 2^32, and the formulas below keep
 * Torch7's order of operations, because its users compare runs by seed to the last bit. Numbers are computed in
 * double and rounded to the tensor's dtype. */
#include "internal.h"
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 624, MIDDLE = 397 };
enum { BLOCK = 1 << 17 }; /* normal numbers made at a time, by all threads together */

struct mt_generator {
  uint64_t seed;
  uint32_t word[WORDS];
  int32_t next; /* word to be given out next; WORDS: the block is used up */
  int32_t has_normal;
  double angle, radius_draw, radius; /* of the last Box-Muller pair; its second number is due when has_normal */
};

/* The bytes of a saved state: Torch7's generator on 64-bit machines, so that states saved there can be set here. */
typedef struct {
  uint64_t seed;
  int32_t left; /* words of the block not given out yet, plus one */
  int32_t seeded;
  uint64_t next;
  uint64_t word[WORDS];
  double angle, radius_draw, radius;
  int32_t has_normal;
  int32_t unused;
} saved_state;

_Static_assert(sizeof(saved_state) == 5048, "a saved state has Torch7's layout");

/* -- The generator ---------------------------------------------------------------------------------------- */

void mt_generator_seed(mt_generator *g, uint64_t seed) {
  g->seed = seed;
  g->word[0] = (uint32_t)seed;
  for (uint32_t i = 1; i < WORDS; i++) g->word[i] = 1812433253u * (g->word[i - 1] ^ (g->word[i - 1] >> 30)) + i;
  g->next = WORDS;
  g->has_normal = 0;
  g->angle = g->radius_draw = g->radius = 0;
}

/* getentropy never blocks once the system is up; where it is refused, clock, process and address must do. */
static uint64_t system_seed(uintptr_t address) {
  uint64_t seed;
  if (getentropy(&seed, sizeof seed) == 0) return seed;
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid() << 40;
  return seed ^ (uint64_t)address;
}

mt_generator *mt_generator_new(void) {
  mt_generator *g = malloc(sizeof *g);
  if (!g) {
    mt_fail("Generator: no memory for %zu bytes", sizeof *g);
    return NULL;
  }
  /* 53 bits, so that Lua's numbers carry the seed exactly and manualSeed(initialSeed()) repeats the run */
  mt_generator_seed(g, system_seed((uintptr_t)g) >> 11);
  return g;
}

void mt_generator_free(mt_generator *g) { free(g); }

uint64_t mt_generator_initial_seed(const mt_generator *g) { return g->seed; }

int64_t mt_generator_state_size(void) { return (int64_t)sizeof(saved_state); }

void mt_generator_get_state(const mt_generator *g, void *bytes) {
  saved_state s;
  memset(&s, 0, sizeof s);
  s.seed = g->seed;
  s.left = WORDS + 1 - g->next;
  s.seeded = 1;
  s.next = (uint64_t)g->next;
  for (int i = 0; i < WORDS; i++) s.word[i] = g->word[i];
  s.angle = g->angle;
  s.radius_draw = g->radius_draw;
  s.radius = g->radius;
  s.has_normal = g->has_normal;
  memcpy(bytes, &s, sizeof s);
}

static const char *state_fault(const saved_state *s) {
  if (s->seeded != 1) return "the generator was never seeded";
  if (s->left < 1 || s->left > WORDS) return "the count of words left is out of range";
  /* right after seeding Torch7 has left == 1 with next == 0; afterwards the two always sum to WORDS + 1 */
  if (s->left > 1 ? s->next != (uint64_t)(WORDS + 1 - s->left) : s->next != 0 && s->next != WORDS)
    return "the position does not fit the count of words left";
  uint64_t any = 0, high = 0;
  for (int i = 0; i < WORDS; i++) {
    any |= s->word[i];
    high |= s->word[i] >> 32;
  }
  if (high || !any) return "the words are not those of a 32-bit Mersenne Twister";
  if (s->has_normal != 0 && s->has_normal != 1) return "the flag of the cached normal number is neither 0 nor 1";
  if (s->has_normal && !(s->angle >= 0 && s->angle < 1 && s->radius >= 0 && s->radius < 100))
    return "the cached normal number is out of range";
  return NULL;
}

int mt_generator_set_state(mt_generator *g, const void *bytes, int64_t size) {
  saved_state s;
  if (size != (int64_t)sizeof s)
    return mt_fail("setRNGState: a state has %zu bytes, got %lld", sizeof s, (long long)size);
  memcpy(&s, bytes, sizeof s);
  const char *fault = state_fault(&s);
  if (fault) return mt_fail("setRNGState: not a generator's state: %s", fault);
  g->seed = s.seed;
  for (int i = 0; i < WORDS; i++) g->word[i] = (uint32_t)s.word[i];
  g->next = s.left == 1 ? WORDS : (int32_t)s.next;
  g->angle = s.angle;
  g->radius_draw = s.radius_draw;
  g->radius = s.radius;
  g->has_normal = s.has_normal;
  return 0;
}

static inline uint32_t twist(uint32_t high, uint32_t low, uint32_t far) {
  uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (y >> 1) ^ (-(low & 1u) & 0x9908b0dfu);
}

static void next_block(mt_generator *g) {
  uint32_t *w = g->word;
  int i = 0;
  for (; i < WORDS - MIDDLE; i++) w[i] = twist(w[i], w[i + 1], w[i + MIDDLE]);
  for (; i < WORDS - 1; i++) w[i] = twist(w[i], w[i + 1], w[i + MIDDLE - WORDS]);
  w[i] = twist(w[i], w[0], w[MIDDLE - 1]);
  g->next = 0;
}

static inline uint32_t draw32(mt_generator *g) {
  if (g->next >= WORDS) next_block(g);
  uint32_t y = g->word[g->next++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

/* -- One number ------------------------------------------------------------------------------------------- */

#define TWO_PI 6.28318530717958647692

static inline double draw_unit(mt_generator *g) { return draw32(g) * (1.0 / 4294967296.0); }

static inline double draw_uniform(mt_generator *g, double low, double high) {
  return draw_unit(g) * (high - low) + low;
}

/* Box-Muller: a pair of uniform numbers gives two normal ones, the cosine first, then the sine. */
static inline double draw_normal(mt_generator *g, double mean, double deviation) {
  g->has_normal = !g->has_normal;
  if (!g->has_normal) return g->radius * sin(TWO_PI * g->angle) * deviation + mean;
  g->angle = draw_unit(g);
  g->radius_draw = draw_unit(g);
  g->radius = sqrt(-2 * log(1 - g->radius_draw));
  return g->radius * cos(TWO_PI * g->angle) * deviation + mean;
}

static inline double draw_exponential(mt_generator *g, double rate) { return -1 / rate * log(1 - draw_unit(g)); }

static inline double draw_cauchy(mt_generator *g, double median, double scale) {
  return median + scale * tan(TWO_PI / 2 * (draw_unit(g) - 0.5));
}

/* Here p is the chance of a failure, as in Torch7, whose numbers these must be. */
static inline int64_t draw_geometric(mt_generator *g, double p) {
  return (int64_t)(log(1 - draw_unit(g)) / log(p)) + 1;
}

static inline int draw_bernoulli(mt_generator *g, double p) { return draw_unit(g) <= p; }

/* low … low + range - 1; two draws where one has too few bits */
static inline int64_t draw_whole(mt_generator *g, int64_t low, uint64_t range) {
  uint64_t bits = draw32(g);
  if (range > (uint64_t)1 << 32) bits = bits << 32 | draw32(g);
  return (int64_t)(bits % range) + low;
}

/* The same numbers as n calls of draw_normal, by several threads: the draws come first, in order. */
static void draw_normals(mt_generator *g, double *out, int64_t n, double mean, double deviation) {
  if (n > 0 && g->has_normal) {
    *out++ = draw_normal(g, mean, deviation);
    n--;
  }
  for (int64_t i = 0; i < n / 2 * 2; i++) out[i] = draw_unit(g);
  if (n > 1) {
    g->angle = out[n / 2 * 2 - 2];
    g->radius_draw = out[n / 2 * 2 - 1];
    g->radius = sqrt(-2 * log(1 - g->radius_draw));
  }
#pragma omp parallel for num_threads(mt_threads_for(n * 8)) if (mt_threads_for(n * 8) > 1)
  for (int64_t i = 0; i < n / 2 * 2; i += 2) {
    double angle = TWO_PI * out[i], radius = sqrt(-2 * log(1 - out[i + 1]));
    out[i] = radius * cos(angle) * deviation + mean;
    out[i + 1] = radius * sin(angle) * deviation + mean;
  }
  if (n % 2) out[n - 1] = draw_normal(g, mean, deviation);
}

/* -- Checks ----------------------------------------------------------------------------------------------- */

static const char *const distribution_name[] = {"uniform",   "normal",    "exponential", "cauchy", "logNormal",
                                                "geometric", "bernoulli", "random",      "random"};

static int check_parameters(int distribution, double p, double q) {
  if (distribution < MT_UNIFORM || distribution > MT_RANDOM_BITS)
    return mt_fail("random: there is no distribution number %d", distribution);
  const char *name = distribution_name[distribution];
  if (distribution != MT_RANDOM_BITS && (!isfinite(p) || !isfinite(q)))
    return mt_fail("%s: the parameters must be finite, got %g and %g", name, p, q);
  switch (distribution) {
    case MT_NORMAL:
    case MT_LOG_NORMAL: return q >= 0 ? 0 : mt_fail("%s: the deviation must not be negative, got %g", name, q);
    case MT_EXPONENTIAL: return p > 0 ? 0 : mt_fail("exponential: the rate must be above 0, got %g", p);
    case MT_GEOMETRIC:
      return p > 0 && p < 1 ? 0 : mt_fail("geometric: the probability must be between 0 and 1, got %g", p);
    case MT_BERNOULLI: return p >= 0 && p <= 1 ? 0 : mt_fail("bernoulli: the probability must be in 0..1, got %g", p);
    case MT_RANDOM:
      if (p != floor(p) || q != floor(q) || fabs(p) > 0x1p53 || fabs(q) > 0x1p53)
        return mt_fail("random: the bounds must be whole numbers within 2^53, got %g and %g", p, q);
      return p <= q ? 0 : mt_fail("random: the lower bound %.0f is above the upper bound %.0f", p, q);
    default: return 0;
  }
}

/* Whole numbers that each dtype can hold: the least, the greatest, and up to where none is left out (2^53 for int64,
 * since bounds come as doubles). */
static const struct {
  double least, greatest, exact;
} range_of[MT_DTYPES] = {
    [MT_FLOAT] = {-0x1p53, 0x1p53, 0x1p24},
    [MT_DOUBLE] = {-0x1p53, 0x1p53, 0x1p53},
    [MT_HALF] = {-65504, 65504, 2048},
    [MT_BFLOAT16] = {-0x1p53, 0x1p53, 256},
    [MT_UINT8] = {0, 255, 255},
    [MT_INT8] = {-128, 127, 127},
    [MT_INT16] = {-32768, 32767, 32767},
    [MT_INT32] = {-2147483648.0, 2147483647, 2147483647},
    [MT_INT64] = {-0x1p53, 0x1p53, 0x1p53},
};

static int is_floating(int dtype) {
  return dtype == MT_FLOAT || dtype == MT_DOUBLE || dtype == MT_HALF || dtype == MT_BFLOAT16;
}

static int check_fill(const mt_tensor *out, int distribution, double p, double q) {
  if (check_parameters(distribution, p, q)) return 1;
  if (!is_floating(out->dtype) && distribution <= MT_LOG_NORMAL)
    return mt_fail("%s: needs a floating dtype, got %s", distribution_name[distribution], mt_type_text(out).text);
  if (distribution == MT_RANDOM && (p < range_of[out->dtype].least || q > range_of[out->dtype].greatest))
    return mt_fail("random: %.0f..%.0f does not fit %s, which holds %.0f..%.0f", p, q, mt_dtype_name(out->dtype),
                   range_of[out->dtype].least, range_of[out->dtype].greatest);
  return 0;
}

/* How many different numbers random() without bounds draws from: all that the dtype holds from 0 on. */
static uint64_t bits_range(int dtype) {
  if (dtype == MT_INT64) return (uint64_t)1 << 63;
  return (uint64_t)range_of[dtype].exact + 1;
}

/* -- Kernels ---------------------------------------------------------------------------------------------- */

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
    int64_t slot = find_slot(sum, weight, slots, draw_unit(g));
    if (!replacement && k + 1 < n) remove_slot(sum, weight, slots, slot);
    out[k] = slot + 1;
  }
  return 0;
}

#define MT_TEMPLATE "random.tpl.c"
#include "each_dtype.h"

/* -- Front doors ------------------------------------------------------------------------------------------ */

int mt_random(mt_generator *g, int distribution, double p, double q, double *value) {
  if (check_parameters(distribution, p, q)) return 1;
  switch (distribution) {
    case MT_UNIFORM: *value = draw_uniform(g, p, q); break;
    case MT_NORMAL: *value = draw_normal(g, p, q); break;
    case MT_EXPONENTIAL: *value = draw_exponential(g, p); break;
    case MT_CAUCHY: *value = draw_cauchy(g, p, q); break;
    case MT_LOG_NORMAL: *value = exp(draw_normal(g, p, q)); break;
    case MT_GEOMETRIC: *value = (double)draw_geometric(g, p); break;
    case MT_BERNOULLI: *value = draw_bernoulli(g, p); break;
    case MT_RANDOM: *value = (double)draw_whole(g, (int64_t)p, (uint64_t)(q - p) + 1); break;
    default: *value = draw32(g); break;
  }
  return 0;
}

int mt_random_fill(mt_generator *g, mt_tensor *out, int distribution, double p, double q) {
  if (mt_stopped() || check_fill(out, distribution, p, q)) return 1;
  mt_random_kernel fill = (mt_random_kernel)mt_kernel_for(MT_OP_random, out);
  if (!fill || fill(g, out, distribution, p, q)) return 1;
  mt_touched(out);
  return 0;
}

/* Draws into memory of its own first, so that out is whole or untouched, and may be the probabilities. */
int mt_bernoulli_from(mt_generator *g, mt_tensor *out, const mt_tensor *probability) {
  if (mt_stopped()) return 1;
  if (!is_floating(probability->dtype))
    return mt_fail("bernoulli: the probabilities must be of a floating dtype, got %s", mt_type_text(probability).text);
  if (out->device != MT_CPU || probability->device != MT_CPU)
    return mt_fail("bernoulli: probabilities and result must be on the CPU, got %s and %s",
                   mt_type_text(probability).text, mt_type_text(out).text);
  mt_tensor *drawn = mt_tensor_new(MT_DOUBLE, MT_CPU);
  if (!drawn) return 1;
  mt_generator before = *g;
  int failed = mt_tensor_resize(drawn, probability->dim, probability->size) || mt_copy(drawn, probability);
  double *value = failed ? NULL : mt_tensor_data(drawn);
  for (int64_t i = 0, n = failed ? 0 : mt_tensor_numel(drawn); i < n && !failed; i++) {
    failed = check_parameters(MT_BERNOULLI, value[i], 0);
    value[i] = failed ? 0 : draw_bernoulli(g, value[i]);
  }
  if (failed) *g = before;
  failed = failed || mt_tensor_resize(out, drawn->dim, drawn->size) || mt_copy(out, drawn);
  mt_tensor_free(drawn);
  return failed;
}

int mt_randperm(mt_generator *g, mt_tensor *out, int64_t n) {
  if (mt_stopped()) return 1;
  if (n < 1 || (double)n > range_of[out->dtype].exact)
    return mt_fail("randperm: %s holds a permutation of 1..%.0f numbers, got %lld", mt_type_text(out).text,
                   range_of[out->dtype].exact, (long long)n);
  mt_tensor *order = mt_tensor_new(MT_INT64, MT_CPU);
  if (!order || mt_tensor_resize(order, 1, &n)) {
    mt_tensor_free(order);
    return 1;
  }
  int64_t *place = mt_tensor_data(order);
  for (int64_t i = 0; i < n; i++) place[i] = i + 1;
  for (int64_t i = 0; i < n - 1; i++) {
    int64_t other = draw_whole(g, i, (uint64_t)(n - i)), kept = place[i];
    place[i] = place[other];
    place[other] = kept;
  }
  int failed = mt_tensor_resize(out, 1, &n) || mt_copy(out, order);
  mt_tensor_free(order);
  return failed;
}

int mt_multinomial(mt_generator *g, mt_tensor *out, const mt_tensor *weights, int64_t n, int replacement) {
  if (mt_stopped() || mt_check_dtype("multinomial", "the result", out, MT_INT64)) return 1;
  if (weights->dim < 1 || weights->dim > 2 || mt_tensor_numel(weights) == 0)
    return mt_fail("multinomial: the weights must be a vector or a matrix, got %s", mt_shape_text(weights).text);
  if (n < 1) return mt_fail("multinomial: expected to draw 1 number or more, got %lld", (long long)n);
  int64_t slots = weights->size[weights->dim - 1];
  if (!replacement && n > slots)
    return mt_fail("multinomial: cannot draw %lld of %lld without replacement", (long long)n, (long long)slots);
  mt_multinomial_kernel kernel = (mt_multinomial_kernel)mt_kernel_for(MT_OP_multinomial, weights);
  mt_tensor *drawn = kernel ? mt_tensor_new(MT_INT64, weights->device) : NULL;
  if (!drawn) return 1;
  int64_t size[2] = {weights->size[0], n};
  mt_generator before = *g;
  int failed = mt_tensor_resize(drawn, weights->dim, weights->dim == 1 ? size + 1 : size) ||
               kernel(g, drawn, weights, replacement);
  if (failed) *g = before;
  failed = failed || mt_tensor_resize(out, drawn->dim, drawn->size) || mt_copy(out, drawn);
  mt_tensor_free(drawn);
  return failed;
}

void mt_register_random(void) {
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

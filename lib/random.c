/* random.c: generators and their states, numbers drawn one by one, and the front door of filling tensors. */
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The bytes of a saved state: Torch7's generator on 64-bit machines, so that states saved there can be set here. */
typedef struct {
  uint64_t seed;
  int32_t left; /* words of the block not given out yet, plus one */
  int32_t seeded;
  uint64_t next;
  uint64_t word[MT_WORDS];
  double angle, radius_draw, radius;
  int32_t has_normal;
  int32_t unused;
} saved_state;

_Static_assert(sizeof(saved_state) == 5048, "a saved state has Torch7's layout");

/* -- The generator ---------------------------------------------------------------------------------------- */

void mt_generator_seed(mt_generator *g, uint64_t seed) {
  g->seed = seed;
  g->word[0] = (uint32_t)seed;
  for (uint32_t i = 1; i < MT_WORDS; i++) g->word[i] = 1812433253u * (g->word[i - 1] ^ (g->word[i - 1] >> 30)) + i;
  g->next = MT_WORDS;
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
  s.left = MT_WORDS + 1 - g->next;
  s.seeded = 1;
  s.next = (uint64_t)g->next;
  for (int i = 0; i < MT_WORDS; i++) s.word[i] = g->word[i];
  s.angle = g->angle;
  s.radius_draw = g->radius_draw;
  s.radius = g->radius;
  s.has_normal = g->has_normal;
  memcpy(bytes, &s, sizeof s);
}

static const char *state_fault(const saved_state *s) {
  if (s->seeded != 1) return "the generator was never seeded";
  if (s->left < 1 || s->left > MT_WORDS) return "the count of words left is out of range";
  /* right after seeding Torch7 has left == 1 with next == 0; afterwards the two always sum to MT_WORDS + 1 */
  if (s->left > 1 ? s->next != (uint64_t)(MT_WORDS + 1 - s->left) : s->next != 0 && s->next != MT_WORDS)
    return "the position does not fit the count of words left";
  uint64_t any = 0, high = 0;
  for (int i = 0; i < MT_WORDS; i++) {
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
  for (int i = 0; i < MT_WORDS; i++) g->word[i] = (uint32_t)s.word[i];
  g->next = s.left == 1 ? MT_WORDS : (int32_t)s.next;
  g->angle = s.angle;
  g->radius_draw = s.radius_draw;
  g->radius = s.radius;
  g->has_normal = s.has_normal;
  return 0;
}

/* -- One number ------------------------------------------------------------------------------------------- */

static double draw_unit(mt_generator *g) { return unit_of(draw_word(g)); }

static int64_t draw_whole(mt_generator *g, int64_t low, uint64_t range) {
  uint64_t bits = draw_word(g);
  if (whole_needs_two(range)) bits = bits << 32 | draw_word(g);
  return whole_of(bits, low, range);
}

/* -- Checks ----------------------------------------------------------------------------------------------- */

static const char *const distribution_name[] = {"uniform",   "normal",    "exponential", "cauchy", "logNormal",
                                                "geometric", "bernoulli", "random",      "random"};

const char *mt_random_name(int distribution) { return distribution_name[distribution]; }

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

uint64_t mt_random_bits_range(int dtype) {
  if (dtype == MT_INT64) return (uint64_t)1 << 63;
  return (uint64_t)range_of[dtype].exact + 1;
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

/* -- Front doors ------------------------------------------------------------------------------------------ */

int mt_random(mt_generator *g, int distribution, double p, double q, double *value) {
  if (check_parameters(distribution, p, q)) return 1;
  switch (distribution) {
    case MT_UNIFORM: *value = uniform_of(draw_unit(g), p, q); break;
    case MT_NORMAL: *value = draw_normal(g, p, q); break;
    case MT_EXPONENTIAL: *value = exponential_of(draw_unit(g), p); break;
    case MT_CAUCHY: *value = cauchy_of(draw_unit(g), p, q); break;
    case MT_LOG_NORMAL: *value = exp(draw_normal(g, p, q)); break;
    case MT_GEOMETRIC: *value = (double)geometric_of(draw_unit(g), p); break;
    case MT_BERNOULLI: *value = bernoulli_of(draw_unit(g), p); break;
    case MT_RANDOM: *value = (double)draw_whole(g, (int64_t)p, (uint64_t)(q - p) + 1); break;
    default: *value = draw_word(g); break;
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
    value[i] = failed ? 0 : bernoulli_of(draw_unit(g), value[i]);
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

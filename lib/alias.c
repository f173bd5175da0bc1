/* alias.c: many draws from one vector of weights, by Walker's alias method (1977) with Vose's construction (1991).
 *
 * Every slot has an equal chance to be drawn first; share is the chance that it is then kept, place the slot taken
 * otherwise. The numbers are drawn as Torch7 draws them, a uniform one and one for the share; but its tables lead to the
 * slot before the one meant, and never to the first, so its draws do not follow the weights. These do. */
#include "half.h"
#include "iter.h"

#include <math.h>

typedef struct {
  int dtype;
  int64_t n;
  double *share;  /* n: the weights to begin with */
  int64_t *place; /* n: from 1 */
  int64_t *low;   /* slots with less than their part, and those with enough, as stacks that share n places */
  int64_t lows, highs;
} table;

/* Shares are worked out in the precision that they are kept in. */
static double rounded(int dtype, double v) {
  switch (dtype) {
    case MT_FLOAT: return (float)v;
    case MT_HALF: return mt_half_to_float(mt_float_to_half((float)v));
    case MT_BFLOAT16: return mt_bfloat16_to_float(mt_float_to_bfloat16((float)v));
    default: return v;
  }
}

/* From weights to shares. Weights that do not sum to 1 are scaled to it; those that do, up to rounding, are not. */
static int scale_weights(table *t) {
  double sum = 0;
  for (int64_t i = 0; i < t->n; i++) {
    double w = t->share[i];
    if (!(w >= 0) || isinf(w))
      return mt_fail("multinomialAliasSetup: weight %lld is %g; weights are finite and not negative", (long long)i + 1,
                     w);
    sum += w;
  }
  if (!(sum > 0) || isinf(sum))
    return mt_fail("multinomialAliasSetup: the weights sum to %g; that must be above 0 and finite", sum);
  if (fabs(sum - 1) < (t->dtype == MT_DOUBLE ? 1e-9 : t->dtype == MT_FLOAT ? 1e-4 : 0.05)) sum = 1;
  for (int64_t i = 0; i < t->n; i++) t->share[i] = rounded(t->dtype, (double)t->n * (t->share[i] / sum));
  return 0;
}

static void pair_up(table *t) {
  int64_t *high = t->low + t->n; /* grows downwards: high[-1] is its first */
  for (int64_t i = 0; i < t->n; i++) {
    t->place[i] = i + 1;
    if (t->share[i] < 1)
      t->low[t->lows++] = i;
    else
      high[-1 - t->highs++] = i;
  }
  while (t->lows > 0 && t->highs > 0) {
    int64_t small = t->low[t->lows - 1], large = high[-t->highs];
    t->place[small] = large + 1;
    t->share[large] = rounded(t->dtype, t->share[large] - (1 - t->share[small]));
    t->lows--;
    if (t->share[large] >= 1) continue;
    t->highs--;
    t->low[t->lows++] = large;
  }
  /* what rounding left over keeps its own part */
  while (t->lows > 0) t->share[t->low[--t->lows]] = 1;
  while (t->highs > 0) t->share[high[-t->highs--]] = 1;
}

static int check_setup(const mt_tensor *place, const mt_tensor *share, const mt_tensor *weights) {
  const mt_tensor *all[] = {weights, share};
  if (mt_check_alike("multinomialAliasSetup", all, 2)) return 1;
  if (mt_check_dtype("multinomialAliasSetup", "the places", place, MT_INT64)) return 1;
  if (weights->device != MT_CPU || place->device != MT_CPU || weights->dtype > MT_BFLOAT16)
    return mt_fail("multinomialAliasSetup: expected a floating dtype on the CPU, got %s", mt_type_text(weights).text);
  if (mt_tensor_numel(weights) > 0 && weights->dim == 1) return 0;
  return mt_fail("multinomialAliasSetup: expected a vector of weights, got %s", mt_shape_text(weights).text);
}

int mt_alias_setup(mt_tensor *place, mt_tensor *share, const mt_tensor *weights) {
  if (mt_stopped() || check_setup(place, share, weights)) return 1;
  int64_t n = weights->size[0];
  mt_tensor *shares = mt_tensor_new(MT_DOUBLE, MT_CPU), *places = mt_tensor_new(MT_INT64, MT_CPU);
  mt_tensor *stacks = mt_tensor_new(MT_INT64, MT_CPU);
  int rc = !shares || !places || !stacks || mt_tensor_resize(shares, 1, &n) || mt_tensor_resize(places, 1, &n) ||
           mt_tensor_resize(stacks, 1, &n) || mt_copy(shares, weights);
  if (!rc) {
    table t = {weights->dtype, n, mt_tensor_data(shares), mt_tensor_data(places), mt_tensor_data(stacks), 0, 0};
    rc = scale_weights(&t);
    if (!rc) pair_up(&t);
  }
  if (!rc)
    rc = mt_tensor_resize(place, 1, &n) || mt_tensor_resize(share, 1, &n) || mt_copy(place, places) ||
         mt_copy(share, shares);
  mt_tensor_free(shares);
  mt_tensor_free(places);
  mt_tensor_free(stacks);
  return rc;
}

/* place, share: contiguous copies of a setup. Nothing in them is trusted. */
static int check_table(const int64_t *place, const double *share, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (place[i] < 1 || place[i] > n)
      return mt_fail("multinomialAlias: place %lld is %lld, outside 1..%lld", (long long)i + 1, (long long)place[i],
                     (long long)n);
    if (!(share[i] >= 0 && share[i] <= 1))
      return mt_fail("multinomialAlias: share %lld is %g, outside 0..1", (long long)i + 1, share[i]);
  }
  return 0;
}

static int draw(mt_generator *g, int64_t *out, int64_t count, const int64_t *place, const double *share, int64_t n) {
  for (int64_t i = 0; i < count; i++) {
    double first, kept;
    if (mt_random(g, MT_UNIFORM, 0, (double)n, &first)) return 1;
    int64_t slot = mt_least((int64_t)first, n - 1);
    if (mt_random(g, MT_BERNOULLI, share[slot], 0, &kept)) return 1;
    out[i] = kept != 0 && share[slot] > 0 ? slot + 1 : place[slot];
  }
  return 0;
}

int mt_alias_draw(mt_generator *g, mt_tensor *out, const mt_tensor *place, const mt_tensor *share) {
  int64_t n = mt_tensor_numel(place);
  if (mt_stopped() || mt_check_dtype("multinomialAlias", "the result", out, MT_INT64) ||
      mt_check_dtype("multinomialAlias", "the places", place, MT_INT64))
    return 1;
  if (n == 0 || mt_tensor_numel(share) != n)
    return mt_fail("multinomialAlias: expected as many places as shares, got %s and %s", mt_shape_text(place).text,
                   mt_shape_text(share).text);
  mt_tensor *p = mt_tensor_new(MT_INT64, MT_CPU), *s = mt_tensor_new(MT_DOUBLE, MT_CPU);
  mt_tensor *drawn = mt_tensor_new(MT_INT64, MT_CPU);
  int rc = !p || !s || !drawn || mt_tensor_resize(p, 1, &n) || mt_copy(p, place) || mt_tensor_resize(s, 1, &n) ||
           mt_copy(s, share) || mt_tensor_resize(drawn, out->dim, out->size) ||
           check_table(mt_tensor_data(p), mt_tensor_data(s), n);
  if (!rc && mt_tensor_numel(out) > 0)
    rc = draw(g, mt_tensor_data(drawn), mt_tensor_numel(out), mt_tensor_data(p), mt_tensor_data(s), n) ||
         mt_copy(out, drawn);
  mt_tensor_free(p);
  mt_tensor_free(s);
  mt_tensor_free(drawn);
  return rc;
}

/* test_attention.c: attention against its formula, its gradients against finite differences. */
#include "tensors.h"

typedef struct {
  int64_t B, H, T, S, D, E;
  mt_attention_form how;
  int bias, masked;
} shape;

/* q, k, v, the bias, the gradient of the output; and a mask */
enum { Q, K, V, BIAS, GRAD, TENSORS };
typedef struct {
  mt_tensor *t[TENSORS], *mask;
} operands;

static operands make_operands(int dtype, int layout, const shape *s) {
  operands o = {{noise_tensor(dtype, layout, SIZES(s->B, s->H, s->T, s->D)),
                 noise_tensor(dtype, layout, SIZES(s->B, s->H, s->S, s->D)),
                 noise_tensor(dtype, PLAIN, SIZES(s->B, s->H, s->S, s->E)),
                 s->bias ? noise_tensor(dtype, layout, SIZES(s->H, s->T, s->S)) : NULL,
                 noise_tensor(dtype, layout, SIZES(s->B, s->H, s->T, s->E))},
                NULL};
  if (!s->masked) return o;
  o.mask = new_tensor(MT_UINT8, PLAIN, SIZES(s->B, 1, 1, s->S));
  uint8_t *m = mt_tensor_data(o.mask);
  for (int64_t i = 0; i < s->B * s->S; i++) m[i] = i % 3 != 1; /* with one key, sample 1 sees nothing */
  return o;
}

static void free_operands(operands *o) {
  for (int i = 0; i < TENSORS; i++) mt_tensor_free(o->t[i]);
  mt_tensor_free(o->mask);
}

/* -- Values ------------------------------------------------------------------------------------------------- */

static int sees(const shape *s, const operands *o, int64_t b, int64_t i, int64_t j) {
  if (s->how.causal && j > i + s->S - s->T) return 0;
  return !o->mask || ((uint8_t *)mt_tensor_data(o->mask))[b * s->S + j];
}

/* A query's output and the logarithm of its sum */
static void plain_query(const shape *s, const operands *o, double *const *v, const double *noise, int64_t head,
                        int64_t i, double *out, double *lse) {
  double *weight = malloc((size_t)(s->S + 1) * 8), most = -INFINITY, sum = 0;
  for (int64_t j = 0; j < s->S; j++) {
    double x = 0;
    for (int64_t d = 0; d < s->D; d++) x += v[Q][(head * s->T + i) * s->D + d] * v[K][(head * s->S + j) * s->D + d];
    x = x * s->how.scale + (v[BIAS] ? v[BIAS][(head % s->H * s->T + i) * s->S + j] : 0);
    weight[j] = sees(s, o, head / s->H, i, j) ? x : -INFINITY;
    most = fmax(most, weight[j]);
  }
  for (int64_t j = 0; j < s->S; j++) sum += most == -INFINITY ? 0 : exp(weight[j] - most);
  for (int64_t e = 0; e < s->E; e++) out[e] = 0;
  *lse = most == -INFINITY ? -INFINITY : most + log(sum);
  for (int64_t j = 0; j < s->S && most != -INFINITY; j++)
    for (int64_t e = 0; e < s->E; e++)
      out[e] += exp(weight[j] - *lse) * noise[(head * s->T + i) * s->S + j] * v[V][(head * s->S + j) * s->E + e];
  free(weight);
}

static void value_case(int dtype, int layout, const shape *s) {
  char context[100];
  int64_t heads = s->B * s->H, queries = heads * s->T;
  operands o = make_operands(dtype, layout, s);
  mt_tensor *out = new_tensor(dtype, (layout + 1) % LAYOUTS, SIZES(s->B, s->H, s->T, s->E));
  mt_tensor *lse = mt_tensor_new(dtype == MT_DOUBLE ? MT_DOUBLE : MT_FLOAT, MT_CPU),
            *noise = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double *v[TENSORS], *want = malloc((size_t)(queries * s->E + 1) * 8), *logs = malloc((size_t)(queries + 1) * 8);
  for (int i = 0; i < TENSORS; i++) v[i] = o.t[i] ? values(o.t[i]) : NULL;
  must(mt_attention_drop(noise, (int64_t[]){s->B, s->H, s->T, s->S}, &s->how));
  double *kept = values(noise);
  for (int64_t i = 0; i < queries; i++) plain_query(s, &o, v, kept, i / s->T, i % s->T, want + i * s->E, logs + i);
  snprintf(context, sizeof context, "%s, layout %d, %dx%dx%dx%d to %dx%d", mt_dtype_name(dtype), layout, (int)s->B,
           (int)s->H, (int)s->T, (int)s->D, (int)s->S, (int)s->E);
  check_context = context;
  CHECK(mt_attention(out, lse, o.t[Q], o.t[K], o.t[V], o.t[BIAS], o.mask, &s->how) == 0);
  CHECK(holds(out, SIZES(s->B, s->H, s->T, s->E), want, 8));
  CHECK(holds(lse, SIZES(s->B, s->H, s->T), logs, dtype == MT_DOUBLE ? 8 : 20));
  check_context = "";
  for (int i = 0; i < TENSORS; i++) free(v[i]);
  free(want);
  free(logs);
  free(kept);
  mt_tensor_free(out);
  mt_tensor_free(lse);
  mt_tensor_free(noise);
  free_operands(&o);
}

static const shape shapes[] = {
    {1, 1, 1, 1, 1, 1, {1, 0, 0, 0}, 0, 0},         {2, 3, 5, 7, 4, 6, {0.5, 0, 0, 0}, 0, 0},
    {2, 2, 9, 9, 5, 3, {0.4, 0, 0, 1}, 1, 0},       {2, 1, 40, 150, 17, 33, {0.2, 0, 0, 1}, 1, 1},
    {1, 2, 70, 70, 32, 16, {0.1, 0.3, 7, 1}, 0, 0}, {2, 2, 12, 5, 3, 2, {0.5, 0, 0, 1}, 0, 0},
    {2, 1, 3, 1, 4, 4, {0.5, 0, 0, 0}, 0, 1},       {2, 1, 11, 1, 4, 4, {0.5, 0, 0, 0}, 1, 1},
    {1, 2, 2, 290, 64, 64, {0.1, 0.5, 9, 0}, 0, 0}, {3, 1, 33, 129, 8, 40, {0.3, 0.2, 3, 0}, 1, 1},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void all_values(void) {
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int i = 0; i < SHAPES; i++) value_case(dtype, layout, shapes + i);
}

/* -- Gradients ---------------------------------------------------------------------------------------------- */

static double objective(const shape *s, const operands *o) {
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU), *lse = mt_tensor_new(MT_DOUBLE, MT_CPU);
  double sum = 0;
  must(mt_attention(y, lse, o->t[Q], o->t[K], o->t[V], o->t[BIAS], o->mask, &s->how));
  double *a = values(y), *g = values(o->t[GRAD]);
  for (int64_t i = 0; i < mt_tensor_numel(y); i++) sum += a[i] * g[i];
  free(a);
  free(g);
  mt_tensor_free(y);
  mt_tensor_free(lse);
  return sum;
}

/* Some of the elements of t, those that are count apart */
static int agrees(const double *gradient, mt_tensor *t, const shape *s, const operands *o, int64_t apart) {
  double *place = mt_tensor_data(t), step = 1e-4;
  for (int64_t i = 0; i < mt_tensor_numel(t); i += apart) {
    double kept = place[i], at[4];
    for (int k = 0; k < 4; k++) {
      place[i] = kept + step * (double[]){1, -1, 2, -2}[k];
      at[k] = objective(s, o);
    }
    place[i] = kept;
    double slope = (8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * step);
    if (fabs(slope - gradient[i]) < 1e-7 * (1 + fabs(slope))) continue;
    printf("element %lld: difference %.12g, gradient %.12g\n", (long long)i, slope, gradient[i]);
    return 0;
  }
  return 1;
}

/* The gradient of a bias that is spread over the batch */
static void sum_batch(const shape *s, double *g) {
  int64_t n = s->H * s->T * s->S;
  for (int64_t i = n; i < s->B * n; i++) g[i % n] += g[i];
}

/* The same gradients in float, from and to strided tensors */
static void in_float(const shape *s, const operands *o, double *const *want) {
  mt_tensor *in[TENSORS], *out[4] = {NULL, NULL, NULL, NULL}, *y = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *lse = mt_tensor_new(MT_FLOAT, MT_CPU);
  for (int i = 0; i < TENSORS; i++) {
    in[i] = o->t[i] ? new_tensor(MT_FLOAT, GAPPED, o->t[i]->dim, o->t[i]->size) : NULL;
    if (in[i]) must(mt_copy(in[i], o->t[i]));
    if (i < 3) out[i] = new_tensor(MT_FLOAT, TURNED, o->t[i]->dim, o->t[i]->size);
  }
  must(mt_attention(y, lse, in[Q], in[K], in[V], in[BIAS], o->mask, &s->how));
  CHECK(mt_attention_grad(out[Q], out[K], out[V], NULL, in[GRAD], y, lse, in[Q], in[K], in[V], in[BIAS], o->mask,
                          &s->how) == 0);
  for (int i = 0; i < 3; i++) CHECK(holds(out[i], out[i]->dim, out[i]->size, want[i], 40));
  for (int i = 0; i < TENSORS; i++) mt_tensor_free(in[i]);
  for (int i = 0; i < 3; i++) mt_tensor_free(out[i]);
  mt_tensor_free(y);
  mt_tensor_free(lse);
}

static void gradients(const shape *s) {
  operands o = make_operands(MT_DOUBLE, PLAIN, s);
  mt_tensor *y = mt_tensor_new(MT_DOUBLE, MT_CPU), *lse = mt_tensor_new(MT_DOUBLE, MT_CPU), *g[4];
  double *got[4] = {NULL, NULL, NULL, NULL};
  for (int i = 0; i < 4; i++) g[i] = i < 3 || s->bias ? mt_tensor_new(MT_DOUBLE, MT_CPU) : NULL;
  must(mt_attention(y, lse, o.t[Q], o.t[K], o.t[V], o.t[BIAS], o.mask, &s->how));
  CHECK(mt_attention_grad(g[Q], g[K], g[V], g[BIAS], o.t[GRAD], y, lse, o.t[Q], o.t[K], o.t[V], o.t[BIAS], o.mask,
                          &s->how) == 0);
  for (int i = 0; i < 4; i++)
    if (g[i]) got[i] = values(g[i]);
  if (s->bias) sum_batch(s, got[BIAS]);
  for (int i = 0; i < 4; i++)
    if (g[i]) CHECK(agrees(got[i], o.t[i], s, &o, 1 + mt_tensor_numel(o.t[i]) / 40));
  in_float(s, &o, got);
  for (int i = 0; i < 4; i++) {
    free(got[i]);
    mt_tensor_free(g[i]);
  }
  mt_tensor_free(y);
  mt_tensor_free(lse);
  free_operands(&o);
}

/* -- Edges -------------------------------------------------------------------------------------------------- */

static void edges(void) {
  const shape s = {2, 1, 3, 4, 5, 2, {0.5, 0, 0, 0}, 0, 0}, none = {2, 1, 3, 0, 5, 2, {0.5, 0, 0, 0}, 0, 0};
  operands o = make_operands(MT_FLOAT, PLAIN, &s), e = make_operands(MT_FLOAT, PLAIN, &none);
  mt_tensor *y = mt_tensor_new(MT_FLOAT, MT_CPU), *lse = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *d = mt_tensor_new(MT_DOUBLE, MT_CPU), *three = noise_tensor(MT_FLOAT, PLAIN, SIZES(3));
  mt_attention_form bad = s.how;
  double zero[30] = {0};
  CHECK(mt_attention(y, lse, e.t[Q], e.t[K], e.t[V], NULL, NULL, &s.how) == 0 && holds(y, SIZES(2, 1, 3, 2), zero, 0));
  CHECK(mt_attention_grad(d, NULL, NULL, NULL, e.t[GRAD], y, lse, e.t[Q], e.t[K], e.t[V], NULL, NULL, &s.how) != 0);
  mt_tensor *g = mt_tensor_new(MT_FLOAT, MT_CPU);
  CHECK(mt_attention_grad(g, NULL, NULL, NULL, e.t[GRAD], y, lse, e.t[Q], e.t[K], e.t[V], NULL, NULL, &s.how) == 0);
  CHECK(holds(g, SIZES(2, 1, 3, 5), zero, 0));
  REFUSES(mt_attention(y, lse, three, o.t[K], o.t[V], NULL, NULL, &s.how), "attention: expected queries, keys and");
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[V], o.t[V], NULL, NULL, &s.how),
          "attention: queries of 5 numbers, keys of 2");
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[K], e.t[V], NULL, NULL, &s.how), "attention: 4 keys, but 0 values");
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[K], o.t[V], three, NULL, &s.how),
          "attention: a bias of 3 does not fit scores of 2x1x3x4");
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[K], o.t[V], NULL, three, &s.how), "attention: expected a mask of uint8");
  REFUSES(mt_attention(y, d, o.t[Q], o.t[K], o.t[V], NULL, NULL, &s.how), "attention: expected the logarithms of sums");
  bad.drop = 1;
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[K], o.t[V], NULL, NULL, &bad), "attention: expected a probability p");
  bad.drop = 0, bad.scale = INFINITY;
  REFUSES(mt_attention(y, lse, o.t[Q], o.t[K], o.t[V], NULL, NULL, &bad), "attention: a scale of inf");
  REFUSES(mt_attention_grad(g, NULL, NULL, NULL, o.t[Q], y, lse, o.t[Q], o.t[K], o.t[V], NULL, NULL, &s.how),
          "attention_grad: expected a gradient of 2x1x3x2, got 2x1x3x5");
  mt_tensor *all[] = {y, lse, d, three, g};
  for (int i = 0; i < 5; i++) mt_tensor_free(all[i]);
  free_operands(&o);
  free_operands(&e);
}

int main(void) {
  all_values();
  for (int i = 0; i < SHAPES; i++) gradients(shapes + i);
  mt_set_threads(3); /* heads, and parts of one */
  all_values();
  edges();
  return check_end();
}

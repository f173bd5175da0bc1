/* test_recurrent.c: LSTM and GRU against their formulas, their gradients against finite differences. */
#include "tensors.h"

/* gates: 4 an LSTM, 3 a GRU. R: outputs; other than H where they are a product with a projection. */
typedef struct {
  int gates;
  int64_t T, N, H, R;
  int masked;
  mt_recurrence how;
} shape;

enum { SUMS, H0, C0, WEIGHT, EXTRA, GRAD_H, GRAD_C, TENSORS }; /* EXTRA: an LSTM's projection, a GRU's bias */
typedef struct {
  mt_tensor *t[TENSORS], *active;
} operands;

static int has_extra(const shape *s) { return s->gates == 4 ? s->R != s->H : s->how.reset_after; }

static operands make_operands(int dtype, int layout, const shape *s) {
  int lstm = s->gates == 4;
  operands o = {{noise_tensor(dtype, layout, SIZES(s->T, s->N, s->gates * s->H)),
                 noise_tensor(dtype, PLAIN, SIZES(s->N, s->R)),
                 lstm ? noise_tensor(dtype, layout, SIZES(s->N, s->H)) : NULL,
                 noise_tensor(dtype, layout, SIZES(s->R, s->gates * s->H)), NULL,
                 noise_tensor(dtype, layout, SIZES(s->T, s->N, s->R)),
                 lstm ? noise_tensor(dtype, PLAIN, SIZES(s->T, s->N, s->H)) : NULL},
                NULL};
  if (has_extra(s))
    o.t[EXTRA] = lstm ? noise_tensor(dtype, layout, SIZES(s->H, s->R)) : noise_tensor(dtype, PLAIN, SIZES(s->H));
  if (!s->masked) return o;
  o.active = new_tensor(MT_UINT8, PLAIN, SIZES(s->T, s->N));
  uint8_t *m = mt_tensor_data(o.active);
  for (int64_t i = 0; i < s->T * s->N; i++) m[i] = i % s->N < 8 && s->N > 8 ? 0 : i % 5 != 3; /* a block has none */
  return o;
}

static void free_operands(operands *o) {
  for (int i = 0; i < TENSORS; i++) mt_tensor_free(o->t[i]);
  mt_tensor_free(o->active);
}

/* Runs the op: h, c (an LSTM's) and gates are new tensors. */
static void run(const shape *s, const operands *o, mt_tensor **h, mt_tensor **c, mt_tensor **gates) {
  int dtype = o->t[SUMS]->dtype;
  *h = mt_tensor_new(dtype, MT_CPU);
  *c = mt_tensor_new(dtype, MT_CPU);
  *gates = mt_tensor_new(dtype, MT_CPU);
  if (s->gates == 4)
    must(mt_lstm(*h, *c, *gates, o->t[SUMS], o->t[H0], o->t[C0], o->t[WEIGHT], o->t[EXTRA], o->active, &s->how));
  else
    must(mt_gru(*h, *gates, o->t[SUMS], o->t[H0], o->t[WEIGHT], o->t[EXTRA], o->active, &s->how));
}

/* -- Values ------------------------------------------------------------------------------------------------- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Column j of gate g of the products of a state with the weight */
static double part(const shape *s, double *const *v, const double *state, int g, int64_t j) {
  double x = 0;
  for (int64_t r = 0; r < s->R; r++) x += state[r] * v[WEIGHT][(r * s->gates + s->how.place[g]) * s->H + j];
  return x;
}

static void plain_lstm(const shape *s, double *const *v, const double *in, double *h, double *c) {
  double out[100], next[100];
  for (int64_t j = 0; j < s->H; j++) {
    double a[4];
    for (int g = 0; g < 4; g++) a[g] = in[s->how.place[g] * s->H + j] + part(s, v, h, g, j);
    c[j] = sigmoid(a[1]) * c[j] + sigmoid(a[0]) * tanh(a[2]);
    out[j] = sigmoid(a[3]) * tanh(c[j]);
  }
  for (int64_t r = 0; r < s->R; r++) {
    next[r] = v[EXTRA] ? 0 : out[r];
    for (int64_t j = 0; v[EXTRA] && j < s->H; j++) next[r] += out[j] * v[EXTRA][j * s->R + r];
  }
  memcpy(h, next, (size_t)s->R * 8);
}

static void plain_gru(const shape *s, double *const *v, const double *in, double *h) {
  double z[100], rh[100], n[100];
  for (int64_t j = 0; j < s->H; j++) rh[j] = sigmoid(in[j] + part(s, v, h, 0, j)) * h[j];
  for (int64_t j = 0; j < s->H; j++) {
    z[j] = sigmoid(in[s->H + j] + part(s, v, h, 1, j));
    double r = sigmoid(in[j] + part(s, v, h, 0, j)), b = v[EXTRA] ? v[EXTRA][j] : 0;
    n[j] = tanh(in[2 * s->H + j] + (s->how.reset_after ? r * (part(s, v, h, 2, j) + b) : part(s, v, rh, 2, j)));
  }
  for (int64_t j = 0; j < s->H; j++) h[j] = n[j] + z[j] * (h[j] - n[j]);
}

/* One sample through all steps */
static void plain_sample(const shape *s, const operands *o, double *const *v, int64_t n, double *h, double *c) {
  double state[100], cells[100];
  memcpy(state, v[H0] + n * s->R, (size_t)s->R * 8);
  if (c) memcpy(cells, v[C0] + n * s->H, (size_t)s->H * 8);
  for (int64_t i = 0; i < s->T; i++) {
    int64_t t = s->how.reverse ? s->T - 1 - i : i, at = t * s->N + n;
    int takes = !o->active || ((uint8_t *)mt_tensor_data(o->active))[at];
    const double *in = v[SUMS] + at * s->gates * s->H;
    if (takes && c)
      plain_lstm(s, v, in, state, cells);
    else if (takes)
      plain_gru(s, v, in, state);
    for (int64_t j = 0; j < s->R; j++) h[at * s->R + j] = takes ? state[j] : 0;
    for (int64_t j = 0; c && j < s->H; j++) c[at * s->H + j] = takes ? cells[j] : 0;
    if (takes) continue;
    for (int64_t j = 0; j < s->R; j++) state[j] = s->how.restart ? v[H0][n * s->R + j] : 0;
    for (int64_t j = 0; c && j < s->H; j++) cells[j] = s->how.restart ? v[C0][n * s->H + j] : 0;
  }
}

static void value_case(int dtype, int layout, const shape *s) {
  char context[100];
  operands o = make_operands(dtype, layout, s);
  mt_tensor *h, *c, *gates;
  double *v[TENSORS], *want_h = malloc((size_t)(s->T * s->N * s->R) * 8);
  double *want_c = s->gates == 4 ? malloc((size_t)(s->T * s->N * s->H) * 8) : NULL;
  for (int i = 0; i < TENSORS; i++) v[i] = o.t[i] ? values(o.t[i]) : NULL;
  for (int64_t n = 0; n < s->N; n++) plain_sample(s, &o, v, n, want_h, want_c);
  run(s, &o, &h, &c, &gates);
  snprintf(context, sizeof context, "%s, layout %d, %d gates, %dx%d, %d cells, %d outputs", mt_dtype_name(dtype),
           layout, s->gates, (int)s->T, (int)s->N, (int)s->H, (int)s->R);
  check_context = context;
  CHECK(holds(h, SIZES(s->T, s->N, s->R), want_h, 20));
  if (want_c) CHECK(holds(c, SIZES(s->T, s->N, s->H), want_c, 20));
  check_context = "";
  for (int i = 0; i < TENSORS; i++) free(v[i]);
  free(want_h);
  free(want_c);
  mt_tensor_free(h);
  mt_tensor_free(c);
  mt_tensor_free(gates);
  free_operands(&o);
}

static const shape shapes[] = {
    {4, 3, 2, 3, 3, 0, {{0, 1, 2, 3}, 0, 0, 0}},    {4, 1, 1, 1, 1, 0, {{0, 1, 2, 3}, 0, 0, 0}},
    {4, 3, 19, 33, 33, 1, {{0, 1, 3, 2}, 0, 0, 0}}, {4, 4, 5, 9, 4, 1, {{0, 1, 2, 3}, 1, 1, 0}},
    {4, 2, 11, 5, 7, 0, {{3, 1, 0, 2}, 1, 0, 0}},   {3, 3, 2, 3, 3, 0, {{0, 1, 2}, 0, 0, 0}},
    {3, 3, 2, 3, 3, 0, {{0, 1, 2}, 0, 0, 1}},       {3, 4, 19, 17, 17, 1, {{0, 1, 2}, 1, 1, 1}},
    {3, 4, 13, 40, 40, 1, {{0, 1, 2}, 0, 0, 0}},    {3, 2, 1, 5, 5, 1, {{0, 1, 2}, 1, 0, 0}},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void all_values(void) {
  for (int dtype = MT_FLOAT; dtype <= MT_DOUBLE; dtype++)
    for (int layout = 0; layout < LAYOUTS; layout++)
      for (int i = 0; i < SHAPES; i++) value_case(dtype, layout, shapes + i);
}

/* -- Gradients ---------------------------------------------------------------------------------------------- */

static double inner(const mt_tensor *a, const mt_tensor *b) {
  double *x = values(a), *y = values(b), sum = 0;
  for (int64_t i = 0; i < mt_tensor_numel(a); i++) sum += x[i] * y[i];
  free(x);
  free(y);
  return sum;
}

static double objective(const shape *s, const operands *o) {
  mt_tensor *h, *c, *gates;
  run(s, o, &h, &c, &gates);
  double sum = inner(h, o->t[GRAD_H]) + (s->gates == 4 ? inner(c, o->t[GRAD_C]) : 0);
  mt_tensor_free(h);
  mt_tensor_free(c);
  mt_tensor_free(gates);
  return sum;
}

/* gradient: of t, its lines of n with room for wide each */
static int agrees(const mt_tensor *gradient, int64_t n, int64_t wide, mt_tensor *t, const shape *s, const operands *o) {
  double *place = mt_tensor_data(t), *g = values(gradient), step = 1e-4;
  int ok = 1;
  for (int64_t i = 0; i < mt_tensor_numel(t) && ok; i += 1 + mt_tensor_numel(t) / 50) {
    double kept = place[i], at[4], got = g[i / n * wide + i % n];
    for (int k = 0; k < 4; k++) {
      place[i] = kept + step * (double[]){1, -1, 2, -2}[k];
      at[k] = objective(s, o);
    }
    place[i] = kept;
    double slope = (8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * step);
    ok = fabs(slope - got) < 1e-7 * (1 + fabs(slope));
    if (!ok) printf("element %lld: difference %.12g, gradient %.12g\n", (long long)i, slope, got);
  }
  free(g);
  return ok;
}

static void gradients(const shape *s) {
  operands o = make_operands(MT_DOUBLE, PLAIN, s);
  mt_tensor *h, *c, *gates, *g[4];
  int64_t n = s->gates * s->H;
  run(s, &o, &h, &c, &gates);
  for (int i = 0; i < 4; i++) g[i] = mt_tensor_new(MT_DOUBLE, MT_CPU);
  if (s->gates == 4)
    CHECK(mt_lstm_grad(g[SUMS], g[H0], g[C0], g[3], o.t[GRAD_H], o.t[GRAD_C], gates, c, o.t[H0], o.t[C0], o.t[WEIGHT],
                       o.t[EXTRA], o.active, &s->how) == 0);
  else
    CHECK(mt_gru_grad(g[SUMS], g[H0], o.t[GRAD_H], gates, h, o.t[H0], o.t[WEIGHT], o.active, &s->how) == 0);
  CHECK(agrees(g[SUMS], n, 4 * s->H, o.t[SUMS], s, &o) && agrees(g[H0], s->R, s->R, o.t[H0], s, &o));
  if (s->gates == 4) CHECK(agrees(g[C0], s->H, s->H, o.t[C0], s, &o));
  for (int i = 0; i < 4; i++) mt_tensor_free(g[i]);
  mt_tensor_free(h);
  mt_tensor_free(c);
  mt_tensor_free(gates);
  free_operands(&o);
}

/* -- Edges -------------------------------------------------------------------------------------------------- */

static void edges(void) {
  const shape s = {4, 3, 2, 5, 5, 0, {{0, 1, 2, 3}, 0, 0, 0}};
  operands o = make_operands(MT_FLOAT, PLAIN, &s);
  mt_tensor *h = mt_tensor_new(MT_FLOAT, MT_CPU), *c = mt_tensor_new(MT_FLOAT, MT_CPU);
  mt_tensor *gates = mt_tensor_new(MT_FLOAT, MT_CPU), *three = noise_tensor(MT_FLOAT, PLAIN, SIZES(3, 3));
  mt_tensor *none = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 2, 20)),
            *no_grad = new_tensor(MT_FLOAT, PLAIN, SIZES(0, 2, 5));
  mt_recurrence bad = s.how;
  double zero[10] = {0};
  CHECK(mt_lstm(h, c, gates, none, o.t[H0], o.t[C0], o.t[WEIGHT], NULL, NULL, &s.how) == 0 && mt_tensor_numel(h) == 0);
  CHECK(mt_lstm_grad(gates, h, c, NULL, no_grad, NULL, none, no_grad, o.t[H0], o.t[C0], o.t[WEIGHT], NULL, NULL,
                     &s.how) == 0);
  CHECK(holds(h, SIZES(2, 5), zero, 0) && holds(c, SIZES(2, 5), zero, 0));
  REFUSES(mt_lstm(h, c, gates, three, o.t[H0], o.t[C0], o.t[WEIGHT], NULL, NULL, &s.how),
          "lstm: expected steps x samples");
  REFUSES(mt_lstm(h, c, gates, o.t[SUMS], three, o.t[C0], o.t[WEIGHT], NULL, NULL, &s.how),
          "lstm: first outputs of 3x3");
  REFUSES(mt_lstm(h, c, gates, o.t[SUMS], o.t[H0], o.t[C0], three, NULL, NULL, &s.how),
          "lstm: expected a weight of 5x20");
  REFUSES(mt_lstm(h, c, gates, o.t[SUMS], o.t[H0], o.t[C0], o.t[WEIGHT], NULL, three, &s.how), "lstm: expected a mask");
  bad.place[0] = 1;
  REFUSES(mt_lstm(h, c, gates, o.t[SUMS], o.t[H0], o.t[C0], o.t[WEIGHT], NULL, NULL, &bad), "lstm: places of gates");
  REFUSES(mt_gru(h, gates, o.t[SUMS], o.t[H0], o.t[WEIGHT], NULL, NULL, &s.how), "gru: expected steps x samples x 3");
  mt_tensor *all[] = {h, c, gates, three, none, no_grad};
  for (int i = 0; i < 6; i++) mt_tensor_free(all[i]);
  free_operands(&o);
}

int main(void) {
  all_values();
  for (int i = 0; i < SHAPES; i++) gradients(shapes + i);
  mt_set_threads(3);
  all_values();
  edges();
  return check_end();
}

/* attention.tpl.c: attention for one floating dtype, in blocks of QUERIES by KEYS. A pair of batch and head is a head here.
 * Scores are never all in memory: the largest score and the sum of each query so far are kept, and what has been added up
 * is scaled when a larger score comes (Milakov and Gimelshein, 2018; Dao et al., 2022). */
#include "tile.tpl.c"
#if MT_IS_FLOAT

/* to: whole ROWS of rows, ld apart; from: rows×n at steps rs, cs, each element times scale */
static void K(lay_rows)(A *to, int64_t ld, const T *from, int64_t rs, int64_t cs, int64_t rows, int64_t n, A scale) {
  for (int64_t i = 0; i < rows; i++) K(take)(to + i * ld, from + i * rs, cs, n, scale);
  for (int64_t i = rows; i < mt_whole(rows, ROWS); i++) memset(to + i * ld, 0, (size_t)n * sizeof(A));
}

/* n elements, step apart, become those of from times scale. */
MT_INLINE void K(put)(T *restrict to, int64_t step, const A *restrict from, int64_t n, A scale) {
  if (step == 1)
    for (int64_t i = 0; i < n; i++) to[i] = STORE(from[i] * scale);
  else
    for (int64_t i = 0; i < n; i++) to[i * step] = STORE(from[i] * scale);
}

/* row (n, whole vectors) = exp(row - most); gives the sum */
static A K(exp_row)(A *row, int64_t n, A most) {
  K(vec) sum = {0};
  for (int64_t j = 0; j < n; j += LANES) {
    K(vec) *at = (K(vec) *)(row + j);
    *at = K(vexp)(*at - most);
    sum += *at;
  }
  return K(sum_of)(sum);
}

static A K(most_of)(const A *row, int64_t n) {
  K(vec) most = *(const K(vec) *)row;
  for (int64_t j = LANES; j < n; j += LANES) most = K(larger)(*(const K(vec) *)(row + j), most);
  for (int bit = 0; 1 << bit < LANES; bit++) most = K(larger)(K(swapped)(most, bit), most);
  return most[0];
}

/* One call, for all heads: T queries and S keys of D numbers, values of E numbers. */
typedef struct {
  const mt_tensor *q, *k, *v, *bias, *mask;
  const mt_attention_form *how;
  int64_t H, T_, S, D, E, wide_d, wide_e; /* wide: whole panels */
} K(call);

static K(call) K(call_of)(const mt_tensor *q, const mt_tensor *k, const mt_tensor *v, const mt_tensor *bias,
                          const mt_tensor *mask, const mt_attention_form *how) {
  K(call) c = {q, k, v, bias, mask, how, q->size[1], q->size[2], k->size[2], q->size[3], v->size[3], 0, 0};
  c.wide_d = mt_whole(c.D, PANEL);
  c.wide_e = mt_whole(c.E, PANEL);
  return c;
}

/* The rows of a head from row on */
MT_INLINE T *K(rows_at)(const mt_tensor *t, int64_t H, int64_t head, int64_t row) {
  return (T *)mt_tensor_data(t) + head / H * t->stride[0] + head % H * t->stride[1] + row * t->stride[2];
}

/* Asks for a share of a head's rows, where they are few enough to wait in the second cache and lie apart: the processor
 * does not foresee them, and other heads are worked on meanwhile. */
static void K(fetch)(const mt_tensor *t, int64_t H, int64_t head, int64_t part, int64_t parts) {
  int64_t bytes = t ? t->size[3] * (int64_t)sizeof(T) : 0, rows = t ? t->size[2] : 0;
  if (bytes == 0 || rows * bytes > FETCHED || t->stride[3] != 1 || head >= t->size[0] * H) return;
  const char *row = (const char *)K(rows_at)(t, H, head, rows * part / parts);
  for (int64_t i = rows * part / parts; i < rows * (part + 1) / parts; i++, row += t->stride[2] * (int64_t)sizeof(T))
    for (int64_t j = 0; j < bytes; j += 64) __builtin_prefetch(row + j, 0, 2);
}

/* How many of the n keys from j0 on query i sees */
MT_INLINE int64_t K(seen)(const K(call) *c, int64_t i, int64_t j0, int64_t n) {
  if (!c->how->causal) return n;
  int64_t last = i + c->S - c->T_ - j0 + 1;
  return last < 0 ? 0 : mt_least(last, n);
}

/* Adds the bias to a query's scores of the n keys from j0 on, and makes those of hidden keys -inf, up to width. */
static void K(hide)(const K(call) *c, int64_t head, A *score, int64_t i, int64_t j0, int64_t n, int64_t width) {
  int64_t seen = K(seen)(c, i, j0, n);
  if (c->bias) {
    const T *bias = K(rows_at)(c->bias, c->H, head, i);
    int64_t step = c->bias->stride[3];
    for (int64_t j = 0; j < seen; j++) score[j] += LOAD(bias[(j0 + j) * step]);
  }
  if (c->mask) {
    const mt_tensor *m = c->mask;
    const uint8_t *shown = (const uint8_t *)mt_tensor_data(m) + head / c->H * m->stride[0] + head % c->H * m->stride[1] +
                           i * m->stride[2];
    for (int64_t j = 0; j < seen; j++) score[j] = shown[(j0 + j) * m->stride[3]] ? score[j] : (A)-INFINITY;
  }
  for (int64_t j = seen; j < width; j++) score[j] = (A)-INFINITY;
}

/* Of n places in row i of a head's weights: those that dropout keeps times gain, 0 elsewhere */
static void K(drop_row)(const K(call) *c, A *to, const A *from, int64_t head, int64_t i, int64_t j0, int64_t n) {
  const uint64_t key = mt_drop_key(c->how->seed, (uint64_t)(head * c->T_ + i));
  const uint32_t limit = mt_drop_limit(c->how->drop);
  const A gain = (A)(1 / (1 - c->how->drop));
  for (int64_t j = 0; j < n; j++) to[j] = mt_drop_keeps(key, (uint32_t)(j0 + j), limit) ? from[j] * gain : 0;
}

/* -- Forward ------------------------------------------------------------------------------------------------ */

/* A thread's memory: of a block, k: D lines of keys in panels, v: KEYS lines of values in panels, q, score; of all its
 * queries: out (lines of wide_e), most and total. */
typedef struct {
  A *k, *v, *q, *score, *out, *most, *total;
} K(forward_room);

static size_t K(forward_size)(const K(call) *c, int64_t queries) {
  int64_t rows = mt_whole(queries, QUERIES);
  return (size_t)(KEYS * (c->D + c->wide_e) + QUERIES * (c->D + KEYS) + rows * (c->wide_e + 2));
}

static K(forward_room) K(forward_split)(const K(call) *c, A *at, int64_t queries) {
  int64_t rows = mt_whole(queries, QUERIES);
  K(forward_room) r;
  r.k = at;
  r.v = r.k + KEYS * c->D;
  r.score = r.v + KEYS * c->wide_e;
  r.out = r.score + QUERIES * KEYS;
  r.q = r.out + rows * c->wide_e;
  r.most = r.q + QUERIES * c->D;
  r.total = r.most + rows;
  return r;
}

/* A query's scores become weights that lack the division by total; what is added up already is scaled to fit. */
static void K(soften)(A *score, int64_t width, A *out, int64_t wide_e, A *most, A *total) {
  A m = K(most_of)(score, width);
  if (m <= *most) m = *most;
  if (m == (A)-INFINITY) {
    memset(score, 0, (size_t)width * sizeof(A));
    return;
  }
  A scale = *most == (A)-INFINITY ? 0 : M(exp)(*most - m);
  A sum = K(exp_row)(score, width, m);
  if (scale != 1 && *total != 0)
    for (int64_t e = 0; e < wide_e; e++) out[e] *= scale;
  *total = *total * scale + sum;
  *most = m;
}

/* Queries i0 … i0 + rows - 1 against keys j0 … j0 + n - 1. at: the first of them among the thread's queries */
static void K(forward_block)(const K(call) *c, const K(forward_room) *r, int64_t head, int64_t i0, int64_t rows,
                             int64_t at, int64_t j0, int64_t n) {
  n = K(seen)(c, i0 + rows - 1, j0, n);
  if (n == 0) return;
  int64_t width = mt_whole(n, LANES), lines = mt_whole(rows, ROWS);
  K(lay_rows)(r->q, c->D, K(rows_at)(c->q, c->H, head, i0), c->q->stride[2], c->q->stride[3], rows, c->D,
              (A)c->how->scale);
  K(product)(r->score, KEYS, r->q, c->D, 1, r->k, c->D, lines, c->D, width, 0);
  for (int64_t i = 0; i < rows; i++) {
    A *score = r->score + i * KEYS;
    K(hide)(c, head, score, i0 + i, j0, n, width);
    K(soften)(score, width, r->out + (at + i) * c->wide_e, c->wide_e, r->most + at + i, r->total + at + i);
    if (c->how->drop > 0) K(drop_row)(c, score, score, head, i0 + i, j0, n);
  }
  K(product)(r->out + at * c->wide_e, c->wide_e, r->score, KEYS, 1, r->v, KEYS, lines, n, c->E, 1);
}

static void K(finish_row)(const K(call) *c, const A *sum, A total, A most, T *out, int64_t step, A *lse) {
  A inverse = total == 0 ? 0 : 1 / total;
  *lse = total == 0 ? (A)-INFINITY : most + M(log)(total);
  K(put)(out, step, sum, c->E, inverse);
}

/* count queries of a head, from first on */
static void K(forward_head)(const K(call) *c, const K(forward_room) *r, mt_tensor *out, A *lse, int64_t head,
                            int64_t first, int64_t count) {
  memset(r->out, 0, (size_t)(mt_whole(count, QUERIES) * c->wide_e) * sizeof(A));
  for (int64_t i = 0; i < count; i++) {
    r->most[i] = (A)-INFINITY;
    r->total[i] = 0;
  }
  int64_t last = K(seen)(c, first + count - 1, 0, c->S);
  for (int64_t j0 = 0; j0 < last; j0 += KEYS) {
    int64_t n = mt_least(KEYS, last - j0);
    K(lay_panels)(r->k, c->D, K(rows_at)(c->k, c->H, head, j0), c->k->stride[3], c->k->stride[2], c->D, n, 1);
    K(lay_panels)(r->v, KEYS, K(rows_at)(c->v, c->H, head, j0), c->v->stride[2], c->v->stride[3], n, c->E, 1);
    for (int64_t at = 0; at < count; at += QUERIES) {
      const mt_tensor *next[] = {c->k, c->v, c->q, out};
      for (int i = 0; i < 4 && j0 == 0; i++) K(fetch)(next[i], c->H, head + 1, at / QUERIES, mt_parts(count, QUERIES));
      K(forward_block)(c, r, head, first + at, mt_least(QUERIES, count - at), at, j0, n);
    }
  }
  for (int64_t i = 0; i < count; i++)
    K(finish_row)(c, r->out + i * c->wide_e, r->total[i], r->most[i], K(rows_at)(out, c->H, head, first + i),
                  out->stride[3], lse + head * c->T_ + first + i);
}

/* -- A query at a time ---------------------------------------------------------------------------------------- */

/* Fewer queries than FEW: keys and values are read where they lie, once for each. A thread's memory: score, S whole
 * vectors; q; out, whole panels; row, for what has to be converted. */
typedef struct {
  A *score, *q, *out, *row;
} K(query_room);

static size_t K(query_size)(const K(call) *c) {
  return (size_t)(mt_whole(c->S, LANES) + c->D + c->wide_e + (c->D > c->E ? c->D : c->E));
}

static K(query_room) K(query_split)(const K(call) *c, A *at) {
  K(query_room) r;
  r.score = at;
  r.out = r.score + mt_whole(c->S, LANES);
  r.q = r.out + c->wide_e;
  r.row = r.q + c->D;
  return r;
}

/* n elements as packed numbers of A: themselves, or a copy in row */
MT_INLINE const A *K(packed)(A *row, const T *from, int64_t step, int64_t n) {
  if (sizeof(T) == sizeof(A) && step == 1) return (const A *)(const void *)from;
  for (int64_t i = 0; i < n; i++) row[i] = LOAD(from[i * step]);
  return row;
}

MT_INLINE A K(dot)(const A *a, const A *b, int64_t n) {
  K(vec) sums = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) sums += *(const K(loose) *)(a + i) * *(const K(loose) *)(b + i);
  A sum = K(sum_of)(sums);
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* A query's sum of the first n values, each times its weight */
static void K(weigh)(const K(call) *c, const K(query_room) *r, int64_t head, int64_t n) {
  const T *v = K(rows_at)(c->v, c->H, head, 0);
  int64_t step = c->v->stride[2], E = c->E;
  memset(r->out, 0, (size_t)c->wide_e * sizeof(A));
  for (int64_t j = 0; j < n; j++) {
    const A *row = K(packed)(r->row, v + j * step, c->v->stride[3], E), w = r->score[j];
    int64_t e = 0;
    for (; e + LANES <= E; e += LANES) *(K(vec) *)(r->out + e) += w * *(const K(loose) *)(row + e);
    for (; e < E; e++) r->out[e] += w * row[e];
  }
}

static void K(forward_query)(const K(call) *c, const K(query_room) *r, mt_tensor *out, A *lse, int64_t head, int64_t i) {
  int64_t n = K(seen)(c, i, 0, c->S), width = mt_whole(n, LANES), step = c->k->stride[2];
  const T *k = K(rows_at)(c->k, c->H, head, 0), *q = K(rows_at)(c->q, c->H, head, i);
  A most = (A)-INFINITY, total = 0;
  for (int64_t d = 0; d < c->D; d++) r->q[d] = LOAD(q[d * c->q->stride[3]]) * (A)c->how->scale;
  for (int64_t j = 0; j < n; j++)
    r->score[j] = K(dot)(r->q, K(packed)(r->row, k + j * step, c->k->stride[3], c->D), c->D);
  K(hide)(c, head, r->score, i, 0, n, width);
  if (n > 0) K(soften)(r->score, width, r->out, 0, &most, &total);
  if (c->how->drop > 0) K(drop_row)(c, r->score, r->score, head, i, 0, n);
  K(weigh)(c, r, head, total == 0 ? 0 : n);
  K(finish_row)(c, r->out, total, most, K(rows_at)(out, c->H, head, i), out->stride[3], lse + head * c->T_ + i);
}

/* -- All heads ------------------------------------------------------------------------------------------------ */

static int64_t K(threads)(const K(call) *c) {
  return mt_threads_for(c->q->size[0] * c->H * c->T_ * c->S / 8 * (c->D + c->E));
}

static int K(forward_queries)(const K(call) *c, mt_tensor *out, A *lse) {
  int64_t queries = c->q->size[0] * c->H * c->T_, threads = K(threads)(c), capacity;
  size_t each = (K(query_size)(c) + 15) / 16 * 16;
  A *memory = mt_borrow((size_t)threads * each * sizeof(A), &capacity);
  if (!memory) return 1;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t at = 0; at < queries; at++) {
    K(query_room) r = K(query_split)(c, memory + (size_t)omp_get_thread_num() * each);
    K(forward_query)(c, &r, out, lse, at / c->T_, at % c->T_);
  }
  mt_give_back(memory, capacity);
  return 0;
}

/* out: B×H×T×E, of any strides; lse: B×H×T of A, contiguous */
static int K(attention)(mt_tensor *out, mt_tensor *lse, const mt_tensor *q, const mt_tensor *k, const mt_tensor *v,
                        const mt_tensor *bias, const mt_tensor *mask, const mt_attention_form *how) {
  K(call) c = K(call_of)(q, k, v, bias, mask, how);
  if (c.T_ < FEW) return K(forward_queries)(&c, out, mt_tensor_data(lse));
  int64_t heads = q->size[0] * c.H, threads = K(threads)(&c), parts = 1, capacity;
  if (heads < threads) parts = mt_least(threads, mt_whole(c.T_, QUERIES) / QUERIES);
  int64_t queries = mt_whole((c.T_ + parts - 1) / parts, QUERIES);
  size_t each = (K(forward_size)(&c, queries) + 15) / 16 * 16;
  A *memory = mt_borrow((size_t)threads * each * sizeof(A), &capacity);
  if (!memory) return 1;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t unit = 0; unit < heads * parts; unit++) {
    K(forward_room) r = K(forward_split)(&c, memory + (size_t)omp_get_thread_num() * each, queries);
    int64_t first = unit % parts * queries, count = mt_least(queries, c.T_ - first);
    if (count > 0) K(forward_head)(&c, &r, out, mt_tensor_data(lse), unit / parts, first, count);
  }
  mt_give_back(memory, capacity);
  return 0;
}

/* -- Backward ----------------------------------------------------------------------------------------------- */

typedef struct {
  mt_tensor *q, *k, *v, *bias; /* any may be NULL; bias: B×H×T×S, contiguous */
} K(gradients);

/* A thread's memory: of a block of keys, as right operands, k_t (D lines), v_t (E lines), k (KEYS lines), and the sums of
 * their gradients; of a block of queries, q and g (the gradient of out) as left and as right operands; weights and slopes;
 * of all queries, the sums of their gradients and the sums of g·out. */
typedef struct {
  A *k_t, *v_t, *k, *grad_k, *grad_v, *q, *g, *q_panels, *g_panels, *weight, *slope, *grad_q, *inner;
} K(backward_room);

static size_t K(backward_size)(const K(call) *c) {
  int64_t rows = mt_whole(c->T_, QUERIES);
  return (size_t)(KEYS * (c->D + c->E + 2 * c->wide_d + c->wide_e) +
                  QUERIES * (c->D + c->E + c->wide_d + c->wide_e + 2 * KEYS) + rows * (c->wide_d + 1));
}

static K(backward_room) K(backward_split)(const K(call) *c, A *at) {
  int64_t rows = mt_whole(c->T_, QUERIES);
  K(backward_room) r;
  r.k_t = at;
  r.v_t = r.k_t + KEYS * c->D;
  r.k = r.v_t + KEYS * c->E;
  r.grad_k = r.k + KEYS * c->wide_d;
  r.grad_v = r.grad_k + KEYS * c->wide_d;
  r.q_panels = r.grad_v + KEYS * c->wide_e;
  r.g_panels = r.q_panels + QUERIES * c->wide_d;
  r.weight = r.g_panels + QUERIES * c->wide_e;
  r.slope = r.weight + QUERIES * KEYS;
  r.grad_q = r.slope + QUERIES * KEYS;
  r.q = r.grad_q + rows * c->wide_d;
  r.g = r.q + QUERIES * c->D;
  r.inner = r.g + QUERIES * c->E;
  return r;
}

/* A query's scores (weight) and the gradients of its weights (slope) become its weights as dropped and the gradients of its
 * scores. */
static void K(slope_row)(const K(call) *c, A *weight, A *slope, int64_t head, int64_t i, int64_t j0, int64_t n,
                         int64_t width, A lse, A inner) {
  K(hide)(c, head, weight, i, j0, n, width);
  K(exp_row)(weight, width, lse == (A)-INFINITY ? (A)INFINITY : lse);
  if (c->how->drop > 0) K(drop_row)(c, slope, slope, head, i, j0, n);
  for (int64_t j = 0; j < width; j++) slope[j] = weight[j] * (slope[j] - inner);
  if (c->how->drop > 0) K(drop_row)(c, weight, weight, head, i, j0, n);
}

static void K(lay_queries)(const K(call) *c, const K(backward_room) *r, const mt_tensor *grad, int64_t head, int64_t i0,
                           int64_t rows) {
  const T *q = K(rows_at)(c->q, c->H, head, i0), *g = K(rows_at)(grad, c->H, head, i0);
  K(lay_rows)(r->q, c->D, q, c->q->stride[2], c->q->stride[3], rows, c->D, (A)c->how->scale);
  K(lay_rows)(r->g, c->E, g, grad->stride[2], grad->stride[3], rows, c->E, 1);
  K(lay_panels)(r->q_panels, QUERIES, q, c->q->stride[2], c->q->stride[3], rows, c->D, (A)c->how->scale);
  K(lay_panels)(r->g_panels, QUERIES, g, grad->stride[2], grad->stride[3], rows, c->E, 1);
}

static void K(backward_block)(const K(call) *c, const K(backward_room) *r, const K(gradients) *to, const mt_tensor *grad,
                              const A *lse, int64_t head, int64_t i0, int64_t rows, int64_t j0, int64_t n) {
  n = K(seen)(c, i0 + rows - 1, j0, n);
  if (n == 0) return;
  /* hidden keys within the last ROWS must have weights of 0: what is added to their gradients counts */
  int64_t width = mt_whole(n, LANES > ROWS ? LANES : ROWS), lines = mt_whole(rows, ROWS), keys = mt_whole(n, ROWS);
  K(lay_queries)(c, r, grad, head, i0, rows);
  K(product)(r->weight, KEYS, r->q, c->D, 1, r->k_t, c->D, lines, c->D, width, 0);
  K(product)(r->slope, KEYS, r->g, c->E, 1, r->v_t, c->E, lines, c->E, width, 0);
  for (int64_t i = 0; i < rows; i++) {
    A *slope = r->slope + i * KEYS;
    K(slope_row)(c, r->weight + i * KEYS, slope, head, i0 + i, j0, n, width, lse[head * c->T_ + i0 + i],
                 r->inner[i0 + i]);
    if (to->bias) {
      T *bias = (T *)mt_tensor_data(to->bias) + (head * c->T_ + i0 + i) * c->S + j0;
      for (int64_t j = 0; j < n; j++) bias[j] = STORE(slope[j]);
    }
  }
  if (to->v) K(product)(r->grad_v, c->wide_e, r->weight, 1, KEYS, r->g_panels, QUERIES, keys, rows, c->E, 1);
  if (to->k) K(product)(r->grad_k, c->wide_d, r->slope, 1, KEYS, r->q_panels, QUERIES, keys, rows, c->D, 1);
  if (to->q) K(product)(r->grad_q + i0 * c->wide_d, c->wide_d, r->slope, KEYS, 1, r->k, KEYS, lines, n, c->D, 1);
}

/* rows lines of from, ld apart, times scale */
static void K(give)(mt_tensor *to, int64_t H, int64_t head, int64_t first, const A *from, int64_t ld, int64_t rows,
                    int64_t n, A scale) {
  if (!to) return;
  T *row = K(rows_at)(to, H, head, first);
  for (int64_t i = 0; i < rows; i++, row += to->stride[2]) K(put)(row, to->stride[3], from + i * ld, n, scale);
}

static void K(inner_sums)(const K(call) *c, A *inner, const mt_tensor *grad, const mt_tensor *out, int64_t head) {
  const T *g = K(rows_at)(grad, c->H, head, 0), *y = K(rows_at)(out, c->H, head, 0);
  int64_t step_g = grad->stride[3], step_y = out->stride[3];
  for (int64_t i = 0; i < c->T_; i++, g += grad->stride[2], y += out->stride[2]) {
    A sum = 0;
    if (sizeof(T) == sizeof(A) && step_g == 1 && step_y == 1)
      sum = K(dot)((const A *)(const void *)g, (const A *)(const void *)y, c->E);
    else
      for (int64_t e = 0; e < c->E; e++) sum += LOAD(g[e * step_g]) * LOAD(y[e * step_y]);
    inner[i] = sum;
  }
}

static void K(backward_head)(const K(call) *c, const K(backward_room) *r, const K(gradients) *to, const mt_tensor *grad,
                             const mt_tensor *out, const A *lse, int64_t head) {
  K(inner_sums)(c, r->inner, grad, out, head);
  memset(r->grad_q, 0, (size_t)(mt_whole(c->T_, QUERIES) * c->wide_d) * sizeof(A));
  for (int64_t j0 = 0; j0 < c->S; j0 += KEYS) {
    int64_t n = mt_least(KEYS, c->S - j0);
    const T *k = K(rows_at)(c->k, c->H, head, j0), *v = K(rows_at)(c->v, c->H, head, j0);
    K(lay_panels)(r->k_t, c->D, k, c->k->stride[3], c->k->stride[2], c->D, n, 1);
    K(lay_panels)(r->v_t, c->E, v, c->v->stride[3], c->v->stride[2], c->E, n, 1);
    K(lay_panels)(r->k, KEYS, k, c->k->stride[2], c->k->stride[3], n, c->D, 1);
    memset(r->grad_k, 0, (size_t)(KEYS * c->wide_d) * sizeof(A));
    memset(r->grad_v, 0, (size_t)(KEYS * c->wide_e) * sizeof(A));
    for (int64_t i0 = 0; i0 < c->T_; i0 += QUERIES) {
      const mt_tensor *next[] = {grad, out, c->k, c->v, c->q, to->k, to->v, to->q};
      for (int i = 0; i < 8 && j0 == 0; i++) K(fetch)(next[i], c->H, head + 1, i0 / QUERIES, mt_parts(c->T_, QUERIES));
      K(backward_block)(c, r, to, grad, lse, head, i0, mt_least(QUERIES, c->T_ - i0), j0, n);
    }
    K(give)(to->k, c->H, head, j0, r->grad_k, c->wide_d, n, c->D, 1);
    K(give)(to->v, c->H, head, j0, r->grad_v, c->wide_e, n, c->E, 1);
  }
  K(give)(to->q, c->H, head, 0, r->grad_q, c->wide_d, c->T_, c->D, (A)c->how->scale);
}

static int K(attention_grad)(mt_tensor *grad_q, mt_tensor *grad_k, mt_tensor *grad_v, mt_tensor *grad_bias,
                             const mt_tensor *grad, const mt_tensor *out, const mt_tensor *lse, const mt_tensor *q,
                             const mt_tensor *k, const mt_tensor *v, const mt_tensor *bias, const mt_tensor *mask,
                             const mt_attention_form *how) {
  K(call) c = K(call_of)(q, k, v, bias, mask, how);
  K(gradients) to = {grad_q, grad_k, grad_v, grad_bias};
  int64_t heads = q->size[0] * c.H, threads = mt_least(heads, K(threads)(&c)), capacity;
  size_t each = (K(backward_size)(&c) + 15) / 16 * 16;
  A *memory = mt_borrow((size_t)threads * each * sizeof(A), &capacity);
  if (!memory) return 1;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t head = 0; head < heads; head++) {
    K(backward_room) r = K(backward_split)(&c, memory + (size_t)omp_get_thread_num() * each);
    K(backward_head)(&c, &r, &to, grad, out, mt_tensor_data(lse), head);
  }
  mt_give_back(memory, capacity);
  return 0;
}

/* -- What dropout keeps --------------------------------------------------------------------------------------- */

static int K(attention_drop)(mt_tensor *out, const mt_attention_form *how) {
  int64_t rows = out->size[0] * out->size[1] * out->size[2], n = out->size[3];
  T *to = mt_tensor_data(out);
  const uint32_t limit = mt_drop_limit(how->drop);
  const T gain = STORE((A)(1 / (1 - how->drop))), none = STORE((A)0);
#pragma omp parallel for num_threads(mt_threads_for(rows * n))
  for (int64_t i = 0; i < rows; i++) {
    const uint64_t key = mt_drop_key(how->seed, (uint64_t)i);
    for (int64_t j = 0; j < n; j++) to[i * n + j] = mt_drop_keeps(key, (uint32_t)j, limit) ? gain : none;
  }
  return 0;
}

static void K(register)(void) {
  mt_set_attention(MT_CPU, DTYPE, K(attention));
  mt_set_attention_grad(MT_CPU, DTYPE, K(attention_grad));
  mt_set_attention_drop(MT_CPU, DTYPE, K(attention_drop));
}
#endif

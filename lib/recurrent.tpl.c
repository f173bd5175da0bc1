/* recurrent.tpl.c: LSTM and GRU over whole sequences, for one floating dtype. Each thread takes some of the samples through
 * all steps, so that threads never wait for each other; the weight is laid out once for all of them. */
#include "tile.tpl.c"
#if MT_IS_FLOAT

/* One call: T steps, N samples, H cells, R outputs, as many gates. wide: H in whole panels, so that each gate's columns
 * begin a panel. */
typedef struct {
  const mt_recurrence *how;
  const uint8_t *active; /* T×N, or NULL where all are */
  int64_t T_, N, H, R, wide, wide_r, gates;
} K(walk);

static K(walk) K(walk_of)(const mt_tensor *sums, const mt_tensor *h0, const mt_tensor *active, int64_t H, int64_t gates,
                          const mt_recurrence *how) {
  return (K(walk)){how, active ? mt_tensor_data(active) : NULL, sums->size[0], sums->size[1], H, h0->size[1],
                   mt_whole(H, PANEL), mt_whole(h0->size[1], PANEL), gates};
}

/* The step that is taken as number s, and whether sample n takes part in it */
MT_INLINE int64_t K(step_at)(const K(walk) *w, int64_t s) { return w->how->reverse ? w->T_ - 1 - s : s; }
MT_INLINE int K(takes)(const K(walk) *w, int64_t t, int64_t n) { return !w->active || w->active[t * w->N + n]; }

/* weight (R × gates·H) as the right operand that makes sums of outputs: a gate begins each wide
 * columns. */
static void K(lay_weight)(const K(walk) *w, A *to, const mt_tensor *weight, int64_t lines) {
  const T *from = mt_tensor_data(weight);
  int64_t rs = weight->stride[0], cs = weight->stride[1];
  for (int64_t g = 0; g < w->gates; g++)
    K(lay_panels)(to + g * w->wide * lines, lines, from + w->how->place[g] * w->H * cs, rs, cs, lines, w->H, 1);
}

/* The transpose of its columns for some gates, gates·wide lines, which takes gradients of sums to those of outputs */
static void K(lay_transpose)(const K(walk) *w, A *to, const mt_tensor *weight, int64_t columns, int64_t first,
                             int64_t gates) {
  const T *from = mt_tensor_data(weight);
  int64_t rs = weight->stride[0], cs = weight->stride[1], lines = gates * w->wide;
  memset(to, 0, (size_t)(lines * mt_whole(columns, PANEL)) * sizeof(A));
  for (int64_t g = 0; g < gates; g++)
    K(lay_panels)(to + g * w->wide * PANEL, lines, from + w->how->place[first + g] * w->H * cs, cs, rs, w->H, columns, 1);
}

MT_INLINE void K(read)(A *to, const T *from, int64_t n) {
  for (int64_t j = 0; j < n; j++) to[j] = LOAD(from[j]);
}
MT_INLINE void K(read_more)(A *to, const T *from, int64_t n) {
  for (int64_t j = 0; j < n; j++) to[j] += LOAD(from[j]);
}
MT_INLINE void K(write)(T *to, const A *from, int64_t n) {
  for (int64_t j = 0; j < n; j++) to[j] = STORE(from[j]);
}

/* A state of a sample that does not take part: what it started from, or 0 */
static void K(rest)(const K(walk) *w, A *state, const T *first, int64_t n) {
  if (w->how->restart) K(read)(state, first, n);
  else memset(state, 0, (size_t)n * sizeof(A));
}

/* Rows of a block of ROWS samples of which some take part are worth a product. */
static void K(product_of_active)(const K(walk) *w, int64_t t, int64_t n0, int64_t count, A *c, int64_t ldc, const A *a,
                                 int64_t lda, const A *b, int64_t depth, int64_t columns, int add) {
  if (!w->active || count <= 2) {
    K(product)(c, ldc, a, lda, 1, b, depth, count, depth, columns, add);
    return;
  }
  for (int64_t i = 0; i < count; i += ROWS) {
    int any = 0;
    for (int64_t k = i; k < mt_least(i + ROWS, count); k++) any |= K(takes)(w, t, n0 + k);
    if (any) K(product)(c + i * ldc, ldc, a + i * lda, lda, 1, b, depth, mt_least(ROWS, count - i), depth, columns, add);
  }
}

static int64_t K(walk_threads)(const K(walk) *w) {
  int64_t threads = mt_threads_for(w->T_ * w->N * w->H / 8 * w->gates * w->R);
  return mt_least(threads, (w->N + ROWS - 1) / ROWS);
}

/* Each thread's samples, from first on */
static int64_t K(share)(const K(walk) *w, int64_t threads, int64_t thread, int64_t *first) {
  int64_t each = mt_whole((w->N + threads - 1) / threads, ROWS);
  *first = thread * each;
  return mt_least(each, w->N - *first);
}

/* In a loop over whole vectors, that of x at j */
#define AT(x) (*(K(vec) *)((x) + j))

/* -- LSTM: forward ------------------------------------------------------------------------------------------ */

typedef struct {
  K(walk) w;
  T *h, *c, *gates;
  const T *sums, *h0, *c0;
  const A *weight, *project;
} K(lstm_call);

/* sum holds a sample's parts of the outputs: it becomes the gates' values in the order i, f, g, o, and c the new cells;
 * out: o tanh c. */
MT_INLINE void K(lstm_cell)(A *sum, A *c, A *out, int64_t wide) {
  A *i = sum, *f = sum + wide, *g = sum + 2 * wide, *o = sum + 3 * wide;
  for (int64_t j = 0; j < wide; j += LANES) {
    AT(i) = K(vsigmoid)(AT(i));
    AT(f) = K(vsigmoid)(AT(f));
    AT(g) = K(vtanh)(AT(g));
    AT(o) = K(vsigmoid)(AT(o));
    AT(c) = AT(f) * AT(c) + AT(i) * AT(g);
    AT(out) = AT(o) * K(vtanh)(AT(c));
  }
}

/* Sample n's step t, given its sums */
static void K(lstm_sample)(const K(lstm_call) *l, int64_t t, int64_t n, A *sum, A *c, A *out) {
  const K(walk) *w = &l->w;
  int64_t at = t * w->N + n, H = w->H;
  for (int g = 0; g < 4; g++) K(read_more)(sum + g * w->wide, l->sums + (at * 4 + w->how->place[g]) * H, H);
  K(lstm_cell)(sum, c, out, w->wide);
  for (int g = 0; g < 4; g++) K(write)(l->gates + (at * 4 + w->how->place[g]) * H, sum + g * w->wide, H);
  K(write)(l->c + at * H, c, H);
}

static void K(lstm_rest)(const K(lstm_call) *l, int64_t t, int64_t n, A *h, A *c) {
  const K(walk) *w = &l->w;
  int64_t at = t * w->N + n;
  K(rest)(w, h, l->h0 + n * w->R, w->R);
  K(rest)(w, c, l->c0 + n * w->H, w->H);
  for (int64_t j = 0; j < w->R; j++) l->h[at * w->R + j] = STORE((A)0);
  for (int64_t j = 0; j < w->H; j++) l->c[at * w->H + j] = STORE((A)0);
  for (int64_t j = 0; j < 4 * w->H; j++) l->gates[at * 4 * w->H + j] = STORE((A)0);
}

static size_t K(lstm_room)(const K(walk) *w, int64_t count) { return (size_t)(count * (6 * w->wide + w->wide_r)); }

/* The steps of count samples from first on; memory: sum, c, out (lines of wide) and h (lines of wide_r) */
static void K(lstm_samples)(const K(lstm_call) *l, A *memory, int64_t first, int64_t count) {
  const K(walk) *w = &l->w;
  int64_t lines = mt_whole(count, ROWS), wide = w->wide, ldh = w->wide_r;
  A *sum = memory, *c = sum + lines * 4 * wide, *out = c + lines * wide, *h = out + lines * wide;
  memset(memory, 0, K(lstm_room)(w, lines) * sizeof(A));
  for (int64_t i = 0; i < count; i++) {
    K(read)(h + i * ldh, l->h0 + (first + i) * w->R, w->R);
    K(read)(c + i * wide, l->c0 + (first + i) * w->H, w->H);
  }
  for (int64_t s = 0; s < w->T_; s++) {
    int64_t t = K(step_at)(w, s);
    K(product_of_active)(w, t, first, count, sum, 4 * wide, h, ldh, l->weight, w->R, 4 * wide, 0);
    for (int64_t i = 0; i < count; i++)
      if (K(takes)(w, t, first + i))
        K(lstm_sample)(l, t, first + i, sum + i * 4 * wide, c + i * wide, l->project ? out + i * wide : h + i * ldh);
    if (l->project) K(product_of_active)(w, t, first, count, h, ldh, out, wide, l->project, w->H, w->R, 0);
    for (int64_t i = 0; i < count; i++)
      if (K(takes)(w, t, first + i)) K(write)(l->h + (t * w->N + first + i) * w->R, h + i * ldh, w->R);
      else K(lstm_rest)(l, t, first + i, h + i * ldh, c + i * wide);
  }
}

static int K(lstm)(mt_tensor *h, mt_tensor *c, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0,
                   const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project, const mt_tensor *active,
                   const mt_recurrence *how) {
  K(lstm_call) l = {.w = K(walk_of)(sums, h0, active, c0->size[1], 4, how), .h = mt_tensor_data(h), .c = mt_tensor_data(c),
               .gates = mt_tensor_data(gates), .sums = mt_tensor_data(sums), .h0 = mt_tensor_data(h0),
               .c0 = mt_tensor_data(c0)};
  const K(walk) *w = &l.w;
  int64_t threads = K(walk_threads)(w), each = mt_whole((w->N + threads - 1) / threads, ROWS), capacity;
  size_t room = K(lstm_room)(w, each), panels = (size_t)(w->R * 4 * w->wide);
  size_t projection = project ? (size_t)(w->H * w->wide_r) : 0;
  A *memory = mt_borrow((panels + projection + (size_t)threads * room) * sizeof(A), &capacity);
  if (!memory) return 1;
  K(lay_weight)(w, memory, weight, w->R);
  if (project)
    K(lay_panels)(memory + panels, w->H, mt_tensor_data(project), project->stride[0], project->stride[1], w->H, w->R, 1);
  l.weight = memory;
  l.project = project ? memory + panels : NULL;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t thread = 0; thread < threads; thread++) {
    int64_t first, count = K(share)(w, threads, thread, &first);
    if (count > 0) K(lstm_samples)(&l, memory + panels + projection + (size_t)thread * room, first, count);
  }
  mt_give_back(memory, capacity);
  return 0;
}

/* -- LSTM: backward ----------------------------------------------------------------------------------------- */

typedef struct {
  K(walk) w;
  T *grad_sums, *grad_h0, *grad_c0, *grad_out; /* grad_out: of h at each step, T×N×R, or NULL */
  const T *grad_h, *grad_c, *gates, *c, *c0;
  const A *weight, *project; /* their transposes */
} K(lstm_back_call);

/* Given a sample's gates (i, f, g, o), cells before and after, and the gradients of o tanh c and of c, which becomes that of
 * the cells before: the gates become the gradients of their sums. */
MT_INLINE void K(lstm_slopes)(A *gates, const A *before, const A *c, const A *grad_out, A *grad_c, int64_t wide) {
  A *i = gates, *f = gates + wide, *g = gates + 2 * wide, *o = gates + 3 * wide;
  for (int64_t j = 0; j < wide; j += LANES) {
    K(vec) iv = AT(i), fv = AT(f), gv = AT(g), ov = AT(o), seen = K(vtanh)(AT(c)), gh = AT(grad_out);
    K(vec) gc = AT(grad_c) + gh * ov * (1 - seen * seen);
    AT(i) = gc * gv * iv * (1 - iv);
    AT(f) = gc * AT(before) * fv * (1 - fv);
    AT(g) = gc * iv * (1 - gv * gv);
    AT(o) = gh * seen * ov * (1 - ov);
    AT(grad_c) = gc * fv;
  }
}

/* The cells that sample n had before its step number s; to has zeros behind H */
static void K(cells_before)(const K(lstm_back_call) *l, A *to, int64_t s, int64_t n) {
  const K(walk) *w = &l->w;
  int64_t before = s > 0 ? K(step_at)(w, s - 1) : -1, H = w->H;
  if (before < 0) K(read)(to, l->c0 + n * H, H);
  else if (K(takes)(w, before, n)) K(read)(to, l->c + (before * w->N + n) * H, H);
  else K(rest)(w, to, l->c0 + n * H, H);
}

static void K(lstm_sample_back)(const K(lstm_back_call) *l, int64_t s, int64_t n, A *gates, A *cells, const A *grad_out,
                                A *grad_c) {
  const K(walk) *w = &l->w;
  int64_t at = K(step_at)(w, s) * w->N + n, H = w->H;
  for (int g = 0; g < 4; g++) K(read)(gates + g * w->wide, l->gates + (at * 4 + w->how->place[g]) * H, H);
  K(cells_before)(l, cells, s, n);
  K(read)(cells + w->wide, l->c + at * H, H);
  K(lstm_slopes)(gates, cells, cells + w->wide, grad_out, grad_c, w->wide);
  for (int g = 0; g < 4; g++) K(write)(l->grad_sums + (at * 4 + w->how->place[g]) * H, gates + g * w->wide, H);
}

/* A sample that did not take part: what its state had as gradient belongs to the first state, where it was that. */
static void K(lstm_rest_back)(const K(lstm_back_call) *l, int64_t t, int64_t n, A *grad_h, A *grad_c, A *first_h, A *first_c) {
  const K(walk) *w = &l->w;
  T *sums = l->grad_sums + (t * w->N + n) * 4 * w->H;
  for (int64_t j = 0; j < 4 * w->H; j++) sums[j] = STORE((A)0);
  if (l->grad_out)
    for (int64_t j = 0; j < w->R; j++) l->grad_out[(t * w->N + n) * w->R + j] = STORE((A)0);
  for (int64_t j = 0; j < w->R; j++) {
    first_h[j] += w->how->restart ? grad_h[j] : 0;
    grad_h[j] = 0;
  }
  for (int64_t j = 0; j < w->H; j++) {
    first_c[j] += w->how->restart ? grad_c[j] : 0;
    grad_c[j] = 0;
  }
}

static size_t K(lstm_back_room)(const K(walk) *w, int64_t count) {
  return (size_t)(count * (7 * w->wide + 2 * w->wide_r) + 2 * w->wide);
}

/* Of count samples from first on, in memory: gates, the gradients of what leaves the cells, of c, of h, and of the first
 * states through steps without part */
static void K(lstm_samples_back)(const K(lstm_back_call) *l, A *memory, int64_t first, int64_t count) {
  const K(walk) *w = &l->w;
  int64_t lines = mt_whole(count, ROWS), wide = w->wide, ldh = w->wide_r, R = w->R, H = w->H;
  A *gates = memory, *out = gates + lines * 4 * wide, *c = out + lines * wide, *first_c = c + lines * wide;
  A *h = first_c + lines * wide, *first_h = h + lines * ldh, *cells = first_h + lines * ldh;
  memset(memory, 0, K(lstm_back_room)(w, lines) * sizeof(A));
  for (int64_t s = w->T_ - 1; s >= 0; s--) {
    int64_t t = K(step_at)(w, s);
    for (int64_t i = 0; i < count; i++) {
      int64_t at = t * w->N + first + i;
      if (!K(takes)(w, t, first + i)) {
        K(lstm_rest_back)(l, t, first + i, h + i * ldh, c + i * wide, first_h + i * ldh, first_c + i * wide);
        continue;
      }
      K(read_more)(h + i * ldh, l->grad_h + at * R, R);
      if (l->grad_c) K(read_more)(c + i * wide, l->grad_c + at * H, H);
      if (l->grad_out) K(write)(l->grad_out + at * R, h + i * ldh, R);
    }
    if (l->project) K(product_of_active)(w, t, first, count, out, wide, h, ldh, l->project, R, H, 0);
    for (int64_t i = 0; i < count; i++)
      if (K(takes)(w, t, first + i))
        K(lstm_sample_back)(l, s, first + i, gates + i * 4 * wide, cells, l->project ? out + i * wide : h + i * ldh,
                            c + i * wide);
      else memset(gates + i * 4 * wide, 0, (size_t)(4 * wide) * sizeof(A));
    K(product_of_active)(w, t, first, count, h, ldh, gates, 4 * wide, l->weight, 4 * wide, R, 0);
  }
  for (int64_t i = 0; i < count; i++) {
    for (int64_t j = 0; j < R; j++) l->grad_h0[(first + i) * R + j] = STORE(h[i * ldh + j] + first_h[i * ldh + j]);
    for (int64_t j = 0; j < H; j++) l->grad_c0[(first + i) * H + j] = STORE(c[i * wide + j] + first_c[i * wide + j]);
  }
}

static int K(lstm_grad)(mt_tensor *grad_sums, mt_tensor *grad_h0, mt_tensor *grad_c0, mt_tensor *grad_out,
                        const mt_tensor *grad_h, const mt_tensor *grad_c, const mt_tensor *gates, const mt_tensor *c,
                        const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project, const mt_tensor *active,
                        const mt_recurrence *how) {
  K(lstm_back_call) l = {.w = K(walk_of)(gates, grad_h0, active, c0->size[1], 4, how), .grad_sums = mt_tensor_data(grad_sums),
                    .grad_h0 = mt_tensor_data(grad_h0), .grad_c0 = mt_tensor_data(grad_c0),
                    .grad_out = grad_out ? mt_tensor_data(grad_out) : NULL, .grad_h = mt_tensor_data(grad_h),
                    .grad_c = grad_c ? mt_tensor_data(grad_c) : NULL, .gates = mt_tensor_data(gates),
                    .c = mt_tensor_data(c), .c0 = mt_tensor_data(c0)};
  const K(walk) *w = &l.w;
  int64_t threads = K(walk_threads)(w), each = mt_whole((w->N + threads - 1) / threads, ROWS), capacity;
  size_t room = K(lstm_back_room)(w, each), panels = (size_t)(4 * w->wide * w->wide_r);
  size_t projection = project ? (size_t)(w->R * w->wide) : 0;
  A *memory = mt_borrow((panels + projection + (size_t)threads * room) * sizeof(A), &capacity);
  if (!memory) return 1;
  K(lay_transpose)(w, memory, weight, w->R, 0, 4);
  if (project)
    K(lay_panels)(memory + panels, w->R, mt_tensor_data(project), project->stride[1], project->stride[0], w->R, w->H, 1);
  l.weight = memory;
  l.project = project ? memory + panels : NULL;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t thread = 0; thread < threads; thread++) {
    int64_t first, count = K(share)(w, threads, thread, &first);
    if (count > 0) K(lstm_samples_back)(&l, memory + panels + projection + (size_t)thread * room, first, count);
  }
  mt_give_back(memory, capacity);
  return 0;
}

#include "gru.tpl.c"

static void K(register)(void) {
  mt_set_lstm(MT_CPU, DTYPE, K(lstm));
  mt_set_lstm_grad(MT_CPU, DTYPE, K(lstm_grad));
  mt_set_gru(MT_CPU, DTYPE, K(gru));
  mt_set_gru_grad(MT_CPU, DTYPE, K(gru_grad));
}
#endif

/* gru.tpl.c: the GRU's part of recurrent.tpl.c. Gates are r (reset), z (update) and n (new). The reset comes after the product
 * with the outputs, n = tanh(in + r (h W + b)), as in cuDNN, or before it, n = tanh(in + (r h) W), as first published. What
 * is kept of a step is r, z, n and a fourth value: h W + b, or r h. */

typedef struct {
  K(walk) w;
  T *h, *gates;
  const T *sums, *h0, *bias; /* bias: H, or NULL */
  const A *weight;
} K(gru_call);

/* -- Forward ------------------------------------------------------------------------------------------------ */

/* Of wide columns, gates: r, z, n and the fourth value. What comes from the inputs has been added to all but n, where it is
 * in. */
MT_INLINE void K(gru_gates)(A *gates, int64_t wide) {
  A *r = gates, *z = gates + wide;
  for (int64_t j = 0; j < wide; j += LANES) {
    AT(r) = K(vsigmoid)(AT(r));
    AT(z) = K(vsigmoid)(AT(z));
  }
}

/* n: its sum; fourth: what the reset multiplies and adds to it where factor is r, or NULL */
MT_INLINE void K(gru_output)(A *n, const A *z, const A *r, const A *fourth, A *h, int64_t wide) {
  for (int64_t j = 0; j < wide; j += LANES) {
    K(vec) v = AT(n);
    if (r) v += AT(r) * AT(fourth);
    v = K(vtanh)(v);
    AT(n) = v;
    AT(h) = v + AT(z) * (AT(h) - v);
  }
}

static void K(gru_keep)(const K(gru_call) *l, int64_t at, const A *gates, const A *h) {
  const K(walk) *w = &l->w;
  for (int g = 0; g < 4; g++) K(write)(l->gates + (at * 4 + g) * w->H, gates + g * w->wide, w->H);
  K(write)(l->h + at * w->H, h, w->H);
}

/* A sample's step, given gates = h W for r, z and, as the fourth, n */
static void K(gru_after)(const K(gru_call) *l, int64_t at, A *gates, A *h) {
  const K(walk) *w = &l->w;
  const T *in = l->sums + at * 3 * w->H;
  int64_t H = w->H, wide = w->wide;
  for (int g = 0; g < 2; g++) K(read_more)(gates + g * wide, in + w->how->place[g] * H, H);
  K(read)(gates + 2 * wide, in + w->how->place[2] * H, H);
  if (l->bias) K(read_more)(gates + 3 * wide, l->bias, H);
  K(gru_gates)(gates, wide);
  K(gru_output)(gates + 2 * wide, gates + wide, gates, gates + 3 * wide, h, wide);
  K(gru_keep)(l, at, gates, h);
}

/* The first half of a step whose reset comes first, given gates = h W for r and z: the fourth becomes r h. */
static void K(gru_before)(const K(gru_call) *l, int64_t at, A *gates, const A *h) {
  const K(walk) *w = &l->w;
  const T *in = l->sums + at * 3 * w->H;
  for (int g = 0; g < 2; g++) K(read_more)(gates + g * w->wide, in + w->how->place[g] * w->H, w->H);
  K(gru_gates)(gates, w->wide);
  A *r = gates, *fourth = gates + 3 * w->wide;
  for (int64_t j = 0; j < w->wide; j += LANES) AT(fourth) = AT(r) * AT(h);
}

/* Its second half, given (r h) W as n */
static void K(gru_end)(const K(gru_call) *l, int64_t at, A *gates, A *h) {
  const K(walk) *w = &l->w;
  K(read_more)(gates + 2 * w->wide, l->sums + (at * 3 + w->how->place[2]) * w->H, w->H);
  K(gru_output)(gates + 2 * w->wide, gates + w->wide, NULL, NULL, h, w->wide);
  K(gru_keep)(l, at, gates, h);
}

static void K(gru_rest)(const K(gru_call) *l, int64_t t, int64_t n, A *h) {
  const K(walk) *w = &l->w;
  int64_t at = t * w->N + n;
  K(rest)(w, h, l->h0 + n * w->H, w->H);
  for (int64_t j = 0; j < w->H; j++) l->h[at * w->H + j] = STORE((A)0);
  for (int64_t j = 0; j < 4 * w->H; j++) l->gates[at * 4 * w->H + j] = STORE((A)0);
}

/* One step of count samples: gates (lines of 4·wide), h (lines of wide) */
static void K(gru_step)(const K(gru_call) *l, int64_t t, int64_t first, int64_t count, A *gates, A *h) {
  const K(walk) *w = &l->w;
  int64_t wide = w->wide, H = w->H, at = t * w->N + first;
  const A *new = l->weight + 2 * wide * H;
  K(product_of_active)(w, t, first, count, gates, 4 * wide, h, wide, l->weight, H, 2 * wide, 0);
  if (w->how->reset_after) {
    K(product_of_active)(w, t, first, count, gates + 3 * wide, 4 * wide, h, wide, new, H, wide, 0);
    for (int64_t i = 0; i < count; i++)
      if (K(takes)(w, t, first + i)) K(gru_after)(l, at + i, gates + i * 4 * wide, h + i * wide);
    return;
  }
  for (int64_t i = 0; i < count; i++)
    if (K(takes)(w, t, first + i)) K(gru_before)(l, at + i, gates + i * 4 * wide, h + i * wide);
  K(product_of_active)(w, t, first, count, gates + 2 * wide, 4 * wide, gates + 3 * wide, 4 * wide, new, H, wide, 0);
  for (int64_t i = 0; i < count; i++)
    if (K(takes)(w, t, first + i)) K(gru_end)(l, at + i, gates + i * 4 * wide, h + i * wide);
}

static size_t K(gru_room)(const K(walk) *w, int64_t count) { return (size_t)(count * 5 * w->wide); }

static void K(gru_samples)(const K(gru_call) *l, A *memory, int64_t first, int64_t count) {
  const K(walk) *w = &l->w;
  int64_t lines = mt_whole(count, ROWS), wide = w->wide;
  A *gates = memory, *h = gates + lines * 4 * wide;
  memset(memory, 0, K(gru_room)(w, lines) * sizeof(A));
  for (int64_t i = 0; i < count; i++) K(read)(h + i * wide, l->h0 + (first + i) * w->H, w->H);
  for (int64_t s = 0; s < w->T_; s++) {
    int64_t t = K(step_at)(w, s);
    K(gru_step)(l, t, first, count, gates, h);
    for (int64_t i = 0; i < count; i++)
      if (!K(takes)(w, t, first + i)) K(gru_rest)(l, t, first + i, h + i * wide);
  }
}

static int K(gru)(mt_tensor *h, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0, const mt_tensor *weight,
                  const mt_tensor *bias, const mt_tensor *active, const mt_recurrence *how) {
  K(gru_call) l = {.w = K(walk_of)(sums, h0, active, h0->size[1], 3, how), .h = mt_tensor_data(h),
                   .gates = mt_tensor_data(gates), .sums = mt_tensor_data(sums), .h0 = mt_tensor_data(h0),
                   .bias = bias ? mt_tensor_data(bias) : NULL};
  const K(walk) *w = &l.w;
  int64_t threads = K(walk_threads)(w), each = mt_whole((w->N + threads - 1) / threads, ROWS), capacity;
  size_t room = K(gru_room)(w, each), panels = (size_t)(w->H * 3 * w->wide);
  A *memory = mt_borrow((panels + (size_t)threads * room) * sizeof(A), &capacity);
  if (!memory) return 1;
  K(lay_weight)(w, memory, weight, w->H);
  l.weight = memory;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t thread = 0; thread < threads; thread++) {
    int64_t first, count = K(share)(w, threads, thread, &first);
    if (count > 0) K(gru_samples)(&l, memory + panels + (size_t)thread * room, first, count);
  }
  mt_give_back(memory, capacity);
  return 0;
}

/* -- Backward ----------------------------------------------------------------------------------------------- */

typedef struct {
  K(walk) w;
  T *grad_gates, *grad_h0;
  const T *grad_h, *gates, *h, *h0;
  const A *weight, *new; /* transposes: of r's and z's columns, or all three; of n's */
} K(gru_back_call);

/* Given a sample's gates, h before and the gradient of h, which becomes that of h before as far as it does not pass through
 * products: slopes are the gradients of the sums of r, z, n and of the fourth value. Where the reset comes first, those of r
 * and of the fourth have to wait for a product. */
MT_INLINE void K(gru_slopes)(A *slopes, const A *gates, const A *before, A *grad, int64_t wide, int after) {
  const A *r = gates, *z = gates + wide, *n = gates + 2 * wide, *fourth = gates + 3 * wide;
  A *by_r = slopes, *by_z = slopes + wide, *by_n = slopes + 2 * wide, *by_fourth = slopes + 3 * wide;
  for (int64_t j = 0; j < wide; j += LANES) {
    K(vec) g = AT(grad), zv = AT(z), nv = AT(n), rv = AT(r), v = g * (1 - zv) * (1 - nv * nv);
    AT(by_z) = g * (AT(before) - nv) * zv * (1 - zv);
    AT(by_n) = v;
    AT(grad) = g * zv;
    if (after) {
      AT(by_fourth) = v * rv;
      AT(by_r) = v * AT(fourth) * rv * (1 - rv);
    }
  }
}

/* The rest of it, given the gradient of r h as the fourth slope */
MT_INLINE void K(reset_slopes)(A *slopes, const A *gates, const A *before, A *grad, int64_t wide) {
  const A *r = gates;
  A *by_r = slopes, *by_fourth = slopes + 3 * wide;
  for (int64_t j = 0; j < wide; j += LANES) {
    K(vec) v = AT(by_fourth), rv = AT(r);
    AT(by_r) = v * AT(before) * rv * (1 - rv);
    AT(grad) += v * rv;
  }
}

static void K(gru_read)(const K(gru_back_call) *l, A *gates, A *before, int64_t s, int64_t n) {
  const K(walk) *w = &l->w;
  int64_t last = s > 0 ? K(step_at)(w, s - 1) : -1, H = w->H, at = K(step_at)(w, s) * w->N + n;
  for (int g = 0; g < 4; g++) K(read)(gates + g * w->wide, l->gates + (at * 4 + g) * H, H);
  if (last < 0) K(read)(before, l->h0 + n * H, H);
  else if (K(takes)(w, last, n)) K(read)(before, l->h + (last * w->N + n) * H, H);
  else K(rest)(w, before, l->h0 + n * H, H);
}

static void K(gru_rest_back)(const K(gru_back_call) *l, A *slopes, A *grad, A *first) {
  const K(walk) *w = &l->w;
  memset(slopes, 0, (size_t)(4 * w->wide) * sizeof(A));
  for (int64_t j = 0; j < w->H; j++) {
    first[j] += w->how->restart ? grad[j] : 0;
    grad[j] = 0;
  }
}

/* A thread's memory, lines of: slopes (4·wide); the gradients of h and, through steps without part, of the first one; and for
 * one sample its gates and h before */
typedef struct {
  A *slopes, *grad, *first, *gates, *before;
} K(gru_back_room);

static size_t K(gru_back_size)(const K(walk) *w, int64_t count) { return (size_t)((count * 6 + 5) * w->wide); }

static void K(gru_step_back)(const K(gru_back_call) *l, const K(gru_back_room) *r, int64_t s, int64_t n0, int64_t count) {
  const K(walk) *w = &l->w;
  int64_t t = K(step_at)(w, s), wide = w->wide, H = w->H;
  int after = w->how->reset_after;
  for (int64_t i = 0; i < count; i++) {
    A *slopes = r->slopes + i * 4 * wide, *grad = r->grad + i * wide;
    if (!K(takes)(w, t, n0 + i)) {
      K(gru_rest_back)(l, slopes, grad, r->first + i * wide);
      continue;
    }
    K(read_more)(grad, l->grad_h + (t * w->N + n0 + i) * H, H);
    K(gru_read)(l, r->gates, r->before, s, n0 + i);
    K(gru_slopes)(slopes, r->gates, r->before, grad, wide, after);
  }
  if (!after) {
    A *n = r->slopes + 2 * wide, *fourth = r->slopes + 3 * wide;
    K(product_of_active)(w, t, n0, count, fourth, 4 * wide, n, 4 * wide, l->new, wide, H, 0);
    for (int64_t i = 0; i < count; i++)
      if (K(takes)(w, t, n0 + i)) {
        K(gru_read)(l, r->gates, r->before, s, n0 + i);
        K(reset_slopes)(r->slopes + i * 4 * wide, r->gates, r->before, r->grad + i * wide, wide);
      }
  }
  for (int64_t i = 0; i < count; i++)
    for (int g = 0; g < 4; g++)
      K(write)(l->grad_gates + ((t * w->N + n0 + i) * 4 + g) * H, r->slopes + (i * 4 + g) * wide, H);
  K(product_of_active)(w, t, n0, count, r->grad, wide, r->slopes, 4 * wide, l->weight, 2 * wide, H, 1);
  if (after) K(product_of_active)(w, t, n0, count, r->grad, wide, r->slopes + 3 * wide, 4 * wide, l->new, wide, H, 1);
}

static void K(gru_samples_back)(const K(gru_back_call) *l, A *memory, int64_t first, int64_t count) {
  const K(walk) *w = &l->w;
  int64_t lines = mt_whole(count, ROWS), wide = w->wide;
  K(gru_back_room) r = {memory, memory + lines * 4 * wide, memory + lines * 5 * wide, memory + lines * 6 * wide,
                        memory + (lines * 6 + 4) * wide};
  memset(memory, 0, K(gru_back_size)(w, lines) * sizeof(A));
  for (int64_t s = w->T_ - 1; s >= 0; s--) K(gru_step_back)(l, &r, s, first, count);
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < w->H; j++)
      l->grad_h0[(first + i) * w->H + j] = STORE(r.grad[i * wide + j] + r.first[i * wide + j]);
}

static int K(gru_grad)(mt_tensor *grad_gates, mt_tensor *grad_h0, const mt_tensor *grad_h, const mt_tensor *gates,
                       const mt_tensor *h, const mt_tensor *h0, const mt_tensor *weight, const mt_tensor *active,
                       const mt_recurrence *how) {
  K(gru_back_call) l = {.w = K(walk_of)(gates, h0, active, h0->size[1], 3, how), .grad_gates = mt_tensor_data(grad_gates),
                        .grad_h0 = mt_tensor_data(grad_h0), .grad_h = mt_tensor_data(grad_h),
                        .gates = mt_tensor_data(gates), .h = mt_tensor_data(h), .h0 = mt_tensor_data(h0)};
  const K(walk) *w = &l.w;
  int64_t threads = K(walk_threads)(w), each = mt_whole((w->N + threads - 1) / threads, ROWS), capacity;
  size_t room = K(gru_back_size)(w, each), panels = (size_t)(w->wide * w->wide_r);
  A *memory = mt_borrow((3 * panels + (size_t)threads * room) * sizeof(A), &capacity);
  if (!memory) return 1;
  K(lay_transpose)(w, memory, weight, w->H, 0, 2);
  K(lay_transpose)(w, memory + 2 * panels, weight, w->H, 2, 1);
  l.weight = memory;
  l.new = memory + 2 * panels;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t thread = 0; thread < threads; thread++) {
    int64_t first, count = K(share)(w, threads, thread, &first);
    if (count > 0) K(gru_samples_back)(&l, memory + 3 * panels + (size_t)thread * room, first, count);
  }
  mt_give_back(memory, capacity);
  return 0;
}
#undef AT

/* direct_weight.tpl.c: the part of direct.tpl.c for the weight's gradient. */

/* -- The weight's gradient: windows ------------------------------------------------------------------------------- */

typedef float eight __attribute__((vector_size(32), aligned(4)));

/* What a thread works with. sums: taps padded to whole vectors for each plane, of each group padded to ROWS planes;
 * windows: those of a piece's outputs, step apart; grad: planes from number read on in panels of ROWS; those before are
 * read in place; zeros: a row of padding; lines: a pointer for each row of a window */
typedef struct {
  float *sums, *windows, *grad, *zeros;
  const float **lines;
  int64_t step, read;
} weigher;

/* count numbers, and what lies behind them up to the next width of a vector: to and from have room for it */
INLINED void copy_few(float *to, const float *from, int64_t count) {
  if (count == 1)
    *to = *from;
  else if (count <= 4)
    *(four *)to = *(const four *)from;
  else
    for (int64_t i = 0; i < count; i += 8) *(eight *)(to + i) = *(const eight *)(from + i);
}

/* The windows of outputs q … last - 1, which lie on the input: rows of a window from lines, so many, of so many taps */
INLINED void copy_windows(float *to, int64_t to_step, const float *const *lines, int64_t count, int64_t taps, int64_t x,
                          int64_t step, int64_t q, int64_t last) {
  for (; q < last; q++)
    for (int64_t l = 0; l < count; l++) copy_few(to + q * to_step + l * taps, lines[l] + x + q * step, taps);
}

/* The window of one output that may reach over its rows. */
static void lay_window(float *to, const float *const *lines, int64_t count, const mt_window *w, int64_t x,
                       int64_t width) {
  for (int64_t l = 0; l < count; l++, to += w->kernel[2])
    for (int64_t i = 0; i < w->kernel[2]; i++) {
      int64_t at = x + i * w->dilation[2];
      to[i] = at >= 0 && at < width ? lines[l][at] : 0;
    }
}

/* The outputs of a row whose windows can be copied: they lie on the input, and what is read behind them lies in memory,
 * where room floats follow the last line. */
static mt_span inner_outputs(const shape *s, int64_t room) {
  const mt_window *w = s->w;
  int64_t taps = w->kernel[2], read = taps == 1 ? 1 : taps <= 4 ? 4 : mt_whole(taps, 8);
  if (w->dilation[2] != 1) return (mt_span){0, 0};
  mt_span low = mt_window_span(-w->pad[2], w->stride[2], s->in[2], s->Q);
  mt_span high = mt_window_span(taps - 1 - w->pad[2], w->stride[2], s->in[2], s->Q);
  mt_span there = mt_window_span(read - 1 - w->pad[2], w->stride[2], s->in[2] + room, s->Q);
  mt_span inner = {low.first, mt_least(low.end, mt_least(high.end, there.end))};
  if (inner.end < inner.first) inner.end = inner.first;
  return inner;
}

/* The windows of the outputs of one row, at depth and height o of an image, for some channels. to: Q rows; in: the first
 * of the channels; end: the end of the whole input */
static void lay_windows(float *to, const weigher *t, const shape *s, const float *in, int64_t channels,
                        const int64_t *o, const float *end) {
  const mt_window *w = s->w;
  int64_t count = 0, taps = w->kernel[2], behind = mt_whole(channels * s->kernel, WIDE) - channels * s->kernel;
  int64_t room = end - (in + channels * s->volume), x = -w->pad[2];
  for (int64_t c = 0; c < channels; c++, in += s->volume)
    for (int64_t i = 0; i < w->kernel[0]; i++)
      for (int64_t j = 0; j < w->kernel[1]; j++) {
        int64_t row = mt_window_row(w, s->in, o, i, j);
        t->lines[count++] = row < 0 ? t->zeros : in + row * s->in[2];
      }
  mt_span inner = inner_outputs(s, mt_least(room, 8));
  if (taps == 3)
    copy_windows(to, t->step, t->lines, count, 3, x, w->stride[2], inner.first, inner.end);
  else
    copy_windows(to, t->step, t->lines, count, taps, x, w->stride[2], inner.first, inner.end);
  for (int64_t q = 0; q < s->Q; q++) {
    float *window = to + q * t->step;
    if (q < inner.first || q >= inner.end) lay_window(window, t->lines, count, w, x + q * w->stride[2], s->in[2]);
    memset(window + count * taps, 0, (size_t)behind * sizeof *window);
  }
}

/* Windows of one place each, side by side: count of them in some channels. in: the first in the first channel */
static void turn(float *to, int64_t step, const float *in, int64_t volume, int64_t channels, int64_t count) {
  for (int64_t c = 0; c < channels; c += 4)
    for (int64_t q = 0; q < count; q += 4)
      if (c + 4 <= channels && q + 4 <= count)
        turn_four(to + q * step + c, step, in + c * volume + q, volume);
      else
        for (int64_t i = q; i < mt_least(q + 4, count); i++)
          for (int64_t j = c; j < mt_least(c + 4, channels); j++) to[i * step + j] = in[j * volume + i];
}

/* The windows of count output rows of an image, from row on, for some channels. */
static void lay_rows(float *to, const weigher *t, const shape *s, const float *in, int64_t channels, int64_t row,
                     int64_t count, const float *end) {
  if (is_plain(s)) {
    turn(to, t->step, in + row * s->Q, s->volume, channels, count * s->Q);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    int64_t o[2] = {(row + i) / s->out[1], (row + i) % s->out[1]};
    lay_windows(to + i * s->Q * t->step, t, s, in, channels, o, end);
  }
}

/* -- The weight's gradient: sums ------------------------------------------------------------------------------------ */

/* What a thread sums up at a time: count output rows of all images', from number first on, of one group */
typedef struct {
  int64_t group, first, count;
} portion;

/* Planes from t->read on, in panels, each outputs × ROWS. grad: all of it */
static void lay_planes_turned(const weigher *t, const shape *s, const float *grad, const portion *b) {
  int64_t outputs = b->count * s->Q, first = b->first * s->Q;
  float *to = t->grad;
  for (int64_t k = t->read; k < s->planes; k += ROWS, to += outputs * ROWS)
    for (int64_t i = 0, count; i < outputs; i += count) {
      int64_t at = (first + i) % s->plane, image = (first + i) / s->plane;
      const float *from = grad + (image * s->K + b->group * s->planes + k) * s->plane + at;
      count = mt_least(s->plane - at, outputs - i);
      for (int64_t r = 0; r < ROWS; r++)
        for (int64_t j = 0; j < count; j++) to[(i + j) * ROWS + r] = k + r < s->planes ? from[r * s->plane + j] : 0;
    }
}

/* sums += grad (planes, each with so many outputs) times windows of so many taps; sums: from the first of these on */
static void add_products(float *sums, const weigher *t, const shape *s, const float *grad, int64_t outputs,
                         int64_t taps) {
  int64_t row = mt_whole(s->taps, WIDE) + WIDE;
  for (int64_t j = 0; j < taps; j += WIDE) {
    const float *windows = t->windows + j;
    for (int64_t k = 0; k < t->read; k += ROWS)
      multiply(sums + k * row + j, row, grad + k * s->plane, s->plane, 1, windows, t->step, outputs, 1);
    for (int64_t k = t->read; k < s->planes; k += ROWS)
      multiply(sums + k * row + j, row, t->grad + (k - t->read) * outputs, 1, ROWS, windows, t->step, outputs, 1);
  }
}

/* grad, in: all of them; channels are taken so many at a time */
static void weigh_rows(float *sums, const weigher *t, const shape *s, const float *grad, const float *in,
                       const portion *b, int64_t chunk) {
  const float *end = in + s->images * s->C * s->volume;
  int64_t rows = s->out[0] * s->out[1], image = b->first / rows, row = b->first % rows;
  lay_planes_turned(t, s, grad, b);
  grad += (image * s->K + b->group * s->planes) * s->plane + row * s->Q;
  for (int64_t c = 0; c < s->channels; c += chunk) {
    int64_t channels = mt_least(chunk, s->channels - c);
    for (int64_t i = 0, count; i < b->count; i += count) {
      int64_t at = (b->first + i) % rows, from = (b->first + i) / rows * s->C + b->group * s->channels + c;
      count = mt_least(rows - at, b->count - i);
      lay_rows(t->windows + i * s->Q * t->step, t, s, in + from * s->volume, channels, at, count, end);
    }
    add_products(sums + c * s->kernel, t, s, grad, b->count * s->Q, channels * s->kernel);
  }
}

/* Floats of one group's sums. Sums of a chunk of channels reach over its last tap, into those of the next chunk, which
 * get nothing from it: the windows are 0 there. */
static int64_t sums_for(const shape *s) { return mt_whole(s->planes, ROWS) * (mt_whole(s->taps, WIDE) + WIDE); }

/* Output rows first … last - 1 of all images, in all groups, into the thread's sums. chunk: channels at once */
static void weigh(const weigher *t, const shape *s, const float *grad, const float *input, int64_t first, int64_t last,
                  int64_t chunk) {
  int64_t rows = s->out[0] * s->out[1];
  for (int64_t i = first, count; i < last; i += count) {
    count = mt_least(s->piece / s->Q, last - i);
    if (t->read > 0) count = mt_least(count, rows - i % rows);
    for (int64_t group = 0; group < s->groups; group++) {
      portion b = {group, i, count};
      weigh_rows(t->sums + group * sums_for(s), t, s, grad, input, &b, chunk);
    }
  }
}

/* The threads' sums together, in order: threads of them, room floats apart */
static void join_sums(float *out, const shape *s, const float *sums, int64_t room, int threads) {
#pragma omp parallel for num_threads(mt_threads_for(s->K * s->taps * threads))
  for (int64_t k = 0; k < s->K; k++) {
    const float *row = sums + k / s->planes * sums_for(s) + k % s->planes * (mt_whole(s->taps, WIDE) + WIDE);
    for (int64_t j = 0; j < s->taps; j++) {
      float sum = row[j];
      for (int t = 1; t < threads; t++) sum += row[t * room + j];
      out[k * s->taps + j] = sum;
    }
  }
}

/* Channels whose windows for a piece stay in the cache; whole vectors of taps, when there are enough. */
static int64_t channels_at_once(const shape *s) {
  int64_t chunk = CACHE / s->piece / s->kernel;
  if (chunk >= WIDE) chunk = chunk / WIDE * WIDE;
  return chunk < 1 ? 1 : mt_least(chunk, s->channels);
}

/* Every thread sums up a fixed share of the outputs: the result depends on the number of threads, not on their timing. */
static int direct_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  shape s = shape_of(input, grad, w);
  if (s.images == 0 || s.taps == 0) return other_weight(out, grad, input, w);
  if (are_few(&s)) return weigh_few(out, grad, input, &s);
  int64_t rows = s.images * s.out[0] * s.out[1], capacity;
  int threads = (int)mt_least(mt_threads_for(mt_tensor_numel(grad) * s.taps / 8), rows);
  int64_t read = 2 * s.plane > MOST ? s.planes / ROWS * ROWS : 0; /* small planes: pieces reach over images */
  s.piece = s.Q > MOST ? s.Q : mt_least(MOST / s.Q * s.Q, read ? s.plane : s.images * s.plane);
  /* an odd number of vectors, so that windows do not compete for one place in the cache */
  int64_t chunk = channels_at_once(&s), step = (mt_whole(chunk * s.kernel, WIDE) / WIDE | 1) * WIDE;
  int64_t sums = mt_whole(s.groups * sums_for(&s), 16), lines = mt_whole(2 * chunk * w->kernel[0] * w->kernel[1], 16);
  int64_t windows = s.piece * step + WIDE, zeros = mt_whole(s.in[2], 16) + 16;
  int64_t turned = mt_whole(s.planes - read, ROWS) * s.piece;
  int64_t room = mt_whole(lines + sums + windows + zeros + turned, 16);
  float *all = mt_borrow((size_t)(threads * room) * sizeof *all, &capacity);
  if (!all) return 1;
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
  for (int i = 0; i < threads; i++) {
    float *own = all + i * room;
    weigher t = {.lines = (const float **)own, .sums = own + lines, .step = step, .read = read};
    t.windows = t.sums + sums;
    t.zeros = t.windows + windows;
    t.grad = t.zeros + zeros;
    memset(t.sums, 0, (size_t)(sums + windows + zeros) * sizeof *t.sums);
    weigh(&t, &s, mt_tensor_data(grad), mt_tensor_data(input), rows * i / threads, rows * (i + 1) / threads, chunk);
  }
  join_sums(mt_tensor_data(out), &s, all + lines, room, threads);
  mt_give_back(all, capacity);
  return 0;
}

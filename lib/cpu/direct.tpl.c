/* direct.tpl.c: convolution of floats by our own product of matrices. Forward, the weight multiplies columns, one for
 * each output and as tall as a window; for the weight's gradient, the output's gradient multiplies the windows, one
 * after the other. Either is laid out a piece at a time, which stays in the cache; a piece may reach over several
 * images, so that small planes share the reading of the weight or of its sums. Windows of one place are read where they
 * are; few channels go the way of direct_few.tpl.c. Compiled for each instruction set with LANES floats to a vector;
 * DIRECT_REGISTER names the function that takes over the slots. */
#include "../window.h"
#include "cpu.h"
#include "lanes.h"

#include <omp.h>
#include <string.h>

enum {
  CACHE = 128 * 1024, /* floats of columns or windows that are laid out at once */
  FEWEST = 64,        /* outputs in a piece, if there are so many */
  GOOD = 128,         /* so many, channels are taken a few at a time rather than fewer outputs */
  MOST = 512,
  AHEAD = 16          /* channels whose taps are asked for ahead */
};

/* A convolution in numbers. One group has planes and channels; K and C are those of all groups. */
typedef struct {
  int64_t images, K, C, groups, planes, channels, taps;
  const int64_t *in, *out; /* depth, height and width */
  int64_t volume, plane;   /* elements of a channel and of an output plane */
  int64_t kernel, Q;       /* taps for one channel; the width of an output plane */
  int64_t piece;           /* outputs that are worked on at once */
  const mt_window *w;
  int activation;
} shape;

static shape shape_of(const mt_tensor *input, const mt_tensor *output, const mt_window *w) {
  shape s = {.images = input->size[0],
             .K = output->size[1],
             .C = input->size[1],
             .groups = w->groups,
             .planes = output->size[1] / w->groups,
             .channels = input->size[1] / w->groups,
             .in = input->size + 2,
             .out = output->size + 2,
             .volume = input->size[2] * input->size[3] * input->size[4],
             .plane = output->size[2] * output->size[3] * output->size[4],
             .kernel = w->kernel[0] * w->kernel[1] * w->kernel[2],
             .Q = output->size[4],
             .w = w};
  s.taps = s.channels * s.kernel;
  return s;
}

static mt_conv_kernel other_conv;
static mt_conv_grad_kernel other_input, other_weight;

/* -- Forward ---------------------------------------------------------------------------------------------------- */

/* Where the taps lie: those of a plane and a channel side by side, perhaps from the last to the first. */
typedef struct {
  const mt_tensor *all; /* groups one after the other */
  int64_t plane_step, channel_step;
  int flipped;
} weights;

/* u: panels of ROWS planes, each taps×ROWS; planes behind the last are 0. Panel number i of all groups' */
static void pack_panel(float *u, const shape *s, const weights *from, int64_t i) {
  int64_t panels = (s->planes + ROWS - 1) / ROWS, first = i % panels * ROWS, count = mt_least(s->planes - first, ROWS);
  const float *group = (const float *)mt_tensor_data(from->all) + i / panels * s->planes * s->taps + first * from->plane_step;
  int64_t done = 0, square = !from->flipped && count == ROWS && from->channel_step == s->kernel;
  u += i * s->taps * ROWS;
  for (; square && done + 4 <= s->taps; done += 4) /* a plane's taps lie side by side */
    for (int64_t k = 0; k < ROWS; k += 4)
      turn_four(u + done * ROWS + k, ROWS, group + k * from->plane_step + done, from->plane_step);
  for (; done < s->taps; done++) {
    int64_t t = done % s->kernel;
    const float *w = group + done / s->kernel * from->channel_step + (from->flipped ? s->kernel - 1 - t : t);
    if (t == 0) __builtin_prefetch(w + AHEAD * from->channel_step);
    if (count == ROWS && from->plane_step == 1)
      memcpy(u + done * ROWS, w, ROWS * sizeof *u);
    else
      for (int64_t k = 0; k < ROWS; k++) u[done * ROWS + k] = k < count ? w[k * from->plane_step] : 0;
  }
}

/* All panels, if they are kept beside the weight */
static mt_kept kept_panels(const shape *s, const weights *from) {
  static const char kind;
  mt_kept_key key = {&kind, {from->all->offset, s->groups, s->planes, s->channels, s->kernel, from->plane_step,
                             from->channel_step, from->flipped}};
  return mt_kept_begin(from->all->storage, &key, s->groups * mt_whole(s->planes, ROWS) * s->taps);
}

/* Neighbours in one row of an output plane: count of them from q on, in the row at depth and height o; at: their place
 * in the piece */
typedef struct {
  int64_t image, o[2], q, count, at;
} stretch;

/* The stretches of outputs first … end - 1 of all images; gives their number. */
static int64_t find_stretches(stretch *list, const shape *s, int64_t first, int64_t end) {
  int64_t n = 0, count, rows = s->out[0] * s->out[1];
  for (int64_t i = first; i < end; i += count) {
    int64_t row = i / s->Q, p = row % rows;
    count = mt_least(s->Q - i % s->Q, end - i);
    list[n++] = (stretch){row / rows, {p / s->out[1], p % s->out[1]}, i % s->Q, count, i - first};
  }
  return n;
}

/* One tap of many channels for one stretch of outputs, which it sees from place x on in each channel (row: NULL where all
 * of them see padding). to_step, from_step: from channel to channel */
INLINED void lay_stretch(float *restrict to, int64_t to_step, const float *restrict row, int64_t from_step, int64_t x,
                         int64_t stride, int64_t width, int64_t count, int64_t channels) {
  mt_span in = {0, 0};
  if (row) in = mt_window_span(x, stride, width, count);
  for (int64_t c = 0; c < channels; c++, to += to_step) {
    const float *from = row ? row + c * from_step + x : NULL;
    for (int64_t i = 0; i < in.first; i++) to[i] = 0;
    if (stride == 1 && in.end > in.first)
      memcpy(to + in.first, from + in.first, (size_t)(in.end - in.first) * sizeof *to);
    else
      for (int64_t i = in.first; i < in.end; i++) to[i] = from[i * stride];
    for (int64_t i = in.end; i < count; i++) to[i] = 0;
  }
}

/* Channels first … last - 1 of all groups'. columns: a row of piece for each tap; list: n stretches */
static void lay_columns(float *columns, const shape *s, const float *input, int64_t first, int64_t last,
                        const stretch *list, int64_t n) {
  const mt_window *w = s->w;
  int64_t outputs = list[n - 1].at + list[n - 1].count, behind = mt_whole(outputs, WIDE) - outputs;
  for (int64_t i = 0; i < s->kernel; i++) {
    int64_t k = i % w->kernel[2], j = i / w->kernel[2] % w->kernel[1], h = i / (w->kernel[2] * w->kernel[1]);
    for (const stretch *t = list; t < list + n; t++) {
      int64_t row = mt_window_row(w, s->in, t->o, h, j);
      const float *in = input + (t->image * s->C + first) * s->volume;
      lay_stretch(columns + i * s->piece + t->at, s->kernel * s->piece, row < 0 ? NULL : in + row * s->in[2], s->volume,
                  k * w->dilation[2] - w->pad[2] + t->q * w->stride[2], w->stride[2], s->in[2], t->count, last - first);
    }
  }
  for (int64_t i = 0; i < (last - first) * s->kernel && behind; i++)
    memset(columns + i * s->piece + outputs, 0, (size_t)behind * sizeof *columns);
}

/* Outputs first … end - 1 of a plane, from m, which holds them side by side */
static void store(float *out, const shape *s, const float *m, int64_t plane, float bias, int64_t first, int64_t end) {
  while (first < end) {
    int64_t at = first % s->plane, count = mt_least(s->plane - at, end - first);
    float *to = out + (first / s->plane * s->K + plane) * s->plane + at;
    for (int64_t i = 0; i < count; i++) to[i] = m[i] + bias;
    for (int64_t i = 0; i < count && s->activation == MT_RELU; i++) to[i] = to[i] < 0 ? 0 : to[i];
    first += count;
    m += count;
  }
}

/* What a thread works with. columns, m: rows of piece; chunk: channels that are laid out at once */
typedef struct {
  float *columns, *m;
  stretch *list;
  int64_t chunk;
} worker;

/* Whether windows are one place each, side by side. */
static int is_plain(const shape *s) {
  int plain = s->kernel == 1;
  for (int i = 0; i < 3; i++) plain = plain && s->w->stride[i] == 1 && s->w->pad[i] == 0;
  return plain;
}

/* Outputs first … end - 1 of all images, planes k … last - 1 of a group. u: the group's panels. Where windows are one
 * place and the piece lies on one image, the input is the columns, but for the last outputs, which do not fill a
 * vector; so much of it as a vector takes serves all planes while it is in the cache. */
static void run_piece(float *out, const shape *s, const float *input, const float *u, const float *bias,
                      const worker *t, int64_t group, int64_t first, int64_t end, int64_t k, int64_t last) {
  int64_t inside = is_plain(s) && first / s->plane == (end - 1) / s->plane ? (end - first) / WIDE * WIDE : 0;
  int64_t n = find_stretches(t->list, s, first + inside, end);
  int64_t blocks = (end - first + WIDE - 1) / WIDE, panels = (last - k + ROWS - 1) / ROWS;
  for (int64_t c = 0; c < s->channels; c += t->chunk) {
    int64_t channels = mt_least(t->chunk, s->channels - c), before = group * s->channels + c;
    const float *taps = u + c * s->kernel * ROWS, *in = input + (first / s->plane * s->C + before) * s->plane;
    if (n > 0) lay_columns(t->columns, s, input, before, before + channels, t->list, n);
    for (int64_t b = 0; b < blocks * panels; b++) {
      int64_t i = (inside ? b / panels : b % blocks) * WIDE, j = (inside ? b % panels : b / blocks) * ROWS;
      int64_t depth = channels * s->kernel, v_step = i < inside ? s->plane : s->piece;
      const float *v = i < inside ? in + first % s->plane + i : t->columns + i - inside, *panel = taps + (k + j) * s->taps;
      float *m = t->m + j * s->piece + i;
      int narrow = end - first - i <= LANES; /* then two panels at once */
      if (narrow && j % (2 * ROWS)) continue;
      if (narrow && j + ROWS < last - k)
        multiply_narrow(m, s->piece, panel, panel + ROWS * s->taps, v, v_step, depth, c > 0);
      else
        multiply(m, s->piece, panel, 1, ROWS, v, v_step, depth, c > 0);
    }
  }
  for (int64_t j = k; j < last; j++) {
    int64_t plane = group * s->planes + j;
    store(out, s, t->m + (j - k) * s->piece, plane, bias ? bias[plane] : 0, first, end);
  }
}

/* About the cycles of so many pieces for so many planes of a group: multiplying, laying out, and reading the weight. */
static double cost_of(const shape *s, int64_t piece, int64_t pieces, int64_t planes) {
  double taps = (double)s->taps, outputs = (double)piece;
  double laying = is_plain(s) ? 0 : outputs * taps / 2, reading = (double)planes * taps / 4;
  return (double)pieces * (outputs * (double)planes * taps / (2 * LANES) + laying + reading);
}

/* Sets the outputs to a piece: as many as the cache holds columns of, a few vectors at the least, and alike. Gives the
 * number of shares that each piece's planes are divided into. Each thread gets a share of the pieces or of the planes,
 * whichever takes less time. */
static int64_t divide(shape *s, int threads) {
  int64_t outputs = s->images * s->plane, fit = mt_least(CACHE / s->taps, MOST), best = 0, size = 0;
  double least = 0;
  if (fit < GOOD) fit = GOOD;
  for (int64_t shares = 1; shares <= threads; shares++) {
    int64_t bundles = threads / shares, piece = mt_parts(outputs, mt_whole(mt_parts(outputs, fit), bundles));
    if (threads % shares) continue;
    piece = mt_whole(piece < FEWEST ? FEWEST : piece, WIDE);
    int64_t pieces = mt_parts(s->groups * mt_parts(outputs, piece), bundles);
    double cost = cost_of(s, piece, pieces, mt_whole(mt_parts(s->planes, shares), ROWS));
    if (best && cost >= least) continue;
    best = shares;
    size = piece;
    least = cost;
  }
  s->piece = size;
  return best;
}

/* Threads take pieces as they come: a core may have other work to do. */
static int convolve(mt_tensor *out, const mt_tensor *input, const weights *from, const mt_tensor *bias,
                    const mt_window *w, int activation) {
  shape s = shape_of(input, out, w);
  s.activation = activation;
  int64_t outputs = s.images * s.plane, panels = (s.planes + ROWS - 1) / ROWS, panel = s.taps * ROWS, capacity;
  int threads = mt_threads_for(mt_tensor_numel(out) * s.taps / 8);
  int64_t shares = divide(&s, threads), pieces = s.groups * mt_parts(outputs, s.piece);
  int64_t chunk = mt_least(CACHE / s.piece / s.kernel, s.channels);
  if (chunk < 1) chunk = 1;
  int64_t packed = mt_whole(s.groups * panels * panel, 16), columns = chunk * s.kernel * s.piece;
  int64_t m = panels * ROWS * s.piece;
  int64_t list = mt_whole((s.piece / s.Q + 2) * (int64_t)(sizeof(stretch) / sizeof(float)), 16), room = columns + m + list;
  mt_kept kept = kept_panels(&s, from);
  if (kept.layout) packed = 0;
  float *all = mt_borrow((size_t)(packed + threads * room) * sizeof *all, &capacity);
  if (!all) {
    mt_kept_end(&kept);
    return 1;
  }
  float *u = kept.layout ? kept.layout : all;
  const float *in = mt_tensor_data(input), *biases = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *own = all + packed + omp_get_thread_num() * room;
    worker t = {own, own + columns, (stretch *)(own + columns + m), chunk};
#pragma omp for
    for (int64_t i = 0; i < s.groups * panels * kept.is_new; i++) pack_panel(u, &s, from, i);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < pieces * shares; i++) {
      int64_t group = i / shares % s.groups, first = i / shares / s.groups * s.piece;
      int64_t most = (panels + shares - 1) / shares * ROWS, k = i % shares * most;
      run_piece(mt_tensor_data(out), &s, in, u + group * panels * panel, biases, &t, group, first,
                mt_least(first + s.piece, outputs), k, mt_least(k + most, s.planes));
    }
  }
  mt_kept_end(&kept);
  mt_give_back(all, capacity);
  return 0;
}

#include "direct_few.tpl.c"

/* -- The input's gradient ----------------------------------------------------------------------------------------- */

/* Adds what one tap of a channel contributes: m, one number for each output of the stretches. in: that channel, of the
 * first image */
static void add_tap(float *in, const shape *s, const float *m, int64_t tap, const stretch *list, int64_t n) {
  const mt_window *w = s->w;
  int64_t k = tap % w->kernel[2], j = tap / w->kernel[2] % w->kernel[1], h = tap / (w->kernel[2] * w->kernel[1]);
  int64_t step = w->stride[2];
  for (const stretch *t = list; t < list + n; t++) {
    int64_t row = mt_window_row(w, s->in, t->o, h, j), x = k * w->dilation[2] - w->pad[2] + t->q * step;
    if (row < 0) continue;
    mt_span there = mt_window_span(x, step, s->in[2], t->count);
    float *to = in + t->image * s->C * s->volume + row * s->in[2] + x;
    for (int64_t i = there.first; i < there.end; i++) to[i * step] += m[t->at + i];
  }
}

/* u: panels of ROWS taps of a group's channels, each planes×ROWS; taps behind the last are 0. Panel number i of all
 * groups' */
static void pack_taps(float *u, const shape *s, const float *weight, int64_t i) {
  int64_t panels = (s->taps + ROWS - 1) / ROWS, first = i % panels * ROWS, count = mt_least(s->taps - first, ROWS);
  const float *w = weight + i / panels * s->planes * s->taps + first;
  u += i * s->planes * ROWS;
  for (int64_t k = 0; k < s->planes; k++, u += ROWS, w += s->taps)
    if (count == ROWS)
      memcpy(u, w, ROWS * sizeof *u);
    else
      for (int64_t t = 0; t < ROWS; t++) u[t] = t < count ? w[t] : 0;
}

/* columns: the group's planes, each with piece numbers: the output's gradient at first … end - 1 */
static void lay_planes(float *columns, const shape *s, const float *grad, int64_t group, int64_t first, int64_t end) {
  for (int64_t k = group * s->planes; k < (group + 1) * s->planes; k++, columns += s->piece) {
    float *to = columns;
    for (int64_t i = first, count; i < end; i += count, to += count) {
      count = mt_least(s->plane - i % s->plane, end - i);
      memcpy(to, grad + (i / s->plane * s->K + k) * s->plane + i % s->plane, (size_t)count * sizeof *to);
    }
    memset(to, 0, (size_t)(mt_whole(end - first, WIDE) - (end - first)) * sizeof *to);
  }
}

/* Outputs first … end - 1, channels c … last - 1 of a group. u: the channels' taps in panels of ROWS, each planes×ROWS */
static void spread_piece(float *in, const shape *s, const float *grad, const float *u, const worker *t, int64_t group,
                         int64_t first, int64_t end, int64_t c, int64_t last) {
  int64_t n = find_stretches(t->list, s, first, end);
  lay_planes(t->columns, s, grad, group, first, end);
  in += group * s->channels * s->volume;
  for (int64_t tap = c * s->kernel; tap < last * s->kernel; tap += ROWS) {
    for (int64_t i = 0; i < end - first; i += WIDE)
      multiply(t->m + i, s->piece, u + tap * s->planes, 1, ROWS, t->columns + i, s->piece, s->planes, 0);
    for (int64_t r = 0; r < ROWS && tap + r < last * s->kernel; r++)
      add_tap(in + (tap + r) / s->kernel * s->volume, s, t->m + r * s->piece, (tap + r) % s->kernel, t->list, n);
  }
}

/* Threads share out images and, where these are few, the channels: ROWS of them have whole panels of taps. */
static int spread(mt_tensor *out, const mt_tensor *grad, const float *weight, const mt_window *w) {
  shape s = shape_of(out, grad, w);
  int threads = mt_threads_for(mt_tensor_numel(grad) * s.taps / 8);
  int64_t bundles = mt_least(threads, s.images), shares = (threads + bundles - 1) / bundles, capacity;
  s.piece = mt_whole(mt_least(mt_least(CACHE / s.planes, MOST), s.images / bundles * s.plane) + 1, WIDE);
  int64_t panels = (s.taps + ROWS - 1) / ROWS, packed = mt_whole(s.groups * panels * s.planes * ROWS, 16);
  int64_t columns = s.planes * s.piece, m = ROWS * s.piece;
  int64_t list = mt_whole((s.piece / s.Q + 2) * (int64_t)(sizeof(stretch) / sizeof(float)), 16), room = columns + m + list;
  float *u = mt_borrow((size_t)(packed + threads * room) * sizeof *u, &capacity);
  if (!u) return 1;
  float *in = mt_tensor_data(out);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *own = u + packed + omp_get_thread_num() * room;
    worker t = {own, own + columns, (stretch *)(own + columns + m), 0};
#pragma omp for
    for (int64_t i = 0; i < s.groups * panels; i++) pack_taps(u, &s, weight, i);
#pragma omp for
    for (int64_t i = 0; i < s.images * s.C; i++) memset(in + i * s.volume, 0, (size_t)s.volume * sizeof *in);
#pragma omp for
    for (int64_t i = 0; i < bundles * shares * s.groups; i++) {
      int64_t group = i % s.groups, share = i / s.groups % shares, bundle = i / s.groups / shares;
      int64_t end = s.images * (bundle + 1) / bundles * s.plane, most = mt_whole((s.channels + shares - 1) / shares, ROWS);
      int64_t c = mt_least(share * most, s.channels), last = mt_least(c + most, s.channels);
      for (int64_t first = s.images * bundle / bundles * s.plane; first < end && c < last; first += s.piece)
        spread_piece(in, &s, mt_tensor_data(grad), u + group * panels * s.planes * ROWS, &t, group, first,
                     mt_least(first + s.piece, end), c, last);
    }
  }
  mt_give_back(u, capacity);
  return 0;
}

/* Whether the convolution with reversed taps does less than spreading: it reads padding, and its planes come in whole
 * ROWS; spreading adds each product up in memory, which takes as long as some 15 multiplications in registers. */
static int is_less(const shape *s) {
  double reversed = (double)s->volume * (double)mt_whole(s->channels, ROWS) * (double)(s->planes * s->kernel);
  double spreading = (double)s->plane * (double)s->taps * (double)(s->planes + 15);
  return reversed <= spreading;
}

static int direct_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  mt_window back;
  int64_t kernel = w->kernel[0] * w->kernel[1] * w->kernel[2];
  int reversible = mt_window_reversed(w, &back);
  if (mt_tensor_numel(weight) == 0) return other_input(out, grad, weight, w);
  shape s = shape_of(out, grad, w);
  if (!reversible || !is_less(&s)) return spread(out, grad, mt_tensor_data(weight), w);
  weights from = {weight, kernel, weight->size[1] * kernel, 1};
  return convolve(out, grad, &from, NULL, &back, MT_AS_IT_IS);
}

#include "direct_weight.tpl.c"

static int direct_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                       const mt_window *w, int activation) {
  int64_t kernel = w->kernel[0] * w->kernel[1] * w->kernel[2], taps = weight->size[1] * kernel;
  weights from = {weight, taps, kernel, 0};
  if (taps == 0) return other_conv(out, input, weight, bias, w, activation);
  shape s = shape_of(input, out, w);
  s.activation = activation;
  if (are_few(&s) || are_few_outputs(&s, weight)) return convolve_few(out, input, weight, bias, &s);
  return convolve(out, input, &from, bias, w, activation);
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

void DIRECT_REGISTER(void) {
  other_conv = mt_get_conv(MT_CPU, MT_FLOAT);
  other_input = mt_get_conv_input(MT_CPU, MT_FLOAT);
  other_weight = mt_get_conv_weight(MT_CPU, MT_FLOAT);
  mt_set_conv(MT_CPU, MT_FLOAT, direct_conv);
  mt_set_conv_input(MT_CPU, MT_FLOAT, direct_input);
  mt_set_conv_weight(MT_CPU, MT_FLOAT, direct_weight);
}

/* conv.tpl.c: convolution through im2col for elements of type T, whose matrices K(product) multiplies (see conv.c). All
 * tensors are contiguous.
 * columns: taps×n of one stripe, n = (p1 - p0) Q outputs; in: the group's channels, planes of D×H×W; out: its planes of
 * P×Q */

static mt_conv_kernel K(other_conv);
static mt_conv_grad_kernel K(other_input), K(other_weight);

#include "../lay_columns.tpl.c"

/* The transposed step: adds each element of the columns to the place that it came from. First those of one tap of one
 * channel, where tap is its place on the input for the output at 0, 0, 0; o: depth and height of the first of count rows. */
static inline const T *K(add_tap)(T *restrict in, const T *restrict columns, const geometry *g, const int64_t *tap,
                                  const int64_t *o, int64_t count) {
  const int64_t *stride = g->w->stride, width = g->in[2], shift = tap[2], step = stride[2];
  int64_t z = tap[0] + o[0] * stride[0];
  mt_span s = mt_window_span(shift, step, width, g->Q);
  for (int64_t first = o[1]; count > 0; first = 0, z += stride[0]) { /* the rows of one depth */
    int64_t y = tap[1] + first * stride[1], rows = mt_least(count, g->out[1] - first);
    count -= rows;
    for (; rows > 0; rows--, y += stride[1], columns += g->Q) {
      if (z < 0 || z >= g->in[0] || y < 0 || y >= g->in[1]) continue;
      T *row = in + (z * g->in[1] + y) * width;
      if (step == 1)
        for (int64_t q = s.first; q < s.end; q++) row[q + shift] += columns[q];
      else
        for (int64_t q = s.first; q < s.end; q++) row[q * step + shift] += columns[q];
    }
  }
  return columns;
}

static void K(add_columns)(T *in, const T *columns, const geometry *g, int64_t channels, int64_t p0, int64_t p1) {
  const mt_window *w = g->w;
  int64_t tap[3], o[2] = {p0 / g->out[1], p0 % g->out[1]};
  for (int64_t c = 0; c < channels; c++, in += g->volume)
    for (int64_t i = 0; i < w->kernel[0]; i++)
      for (int64_t j = 0; j < w->kernel[1]; j++)
        for (int64_t k = 0; k < w->kernel[2]; k++) {
          mt_window_tap(w, i, j, k, tap);
          columns = K(add_tap)(in, columns, g, tap, o, p1 - p0);
        }
}

/* Output rows p0 … p1 - 1 of one group of one image. out: planes×P×Q, weight: planes×taps, bias: planes or NULL */
static void K(forward)(T *out, const T *in, const T *weight, const T *bias, int activation, T *columns,
                       const geometry *g, int64_t p0, int64_t p1) {
  int64_t n = (p1 - p0) * g->Q, plane = g->P * g->Q;
  if (!g->direct) K(lay_columns)(columns, in, g->channels, g->in, g->out, g->w, p0, p1);
  out += p0 * g->Q;
  for (int64_t k = 0; k < g->planes && bias; k++)
    for (int64_t i = 0; i < n; i++) out[k * plane + i] = bias[k];
  K(product)(0, 0, g->planes, n, g->taps, weight, g->taps, g->direct ? in + p0 * g->Q : columns, g->direct ? plane : n,
             bias != NULL, out, plane, columns + columns_of(g));
  for (int64_t k = 0; k < g->planes && activation == MT_RELU; k++)
    for (T *y = out + k * plane; y < out + k * plane + n; y++) *y = *y < 0 ? 0 : *y;
}

/* out: N×K×…, input: N×C×…, weight: K×(C/groups)×…, bias: K or NULL */
static int K(conv)(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                     const mt_window *w, int activation) {
  geometry g = geometry_of(input, out, w, sizeof(T));
  if (g.taps == 0 || too_large(&g) || !K(wanted)(&g)) return K(other_conv)(out, input, weight, bias, w, activation);
  int64_t pieces = g.batch * g.groups * g.stripes, n = g.rows * g.Q, capacity;
  int threads = threads_for(pieces, (double)g.planes * (double)g.taps * (double)n);
  int64_t room = columns_of(&g) + K(room)(g.planes, g.taps, n, threads);
  T *scratch = mt_borrow((size_t)(threads * room) * sizeof(T), &capacity);
  if (!scratch) return 1;
  T *to = mt_tensor_data(out);
  const T *in = mt_tensor_data(input), *taps = mt_tensor_data(weight), *biases = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < pieces; i++) {
    int64_t plane = i / g.stripes, group = plane % g.groups, p0 = i % g.stripes * g.rows; /* plane: image, group */
    int64_t p1 = mt_least(p0 + g.rows, g.P);
    K(forward)(to + plane * g.planes * g.P * g.Q, in + plane * g.channels * g.volume, taps + group * g.planes * g.taps,
               biases ? biases + group * g.planes : NULL, activation,
               scratch + (threads > 1 ? omp_get_thread_num() : 0) * room, &g, p0, p1);
  }
  mt_give_back(scratch, capacity);
  return 0;
}

/* Channels c0 … c1 - 1 of one group of one image. in: channels×D×H×W, grad: planes×P×Q, weight: planes×taps */
static void K(backward)(T *in, const T *grad, const T *weight, T *columns, const geometry *g, int64_t c0,
                        int64_t c1) {
  int64_t plane = g->P * g->Q, taps = (c1 - c0) * g->kernel;
  in += c0 * g->volume;
  weight += c0 * g->kernel;
  if (!g->direct) memset(in, 0, (size_t)((c1 - c0) * g->volume) * sizeof *in);
  for (int64_t p0 = 0; p0 < g->P; p0 += g->rows) {
    int64_t p1 = mt_least(p0 + g->rows, g->P), n = (p1 - p0) * g->Q;
    K(product)(1, 0, taps, n, g->planes, weight, g->taps, grad + p0 * g->Q, plane, 0,
               g->direct ? in + p0 * g->Q : columns, g->direct ? plane : n, columns + columns_of(g));
    if (!g->direct) K(add_columns)(in, columns, g, c1 - c0, p0, p1);
  }
}

/* out: N×C×…, grad: N×K×…, weight: K×(C/groups)×…. Threads share out images, groups and, where these are few,
 * blocks of channels. */
static int K(conv_input)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  geometry g = geometry_of(out, grad, w, sizeof(T));
  if (g.taps == 0 || too_large(&g) || !K(wanted)(&g)) return K(other_input)(out, grad, weight, w);
  int64_t planes = g.batch * g.groups, blocks = mt_least(g.channels, (mt_get_threads() + planes - 1) / planes);
  int threads = threads_for(planes * blocks, (double)g.planes * (double)g.taps * (double)(g.P * g.Q) / (double)blocks);
  int64_t room = columns_of(&g) + K(room)(g.taps, g.planes, g.rows * g.Q, threads), capacity;
  T *scratch = mt_borrow((size_t)(threads * room) * sizeof(T), &capacity);
  if (!scratch) return 1;
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad), *taps = mt_tensor_data(weight);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < planes * blocks; i++) {
    int64_t plane = i / blocks, block = i % blocks; /* plane: image, group */
    K(backward)(to + plane * g.channels * g.volume, from + plane * g.planes * g.P * g.Q,
                taps + plane % g.groups * g.planes * g.taps,
                scratch + (threads > 1 ? omp_get_thread_num() : 0) * room, &g, g.channels * block / blocks,
                g.channels * (block + 1) / blocks);
  }
  mt_give_back(scratch, capacity);
  return 0;
}

/* out (planes×taps) += what output rows p0 … p1 - 1 of one group of one image contribute */
static void K(weigh)(T *out, const T *grad, const T *in, T *columns, const geometry *g, int64_t p0,
                     int64_t p1) {
  int64_t n = (p1 - p0) * g->Q, plane = g->P * g->Q;
  if (!g->direct) K(lay_columns)(columns, in, g->channels, g->in, g->out, g->w, p0, p1);
  K(product)(0, 1, g->planes, g->taps, n, grad + p0 * g->Q, plane, g->direct ? in + p0 * g->Q : columns,
             g->direct ? plane : n, 1, out, g->taps, columns + columns_of(g));
}

/* Share s of so many: its part of the pieces (image, group, stripe), into its own sums. */
static void K(weigh_share)(T *sums, const T *grad, const T *in, T *columns, const geometry *g, int s,
                           int shares) {
  int64_t pieces = g->batch * g->groups * g->stripes;
  memset(sums, 0, (size_t)(g->K * g->taps) * sizeof *sums);
  for (int64_t i = pieces * s / shares; i < pieces * (s + 1) / shares; i++) {
    int64_t plane = i / g->stripes, group = plane % g->groups, p0 = i % g->stripes * g->rows;
    int64_t p1 = mt_least(p0 + g->rows, g->P);
    K(weigh)(sums + group * g->planes * g->taps, grad + plane * g->planes * g->P * g->Q,
             in + plane * g->channels * g->volume, columns, g, p0, p1);
  }
}

/* out: K×(C/groups)×…, grad: N×K×…, input: N×C×…. Every thread adds up a fixed share of the batch, and the
 * shares are added in order: the result depends on the number of threads, but not on their timing. */
static int K(conv_weight)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  geometry g = geometry_of(input, grad, w, sizeof(T));
  if (g.batch == 0 || g.taps == 0 || too_large(&g) || !K(wanted)(&g)) return K(other_weight)(out, grad, input, w);
  int64_t count = g.K * g.taps, n = g.rows * g.Q, capacity;
  int shares = threads_for(g.batch * g.groups * g.stripes, (double)g.planes * (double)g.taps * (double)n);
  int64_t columns = columns_of(&g) + K(room)(g.planes, n, g.taps, shares), room = columns + count;
  T *scratch = mt_borrow((size_t)(shares * room) * sizeof(T), &capacity);
  if (!scratch) return 1;
  T *to = mt_tensor_data(out);
  const T *from = mt_tensor_data(grad), *in = mt_tensor_data(input);
#pragma omp parallel for num_threads(shares) schedule(static, 1) if (shares > 1)
  for (int s = 0; s < shares; s++)
    K(weigh_share)(s == 0 ? to : scratch + s * room + columns, from, in, scratch + s * room, &g, s, shares);
#pragma omp parallel for num_threads(mt_threads_for(count * shares)) if (shares > 1)
  for (int64_t i = 0; i < count; i++)
    for (int s = 1; s < shares; s++) to[i] += scratch[s * room + columns + i];
  mt_give_back(scratch, capacity);
  return 0;
}

static void K(register)(void) {
  K(other_conv) = mt_get_conv(MT_CPU, DTYPE);
  K(other_input) = mt_get_conv_input(MT_CPU, DTYPE);
  K(other_weight) = mt_get_conv_weight(MT_CPU, DTYPE);
  mt_set_conv(MT_CPU, DTYPE, K(conv));
  mt_set_conv_input(MT_CPU, DTYPE, K(conv_input));
  mt_set_conv_weight(MT_CPU, DTYPE, K(conv_weight));
}

/* bf16_shifted.c: convolution in bfloat16 without columns. The input is padded and laid out once, in pairs of channels;
 * then each tap sees the same numbers, shifted: the outputs of a depth, counted over its padded rows, are one long row of
 * a product, of which what falls between the rows is dropped. With a stride, every place modulo the stride has a volume
 * of its own, a phase, in which neighbouring outputs see neighbours again. */
#include "bf16.h"
#include "../window.h"

#include <limits.h>
#include <omp.h>
#include <string.h>

#if defined(__x86_64__)

enum {
  LONG = 1024,              /* outputs of a piece, if there are so many */
  SMALL = 1 << 18,          /* pairs of the weight that stay in the second-level cache */
  CHANNELS = 22,            /* fewer fill too little of a step */
  BEHIND = 2 * MT_BF16_SIDE /* pairs behind the laid out input that the last outputs may read */
};

/* Where the taps lie: those of a plane and a channel side by side, perhaps from the last to the first. */
typedef struct {
  const float *first; /* of group 0 */
  int64_t plane_step, channel_step;
  int flipped;
} weights;

/* A convolution in numbers. One group has planes and channels; K and C are those of all groups. */
typedef struct {
  const mt_window *w;
  int64_t images, K, C, groups, planes, channels, kernel;
  const int64_t *in, *out;       /* depth, height, width */
  int64_t volume, plane;         /* elements of a channel and of an output plane */
  int64_t size[3];               /* of a phase */
  int64_t phase;                 /* its elements */
  int64_t row;                   /* pairs of two channels: all phases */
  int64_t blocks, steps, panels; /* of channels; those times the taps; of planes */
  int64_t rows, pieces;          /* output rows of a piece; pieces of an image's group */
  int64_t *at;                   /* where each step begins, from the first of a group's pairs */
  int activation;
} shape;

static shape shape_of(const mt_tensor *input, const mt_tensor *output, const mt_window *w) {
  shape s = {.w = w, .images = input->size[0], .K = output->size[1], .C = input->size[1], .groups = w->groups};
  s.planes = s.K / s.groups;
  s.channels = s.C / s.groups;
  s.kernel = w->kernel[0] * w->kernel[1] * w->kernel[2];
  s.in = input->size + 2;
  s.out = output->size + 2;
  s.volume = s.in[0] * s.in[1] * s.in[2];
  s.plane = s.out[0] * s.out[1] * s.out[2];
  for (int i = 0; i < 3; i++) s.size[i] = s.out[i] + (w->kernel[i] - 1) * w->dilation[i] / w->stride[i];
  s.phase = s.size[0] * s.size[1] * s.size[2];
  /* an odd number of cache lines, so that a tile's rows do not compete for one place in the cache */
  s.row = (s.phase * w->stride[0] * w->stride[1] * w->stride[2] + 15) / 16 * 16;
  if (s.row / 16 % 2 == 0) s.row += 16;
  s.blocks = mt_parts(s.channels, MT_BF16_DEPTH);
  s.steps = s.blocks * s.kernel;
  s.panels = mt_parts(s.planes, MT_BF16_SIDE);
  s.rows = LONG / s.size[2] < 1 ? 1 : mt_least(LONG / s.size[2], s.out[1]);
  s.pieces = s.out[0] * mt_parts(s.out[1], s.rows);
  return s;
}

/* -- Laying out -------------------------------------------------------------------------------------------------- */

/* Tap t as its places along the three axes */
static void split_tap(int64_t *tap, const mt_window *w, int64_t t) {
  tap[2] = t % w->kernel[2];
  tap[1] = t / w->kernel[2] % w->kernel[1];
  tap[0] = t / (w->kernel[2] * w->kernel[1]);
}

/* Steps go through the taps of a block of channels, then those of the next one. */
static void find_steps(const shape *s) {
  for (int64_t i = 0; i < s->steps; i++) {
    int64_t tap[3], phase = 0, place = 0;
    split_tap(tap, s->w, i % s->kernel);
    for (int d = 0; d < 3; d++) {
      int64_t x = tap[d] * s->w->dilation[d];
      phase = phase * s->w->stride[d] + x % s->w->stride[d];
      place = place * s->size[d] + x / s->w->stride[d];
    }
    s->at[i] = i / s->kernel * (MT_BF16_DEPTH / 2) * s->row + phase * s->phase + place;
  }
}

/* Panel i of all groups': a step for each of the steps */
static void pack_weight(uint32_t *to, const shape *s, const weights *from, int64_t i) {
  int64_t plane = i % s->panels * MT_BF16_SIDE;
  const float *group = from->first + i / s->panels * s->planes * s->channels * s->kernel + plane * from->plane_step;
  to += i * s->steps * MT_BF16_STEP;
  for (int64_t j = 0; j < s->steps; j++, to += MT_BF16_STEP) {
    int64_t c = j / s->kernel * MT_BF16_DEPTH, tap = j % s->kernel;
    const float *first = group + c * from->channel_step + (from->flipped ? s->kernel - 1 - tap : tap);
    mt_bf16_lines lines = {first, from->plane_step, from->channel_step};
    mt_bf16_pack(to, &lines, mt_least(s->planes - plane, MT_BF16_SIDE), mt_least(s->channels - c, MT_BF16_DEPTH), 0);
  }
}

/* One row of one phase: to[x] for the places x·stride + start of the input's row */
static void lay_row(uint32_t *to, const shape *s, const float *a, const float *b, int64_t start) {
  int64_t stride = s->w->stride[2];
  mt_span there = mt_window_span(start, stride, s->in[2], s->size[2]);
  if (there.end <= there.first) return;
  int64_t x = start + there.first * stride;
  mt_bf16_pair(to + there.first, a + x, b ? b + x : NULL, stride, there.end - there.first);
}

/* to: all phases of two channels; a, b: these, D×H×W; b may be NULL, and a too */
static void lay_pair(uint32_t *to, const shape *s, const float *a, const float *b) {
  const mt_window *w = s->w;
  memset(to, 0, (size_t)s->row * sizeof *to);
  if (!a) return;
  for (int64_t z = 0; z < s->size[0] * w->stride[0]; z++)
    for (int64_t y = 0; y < s->size[1] * w->stride[1]; y++) {
      int64_t in_z = z - w->pad[0], in_y = y - w->pad[1], row = in_z * s->in[1] + in_y;
      if (in_z < 0 || in_z >= s->in[0] || in_y < 0 || in_y >= s->in[1]) continue;
      for (int64_t x = 0; x < w->stride[2]; x++) {
        int64_t phase = (z % w->stride[0] * w->stride[1] + y % w->stride[1]) * w->stride[2] + x;
        int64_t at = (z / w->stride[0] * s->size[1] + y / w->stride[1]) * s->size[2];
        lay_row(to + phase * s->phase + at, s, a + row * s->in[2], b ? b + row * s->in[2] : NULL, x - w->pad[2]);
      }
    }
}

/* Pair i of all images and groups, whose channels are filled up to whole blocks */
static void lay_input(uint32_t *to, const shape *s, const float *input, int64_t i) {
  int64_t pairs = s->blocks * MT_BF16_DEPTH / 2, c = i % pairs * 2;
  const float *a = input + (i / pairs * s->channels + c) * s->volume;
  lay_pair(to + i * s->row, s, c < s->channels ? a : NULL, c + 1 < s->channels ? a + s->volume : NULL);
}

/* -- Products ----------------------------------------------------------------------------------------------------- */

/* One piece of one group of one image, a panel of planes. out: the group's first plane of this panel; u: the panel;
 * input: the group's pairs; sums: a row of the piece for each plane of a panel */
static void run_piece(float *out, const shape *s, const uint32_t *u, const uint32_t *input, const float *bias,
                      float *sums, int64_t piece, int64_t planes) {
  int64_t per_depth = s->pieces / s->out[0], depth = piece / per_depth, first = piece % per_depth * s->rows;
  int64_t rows = mt_least(s->rows, s->out[1] - first), length = (rows - 1) * s->size[2] + s->out[2];
  int64_t step = mt_parts(length, MT_BF16_SIDE) * MT_BF16_SIDE;
  const uint32_t *from = input + (depth * s->size[1] + first) * s->size[2];
  for (int64_t j = 0; j < length; j += MT_BF16_SIDE) {
    mt_bf16_tiles tiles = {from + j, s->row, 16, s->at};
    mt_bf16_here()->multiply(sums + j, step, u, &tiles, s->steps, 0);
  }
  out += (depth * s->out[1] + first) * s->out[2];
  for (int64_t k = 0; k < planes; k++, out += s->plane, sums += step)
    for (int64_t y = 0; y < rows; y++)
      for (int64_t x = 0; x < s->out[2]; x++) {
        float value = sums[y * s->size[2] + x] + (bias ? bias[k] : 0);
        out[y * s->out[2] + x] = s->activation == MT_RELU && value < 0 ? 0 : value;
      }
}

/* Number i of the products: those of a piece stand together while the weight stays in the cache, else those of a panel. */
static void run_item(float *out, const shape *s, const uint32_t *u, const uint32_t *input, const float *bias,
                     float *sums, int64_t i) {
  int64_t all = s->images * s->groups * s->pieces, panel, piece;
  if (s->K / MT_BF16_SIDE * s->steps * MT_BF16_STEP <= SMALL) {
    panel = i % s->panels;
    piece = i / s->panels;
  } else {
    panel = i / all;
    piece = i % all;
  }
  int64_t of = piece / s->pieces, group = of % s->groups, plane = panel * MT_BF16_SIDE; /* of: image and group */
  run_piece(out + (of * s->planes + plane) * s->plane, s, u + (group * s->panels + panel) * s->steps * MT_BF16_STEP,
            input + of * s->blocks * (MT_BF16_DEPTH / 2) * s->row, bias ? bias + group * s->planes + plane : NULL, sums,
            piece % s->pieces, mt_least(s->planes - plane, MT_BF16_SIDE));
}

/* Threads share out panels of the weight, pairs of channels, and then products of panels and pieces. */
static int convolve(mt_tensor *out, const mt_tensor *input, const weights *from, const mt_tensor *bias, shape *s) {
  int64_t panels = s->groups * s->panels, pairs = s->images * s->groups * s->blocks * MT_BF16_DEPTH / 2, capacity;
  int64_t packed = panels * s->steps * MT_BF16_STEP, laid = pairs * s->row, steps = (s->steps + 7) / 8 * 16;
  int64_t sums = MT_BF16_SIDE * (s->rows * s->size[2] + MT_BF16_SIDE) / 16 * 16;
  int threads = mt_threads_for(mt_tensor_numel(out) * s->channels / 64 * s->kernel);
  uint32_t *u = mt_borrow((size_t)(packed + laid + BEHIND + steps + threads * sums) * sizeof *u, &capacity);
  if (!u) return 1;
  uint32_t *x = u + packed;
  s->at = (int64_t *)(x + laid + BEHIND);
  find_steps(s);
  const float *in = mt_tensor_data(input), *biases = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *own = (float *)(x + laid + BEHIND + steps) + omp_get_thread_num() * sums;
#pragma omp for nowait
    for (int64_t i = 0; i < panels; i++) pack_weight(u, s, from, i);
#pragma omp for
    for (int64_t i = 0; i < pairs; i++) lay_input(x, s, in, i);
    mt_bf16_here()->begin();
#pragma omp for
    for (int64_t i = 0; i < s->images * panels * s->pieces; i++) run_item(mt_tensor_data(out), s, u, x, biases, own, i);
    mt_bf16_here()->end();
  }
  mt_give_back(u, capacity);
  return 0;
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

static mt_conv_kernel other_conv;
static mt_conv_grad_kernel other_input;

/* Windows of one place need no columns anyway, and wide ones of an input that is mostly padding no padding. */
static int is_fit(const shape *s, const weights *from) {
  double laid = 1; /* in a double: what has not been allocated may be too large for an integer */
  for (int i = 0; i < 3; i++) laid *= (double)s->size[i] * (double)s->w->stride[i];
  if (s->kernel == 1 || s->channels < CHANNELS || laid > 4 * (double)(s->volume + s->plane)) return 0;
  if (s->volume > INT_MAX || from->channel_step >= 1 << 26 || from->plane_step >= 1 << 26) return 0;
  return mt_bf16_wanted(s->planes, s->channels * s->kernel, s->plane);
}

static int conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                const mt_window *w, int activation) {
  shape s = shape_of(input, out, w);
  s.activation = activation;
  weights from = {mt_tensor_data(weight), weight->size[1] * s.kernel, s.kernel, 0};
  return is_fit(&s, &from) ? convolve(out, input, &from, bias, &s)
                           : other_conv(out, input, weight, bias, w, activation);
}

static int conv_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  mt_window back;
  int reversible = mt_window_reversed(w, &back);
  shape s = shape_of(grad, out, &back);
  weights from = {mt_tensor_data(weight), s.kernel, weight->size[1] * s.kernel, 1};
  return reversible && is_fit(&s, &from) ? convolve(out, grad, &from, NULL, &s) : other_input(out, grad, weight, w);
}

void mt_cpu_register_shifted_bf16(void) {
  other_conv = mt_get_conv(MT_CPU, MT_FLOAT);
  other_input = mt_get_conv_input(MT_CPU, MT_FLOAT);
  mt_set_conv(MT_CPU, MT_FLOAT, conv);
  mt_set_conv_input(MT_CPU, MT_FLOAT, conv_input);
}
#endif

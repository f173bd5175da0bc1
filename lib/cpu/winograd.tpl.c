/* winograd.tpl.c: 3×3 convolution of floats by Winograd's minimal filtering F(4×4, 3×3): 36 multiplications for 16
 * outputs, where the plain way takes 144 (A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks",
 * 2015). Outputs fall into tiles of 4×4, each made from 6×6 inputs:
 *
 *   out = Aᵀ ((G w Gᵀ) ⊙ (Bᵀ in B)) A      summed over channels between the transforms: 36 products of matrices
 *
 * Compiled for each instruction set with LANES floats to a vector; vectors run over tiles. The error is a few times the
 * plain way's. WINOGRAD_REGISTER names the function that takes over the slots; what does not fit goes to the kernels
 * that were there before. */
#include "../window.h"
#include "cpu.h"
#include "lanes.h"

#include <omp.h>
#include <string.h>

enum {
  POINTS = 36,      /* of a transformed tile */
  PLANES = 64,      /* planes between multiplication and output transform */
  FEWEST = 16       /* channels and planes that are worth the transforms */
};

#if LANES == 16
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define NEXT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#else
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define NEXT 1, 2, 3, 4, 5, 6, 7, 7
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#endif

/* A convolution in numbers. K planes are made from C channels. */
typedef struct {
  int64_t images, C, K;
  int64_t in[2], out[2], pad[2]; /* heights and widths */
  int64_t down, across, tiles;   /* tiles of an image, and of all */
  int64_t block;                 /* tiles that are worked on at once */
  int64_t u, v, m;               /* numbers for each of the 36 points in what the transforms give */
  const float *input, *weight, *bias;
  float *output;
  int64_t plane_step, channel_step; /* of the weight */
  int flipped;                      /* whether its taps are taken from the last to the first */
} plan;

/* -- Transforms of six, three and four numbers ---------------------------------------------------------------- */

/* v: Bᵀ times d, the results step apart; d: six, with gaps of gap */
INLINED void before(lanes *v, int step, const lanes *d, int gap) {
  lanes d0 = d[0], d1 = d[gap], d2 = d[2 * gap], d3 = d[3 * gap], d4 = d[4 * gap], d5 = d[5 * gap];
  lanes even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, far = 2 * (d3 - d1);
  v[0] = 4 * d0 - 5 * d2 + d4;
  v[step] = even + odd;
  v[2 * step] = even - odd;
  v[3 * step] = near + far;
  v[4 * step] = near - far;
  v[5 * step] = 4 * d1 - 5 * d3 + d5;
}

/* u: G times g, of three */
INLINED void taps(rows *u, int step, const rows *g, int gap) {
  rows g0 = g[0], g1 = g[gap], g2 = g[2 * gap];
  rows sum = (g0 + g2) * (-1 / 6.0f), side = g1 * (1 / 6.0f);
  rows wide = g0 * (1 / 24.0f) + g2 * (1 / 6.0f), half = g1 * (1 / 12.0f);
  u[0] = g0 * 0.25f;
  u[step] = sum - side;
  u[2 * step] = sum + side;
  u[3 * step] = wide + half;
  u[4 * step] = wide - half;
  u[5 * step] = g2;
}

/* y: Aᵀ times m, of six: four */
INLINED void after(lanes *y, int step, const lanes *m, int64_t gap) {
  lanes m0 = m[0], m1 = m[gap], m2 = m[2 * gap], m3 = m[3 * gap], m4 = m[4 * gap], m5 = m[5 * gap];
  lanes a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
  y[0] = m0 + a + c;
  y[step] = b + 2 * d;
  y[2 * step] = a + 4 * c;
  y[3 * step] = b + 8 * d + m5;
}

/* -- The weight ------------------------------------------------------------------------------------------------- */

/* u: 36×C×ROWS, the transformed taps of planes first … first + ROWS - 1; planes behind the last are 0 */
static void transform_taps(float *u, const plan *p, int64_t first) {
  int64_t planes = p->K - first < ROWS ? p->K - first : ROWS;
  _Alignas(64) float tap[9][ROWS] = {{0}};
  for (int64_t c = 0; c < p->C; c++, u += ROWS) {
    const float *w = p->weight + first * p->plane_step + c * p->channel_step;
    rows half[18], point[POINTS];
    const rows *g = (const rows *)tap;
    for (int64_t k = 0; k < planes; k++, w += p->plane_step)
      for (int i = 0; i < 9; i++) tap[i][k] = w[p->flipped ? 8 - i : i];
    for (int j = 0; j < 3; j++) taps(half + j, 3, g + j, 3);
    for (int i = 0; i < 6; i++) taps(point + 6 * i, 1, half + 3 * i, 1);
    for (int i = 0; i < POINTS; i++) *(rows *)(u + i * p->u) = point[i];
  }
}

/* -- Tiles ------------------------------------------------------------------------------------------------------ */

/* Neighbours in a row of tiles, count of them, in the lanes from lane on. Their inputs are 6 rows of 4·count + 2
 * numbers, of which rows top … bottom - 1 and columns before … end - 1 lie on the image; the others are padding. */
typedef struct {
  int64_t input, output; /* places of the first in channel 0 (it may lie on padding) and in plane 0 */
  int lane, count, top, bottom, before, end;
  int down, across; /* rows, and columns of all tiles together, that the output has there */
} run;

static inline int clamp(int64_t x, int64_t low, int64_t high) { return (int)(x < low ? low : x > high ? high : x); }

static run run_at(const plan *p, int64_t row, int64_t x, int lane, int count) {
  int64_t image = row / p->down, y = row % p->down, top = 4 * y - p->pad[0], left = 4 * x - p->pad[1];
  return (run){.input = image * p->C * p->in[0] * p->in[1] + top * p->in[1] + left,
               .output = image * p->K * p->out[0] * p->out[1] + 4 * y * p->out[1] + 4 * x,
               .lane = lane,
               .count = count,
               .top = clamp(-top, 0, 6),
               .bottom = clamp(p->in[0] - top, 0, 6),
               .before = clamp(-left, 0, 4 * count + 2),
               .end = clamp(p->in[1] - left, 0, 4 * count + 2),
               .down = clamp(p->out[0] - 4 * y, 0, 4),
               .across = clamp(p->out[1] - 4 * x, 0, 4 * count)};
}

/* The runs that LANES tiles from number first on fall into; fewer tiles at the end. Gives the number of runs. */
static int find_runs(run *runs, const plan *p, int64_t first) {
  int64_t left = p->tiles - first < LANES ? p->tiles - first : LANES;
  int n = 0, lane = 0;
  for (; left > 0; n++) {
    int64_t row = first / p->across, x = first % p->across, count = p->across - x < left ? p->across - x : left;
    runs[n] = run_at(p, row, x, lane, (int)count);
    lane += (int)count;
    first += count;
    left -= count;
  }
  return n;
}

/* Six rows of inputs of LANES tiles: four numbers to a tile, and the two behind the last tile of each run. */
typedef struct {
  _Alignas(64) float row[6][4 * LANES];
  _Alignas(64) float behind[6][2][LANES];
  _Alignas(64) int32_t is_last[LANES]; /* -1 in the lane of a run's last tile, 0 elsewhere */
} strip;

/* input: the first element of the channel. What lies on padding was 0 before and stays. */
static inline void fill_strip(strip *s, const plan *p, const run *r, const float *input) {
  int four = 4 * r->count, inner = r->end < four ? r->end : four, last = r->lane + r->count - 1;
  const float *from = input + r->input + r->top * p->in[1];
  for (int i = r->top; i < r->bottom; i++, from += p->in[1]) {
    float *to = s->row[i] + 4 * r->lane;
    for (int x = r->before; x < inner; x++) to[x] = from[x];
    for (int x = four; x < r->end; x++) s->behind[i][x - four][last] = from[x];
  }
}

INLINED lanes choose(lanes_mask mask, lanes yes, lanes no) {
  return (lanes)(((lanes_mask)yes & mask) | ((lanes_mask)no & ~mask));
}

/* d: the six numbers of each tile in row i, one vector for each */
INLINED void spread(lanes *d, const strip *s, int i) {
  const lanes *x = (const lanes *)s->row[i], *behind = (const lanes *)s->behind[i][0];
  lanes_mask last = *(const lanes_mask *)s->is_last;
  lanes even_1 = __builtin_shufflevector(x[0], x[1], EVEN), odd_1 = __builtin_shufflevector(x[0], x[1], ODD);
  lanes even_2 = __builtin_shufflevector(x[2], x[3], EVEN), odd_2 = __builtin_shufflevector(x[2], x[3], ODD);
  d[0] = __builtin_shufflevector(even_1, even_2, EVEN);
  d[1] = __builtin_shufflevector(odd_1, odd_2, EVEN);
  d[2] = __builtin_shufflevector(even_1, even_2, ODD);
  d[3] = __builtin_shufflevector(odd_1, odd_2, ODD);
  d[4] = choose(last, behind[0], __builtin_shufflevector(d[0], d[0], NEXT));
  d[5] = choose(last, behind[1], __builtin_shufflevector(d[1], d[1], NEXT));
}

/* v: 36×C×block, from there on LANES tiles: Bᵀ in B */
static void transform_inputs(float *v, const plan *p, int64_t first) {
  run runs[LANES];
  int n = find_runs(runs, p, first);
  strip s = {0};
  for (int i = 0; i < n; i++) s.is_last[runs[i].lane + runs[i].count - 1] = -1;
  for (int64_t c = 0; c < p->C; c++, v += p->block) {
    lanes d[POINTS], half[POINTS], point[POINTS];
    for (int i = 0; i < n; i++) fill_strip(&s, p, &runs[i], p->input + c * p->in[0] * p->in[1]);
    for (int i = 0; i < 6; i++) spread(d + 6 * i, &s, i);
    for (int j = 0; j < 6; j++) before(half + j, 6, d + j, 6);
    for (int i = 0; i < 6; i++) before(point + 6 * i, 1, half + 6 * i, 1);
    for (int i = 0; i < POINTS; i++) *(lanes *)(v + i * p->v) = point[i];
  }
}

/* to: four numbers of each tile side by side; y: a vector for each of the four */
INLINED void gather(float *to, const lanes *y) {
  lanes low_02 = __builtin_shufflevector(y[0], y[2], ZIP_LOW), high_02 = __builtin_shufflevector(y[0], y[2], ZIP_HIGH);
  lanes low_13 = __builtin_shufflevector(y[1], y[3], ZIP_LOW), high_13 = __builtin_shufflevector(y[1], y[3], ZIP_HIGH);
  lanes *x = (lanes *)to;
  x[0] = __builtin_shufflevector(low_02, low_13, ZIP_LOW);
  x[1] = __builtin_shufflevector(low_02, low_13, ZIP_HIGH);
  x[2] = __builtin_shufflevector(high_02, high_13, ZIP_LOW);
  x[3] = __builtin_shufflevector(high_02, high_13, ZIP_HIGH);
}

/* m: 36×PLANES×block, from there on LANES tiles of so many planes: out = Aᵀ m A + bias */
static void transform_outputs(const float *m, const plan *p, int64_t first, int64_t plane, int64_t planes) {
  run runs[LANES];
  int n = find_runs(runs, p, first);
  for (int64_t k = plane; k < plane + planes; k++, m += p->block) {
    lanes half[24], y[16], bias = {0};
    _Alignas(64) float row[4][4 * LANES];
    if (p->bias) bias += p->bias[k];
    for (int j = 0; j < 6; j++) after(half + j, 6, (const lanes *)(m + j * p->m), 6 * p->m / LANES);
    for (int i = 0; i < 4; i++) after(y + 4 * i, 1, half + 6 * i, 1);
    for (int i = 0; i < 16; i++) y[i] += bias;
    for (int i = 0; i < 4; i++) gather(row[i], y + 4 * i);
    for (const run *r = runs; r < runs + n; r++) {
      float *to = p->output + r->output + k * p->out[0] * p->out[1];
      for (int i = 0; i < r->down; i++, to += p->out[1])
        for (int x = 0; x < r->across; x++) to[x] = row[i][4 * r->lane + x];
    }
  }
}

/* -- Between the transforms ------------------------------------------------------------------------------------- */

/* u: panels of ROWS planes from plane on, each 36×C×ROWS; v: 36×C×block, m: 36×PLANES×block */
static void multiply_all(float *m, const float *u, const float *v, const plan *p, int64_t planes, int64_t count) {
  for (int i = 0; i < POINTS; i++)
    for (int64_t t = 0; t < count; t += WIDE)
      for (int64_t k = 0; k < planes; k += ROWS)
        multiply(m + i * p->m + k * p->block + t, p->block, u + (k * POINTS / ROWS + i) * p->u, 1, ROWS,
                 v + i * p->v + t, p->block, p->C, 0);
}

static void transform_all_taps(float *u, const plan *p, int64_t plane, int64_t planes) {
  for (int64_t k = 0; k < planes; k += ROWS) transform_taps(u + k / ROWS * POINTS * p->u, p, plane + k);
}

/* Tiles first … first + count - 1, planes plane … end - 1. u: all transformed taps, or NULL, and then they are made here,
 * so few at a time that they stay in the cache; work: see room_for */
static void run_block(const plan *p, const float *u, float *work, int64_t first, int64_t plane, int64_t end) {
  int64_t count = p->tiles - first < p->block ? p->tiles - first : p->block;
  float *v = work, *m = v + POINTS * p->v, *own = m + POINTS * p->m;
  for (int64_t t = 0; t < count; t += LANES) transform_inputs(v + t, p, first + t);
  for (; plane < end; plane += PLANES) {
    int64_t planes = end - plane < PLANES ? end - plane : PLANES;
    if (!u) transform_all_taps(own, p, plane, planes);
    multiply_all(m, u ? u + plane / ROWS * POINTS * p->u : own, v, p, planes, count);
    for (int64_t t = 0; t < count; t += LANES) transform_outputs(m + t, p, first + t, plane, planes);
  }
}

/* Numbers that a thread needs: transformed inputs, products and, unless they are made before, taps. */
static int64_t room_for(const plan *p, int taps_before) {
  return POINTS * (p->v + p->m + (taps_before ? 0 : PLANES / ROWS * p->u));
}

/* Threads share out blocks of tiles and, where these are few, the planes. Many blocks share the transformed taps. */
static int run_plan(plan *p) {
  int64_t panels = (p->K + ROWS - 1) / ROWS, blocks = (p->tiles + p->block - 1) / p->block, capacity;
  int threads = mt_threads_for(p->tiles * p->C * p->K), taps_before = blocks > threads;
  int64_t shares = blocks < threads ? (threads + blocks - 1) / blocks : 1, pieces = blocks * shares;
  int64_t room = room_for(p, taps_before), taps = taps_before ? panels * POINTS * p->u : 0;
  float *u = mt_allocate(MT_CPU, 0, (size_t)(taps + threads * room) * sizeof *u, &capacity);
  if (!u) return 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *work = u + taps + omp_get_thread_num() * room;
#pragma omp for
    for (int64_t i = 0; i < panels * taps_before; i++) transform_taps(u + i * POINTS * p->u, p, i * ROWS);
#pragma omp for
    for (int64_t i = 0; i < pieces; i++) {
      int64_t most = (panels + shares - 1) / shares * ROWS, plane = i % shares * most;
      int64_t end = plane + most < p->K ? plane + most : p->K;
      run_block(p, taps_before ? u : NULL, work, i / shares * p->block, plane, end);
    }
  }
  mt_deallocate(MT_CPU, 0, u, capacity);
  return 0;
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

static mt_conv_kernel other_conv;
static mt_conv_grad_kernel other_input;

/* Whether it is worth it, for an output of these sizes; the numbers that follow from sizes. */
static int prepare(plan *p, const mt_window *w, const mt_tensor *input, const mt_tensor *output) {
  if (mt_float32_precision() == MT_HIGHEST) return 0; /* its error is larger */
  for (int i = 0; i < 3; i++)
    if (w->kernel[i] != (i ? 3 : 1) || w->stride[i] != 1 || w->dilation[i] != 1 || w->pad[i] > (i ? 2 : 0)) return 0;
  p->images = input->size[0];
  p->C = input->size[1];
  p->K = output->size[1];
  for (int i = 0; i < 2; i++) {
    p->in[i] = input->size[i + 3];
    p->out[i] = output->size[i + 3];
  }
  p->down = (p->out[0] + 3) / 4;
  p->across = (p->out[1] + 3) / 4;
  p->tiles = p->images * input->size[2] * p->down * p->across;
  p->block = p->tiles > 4 * WIDE ? 2 * WIDE : (p->tiles + WIDE - 1) / WIDE * WIDE;
  /* an odd number of cache lines, so that the points of a tile do not compete for one place in the cache */
  p->u = p->C * ROWS + 16;
  p->v = p->C * p->block + 16;
  p->m = PLANES * p->block + 16;
  return input->size[2] == 1 && w->groups == 1 && p->C >= FEWEST && p->K >= FEWEST && p->tiles >= LANES;
}

static int winograd_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                         const mt_window *w) {
  plan p = {.pad = {w->pad[1], w->pad[2]}};
  if (!prepare(&p, w, input, out)) return other_conv(out, input, weight, bias, w);
  p.input = mt_tensor_data(input);
  p.weight = mt_tensor_data(weight);
  p.bias = bias ? mt_tensor_data(bias) : NULL;
  p.output = mt_tensor_data(out);
  p.plane_step = 9 * p.C;
  p.channel_step = 9;
  return run_plan(&p);
}

/* The input's gradient is the convolution of the output's with the taps in reverse. */
static int winograd_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  plan p = {.pad = {2 - w->pad[1], 2 - w->pad[2]}, .flipped = 1};
  if (!prepare(&p, w, grad, out)) return other_input(out, grad, weight, w);
  p.input = mt_tensor_data(grad);
  p.weight = mt_tensor_data(weight);
  p.output = mt_tensor_data(out);
  p.plane_step = 9;
  p.channel_step = 9 * p.K;
  return run_plan(&p);
}

void WINOGRAD_REGISTER(void) {
  other_conv = (mt_conv_kernel)mt_kernel_get(MT_CPU, MT_OP_conv, MT_FLOAT);
  other_input = (mt_conv_grad_kernel)mt_kernel_get(MT_CPU, MT_OP_conv_input, MT_FLOAT);
  mt_kernel_set(MT_CPU, MT_OP_conv, MT_FLOAT, (mt_kernel)winograd_conv);
  mt_kernel_set(MT_CPU, MT_OP_conv_input, MT_FLOAT, (mt_kernel)winograd_input);
}

/* winograd.tpl.c: 3×3 and 5×5 convolution of floats by Winograd's minimal filtering (A. Lavin, S. Gray, "Fast
 * algorithms for convolutional neural networks", 2015). Outputs fall into tiles of 4×4, or of 2×2 for 5×5 taps, each
 * made from 6×6 inputs by 36 multiplications, where the plain way takes 144 or 100:
 *
 *   out = Aᵀ ((G w Gᵀ) ⊙ (Bᵀ in B)) A      summed over channels between the transforms: 36 products of matrices
 *
 * The three matrices come from the points 0, 1, -1, 2, -2 and ∞: B from them alone, and with the factors f = 1/4, -1/6,
 * -1/6, 1/24, 1/24 and 1, row i of G is f times the powers of point i, as many as there are taps, and column i of Aᵀ
 * its powers, as many as there are outputs; ∞ has a 1 at the last. So tiles of the output's gradient can play the taps'
 * part, and the weight's gradient that of the outputs: the same tiles of inputs serve all three.
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
  FEWEST = 16,      /* channels and planes that are worth the transforms */
  BLOCK = 64,       /* tiles that the weight's gradient takes at once: whole vectors of them */
  SINGLE = 256,     /* so many are still taken as one block, and then */
  GROUP = 32        /* planes are finished so many at a time */
};

#if LANES == 16
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define NEXT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15
#else
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define NEXT 1, 2, 3, 4, 5, 6, 7, 7
#endif

/* A convolution in numbers. K planes are made from C channels. */
typedef struct {
  int64_t images, C, K;
  int64_t in[2], out[2], pad[2]; /* heights and widths */
  int tile, taps;                /* 4 and 3, or 2 and 5: of outputs and of the window, along either axis */
  int64_t down, across, tiles;   /* tiles of an image, and of all */
  int64_t block;                 /* tiles that are worked on at once */
  int64_t u, v, m;               /* numbers for each of the 36 points in what the transforms give */
  const float *input, *bias;
  const mt_tensor *weight;
  float *output;
  int64_t plane_step, channel_step; /* of the weight */
  int flipped;                      /* whether its taps are taken from the last to the first */
  int activation;
} plan;

/* Calls an inlined function with the side of a tile as its last argument, a constant. */
#define BY_TILE(NAME, ...) ((p)->tile == 4 ? NAME(__VA_ARGS__, 4) : NAME(__VA_ARGS__, 2))

/* -- Transforms of a few numbers -------------------------------------------------------------------------------- */

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

/* u: G times g, of so many taps */
INLINED void taps(lanes *u, int step, const lanes *g, int gap, int count) {
  int last = count - 1, even = last / 2 * 2, odd = (last - 1) / 2 * 2 + 1;
  lanes even_1 = g[even * gap], odd_1 = g[odd * gap], even_2 = even_1, odd_2 = odd_1; /* at the points 1 and 2 */
  for (int i = even - 2; i >= 0; i -= 2) {
    even_1 += g[i * gap];
    even_2 = 4 * even_2 + g[i * gap];
  }
  for (int i = odd - 2; i >= 0; i -= 2) {
    odd_1 += g[i * gap];
    odd_2 = 4 * odd_2 + g[i * gap];
  }
  even_1 *= -1 / 6.0f;
  odd_1 *= 1 / 6.0f;
  even_2 *= 1 / 24.0f;
  odd_2 *= 1 / 12.0f;
  u[0] = g[0] * 0.25f;
  u[step] = even_1 - odd_1;
  u[2 * step] = even_1 + odd_1;
  u[3 * step] = even_2 + odd_2;
  u[4 * step] = even_2 - odd_2;
  u[5 * step] = g[last * gap];
}

/* y: Aᵀ times m, of six: so many outputs */
INLINED void after(lanes *y, int step, const lanes *m, int64_t gap, int count) {
  lanes m1 = m[gap], m2 = m[2 * gap], m3 = m[3 * gap], m4 = m[4 * gap];
  lanes even_1 = m1 + m2, odd_1 = m1 - m2, even_2 = m3 + m4, odd_2 = m3 - m4;
  y[0] = m[0] + even_1 + even_2;
  for (int i = 1; i < count; i++)
    y[i * step] = i % 2 ? odd_1 + (float)(1 << i) * odd_2 : even_1 + (float)(1 << i) * even_2;
  y[(count - 1) * step] += m[5 * gap];
}

/* -- The weight ------------------------------------------------------------------------------------------------- */

/* u: 36×C×ROWS, the transformed taps of planes first … first + ROWS - 1, of two channels in a vector; planes behind the
 * last are 0, and so is a channel behind an odd last */
INLINED void lay_taps(float *u, const plan *p, int64_t first, int tile) {
  int side = 7 - tile, square = side * side;
  int64_t planes = mt_least(p->K - first, ROWS);
  _Alignas(64) float tap[25][2][ROWS] = {{{0}}};
  for (int64_t c = 0; c < p->C; c += 2, u += 2 * ROWS) {
    lanes half[30], point[POINTS];
    const lanes *g = (const lanes *)tap;
    for (int64_t n = 0; n < 2; n++) {
      const float *w = (const float *)mt_tensor_data(p->weight) + first * p->plane_step + (c + n) * p->channel_step;
      for (int64_t k = 0; k < planes; k++, w += p->plane_step)
        for (int i = 0; i < square; i++) tap[i][n][k] = c + n == p->C ? 0 : w[p->flipped ? square - 1 - i : i];
    }
    for (int j = 0; j < side; j++) taps(half + j, side, g + j, side, side);
    for (int i = 0; i < 6; i++) taps(point + 6 * i, 1, half + side * i, 1, side);
    for (int i = 0; i < POINTS; i++) *(lanes *)(u + i * p->u) = point[i];
  }
}

static void transform_taps(float *u, const plan *p, int64_t first) { BY_TILE(lay_taps, u, p, first); }

/* -- Tiles ------------------------------------------------------------------------------------------------------ */

/* What a strip of tiles covers on a plane: place, of its first number on plane 0 (it may lie on padding), and the rows
 * top … bottom - 1 and columns before … end - 1 of the strip that lie on the plane */
typedef struct {
  int64_t place;
  int top, bottom, before, end;
} patch;

/* Neighbours in a row of tiles, count of them, in the lanes from lane on: their inputs, which overlap, and outputs */
typedef struct {
  patch in, out;
  int lane, count;
} run;

static inline int clamp(int64_t x, int64_t low, int64_t high) { return (int)(x < low ? low : x > high ? high : x); }

/* A strip of so many rows and columns from top and left on, on a plane of these sizes that begins at place */
static patch patch_at(const int64_t *size, int64_t place, int64_t top, int64_t left, int rows, int columns) {
  return (patch){place + top * size[1] + left, clamp(-top, 0, rows), clamp(size[0] - top, 0, rows),
                 clamp(-left, 0, columns), clamp(size[1] - left, 0, columns)};
}

static run run_at(const plan *p, int64_t row, int64_t x, int lane, int count) {
  int64_t image = row / p->down, top = p->tile * (row % p->down), left = p->tile * x;
  int64_t in = image * p->C * p->in[0] * p->in[1], out = image * p->K * p->out[0] * p->out[1];
  int columns = p->tile * count;
  return (run){patch_at(p->in, in, top - p->pad[0], left - p->pad[1], 6, columns + 6 - p->tile),
               patch_at(p->out, out, top, left, p->tile, columns), lane, count};
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

/* Rows of LANES tiles: as many numbers to a tile as it has outputs across, and those behind a run's last tile. */
typedef struct {
  _Alignas(64) float row[6][4 * LANES];
  _Alignas(64) float behind[6][4][LANES];
  _Alignas(64) int32_t is_last[LANES]; /* -1 in the lane of a run's last tile, 0 elsewhere */
} strip;

/* plane: one of width, which the patch of a run lies on. What lies on padding was 0 before and stays. */
INLINED void fill_strip(strip *s, const run *r, const patch *at, const float *plane, int64_t width, int tile) {
  int own = tile * r->count, inner = at->end < own ? at->end : own, last = r->lane + r->count - 1;
  int outer = at->before > own ? at->before : own;
  const float *from = plane + at->place + at->top * width;
  for (int i = at->top; i < at->bottom; i++, from += width) {
    float *to = s->row[i] + tile * r->lane;
    for (int x = at->before; x < inner; x++) to[x] = from[x];
    for (int x = outer; x < at->end; x++) s->behind[i][x - own][last] = from[x];
  }
}

/* d: the numbers of each tile that lie side by side in row i, one vector for each */
INLINED void part(lanes *d, const strip *s, int i, int tile) {
  const lanes *x = (const lanes *)s->row[i];
  lanes even_1 = __builtin_shufflevector(x[0], x[1], EVEN), odd_1 = __builtin_shufflevector(x[0], x[1], ODD);
  d[0] = even_1;
  d[1] = odd_1;
  if (tile == 2) return;
  lanes even_2 = __builtin_shufflevector(x[2], x[3], EVEN), odd_2 = __builtin_shufflevector(x[2], x[3], ODD);
  d[0] = __builtin_shufflevector(even_1, even_2, EVEN);
  d[1] = __builtin_shufflevector(odd_1, odd_2, EVEN);
  d[2] = __builtin_shufflevector(even_1, even_2, ODD);
  d[3] = __builtin_shufflevector(odd_1, odd_2, ODD);
}

/* d: the six numbers of each tile in row i; the last of them are the next tile's first */
INLINED void spread(lanes *d, const strip *s, int i, int tile) {
  const lanes *behind = (const lanes *)s->behind[i][0];
  lanes_mask last = *(const lanes_mask *)s->is_last;
  part(d, s, i, tile);
  for (int j = tile; j < 6; j++)
    d[j] = choose(last, behind[j - tile], __builtin_shufflevector(d[j - tile], d[j - tile], NEXT));
}

/* The 36 points of LANES tiles of inputs: Bᵀ in B, in channel c. s: from start_strip */
INLINED void input_points(lanes *point, strip *s, const plan *p, const run *runs, int n, int64_t c, int tile) {
  lanes d[POINTS], half[POINTS];
  for (int i = 0; i < n; i++) fill_strip(s, &runs[i], &runs[i].in, p->input + c * p->in[0] * p->in[1], p->in[1], tile);
  for (int i = 0; i < 6; i++) spread(d + 6 * i, s, i, tile);
  for (int j = 0; j < 6; j++) before(half + j, 6, d + j, 6);
  for (int i = 0; i < 6; i++) before(point + 6 * i, 1, half + 6 * i, 1);
}

/* Readies s for LANES tiles from number first on; gives the number of runs. */
static int start_strip(strip *s, run *runs, const plan *p, int64_t first) {
  int n = find_runs(runs, p, first);
  memset(s, 0, sizeof *s);
  for (int i = 0; i < n; i++) s->is_last[runs[i].lane + runs[i].count - 1] = -1;
  return n;
}

INLINED void lay_inputs(float *v, const plan *p, int64_t first, int tile) {
  run runs[LANES];
  strip s;
  int n = start_strip(&s, runs, p, first);
  for (int64_t c = 0; c < p->C; c++, v += p->block) {
    lanes point[POINTS];
    input_points(point, &s, p, runs, n, c, tile);
    for (int i = 0; i < POINTS; i++) *(lanes *)(v + i * p->v) = point[i];
  }
}

/* v: 36×C×block, from there on LANES tiles */
static void transform_inputs(float *v, const plan *p, int64_t first) { BY_TILE(lay_inputs, v, p, first); }

/* to: the numbers of each tile side by side; y: a vector for each of them */
INLINED void gather(float *to, const lanes *y, int tile) {
  lanes *x = (lanes *)to;
  if (tile == 2) {
    x[0] = __builtin_shufflevector(y[0], y[1], ZIP_LOW);
    x[1] = __builtin_shufflevector(y[0], y[1], ZIP_HIGH);
    return;
  }
  lanes low_02 = __builtin_shufflevector(y[0], y[2], ZIP_LOW), high_02 = __builtin_shufflevector(y[0], y[2], ZIP_HIGH);
  lanes low_13 = __builtin_shufflevector(y[1], y[3], ZIP_LOW), high_13 = __builtin_shufflevector(y[1], y[3], ZIP_HIGH);
  x[0] = __builtin_shufflevector(low_02, low_13, ZIP_LOW);
  x[1] = __builtin_shufflevector(low_02, low_13, ZIP_HIGH);
  x[2] = __builtin_shufflevector(high_02, high_13, ZIP_LOW);
  x[3] = __builtin_shufflevector(high_02, high_13, ZIP_HIGH);
}

INLINED void lay_outputs(const float *m, const plan *p, int64_t first, int64_t plane, int64_t planes, int tile) {
  run runs[LANES];
  int n = find_runs(runs, p, first);
  for (int64_t k = plane; k < plane + planes; k++, m += p->block) {
    lanes half[24], y[16], bias = {0};
    _Alignas(64) float row[4][4 * LANES];
    if (p->bias) bias += p->bias[k];
    for (int j = 0; j < 6; j++) after(half + j, 6, (const lanes *)(m + j * p->m), 6 * p->m / LANES, tile);
    for (int i = 0; i < tile; i++) after(y + tile * i, 1, half + 6 * i, 1, tile);
    for (int i = 0; i < tile * tile; i++) y[i] += bias;
    for (int i = 0; i < tile * tile && p->activation == MT_RELU; i++) y[i] = rectified(y[i]);
    for (int i = 0; i < tile; i++) gather(row[i], y + tile * i, tile);
    for (const run *r = runs; r < runs + n; r++) {
      float *to = p->output + r->out.place + k * p->out[0] * p->out[1];
      for (int i = 0; i < r->out.bottom; i++, to += p->out[1])
        for (int x = 0; x < r->out.end; x++) to[x] = row[i][tile * r->lane + x];
    }
  }
}

/* m: 36×PLANES×block, from there on LANES tiles of so many planes: out = Aᵀ m A + bias */
static void transform_outputs(const float *m, const plan *p, int64_t first, int64_t plane, int64_t planes) {
  BY_TILE(lay_outputs, m, p, first, plane, planes);
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

/* All transformed taps, if they are kept beside the weight */
static mt_kept kept_taps(const plan *p, int64_t count) {
  static const char kind;
  mt_kept_key key = {&kind, {p->weight->offset, p->C, p->K, p->taps, p->plane_step, p->channel_step, p->flipped}};
  return mt_kept_begin(p->weight->storage, &key, count);
}

/* Threads share out blocks of tiles and, where these are few, the planes. Many blocks share the transformed taps. */
static int run_plan(plan *p) {
  p->block = p->tiles > 4 * WIDE ? 2 * WIDE : mt_whole(p->tiles, WIDE);
  /* an odd number of cache lines, so that the points of a tile do not compete for one place in the cache */
  p->u = mt_whole(p->C, 2) * ROWS + 16;
  p->v = p->C * p->block + 16;
  p->m = PLANES * p->block + 16;
  int64_t panels = (p->K + ROWS - 1) / ROWS, blocks = (p->tiles + p->block - 1) / p->block, capacity;
  mt_kept kept = kept_taps(p, panels * POINTS * p->u);
  int threads = mt_threads_for(p->tiles * p->C * p->K), taps_before = kept.layout || blocks > threads;
  int64_t shares = blocks < threads ? (threads + blocks - 1) / blocks : 1, pieces = blocks * shares;
  int64_t room = room_for(p, taps_before), taps = taps_before && !kept.layout ? panels * POINTS * p->u : 0;
  float *all = mt_allocate(MT_CPU, 0, (size_t)(taps + threads * room) * sizeof *all, &capacity);
  if (!all) {
    mt_kept_end(&kept);
    return 1;
  }
  float *u = kept.layout ? kept.layout : all;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *work = all + taps + omp_get_thread_num() * room;
#pragma omp for
    for (int64_t i = 0; i < panels * (taps_before && kept.is_new); i++) transform_taps(u + i * POINTS * p->u, p, i * ROWS);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < pieces; i++) {
      int64_t most = (panels + shares - 1) / shares * ROWS, plane = i % shares * most;
      int64_t end = plane + most < p->K ? plane + most : p->K;
      run_block(p, taps_before ? u : NULL, work, i / shares * p->block, plane, end);
    }
  }
  mt_kept_end(&kept);
  mt_deallocate(MT_CPU, 0, all, capacity);
  return 0;
}

/* -- The weight's gradient ---------------------------------------------------------------------------------------- */

/* Here u is 36×K×block: the output's gradient, transformed as taps are. v is 36 × panels of WIDE channels, each
 * block×WIDE, and m is 36 × planes × channels in whole panels. */

/* LANES tiles from number first on, number t in the block, of LANES channels from c on */
INLINED void lay_turned_inputs(float *v, const plan *p, int64_t first, int64_t t, int64_t c, int tile) {
  run runs[LANES];
  strip s;
  _Alignas(64) float points[POINTS][LANES][LANES];
  int n = start_strip(&s, runs, p, first + t), channels = clamp(p->C - c, 0, LANES);
  if (channels < LANES) memset(points, 0, sizeof points);
  for (int j = 0; j < channels; j++) {
    lanes point[POINTS];
    input_points(point, &s, p, runs, n, c + j, tile);
    for (int i = 0; i < POINTS; i++) *(lanes *)points[i][j] = point[i];
  }
  v += c / WIDE * WIDE * p->block + t * WIDE + c % WIDE;
  for (int i = 0; i < POINTS; i++) {
    lanes x[LANES];
    for (int j = 0; j < LANES; j++) x[j] = *(const lanes *)points[i][j];
    transpose(x);
    for (int j = 0; j < LANES; j++) *(lanes *)(v + i * p->v + j * WIDE) = x[j];
  }
}

/* The same of so many planes of the output's gradient from plane on; those behind the last are 0 */
INLINED void lay_grads(float *u, const plan *p, int64_t first, int64_t t, int64_t plane, int64_t planes, int tile) {
  run runs[LANES];
  strip s;
  int n = start_strip(&s, runs, p, first + t);
  for (int64_t k = 0; k < planes; k++, u += p->block) {
    lanes d[16], half[24], point[POINTS];
    if (plane + k == p->K) n = start_strip(&s, runs, p, p->tiles);
    const float *grad = p->output + (plane + k) * p->out[0] * p->out[1];
    for (int i = 0; i < n; i++) fill_strip(&s, &runs[i], &runs[i].out, grad, p->out[1], tile);
    for (int i = 0; i < tile; i++) part(d + tile * i, &s, i, tile);
    for (int j = 0; j < tile; j++) taps(half + j, tile, d + j, tile, tile);
    for (int i = 0; i < 6; i++) taps(point + 6 * i, 1, half + tile * i, 1, tile);
    for (int i = 0; i < POINTS; i++) *(lanes *)(u + i * p->u + t) = point[i];
  }
}

/* out: the weight's gradient for one plane; m: that plane's sums */
INLINED void lay_weight(float *out, const plan *p, const float *m, int tile) {
  int side = 7 - tile, square = side * side;
  for (int64_t c = 0; c < p->C; c += LANES, m += LANES) {
    lanes half[30], y[25];
    for (int j = 0; j < 6; j++) after(half + j, 6, (const lanes *)(m + j * p->m), 6 * p->m / LANES, side);
    for (int i = 0; i < side; i++) after(y + side * i, 1, half + 6 * i, 1, side);
    const float *from = (const float *)y;
    for (int64_t j = 0; j < mt_least(p->C - c, LANES); j++)
      for (int i = 0; i < square; i++) *out++ = from[i * LANES + j];
  }
}

/* One point of WIDE channels and so many planes: m = u times v, or m += that. count: tiles */
static void add_point(float *m, const plan *p, const float *u, const float *v, int64_t planes, int64_t count, int add) {
  int64_t step = mt_whole(p->C, WIDE);
  for (int64_t k = 0; k < planes; k += ROWS)
    multiply(m + k * step, step, u + k * p->block, p->block, 1, v, WIDE, count, add);
}

/* Adds what the block of tiles from first on contributes to so many planes; the first one begins the sums. All threads
 * come here and share out each of the steps. The block's inputs are made with the first planes. */
static void weigh_block(const plan *p, float *u, float *v, float *m, int64_t first, int64_t plane, int64_t planes) {
  int64_t count = mt_whole(mt_least(p->tiles - first, p->block), LANES), vectors = count / LANES;
  int64_t inputs = plane == 0 ? vectors * mt_whole(p->C, WIDE) / LANES : 0, panels = mt_whole(p->C, WIDE) / WIDE;
#pragma omp for nowait
  for (int64_t i = 0; i < inputs; i++)
    BY_TILE(lay_turned_inputs, v, p, first, i % vectors * LANES, i / vectors * LANES);
#pragma omp for
  for (int64_t i = 0; i < vectors * planes / ROWS; i++) {
    int64_t k = i / vectors * ROWS;
    BY_TILE(lay_grads, u + k * p->block, p, first, i % vectors * LANES, plane + k, ROWS);
  }
#pragma omp for
  for (int64_t i = 0; i < POINTS * panels; i++) {
    int64_t point = i / panels, c = i % panels * WIDE;
    add_point(m + point * p->m + c, p, u + point * p->u, v + point * p->v + c * p->block, planes, count, first > 0);
  }
}

/* Few tiles are one block, and then planes are finished a few at a time, so that their sums stay in the cache. No sum
 * depends on the number of threads. out: the weight's gradient */
static int weigh(plan *p, float *out) {
  int64_t channels = mt_whole(p->C, WIDE), planes = mt_whole(p->K, ROWS), capacity;
  int64_t group = p->tiles <= SINGLE ? mt_least(GROUP, planes) : planes;
  p->block = p->tiles <= SINGLE ? mt_whole(p->tiles, LANES) : BLOCK;
  p->u = group * p->block + 16;
  p->v = channels * p->block + 16;
  p->m = group * channels + 16;
  float *u = mt_allocate(MT_CPU, 0, (size_t)(POINTS * (p->u + p->v + p->m)) * sizeof *u, &capacity);
  if (!u) return 1;
  float *v = u + POINTS * p->u, *m = v + POINTS * p->v;
  int threads = mt_threads_for(p->tiles * p->C * p->K);
#pragma omp parallel num_threads(threads) if (threads > 1)
  for (int64_t plane = 0; plane < p->K; plane += group) {
    int64_t some = mt_least(group, planes - plane);
    for (int64_t first = 0; first < p->tiles; first += p->block) weigh_block(p, u, v, m, first, plane, some);
#pragma omp for
    for (int64_t k = plane; k < mt_least(plane + some, p->K); k++)
      BY_TILE(lay_weight, out + k * p->C * p->taps * p->taps, p, m + (k - plane) * channels);
  }
  mt_deallocate(MT_CPU, 0, u, capacity);
  return 0;
}

/* -- Slots ------------------------------------------------------------------------------------------------------ */

static mt_conv_kernel other_conv;
static mt_conv_grad_kernel other_input, other_weight;

/* Whether tiles may serve for a window like this: gives their side, or 0. */
static int tile_for(const mt_window *w) {
  int64_t taps = w->kernel[1];
  if (mt_float32_precision() == MT_HIGHEST) return 0; /* their error is larger */
  for (int i = 0; i < 3; i++)
    if (w->kernel[i] != (i ? taps : 1) || w->stride[i] != 1 || w->dilation[i] != 1 || w->pad[i] > (i ? taps - 1 : 0))
      return 0;
  return w->groups == 1 && (taps == 3 || taps == 5) ? 7 - (int)taps : 0;
}

/* Whether it is worth it, for an output of these sizes; the numbers that follow from sizes. */
static int prepare(plan *p, const mt_window *w, const mt_tensor *input, const mt_tensor *output) {
  p->tile = tile_for(w);
  if (!p->tile || input->size[2] != 1) return 0;
  p->taps = 7 - p->tile;
  p->images = input->size[0];
  p->C = input->size[1];
  p->K = output->size[1];
  for (int i = 0; i < 2; i++) {
    p->in[i] = input->size[i + 3];
    p->out[i] = output->size[i + 3];
  }
  p->down = (p->out[0] + p->tile - 1) / p->tile;
  p->across = (p->out[1] + p->tile - 1) / p->tile;
  p->tiles = p->images * p->down * p->across;
  return p->C >= FEWEST && p->K >= FEWEST && p->tiles >= LANES;
}

static int winograd_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                         const mt_window *w, int activation) {
  plan p = {.pad = {w->pad[1], w->pad[2]}, .activation = activation};
  if (!prepare(&p, w, input, out)) return other_conv(out, input, weight, bias, w, activation);
  p.input = mt_tensor_data(input);
  p.weight = weight;
  p.bias = bias ? mt_tensor_data(bias) : NULL;
  p.output = mt_tensor_data(out);
  p.channel_step = p.taps * p.taps;
  p.plane_step = p.channel_step * p.C;
  return run_plan(&p);
}

/* The input's gradient is the convolution of the output's with the taps in reverse. */
static int winograd_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  plan p = {.flipped = 1};
  if (!prepare(&p, w, grad, out)) return other_input(out, grad, weight, w);
  for (int i = 0; i < 2; i++) p.pad[i] = p.taps - 1 - w->pad[i + 1];
  p.input = mt_tensor_data(grad);
  p.weight = weight;
  p.output = mt_tensor_data(out);
  p.plane_step = p.taps * p.taps;
  p.channel_step = p.plane_step * p.K;
  return run_plan(&p);
}

static int winograd_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  plan p = {.pad = {w->pad[1], w->pad[2]}};
  if (!prepare(&p, w, input, grad)) return other_weight(out, grad, input, w);
  p.input = mt_tensor_data(input);
  p.output = mt_tensor_data(grad);
  return weigh(&p, mt_tensor_data(out));
}

void WINOGRAD_REGISTER(void) {
  other_conv = (mt_conv_kernel)mt_kernel_get(MT_CPU, MT_OP_conv, MT_FLOAT);
  other_input = (mt_conv_grad_kernel)mt_kernel_get(MT_CPU, MT_OP_conv_input, MT_FLOAT);
  other_weight = (mt_conv_grad_kernel)mt_kernel_get(MT_CPU, MT_OP_conv_weight, MT_FLOAT);
  mt_kernel_set(MT_CPU, MT_OP_conv, MT_FLOAT, (mt_kernel)winograd_conv);
  mt_kernel_set(MT_CPU, MT_OP_conv_input, MT_FLOAT, (mt_kernel)winograd_input);
  mt_kernel_set(MT_CPU, MT_OP_conv_weight, MT_FLOAT, (mt_kernel)winograd_weight);
}

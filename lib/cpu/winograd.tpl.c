/* winograd.tpl.c: convolution of floats by Winograd's minimal filtering (A. Lavin, S. Gray, "Fast algorithms for
 * convolutional neural networks", 2015), for windows of 3×3 and 5×5, and of up to 6×6 with strides of 2 (see
 * winograd_strided.tpl.c). Outputs fall into tiles of 4×4 (5×5) for 2×2 taps, 4×4 for 3×3 and 2×2 for 5×5, each made from
 * side×side inputs (5 or 6) by side² multiplications, where the plain way takes 64, 144 or 100:
 *
 *   out = Aᵀ ((G w Gᵀ) ⊙ (Bᵀ in B)) A      summed over channels between the transforms: side² products of matrices
 *
 * The three matrices come from the points 0, 1, -1, 2, -2 (for a side of 6) and ∞: B from them alone, and with the
 * factors f = 1/4, -1/6, -1/6, 1/24, 1/24 and 1, or 1/2, -1/2, -1/6, 1/6 and 1, row i of G is f times the powers of
 * point i, as many as there are taps, and column i of Aᵀ its powers, as many as there are outputs; ∞ has a 1 at the last.
 * So tiles of the output's gradient can play the taps' part, and the weight's gradient that of the outputs: the same
 * tiles of inputs serve all three.
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
  POINTS = 36,      /* of a transformed tile, at the most */
  PLANES = 64,      /* planes between multiplication and output transform */
  FEWEST = 16,      /* channels and planes that are worth the transforms */
  BLOCK = 64,       /* tiles that the weight's gradient takes at once: whole vectors of them */
  SINGLE = 256,     /* so many are still taken as one block, and then */
  GROUP = 32,       /* planes are finished so many at a time */
  AHEAD = 8         /* channels whose taps are asked for ahead */
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

/* The forms that there are: outputs of a tile and taps of a window, along either axis, as two digits. Inlined functions
 * take the form as a constant. */
enum { FORM_4_3 = 43, FORM_2_5 = 25, FORM_4_2 = 42, FORM_5_2 = 52 };
#define TILE(FORM) ((FORM) / 10)
#define TAPS(FORM) ((FORM) % 10)
#define SIDE(FORM) (TILE(FORM) + TAPS(FORM) - 1)

/* Where taps lie in the weight: those of a row step apart, rows of them row_step apart, where the window has as many. Its
 * channels or its planes may be phases (see winograd_strided.tpl.c), four to one of the weight. */
typedef struct {
  int64_t plane_step, channel_step;  /* of the weight's planes and channels */
  int plane_bits, channel_bits;      /* of the number of a plane or channel that tell its phase: 0, or 2 of either */
  int kernel, row_step, step;        /* step: 1 or 2 */
} tap_places;

/* The taps of one phase: number of the first in a window, and how many rows and columns of them there are */
typedef struct {
  int first, high, wide;
} phase;

static inline phase phase_at(const tap_places *l, int64_t plane, int64_t channel) {
  int down = (int)((plane & (l->plane_bits ? 3 : 0)) + (channel & (l->channel_bits ? 3 : 0))), right = down & 1;
  down >>= 1;
  return (phase){down * l->kernel + right, (l->kernel - down + l->step - 1) >> (l->step - 1),
                 (l->kernel - right + l->step - 1) >> (l->step - 1)};
}

/* A convolution in numbers. K planes are made from C channels. */
typedef struct {
  int64_t images, C, K;
  int64_t in[2], out[2], pad[2]; /* heights and widths */
  int form, points;              /* points: of a transformed tile */
  int64_t down, across, tiles;   /* tiles of an image, and of all */
  int64_t block;                 /* tiles that are worked on at once */
  int64_t u, v, m;               /* numbers for each of the points in what the transforms give */
  const float *input, *bias;
  const mt_tensor *weight;
  float *output; /* or its gradient */
  const tap_places *places;
  int flipped; /* whether taps are taken from the last to the first */
  int activation;
} plan;

/* Calls an inlined function with the form as its last argument, a constant. */
#define BY_FORM(NAME, ...)                                  \
  ((p)->form == FORM_4_3   ? NAME(__VA_ARGS__, FORM_4_3)   \
   : (p)->form == FORM_2_5 ? NAME(__VA_ARGS__, FORM_2_5)   \
   : (p)->form == FORM_4_2 ? NAME(__VA_ARGS__, FORM_4_2)   \
                           : NAME(__VA_ARGS__, FORM_5_2))

/* -- Transforms of a few numbers -------------------------------------------------------------------------------- */

/* v: Bᵀ times d, the results step apart; d: side numbers, with gaps of gap */
INLINED void before(lanes *v, int step, const lanes *d, int gap, int side) {
  lanes d0 = d[0], d1 = d[gap], d2 = d[2 * gap], d3 = d[3 * gap], d4 = d[4 * gap];
  if (side == 5) {
    lanes odd = d3 - d1, even = d3 - d2;
    v[0] = 2 * (d0 - d2) + odd;
    v[step] = even - 2 * d1;
    v[2 * step] = even + 2 * (d1 - d2);
    v[3 * step] = odd;
    v[4 * step] = d4 - d2 - 2 * odd;
    return;
  }
  lanes d5 = d[5 * gap], even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, far = 2 * (d3 - d1);
  v[0] = 4 * d0 - 5 * d2 + d4;
  v[step] = even + odd;
  v[2 * step] = even - odd;
  v[3 * step] = near + far;
  v[4 * step] = near - far;
  v[5 * step] = 4 * d1 - 5 * d3 + d5;
}

/* u: G times g, of so many taps */
INLINED void taps(lanes *u, int step, const lanes *g, int gap, int count, int side) {
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
  u[(side - 1) * step] = g[last * gap];
  if (side == 5) {
    u[0] = g[0] * 0.5f;
    u[step] = (even_1 + odd_1) * -0.5f;
    u[2 * step] = (odd_1 - even_1) * (1 / 6.0f);
    u[3 * step] = (even_2 + 2 * odd_2) * (1 / 6.0f);
    return;
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
}

/* y: Aᵀ times m, of side numbers: so many outputs */
INLINED void after(lanes *y, int step, const lanes *m, int64_t gap, int count, int side) {
  lanes m1 = m[gap], m2 = m[2 * gap], m3 = m[3 * gap], even_1 = m1 + m2, odd_1 = m1 - m2, even_2 = m3, odd_2 = m3;
  if (side == 6) {
    even_2 += m[4 * gap];
    odd_2 -= m[4 * gap];
  }
  y[0] = m[0] + even_1 + even_2;
  for (int i = 1; i < count; i++)
    y[i * step] = i % 2 ? odd_1 + (float)(1 << i) * odd_2 : even_1 + (float)(1 << i) * even_2;
  y[(count - 1) * step] += m[(side - 1) * gap];
}

/* -- The weight ------------------------------------------------------------------------------------------------- */

/* tap: those of planes first … of channel c, from the last to the first if flipped. w: all of the weight */
INLINED void load_taps(float (*tap)[2][ROWS], const plan *p, const float *w, int64_t first, int64_t c, int count,
                       int flipped) {
  const tap_places *l = p->places;
  int64_t planes = mt_least(p->K - first, ROWS);
  if (l->step == 1) {
    int squares = planes == ROWS ? count * count / 4 * 4 : 0, step = flipped ? -2 * ROWS : 2 * ROWS;
    w += first * l->plane_step + c * l->channel_step;
    for (int64_t k = 0; k < planes; k++, w += l->plane_step) {
      __builtin_prefetch(w + AHEAD * l->channel_step);
      for (int i = 0; i < squares && k % 4 == 0; i += 4)
        turn_four(&tap[flipped ? count * count - 1 - i : i][0][k], step, w + i, l->plane_step);
      for (int i = squares; i < count * count; i++) tap[flipped ? count * count - 1 - i : i][0][k] = w[i];
    }
    return;
  }
  w += (c >> l->channel_bits) * l->channel_step;
  for (int64_t k = 0; k < planes; k++) {
    phase f = phase_at(l, first + k, c);
    const float *from = w + ((first + k) >> l->plane_bits) * l->plane_step + f.first;
    __builtin_prefetch(from + AHEAD * l->channel_step);
    for (int i = 0; i < count * count; i++) {
      int there = i / count < f.high && i % count < f.wide;
      tap[flipped ? count * count - 1 - i : i][0][k] = there ? from[i / count * l->row_step + 2 * (i % count)] : 0;
    }
  }
}

/* u: points×C×ROWS, the transformed taps of planes first … first + ROWS - 1, of two channels in a vector; planes behind the
 * last are 0, and so is a channel behind an odd last */
INLINED void lay_taps(float *u, const plan *p, int64_t first, int form) {
  int count = TAPS(form), square = count * count, side = SIDE(form);
  _Alignas(64) float tap[25][2][ROWS] = {{{0}}};
  const float *w = mt_tensor_data(p->weight);
  for (int64_t c = 0; c < p->C; c += 2, u += 2 * ROWS) {
    lanes half[30], point[POINTS];
    const lanes *g = (const lanes *)tap;
    for (int64_t n = 0; n < mt_least(2, p->C - c); n++)
      if (p->flipped)
        load_taps((float(*)[2][ROWS])tap[0][n], p, w, first, c + n, count, 1);
      else
        load_taps((float(*)[2][ROWS])tap[0][n], p, w, first, c + n, count, 0);
    for (int i = 0; i < square && c + 1 == p->C; i++) memset(tap[i][1], 0, sizeof tap[i][1]);
    for (int j = 0; j < count; j++) taps(half + j, count, g + j, count, count, side);
    for (int i = 0; i < side; i++) taps(point + side * i, 1, half + count * i, 1, count, side);
    for (int i = 0; i < side * side; i++) *(lanes *)(u + i * p->u) = point[i];
  }
}

static void transform_taps(float *u, const plan *p, int64_t first) { BY_FORM(lay_taps, u, p, first); }

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
  int tile = TILE(p->form), side = SIDE(p->form);
  int64_t image = row / p->down, top = tile * (row % p->down), left = tile * x;
  int64_t in = image * p->C * p->in[0] * p->in[1], out = image * p->K * p->out[0] * p->out[1];
  int columns = tile * count;
  return (run){patch_at(p->in, in, top - p->pad[0], left - p->pad[1], side, columns + side - tile),
               patch_at(p->out, out, top, left, tile, columns), lane, count};
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
  _Alignas(64) float row[6][5 * LANES];
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
    copy_some(to + at->before, from + at->before, inner - at->before);
    for (int x = outer; x < at->end; x++) s->behind[i][x - own][last] = from[x];
  }
}

/* d: the numbers of each tile that lie side by side in row i, one vector for each */
INLINED void part(lanes *d, const strip *s, int i, int tile) {
  const lanes *x = (const lanes *)s->row[i];
  if (tile == 5) {
    for (int j = 0; j < tile; j++)
      for (int l = 0; l < LANES; l++) d[j][l] = s->row[i][tile * l + j];
    return;
  }
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

/* d: all numbers of each tile in row i; the last of them are the next tile's first */
INLINED void spread(lanes *d, const strip *s, int i, int tile, int side) {
  const lanes *behind = (const lanes *)s->behind[i][0];
  lanes_mask last = *(const lanes_mask *)s->is_last;
  part(d, s, i, tile);
  for (int j = tile; j < side; j++)
    d[j] = choose(last, behind[j - tile], __builtin_shufflevector(d[j - tile], d[j - tile], NEXT));
}

/* The points of LANES tiles of inputs: Bᵀ in B, in channel c. s: from start_strip */
INLINED void input_points(lanes *point, strip *s, const plan *p, const run *runs, int n, int64_t c, int form) {
  lanes d[POINTS], half[POINTS];
  int tile = TILE(form), side = SIDE(form);
  for (int i = 0; i < n; i++) fill_strip(s, &runs[i], &runs[i].in, p->input + c * p->in[0] * p->in[1], p->in[1], tile);
  for (int i = 0; i < side; i++) spread(d + side * i, s, i, tile, side);
  for (int j = 0; j < side; j++) before(half + j, side, d + j, side, side);
  for (int i = 0; i < side; i++) before(point + side * i, 1, half + side * i, 1, side);
}

/* Readies s for LANES tiles from number first on; gives the number of runs. */
static int start_strip(strip *s, run *runs, const plan *p, int64_t first) {
  int n = find_runs(runs, p, first);
  memset(s, 0, sizeof *s);
  for (int i = 0; i < n; i++) s->is_last[runs[i].lane + runs[i].count - 1] = -1;
  return n;
}

INLINED void lay_inputs(float *v, const plan *p, int64_t first, int form) {
  run runs[LANES];
  strip s;
  int n = start_strip(&s, runs, p, first);
  for (int64_t c = 0; c < p->C; c++, v += p->block) {
    lanes point[POINTS];
    input_points(point, &s, p, runs, n, c, form);
    for (int i = 0; i < SIDE(form) * SIDE(form); i++) *(lanes *)(v + i * p->v) = point[i];
  }
}

/* v: points×C×block, from there on LANES tiles */
static void transform_inputs(float *v, const plan *p, int64_t first) { BY_FORM(lay_inputs, v, p, first); }

/* to: the numbers of each tile side by side; y: a vector for each of them */
INLINED void gather(float *to, const lanes *y, int tile) {
  lanes *x = (lanes *)to;
  if (tile == 5) {
    for (int l = 0; l < LANES; l++)
      for (int j = 0; j < tile; j++) to[tile * l + j] = y[j][l];
    return;
  }
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

INLINED void lay_outputs(const float *m, const plan *p, int64_t first, int64_t plane, int64_t planes, int form) {
  run runs[LANES];
  int tile = TILE(form), side = SIDE(form);
  int n = find_runs(runs, p, first);
  for (int64_t k = plane; k < plane + planes; k++, m += p->block) {
    lanes half[30], y[25], bias = {0};
    _Alignas(64) float row[5][5 * LANES];
    if (p->bias) bias += p->bias[k];
    for (int j = 0; j < side; j++)
      after(half + j, side, (const lanes *)(m + j * p->m), side * p->m / LANES, tile, side);
    for (int i = 0; i < tile; i++) after(y + tile * i, 1, half + side * i, 1, tile, side);
    for (int i = 0; i < tile * tile; i++) y[i] += bias;
    for (int i = 0; i < tile * tile && p->activation == MT_RELU; i++) y[i] = rectified(y[i]);
    for (int i = 0; i < tile; i++) gather(row[i], y + tile * i, tile);
    for (const run *r = runs; r < runs + n; r++) {
      float *to = p->output + r->out.place + k * p->out[0] * p->out[1];
      for (int i = 0; i < r->out.bottom; i++, to += p->out[1])
        copy_some(to, row[i] + tile * r->lane, r->out.end);
    }
  }
}

/* m: points×PLANES×block, from there on LANES tiles of so many planes: out = Aᵀ m A + bias */
static void transform_outputs(const float *m, const plan *p, int64_t first, int64_t plane, int64_t planes) {
  BY_FORM(lay_outputs, m, p, first, plane, planes);
}

/* -- Between the transforms ------------------------------------------------------------------------------------- */

/* One point of WIDE tiles, or only of LANES. u: panels of ROWS planes, step apart; m: PLANES×block, v: C×block */
static void multiply_point(float *m, const float *u, int64_t step, const float *v, const plan *p, int64_t planes,
                           int narrow) {
  int64_t k = 0;
  for (; narrow && k + ROWS < planes; k += 2 * ROWS, u += 2 * step)
    multiply_narrow(m + k * p->block, p->block, u, u + step, v, p->block, p->C, 0);
  for (; k < planes; k += ROWS, u += step) multiply(m + k * p->block, p->block, u, 1, ROWS, v, p->block, p->C, 0);
}

/* u: panels of ROWS planes from plane on, each points×C×ROWS; v: points×C×block, m: points×PLANES×block */
static void multiply_all(float *m, const float *u, const float *v, const plan *p, int64_t planes, int64_t count) {
  for (int i = 0; i < p->points; i++)
    for (int64_t t = 0; t < count; t += WIDE)
      multiply_point(m + i * p->m + t, u + i * p->u, p->points * p->u, v + i * p->v + t, p, planes, count - t <= LANES);
}

static void transform_all_taps(float *u, const plan *p, int64_t plane, int64_t planes) {
  for (int64_t k = 0; k < planes; k += ROWS) transform_taps(u + k / ROWS * p->points * p->u, p, plane + k);
}

/* Tiles first … first + count - 1, planes plane … end - 1. u: all transformed taps, or NULL, and then they are made here,
 * so few at a time that they stay in the cache; work: see room_for */
static void run_block(const plan *p, const float *u, float *work, int64_t first, int64_t plane, int64_t end) {
  int64_t count = p->tiles - first < p->block ? p->tiles - first : p->block;
  float *v = work, *m = v + p->points * p->v, *own = m + p->points * p->m;
  for (int64_t t = 0; t < count; t += LANES) transform_inputs(v + t, p, first + t);
  for (; plane < end; plane += PLANES) {
    int64_t planes = end - plane < PLANES ? end - plane : PLANES;
    if (!u) transform_all_taps(own, p, plane, planes);
    multiply_all(m, u ? u + plane / ROWS * p->points * p->u : own, v, p, planes, count);
    for (int64_t t = 0; t < count; t += LANES) transform_outputs(m + t, p, first + t, plane, planes);
  }
}

/* Numbers that a thread needs: transformed inputs, products and, unless they are made before, taps. */
static int64_t room_for(const plan *p, int taps_before) {
  return p->points * (p->v + p->m + (taps_before ? 0 : PLANES / ROWS * p->u));
}

/* All transformed taps, if they are kept beside the weight */
static mt_kept kept_taps(const plan *p, int64_t count) {
  static const char kind;
  const mt_tensor *w = p->weight;
  mt_kept_key key = {&kind, {w->offset, p->C, p->K, p->form, w->size[4], p->places->plane_step, p->flipped}};
  return mt_kept_begin(w->storage, &key, count);
}

/* Threads share out blocks of tiles and, where these are few, the planes. Many blocks share the transformed taps. */
static int run_plan(plan *p) {
  p->block = p->tiles > 4 * WIDE ? 2 * WIDE : mt_whole(p->tiles, WIDE);
  /* an odd number of cache lines, so that the points of a tile do not compete for one place in the cache */
  p->u = mt_whole(p->C, 2) * ROWS + 16;
  p->v = p->C * p->block + 16;
  p->m = PLANES * p->block + 16;
  int64_t panels = (p->K + ROWS - 1) / ROWS, blocks = (p->tiles + p->block - 1) / p->block, capacity;
  mt_kept kept = kept_taps(p, panels * p->points * p->u);
  int threads = mt_threads_for(p->tiles * p->C * p->K), taps_before = kept.layout || blocks > threads;
  int64_t shares = blocks < threads ? (threads + blocks - 1) / blocks : 1, pieces = blocks * shares;
  int64_t room = room_for(p, taps_before), taps = taps_before && !kept.layout ? panels * p->points * p->u : 0;
  float *all = mt_borrow((size_t)(taps + threads * room) * sizeof *all, &capacity);
  if (!all) {
    mt_kept_end(&kept);
    return 1;
  }
  float *u = kept.layout ? kept.layout : all;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *work = all + taps + omp_get_thread_num() * room;
#pragma omp for
    for (int64_t i = 0; i < panels * (taps_before && kept.is_new); i++) transform_taps(u + i * p->points * p->u, p, i * ROWS);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < pieces; i++) {
      int64_t most = (panels + shares - 1) / shares * ROWS, plane = i % shares * most;
      int64_t end = plane + most < p->K ? plane + most : p->K;
      run_block(p, taps_before ? u : NULL, work, i / shares * p->block, plane, end);
    }
  }
  mt_kept_end(&kept);
  mt_give_back(all, capacity);
  return 0;
}

#include "winograd_weight.tpl.c"

/* -- Slots ------------------------------------------------------------------------------------------------------ */

static mt_conv_kernel other_conv;
static mt_conv_grad_kernel other_input, other_weight;

/* Whether a window has the same stride along both axes of a plane, as many taps, and no more padding than that. */
static int is_square(const mt_window *w, int64_t stride) {
  if (mt_float32_precision() == MT_HIGHEST || w->groups != 1) return 0; /* the error of tiles is larger */
  for (int i = 0; i < 3; i++)
    if (w->kernel[i] != (i ? w->kernel[1] : 1) || w->stride[i] != (i ? stride : 1) || w->dilation[i] != 1 ||
        w->pad[i] > (i ? w->kernel[1] - 1 : 0))
      return 0;
  return 1;
}

/* Whether there is a form for so many taps along either axis; if so, the numbers of a plan that follow from it and from the
 * sizes of planes. */
static int measure(plan *p, int64_t taps, const int64_t *in, const int64_t *out) {
  static const int forms[] = {FORM_4_3, FORM_2_5, FORM_4_2, FORM_5_2};
  int64_t least = 0;
  for (int i = 0; i < 4; i++) {
    int tile = TILE(forms[i]), points = SIDE(forms[i]) * SIDE(forms[i]);
    int64_t down = mt_parts(out[0], tile), across = mt_parts(out[1], tile), multiplications = points * down * across;
    if (TAPS(forms[i]) != taps || (least && multiplications >= least)) continue;
    least = multiplications;
    p->form = forms[i];
    p->points = points;
    p->down = down;
    p->across = across;
  }
  for (int i = 0; i < 2; i++) {
    p->in[i] = in[i];
    p->out[i] = out[i];
  }
  p->tiles = p->images * p->down * p->across;
  return least > 0;
}

/* Whether it is worth it, for an output of these sizes; the numbers that follow from sizes. */
static int prepare(plan *p, const mt_window *w, const mt_tensor *input, const mt_tensor *output) {
  if (!is_square(w, 1) || input->size[2] != 1) return 0;
  p->images = input->size[0];
  p->C = input->size[1];
  p->K = output->size[1];
  if (!measure(p, w->kernel[1], input->size + 3, output->size + 3)) return 0;
  return p->C >= FEWEST && p->K >= FEWEST && p->tiles >= LANES;
}

/* Of a weight of so many channels, which are the planes if turned; in phases of so many bits */
static tap_places places_of(const mt_window *w, int64_t channels, int turned, int bits) {
  int64_t window = w->kernel[1] * w->kernel[2], plane = channels * window;
  int kernel = (int)w->kernel[1], step = bits ? 2 : 1;
  return (tap_places){turned ? window : plane, turned ? plane : window, turned ? bits : 0, turned ? 0 : bits,
                      kernel, step * kernel, step};
}

#include "winograd_strided.tpl.c"

static int winograd_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                         const mt_window *w, int activation) {
  plan p = {.weight = weight, .bias = bias ? mt_tensor_data(bias) : NULL, .activation = activation};
  int strided = strided_conv(&p, out, input, w);
  if (strided) return strided < 0;
  if (!prepare(&p, w, input, out)) return other_conv(out, input, weight, bias, w, activation);
  tap_places l = places_of(w, p.C, 0, 0);
  p.places = &l;
  p.input = mt_tensor_data(input);
  p.output = mt_tensor_data(out);
  for (int i = 0; i < 2; i++) p.pad[i] = w->pad[i + 1];
  return run_plan(&p);
}

/* The input's gradient is the convolution of the output's with the taps in reverse. */
static int winograd_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w) {
  plan p = {.weight = weight, .flipped = 1};
  int strided = strided_input(&p, out, grad, w);
  if (strided) return strided < 0;
  if (!prepare(&p, w, grad, out)) return other_input(out, grad, weight, w);
  tap_places l = places_of(w, p.K, 1, 0);
  p.places = &l;
  p.input = mt_tensor_data(grad);
  p.output = mt_tensor_data(out);
  for (int i = 0; i < 2; i++) p.pad[i] = w->kernel[i + 1] - 1 - w->pad[i + 1];
  return run_plan(&p);
}

static int winograd_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  plan p = {0};
  int strided = strided_weight(&p, out, grad, input, w);
  if (strided) return strided < 0;
  if (!prepare(&p, w, input, grad)) return other_weight(out, grad, input, w);
  tap_places l = places_of(w, p.C, 0, 0);
  p.places = &l;
  p.input = mt_tensor_data(input);
  p.output = mt_tensor_data(grad);
  for (int i = 0; i < 2; i++) p.pad[i] = w->pad[i + 1];
  return weigh(&p, mt_tensor_data(out));
}

void WINOGRAD_REGISTER(void) {
  other_conv = mt_get_conv(MT_CPU, MT_FLOAT);
  other_input = mt_get_conv_input(MT_CPU, MT_FLOAT);
  other_weight = mt_get_conv_weight(MT_CPU, MT_FLOAT);
  mt_set_conv(MT_CPU, MT_FLOAT, winograd_conv);
  mt_set_conv_input(MT_CPU, MT_FLOAT, winograd_input);
  mt_set_conv_weight(MT_CPU, MT_FLOAT, winograd_weight);
}

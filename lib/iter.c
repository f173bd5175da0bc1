/* iter.c: the one strided, broadcasting loop. Splits the elements over threads and feeds 1-D kernels. */
#include "iter.h"

#include "half.h"
#include "stream.h"

#include <string.h>

/* -- Layout ------------------------------------------------------------------------------------------------- */

static void swap_dims(mt_plan *plan, int i, int j) {
  int64_t size = plan->size[i];
  plan->size[i] = plan->size[j];
  plan->size[j] = size;
  for (int k = 0; k < plan->operands; k++) {
    int64_t step = plan->step[k][i];
    plan->step[k][i] = plan->step[k][j];
    plan->step[k][j] = step;
  }
}

/* Widest steps of the output first: its memory is then written in order. */
static void sort_dims(mt_plan *plan) {
  for (int i = 1; i < plan->dim; i++)
    for (int j = i; j > 0 && plan->step[0][j - 1] < plan->step[0][j]; j--) swap_dims(plan, j - 1, j);
}

static int mergeable(const mt_plan *plan, int outer, int inner) {
  for (int k = 0; k < plan->operands; k++)
    if (plan->step[k][outer] != plan->step[k][inner] * plan->size[inner]) return 0;
  return 1;
}

static void merge_dims(mt_plan *plan) {
  int last = 0;
  for (int i = 1; i < plan->dim; i++) {
    if (mergeable(plan, last, i)) {
      plan->size[last] *= plan->size[i];
    } else {
      last++;
      plan->size[last] = plan->size[i];
    }
    for (int k = 0; k < plan->operands; k++) plan->step[k][last] = plan->step[k][i];
  }
  plan->dim = last + 1;
}

void mt_plan_layout(mt_plan *plan, int dim, const int64_t *size, const mt_tensor *const *operand) {
  plan->dim = 0;
  plan->numel = dim > 0 ? 1 : 0;
  for (int i = 0; i < dim; i++) {
    plan->numel *= size[i];
    if (size[i] == 1) continue;
    for (int k = 0; k < plan->operands; k++) {
      const mt_tensor *t = operand[k];
      int own = t ? i - (dim - t->dim) : -1;
      plan->step[k][plan->dim] = own >= 0 && t->size[own] > 1 ? t->stride[own] * mt_dtype_size(t->dtype) : 0;
    }
    plan->size[plan->dim++] = size[i];
  }
  for (int k = 0; k < plan->operands; k++) {
    plan->data[k] = operand[k] ? mt_tensor_data(operand[k]) : NULL;
    plan->width[k] = operand[k] ? mt_dtype_size(operand[k]->dtype) : 0;
    if (plan->dim == 0) plan->step[k][0] = plan->width[k];
  }
  if (plan->dim == 0) {
    plan->dim = 1;
    plan->size[0] = plan->numel;
  } else if (plan->dim > 1) {
    sort_dims(plan);
    merge_dims(plan);
  }
}

/* -- Numbers ------------------------------------------------------------------------------------------------ */

double mt_scalar_wrap(int dtype, double value) {
  switch (dtype) {
    case MT_UINT8: return (uint8_t)mt_double_to_int64(value);
    case MT_INT8: return (int8_t)mt_double_to_int64(value);
    case MT_INT16: return (int16_t)mt_double_to_int64(value);
    case MT_INT32: return (int32_t)mt_double_to_int64(value);
    case MT_INT64: return value >= 9223372036854775807.0 ? 9223372036854774784.0 : (double)mt_double_to_int64(value);
    default: return value;
  }
}

void mt_scalar_store(int dtype, double value, void *element) {
  int64_t whole = dtype >= MT_UINT8 ? mt_double_to_int64(value) : 0;
  switch (dtype) {
    case MT_FLOAT: *(float *)element = (float)value; break;
    case MT_DOUBLE: *(double *)element = value; break;
    case MT_HALF: *(mt_half *)element = mt_float_to_half((float)value); break;
    case MT_BFLOAT16: *(mt_bfloat16 *)element = mt_float_to_bfloat16((float)value); break;
    case MT_UINT8: *(uint8_t *)element = (uint8_t)whole; break;
    case MT_INT8: *(int8_t *)element = (int8_t)whole; break;
    case MT_INT16: *(int16_t *)element = (int16_t)whole; break;
    case MT_INT32: *(int32_t *)element = (int32_t)whole; break;
    default: *(int64_t *)element = whole; break;
  }
}

/* -- One run ------------------------------------------------------------------------------------------------ */

typedef struct {
  mt_pointwise_kernel kernel;
  const mt_plan *plan;
  char *data[4];         /* the plan's, numbers given an address */
  int streams;           /* the output goes past the caches */
  int across;            /* the axis along which some inputs are packed that are not so along the last one; -1: none */
  int turned[4];         /* which these are */
  int64_t rows, columns; /* of a tile */
} job;

/* Shorter runs are not worth streaming, in bytes; half of it, where they are whole lines. */
enum { STREAM_LEAST = 512 };

/* Ops whose functions take longer than memory does */
static const char is_maths[MT_OPS] = {
#define UNARY_MATHS(NAME, TYPES, FORMULA) [MT_OP_##NAME] = 1,
#define BINARY_MATHS UNARY_MATHS
#include "ops.def"
};

/* An output that is one of the inputs has its lines in the cache already. */
static int is_streamed(const mt_plan *plan, int threads) {
  if (plan->step[0][plan->dim - 1] != plan->width[0] || is_maths[plan->op]) return 0;
  for (int k = 1; k < plan->operands; k++)
    if (plan->data[k] == plan->data[0]) return 0;
  return mt_streams(plan->numel * plan->width[0], threads);
}

/* While a block is on its way to memory, what the next one is made of is asked for. */
static void stream_run(const job *j, int64_t n, char *const *p, const int64_t *step) {
  _Alignas(MT_LINE) char block[MT_STREAM_BLOCK];
  const mt_plan *plan = j->plan;
  char *at[4] = {p[0], p[1], p[2], p[3]};
  while (n > 0) {
    char *to = at[0];
    int64_t count = mt_least(mt_stream_block(to) / plan->width[0], n);
    at[0] = block;
    j->kernel(count, at, step, plan->s, plan->t);
    for (int k = 1; k < plan->operands; k++) {
      at[k] += count * step[k];
      if (step[k] == plan->width[k]) mt_fetch(at[k], count * step[k]);
    }
    mt_stream(to, block, count * plan->width[0]);
    at[0] = to + count * plan->width[0];
    n -= count;
  }
}

static int is_long(const char *to, int64_t bytes) {
  int whole = ((uintptr_t)to | (uint64_t)bytes) % MT_LINE == 0;
  return bytes >= (whole ? STREAM_LEAST / 2 : STREAM_LEAST);
}

static void run(const job *j, int64_t n, char *const *p, const int64_t *step) {
  if (j->streams && is_long(p[0], n * j->plan->width[0]))
    stream_run(j, n, p, step);
  else
    j->kernel(n, p, step, j->plan->s, j->plan->t);
}

/* -- Rows --------------------------------------------------------------------------------------------------- */

/* Elements begin … end - 1, counted row by row. */
static void run_range(const job *j, int64_t begin, int64_t end) {
  const mt_plan *plan = j->plan;
  int last = plan->dim - 1, operands = plan->operands;
  int64_t at[MT_MAX_DIM], step[4], rest = begin;
  char *p[4] = {NULL};
  for (int i = last; i >= 0; i--) {
    at[i] = rest % plan->size[i];
    rest /= plan->size[i];
  }
  for (int k = 0; k < operands; k++) {
    step[k] = plan->step[k][last];
    p[k] = j->data[k];
    for (int i = 0; i <= last; i++) p[k] += at[i] * plan->step[k][i];
  }
  while (begin < end) {
    int64_t n = plan->size[last] - at[last];
    if (n > end - begin) n = end - begin;
    run(j, n, p, step);
    if ((begin += n) >= end) return;
    for (int k = 0; k < operands; k++) p[k] -= at[last] * step[k];
    at[last] = 0;
    for (int i = last - 1; i >= 0; i--) {
      for (int k = 0; k < operands; k++) p[k] += plan->step[k][i];
      if (++at[i] < plan->size[i]) break;
      for (int k = 0; k < operands; k++) p[k] -= at[i] * plan->step[k][i];
      at[i] = 0;
    }
  }
}

/* -- Tiles: inputs that lie across are turned, a tile at a time --------------------------------------------- */

/* A row of a tile goes along the last axis. There are as many rows as elements in TILE_LINES: four lines of the cache,
 * read whole. The rows are as long, within bounds. Axes shorter than TILE_AXIS are not worth it. */
enum { TILE_LINES = 4 * MT_LINE, COLUMNS_LEAST = 64, COLUMNS_MOST = 128, TILE_AXIS = 8 };

/* The axis along which input k is packed, when the last one is not it; -1: none */
static int packed_axis(const mt_plan *plan, int k) {
  const int last = plan->dim - 1;
  if (plan->width[k] == 0 || plan->step[k][last] <= plan->width[k] || plan->size[last] < TILE_AXIS) return -1;
  for (int i = last - 1; i >= 0; i--)
    if (plan->step[k][i] == plan->width[k] && plan->size[i] >= TILE_AXIS) return i;
  return -1;
}

static void choose_tiles(job *j) {
  int64_t widest = 1;
  j->across = -1;
  for (int k = 1; k < j->plan->operands; k++) {
    int axis = packed_axis(j->plan, k);
    if (axis < 0 || (j->across >= 0 && axis != j->across)) continue;
    j->across = axis;
    j->turned[k] = 1;
    if (j->plan->width[k] > widest) widest = j->plan->width[k];
  }
  j->rows = TILE_LINES / widest;
  j->columns = mt_least(COLUMNS_MOST, TILE_LINES / j->plan->width[0]);
  if (j->columns < COLUMNS_LEAST) j->columns = COLUMNS_LEAST;
}

/* to: rows of so many columns; from: columns of packed elements. Squares of SIDE elements each way are turned in
 * registers: each step of zipping moves a bit of a line's number to the place in the line. Stores are few, so that many
 * columns are under way at once: each comes from elsewhere in memory. */
#define TURN(NAME, TYPE, SIDE, LOW, HIGH)                                                            \
  typedef TYPE NAME##_line __attribute__((vector_size(16), aligned(sizeof(TYPE)), may_alias));       \
  static inline void NAME##_square(char *to, int64_t to_step, const char *from, int64_t from_step) { \
    NAME##_line x[SIDE], y[SIDE];                                                                    \
    for (int i = 0; i < SIDE; i++) x[i] = *(const NAME##_line *)(from + i * from_step);              \
    for (int zips = 1; zips < SIDE; zips *= 2) {                                                     \
      for (int i = 0; i < SIDE / 2; i++) {                                                           \
        y[2 * i] = __builtin_shufflevector(x[i], x[i + SIDE / 2], LOW);                              \
        y[2 * i + 1] = __builtin_shufflevector(x[i], x[i + SIDE / 2], HIGH);                         \
      }                                                                                              \
      memcpy(x, y, sizeof x);                                                                        \
    }                                                                                                \
    for (int i = 0; i < SIDE; i++) *(NAME##_line *)(to + i * to_step) = x[i];                        \
  }                                                                                                  \
  static void NAME(char *to, const char *from, int64_t from_step, int64_t rows, int64_t columns) {   \
    const int64_t square_rows = rows / SIDE * SIDE, square_columns = columns / SIDE * SIDE;          \
    const int64_t to_step = columns * (int64_t)sizeof(TYPE);                                         \
    for (int64_t c = 0; c < square_columns; c += SIDE)                                               \
      for (int64_t r = 0; r < square_rows; r += SIDE)                                                \
        NAME##_square((char *)((TYPE *)(to + r * to_step) + c), to_step,                             \
                      (const char *)((const TYPE *)(from + c * from_step) + r), from_step);          \
    for (int64_t c = 0; c < columns; c++)                                                            \
      for (int64_t r = c < square_columns ? square_rows : 0; r < rows; r++)                          \
        ((TYPE *)(to + r * to_step))[c] = ((const TYPE *)(from + c * from_step))[r];                 \
  }
#define LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_8 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
#define LOW_4 0, 4, 1, 5
#define HIGH_4 2, 6, 3, 7
#define LOW_2 0, 2
#define HIGH_2 1, 3
TURN(turn_1, uint8_t, 16, LOW_16, HIGH_16)
TURN(turn_2, uint16_t, 8, LOW_8, HIGH_8)
TURN(turn_4, uint32_t, 4, LOW_4, HIGH_4)
TURN(turn_8, uint64_t, 2, LOW_2, HIGH_2)

static void turn(char *to, const char *from, int64_t from_step, int64_t rows, int64_t columns, int64_t width) {
  switch (width) {
    case 1: turn_1(to, from, from_step, rows, columns); break;
    case 2: turn_2(to, from, from_step, rows, columns); break;
    case 4: turn_4(to, from, from_step, rows, columns); break;
    default: turn_8(to, from, from_step, rows, columns); break;
  }
}

static int64_t count_tiles(const job *j) {
  const mt_plan *plan = j->plan;
  int64_t rows = plan->size[j->across], columns = plan->size[plan->dim - 1];
  return plan->numel / rows / columns * mt_parts(rows, j->rows) * mt_parts(columns, j->columns);
}

/* p: of the tile's first elements; n: in a row. Rows that all operands have side by side are one run. */
static void run_rows(const job *j, char **p, int64_t rows, int64_t n) {
  _Alignas(MT_LINE) char turned[3][TILE_LINES * COLUMNS_MOST];
  const mt_plan *plan = j->plan;
  int64_t step[4], next[4];
  int joined = 1;
  for (int k = 0; k < plan->operands; k++) {
    step[k] = plan->step[k][plan->dim - 1];
    next[k] = plan->step[k][j->across];
    if (j->turned[k]) {
      turn(turned[k - 1], p[k], step[k], rows, n, plan->width[k]);
      p[k] = turned[k - 1];
      step[k] = plan->width[k];
      next[k] = n * step[k];
    }
    joined = joined && next[k] == n * step[k];
  }
  if (joined) {
    n *= rows;
    rows = 1;
  }
  for (int64_t r = 0; r < rows; r++) {
    run(j, n, p, step);
    for (int k = 0; k < plan->operands; k++) p[k] += next[k];
  }
}

/* Where a tile lies: its first elements, and how many rows and columns it has. */
typedef struct {
  char *p[4];
  int64_t rows, columns;
} place;

static place find_tile(const job *j, int64_t tile) {
  const mt_plan *plan = j->plan;
  const int last = plan->dim - 1, across = j->across;
  const int64_t bands = mt_parts(plan->size[across], j->rows), chunks = mt_parts(plan->size[last], j->columns);
  int64_t column = tile % chunks * j->columns, row = tile / chunks % bands * j->rows, rest = tile / chunks / bands;
  place at = {.rows = mt_least(plan->size[across] - row, j->rows),
              .columns = mt_least(plan->size[last] - column, j->columns)};
  for (int k = 0; k < plan->operands; k++)
    at.p[k] = j->data[k] + row * plan->step[k][across] + column * plan->step[k][last];
  for (int i = last - 1; i >= 0; i--) {
    if (i == across) continue;
    for (int k = 0; k < plan->operands; k++) at.p[k] += rest % plan->size[i] * plan->step[k][i];
    rest /= plan->size[i];
  }
  return at;
}

/* The columns of a tile that is soon to be turned, into the second-level cache: often too many of them have one place
 * in the first. */
static void fetch_tile(const job *j, const place *at) {
  const mt_plan *plan = j->plan;
  for (int k = 1; k < plan->operands; k++)
    for (int64_t c = 0; j->turned[k] && c < at->columns; c++)
      mt_fetch_second(at->p[k] + c * plan->step[k][plan->dim - 1], at->rows * plan->width[k]);
}

static void run_tiles(const job *j, int64_t begin, int64_t end) {
  if (begin >= end) return;
  place at = find_tile(j, begin);
  for (int64_t t = begin; t < end; t++) {
    place next = find_tile(j, t + 1 < end ? t + 1 : t);
    if (t + 1 < end) fetch_tile(j, &next);
    run_rows(j, at.p, at.rows, at.columns);
    at = next;
  }
}

/* -- The loop ----------------------------------------------------------------------------------------------- */

/* Share i of so many, of a thread. */
static void run_share(const job *j, int i, int shares) {
  int64_t n = j->plan->numel;
  if (j->across < 0) {
    run_range(j, n * i / shares, n * (i + 1) / shares);
  } else {
    int64_t tiles = count_tiles(j);
    run_tiles(j, tiles * i / shares, tiles * (i + 1) / shares);
  }
  if (j->streams) mt_stream_end();
}

int mt_cpu_pointwise(mt_kernel kernel, const mt_plan *plan) {
  job j = {.kernel = (mt_pointwise_kernel)kernel, .plan = plan};
  int64_t number[4];
  if (plan->numel == 0) return 0;
  for (int k = 0; k < plan->operands; k++) {
    j.data[k] = plan->data[k];
    if (j.data[k]) continue;
    mt_scalar_store(plan->dtype, plan->scalar[k], &number[k]);
    j.data[k] = (char *)&number[k];
  }
  int threads = mt_threads_for(plan->numel);
  j.streams = is_streamed(plan, threads);
  choose_tiles(&j);
  if (threads == 1) {
    run_share(&j, 0, 1);
    return 0;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < threads; i++) run_share(&j, i, threads);
  return 0;
}

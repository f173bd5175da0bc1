/* product_avx512.c: products of float matrices, for AVX-512 (see CMakeLists.txt). One operand is laid out in panels of WIDE
 * columns, a block at a time, which stays in the second-level cache; the other in stripes of ROWS rows, one at a time;
 * registers hold the sums of where both meet (K. Goto, R. van de Geijn, "Anatomy of high-performance matrix
 * multiplication", 2008). */
#define LANES 16
void mt_cpu_product_avx512(void);
#include "cpu.h"
#include "lanes.h"

#include <omp.h>
#include <string.h>

enum {
  DEPTH = 256,  /* lines of a panel that are worked on at once */
  ACROSS = 512, /* columns of panels */
  TOGETHER = 4, /* panels that are laid out at once */
  FEWEST = 8    /* rows and columns that are worth the laying out */
};

/* A whole operand as lay_all lays it out, or lines NULL; whole: its rows or columns, in whole widths; first: the one that
 * the product begins at */
typedef struct {
  const float *lines;
  int64_t whole, first;
} laid;

/* out (n×m) = alpha a (n×k) b (k×m), plus c (n×m) where there is one, which may be out. A step leads to the next of k, the
 * other stride to the next row or column. */
typedef struct {
  int64_t n, m, k;
  const float *a, *b, *c;
  float *out;
  int64_t a_row, a_step, b_column, b_step, c_row, c_column, out_row, out_column;
  float alpha;
  laid stripes, panels; /* a and b */
} product;

/* The same product with rows for columns: alpha bᵀ aᵀ for outᵀ */
static product turned(const product *p) {
  product t = *p;
  t.n = p->m, t.m = p->n;
  t.a = p->b, t.a_row = p->b_column, t.a_step = p->b_step, t.stripes = p->panels;
  t.b = p->a, t.b_column = p->a_row, t.b_step = p->a_step, t.panels = p->stripes;
  t.c_row = p->c_column, t.c_column = p->c_row;
  t.out_row = p->out_column, t.out_column = p->out_row;
  return t;
}

/* -- Laying out ------------------------------------------------------------------------------------------------- */

/* to: LANES lines, width apart, of as many numbers as width has, or LANES; from: so many rows, across apart */
INLINED void turn(float *to, int width, const float *from, int64_t across) {
  const int rows = width < LANES ? width : LANES;
  lanes x[LANES];
  for (int i = 0; i < rows; i++) x[i] = *(const lanes_anywhere *)(from + i * across);
  transpose_rows(x, rows);
  for (int i = 0; i < rows; i++) *(lanes_anywhere *)(to + i * (rows < LANES ? LANES : width)) = x[i];
}

/* to: depth lines of width; the first count of a line come from `from`, where neighbours in a line are across apart and
 * lines step apart; the others are 0 */
INLINED void lay_lines(float *to, const float *from, int64_t across, int64_t step, int64_t count, int64_t depth,
                       int width) {
  int64_t k = 0;
  if (count < width) memset(to, 0, (size_t)(depth * width) * sizeof *to);
  if (across == 1 && count == width)
    for (; k < depth; k++) memcpy(to + k * width, from + k * step, (size_t)width * sizeof *to);
  if (step == 1 && count == width)
    for (; k + LANES <= depth; k += LANES)
      for (int j = 0; j < width; j += LANES) turn(to + k * width + j, width, from + j * across + k, across);
  if (step == 1)
    for (; k + 4 <= depth; k += 4) {
      int64_t j = 0;
      for (; j + 4 <= count; j += 4) turn_four(to + k * width + j, width, from + j * across + k, across);
      for (; j < count; j++)
        for (int64_t i = k; i < k + 4; i++) to[i * width + j] = from[j * across + i];
    }
  for (; k < depth; k++)
    for (int64_t j = 0; j < count; j++) to[k * width + j] = from[j * across + k * step];
}

/* The same for a whole operand, DEPTH lines at a time: of these, all columns or rows, width after width. It is kept where
 * the operand's storage keeps layouts. */
static mt_kept lay_all(const mt_tensor *of, const float *from, int64_t across, int64_t step, int64_t count,
                       int64_t lines, int width) {
  static const char kind;
  int64_t whole = mt_whole(count, width);
  mt_kept_key key = {&kind, {from - (const float *)of->storage->data, across, step, count, lines, width}};
  mt_kept kept = mt_kept_begin(of->storage, &key, whole * lines);
  if (!kept.layout || !kept.is_new) return kept;
  for (int64_t k = 0; k < lines; k += DEPTH) {
    int64_t depth = mt_least(DEPTH, lines - k);
    for (int64_t i = 0; i < count; i += width)
      lay_lines(kept.layout + k * whole + i * depth, from + i * across + k * step, across, step,
                mt_least(width, count - i), depth, width);
  }
  return kept;
}

/* Lines k … k + depth - 1 of what begins i rows or columns behind the first */
static const float *laid_at(const laid *l, int64_t i, int64_t k, int64_t depth) {
  return l->lines + k * l->whole + (l->first + i) * depth;
}

/* The panels of columns j … j + width - 1, lines k … k + depth - 1. Of lines of b the parts for a few panels are read
 * together: what lies a power of two apart finds little room in a cache. */
static void lay_panels(float *to, const product *p, int64_t j, int64_t width, int64_t k, int64_t depth) {
  const float *from = p->b + j * p->b_column + k * p->b_step;
  int64_t c = 0;
  for (; p->b_column == 1 && c + TOGETHER * WIDE <= width; c += TOGETHER * WIDE)
    for (int64_t i = 0; i < depth; i++)
      for (int q = 0; q < TOGETHER * WIDE; q += WIDE)
        memcpy(to + (c + q) * depth + i * WIDE, from + i * p->b_step + c + q, WIDE * sizeof *to);
  for (; c < width; c += WIDE)
    lay_lines(to + c * depth, from + c * p->b_column, p->b_column, p->b_step, mt_least(WIDE, p->m - j - c), depth,
              WIDE);
  if (p->alpha != 1)
    for (int64_t i = 0; i < depth * mt_whole(width, WIDE); i++) to[i] *= p->alpha;
}

static void lay_stripe(float *to, const product *p, int64_t i, int64_t k, int64_t depth) {
  lay_lines(to, p->a + i * p->a_row + k * p->a_step, p->a_row, p->a_step, mt_least(ROWS, p->n - i), depth, ROWS);
}

/* -- The product ------------------------------------------------------------------------------------------------ */

/* rows×columns of out, which take what is in a tile */
INLINED void put_lines(float *out, int64_t row, int64_t column, const float *tile, int64_t tile_row,
                       int64_t tile_column, int64_t rows, int64_t columns, int add) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) {
      float *to = out + r * row + c * column;
      *to = (add ? *to : 0) + tile[r * tile_row + c * tile_column];
    }
}

/* What of a tile (ROWS×WIDE) lies in out, from row i and column j on */
static void put_tile(const product *p, int64_t i, int64_t j, const float *tile, int add) {
  int64_t rows = mt_least(ROWS, p->n - i), columns = mt_least(WIDE, p->m - j);
  float *out = p->out + i * p->out_row + j * p->out_column;
  if (p->out_column == 1)
    put_lines(out, p->out_row, 1, tile, WIDE, 1, rows, columns, add);
  else if (rows == ROWS)
    put_lines(out, p->out_column, 1, tile, 1, WIDE, columns, ROWS, add);
  else
    put_lines(out, p->out_column, 1, tile, 1, WIDE, columns, rows, add);
}

/* A tile of out becomes that of c: it arrives while the products are summed. */
static void begin_tile(const product *p, int64_t i, int64_t j) {
  int64_t rows = mt_least(ROWS, p->n - i), columns = mt_least(WIDE, p->m - j);
  const float *c = p->c + i * p->c_row + j * p->c_column;
  float *out = p->out + i * p->out_row + j * p->out_column;
  if (p->out_column != 1)
    put_lines(out, p->out_column, 1, c, p->c_column, p->c_row, columns, rows, 0);
  else if (p->c_column == 1 && columns == WIDE)
    put_lines(out, p->out_row, 1, c, p->c_row, 1, rows, WIDE, 0);
  else
    put_lines(out, p->out_row, 1, c, p->c_row, p->c_column, rows, columns, 0);
}

/* Asks for a tile of out that lies far from the processor: it arrives while the products are summed. */
INLINED void fetch_tile(const float *out, int64_t row) {
  for (int r = 0; r < ROWS; r++, out += row) {
    __builtin_prefetch(out, 1);
    __builtin_prefetch(out + LANES, 1);
  }
}

/* Rows i … i + ROWS - 1 and columns j … j + width - 1 of out. own: room for a stripe and a tile; panels: those of the
 * columns */
static void run_stripe(const product *p, int64_t i, int64_t j, int64_t width, int64_t k, int64_t depth,
                       const float *panels, float *own) {
  float *tile = own + DEPTH * ROWS;
  const float *stripe = p->stripes.lines ? laid_at(&p->stripes, i, k, depth) : own;
  int add = p->c || k > 0, begins = k == 0 && p->c && p->c != p->out;
  if (!p->stripes.lines) lay_stripe(own, p, i, k, depth);
  for (int64_t c = 0; c < width; c += WIDE) {
    if (begins) begin_tile(p, i, j + c);
    if (p->out_column == 1 && i + ROWS <= p->n && j + c + WIDE <= p->m) {
      float *out = p->out + i * p->out_row + j + c;
      fetch_tile(out, p->out_row);
      multiply(out, p->out_row, stripe, 1, ROWS, panels + c * depth, WIDE, depth, add);
    } else {
      multiply(tile, WIDE, stripe, 1, ROWS, panels + c * depth, WIDE, depth, 0);
      put_tile(p, i, j + c, tile, add);
    }
  }
}

/* room: for panels */
static void run(const product *p, float *room, float *own) {
  for (int64_t j = 0; j < p->m; j += ACROSS)
    for (int64_t k = 0; k < p->k; k += DEPTH) {
      int64_t width = mt_least(ACROSS, p->m - j), depth = mt_least(DEPTH, p->k - k);
      const float *panels = p->panels.lines ? laid_at(&p->panels, j, k, depth) : room;
      if (panels == room) lay_panels(room, p, j, width, k, depth);
      for (int64_t i = 0; i < p->n; i += ROWS) run_stripe(p, i, j, width, k, depth, panels, own);
    }
}

/* -- Parts for threads ------------------------------------------------------------------------------------------ */

/* About the cycles that a product takes: multiplications, and elements that are laid out or added up in memory. */
static double cost_of(const product *p) {
  double n = (double)mt_whole(p->n, ROWS), m = (double)mt_whole(p->m, WIDE), k = (double)p->k;
  double panels = m * k * (p->b_column == 1 ? 0.5 : 1.5);
  double stripes = n * k * (p->a_row == 1 ? 0.5 : 1.5) * (double)((p->m + ACROSS - 1) / ACROSS);
  double sums = n * m * (double)((p->k + DEPTH - 1) / DEPTH) * (p->out_column == 1 ? 0.1 : 2);
  return n * m * k / (2 * LANES) + panels + stripes + sums;
}

/* A product in down × across parts, each of whole stripes and panels; the last ones may be smaller, or empty */
typedef struct {
  product p;
  int64_t down, across, rows, columns; /* of a part */
} division;

/* Part number i: nothing in it where n or m is not above 0 */
static product part_of(const division *d, int64_t i) {
  product p = d->p;
  int64_t row = i / d->across * d->rows, column = i % d->across * d->columns;
  p.n = mt_least(d->rows, p.n - row);
  p.m = mt_least(d->columns, p.m - column);
  p.a += row * p.a_row;
  p.b += column * p.b_column;
  p.stripes.first += row;
  p.panels.first += column;
  if (p.c) p.c += row * p.c_row + column * p.c_column;
  p.out += row * p.out_row + column * p.out_column;
  return p;
}

/* The way to divide p, or p turned, in so many parts that takes the least time. No part waits for another: what both
 * need, both lay out. */
static division divided(const product *p, int64_t parts) {
  division best = {0};
  double least = 0;
  for (int turn = 0; turn < 2; turn++)
    for (int64_t down = 1; down <= parts; down++) {
      division d = {turn ? turned(p) : *p, down, parts / down, 0, 0};
      if (parts % down) continue;
      d.rows = mt_whole((d.p.n + d.down - 1) / d.down, ROWS);
      d.columns = mt_whole((d.p.m + d.across - 1) / d.across, WIDE);
      product first = part_of(&d, 0);
      double cost = cost_of(&first);
      if (best.down && cost >= least) continue;
      best = d;
      least = cost;
    }
  return best;
}

/* -- The slot --------------------------------------------------------------------------------------------------- */

static mt_matmul_kernel other_matmul;

static product first_of_batch(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b,
                              const mt_tensor *c) {
  return (product){.n = a->size[1],
                   .m = b->size[2],
                   .k = a->size[2],
                   .a = mt_tensor_data(a),
                   .b = mt_tensor_data(b),
                   .c = c ? mt_tensor_data(c) : NULL,
                   .out = mt_tensor_data(out),
                   .a_row = a->stride[1],
                   .a_step = a->stride[2],
                   .b_column = b->stride[2],
                   .b_step = b->stride[1],
                   .c_row = c ? c->stride[1] : 0,
                   .c_column = c ? c->stride[2] : 0,
                   .out_row = b->size[2],
                   .out_column = 1,
                   .alpha = (float)alpha};
}

/* A product of its own, whose operands may be kept. a, b: those of p, as it is divided; kept: of them both */
static void use_kept(product *p, const mt_tensor *a, const mt_tensor *b, mt_kept *kept) {
  kept[0] = lay_all(a, p->a, p->a_row, p->a_step, p->n, p->k, ROWS);
  kept[1] = lay_all(b, p->b, p->b_column, p->b_step, p->m, p->k, WIDE);
  p->stripes = (laid){kept[0].layout, mt_whole(p->n, ROWS), 0};
  p->panels = (laid){kept[1].layout, mt_whole(p->m, WIDE), 0};
}

/* Threads share out the batch and, where it is small, parts of each of its products. */
static int matmul(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  if (a->size[1] < FEWEST || b->size[2] < FEWEST) return other_matmul(out, alpha, a, b, c);
  product first = first_of_batch(out, alpha, a, b, c);
  int64_t batch = out->size[0], plane = first.n * first.m, capacity;
  int threads = mt_threads_for(batch * plane * (first.k / 8 + 1));
  division d = divided(&first, batch < threads ? (threads + batch - 1) / batch : 1);
  int is_turned = d.p.out_column != 1;
  int64_t parts = d.down * d.across, a_step = (is_turned ? b : a)->stride[0], b_step = (is_turned ? a : b)->stride[0];
  int64_t own = (DEPTH + WIDE) * ROWS, room = own + mt_least(DEPTH, first.k) * mt_least(ACROSS, d.columns);
  float *all = mt_borrow((size_t)(threads * room) * sizeof *all, &capacity);
  mt_kept kept[2] = {{0}};
  if (!all) return 1;
  if (batch == 1 && alpha == 1) use_kept(&d.p, is_turned ? b : a, is_turned ? a : b, kept);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < batch * parts; i++) {
    float *mine = all + omp_get_thread_num() * room;
    product p = part_of(&d, i % parts);
    p.a += i / parts * a_step;
    p.b += i / parts * b_step;
    if (c) p.c += i / parts * c->stride[0];
    p.out += i / parts * plane;
    if (p.n > 0 && p.m > 0) run(&p, mine + own, mine);
  }
  for (int i = 0; i < 2; i++) mt_kept_end(&kept[i]);
  mt_give_back(all, capacity);
  return 0;
}

void mt_cpu_product_avx512(void) {
  other_matmul = mt_get_matmul(MT_CPU, MT_FLOAT);
  mt_set_matmul(MT_CPU, MT_FLOAT, matmul);
}

/* bf16.c: products of float32 matrices in bfloat16 where the user wants them: matmul here, convolution in conv.c. The
 * right operand is packed in blocks that stay in the second-level cache, the left one some panels at a time. */
#include "bf16.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
  DEEP = 512,          /* elements of a line that are packed at once */
  WIDE = 1024,         /* columns of a block */
  FEWEST = 16,         /* rows, columns and elements of a line that are worth while, */
  LEAST = 1 << 17,     /* and multiplications */
  MULTIPLICATIONS = 64 /* of these take as long as an element elsewhere, see mt_threads_for */
};

/* -- What multiplies -------------------------------------------------------------------------------------------- */

static const mt_bf16 *here;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Not before somebody asks: with its permission for AMX the system keeps more for each thread. On a processor with AMX,
 * vdpbf16ps was half as fast as float32's products: where the system refuses AMX, these stay. MOONTORCH_ISA=avx512
 * takes it all the same, for the tests; for its other values see isa.c. */
static void find(void) {
#if defined(__x86_64__)
  const char *most = getenv("MOONTORCH_ISA");
  if (most && (!strcmp(most, "portable") || !strcmp(most, "avx2"))) return;
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512bw")) return;
  here = mt_bf16_has_amx() && !(most && !strcmp(most, "avx512")) ? mt_bf16_amx() : &mt_bf16_avx512;
#endif
}

const mt_bf16 *mt_bf16_here(void) {
  pthread_once(&once, find);
  return here;
}

const char *mt_bf16_unit(void) { return mt_bf16_here() ? here->name : "none"; }

int mt_bf16_wanted(int64_t n, int64_t k, int64_t m) {
  return mt_float32_precision() == MT_BF16 && n >= FEWEST && k >= FEWEST && m >= FEWEST && n * k >= LEAST / m &&
         mt_bf16_here();
}

/* -- Products --------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

enum {
  PANELS = 4,                              /* of the left operand that are packed at once */
  LEFT = PANELS * MT_BF16_SIDE * DEEP / 2, /* pairs */
  LINE = 64                                /* bytes of a cache line */
};

/* A product in numbers. left: some panels for each thread; right: a block; at: where a panel's steps lie; add: whether
 * out holds something already */
typedef struct {
  float *out;
  int64_t out_step, n, k, m;
  float alpha;
  const mt_bf16_lines *a, *b;
  int add;
  uint32_t *left, *right;
  int64_t at[DEEP / MT_BF16_DEPTH];
} task;

/* out (rows×columns) = or += alpha sums, where sums is 32×32 */
static void put(float *out, int64_t out_step, const float *sums, float alpha, int64_t rows, int64_t columns, int add) {
  for (int64_t i = 0; i < rows; i++, out += out_step, sums += MT_BF16_SIDE)
    for (int64_t j = 0; j < columns; j++) out[j] = (add ? out[j] : 0) + alpha * sums[j];
}

/* Rows from i on times columns from j on: whole panels are added up where they belong. */
static void multiply(const task *t, int64_t i, int64_t j, const uint32_t *a, const uint32_t *b, int64_t steps,
                     int add) {
  const mt_bf16_tiles tiles = {b, 16, MT_BF16_STEP / 2, t->at};
  int64_t rows = mt_least(t->n - i, MT_BF16_SIDE), columns = mt_least(t->m - j, MT_BF16_SIDE);
  float *out = t->out + i * t->out_step + j, sums[MT_BF16_SIDE * MT_BF16_SIDE];
  if (t->alpha == 1 && rows == MT_BF16_SIDE && columns == MT_BF16_SIDE) {
    here->multiply(out, t->out_step, a, &tiles, steps, add);
  } else {
    here->multiply(sums, MT_BF16_SIDE, a, &tiles, steps, 0);
    put(out, t->out_step, sums, t->alpha, rows, columns, add);
  }
}

/* Some lines of a matrix, from line i on, and of these the elements k … k + depth - 1 */
typedef struct {
  const mt_bf16_lines *matrix;
  int64_t i, count, k, depth;
} piece;

/* Step number n of all panels of a piece, in the order in which they lie in memory */
static void pack(uint32_t *to, const piece *p, int64_t n, int pairs_down) {
  const mt_bf16_lines *x = p->matrix;
  int64_t panels = mt_parts(p->count, MT_BF16_SIDE), steps = mt_parts(p->depth, MT_BF16_DEPTH);
  int64_t panel = x->line == 1 ? n % panels : n / steps, step = x->line == 1 ? n / panels : n % steps;
  int64_t i = panel * MT_BF16_SIDE, k = step * MT_BF16_DEPTH;
  mt_bf16_lines from = {x->data + (p->i + i) * x->line + (p->k + k) * x->step, x->line, x->step};
  mt_bf16_pack(to + (panel * steps + step) * MT_BF16_STEP, &from, mt_least(p->count - i, MT_BF16_SIDE),
               mt_least(p->depth - k, MT_BF16_DEPTH), pairs_down);
}

/* One block of the right operand: it is packed first, then the left one, some panels at a time. Threads share out these
 * and, where they are few, the columns. */
static void run_block(const task *t, const piece *right) {
  int64_t rows = mt_parts(t->n, MT_BF16_SIDE), columns = mt_parts(right->count, MT_BF16_SIDE),
          team = omp_get_num_threads();
  int64_t steps = mt_parts(right->depth, MT_BF16_DEPTH), panel = steps * MT_BF16_STEP;
  int64_t some = rows < team * PANELS ? mt_parts(rows, team) : PANELS, groups = mt_parts(rows, some);
  int64_t shares = groups < team ? mt_least(columns, mt_parts(team, groups)) : 1;
  uint32_t *own = t->left + omp_get_thread_num() * LEFT;
#pragma omp for
  for (int64_t n = 0; n < columns * steps; n++) pack(t->right, right, n, 1);
#pragma omp for
  for (int64_t g = 0; g < groups * shares; g++) {
    int64_t i = g / shares * some * MT_BF16_SIDE, share = g % shares;
    piece left = {t->a, i, mt_least(t->n - i, some * MT_BF16_SIDE), right->k, right->depth};
    for (int64_t n = 0; n < mt_parts(left.count, MT_BF16_SIDE) * steps; n++) pack(own, &left, n, 0);
    for (int64_t c = columns * share / shares; c < columns * (share + 1) / shares; c++)
      for (int64_t r = 0; r < left.count; r += MT_BF16_SIDE)
        multiply(t, i + r, right->i + c * MT_BF16_SIDE, own + r / MT_BF16_SIDE * panel, t->right + c * panel, steps,
                 t->add || right->k > 0);
  }
}

static void run(const task *t) {
  here->begin();
  for (int64_t j = 0; j < t->m; j += WIDE)
    for (int64_t k = 0; k < t->k; k += DEEP)
      run_block(t, &(piece){t->b, j, mt_least(t->m - j, WIDE), k, mt_least(t->k - k, DEEP)});
  here->end();
}

static int threads_for(int64_t n, int64_t k, int64_t m) { return mt_threads_for(n * k * m / MULTIPLICATIONS); }

int64_t mt_bf16_room(int64_t n, int64_t k, int64_t m, int callers) {
  int threads = callers > 1 ? 1 : threads_for(n, k, m);
  return LINE / 4 + threads * LEFT + (mt_least(m, WIDE) + MT_BF16_SIDE) * mt_least(k + MT_BF16_DEPTH, DEEP) / 2;
}

void mt_bf16_product(float *out, int64_t out_step, float alpha, const mt_bf16_lines *a, const mt_bf16_lines *b,
                     int64_t n, int64_t k, int64_t m, int add, void *room) {
  int threads = threads_for(n, k, m);
  task t = {.out = out, .out_step = out_step, .n = n, .k = k, .m = m, .alpha = alpha, .a = a, .b = b, .add = add};
  t.left = (uint32_t *)(((uintptr_t)room + LINE - 1) & ~(uintptr_t)(LINE - 1));
  t.right = t.left + threads * LEFT;
  for (int i = 0; i < DEEP / MT_BF16_DEPTH; i++) t.at[i] = i * MT_BF16_STEP;
#pragma omp parallel num_threads(threads) if (threads > 1)
  run(&t);
}

/* -- The slot --------------------------------------------------------------------------------------------------- */

static mt_matmul_kernel other_matmul;

/* out: batch×n×m, contiguous; = c + alpha a (batch×n×k) b (batch×k×m) */
static int matmul(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  int64_t batch = out->size[0], n = out->size[1], m = out->size[2], k = a->size[2];
  /* with less than a step of k, storing the result is what takes time */
  if (k < MT_BF16_DEPTH || !mt_bf16_wanted(n, k, m)) return other_matmul(out, alpha, a, b, c);
  int threads = batch < mt_get_threads() ? 1 : threads_for(batch * n, k, m);
  int64_t room = mt_bf16_room(n, k, m, threads), capacity;
  uint32_t *rooms = mt_borrow((size_t)(threads * room) * sizeof *rooms, &capacity);
  if (!rooms || mt_begin_product(out, c)) {
    if (rooms) mt_give_back(rooms, capacity);
    return 1;
  }
  float *to = mt_tensor_data(out);
  const float *left = mt_tensor_data(a), *right = mt_tensor_data(b);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < batch; i++) {
    mt_bf16_lines rows = {left + i * a->stride[0], a->stride[1], a->stride[2]};
    mt_bf16_lines columns = {right + i * b->stride[0], b->stride[2], b->stride[1]};
    mt_bf16_product(to + i * n * m, m, (float)alpha, &rows, &columns, n, k, m, c != NULL,
                    rooms + (threads > 1 ? omp_get_thread_num() : 0) * room);
  }
  mt_give_back(rooms, capacity);
  return 0;
}

void mt_cpu_register_bf16(void) {
  other_matmul = mt_get_matmul(MT_CPU, MT_FLOAT);
  mt_set_matmul(MT_CPU, MT_FLOAT, matmul);
  mt_cpu_register_conv_bf16();
  mt_cpu_register_shifted_bf16();
}
#endif

/* bf16.h: products of float32 matrices whose operands are rounded to bfloat16 and whose sums are float32.
 *
 * Operands are packed first, in panels of MT_BF16_SIDE lines: rows of the left operand, columns of the right one. For
 * each MT_BF16_DEPTH elements of a line there are two tiles, of half the lines each, and a tile is 16 rows of 16 pairs
 * of neighbours along a line: rows are lines and columns pairs (the left operand), or rows are pairs and columns lines
 * (the right one). What is there in excess is 0. */
#ifndef MOONTORCH_BF16_H
#define MOONTORCH_BF16_H
#include "cpu.h"

enum { MT_BF16_SIDE = 32, MT_BF16_DEPTH = 32, MT_BF16_STEP = MT_BF16_SIDE * MT_BF16_DEPTH / 2 /* pairs */ };

/* A right operand that need not be packed: the first tile of step s lies at data + at[s], the other one half further;
 * the rows of a tile are row apart. */
typedef struct {
  const uint32_t *data;
  int64_t row, half;
  const int64_t *at;
} mt_bf16_tiles;

/* What multiplies. Between begin and end, which each thread calls for itself: out (32×32, rows out_step apart) = or += a
 * (a panel) times b, so many steps */
typedef struct {
  const char *name;
  void (*begin)(void);
  void (*multiply)(float *out, int64_t out_step, const uint32_t *a, const mt_bf16_tiles *b, int64_t steps, int add);
  void (*end)(void);
} mt_bf16;

/* A matrix of lines: element k of line i lies at data[i·line + k·step]; where neither is 1, step is below 2^26 */
typedef struct {
  const float *data;
  int64_t line, step;
} mt_bf16_lines;

/* to: a panel, of count lines (MT_BF16_SIDE at most) of depth elements; pairs_down: the right operand's */
void mt_bf16_pack(uint32_t *to, const mt_bf16_lines *from, int64_t count, int64_t depth, int pairs_down);
/* to[i] = the pair of a[i·step] and b[i·step], or of a[i·step] and 0 where b is NULL; n of them */
void mt_bf16_pair(uint32_t *to, const float *a, const float *b, int64_t step, int64_t n);
extern const mt_bf16 mt_bf16_avx512;
int mt_bf16_has_amx(void);        /* whether the processor has it */
const mt_bf16 *mt_bf16_amx(void); /* NULL where the system does not allow it */

/* What multiplies here, or NULL */
const mt_bf16 *mt_bf16_here(void);
/* Whether the user wants it, it can be done, and it is worth while for n×k times k×m */
int mt_bf16_wanted(int64_t n, int64_t k, int64_t m);
/* Pairs of bfloat16 that such a product works with, where so many threads make one at the same time */
int64_t mt_bf16_room(int64_t n, int64_t k, int64_t m, int callers);
/* out (n×m, rows out_step apart) = or += alpha times a (n lines of k) times b (m lines of k); nothing is empty */
void mt_bf16_product(float *out, int64_t out_step, float alpha, const mt_bf16_lines *a, const mt_bf16_lines *b,
                     int64_t n, int64_t k, int64_t m, int add, void *room);

#endif

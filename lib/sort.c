/* sort.c: sorting along a dimension, the k greatest or least elements, the k-th least and the most frequent one.
 *
 * Every element becomes a whole number (its key) that sorts as the element does, with its place beside it; descending
 * order turns the keys around. So one stable sort serves all dtypes: insertion for short lines, radix for long ones. */
#include "half.h"
#include "loops.h"

#include <string.h>

typedef struct {
  uint64_t key;
  int64_t place; /* along the line, from 0 */
} entry;

typedef struct {
  int width, key_bytes;
  void (*read)(entry *e, const void *a, int64_t first, int64_t n, int64_t step, int descending);
  void (*write)(void *out, int64_t out_step, int64_t *index, int64_t index_step, const entry *e, int64_t n,
                const void *a, int64_t step);
} element;

/* Lines up to SHORT are sorted by insertion; up to FEW entries are selected that way as well, from PIECEs of a line. */
enum { SHORT = 48, FEW = 32, PIECE = 256 };

/* -- Sorting entries ------------------------------------------------------------------------------------------ */

static void sort_by_insertion(entry *e, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    entry x = e[i];
    int64_t j = i;
    for (; j > 0 && e[j - 1].key > x.key; j--) e[j] = e[j - 1];
    e[j] = x;
  }
}

/* Radix sort from the lowest byte up. A byte that is the same in all keys is skipped. */
static void sort_by_radix(entry *e, entry *spare, int64_t n, int bytes) {
  int64_t counts[8][256];
  memset(counts, 0, sizeof counts[0] * (size_t)bytes);
  for (int64_t i = 0; i < n; i++)
    for (int b = 0; b < bytes; b++) counts[b][e[i].key >> (8 * b) & 255]++;
  entry *from = e, *to = spare;
  for (int b = 0; b < bytes; b++) {
    int64_t *at = counts[b], sum = 0;
    if (at[e[0].key >> (8 * b) & 255] == n) continue;
    for (int v = 0; v < 256; v++) {
      int64_t count = at[v];
      at[v] = sum;
      sum += count;
    }
    for (int64_t i = 0; i < n; i++) to[at[from[i].key >> (8 * b) & 255]++] = from[i];
    entry *t = from;
    from = to;
    to = t;
  }
  if (from != e) memcpy(e, from, (size_t)n * sizeof *e);
}

static void sort_entries(entry *e, entry *spare, int64_t n, int bytes) {
  if (n <= SHORT)
    sort_by_insertion(e, n);
  else
    sort_by_radix(e, spare, n, bytes);
}

/* -- Selecting ------------------------------------------------------------------------------------------------ */

/* The k-th least key, k from 1, byte by byte from the highest; less: receives how many keys are below it. */
static uint64_t find_key(const entry *e, int64_t n, int64_t k, int bytes, int64_t *less) {
  uint64_t known = 0, mask = 0;
  *less = 0;
  for (int b = bytes - 1; b >= 0; b--) {
    int64_t counts[256] = {0}, v = 0;
    for (int64_t i = 0; i < n; i++)
      if ((e[i].key & mask) == known) counts[e[i].key >> (8 * b) & 255]++;
    for (; *less + counts[v] < k; v++) *less += counts[v];
    known |= (uint64_t)v << (8 * b);
    mask |= (uint64_t)255 << (8 * b);
  }
  return known;
}

/* Moves the k least entries to the front, in the order of their places; of equals the first ones. */
static void select_entries(entry *e, int64_t n, int64_t k, int bytes) {
  int64_t less, kept = 0;
  if (k == 0 || k == n) return;
  uint64_t last = find_key(e, n, k, bytes, &less);
  int64_t equals = k - less;
  for (int64_t i = 0; i < n && kept < k; i++) {
    if (e[i].key > last || (e[i].key == last && equals-- <= 0)) continue;
    e[kept++] = e[i];
  }
}

/* The k least entries of a line, sorted, without reading it as a whole. k: up to FEW; best: room for k + PIECE */
static void select_few(const element *how, entry *best, int64_t k, const void *from, int64_t n, int64_t step,
                       int descending) {
  entry *piece = best + k;
  int64_t found = 0;
  for (int64_t first = 0; first < n; first += PIECE) {
    int64_t m = n - first < PIECE ? n - first : PIECE;
    how->read(piece, from, first, m, step, descending);
    for (int64_t i = 0; i < m; i++) {
      if (found == k && piece[i].key >= best[k - 1].key) continue;
      int64_t j = found < k ? found++ : k - 1;
      for (; j > 0 && best[j - 1].key > piece[i].key; j--) best[j] = best[j - 1];
      best[j] = piece[i];
    }
  }
}

/* -- Picking one ---------------------------------------------------------------------------------------------- */

/* The k-th least of a line, k from 1; of equals the one that a stable sort would put there. spare: room for n more */
static entry pick_kth(entry *e, entry *spare, int64_t n, int64_t k, int bytes) {
  int64_t less;
  (void)spare;
  uint64_t key = find_key(e, n, k, bytes, &less);
  int64_t equals = k - less, i = 0;
  for (; equals > 1 || e[i].key != key; i++) equals -= e[i].key == key;
  return e[i];
}

/* The most frequent one, at its last place; the least of equally frequent ones. */
static entry pick_mode(entry *e, entry *spare, int64_t n, int64_t k, int bytes) {
  int64_t length = 0, longest = 0, end = 0;
  (void)k;
  sort_entries(e, spare, n, bytes);
  for (int64_t i = 0; i < n; i++) {
    length = i > 0 && e[i].key == e[i - 1].key ? length + 1 : 1;
    if (length <= longest) continue;
    longest = length;
    end = i;
  }
  return e[end];
}

/* -- Lines ---------------------------------------------------------------------------------------------------- */

typedef struct {
  const element *how;
  mt_tensor *out, *index;
  const mt_tensor *a;
  int64_t k; /* elements of the result's lines */
  int dim, descending, sorted;
  entry (*pick)(entry *e, entry *spare, int64_t n, int64_t k, int bytes); /* NULL: the k first */
  int64_t rank;                                                           /* what pick gets as k */
} job;

/* offset: of the line's first element in out, index and a. e: room for two lines of entries, or k and a piece */
static void do_line(const job *j, const int64_t *offset, entry *e) {
  const element *how = j->how;
  const char *from = (const char *)mt_tensor_data(j->a) + offset[2] * how->width;
  char *to = (char *)mt_tensor_data(j->out) + offset[0] * how->width;
  int64_t *index = (int64_t *)mt_tensor_data(j->index) + offset[1], n = j->a->size[j->dim], step = j->a->stride[j->dim];
  if (j->pick) {
    how->read(e, from, 0, n, step, 0);
    e[0] = j->pick(e, e + n, n, j->rank, how->key_bytes);
  } else if (n > SHORT && j->k <= FEW) {
    select_few(how, e, j->k, from, n, step, j->descending);
  } else {
    how->read(e, from, 0, n, step, j->descending);
    if (n > SHORT && j->k < n) select_entries(e, n, j->k, how->key_bytes);
    if (n <= SHORT || j->sorted) sort_entries(e, e + n, n <= SHORT ? n : j->k, how->key_bytes);
  }
  how->write(to, j->out->stride[j->dim], index, j->index->stride[j->dim], e, j->k, from, step);
}

/* The k first of each line in the wanted order, or the one picked. */
static int each_line(const job *j) {
  const mt_tensor *all[] = {j->out, j->index, j->a};
  mt_loops l;
  mt_loops_over(&l, j->a, j->dim, all, 3);
  int64_t n = j->a->size[j->dim], inner = l.size[l.dim - 1], lines = l.rows * inner, capacity;
  int threads = mt_threads_for(mt_tensor_numel(j->a) * 8); /* an element costs more here than in plain loops */
  if (threads > lines) threads = (int)lines;
  if (lines == 0 || j->k == 0) return 0;
  int64_t each = n > SHORT && j->k <= FEW && !j->pick ? FEW + PIECE : 2 * n;
  entry *room = mt_borrow((size_t)(threads * each) * sizeof *room, &capacity);
  if (!room) return 1;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int t = 0; t < threads; t++)
    for (int64_t line = lines * t / threads; line < lines * (t + 1) / threads; line++) {
      mt_row r;
      mt_row_seek(&l, &r, line / inner);
      for (int i = 0; i < 3; i++) r.offset[i] += line % inner * l.step[i][l.dim - 1];
      do_line(j, r.offset, room + each * t);
    }
  mt_give_back(room, capacity);
  return 0;
}

#define MT_TEMPLATE "sort.tpl.c"
#include "each_dtype.h"

/* -- Front doors ---------------------------------------------------------------------------------------------- */

static int check(const char *name, const mt_tensor *out, const mt_tensor *index, const mt_tensor *a, int dim) {
  const mt_tensor *all[] = {a, out};
  if (mt_stopped() || mt_check_alike(name, all, 2) || mt_check_index_type(name, index, a)) return 1;
  return (a->dim > 0 || dim != 0) && mt_check_dim(name, a, dim);
}

int mt_sort(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int dim, int descending) {
  const mt_tensor *inputs[] = {a};
  if (check("sort", out, index, a, dim)) return 1;
  mt_kernel kernel = mt_kernel_for(MT_OP_sort, a);
  if (!kernel || mt_prepare_pair("sort", out, index, a->dim, a->size, inputs, 1)) return 1;
  mt_tensor *o = mt_target(out, inputs, 1), *i = o ? mt_target(index, inputs, 1) : NULL;
  int rc = !i || (mt_tensor_numel(a) > 0 && ((mt_sort_kernel)kernel)(o, i, a, dim, descending));
  if (o) rc = mt_target_done(out, o, rc);
  return i ? mt_target_done(index, i, rc) : rc;
}

int mt_topk(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim, int largest, int sorted) {
  const mt_tensor *inputs[] = {a};
  int64_t size[MT_MAX_DIM], n;
  if (check("topk", out, index, a, dim)) return 1;
  n = a->dim > 0 ? a->size[dim] : 0;
  if (k < 0 || k > n)
    return mt_fail("topk: asked for %lld elements of dimension %d, which has %lld", (long long)k, dim + 1,
                   (long long)n);
  for (int i = 0; i < a->dim; i++) size[i] = i == dim ? k : a->size[i];
  mt_kernel kernel = mt_kernel_for(MT_OP_topk, a);
  if (!kernel || mt_prepare_pair("topk", out, index, a->dim, size, inputs, 1)) return 1;
  mt_tensor *o = mt_target(out, inputs, 1), *i = o ? mt_target(index, inputs, 1) : NULL;
  int rc = !i || (mt_tensor_numel(out) > 0 && ((mt_topk_kernel)kernel)(o, i, a, k, dim, largest, sorted));
  if (o) rc = mt_target_done(out, o, rc);
  return i ? mt_target_done(index, i, rc) : rc;
}

int mt_pick(int op, mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim) {
  const mt_tensor *inputs[] = {a};
  int64_t size[MT_MAX_DIM], n;
  if (op != MT_OP_kthvalue && op != MT_OP_mode) return mt_fail("pick: expected kthvalue or mode, got op %d", op);
  const char *name = mt_op_name(op);
  if (check(name, out, index, a, dim)) return 1;
  n = a->dim > 0 ? a->size[dim] : 0;
  if (n == 0) return mt_fail("%s: there is nothing to choose from in %s", name, mt_shape_text(a).text);
  if (op == MT_OP_kthvalue && (k < 1 || k > n))
    return mt_fail("%s: asked for element %lld of %lld", name, (long long)k, (long long)n);
  for (int i = 0; i < a->dim; i++) size[i] = i == dim ? 1 : a->size[i];
  mt_kernel kernel = mt_kernel_for(op, a);
  if (!kernel || mt_prepare_pair(name, out, index, a->dim, size, inputs, 1)) return 1;
  mt_tensor *o = mt_target(out, inputs, 1), *i = o ? mt_target(index, inputs, 1) : NULL;
  int rc = !i || (mt_tensor_numel(out) > 0 && ((mt_pick_kernel)kernel)(o, i, a, k, dim));
  if (o) rc = mt_target_done(out, o, rc);
  return i ? mt_target_done(index, i, rc) : rc;
}

void mt_register_sort(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}

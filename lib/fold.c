/* fold.c: the loops of a reduction.
 *
 * The dimensions fall into two lists, kept and reduced, each in the order of memory and with neighbours merged. Work is
 * cut into tiles of results along the innermost kept axis; a tile is folded in the order of memory: row by row into a
 * row of states when the kept axis is the inner one, run by run otherwise. Few results from many elements are cut along
 * a reduced axis as well, into chunks that depend on the sizes alone, so that any number of threads gives the same sum.
 * Within a tile states are merged in a cascade, so that rounding errors grow like a pairwise sum's. */
#include "fold.h"

#include <string.h>

enum {
  STATE = 24,     /* most bytes of a state */
  LEVELS = 5,     /* of the cascade */
  FAN = 16,       /* folds into one state of a level, before it goes to the next */
  RUN = 4096,     /* elements of a run that are folded at once */
  PACK = 2048,    /* elements that are packed at once */
  FEW_PLACES = 8, /* fewer tiles than this are cut into chunks */
  MOST_CHUNKS = 64,
  LONG = 16,    /* an axis worth cutting */
  CHUNK = 16384 /* fewest elements of a chunk */
};

typedef struct {
  int64_t size, a, out, index; /* steps in elements */
} axis;

typedef struct {
  const mt_folder *how;
  const char *a;
  char *out;
  int64_t *index;
  axis kept[MT_MAX_DIM], reduced[MT_MAX_DIM]; /* innermost first; one or more of each */
  int keeps, reduces;
  int64_t count;  /* elements to one result */
  int64_t tiles;  /* along kept[0] */
  int64_t places; /* tiles in all */
  int64_t chunks; /* of each place, cut along reduced[cut] */
  int cut;
  char *states; /* places x chunks x MT_FOLD_TILE, when chunks > 1 */
  double p;
  int wide; /* out is of doubles, whatever a is of */
} nest;

/* -- Layout ------------------------------------------------------------------------------------------------- */

/* Puts an axis into a list that is kept in the order of memory. */
static void insert(axis *list, int *n, axis x) {
  int i = (*n)++;
  for (; i > 0 && list[i - 1].a > x.a; i--) list[i] = list[i - 1];
  list[i] = x;
}

static void merge(axis *list, int *n) {
  int last = 0;
  for (int i = 1; i < *n; i++) {
    axis *in = &list[last], *x = &list[i];
    if (x->a == in->a * in->size && x->out == in->out * in->size && x->index == in->index * in->size)
      in->size *= x->size;
    else
      list[++last] = *x;
  }
  if (*n == 0) list[0] = (axis){1, 0, 0, 0};
  *n = last + 1;
}

static void lay_out(nest *l, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims) {
  l->count = 1;
  for (int i = 0; i < a->dim; i++) {
    int reduced = dims >> i & 1;
    axis x = {a->size[i], a->stride[i], reduced ? 0 : out->stride[i], reduced || !index ? 0 : index->stride[i]};
    if (reduced) l->count *= x.size;
    if (x.size == 1) continue;
    if (reduced)
      insert(l->reduced, &l->reduces, x);
    else
      insert(l->kept, &l->keeps, x);
  }
  merge(l->kept, &l->keeps);
  merge(l->reduced, &l->reduces);
}

/* The reduced axis to cut: the outermost that is long enough, as chunks are whole runs then, or else the longest. */
static int axis_to_cut(const nest *l) {
  int longest = 0;
  for (int i = l->reduces - 1; i > 0; i--) {
    if (l->reduced[i].size >= LONG) return i;
    if (l->reduced[i].size > l->reduced[longest].size) longest = i;
  }
  return longest;
}

/* Cuts the work into places, and where these are few, each into chunks. */
static void cut(nest *l) {
  l->tiles = (l->kept[0].size + MT_FOLD_TILE - 1) / MT_FOLD_TILE;
  l->places = l->tiles;
  for (int i = 1; i < l->keeps; i++) l->places *= l->kept[i].size;
  l->chunks = 1;
  if (l->places >= FEW_PLACES || l->places == 0) return;
  l->cut = axis_to_cut(l);
  int64_t most = l->count * (l->kept[0].size < MT_FOLD_TILE ? l->kept[0].size : MT_FOLD_TILE) / CHUNK;
  if (most > MOST_CHUNKS) most = MOST_CHUNKS;
  if (most > l->reduced[l->cut].size) most = l->reduced[l->cut].size;
  if (most > 1) l->chunks = most;
}

/* -- One tile ------------------------------------------------------------------------------------------------ */

typedef struct {
  int64_t kept;             /* results of this tile */
  int64_t a, out, index;    /* places of the first, in elements */
  axis reduced[MT_MAX_DIM]; /* of this chunk */
  int64_t first;            /* where the chunk begins along the axis that is cut */
  _Alignas(16) char states[LEVELS][MT_FOLD_TILE * STATE];
  int64_t folds; /* so far */
  int levels;    /* of the cascade in use */
} work;

static void locate(const nest *l, int64_t place, int64_t chunk, work *w) {
  int64_t tile = place % l->tiles, rest = place / l->tiles, at = tile * MT_FOLD_TILE;
  w->kept = l->kept[0].size - at < MT_FOLD_TILE ? l->kept[0].size - at : MT_FOLD_TILE;
  w->a = w->out = w->index = w->first = 0;
  for (int i = 0; i < l->keeps; i++) {
    if (i > 0) {
      at = rest % l->kept[i].size;
      rest /= l->kept[i].size;
    }
    w->a += at * l->kept[i].a;
    w->out += at * l->kept[i].out;
    w->index += at * l->kept[i].index;
  }
  memcpy(w->reduced, l->reduced, (size_t)l->reduces * sizeof *l->reduced);
  if (l->chunks == 1) return;
  axis *x = &w->reduced[l->cut];
  w->first = x->size * chunk / l->chunks;
  w->a += w->first * x->a;
  x->size = x->size * (chunk + 1) / l->chunks - w->first;
}

/* Elements of a run that go into one fold. */
static int64_t run_length(const nest *l) {
  return l->kept[0].size > 1 && l->kept[0].a < l->reduced[0].a ? MT_FOLD_ROWS : RUN;
}

/* Folds a tile whose elements lie apart, or are of a dtype that has no folds: copies them side by side, a piece at a
 * time that stays in the cache. */
static void fold_packed(const mt_folder *how, char *states, const mt_fold_tile *t) {
  _Alignas(64) char numbers[PACK * 8];
  mt_fold_tile piece = *t;
  int rows = mt_fold_by_rows(t);
  int64_t outer = rows ? t->run : t->kept, inner = rows ? t->kept : t->run;
  int64_t outer_step = rows ? t->run_step : t->kept_step, inner_step = rows ? t->kept_step : t->run_step;
  int64_t inner_most = inner < PACK ? inner : PACK, outer_most = PACK / inner_most;
  piece.a = numbers;
  for (int64_t i = 0; i < outer; i += outer_most)
    for (int64_t j = 0; j < inner; j += inner_most) {
      int64_t m = outer - i < outer_most ? outer - i : outer_most, n = inner - j < inner_most ? inner - j : inner_most;
      how->pack(numbers, (const char *)t->a + (i * outer_step + j * inner_step) * how->element, m, outer_step, n,
                inner_step);
      piece.kept = rows ? n : m;
      piece.run = rows ? m : n;
      piece.kept_step = rows ? 1 : n;
      piece.run_step = rows ? n : 1;
      piece.first = t->first + (rows ? i : j);
      how->fold(states + (rows ? j : i) * how->state, &piece);
    }
}

static void fold_tile(const mt_folder *how, char *states, const mt_fold_tile *t) {
  int rows = mt_fold_by_rows(t);
  if (how->packs || (rows ? t->kept_step != 1 : t->run_step != 1 && t->run > 1))
    fold_packed(how, states, t);
  else
    how->fold(states, t);
}

static void begin(const nest *l, work *w) {
  int64_t run = run_length(l), folds = (w->reduced[0].size + run - 1) / run;
  for (int i = 1; i < l->reduces; i++) folds *= w->reduced[i].size;
  w->levels = folds > FAN ? LEVELS : 1;
  w->folds = 0;
  for (int i = 0; i < w->levels; i++) l->how->begin(w->states[i], w->kept);
}

/* After a fold: full levels go into the next one. */
static void carry(const nest *l, work *w) {
  int64_t folds = ++w->folds;
  for (int i = 0; i + 1 < w->levels && folds % FAN == 0; i++, folds /= FAN) {
    l->how->merge(w->states[i + 1], w->states[i], w->kept);
    l->how->begin(w->states[i], w->kept);
  }
}

/* Folds all runs of the tile, those of the outer reduced axes in order. */
static void fold_runs(const nest *l, work *w) {
  int64_t at[MT_MAX_DIM] = {0}, run = run_length(l), n = w->reduced[0].size, a = w->a;
  for (int i = 0; i < l->reduces; i++)
    if (w->reduced[i].size == 0) return;
  mt_fold_tile t = {.kept = w->kept, .kept_step = l->kept[0].a, .run_step = l->reduced[0].a, .p = l->p};
  for (;;) {
    for (int64_t i = 0; i < n; i += run) {
      t.a = l->a + (a + i * t.run_step) * l->how->element;
      t.run = n - i < run ? n - i : run;
      t.first = w->first + i;
      fold_tile(l->how, w->states[0], &t);
      carry(l, w);
    }
    int k = 1;
    for (; k < l->reduces; k++) {
      a += w->reduced[k].a;
      if (++at[k] < w->reduced[k].size) break;
      a -= at[k] * w->reduced[k].a;
      at[k] = 0;
    }
    if (k >= l->reduces) return;
  }
}

static void end(const nest *l, const work *w, const void *states) {
  mt_fold_results to = {.out = l->out + w->out * (l->wide ? (int)sizeof(double) : l->how->element),
                        .step = l->kept[0].out,
                        .index = l->index ? l->index + w->index : NULL,
                        .index_step = l->kept[0].index,
                        .count = (double)l->count,
                        .p = l->p,
                        .wide = l->wide};
  l->how->end(&to, states, w->kept);
}

static char *chunk_states(const nest *l, int64_t place, int64_t chunk) {
  return l->states + (place * l->chunks + chunk) * MT_FOLD_TILE * l->how->state;
}

static void run_item(const nest *l, int64_t item) {
  work w;
  int64_t place = item / l->chunks, chunk = item % l->chunks;
  locate(l, place, chunk, &w);
  begin(l, &w);
  fold_runs(l, &w);
  /* the higher a level, the earlier its elements */
  char *all = w.states[w.levels - 1];
  for (int i = w.levels - 2; i >= 0; i--) l->how->merge(all, w.states[i], w.kept);
  if (l->chunks > 1)
    memcpy(chunk_states(l, place, chunk), all, (size_t)(w.kept * l->how->state));
  else
    end(l, &w, all);
}

/* Merges the chunks of a place, each with its neighbour, then pairs, and so on. */
static void join_chunks(const nest *l, int64_t place) {
  work w;
  locate(l, place, 0, &w);
  for (int64_t step = 1; step < l->chunks; step *= 2)
    for (int64_t i = 0; i + step < l->chunks; i += 2 * step)
      l->how->merge(chunk_states(l, place, i), chunk_states(l, place, i + step), w.kept);
  end(l, &w, chunk_states(l, place, 0));
}

int mt_fold(const mt_folder *how, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p) {
  nest l = {.how = how, .a = mt_tensor_data(a), .out = mt_tensor_data(out), .p = p, .wide = out->dtype == MT_DOUBLE};
  if (index) l.index = mt_tensor_data(index);
  lay_out(&l, out, index, a, dims);
  cut(&l);
  int64_t capacity = 0, items = l.places * l.chunks;
  if (l.chunks > 1) {
    l.states = mt_borrow((size_t)(items * MT_FOLD_TILE * how->state), &capacity);
    if (!l.states) return 1;
  }
  int threads = mt_threads_for(mt_tensor_numel(a));
  if (threads > items) threads = (int)items;
  if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < items; i++) run_item(&l, i);
  } else {
    for (int64_t i = 0; i < items; i++) run_item(&l, i);
  }
  if (l.chunks == 1) return 0;
  for (int64_t i = 0; i < l.places; i++) join_chunks(&l, i);
  mt_give_back(l.states, capacity);
  return 0;
}

/* fold.h: the loops of a reduction, for kernels that say how one op folds elements into states. */
#ifndef MOONTORCH_FOLD_H
#define MOONTORCH_FOLD_H
#include "kernels.h"

enum { MT_FOLD_TILE = 256, MT_FOLD_ROWS = 64 };

/* A piece of the input: for each of `kept` results, `run` elements. Steps are in elements; the smaller of the two is 1,
 * unless there is just one element along it. */
typedef struct mt_fold_tile {
  const void *a; /* first element */
  int64_t kept;  /* at most MT_FOLD_TILE */
  int64_t kept_step;
  int64_t run; /* at most MT_FOLD_ROWS when folded by rows */
  int64_t run_step;
  int64_t first; /* place of the run's first element along the reduced dimension, from 0, when there is just one */
  double p;
} mt_fold_tile;

/* Whether memory is followed by going through the tile row by row (of kept elements), rather than run by run. */
static inline int mt_fold_by_rows(const mt_fold_tile *t) { return t->kept > 1 && t->kept_step < t->run_step; }

/* Where the results of a tile go, and what they are made with. Steps are in elements. */
typedef struct mt_fold_results {
  void *out; /* of the input's dtype or, when wide, of doubles */
  int64_t step;
  int64_t *index; /* NULL, or room for places from 1 */
  int64_t index_step;
  double count; /* elements reduced to one */
  double p;
  int wide;
} mt_fold_results;

/* How an op reduces. states: one for each result, side by side. */
typedef struct mt_folder {
  int state;   /* bytes, at most 24 */
  int element; /* bytes of an element of the input */
  int number;  /* bytes of what fold takes */
  int packs;   /* whether elements must be packed to become numbers */
  void (*begin)(void *states, int64_t n);
  void (*fold)(void *states, const mt_fold_tile *tile);
  /* later: states of elements that come after those of states */
  void (*merge)(void *states, const void *later, int64_t n);
  /* to: outer x inner numbers */
  void (*pack)(void *to, const void *from, int64_t outer, int64_t outer_step, int64_t inner, int64_t inner_step);
  void (*end)(const mt_fold_results *to, const void *states, int64_t n);
} mt_folder;

/* A kernel's work (see mt_reduce_kernel). The result does not depend on the number of threads. */
int mt_fold(const mt_folder *how, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p);

#endif

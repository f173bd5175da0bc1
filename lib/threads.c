/* threads.c: one pool for everything: OpenMP's, which OpenBLAS (its openmp build) and oneDNN use as well. */
#include "internal.h"

#include <omp.h>

/* Below this many elements a thread costs more than it brings (waking one takes about 5 us). */
enum { ELEMENTS_PER_THREAD = 16384 };

/* Each thread that calls has a number of its own, as OpenMP itself has it: a loader that wants one does not slow down the
 * training beside it. 0: not chosen yet. */
static _Thread_local int threads;

void mt_set_threads(int n) {
  threads = n < 1 ? 1 : n;
  omp_set_num_threads(threads);
}

int mt_get_threads(void) {
  if (threads == 0) threads = omp_get_max_threads();
  return threads;
}

int mt_threads_for(int64_t elements) {
  int most = mt_get_threads();
  int64_t wanted = elements / ELEMENTS_PER_THREAD;
  if (omp_in_parallel() || wanted <= 1) return 1;
  return wanted < most ? (int)wanted : most;
}

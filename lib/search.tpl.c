/* search.tpl.c: where values belong in sorted lines, for one dtype (see each_dtype.h). */

/* Whether x goes before y; NaN goes behind everything, as sort puts it. */
static int K(before)(A x, A y) { return x < y FLOATS(|| (y != y && x == x)); }

/* How many of the line's n elements go before v, or before or with it where right is set. */
static int64_t K(place)(const T *line, int64_t n, A v, int right) {
  int64_t low = 0, high = n;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    A x = LOAD(line[middle]);
    if (right ? !K(before)(v, x) : K(before)(x, v))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int K(searchsorted)(mt_tensor *index, const mt_tensor *sorted, const mt_tensor *values, int right) {
  int64_t *to = mt_tensor_data(index), all = mt_tensor_numel(values), length = last_size(values), n = last_size(sorted);
  const T *lines = mt_tensor_data(sorted), *v = mt_tensor_data(values);
  int threads = mt_threads_for(all * 8);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t i = 0; i < all; i++) {
    const T *line = sorted->dim > 1 ? lines + i / length * n : lines;
    to[i] = K(place)(line, n, LOAD(v[i]), right) + 1;
  }
  return 0;
}

static void K(register)(void) { mt_set_searchsorted(MT_CPU, DTYPE, K(searchsorted)); }

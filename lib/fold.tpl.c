/* fold.tpl.c: how reductions fold elements into states, for one dtype (see each_dtype.h and fold.h). Only float, double
 * and int64 have folds; the elements of other dtypes are packed as one of these first.
 * Most reductions map each element to a number and join the numbers; the loops for those are written once, with the
 * mapping and the joining as a constant argument that the compiler folds away. */
#if MT_PASTE(HAS_FOLDS, SUFFIX)

typedef T K(number);
typedef MT_PASTE(ROW_NUMBER, SUFFIX) K(row_number);

/* -- Mapping and joining ------------------------------------------------------------------------------------ */

/* whole numbers wrap */
#if MT_IS_FLOAT
#define LOWEST (-(ACC)INFINITY)
#define HIGHEST ((ACC)INFINITY)
#define PLUS(x, y) ((x) + (y))
#define TIMES(x, y) ((x) * (y))
#define ISNAN(x) ((x) != (x))
#else
#define LOWEST INT64_MIN
#define HIGHEST INT64_MAX
#define PLUS(x, y) ((ACC)((uint64_t)(x) + (uint64_t)(y)))
#define TIMES(x, y) ((ACC)((uint64_t)(x) * (uint64_t)(y)))
#define ISNAN(x) 0
#endif

MT_FOLDED ACC K(map)(int how, ACC v, double p) {
  (void)p;
  switch (how) {
    case ALL_OF: case ANY_OF: case COUNT: return v != 0;
#if MT_IS_FLOAT
    case SUM_ABS: case MAX_ABS: case MIN_ABS: return fabs(v);
    case SUM_SQUARE: return v * v;
    case SUM_POWER: return pow(fabs(v), p);
#endif
    default: return v;
  }
}

MT_FOLDED ACC K(join)(int how, ACC x, ACC y) {
  switch (how) {
    case PROD: case ALL_OF: return TIMES(x, y);
    case MIN: case MIN_ABS: return y < x || ISNAN(y) ? y : x;
    case MAX: case ANY_OF: case MAX_ABS: return y > x || ISNAN(y) ? y : x;
    default: return PLUS(x, y);
  }
}

MT_FOLDED ACC K(identity)(int how) {
  switch (how) {
    case PROD: case ALL_OF: return 1;
    case MIN: case MIN_ABS: return HIGHEST;
    case MAX: return LOWEST;
    default: return 0;
  }
}

/* -- Loops -------------------------------------------------------------------------------------------------- */

/* The first NaN wins over everything, the first of equals over the others. */
MT_FOLDED int K(beats)(int how, ACC x, ACC y) {
  return (how == MAX ? x > y : x < y) || (ISNAN(x) && !ISNAN(y));
}

/* The greatest or least of 1 or more elements, NaN where there is one: as run below, but without widening them. */
MT_FOLDED T K(extreme_run)(int how, const T *a, int64_t n) {
  T lane[WIDE], v = a[0];
  int64_t i = 1;
#define TAKE(v, x) (((how == MAX ? (x) > (v) : (x) < (v)) | ISNAN(x)) ? (x) : (v))
  if (n >= WIDE) {
    for (int l = 0; l < WIDE; l++) lane[l] = a[l];
    for (i = WIDE; i + WIDE <= n; i += WIDE)
      for (int l = 0; l < WIDE; l++) lane[l] = TAKE(lane[l], a[i + l]);
    for (int width = WIDE / 2; width > 0; width /= 2)
      for (int l = 0; l < width; l++) lane[l] = TAKE(lane[l], lane[l + width]);
    v = lane[0];
  }
  for (; i < n; i++) v = TAKE(v, a[i]);
#undef TAKE
  return v;
}

static T K(max_run)(const T *a, int64_t n) {
  return K(extreme_run)(MAX, a, n);
}

static T K(min_run)(const T *a, int64_t n) {
  return K(extreme_run)(MIN, a, n);
}

/* LANES elements at a; widened, in room, where the compiler would take vectors apart to widen their halves */
#if defined(__AVX512F__) && MT_PASTE(WIDENS, SUFFIX)
typedef ACC K(widened_type);
MT_FOLDED const ACC *K(widened)(ACC *room, const T *a) {
  for (int l = 0; l < LANES; l += 8) _mm512_storeu_pd(room + l, _mm512_cvtps_pd(_mm256_loadu_ps(a + l)));
  return room;
}
#else
typedef T K(widened_type);
MT_FOLDED const T *K(widened)(ACC *room, const T *a) {
  (void)room;
  return a;
}
#endif

/* Several lanes: the processor then need not wait for one addition to begin the next. Without the pragma gcc 12 unrolls
 * the loop over them before it looks for vectors. What comes is asked for ahead, as the processor itself does not look
 * beyond a page. */
MT_FOLDED ACC K(run)(int how, const T *a, int64_t n, double p) {
  if (how == MAX || how == MIN) return (ACC)(how == MAX ? K(max_run)(a, n) : K(min_run)(a, n));
  ACC lane[LANES], room[LANES], v = K(identity)(how);
  int64_t i = 0;
  if (n >= LANES) {
    for (int l = 0; l < LANES; l++) lane[l] = v;
    for (; i + LANES <= n; i += LANES) {
      mt_fetch((const char *)(a + i) + AHEAD, LANES * (int64_t)sizeof(T));
      const K(widened_type) *x = K(widened)(room, a + i);
#pragma omp simd
      for (int l = 0; l < LANES; l++) lane[l] = K(join)(how, lane[l], K(map)(how, (ACC)x[l], p));
    }
    for (int width = LANES / 2; width > 0; width /= 2)
      for (int l = 0; l < width; l++) lane[l] = K(join)(how, lane[l], lane[l + width]);
    v = lane[0];
  }
  for (; i < n; i++) v = K(join)(how, v, K(map)(how, a[i], p));
  return v;
}

/* s: kept. Four rows at a time, to load and store the states less often, and in pairs, which rounds less. A few rows are
 * taken one after another: their sums are those of a plain loop, as in Torch7. */
MT_FOLDED void K(rows)(int how, ACC *restrict s, const mt_fold_tile *t) {
  int64_t n = t->kept, r = 0, between = t->run_step;
  const T *restrict a = t->a;
#define AT(ROW) K(map)(how, a[k + (ROW) * between], t->p)
  for (; t->run >= FEW_ROWS && r + 4 <= t->run; r += 4, a += 4 * between)
    for (int64_t k = 0; k < n; k++) {
      ACC x = K(join)(how, AT(0), AT(1)), y = K(join)(how, AT(2), AT(3));
      s[k] = K(join)(how, s[k], K(join)(how, x, y));
    }
  for (; r < t->run; r++, a += between)
    for (int64_t k = 0; k < n; k++) s[k] = K(join)(how, s[k], AT(0));
#undef AT
}

MT_FOLDED void K(fold)(int how, void *states, const mt_fold_tile *t) {
  const T *a = t->a;
  ACC *s = states;
  if (mt_fold_by_rows(t))
    K(rows)(how, s, t);
  else
    for (int64_t k = 0; k < t->kept; k++, a += t->kept_step) s[k] = K(join)(how, s[k], K(run)(how, a, t->run, t->p));
}

MT_FOLDED void K(begin)(int how, void *states, int64_t n) {
  ACC *s = states;
  for (int64_t i = 0; i < n; i++) s[i] = K(identity)(how);
}

MT_FOLDED void K(merge)(int how, void *states, const void *later, int64_t n) {
  ACC *s = states;
  const ACC *x = later;
  for (int64_t i = 0; i < n; i++) s[i] = K(join)(how, s[i], x[i]);
}

#define FOLDER(NAME, HOW)                                                                         \
  static void K(NAME##_begin)(void *s, int64_t n) { K(begin)(HOW, s, n); }                        \
  static void K(NAME##_fold)(void *s, const mt_fold_tile *t) { K(fold)(HOW, s, t); }              \
  static void K(NAME##_merge)(void *s, const void *x, int64_t n) { K(merge)(HOW, s, x, n); }
FOLDER(sum, SUM)
FOLDER(prod, PROD)
FOLDER(max, MAX)
FOLDER(min, MIN)
FOLDER(all, ALL_OF)
FOLDER(any, ANY_OF)
#if MT_IS_FLOAT
FOLDER(norm_0, COUNT)
FOLDER(norm_1, SUM_ABS)
FOLDER(norm_2, SUM_SQUARE)
FOLDER(norm_p, SUM_POWER)
FOLDER(norm_most, MAX_ABS)
FOLDER(norm_least, MIN_ABS)
#endif

/* -- Extremes and their places ------------------------------------------------------------------------------ */

typedef struct {
  ACC value;
  int64_t place; /* from 1; 0: nothing seen yet */
} K(extreme);

/* The place of x, which is one of the elements. */
static int64_t K(find)(const T *a, int64_t n, T x) {
  int64_t i = 0;
  if (ISNAN(x)) {
    while (!ISNAN(a[i])) i++;
    return i;
  }
  for (; i + WIDE <= n; i += WIDE) {
    K(row_number) hit = 0;
    for (int l = 0; l < WIDE; l++) hit |= a[i + l] == x;
    if (hit) break;
  }
  while (a[i] != x) i++;
  return i;
}

MT_FOLDED void K(arg_run)(int how, K(extreme) *s, const T *a, int64_t n, int64_t first) {
  for (int64_t i = 0; i < n; i += BLOCK) {
    int64_t m = n - i < BLOCK ? n - i : BLOCK;
    T best = how == MAX ? K(max_run)(a + i, m) : K(min_run)(a + i, m);
    if (s->place && !K(beats)(how, (ACC)best, s->value)) continue;
    s->value = (ACC)best;
    s->place = first + i + K(find)(a + i, m, best) + 1;
  }
}

/* s: kept. Values and rows lie in arrays of equally wide numbers, so that the inner loop can be vectorised. */
MT_FOLDED void K(arg_rows)(int how, K(extreme) *s, const mt_fold_tile *t) {
  const T *a = t->a;
  T value[MT_FOLD_TILE];
  K(row_number) row[MT_FOLD_TILE];
  for (int64_t k = 0; k < t->kept; k++) {
    value[k] = a[k];
    row[k] = 0;
  }
  for (int64_t r = 1; r < t->run; r++) {
    a += t->run_step;
    for (int64_t k = 0; k < t->kept; k++) {
      T x = a[k], v = value[k];
      int better = (how == MAX ? x > v : x < v) | (ISNAN(x) & !ISNAN(v));
      value[k] = better ? x : v;
      row[k] = better ? (K(row_number))r : row[k];
    }
  }
  for (int64_t k = 0; k < t->kept; k++)
    if (!s[k].place || K(beats)(how, (ACC)value[k], s[k].value))
      s[k] = (K(extreme)){(ACC)value[k], t->first + row[k] + 1};
}

MT_FOLDED void K(arg_fold)(int how, void *states, const mt_fold_tile *t) {
  if (mt_fold_by_rows(t))
    K(arg_rows)(how, states, t);
  else
    for (int64_t k = 0; k < t->kept; k++)
      K(arg_run)(how, (K(extreme) *)states + k, (const T *)t->a + k * t->kept_step, t->run, t->first);
}

MT_FOLDED void K(arg_merge)(int how, void *states, const void *later, int64_t n) {
  K(extreme) *s = states;
  const K(extreme) *x = later;
  for (int64_t i = 0; i < n; i++)
    if (x[i].place && (!s[i].place || K(beats)(how, x[i].value, s[i].value))) s[i] = x[i];
}

static void K(arg_begin)(void *states, int64_t n) {
  memset(states, 0, (size_t)n * sizeof(K(extreme)));
}

#define ARG_FOLDER(NAME, HOW)                                                                     \
  static void K(NAME##_fold)(void *s, const mt_fold_tile *t) { K(arg_fold)(HOW, s, t); }          \
  static void K(NAME##_merge)(void *s, const void *x, int64_t n) { K(arg_merge)(HOW, s, x, n); }
ARG_FOLDER(argmax, MAX)
ARG_FOLDER(argmin, MIN)

/* -- Variance ----------------------------------------------------------------------------------------------- */

#if MT_IS_FLOAT
/* m2: sum of the squared distances from the mean */
typedef struct {
  double n, mean, m2;
} K(moments);

/* T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979 */
static void K(join_moments)(K(moments) *s, double n, double mean, double m2) {
  double all = s->n + n, far = mean - s->mean;
  if (n == 0) return;
  if (s->n > 0) {
    s->mean += far * (n / all);
    s->m2 += m2 + far * far * (s->n * n / all);
  } else {
    s->mean = mean;
    s->m2 = m2;
  }
  s->n = all;
}

/* Sum of the squared distances from mean. */
static double K(distances)(const T *a, int64_t n, double mean) {
  double lane[LANES] = {0}, room[LANES], sum = 0;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const K(widened_type) *x = K(widened)(room, a + i);
#pragma omp simd
    for (int l = 0; l < LANES; l++) lane[l] += ((double)x[l] - mean) * ((double)x[l] - mean);
  }
  for (int l = 0; l < LANES; l++) sum += lane[l];
  for (; i < n; i++) sum += ((double)a[i] - mean) * ((double)a[i] - mean);
  return sum;
}

/* s: kept */
static void K(var_rows)(K(moments) *s, const mt_fold_tile *t) {
  double mean[MT_FOLD_TILE] = {0}, m2[MT_FOLD_TILE] = {0}, n = (double)t->run;
  const T *a = t->a;
  K(rows)(SUM, mean, t);
  for (int64_t k = 0; k < t->kept; k++) mean[k] /= n;
  for (int64_t r = 0; r < t->run; r++, a += t->run_step)
    for (int64_t k = 0; k < t->kept; k++) {
      double d = (double)a[k] - mean[k];
      m2[k] += d * d;
    }
  for (int64_t k = 0; k < t->kept; k++) K(join_moments)(s + k, n, mean[k], m2[k]);
}

/* Two passes over a piece that stays in the cache: first its mean, then the distances from that. */
static void K(var_fold)(void *states, const mt_fold_tile *t) {
  K(moments) *s = states;
  const T *a = t->a;
  if (mt_fold_by_rows(t)) {
    K(var_rows)(s, t);
    return;
  }
  for (int64_t k = 0; k < t->kept; k++, a += t->kept_step) {
    double n = (double)t->run, mean = K(run)(SUM, a, t->run, 0) / n;
    K(join_moments)(s + k, n, mean, K(distances)(a, t->run, mean));
  }
}

static void K(var_begin)(void *states, int64_t n) {
  memset(states, 0, (size_t)n * sizeof(K(moments)));
}

static void K(var_merge)(void *states, const void *later, int64_t n) {
  const K(moments) *x = later;
  for (int64_t i = 0; i < n; i++) K(join_moments)((K(moments) *)states + i, x[i].n, x[i].mean, x[i].m2);
}

#endif

#undef LOWEST
#undef HIGHEST
#undef PLUS
#undef TIMES
#undef ISNAN
#undef FOLDER
#undef ARG_FOLDER
#endif

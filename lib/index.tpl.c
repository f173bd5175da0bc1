/* index.tpl.c: moving elements to and from places named by indices or masks, for one dtype (see each_dtype.h).
 * Indices count from 1 and were checked before. */

#if MT_IS_FLOAT
#define PLUS(x, y) (LOAD(x) + LOAD(y))
#else /* whole numbers wrap */
#define PLUS(x, y) ((uint64_t)(x) + (uint64_t)(y))
#endif

/* -- One index for each element ----------------------------------------------------------------------------- */

/* A loop over all indices: o, x are elements of the first and the last operand, at is how far an index goes. along: the
 * step that an index counts. */
#define ROWS(NAME, BODY)                                                                                          \
  static void K(NAME)(const mt_loops *l, void *out, const int64_t *index, const void *in, int64_t along) {        \
    const int last = l->dim - 1;                                                                                  \
    const int64_t n = l->size[last], os = l->step[0][last], is = l->step[1][last], xs = l->step[2][last];         \
    mt_row r;                                                                                                     \
    mt_row_seek(l, &r, 0);                                                                                        \
    for (int64_t row = 0; row < l->rows; row++, mt_row_next(l, &r)) {                                             \
      T *o = (T *)out + r.offset[0];                                                                              \
      const int64_t *p = index + r.offset[1];                                                                     \
      const T *x = (const T *)in + r.offset[2];                                                                   \
      for (int64_t i = 0; i < n; i++, o += os, p += is, x += xs) {                                                \
        const int64_t at = (*p - 1) * along;                                                                      \
        BODY;                                                                                                     \
      }                                                                                                           \
    }                                                                                                             \
  }
ROWS(gather_strided, *o = x[at])
ROWS(scatter_rows, o[at] = *x)
ROWS(scatter_add_rows, o[at] = STORE(PLUS(o[at], *x)))

/* Packed lines: n elements of x. Those of the next line are asked for meanwhile, as is what comes of the other two. */
static void K(gather_line)(T *o, const int64_t *index, const T *x, const T *next, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __builtin_prefetch(index + i + FAR);
    __builtin_prefetch(o + i + FAR, 1);
    __builtin_prefetch(next + i);
    for (int64_t j = i; j < i + 8; j++) o[j] = x[index[j] - 1];
  }
  for (; i < n; i++) o[i] = x[index[i] - 1];
}

static void K(gather_rows)(const mt_loops *l, void *out, const int64_t *index, const void *in, int64_t along) {
  const int last = l->dim - 1;
  mt_row r;
  if (l->step[0][last] != 1 || l->step[1][last] != 1 || l->step[2][last] != 0 || along != 1) {
    K(gather_strided)(l, out, index, in, along);
    return;
  }
  mt_row_seek(l, &r, 0);
  for (int64_t row = 0; row < l->rows; row++, mt_row_next(l, &r)) {
    const T *x = (const T *)in + r.offset[2];
    K(gather_line)((T *)out + r.offset[0], index + r.offset[1], x, x + (last ? l->step[2][last - 1] : 0), l->size[last]);
  }
}

static int K(gather)(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  return by_element(K(gather_rows), out, index, a, dim, a);
}

static int K(scatter)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value) {
  int64_t number;
  if (src) return by_element(K(scatter_rows), out, index, src, dim, out);
  mt_scalar_store(DTYPE, value, &number);
  return by_element_from(K(scatter_rows), out, index, &number, dim);
}

static int K(scatter_add)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return by_element(K(scatter_add_rows), out, index, src, dim, out);
}

/* -- One index for each slice ------------------------------------------------------------------------------- */

static void K(copy_run)(void *out, int64_t os, const void *in, int64_t xs, int64_t n) {
  T *o = out;
  const T *x = in;
  if (os == 1 && xs == 1)
    memcpy(o, x, (size_t)n * sizeof(T));
  else
    for (int64_t i = 0; i < n; i++) o[i * os] = x[i * xs];
}

static void K(add_run)(void *out, int64_t os, const void *in, int64_t xs, int64_t n) {
  T *o = out;
  const T *x = in;
  if (os == 1 && xs == 1)
    for (int64_t i = 0; i < n; i++) o[i] = STORE(PLUS(o[i], x[i]));
  else
    for (int64_t i = 0; i < n; i++) o[i * os] = STORE(PLUS(o[i * os], x[i * xs]));
}

static int K(index_select)(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index) {
  return by_slice(K(copy_run), out, a, dim, index, 0);
}

static int K(index_copy)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return by_slice(K(copy_run), out, src, dim, index, 1);
}

static int K(index_add)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src) {
  return by_slice(K(add_run), out, src, dim, index, 1);
}

static int K(index_fill)(mt_tensor *out, int dim, const mt_tensor *index, double value) {
  int64_t number;
  mt_scalar_store(DTYPE, value, &number);
  return by_slice_from(K(copy_run), out, &number, dim, index);
}

/* -- Masks ---------------------------------------------------------------------------------------------------- */

/* Both loops move every element and step on where the mask says so: a branch on it would be mispredicted. They end with
 * the packed tensor's last element. */

/* out, mask: contiguous */
static int K(masked_select)(mt_tensor *out, const mt_tensor *a, const mt_tensor *mask) {
  const uint8_t *m = mt_tensor_data(mask);
  const T *in = mt_tensor_data(a);
  T *o = mt_tensor_data(out), *end = o + mt_tensor_numel(out);
  mt_loops l;
  mt_row r;
  mt_loops_over(&l, a, -1, &a, 1);
  mt_row_seek(&l, &r, 0);
  const int64_t n = l.size[l.dim - 1], step = l.step[0][l.dim - 1];
  for (int64_t row = 0; row < l.rows; row++, m += n, mt_row_next(&l, &r)) {
    const T *x = in + r.offset[0];
    for (int64_t i = 0; i < n && o < end; i++) {
      *o = x[i * step];
      o += m[i] != 0;
    }
  }
  return 0;
}

/* mask, src: contiguous */
static int K(masked_copy)(mt_tensor *out, const mt_tensor *mask, const mt_tensor *src) {
  const uint8_t *m = mt_tensor_data(mask);
  const T *in = mt_tensor_data(src), *end = in + mt_tensor_numel(src);
  const mt_tensor *operand = out;
  T *o = mt_tensor_data(out);
  mt_loops l;
  mt_row r;
  mt_loops_over(&l, out, -1, &operand, 1);
  mt_row_seek(&l, &r, 0);
  const int64_t n = l.size[l.dim - 1], step = l.step[0][l.dim - 1];
  for (int64_t row = 0; row < l.rows; row++, m += n, mt_row_next(&l, &r)) {
    T *x = o + r.offset[0];
    for (int64_t i = 0; i < n && in < end; i++) {
      x[i * step] = m[i] ? *in : x[i * step];
      in += m[i] != 0;
    }
  }
  return 0;
}

/* The places of nonzero elements go to at, unless that is NULL; gives their count. at: count x a->dim */
static int64_t K(find_nonzero)(const mt_tensor *a, int64_t *at) {
  const T *in = mt_tensor_data(a);
  const int last = a->dim - 1;
  int64_t place[MT_MAX_DIM] = {0}, count = 0, rows = mt_tensor_numel(a) / a->size[last];
  for (int64_t row = 0; row < rows; row++) {
    const T *x = in;
    for (int i = 0; i < last; i++) x += place[i] * a->stride[i];
    for (int64_t j = 0; j < a->size[last]; j++, x += a->stride[last]) {
      if (LOAD(*x) == 0) continue;
      count++;
      if (!at) continue;
      for (int i = 0; i < last; i++) *at++ = place[i] + 1;
      *at++ = j + 1;
    }
    for (int i = last - 1; i >= 0 && ++place[i] == a->size[i]; i--) place[i] = 0;
  }
  return count;
}

static int K(nonzero)(mt_tensor *out, const mt_tensor *a) {
  int64_t size[2] = {mt_tensor_numel(a) > 0 ? K(find_nonzero)(a, NULL) : 0, a->dim};
  if (mt_tensor_resize(out, size[0] > 0 ? 2 : 0, size)) return 1;
  if (size[0] > 0) K(find_nonzero)(a, mt_tensor_data(out));
  return 0;
}

static void K(register)(void) {
#define SLOT(NAME) mt_set_##NAME(MT_CPU, DTYPE, K(NAME));
  SLOT(gather)
  SLOT(scatter)
  SLOT(scatter_add)
  SLOT(index_select)
  SLOT(index_copy)
  SLOT(index_add)
  SLOT(index_fill)
  SLOT(masked_select)
  SLOT(masked_copy)
  SLOT(nonzero)
#undef SLOT
}

#undef PLUS
#undef ROWS

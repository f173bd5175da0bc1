/* sort.tpl.c: how the elements of one dtype (see each_dtype.h) become keys that sort as whole numbers do. */

/* Equal elements get equal keys; -0 equals 0, and NaN comes after everything else. */
static uint64_t K(key)(T x) {
#if MT_IS_FLOAT
  const A a = LOAD(x) + 0; /* -0 + 0 is 0 */
  if (a != a) return sizeof(A) == 8 ? UINT64_MAX : UINT32_MAX;
  if (sizeof(A) == 8) {
    uint64_t u;
    double wide = a;
    memcpy(&u, &wide, sizeof u);
    return u >> 63 ? ~u : u | (uint64_t)1 << 63;
  }
  uint32_t u = mt_float_to_bits((float)a);
  return u >> 31 ? (uint32_t)~u : u | (uint32_t)1 << 31;
#else
  const int is_signed = (T)-1 < (T)1;
  return (uint64_t)x + (is_signed ? (uint64_t)1 << (8 * sizeof(T) - 1) : 0);
#endif
}

/* Bytes of a key; they fit one as well when it counts down from the greatest. */
enum { K(key_bytes) = MT_IS_FLOAT ? sizeof(A) : sizeof(T) };

static void K(read)(entry *e, const void *from, int64_t first, int64_t n, int64_t step, int descending) {
  const T *a = (const T *)from + first * step;
  const uint64_t greatest = UINT64_MAX >> (64 - 8 * K(key_bytes));
  for (int64_t i = 0; i < n; i++) {
    uint64_t key = K(key)(a[i * step]) & greatest;
    e[i] = (entry){descending ? greatest - key : key, first + i};
  }
}

static void K(write)(void *to, int64_t to_step, int64_t *index, int64_t index_step, const entry *e, int64_t n,
                     const void *from, int64_t step) {
  T *o = to;
  const T *a = from;
  for (int64_t i = 0; i < n; i++) {
    o[i * to_step] = a[e[i].place * step];
    index[i * index_step] = e[i].place + 1;
  }
}

static const element K(element) = {sizeof(T), K(key_bytes), K(read), K(write)};

static int K(sort)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int dim, int descending) {
  return each_line(&(job){&K(element), out, index, a, a->size[dim], dim, descending, 1, NULL, 0});
}

static int K(topk)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim, int largest, int sorted) {
  return each_line(&(job){&K(element), out, index, a, k, dim, largest, sorted, NULL, 0});
}

static int K(kthvalue)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim) {
  return each_line(&(job){&K(element), out, index, a, 1, dim, 0, 0, pick_kth, k});
}

static int K(mode)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim) {
  return each_line(&(job){&K(element), out, index, a, 1, dim, 0, 0, pick_mode, k});
}

static void K(register)(void) {
  mt_set_sort(MT_CPU, DTYPE, K(sort));
  mt_set_topk(MT_CPU, DTYPE, K(topk));
  mt_set_kthvalue(MT_CPU, DTYPE, K(kthvalue));
  mt_set_mode(MT_CPU, DTYPE, K(mode));
}

/* twin.h: tensors on the GPU that are compared with ones on the CPU. */
#ifndef TWIN_H
#define TWIN_H
#include "../c/tensors.h"

/* A tensor on the GPU with t's dtype, layout, and the contents of its whole storage: bytes beside the view are
 * compared, too, so that no kernel writes where it should not. */
static inline mt_tensor *twin(const mt_tensor *t) {
  if (!t) return NULL;
  mt_tensor *c = mt_tensor_new(t->dtype, MT_CUDA);
  must(!c);
  if (!t->storage) return c;
  mt_storage *s = mt_storage_new(t->dtype, MT_CUDA, t->storage->size);
  must(!s || mt_storage_copy(s, t->storage) || mt_tensor_set_storage(c, s, t->offset, t->dim, t->size, t->stride));
  mt_storage_free(s);
  return c;
}

static inline int close_enough(double got, double expected, double allowed) {
  if (got == expected || (isnan(got) && isnan(expected))) return 1;
  return fabs(got - expected) <= allowed * (1 + fabs(expected));
}

/* Whether the GPU's tensor has the sizes of the CPU's, and its storage the same contents, within scale tolerances. */
static inline int same(const mt_tensor *cuda, const mt_tensor *cpu, double scale) {
  if (cuda->device != MT_CUDA || cuda->dim != cpu->dim) return 0;
  for (int i = 0; i < cpu->dim; i++)
    if (cuda->size[i] != cpu->size[i]) return 0;
  if (!cpu->storage || mt_tensor_numel(cpu) == 0) return 1;
  int64_t n = cpu->storage->size;
  if (cuda->storage->size != n) return 0;
  mt_tensor *a = mt_tensor_new(cpu->dtype, MT_CUDA), *b = mt_tensor_new(cpu->dtype, MT_CPU);
  must(!a || !b || mt_tensor_set_storage(a, cuda->storage, 0, 1, &n, NULL) ||
       mt_tensor_set_storage(b, cpu->storage, 0, 1, &n, NULL));
  double *x = values(a), *y = values(b), allowed = tolerance(cpu->dtype) * scale;
  int64_t i = 0;
  while (i < n && close_enough(x[i], y[i], allowed)) i++;
  if (i < n) printf("storage element %lld: CPU %.9g, GPU %.9g\n", (long long)i, y[i], x[i]);
  free(x);
  free(y);
  mt_tensor_free(a);
  mt_tensor_free(b);
  return i == n;
}

#define SAME(CUDA, CPU) CHECK(same(CUDA, CPU, 8))

/* Frees tensors; NULLs may be among them. */
#define FREE(...) free_all((mt_tensor *[]){__VA_ARGS__}, (int)(sizeof((mt_tensor *[]){__VA_ARGS__}) / sizeof(void *)))
static inline void free_all(mt_tensor **t, int n) {
  for (int i = 0; i < n; i++) mt_tensor_free(t[i]);
}

/* Whole numbers 1 … most; all different along each line of `step` when distinct. */
static inline mt_tensor *index_tensor(int dim, const int64_t *size, int64_t most, int distinct) {
  mt_tensor *t = noise_tensor(MT_INT64, PLAIN, dim, size);
  int64_t *v = mt_tensor_data(t);
  for (int64_t i = 0; i < mt_tensor_numel(t); i++)
    v[i] = 1 + (distinct ? (i * 3 + 1) % most : (int64_t)((noise() + 1) / 2 * (double)most) % most);
  return t;
}

#endif

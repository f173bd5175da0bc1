/* blas.c: matmul and dot for float and double through OpenBLAS, whose openmp build shares our pool of threads: it takes
 * as many threads as OpenMP has been told to use, and one inside a parallel region. */
#include "cpu.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

/* A matrix as BLAS wants it: its transpose or not, and the distance between lines. */
typedef struct {
  CBLAS_TRANSPOSE trans;
  int64_t lead;
} layout;

/* rows×columns at strides s0, s1; the caller promises that it is row-major or column-major */
static layout layout_of(int64_t rows, int64_t columns, int64_t s0, int64_t s1) {
  int row_major = (columns <= 1 || s1 == 1) && (rows <= 1 || s0 >= columns);
  if (row_major) return (layout){CblasNoTrans, rows > 1 ? s0 : columns};
  return (layout){CblasTrans, columns > 1 ? s1 : rows};
}

/* OpenBLAS counts in int. */
static int too_large(const mt_tensor *t) {
  for (int i = t->dim == 3; i < t->dim; i++)
    if (t->size[i] > INT_MAX || (t->size[i] > 1 && t->stride[i] > INT_MAX)) return 1;
  return 0;
}

#define REAL float
#define BLAS(name) cblas_s##name
#define DTYPE MT_FLOAT
#define K(name) name##_float
#include "blas.tpl.c"
#undef REAL
#undef BLAS
#undef DTYPE
#undef K

#define REAL double
#define BLAS(name) cblas_d##name
#define DTYPE MT_DOUBLE
#define K(name) name##_double
#include "blas.tpl.c"

void mt_cpu_register_blas(void) {
  register_float();
  register_double();
}

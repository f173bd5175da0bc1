/* lapack.c: the slots of linear algebra, filled with LAPACK's routines for float and double. They come with OpenBLAS,
 * under the names that Fortran gives them; Debian's header for them has a package of its own, so the few that are used
 * are declared here. */
#include "kernels.h"

/* A workspace. */
typedef struct {
  void *data;
  int64_t capacity;
} room;

static void *take(room *r, int64_t count, size_t width) {
  r->data = mt_borrow((size_t)(count > 0 ? count : 1) * width, &r->capacity);
  return r->data;
}

static int leave(room *r, int info) {
  mt_give_back(r->data, r->capacity);
  return info;
}

#define R float
#define LAPACK(NAME) s##NAME##_
#define K(NAME) NAME##_float
#include "lapack.tpl.c"
#undef R
#undef LAPACK
#undef K

#define R double
#define LAPACK(NAME) d##NAME##_
#define K(NAME) NAME##_double
#include "lapack.tpl.c"

void mt_register_lapack(void) {
  register_double(MT_DOUBLE);
  register_float(MT_FLOAT);
  register_float(MT_HALF);
  register_float(MT_BFLOAT16);
}

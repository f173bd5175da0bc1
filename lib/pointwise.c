/* pointwise.c: the kernels of every pointwise row for the CPU. Compiled once for any CPU and, from lib/cpu, again for
 * wider instruction sets: MT_POINTWISE_REGISTER then names the function that fills the slots. */
#include "kernels.h"
#include "maths.h"

/* one formula serves signed and unsigned dtypes, so some of its tests are constant for one of them */
#pragma GCC diagnostic ignored "-Wtype-limits"

#ifndef MT_POINTWISE_REGISTER
#define MT_POINTWISE_REGISTER mt_register_pointwise
#endif

/* An output is one of its inputs or apart from them (dispatch.c sees to it), so elements do not depend on each other. */
#ifdef __clang__
#define MT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define MT_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define MT_TEMPLATE "pointwise.tpl.c"
#include "each_dtype.h"

void MT_POINTWISE_REGISTER(void);
void MT_POINTWISE_REGISTER(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}

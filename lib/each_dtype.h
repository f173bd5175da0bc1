/* each_dtype.h: includes MT_TEMPLATE once per dtype. Inside the template:
 *   T        storage type           A        type that arithmetic is done in
 *   ACC      accumulator of sums    DTYPE    MT_FLOAT …
 *   LOAD(x)  T to A                 STORE(x) A (or ACC) to T
 *   M(f)     the maths function f for A (floating dtypes)
 *   K(name)  name with the dtype's suffix
 *   FLOATS, INTS, ALL   FLOATS(x) gives x for the floating dtypes and nothing for the others, and so on
 */
#include "half.h"

#define MT_PASTE_(a, b) a##_##b
#define MT_PASTE(a, b) MT_PASTE_(a, b)
#define K(NAME) MT_PASTE(NAME, SUFFIX)
#define ALL(...) __VA_ARGS__

#define FLOATS(...) __VA_ARGS__
#define INTS(...)
#define MT_IS_FLOAT 1

#define T float
#define A float
#define ACC double
#define DTYPE MT_FLOAT
#define SUFFIX float
#define M(F) F##f
#define LOAD(x) (x)
#define STORE(x) ((T)(x))
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX
#undef M
#undef LOAD
#undef STORE

#define T double
#define A double
#define DTYPE MT_DOUBLE
#define SUFFIX double
#define M(F) F
#define LOAD(x) (x)
#define STORE(x) ((T)(x))
#include MT_TEMPLATE
#undef T
#undef A
#undef ACC
#undef DTYPE
#undef SUFFIX
#undef M
#undef LOAD
#undef STORE

#define A float
#define ACC double
#define M(F) F##f

#define T mt_half
#define DTYPE MT_HALF
#define SUFFIX half
#define LOAD(x) mt_half_to_float(x)
#define STORE(x) mt_float_to_half((float)(x))
#include MT_TEMPLATE
#undef T
#undef DTYPE
#undef SUFFIX
#undef LOAD
#undef STORE

#define T mt_bfloat16
#define DTYPE MT_BFLOAT16
#define SUFFIX bfloat16
#define LOAD(x) mt_bfloat16_to_float(x)
#define STORE(x) mt_float_to_bfloat16((float)(x))
#include MT_TEMPLATE
#undef T
#undef DTYPE
#undef SUFFIX
#undef LOAD
#undef STORE
#undef A
#undef ACC
#undef M

#undef FLOATS
#undef INTS
#undef MT_IS_FLOAT
#define FLOATS(...)
#define INTS(...) __VA_ARGS__
#define MT_IS_FLOAT 0
#define ACC int64_t
#define LOAD(x) (x)
#define STORE(x) ((T)(x))

#define T uint8_t
#define A uint8_t
#define DTYPE MT_UINT8
#define SUFFIX uint8
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX

#define T int8_t
#define A int8_t
#define DTYPE MT_INT8
#define SUFFIX int8
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX

#define T int16_t
#define A int16_t
#define DTYPE MT_INT16
#define SUFFIX int16
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX

#define T int32_t
#define A int32_t
#define DTYPE MT_INT32
#define SUFFIX int32
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX

#define T int64_t
#define A int64_t
#define DTYPE MT_INT64
#define SUFFIX int64
#include MT_TEMPLATE
#undef T
#undef A
#undef DTYPE
#undef SUFFIX

#undef ACC
#undef LOAD
#undef STORE
#undef FLOATS
#undef INTS
#undef ALL
#undef MT_IS_FLOAT
#undef K
#undef MT_PASTE
#undef MT_PASTE_
#undef MT_TEMPLATE

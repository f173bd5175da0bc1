/* pointwise.tpl.cuh: included once per dtype (see each_dtype.h) by unary.cu, binary.cu, …, each of which asks for one
 * kind of row with MT_ROWS_…. Makes a struct of each such row for pointwise.cuh, and registers its kernels. */
#include "formula.h"

/* 16 bytes a pack; 4 elements where the formula may hold a 64-bit division, which is long when written out */
#define PACK (MT_IS_FLOAT || sizeof(T) == 8 ? 16 / (int)sizeof(T) : 4)

/* VALUES: what the formula's a, b, c and m are, of the elements x, y and z; s and t are the op's scalars. */
#define ROW(NAME, INPUTS, OUT, IN1, VALUES, RESULT)                  \
  struct K(NAME) {                                                   \
    typedef OUT out;                                                 \
    typedef IN1 in1;                                                 \
    typedef T in2;                                                   \
    typedef T in3;                                                   \
    typedef A value;                                                 \
    enum { inputs = INPUTS, width = PACK };                          \
    A s, t;                                                          \
    __device__ out operator()(in1 x, in2 y, in3 z) const {           \
      VALUES;                                                        \
      (void)y;                                                       \
      (void)z;                                                       \
      return RESULT;                                                 \
    }                                                                \
  };

#ifdef MT_ROWS_UNARY
#define UNARY(NAME, TYPES, FORMULA) TYPES(ROW(NAME, 1, T, T, const A a = LOAD(x), STORE(FORMULA)))
#endif
#ifdef MT_ROWS_BINARY
#define VALUES2 const A a = LOAD(x); const A b = LOAD(y)
#define BINARY(NAME, TYPES, FORMULA) TYPES(ROW(NAME, 2, T, T, VALUES2, STORE(FORMULA)))
#endif
#ifdef MT_ROWS_COMPARE
#define VALUES2 const A a = LOAD(x); const A b = LOAD(y)
#define COMPARE(NAME, TYPES, FORMULA) TYPES(ROW(NAME, 2, uint8_t, T, VALUES2, (uint8_t)(FORMULA)))
#endif
#ifdef MT_ROWS_TERNARY
#define VALUES3 const A a = LOAD(x); const A b = LOAD(y); const A c = LOAD(z)
#define TERNARY(NAME, TYPES, FORMULA) TYPES(ROW(NAME, 3, T, T, VALUES3, STORE(FORMULA)))
#define VALUES_MASKED const uint8_t m = x; const A a = LOAD(y); const A b = LOAD(z)
#define MASKED(NAME, TYPES, FORMULA) TYPES(ROW(NAME, 3, T, uint8_t, VALUES_MASKED, STORE(FORMULA)))
#endif
#include "ops.def"

#define SLOT(NAME) mt_kernel_set(MT_CUDA, MT_OP_##NAME, DTYPE, (mt_kernel)mt_pointwise_run<K(NAME)>);
static void K(register)(void) {
#ifdef MT_ROWS_UNARY
#define UNARY(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#endif
#ifdef MT_ROWS_BINARY
#define BINARY(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#endif
#ifdef MT_ROWS_COMPARE
#define COMPARE(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#endif
#ifdef MT_ROWS_TERNARY
#define TERNARY(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#define MASKED(NAME, TYPES, FORMULA) TYPES(SLOT(NAME))
#endif
#include "ops.def"
}

#undef PACK
#undef ROW
#undef VALUES2
#undef VALUES3
#undef VALUES_MASKED
#undef SLOT

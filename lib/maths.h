/* maths.h: glibc's maths functions with their vector forms (libmvec, x86-64, from 2.35), at most 4 units in the last place
 * off. glibc's own header declares those under -ffast-math alone; GCC then calls them from loops that it vectorises.
 * Include it before the loops. Elsewhere the functions are the scalar ones. */
#ifndef MOONTORCH_MATHS_H
#define MOONTORCH_MATHS_H
#include <math.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
#define MT_VECTOR_FORMS __attribute__((simd("notinbranch")))
#endif
#endif
#ifndef MT_VECTOR_FORMS
#define MT_VECTOR_FORMS
#endif

#define MT_VECTOR_FORM(NAME)           \
  double NAME(double) MT_VECTOR_FORMS; \
  float NAME##f(float) MT_VECTOR_FORMS;
#define MT_VECTOR_FORM_OF_TWO(NAME)            \
  double NAME(double, double) MT_VECTOR_FORMS; \
  float NAME##f(float, float) MT_VECTOR_FORMS;
MT_VECTOR_FORM(exp)
MT_VECTOR_FORM(expm1)
MT_VECTOR_FORM(log)
MT_VECTOR_FORM(log1p)
MT_VECTOR_FORM(sin)
MT_VECTOR_FORM(cos)
MT_VECTOR_FORM(tan)
MT_VECTOR_FORM(asin)
MT_VECTOR_FORM(acos)
MT_VECTOR_FORM(atan)
MT_VECTOR_FORM(sinh)
MT_VECTOR_FORM(cosh)
MT_VECTOR_FORM(tanh)
MT_VECTOR_FORM(erf)
MT_VECTOR_FORM(erfc)
MT_VECTOR_FORM_OF_TWO(pow)
MT_VECTOR_FORM_OF_TWO(atan2)
#undef MT_VECTOR_FORM
#undef MT_VECTOR_FORM_OF_TWO
#undef MT_VECTOR_FORMS

/* Keeps a loop over vectors a function of its own: of a count that is known the compiler makes scalar calls. */
#define MT_APART __attribute__((noinline))

#endif

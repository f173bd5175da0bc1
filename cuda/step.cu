/* step.cu: the rows STEP of ops.def, for the floating dtypes: a thread for each element. */
#include "common.cuh"

/* The numbers of a row, as a kernel's argument. */
template <class A> struct mt_step_numbers { A at[MT_STEP_NUMBERS]; };

#define MT_TEMPLATE "step.tpl.cuh"
#include "each_dtype.h"

void mt_cuda_register_step(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
}

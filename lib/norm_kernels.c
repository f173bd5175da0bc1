/* norm_kernels.c: the kernels of softmax and batch normalisation. Compiled once for any CPU and, from lib/cpu, again for
 * wider instruction sets: MT_NORM_REGISTER then names the function that fills the slots, MT_VECTOR the bytes of a
 * vector. */
#include "half.h"
#include "kernels.h"
#include "maths.h"
#include "stream.h"

#ifndef MT_NORM_REGISTER
#define MT_NORM_REGISTER mt_register_norm
#define MT_VECTOR 16
#endif

/* Softmax does this many neighbours at once when its dimension is not the last. Batch normalisation does this many
 * channels at once when planes are smaller, to read whole cache lines of an N×C input. */
enum { RUN = 64, CHANNELS = 16 };
/* CHUNK elements of a row of softmax are summed in their own type. Of rows of up to LONGEST elements the next one is
 * fetched meanwhile: the processor's own prefetch begins anew with each. */
enum { CHUNK = 256, LONGEST = 4096 };

/* Elements of one channel of one image */
static int64_t plane_size(const mt_tensor *input) {
  int64_t n = 1;
  for (int i = 2; i < input->dim; i++) n *= input->size[i];
  return n;
}

#define MT_TEMPLATE "softmax.tpl.c"
#include "each_dtype.h"
#define MT_TEMPLATE "batch_norm.tpl.c"
#include "each_dtype.h"

void MT_NORM_REGISTER(void);
void MT_NORM_REGISTER(void) {
  register_softmax_float();
  register_softmax_double();
  register_softmax_half();
  register_softmax_bfloat16();
  register_batch_norm_float();
  register_batch_norm_double();
  register_batch_norm_half();
  register_batch_norm_bfloat16();
}

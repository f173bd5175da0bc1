/* norm_avx2.c: the kernels of softmax and batch normalisation again, compiled for AVX2, FMA and F16C (see
 * CMakeLists.txt). */
#define MT_NORM_REGISTER mt_cpu_norm_avx2
#define MT_VECTOR 32
#include "../norm_kernels.c"

/* pointwise_avx2.c: the pointwise kernels again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_POINTWISE_REGISTER mt_cpu_pointwise_avx2
#include "../pointwise.c"

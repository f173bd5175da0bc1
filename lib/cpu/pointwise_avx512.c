/* pointwise_avx512.c: the pointwise kernels again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_POINTWISE_REGISTER mt_cpu_pointwise_avx512
#include "../pointwise.c"

/* random_avx2.c: filling with random numbers again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_RANDOM_REGISTER mt_cpu_random_avx2
#include "../random_kernels.c"

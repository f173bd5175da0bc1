/* random_avx512.c: filling with random numbers again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_RANDOM_REGISTER mt_cpu_random_avx512
#include "../random_kernels.c"

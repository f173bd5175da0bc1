/* norm_avx512.c: the kernels of softmax and batch normalisation again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_NORM_REGISTER mt_cpu_norm_avx512
#define MT_VECTOR 64
#include "../norm_kernels.c"

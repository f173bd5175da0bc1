/* reduce_avx512.c: the kernels of the reductions again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_REDUCE_REGISTER mt_cpu_reduce_avx512
#include "../reduce_kernels.c"

/* reduce_avx2.c: the kernels of the reductions again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_REDUCE_REGISTER mt_cpu_reduce_avx2
#include "../reduce_kernels.c"

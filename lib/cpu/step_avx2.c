/* step_avx2.c: the kernels of the optimisers' steps again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_STEP_REGISTER mt_cpu_step_avx2
#include "../step_kernels.c"

/* attention_avx2.c: attention again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_ATTENTION_REGISTER mt_cpu_attention_avx2
#define MT_VECTOR 32
#include "../attention_kernels.c"

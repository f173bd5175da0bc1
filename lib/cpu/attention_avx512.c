/* attention_avx512.c: attention again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_ATTENTION_REGISTER mt_cpu_attention_avx512
#define MT_VECTOR 64
#include "../attention_kernels.c"

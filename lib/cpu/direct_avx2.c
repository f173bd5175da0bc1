/* direct_avx2.c: convolution by our own product of matrices, for AVX2 and FMA (see CMakeLists.txt). */
#define LANES 8
#define DIRECT_REGISTER mt_cpu_direct_avx2
void DIRECT_REGISTER(void);
#include "direct.tpl.c"

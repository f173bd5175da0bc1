/* direct_avx512.c: convolution by our own product of matrices, for AVX-512 (see CMakeLists.txt). */
#define LANES 16
#define DIRECT_REGISTER mt_cpu_direct_avx512
void DIRECT_REGISTER(void);
#include "direct.tpl.c"

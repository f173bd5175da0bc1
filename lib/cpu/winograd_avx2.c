/* winograd_avx2.c: Winograd's convolution for AVX2 and FMA (see CMakeLists.txt). */
#define LANES 8
#define WINOGRAD_REGISTER mt_cpu_winograd_avx2
void WINOGRAD_REGISTER(void);
#include "winograd.tpl.c"

/* winograd_avx512.c: Winograd's convolution for AVX-512 (see CMakeLists.txt). */
#define LANES 16
#define WINOGRAD_REGISTER mt_cpu_winograd_avx512
void WINOGRAD_REGISTER(void);
#include "winograd.tpl.c"

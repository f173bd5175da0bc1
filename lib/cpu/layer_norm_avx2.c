/* layer_norm_avx2.c: the kernels of layer normalisation again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_LAYER_NORM_REGISTER mt_cpu_layer_norm_avx2
#include "../layer_norm_kernels.c"

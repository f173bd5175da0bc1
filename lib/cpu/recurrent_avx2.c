/* recurrent_avx2.c: LSTM and GRU again, compiled for AVX2, FMA and F16C (see CMakeLists.txt). */
#define MT_RECURRENT_REGISTER mt_cpu_recurrent_avx2
#define MT_VECTOR 32
#include "../recurrent_kernels.c"

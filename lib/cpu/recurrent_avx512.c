/* recurrent_avx512.c: LSTM and GRU again, compiled for AVX-512 (see CMakeLists.txt). */
#define MT_RECURRENT_REGISTER mt_cpu_recurrent_avx512
#define MT_VECTOR 64
#include "../recurrent_kernels.c"

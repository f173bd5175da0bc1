/* cublas_v2.h, the emulator's: the functions of cuBLAS that cuda/ uses (see cublas.cpp). */
#ifndef MOONTORCH_EMULATED_CUBLAS_H
#define MOONTORCH_EMULATED_CUBLAS_H
#include <cuda_runtime.h>

typedef struct emulated_cublas *cublasHandle_t;
typedef enum {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
} cublasStatus_t;
typedef enum { CUBLAS_OP_N, CUBLAS_OP_T } cublasOperation_t;
typedef enum { CUDA_R_32F = 0, CUDA_R_64F = 1, CUDA_R_16F = 2, CUDA_R_16BF = 14 } cudaDataType;
typedef enum { CUBLAS_COMPUTE_32F = 68, CUBLAS_COMPUTE_64F = 70 } cublasComputeType_t;
typedef enum { CUBLAS_GEMM_DEFAULT = -1 } cublasGemmAlgo_t;

extern "C" {
cublasStatus_t cublasCreate(cublasHandle_t *handle);
cublasStatus_t cublasDestroy(cublasHandle_t handle);
const char *cublasGetStatusString(cublasStatus_t status);
cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                             int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                                             cudaDataType atype, int64_t lda, long long stridea, const void *b,
                                             cudaDataType btype, int64_t ldb, long long strideb, const void *beta,
                                             void *c, cudaDataType ctype, int64_t ldc, long long stridec, int64_t batch,
                                             cublasComputeType_t compute, cublasGemmAlgo_t algorithm);
}

#endif

/* cublas.cpp: the matrix product of cuBLAS by plain loops, strict about its arguments as the real one. */
#include <cublas_v2.h>

#include "half.h"

struct emulated_cublas {
  int alive;
};

static double element(const void *data, cudaDataType type, int64_t at) {
  switch (type) {
    case CUDA_R_32F: return (double)((const float *)data)[at];
    case CUDA_R_64F: return ((const double *)data)[at];
    case CUDA_R_16F: return (double)mt_half_to_float(((const mt_half *)data)[at]);
    default: return (double)mt_bfloat16_to_float(((const mt_bfloat16 *)data)[at]);
  }
}

static void put_element(void *data, cudaDataType type, int64_t at, double value) {
  switch (type) {
    case CUDA_R_32F: ((float *)data)[at] = (float)value; break;
    case CUDA_R_64F: ((double *)data)[at] = value; break;
    case CUDA_R_16F: ((mt_half *)data)[at] = mt_float_to_half((float)value); break;
    default: ((mt_bfloat16 *)data)[at] = mt_float_to_bfloat16((float)value); break;
  }
}

/* A column-major matrix, perhaps to be read transposed. */
struct matrix {
  const void *data;
  cudaDataType type;
  int64_t ld;
  bool transposed;
  double at(int64_t batch_offset, int64_t row, int64_t column) const {
    return element(data, type, batch_offset + (transposed ? column + row * ld : row + column * ld));
  }
};

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
  *handle = new emulated_cublas{1};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "unknown status";
}

/* c (m×n) = alpha op(a) op(b) + beta c, all column-major. */
cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                             int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                                             cudaDataType atype, int64_t lda, long long stridea, const void *b,
                                             cudaDataType btype, int64_t ldb, long long strideb, const void *beta,
                                             void *c, cudaDataType ctype, int64_t ldc, long long stridec, int64_t batch,
                                             cublasComputeType_t compute, cublasGemmAlgo_t) {
  auto at_least = [](int64_t ld, int64_t rows) { return ld >= (rows > 1 ? rows : 1); };
  if (!handle || !handle->alive) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || !at_least(lda, transa == CUBLAS_OP_N ? m : k) ||
      !at_least(ldb, transb == CUBLAS_OP_N ? k : n) || !at_least(ldc, m))
    return CUBLAS_STATUS_INVALID_VALUE;
  bool wide = compute == CUBLAS_COMPUTE_64F;
  if (atype != btype || atype != ctype || (atype == CUDA_R_64F) != wide) return CUBLAS_STATUS_NOT_SUPPORTED;
  double x = wide ? *(const double *)alpha : (double)*(const float *)alpha;
  double y = wide ? *(const double *)beta : (double)*(const float *)beta;
  matrix left = {a, atype, lda, transa == CUBLAS_OP_T}, right = {b, btype, ldb, transb == CUBLAS_OP_T};
  cuda_emulator::open_memory();
  for (int64_t s = 0; s < batch; s++)
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) {
        int64_t place = s * stridec + i + j * ldc;
        double sum = 0;
        for (int64_t l = 0; l < k; l++) sum += left.at(s * stridea, i, l) * right.at(s * strideb, l, j);
        put_element(c, ctype, place, x * sum + (y == 0 ? 0 : y * element(c, ctype, place)));
      }
  cuda_emulator::close_memory();
  return CUBLAS_STATUS_SUCCESS;
}

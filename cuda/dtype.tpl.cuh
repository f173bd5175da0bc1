/* dtype.tpl.cuh: included once per dtype by dtype.cuh. */
struct K(dtype) {
  typedef T type;
  typedef A value;
  typedef ACC sum;
  static constexpr int id = DTYPE;
  static constexpr bool floating = MT_IS_FLOAT;
  static __host__ __device__ value load(type x) {
    return LOAD(x);
  }
  template <class X> static __host__ __device__ type store(X x) {
    return STORE(x);
  }
};

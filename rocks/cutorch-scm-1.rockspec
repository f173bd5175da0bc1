-- Builds the CUDA library too, and puts it where lua/cutorch looks. It needs nvcc, CMake, a C and a C++ compiler and
-- OpenBLAS's OpenMP build. Make the rock torch first.
rockspec_format = '3.0'
package = 'cutorch'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Tensors on the GPU', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'cmake -S . -B build/rock-cuda -DCMAKE_BUILD_TYPE=Release -DMT_TH=OFF -DMT_TESTS=OFF'
    .. ' && cmake --build build/rock-cuda --target moontorch_cuda --parallel 2',
  install_command = 'mkdir -p "$(LUADIR)" "$(LIBDIR)" && cp -R lua/cutorch "$(LUADIR)"'
    .. ' && cp build/rock-cuda/lib/libmoontorch_cuda.so "$(LIBDIR)"',
}

-- Make the rock paths first. This one builds the C library too, and puts it where lua/torch/ffi.lua looks. It needs
-- CMake, a C compiler and OpenBLAS's OpenMP build. The rocks of this folder name no other rock as a dependency: public
-- servers carry other projects' packages of the same names.
rockspec_format = '3.0'
package = 'torch'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Tensors for LuaJIT, in the manner of Torch7', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'cmake -S . -B build/rock -DCMAKE_BUILD_TYPE=Release -DMT_CUDA=OFF -DMT_TH=OFF -DMT_TESTS=OFF'
    .. ' -DMT_THREADS=OFF'
    .. ' && cmake --build build/rock --target moontorch --parallel 2',
  install_command = 'mkdir -p "$(LUADIR)" "$(LIBDIR)" && cp -R lua/torch "$(LUADIR)"'
    .. ' && cp build/rock/lib/libmoontorch.so "$(LIBDIR)"',
}

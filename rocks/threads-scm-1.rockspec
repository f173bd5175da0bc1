-- Make the rocks paths, torch and tds first. This one builds a C library too, beside torch's, with LuaJIT's headers. The
-- rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the same
-- names.
rockspec_format = '3.0'
package = 'threads'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Lua states on threads that share tensors', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'cmake -S . -B build/rock -DCMAKE_BUILD_TYPE=Release -DMT_CUDA=OFF -DMT_TH=OFF -DMT_TESTS=OFF'
    .. ' -DMT_THREADS=ON -DMT_LUA_INCLUDE="$(LUA_INCDIR)"'
    .. ' && cmake --build build/rock --target moontorch_threads --parallel 2',
  install_command = 'mkdir -p "$(LUADIR)/threads" "$(LIBDIR)" && cp lua/threads/*.lua "$(LUADIR)/threads"'
    .. ' && cp build/rock/lib/libmoontorch_threads.so "$(LIBDIR)"',
}

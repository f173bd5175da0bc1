-- th, the interpreter with a prompt. It needs CMake, a C compiler, pkg-config and the headers of LuaJIT and readline.
rockspec_format = '3.0'
package = 'trepl'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'th: LuaJIT with a prompt, and torch at hand', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'cmake -S . -B build/rock-th -DCMAKE_BUILD_TYPE=Release -DMT_CUDA=OFF -DMT_TESTS=OFF'
    .. ' && cmake --build build/rock-th --target th',
  install_command = 'mkdir -p "$(LUADIR)" "$(BINDIR)" && cp -R lua/trepl "$(LUADIR)"'
    .. ' && cp build/rock-th/bin/th "$(BINDIR)"',
}

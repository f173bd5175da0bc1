-- The rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the
-- same names. Make paths and torch first: this one stands on them.
rockspec_format = '3.0'
package = 'tds'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Hashes, lists and counters outside of the heap of Lua', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/tds "$(LUADIR)"',
}

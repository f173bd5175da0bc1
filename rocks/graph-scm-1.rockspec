-- The rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the
-- same names. Make paths and torch first: this one stands on them.
rockspec_format = '3.0'
package = 'graph'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Directed graphs, their orders and pictures', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/graph "$(LUADIR)"',
}

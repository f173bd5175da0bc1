-- The rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the
-- same names. Make paths, torch, autograd and nn first: this one stands on them.
rockspec_format = '3.0'
package = 'dpnn'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Shared clones, REINFORCE and more modules for nn', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/dpnn "$(LUADIR)"',
}

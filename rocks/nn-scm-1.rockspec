-- The rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the
-- same names. Make paths and torch first, then what stands on them: autograd, nn, optim.
rockspec_format = '3.0'
package = 'nn'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'Neural networks: modules, containers and criterions', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/nn "$(LUADIR)"',
}

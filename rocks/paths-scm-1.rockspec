-- torch stands on this one: make it first.
rockspec_format = '3.0'
package = 'paths'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'File names and folders', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/paths "$(LUADIR)"',
}

-- The rocks of this folder name no other rock as a dependency: public servers carry other projects' packages of the
-- same names. Make torch first. libhdf5 has to be on the machine.
rockspec_format = '3.0'
package = 'hdf5'
version = 'scm-1'
source = { url = '.' }
description = { summary = 'HDF5 files for Moontorch', license = 'BSD-3-Clause' }
dependencies = { 'lua == 5.1' }
build = {
  type = 'command',
  build_command = 'true',
  install_command = 'mkdir -p "$(LUADIR)" && cp -R lua/hdf5 "$(LUADIR)"',
}

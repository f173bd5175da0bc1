--- Finds the project's shared libraries and declares their functions: each carries the text of its own header.
local ffi = require 'ffi'

local here = debug.getinfo(1, 'S').source:match('^@(.*)torch/library%.lua$') or './lua/'

local library = {}

-- The build tree (lua/ beside build/, or build/lua beside build/lib), an installation (PREFIX/share/lua/5.1 and
-- PREFIX/lib), a luarocks tree (share/lua/5.1 and lib/lua/5.1).
local folders = {
  '../build/lib', '../lib', '../../../lib', '../../../lib/lua/5.1',
  '../../../lib/' .. ffi.arch:gsub('x64', 'x86_64') .. '-linux-gnu',
}

local function exists(path)
  local file = io.open(path, 'rb')
  if file then file:close() end
  return file ~= nil
end

--- Where a library is, 'moontorch_cuda' for libmoontorch_cuda.so: the place that the environment variable names, beside
-- these Lua files, or on package.cpath. Otherwise nil and the places looked at.
function library.find(name, variable)
  local given, places = os.getenv(variable), {}
  if given then return given end
  for i, folder in ipairs(folders) do
    places[i] = ('%s%s/lib%s.so'):format(here, folder, name)
    if exists(places[i]) then return places[i] end
  end
  local found = package.searchpath('lib' .. name, package.cpath)
  if found then return found end
  return nil, table.concat(places, '\n  ')
end

--- Gives the text of a header to ffi.cdef: all but what is for C compilers, and its function that gives the text, which
-- is declared already.
function library.declare(text, own)
  text = '\n' .. text
  text = text:gsub('\n#ifdef __cplusplus.-\n#endif', '\n'):gsub('\n#[^\n]*', '\n')
  ffi.cdef((text:gsub('\nconst char %*' .. own .. '[^\n]*', '\n')))
end

return library

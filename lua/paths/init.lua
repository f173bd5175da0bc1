--- paths: file names and folders, through the C library alone; no shell is run. require 'paths' also sets the global
-- paths, as does require 'torch'. A wrong argument is an error; what the system refuses gives nil and a message.
local ffi = require 'ffi'
local folders = require 'paths.folders'
local fs = require 'paths.fs'
local names = require 'paths.names'

local paths = {}
for _, part in ipairs {names, folders} do
  for name, value in pairs(part) do paths[name] = value end
end

--- The home folder of the user.
paths.home = os.getenv('HOME') or '.'

-- -- The machine ------------------------------------------------------------------------------------------------

--- paths.uname(): the system ('Linux'), the name of this computer and its kind of processor ('x86_64')
function paths.uname()
  local width = ffi.os == 'Linux' and 65 or 256 -- of each field of struct utsname
  local fields = ffi.new('char[?]', 6 * width)
  if fs.C.paths_uname(fields) ~= 0 then return 'Unknown' end
  return ffi.string(fields), ffi.string(fields + width), ffi.string(fields + 4 * width)
end

--- paths.is_win(): whether this is Windows
function paths.is_win() return ffi.os == 'Windows' end

--- paths.is_mac(): whether this is macOS
function paths.is_mac() return ffi.os == 'OSX' end

--- paths.getregistryvalue(key, subkey, value): an error, since only Windows has a registry
function paths.getregistryvalue()
  error('getregistryvalue: there is a registry on Windows only', 2)
end

-- -- The calling file -------------------------------------------------------------------------------------------

-- The file of the function at a level, counted from the caller of this one's caller; nil for code that lies in none.
local function file_at(level)
  local info = debug.getinfo(level + 1, 'S')
  local path = info and info.source:match('^@(.*)$')
  return path and names.concat(path)
end

--- paths.thisfile([name]): the path of the calling file, or of a name seen from that file's folder; without a file, as
-- at the prompt, nil or the name. A second argument, 2 by default, is the level of the stack that counts as the caller
--   paths.thisfile('data.t7')   -- beside this script
function paths.thisfile(name, level)
  local path = file_at(level or 2)
  if type(name) ~= 'string' then return path end
  return path and names.concat(names.dirname(path), name) or name
end

-- Keeps the call of dofile from being a tail call, which would take this file's frame away from file_at.
local function all(...) return ... end

--- paths.dofile(name[, level]): runs a Lua file, whose name is seen from the calling file's folder; gives its results
--   local model = paths.dofile('model.lua')
function paths.dofile(name, level)
  local path = file_at(level or 2)
  name = fs.check_name('dofile', name)
  return all(dofile(path and names.concat(names.dirname(path), name) or name))
end

--- paths.require(name): loads a C module with its symbols open to libraries loaded later; gives the module
function paths.require(name)
  if package.loaded[name] then return package.loaded[name] end
  local path, tried = package.searchpath(fs.check_name('require', name), package.cpath)
  if not path then error(("require: module '%s' not found:%s"):format(name, tried), 2) end
  local opened, reason = package.loadlib(path, '*')
  local open = opened and package.loadlib(path, 'luaopen_' .. name:gsub('%.', '_'))
  if not open then error(('require: %s is no Lua module: %s'):format(path, reason or 'it has no luaopen'), 2) end
  package.loaded[name] = true
  local module = open(name)
  if module ~= nil then package.loaded[name] = module end
  return package.loaded[name]
end

package.loaded.paths = paths
rawset(_G, 'paths', paths)
return paths

--- hdf5.HDF5File: a file. Files that are written change in place, as HDF5's do: what other writers here do, to write
-- beside and rename, is not possible for one that grows while it is open.
local torch = require 'torch'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local Group = require 'hdf5.group'
local inspect = require 'hdf5.inspect'
local library = require 'hdf5.library'
local ffi = require 'ffi'

local C, own, check = library.C, library.own, library.check
local READ_ONLY, READ_WRITE, TRUNCATE, EXCLUSIVE = 0, 1, 2, 4
local ALL_OBJECTS, LOCAL = 0x1f, 0x20
local GLOBAL_SCOPE = 1

local File = torch.class('hdf5.HDF5File', {})

-- -- Opening ----------------------------------------------------------------------------------------------------

--- Not called by users: hdf5.open does. mode: 'r' or 'r+', by which the file can be opened again.
function File:__init(path, id, mode)
  self._filename, self._id, self._mode = path, id, mode
  self._rootGroup = Group.new(self, own('object', C.H5Oopen(id.id, '/', 0), 'cannot open the root of %s', path))
end

local function absolute(path)
  local resolved = libc.C.mt_c_realpath(path, nil)
  if resolved == nil then return path end
  local out = ffi.string(resolved)
  libc.C.mt_c_free(resolved)
  return out
end

local function create(path, flags)
  return own('file', C.H5Fcreate(path, flags, 0, 0), 'cannot make %s', path)
end

local function open(path, flags)
  if not libc.kind(path) then errors.fail('hdf5: cannot open %s: there is no such file', path) end
  return own('file', C.H5Fopen(path, flags, 0), 'cannot open %s', path)
end

local openers = {
  r = function(path) return open(path, READ_ONLY), 'r' end,
  ['r+'] = function(path) return open(path, READ_WRITE), 'r+' end,
  w = function(path) return create(path, TRUNCATE), 'r+' end,
  ['w-'] = function(path) return create(path, EXCLUSIVE), 'r+' end,
}

function openers.a(path)
  return openers[libc.kind(path) and 'r+' or 'w'](path)
end

--- hdf5.open(path[, mode]): opens a file. mode: 'a' to read and write, made where it is missing (the default); 'r' to
-- read; 'r+' to read and write one that is there; 'w' to make it anew; 'w-' to make it where nothing is.
--   local file = hdf5.open('/tmp/x.h5', 'w')
--   file:write('/layer/weight', torch.range(1, 6):view(2, 3))
--   file:close()
--   print(hdf5.open('/tmp/x.h5', 'r'):read('/layer/weight'):all()[2][3])   -- 6
function File.open(path, mode)
  if type(path) ~= 'string' or path:find('%z') then errors.fail('hdf5.open: expected a file name') end
  local opener = openers[mode or 'a'] or
                 errors.fail("hdf5.open: expected the mode 'a', 'r', 'r+', 'w' or 'w-', got %s", tostring(mode))
  path = path:gsub('^~/', (os.getenv('HOME') or '~') .. '/')
  local folder = path:match('^(.*)/[^/]*$')
  if folder and folder ~= '' and not libc.kind(folder) then errors.fail('hdf5.open: there is no folder %s', folder) end
  local id, again = opener(path)
  return File.new(absolute(path), id, again)
end

function File:filename() return self._filename end

local function root(self)
  if not self._id then errors.fail('hdf5: %s is closed', self._filename) end
  return self._rootGroup
end

-- -- Reading and writing ----------------------------------------------------------------------------------------

--- read([path]): the group (hdf5.HDF5Group) or dataset (hdf5.HDF5DataSet) there; its all() reads it.
function File:read(path) return root(self):read(path) end

--- all(): everything in the file as a table.
function File:all() return root(self):all() end

--- write(path, data[, options]): writes a tensor, or a table of them (and of tables) as a group, which is made with
-- those around it. options: see hdf5.DataSetOptions.
function File:write(path, data, options) self:_write_or_append('write', path, data, options) end

--- append(path, data): lengthens a dataset, which has to be chunked, by the rows of a tensor.
function File:append(path, data, options) self:_write_or_append('append', path, data, options) end

function File:_write_or_append(method, path, data, options)
  root(self):_write_or_append(method, path, data, options)
end

-- -- Closing, and passing on ------------------------------------------------------------------------------------

--- Writes everything to the disk, and closes the file and all that came from it.
function File:close()
  if not self._id then return end
  self._rootGroup:close()
  local status = C.H5Fclose(ffi.gc(self._id, nil).id)
  self._id, self._rootGroup = nil, nil
  check(status, 'cannot close %s', self._filename)
end

-- An id means nothing elsewhere, so files travel by name and are opened again.
function File:__write(file)
  root(self)
  if self._mode ~= 'r' then check(C.H5Fflush(self._id.id, GLOBAL_SCOPE), 'cannot write %s', self._filename) end
  file:writeObject {self._filename, self._mode}
end

function File:__read(file)
  local place = file:readObject()
  local other = File.open(place[1], place[2])
  for key, value in pairs(other) do self[key] = value end
  self._rootGroup._parent = self
end

function File:_printOpenObjects()
  root(self)
  local kinds = ALL_OBJECTS + LOCAL
  local count = tonumber(check(C.H5Fget_obj_count(self._id.id, kinds), 'cannot look at %s', self._filename))
  local ids = ffi.new('hid_t[?]', count)
  C.H5Fget_obj_ids(self._id.id, kinds, count, ids)
  print(('%s has %d open objects'):format(tostring(self), count))
  for i = 0, count - 1 do print('  ' .. inspect.describe(ids[i])) end
  return count
end

function File:__tostring__()
  return ('[HDF5File %s%s]'):format(self._filename, self._id and '' or ', closed')
end

return File

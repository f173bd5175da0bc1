--- hdf5.HDF5Group: a folder in a file.
local ffi = require 'ffi'
local torch = require 'torch'
local errors = require 'torch.errors'
local elements = require 'torch.formats.elements'
local DataSet = require 'hdf5.dataset'
local Options = require 'hdf5.options'
local inspect = require 'hdf5.inspect'
local library = require 'hdf5.library'
local spaces = require 'hdf5.spaces'
local types = require 'hdf5.types'

local C, own, check = library.C, library.own, library.check
local INDEX_NAME, INCREASING = 0, 0

local deepest = 100 -- groups within groups

local Group = torch.class('hdf5.HDF5Group', {})

--- Not called by users: file:read('/path') gives one.
function Group:__init(parent, id)
  self._parent, self._id, self._children = parent, id, {}
end

local function open_id(self)
  if not self._id then errors.fail('hdf5: the group is closed') end
  return self._id.id
end

-- -- Children ---------------------------------------------------------------------------------------------------

-- The names of what is in the group, sorted.
local function names(self)
  local info, list = ffi.new('H5G_info_t'), {}
  check(C.H5Gget_info(open_id(self), info), 'cannot look at %s', self._id)
  for i = 0, tonumber(info.nlinks) - 1 do
    local n = check(C.H5Lget_name_by_idx(self._id.id, '.', INDEX_NAME, INCREASING, i, nil, 0, 0),
                    'cannot look at %s', self._id)
    local name = ffi.new('char[?]', n + 1)
    C.H5Lget_name_by_idx(self._id.id, '.', INDEX_NAME, INCREASING, i, name, n + 1, 0)
    list[#list + 1] = ffi.string(name)
  end
  return list
end

--- The object that an id, taken over by library.own, is of; nil where it is neither a group nor a dataset.
function Group.wrap(parent, id)
  local kind = C.H5Iget_type(id.id)
  if kind == inspect.GROUP then return Group.new(parent, id) end
  if kind == inspect.DATASET then return DataSet.new(parent, id) end
end

-- A child by its name, nil when there is none or it is a named type.
local function child(self, name)
  local known = self._children[name]
  if known and known._id then return known end
  if C.H5Lexists(open_id(self), name, 0) <= 0 then return nil end
  if not library.is_inner_link(self._id.id, name) then
    errors.fail('hdf5: %s of %s lies in another file, which is not read', name, library.name(self._id.id))
  end
  local id = own('object', C.H5Oopen(self._id.id, name, 0), 'cannot open %s of %s', name, self._id)
  self._children[name] = Group.wrap(self, id)
  return self._children[name]
end

local function check_name(what, name)
  if type(name) ~= 'string' or name == '' or name == '.' or name:find('[/%z]') then
    errors.fail('%s: expected a name without slashes, got %s', what, tostring(name))
  end
  return name
end

--- createChild(name): a new group in this one.
function Group:createChild(name)
  local id = C.H5Gcreate2(open_id(self), check_name('createChild', name), 0, 0, 0)
  local group = Group.new(self, own('object', id, 'cannot make the group %s', name))
  self._children[name] = group
  return group
end

function Group:getOrCreateChild(name)
  return child(self, check_name('getOrCreateChild', name)) or self:createChild(name)
end

-- -- Paths ------------------------------------------------------------------------------------------------------

--- The names in a path, '/a/b' or {'a', 'b'}.
function Group.split(what, path)
  local list = {}
  if type(path) == 'string' then
    for name in path:gmatch('[^/]+') do list[#list + 1] = name end
  elseif type(path) == 'table' then
    for i, name in ipairs(path) do list[i] = name end
  else
    errors.fail('%s: expected a path, got %s', what, torch.type(path))
  end
  for _, name in ipairs(list) do check_name(what, name) end
  return list
end

--- read(path): the group or dataset there.
function Group:read(path)
  local at = self
  for _, name in ipairs(Group.split('read', path or {})) do
    if torch.typename(at) ~= 'hdf5.HDF5Group' then errors.fail('read: %s is no group', library.name(at._id.id)) end
    at = child(at, name) or errors.fail('read: there is no %s in %s', name, library.name(open_id(at)))
  end
  open_id(at)
  return at
end

-- -- Reading all ------------------------------------------------------------------------------------------------

-- seen: what was read of each object, so that one with several names is read once, and loops end.
local function read_all(self, seen, depth)
  local id = open_id(self)
  if depth > deepest then errors.fail('all: groups are nested deeper than %d levels', deepest) end
  local out = {}
  seen[library.identity(id)] = out
  for _, name in ipairs(names(self)) do
    local object = child(self, name)
    local key = object and library.identity(object._id.id)
    if key and seen[key] == nil then
      seen[key] = torch.typename(object) == 'hdf5.HDF5Group' and read_all(object, seen, depth + 1) or object:all()
    end
    out[name] = key and seen[key]
  end
  return out
end

--- all(): everything in the group as a table of tensors and tables; types that only have a name are left out.
function Group:all()
  return read_all(self, {}, 1)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

function Group:_writeDataSet(name, tensor, options)
  options = options or Options.new()
  options:adjustForData(tensor)
  local _, file_type = types.of_tensor(tensor)
  local sizes = elements.sizes(tensor)
  local space = spaces.of_sizes(sizes, options._chunking)
  local id = C.H5Dcreate2(open_id(self), name, file_type, space.id, 0, options:creationProperties(), 0)
  local dataset = DataSet.new(self, own('object', id, 'cannot make the dataset %s', name))
  self._children[name] = dataset
  dataset:_write(tensor)
end

function Group:_appendDataSet(name, tensor)
  local dataset = child(self, name)
  if torch.typename(dataset) ~= 'hdf5.HDF5DataSet' then
    errors.fail('append: there is no dataset %s in %s', name, library.name(open_id(self)))
  end
  dataset:_append(tensor)
end

local function write_value(self, method, name, data, options, depth)
  if depth > deepest then errors.fail('%s: tables are nested deeper than %d levels', method, deepest) end
  if torch.isTensor(data) then
    if method == 'write' then return self:_writeDataSet(name, data, options) end
    return self:_appendDataSet(name, data)
  end
  if type(data) ~= 'table' or torch.typename(data) then
    errors.fail('%s: expected a tensor or a table of tensors as %s, got %s', method, name, torch.type(data))
  end
  local group = self:getOrCreateChild(name)
  if torch.typename(group) ~= 'hdf5.HDF5Group' then errors.fail('%s: %s is no group', method, name) end
  for key, value in pairs(data) do
    write_value(group, method, check_name(method, key), value, options, depth + 1)
  end
end

function Group:_write_or_append(method, path, data, options)
  local list, at = Group.split(method, path), self
  if options ~= nil and torch.typename(options) ~= 'hdf5.DataSetOptions' then
    errors.fail('%s: expected hdf5.DataSetOptions, got %s', method, torch.type(options))
  end
  if #list == 0 then
    if type(data) ~= 'table' or torch.typename(data) then
      errors.fail('%s: expected a table for the root, got %s', method, torch.type(data))
    end
    for key, value in pairs(data) do write_value(at, method, check_name(method, key), value, options, 1) end
    return
  end
  for i = 1, #list - 1 do
    at = at:getOrCreateChild(list[i])
    if torch.typename(at) ~= 'hdf5.HDF5Group' then errors.fail('%s: %s is no group', method, list[i]) end
  end
  write_value(at, method, list[#list], data, options, 1)
end

--- write(path, data[, options]): writes a tensor, or a table of them (and of tables) as a group.
function Group:write(path, data, options) self:_write_or_append('write', path, data, options) end

--- append(path, data): lengthens datasets that are there by the tensors' rows.
function Group:append(path, data, options) self:_write_or_append('append', path, data, options) end

-- -- Closing ----------------------------------------------------------------------------------------------------

function Group:close()
  if not self._id then return end
  for _, object in pairs(self._children) do object:close() end
  library.release('object', self._id)
  self._id, self._children = nil, {}
end

function Group:__tostring__()
  return '[HDF5Group ' .. (self._id and inspect.describe(self._id.id) or 'closed') .. ']'
end

return Group

--- hdf5.HDF5DataSet: an array in a file, whose elements are read when they are asked for.
local torch = require 'torch'
local elements = require 'torch.formats.elements'
local errors = require 'torch.errors'
local zlib = require 'torch.formats.zlib'
local inspect = require 'hdf5.inspect'
local library = require 'hdf5.library'
local spaces = require 'hdf5.spaces'
local types = require 'hdf5.types'

local C, own, check = library.C, library.own, library.check
local ALL = 0 -- of a dataspace

local DataSet = torch.class('hdf5.HDF5DataSet', {})

--- Not called by users: file:read('/path') gives one.
function DataSet:__init(parent, id)
  self._parent, self._id = parent, id
  self:_refresh_dataspace()
end

local function open_id(self)
  if not self._id then errors.fail('hdf5: the dataset is closed') end
  return self._id.id
end

--- The sizes as the file has them now.
function DataSet:_refresh_dataspace()
  self._space = own('space', C.H5Dget_space(open_id(self)), 'cannot look at the dataspace')
  return self._space
end

--- dataspaceSize(): the sizes, as a list.
function DataSet:dataspaceSize()
  open_id(self)
  return spaces.sizes(self._space)
end

local function file_type(self)
  return own('type', C.H5Dget_type(open_id(self)), 'cannot look at the type')
end

--- getTensorFactory(): what makes tensors of the type that all() gives, and the id of HDF5's type for them.
function DataSet:getTensorFactory()
  local name = types.of_file(file_type(self).id)
  return types.factory(name), (types.of_name(name))
end

-- -- Reading ----------------------------------------------------------------------------------------------------

-- Data that the file has no bytes for (they were never written, and are zeros) may be no larger than this.
local most_unwritten = 64 * 2 ^ 20
local VIRTUAL = 3

-- Refuses data that lie in other files, and sizes that the bytes in the file cannot make.
local function check_storage(self, bytes)
  local list = own('list', C.H5Dget_create_plist(open_id(self)), 'cannot look at the layout')
  if C.H5Pget_external_count(list.id) > 0 or C.H5Pget_layout(list.id) == VIRTUAL then
    errors.fail('hdf5: the data of %s lie in other files, which are not read', library.name(open_id(self)))
  end
  local stored = tonumber(C.H5Dget_storage_size(open_id(self)))
  local most = stored * (C.H5Pget_nfilters(list.id) > 0 and zlib.most_inflation or 1) + most_unwritten
  if bytes > most then
    errors.fail('hdf5: %s announces %.0f bytes, the file has %.0f of them; partial() reads a part',
                library.name(open_id(self)), bytes, stored)
  end
end

local function read(self, sizes, select_part)
  local from = file_type(self)
  local name, is_wide = types.of_file(from.id)
  local count = elements.count(sizes)
  if not count then errors.fail('hdf5: %s has sizes that no tensor can have', library.name(open_id(self))) end
  local factory = types.factory(name)
  check_storage(self, count * factory():elementSize())
  local t = factory()
  if #sizes > 0 then t:resize(torch.LongStorage(sizes)) end
  if count == 0 or #sizes == 0 then return t end
  local memory_type = types.in_memory(from.id, name, is_wide)
  local memory_space, file_space
  if select_part then
    memory_space, file_space = spaces.of_sizes(sizes), select_part()
  end
  check(C.H5Dread(self._id.id, memory_type.id, memory_space and memory_space.id or ALL,
                  file_space and file_space.id or ALL, 0, t:data()),
        'cannot read %s', self._id)
  if is_wide then types.check_wide(t, library.name(self._id.id)) end
  return t
end

--- all(): the whole as a tensor.
function DataSet:all()
  return read(self, self:dataspaceSize())
end

--- partial(range…): a part as a tensor of as many dimensions; for each one a number or {first, last}.
--   local row = file:read('/images'):partial(7, {1, 28}, {1, 28})   -- 1x28x28
function DataSet:partial(...)
  local start, count = spaces.ranges({...}, self:dataspaceSize())
  return read(self, count, function()
    local space = own('space', C.H5Dget_space(self._id.id), 'cannot look at the dataspace')
    spaces.select(space, start, count)
    return space
  end)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

--- Writes a tensor over the whole dataset, or over a box of it that begins at start (a list, from 0).
function DataSet:_write(tensor, start)
  local memory_type = types.of_tensor(tensor)
  local data, n, alive = elements.packed(tensor)
  if n == 0 then return end
  local sizes = elements.sizes(tensor)
  local memory_space, file_space = spaces.of_sizes(sizes), self._space
  if start then spaces.select(file_space, start, sizes) end
  check(C.H5Dwrite(open_id(self), memory_type, memory_space.id, start and file_space.id or ALL, 0, data),
        'cannot write %s', self._id)
  return alive -- not collected before it was written
end

--- Lengthens the first dimension by a tensor's and writes the tensor there.
function DataSet:_append(tensor)
  local sizes, more = self:dataspaceSize(), elements.sizes(tensor)
  local fits = #sizes == #more and #sizes > 0
  for i = 2, #sizes do fits = fits and sizes[i] == more[i] end
  if not fits then
    errors.fail('append: sizes %s do not fit those of %s, %s', table.concat(more, 'x'), library.name(open_id(self)),
                table.concat(sizes, 'x'))
  end
  types.of_tensor(tensor)
  local start = {}
  for i = 1, #sizes do start[i] = i == 1 and sizes[1] or 0 end
  sizes[1] = sizes[1] + more[1]
  check(C.H5Dset_extent(open_id(self), spaces.array(sizes)), 'cannot append to %s, which has to be chunked',
        self._id)
  self:_refresh_dataspace()
  self:_write(tensor, start)
end

-- -- Closing ----------------------------------------------------------------------------------------------------

function DataSet:close()
  if not self._id then return end
  library.release('space', self._space)
  library.release('object', self._id)
  self._id, self._space = nil, nil
end

function DataSet:__tostring__()
  return '[HDF5DataSet ' .. (self._id and inspect.describe(self._id.id) or 'closed') .. ']'
end

return DataSet

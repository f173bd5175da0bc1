--- hdf5.DataSetOptions: how a dataset is laid out in the file.
local torch = require 'torch'
local errors = require 'torch.errors'
local library = require 'hdf5.library'
local spaces = require 'hdf5.spaces'

local C, check = library.C, library.check
local DEFLATE = 1

--- hdf5.DataSetOptions(): the defaults, all elements in one piece.
--   local options = hdf5.DataSetOptions():setChunked(32, 32):setDeflate()
--   file:write('/images', images, options)
local Options = torch.class('hdf5.DataSetOptions', {})

function Options:__init() end

local function expect_whole(what, size, least, most)
  if type(size) ~= 'number' or size % 1 ~= 0 or size < least or size > most then
    errors.fail('%s: expected a whole number of %d to %.0f, got %s', what, least, most, tostring(size))
  end
  return size
end

--- setChunked(size…): the data lie in chunks of so many elements in each dimension, which are read, written and packed
-- one by one. Only such datasets can be appended to.
function Options:setChunked(...)
  if select('#', ...) == 0 then errors.fail('setChunked: expected a size for each dimension') end
  local chunk = {...}
  for _, size in ipairs(chunk) do expect_whole('setChunked', size, 1, 2 ^ 32 - 1) end
  self._chunking, self._list = chunk, nil
  return self
end

--- setDeflate([level]): chunks are packed by zlib, level 0 to 9 (6).
function Options:setDeflate(level)
  self._level, self._list = expect_whole('setDeflate', level or 6, 0, 9), nil
  if C.H5Zfilter_avail(DEFLATE) <= 0 then errors.fail('setDeflate: this libhdf5 was built without zlib') end
  return self
end

--- Fits the chunks to a tensor: none is larger than it.
function Options:adjustForData(tensor)
  local chunk = self._chunking
  if not chunk then return end
  if #chunk ~= tensor:dim() then
    errors.fail('write: chunks of %d dimensions for a tensor of %d', #chunk, tensor:dim())
  end
  for i, size in ipairs(chunk) do chunk[i] = math.max(math.min(size, tensor:size(i)), 1) end
  self._list = nil
end

--- The id of HDF5's list of these properties.
function Options:creationProperties()
  if not self._list then
    self._list = library.own('list', C.H5Pcreate(C.mt_hdf5_dataset_create), 'cannot make a property list')
    if self._chunking then
      check(C.H5Pset_chunk(self._list.id, #self._chunking, spaces.array(self._chunking)), 'cannot set the chunks')
    end
    if self._level then check(C.H5Pset_deflate(self._list.id, self._level), 'cannot set the packing') end
  end
  return self._list.id
end

--- Lets go of HDF5's list; it is made anew when it is needed.
function Options:close()
  if self._list then library.release('list', self._list) end
  self._list = nil
end

function Options:__tostring__()
  return ('[DataSetOptions: chunking=%s deflate=%s]'):format(
    self._chunking and table.concat(self._chunking, 'x') or 'none', self._level or 'none')
end

return Options

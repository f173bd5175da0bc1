--- Tensors and storages in files, as Torch7 writes them.
--   storage: its size (a long), its elements
--   tensor: its count of dimensions (an int), sizes and strides (longs), the place of its first element in the
--   storage (a long, from 1), and the storage as an object, so that tensors that shared one share it again
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'
local longsize = require 'torch.longsize'
local memory = require 'torch.memory'
local types = require 'torch.types'

local layout, block = handle.layout, handle.block
local tensorfile = {}

-- -- Types ------------------------------------------------------------------------------------------------------

local function has_device(device)
  return device == C.MT_CPU or C.mt_op_available(C.mt_op_find('fill'), device, C.MT_FLOAT) == 1
end

--- The type that objects of a class are loaded as, or nil for other classes: tensors of a GPU are loaded onto the CPU
-- where no library for the GPU is there. Says also whether the class is a tensor's.
function tensorfile.kind(name)
  local kind = types.by_name[name]
  if not kind then return nil end
  if not has_device(kind.device) then kind = types.on(kind, C.MT_CPU) end
  return kind, name:find('Tensor$') ~= nil
end

--- The name of the type to be used in place of a tensor type that cannot be had here.
function tensorfile.usable_name(name)
  local kind, is_tensor = tensorfile.kind(name)
  return kind and is_tensor and kind.tensor_name or name
end

-- -- Storages ---------------------------------------------------------------------------------------------------

function tensorfile.write_storage(s, f)
  guard.file(f)
  f:writeLong(tonumber(block(s).size))
  f:_write_storage(s)
end

local function on_device(s, kind)
  if kind.device == C.MT_CPU then return s end
  memory.relieve()
  local copy = handle.own_storage(memory.create(C.mt_storage_new, kind.dtype, kind.device, block(s).size))
  memory.call(C.mt_storage_copy, copy.at, s.at)
  return copy
end

--- A new storage of a type, read from a file.
function tensorfile.read_storage(f, kind)
  if f._long_unknown then longsize.guess_by_storage(f, kind) end
  local size = f:readLong()
  return on_device(f:_read_storage(kind.dtype, size), kind)
end

-- -- Tensors ----------------------------------------------------------------------------------------------------

function tensorfile.write_tensor(t, f)
  guard.file(f)
  local l = layout(t)
  f:writeInt(l.dim)
  f:_write_longs(l.size, l.dim)
  f:_write_longs(l.stride, l.dim)
  f:writeLong(tonumber(l.offset) + 1)
  f:writeObject(l.storage ~= nil and handle.own_storage(C.mt_storage_retain(l.storage)) or nil)
end

local function describe(dim, sizes, strides)
  local x, y = {}, {}
  for i = 0, dim - 1 do
    x[i + 1], y[i + 1] = tostring(tonumber(sizes[i])), tostring(tonumber(strides[i]))
  end
  return ('sizes %s and strides %s'):format(table.concat(x, 'x'), table.concat(y, ','))
end

local function read_dim(f, kind, start)
  local dim = f:readInt()
  if dim < 0 or dim > C.MT_MAX_DIM then
    errors.fail('load: expected a %s of 0..%d dimensions at byte %d, got %d', kind.tensor_name, C.MT_MAX_DIM, start,
                dim)
  end
  return dim
end

--- A new tensor of a type, read from a file. The view must lie within its storage.
function tensorfile.read_tensor(f, kind)
  local start = f:position()
  local dim = read_dim(f, kind, start)
  if f._long_unknown then longsize.guess_by_tensor(f, dim) end
  local sizes, strides = ffi.new('int64_t[?]', dim), ffi.new('int64_t[?]', dim)
  f:_read_longs(sizes, dim)
  f:_read_longs(strides, dim)
  local offset = f:readLong()
  local s = f:readObject()
  if s ~= nil and (not handle.is_storage(s) or handle.kind(s) ~= kind) then
    errors.fail('load: expected a %s for the tensor at byte %d, got %s', kind.storage_name, start,
                handle.is_storage(s) and handle.kind(s).storage_name or type(s))
  end
  local t = handle.new(kind.dtype, kind.device)
  if offset < 1 or C.mt_tensor_set_storage(t, s and s.at, offset - 1, dim, sizes, strides) ~= 0 then
    errors.fail('load: the %s at byte %d does not fit its storage of %d elements: it starts at element %d, with %s',
                kind.tensor_name, start, s and tonumber(block(s).size) or 0, offset, describe(dim, sizes, strides))
  end
  return t
end

-- -- Methods of tensors and storages --------------------------------------------------------------------------------

--- tensor:read(file): the tensor becomes what tensor:write(file) wrote.
function tensorfile.read_into_tensor(t, f)
  guard.file(f)
  memory.call(C.mt_tensor_set, t, tensorfile.read_tensor(f, handle.kind(t)))
  return t
end

--- storage:read(file): takes the size and the elements that storage:write(file) wrote.
function tensorfile.read_into_storage(s, f)
  guard.file(f)
  local other = tensorfile.read_storage(f, handle.kind(s))
  memory.call(C.mt_storage_resize, s.at, block(other).size)
  memory.call(C.mt_storage_copy, s.at, other.at)
  return s
end

return tensorfile

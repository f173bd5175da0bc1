--- The numbers in files of other worlds: which tensor type holds a kind of them, and how they get into its memory.
-- There is no unsigned type above 8 bits here, so uint16 becomes Int, uint32 Long, and uint64 Long as long as every
-- number fits; bool becomes Byte, 0 and 1.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local bytes = require 'torch.bytes'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local types = require 'torch.types'

local block = handle.block
local elements = {}

-- -- Kinds ------------------------------------------------------------------------------------------------------

local function declare(name, kind, width, narrow)
  return {name = name, kind = types.by_name['torch.' .. kind .. 'Tensor'], width = width,
          narrow = narrow and ffi.typeof(narrow .. ' *')}
end

--- By name: {kind = type that holds the numbers (see torch.types), width = bytes of one in the file, …}
elements.forms = {
  float16 = declare('float16', 'Half', 2), bfloat16 = declare('bfloat16', 'BFloat16', 2),
  float32 = declare('float32', 'Float', 4), float64 = declare('float64', 'Double', 8),
  int8 = declare('int8', 'Char', 1), int16 = declare('int16', 'Short', 2), int32 = declare('int32', 'Int', 4),
  int64 = declare('int64', 'Long', 8), uint8 = declare('uint8', 'Byte', 1), bool = declare('bool', 'Byte', 1),
  uint16 = declare('uint16', 'Int', 2, 'uint16_t'), uint32 = declare('uint32', 'Long', 4, 'uint32_t'),
  uint64 = declare('uint64', 'Long', 8),
}

-- -- Reading ----------------------------------------------------------------------------------------------------

--- A new storage on the CPU.
function elements.new_storage(dtype, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, dtype, C.MT_CPU, size))
end

-- Reads n numbers into the front of a storage; one that is read from packed bytes grows with what has come, so that a
-- file cannot have more memory asked for than it fills.
local function read_bytes(stream, s, form, n)
  local total, at = n * form.width, 0
  if total == 0 then return end
  repeat
    local room = tonumber(block(s).size) * form.kind.width
    local count = math.min(room, total) - at
    stream:read(ffi.cast('char *', block(s).data) + at, count, 'elements')
    at = at + count
    if at < total then memory.call(C.mt_storage_resize, s.at, math.min(n, 2 * tonumber(block(s).size))) end
  until at == total
end

-- Numbers that were read in front of their places go there, from the last one on.
local function widen(s, form, n)
  local narrow, wide = ffi.cast(form.narrow, block(s).data), ffi.cast(form.kind.pointer, block(s).data)
  for i = n - 1, 0, -1 do wide[i] = narrow[i] end
end

local function check_unsigned(stream, s, n)
  local data = ffi.cast('int64_t *', block(s).data)
  for i = 0, n - 1 do
    if data[i] < 0 then
      stream:fail('element %d is %s, too large for a torch.LongTensor', i,
                  (tostring(ffi.cast('uint64_t', data[i])):gsub('ULL', '')))
    end
  end
end

local most_at_once = 2 ^ 20

--- A new storage of n numbers of a form, read from a stream that must have their bytes. swapped: of the other byte
-- order.
function elements.read(stream, form, n, swapped)
  if n > stream.left / form.width then
    stream:fail('%.0f elements of %s are announced, %.0f bytes are left', n, form.name, stream.left)
  end
  local s = elements.new_storage(form.kind.dtype, stream.packed and math.min(n, most_at_once) or n)
  read_bytes(stream, s, form, n)
  if swapped and form.width > 1 then bytes.swap(block(s).data, form.width, n) end
  if form.narrow then widen(s, form, n) end
  if form.name == 'uint64' then check_unsigned(stream, s, n) end
  return s
end

-- -- Shapes -----------------------------------------------------------------------------------------------------

local most = 2 ^ 52 -- of elements, so that numbers count them exactly

--- Whether all values of a list from a file are whole numbers from 0 on, as sizes, strides and offsets are.
function elements.are_whole(list)
  for i = 1, #list do
    local value = list[i]
    if type(value) ~= 'number' or value < 0 or value > most or value ~= math.floor(value) then return false end
  end
  return true
end

--- How many elements sizes, a list of numbers from a file, make; nil where they are no sizes, or where there are more
-- of them or of the elements than a tensor can have.
function elements.count(sizes)
  if #sizes > C.MT_MAX_DIM or not elements.are_whole(sizes) then return nil end
  local n, least = 1, 1
  for _, size in ipairs(sizes) do
    n, least = n * size, least * math.max(size, 1)
    if least > most then return nil end
  end
  return n
end

local size, stride = ffi.new('int64_t[?]', C.MT_MAX_DIM), ffi.new('int64_t[?]', C.MT_MAX_DIM)

--- A tensor that views a storage from its element offset (from 0) on; without strides, row by row. No sizes at all mean
-- one element, which is a tensor of size 1 here. Sizes and strides must be whole numbers. Gives nil and the reason
-- where the view does not lie within the storage.
function elements.view(s, offset, sizes, strides)
  local kind = handle.kind(s)
  local t, dim = handle.new(kind.dtype, kind.device), #sizes
  for i = 1, dim do
    size[i - 1] = sizes[i]
    if strides then stride[i - 1] = strides[i] end
  end
  if dim == 0 then dim, size[0], stride[0] = 1, 1, 1 end
  if C.mt_tensor_set_storage(t, s.at, offset, dim, size, strides and stride or nil) == 0 then return t end
  return nil, ffi.string(C.mt_error())
end

-- -- Writing ----------------------------------------------------------------------------------------------------

--- The elements of a tensor row by row on the CPU: a pointer, how many bytes they are, and what keeps them alive.
-- kind: the type to convert them to, where it is another one.
function elements.packed(t, kind)
  local l = handle.layout(t)
  kind = types.at[C.MT_CPU][kind and kind.dtype or l.dtype]
  local n = tonumber(C.mt_tensor_numel(t))
  if handle.kind(t) ~= kind or C.mt_tensor_is_contiguous(t) == 0 then
    local copy = handle.new(kind.dtype, kind.device)
    memory.call(C.mt_tensor_resize, copy, l.dim, l.size)
    memory.call(C.mt_copy, copy, t)
    t = copy
  end
  return ffi.cast('const char *', C.mt_tensor_data(t)), n * kind.width, t
end

--- Writes the elements of a tensor, row by row, to a torch.DiskFile.
function elements.write(file, t)
  local data, n, alive = elements.packed(t)
  file:_write_bytes(data, n)
  return alive -- not collected before they were written
end

--- The sizes of a tensor as a list.
function elements.sizes(t)
  local l, list = handle.layout(t), {}
  for i = 0, l.dim - 1 do list[i + 1] = tonumber(l.size[i]) end
  return list
end

return elements

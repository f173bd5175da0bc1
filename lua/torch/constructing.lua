--- What a tensor is made of: torch.FloatTensor(…), x:set(…) and x:resize(…).
--   ()                                 no elements
--   (2, 3), (sizes[, strides])         sizes as numbers or a LongStorage; strides: a LongStorage
--   ({{1, 2}, {3, 4}})                 a nested table of numbers
--   (tensor)                           the same elements: both share their storage
--   (storage[, offset[, sizes[, strides]]]) or (storage, offset, size1, stride1, size2, stride2, …)
-- A negative stride is worked out from the dimensions behind it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local storage = require 'torch.storage'

local layout, block, kind_of = handle.layout, handle.block, handle.kind
local is_tensor, is_storage = handle.is_tensor, handle.is_storage
local call, fail = memory.call, errors.fail
local buffer = sizes.buffer

local constructing = {}

-- -- From tables ------------------------------------------------------------------------------------------------

-- The sizes of a nested table, by its first entries.
local function table_sizes(values)
  local list = {}
  while type(values) == 'table' and #values > 0 do
    list[#list + 1] = #values
    values = values[1]
  end
  return list
end

local function fill_from_table(t, at, values, list, depth)
  if type(values) ~= 'table' or #values ~= list[depth] then
    fail('Tensor: the table is ragged: expected rows of %d, got %s', list[depth],
         type(values) == 'table' and #values or 'a ' .. type(values))
  end
  for i = 1, #values do
    if depth < #list then
      at = fill_from_table(t, at, values[i], list, depth + 1)
    else
      elements.write(t, at, elements.value('Tensor', values[i]))
      at = at + 1
    end
  end
  return at
end

local function from_table(t, values)
  local list = table_sizes(values)
  if #list == 0 then return t end
  call(C.mt_tensor_resize, t, sizes.read('Tensor', list), buffer)
  fill_from_table(t, 0, values, list, 1)
  return t
end

-- -- From storages ----------------------------------------------------------------------------------------------

local strides = ffi.new('int64_t[?]', C.MT_MAX_DIM)

-- Works out the strides that are negative, for the n sizes in the buffer.
local function complete_strides(n)
  local step = 1
  for i = n - 1, 0, -1 do
    if strides[i] < 0 then strides[i] = step end
    step = tonumber(buffer[i] * strides[i])
  end
end

-- Reads sizes and strides behind a storage and its offset into the buffers; gives their count.
local function read_view(what, first, second, ...)
  if is_storage(first) then
    local n = second == nil and 0 or sizes.read(what, second)
    for i = 0, n - 1 do strides[i] = buffer[i] end
    local count = sizes.read(what, first)
    if second == nil then
      for i = 0, count - 1 do strides[i] = -1 end
    elseif n ~= count then
      fail('%s: %d sizes and %d strides', what, count, n)
    end
    return count
  end
  local list = {first, second, ...}
  local n = math.ceil((select('#', ...) + 2) / 2)
  if second == nil and select('#', ...) == 0 then n = 1 end
  if n > C.MT_MAX_DIM then fail('%s: %d dimensions, at most %d are possible', what, n, C.MT_MAX_DIM) end
  for i = 1, n do
    buffer[i - 1] = sizes.integer(what, list[2 * i - 1])
    strides[i - 1] = list[2 * i] == nil and -1 or sizes.integer(what, list[2 * i])
  end
  return n
end

local function from_storage(what, t, s, offset, first, ...)
  offset = offset == nil and 0 or sizes.integer(what, offset) - 1
  if first == nil then
    buffer[0] = block(s).size - offset
    if buffer[0] < 0 then fail('%s: offset %d of a storage of %d', what, offset + 1, tonumber(block(s).size)) end
    return call(C.mt_tensor_set_storage, t, s.at, offset, 1, buffer, nil)
  end
  local n = read_view(what, first, ...)
  complete_strides(n)
  call(C.mt_tensor_set_storage, t, s.at, offset, n, buffer, strides)
end

-- Sizes and strides as two storages: the tensor's storage grows as far as they reach.
local function lay_out(what, t, first, second)
  local n = read_view(what, first, second)
  complete_strides(n)
  local reach = layout(t).offset + 1
  for i = 0, n - 1 do reach = reach + (buffer[i] - 1) * strides[i] end
  local s = t:storage() or storage.classes[kind_of(t).storage_name](0)
  if block(s).size < reach then call(C.mt_storage_resize, s.at, reach) end
  call(C.mt_tensor_set_storage, t, s.at, layout(t).offset, n, buffer, strides)
end

-- -- Forms ------------------------------------------------------------------------------------------------------

local function expect_kind(what, kind, x, name)
  if kind_of(x) ~= kind then fail('%s: expected a %s, got a %s', what, kind[name], kind_of(x)[name]) end
end

--- Gives a tensor new sizes, as numbers or a LongStorage, which strides may follow as another one.
function constructing.resize(what, t, first, second, ...)
  if is_storage(first) and is_storage(second) then
    lay_out(what, t, first, second)
  elseif second == nil then
    call(C.mt_tensor_resize, t, sizes.read(what, first), buffer)
  else
    call(C.mt_tensor_resize, t, sizes.read(what, first, second, ...), buffer)
  end
  return t
end

--- Makes t what the arguments say; see above.
function constructing.set(what, t, first, ...)
  local kind = kind_of(t)
  if first == nil then
    C.mt_tensor_release(t)
  elseif is_tensor(first) then
    expect_kind(what, kind, first, 'tensor_name')
    call(C.mt_tensor_set, t, first)
  elseif is_storage(first) and kind_of(first) == kind and not is_storage((...)) then
    from_storage(what, t, first, ...)
  elseif is_storage(first) and block(first).dtype ~= C.MT_INT64 then
    expect_kind(what, kind, first, 'storage_name')
  else
    C.mt_tensor_release(t)
    constructing.resize(what, t, first, ...)
  end
  return t
end

--- A new tensor of a kind (see torch.types).
function constructing.new(kind, first, ...)
  local t = handle.new(kind.dtype, kind.device)
  if first == nil then return t end
  if type(first) == 'table' then return from_table(t, first) end
  return constructing.set(kind.tensor_name, t, first, ...)
end

return constructing

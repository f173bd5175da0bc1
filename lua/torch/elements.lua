--- Single elements of tensors and storages, read and written in Lua.
-- Elements are numbers. A number holds whole numbers up to 2^53; where a LongTensor or LongStorage has greater ones,
-- int64_t values carry them without loss: every place that takes an element takes an int64_t, and an int64_t as index
-- gets one. What gives a number for a whole tensor rounds; what gives a tensor does not:
--   x = torch.LongTensor{9007199254740993LL}
--   x[1]            -- 9007199254740992
--   x[1LL]          -- 9007199254740993LL
--   x:sum(1)[1LL]   -- 9007199254740993LL
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local reals = require 'torch.reals'
local sizes = require 'torch.sizes'

local layout, block = handle.layout, handle.block
local call, fail, cast = memory.call, errors.fail, ffi.cast

local elements = {}

local number = ffi.new('double[1]')
local float_p, double_p = ffi.typeof('float *'), ffi.typeof('double *')
local byte_p, char_p = ffi.typeof('uint8_t *'), ffi.typeof('int8_t *')
local short_p, int_p, long_p = ffi.typeof('int16_t *'), ffi.typeof('int32_t *'), ffi.typeof('int64_t *')
local int64 = ffi.typeof('int64_t')
local FLOAT, DOUBLE, UINT8, INT8, INT16, INT32, INT64 =
  C.MT_FLOAT, C.MT_DOUBLE, C.MT_UINT8, C.MT_INT8, C.MT_INT16, C.MT_INT32, C.MT_INT64

-- -- Values -----------------------------------------------------------------------------------------------------

--- Whether v is a 64-bit whole number of the FFI.
local function is_int64(v)
  return type(v) == 'cdata' and (ffi.istype('int64_t', v) or ffi.istype('uint64_t', v))
end
elements.is_int64 = is_int64

--- v as an element: a number, or an int64_t. Texts of numbers are taken too, as in Torch7; anything else is an error.
function elements.value(what, v)
  if type(v) == 'number' or is_int64(v) then return v end
  local read = type(v) == 'string' and tonumber(v)
  if read then return read end
  return fail('%s: expected a number, got %s', what, v == nil and 'nothing' or type(v))
end

-- -- Reading ----------------------------------------------------------------------------------------------------

--- The element at a place of the storage, as a number.
function elements.read(t, place)
  local l = layout(t)
  local data, dtype = block(l.storage).data, l.dtype
  if l.device == C.MT_CPU then
    if dtype == FLOAT then return reals.float(data, place) end
    if dtype == DOUBLE then return reals.double(data, place) end
    if dtype == INT64 then return tonumber(cast(long_p, data)[place]) end
    if dtype == UINT8 then return tonumber(cast(byte_p, data)[place]) end
    if dtype == INT32 then return tonumber(cast(int_p, data)[place]) end
    if dtype == INT8 then return tonumber(cast(char_p, data)[place]) end
    if dtype == INT16 then return tonumber(cast(short_p, data)[place]) end
  end
  call(C.mt_tensor_get, t, place, number)
  return reals.double(number, 0)
end

--- The same as an int64_t, without loss where the elements are 64-bit whole numbers.
function elements.read_exact(t, place)
  local l = layout(t)
  if l.dtype == INT64 and l.device == C.MT_CPU then return cast(long_p, block(l.storage).data)[place] end
  return int64(elements.read(t, place))
end

--- The value of a tensor of one element.
function elements.item(t)
  if layout(t) and C.mt_tensor_numel(t) ~= 1 then
    fail('item: expected a tensor of one element, got %s', sizes.text(t))
  end
  return elements.read(t, tonumber(layout(t).offset))
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local function write_int64(t, place, v)
  local l = layout(t)
  if l.dtype ~= INT64 or l.device ~= C.MT_CPU then return call(C.mt_tensor_put, t, place, tonumber(v)) end
  local b = block(l.storage)
  cast(long_p, b.data)[place] = v
  b.version = b.version + 1
end

--- Sets the element at a place of the storage. v: see elements.value
function elements.write(t, place, v)
  local l = layout(t)
  if type(v) ~= 'number' then return write_int64(t, place, v) end
  if l.device == C.MT_CPU and l.dtype <= DOUBLE then
    local b = block(l.storage)
    if l.dtype == FLOAT then cast(float_p, b.data)[place] = v else cast(double_p, b.data)[place] = v end
    b.version = b.version + 1
  else
    call(C.mt_tensor_put, t, place, v)
  end
end

-- One element that holds an int64_t, of t's type and on its device.
local function single(t, v)
  local one = handle.new(INT64, C.MT_CPU)
  sizes.buffer[0] = 1
  call(C.mt_tensor_resize, one, 1, sizes.buffer)
  write_int64(one, 0, v)
  local out = handle.like(t)
  call(C.mt_tensor_resize, out, 1, layout(one).size)
  call(C.mt_copy, out, one)
  return out
end

--- An int64_t as an operand of an op beside t: a number where that holds it, else a tensor of one element.
function elements.operand(t, v)
  local n = tonumber(v)
  if math.abs(n) < 2 ^ 53 then return n end -- one above it would round to it
  return single(t, v)
end

--- v (see elements.value) as what many elements of t are to become: a number, or, where no number holds it, a tensor of
-- model's sizes.
function elements.filler(what, t, v, model)
  v = elements.value(what, v)
  if type(v) ~= 'number' then v = elements.operand(t, v) end
  if type(v) == 'number' then return v end
  call(C.mt_expand, v, v, layout(model).dim, layout(model).size)
  return v
end

return elements

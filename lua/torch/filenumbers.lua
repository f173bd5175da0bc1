--- The methods of torch.File that read and write numbers: one, many of them, or whole storages; straight between the
-- file and the memory of storages, without tables or strings on the way.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local swap = require('torch.bytes').swap
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local reals = require 'torch.reals'
local text = require 'torch.filetext'
local types = require 'torch.types'

local numbers = {}

-- -- Kinds of numbers -------------------------------------------------------------------------------------------

-- By dtype: what is read and written. raw: bytes are bytes in text files too. least, most: what a scalar may be.
local function kind(name, dtype, ctype, raw, least, most)
  return {name = name, dtype = dtype, width = C.mt_dtype_size(dtype), pointer = ffi.typeof(ctype .. ' *'),
          ctype = ctype, element = reals.reader(ctype), raw = raw, least = least, most = most}
end

local kinds = {
  kind('Byte', C.MT_UINT8, 'uint8_t', true, -128, 255), kind('Char', C.MT_INT8, 'int8_t', true, -128, 255),
  kind('Short', C.MT_INT16, 'int16_t', false, -2 ^ 15, 2 ^ 15 - 1),
  kind('Int', C.MT_INT32, 'int32_t', false, -2 ^ 31, 2 ^ 31 - 1),
  kind('Long', C.MT_INT64, 'int64_t', false, -2 ^ 63, 2 ^ 63 - 1024),
  kind('Float', C.MT_FLOAT, 'float', false, -math.huge, math.huge),
  kind('Double', C.MT_DOUBLE, 'double', false, -math.huge, math.huge),
}
local by_dtype = {}
for _, k in ipairs(kinds) do by_dtype[k.dtype] = k end
-- 16-bit floats travel as their bits; in text files _read_storage and _write_storage widen them
by_dtype[C.MT_HALF] = kind('Half', C.MT_HALF, 'int16_t', false)
by_dtype[C.MT_BFLOAT16] = kind('BFloat16', C.MT_BFLOAT16, 'int16_t', false)
local Long = by_dtype[C.MT_INT64]

-- -- Many numbers -----------------------------------------------------------------------------------------------

-- Longs of 4 bytes are read in front of their places and widened from the end.
local function read_short_longs(self, data, n)
  local narrow = ffi.cast('int32_t *', data)
  local got = math.floor(self:_fetch(data, 4 * n) / 4)
  if self._swapped then swap(data, 4, got) end
  for i = got - 1, 0, -1 do data[i] = narrow[i] end
  return got
end

local function read_binary(self, k, data, n)
  if k == Long and self._long == 4 then return read_short_longs(self, data, n) end
  local got = math.floor(self:_fetch(data, n * k.width) / k.width)
  if self._swapped and k.width > 1 then swap(data, k.width, got) end
  return got
end

-- Reads n numbers of a kind to a pointer; gives how many there were.
local function read_array(self, k, data, n)
  local start = self:_tell()
  local got, found
  if self._binary then got = read_binary(self, k, data, n) else got, found = text.read(self, k, data, n) end
  if got < n then
    self:_failed('read: expected %d %s%s at byte %d, got %d and then %s', n, k.name:lower(), n == 1 and '' or 's',
                 start + 1, got, found or self:_reason())
  end
  return got
end

local at_once = 2 ^ 13 -- numbers that are changed on the way to the file wait in here
local waiting = ffi.new('int64_t[?]', at_once)

-- Writes n numbers that prepare(data, i, count) puts into waiting, width bytes each; gives how many could be written.
local function write_changed(self, data, n, width, prepare)
  for i = 0, n - 1, at_once do
    local count = math.min(at_once, n - i)
    prepare(data, i, count, self._swapped)
    local written = math.floor(self:_store(waiting, count * width) / width)
    if written < count then return i + written end
  end
  return n
end

local function put_short_longs(data, first, count, swapped)
  local narrow = ffi.cast('int32_t *', waiting)
  for i = 0, count - 1 do
    local value = data[first + i]
    if value ~= ffi.cast('int32_t', value) then
      errors.fail('write: %s does not fit a long of 4 bytes', (tostring(value):gsub('LL', '')))
    end
    narrow[i] = value
  end
  if swapped then swap(narrow, 4, count) end
end

local function put_swapped(k)
  return function(data, first, count)
    ffi.copy(waiting, data + first, count * k.width)
    swap(waiting, k.width, count)
  end
end
for _, k in pairs(by_dtype) do k.put_swapped = put_swapped(k) end

local function write_binary(self, k, data, n)
  if k == Long and self._long == 4 then return write_changed(self, data, n, 4, put_short_longs) end
  if self._swapped and k.width > 1 then return write_changed(self, data, n, k.width, k.put_swapped) end
  return math.floor(self:_store(data, n * k.width) / k.width)
end

-- Writes n numbers of a kind from a pointer; gives how many could be written.
local function write_array(self, k, data, n)
  local written
  if self._binary then written = write_binary(self, k, data, n) else written = text.write(self, k, data, n) end
  if written < n then
    self:_failed('write: byte %d could not be written: %s', self:_tell() + 1, self:_reason())
  end
  return written
end

--- Reads n longs to a pointer, and writes n from one.
function numbers:_read_longs(data, n) return read_array(self, Long, data, n) end
function numbers:_write_longs(data, n) return write_array(self, Long, data, n) end

-- -- Storages ---------------------------------------------------------------------------------------------------

--- Refuses a count of items that cannot lie ahead, before memory is asked for. bytes: the fewest that they take.
function numbers:_expect(what, n, bytes)
  if n < 0 then errors.fail('read: the count of %s at byte %d is negative: %d', what, self:_tell() + 1, n) end
  local left = self:_left()
  if left and bytes > left then
    errors.fail('read: expected %d %s at byte %d, but only %d bytes are left', n, what, self:_tell() + 1, left)
  end
end

local function new_storage(dtype, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, dtype, C.MT_CPU, size))
end

local function data_of(s, k)
  return ffi.cast(k.pointer, handle.block(s).data)
end

local chunk = 2 ^ 20

-- A new storage of n numbers, which read(self, k, data, n) reads, and how many there were. Where nobody knows how much
-- is ahead, memory grows with what has come.
local function read_new(self, k, n, read)
  local known = self:_left() ~= nil
  local s, got = new_storage(k.dtype, known and n or math.min(n, chunk)), 0
  while true do
    local size = tonumber(handle.block(s).size)
    got = got + read(self, k, data_of(s, k) + got, size - got)
    if got < size or size == n then break end
    memory.call(C.mt_storage_resize, s.at, math.min(n, 2 * size))
  end
  return s, got
end

local function fetch(self, _, data, n) return self:_fetch(data, n) end

--- A new CharStorage for the next n bytes, which must lie ahead where that is known, and how many there were.
function numbers:_fetch_storage(n)
  return read_new(self, by_dtype[C.MT_INT8], n, fetch)
end

-- The fewest bytes that n numbers take: in text, a digit each and spaces between them.
local function least_bytes(self, k, n)
  if not self._binary then return k.raw and n or 2 * n - 1 end
  return n * (k == Long and self._long or k.width)
end

-- In a quiet file, as many as there may be.
local function affordable(self, k, n)
  local left = self:_left()
  if n >= 0 and (not left or least_bytes(self, k, n) <= left) then return n end
  self._error = true
  return n < 0 and 0 or math.floor(left / least_bytes(self, k, 1))
end

local function is_wide_text(self, k)
  return not self._binary and (k.dtype == C.MT_HALF or k.dtype == C.MT_BFLOAT16)
end

--- A new storage of n numbers of a dtype, read from the file.
function numbers:_read_storage(dtype, n)
  local k = by_dtype[dtype]
  if self._quiet then
    n = affordable(self, k, n)
  else
    self:_expect(k.name:lower() .. 's', n, least_bytes(self, k, n))
  end
  if is_wide_text(self, k) then
    local s = new_storage(dtype, n)
    memory.call(C.mt_storage_copy, s.at, self:_read_storage(C.MT_FLOAT, n).at)
    return s
  end
  local s, got = read_new(self, k, n, read_array)
  if got < n then memory.call(C.mt_storage_resize, s.at, got) end
  return s
end

--- Writes the numbers of a storage, from whatever device.
function numbers:_write_storage(s)
  local b = handle.block(s)
  local k = by_dtype[b.dtype]
  if b.device ~= C.MT_CPU or is_wide_text(self, k) then
    local copy = new_storage(is_wide_text(self, k) and C.MT_FLOAT or b.dtype, b.size)
    memory.call(C.mt_storage_copy, copy.at, s.at)
    return self:_write_storage(copy)
  end
  return write_array(self, k, data_of(s, k), tonumber(b.size))
end

-- -- The methods of each type -----------------------------------------------------------------------------------

local function expect_storage(name, s, k)
  if not handle.is_storage(s) or handle.kind(s) ~= types.at[C.MT_CPU][k.dtype] then
    errors.fail('%s: expected a torch.%sStorage, got %s', name, k.name, class.type(s))
  end
end

local function read_numbers(self, k, scratch, what)
  guard.file(self):_check(true)
  if what == nil then
    scratch[0] = 0
    read_array(self, k, scratch, 1)
    return tonumber(k.element(scratch, 0))
  end
  if type(what) == 'number' then
    if what ~= math.floor(what) then errors.fail('read%s: expected a whole number, got %s', k.name, what) end
    return self:_read_storage(k.dtype, what)
  end
  expect_storage('read' .. k.name, what, k)
  local b = handle.block(what)
  local got = read_array(self, k, data_of(what, k), tonumber(b.size))
  b.version = b.version + 1
  return got
end

local function write_numbers(self, k, scratch, what)
  guard.file(self):_check(false)
  if type(what) == 'number' then
    if what < k.least or what > k.most or what ~= what and k.most < math.huge then
      errors.fail('write%s: %s is outside %.0f..%.0f', k.name, tostring(what), k.least, k.most)
    end
    scratch[0] = k.most < math.huge and (what < 0 and math.ceil(what) or math.floor(what)) or what
    return write_array(self, k, scratch, 1)
  end
  if k == Long and type(what) == 'cdata' and tonumber(what) then
    scratch[0] = what
    return write_array(self, k, scratch, 1)
  end
  expect_storage('write' .. k.name, what, k)
  return write_array(self, k, data_of(what, k), tonumber(handle.block(what).size))
end

-- readInt() gives a number, readInt(n) a storage, readInt(storage) fills it and gives the count;
-- writeInt(number), writeInt(storage) give the count.
for _, k in ipairs(kinds) do
  local scratch = ffi.new(k.ctype .. '[1]')
  numbers['read' .. k.name] = function(self, what) return read_numbers(self, k, scratch, what) end
  numbers['write' .. k.name] = function(self, what) return write_numbers(self, k, scratch, what) end
end

function numbers:readBool() return guard.file(self):readInt() ~= 0 end
function numbers:writeBool(value) return guard.file(self):writeInt(value and 1 or 0) end

return numbers

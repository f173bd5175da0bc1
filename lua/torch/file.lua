--- torch.File: typed reading and writing, of which torch.DiskFile, torch.MemoryFile and torch.PipeFile are kinds.
-- A kind provides these methods, which count bytes and places from 0:
--   _fetch(pointer, n)  reads up to n bytes, gives how many       _store(pointer, n)  the same for writing
--   _getc()             the next byte, or -1 at the end           _ungetc(c)          puts one back
--   _tell(), _seek(place), _end()                                 _left()             bytes ahead; nil when unknown
--   _flush(), _close()                                            _reason()           what the last failure was
local ffi = require 'ffi'
local C = require 'torch.ffi'
local swap = require('torch.bytes').swap
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local text = require 'torch.filetext'
local types = require 'torch.types'

local module = {}
local File = class.newmetatable('torch.File', nil, nil, nil, nil, module)

-- -- Flags ------------------------------------------------------------------------------------------------------

--- Prepares the state that all kinds share; mode: 'r', 'w' or 'rw'.
function File:_start(mode, quiet)
  if mode ~= nil and mode ~= 'r' and mode ~= 'w' and mode ~= 'rw' then
    errors.fail("file: expected the mode 'r', 'w' or 'rw', got %s", tostring(mode))
  end
  mode = mode or 'r'
  self._readable, self._writable = mode:find('r') ~= nil, mode:find('w') ~= nil
  self._binary, self._spacing, self._quiet, self._error = false, true, quiet or false, false
  self._referenced, self._swapped, self._long = true, false, 8
  self._open = true
  return self
end

function File:isReadable() return self._readable end
function File:isWritable() return self._writable end
function File:isBinary() return self._binary end
function File:isAutoSpacing() return self._spacing end
function File:isQuiet() return self._quiet end
function File:isReferenced() return self._referenced end
function File:hasError() return self._error end

--- Numbers are read and written as text (the default), or as the machine's bytes.
function File:ascii() self._binary = false; return self end
function File:binary() self._binary = true; return self end

--- In text, ends every item written with a line end and skips one after every item read (the default), or does not.
function File:autoSpacing() self._spacing = true; return self end
function File:noAutoSpacing() self._spacing = false; return self end

--- After quiet(), a failure gives less than was asked for and sets hasError(); by default it raises an error.
function File:quiet() self._quiet = true; return self end
function File:pedantic() self._quiet = false; return self end
function File:clearError() self._error = false; return self end

--- referenced(false): objects met twice are written twice, and read so.
function File:referenced(on)
  if self._written or self._read then errors.fail('file: referenced() comes before any object is read or written') end
  self._referenced = on ~= false
  return self
end

--- Bytes of a long in a binary file: 8, or 4 for files of 32-bit machines; 0 stands for this machine's 8.
function File:longSize(size)
  if size == nil then return self._long end
  if size ~= 0 and size ~= 4 and size ~= 8 then errors.fail('longSize: expected 0, 4 or 8, got %s', tostring(size)) end
  self._long = size == 0 and 8 or size
  return self
end

--- Allows readObject to make functions, which are code that then runs: only for files from people you trust.
function File:functions(allowed)
  self._functions = allowed ~= false
  return self
end

function File:isBigEndianCPU() return ffi.abi('be') end
function File:isLittleEndianCPU() return ffi.abi('le') end
function File:nativeEndianEncoding() self._swapped = false; return self end
function File:littleEndianEncoding() self._swapped = ffi.abi('be'); return self end
function File:bigEndianEncoding() self._swapped = ffi.abi('le'); return self end

-- -- Places -----------------------------------------------------------------------------------------------------

-- A failure is an error, or in a quiet file a flag.
local function failed(self, format, ...)
  self._error, self._failure = true, format:format(...)
  if not self._quiet then errors.fail(format, ...) end
end

function File:_check(reading)
  if not self._open then errors.fail('%s: the file is closed', self.__typename) end
  if reading == true and not self._readable or reading == false and not self._writable then
    errors.fail('%s: the file is open for %s only', self.__typename, reading and 'writing' or 'reading')
  end
end

--- The place of the next byte; the first is 1.
function File:position()
  self:_check()
  return self:_tell() + 1
end

function File:seek(position)
  self:_check()
  if type(position) ~= 'number' or position < 1 or not self:_seek(position - 1) then
    failed(self, 'seek: there is no position %s', tostring(position))
  end
  return self
end

function File:seekEnd()
  self:_check()
  if not self:_end() then failed(self, 'seek: the file has no end to go to') end
  return self
end

--- Hands what was written over to the system.
function File:synchronize()
  self:_check()
  if not self:_flush() then failed(self, 'write: %s', self:_reason()) end
  return self
end

function File:close()
  if not self._open then return end
  self._open = false
  if not self:_close() then failed(self, 'close: %s', self:_reason()) end
end

-- -- Numbers ----------------------------------------------------------------------------------------------------

-- By dtype: what is read and written. raw: bytes are bytes in text files too. least, most: what a scalar may be.
local function kind(name, dtype, ctype, raw, least, most)
  return {name = name, dtype = dtype, width = C.mt_dtype_size(dtype), pointer = ffi.typeof(ctype .. ' *'),
          ctype = ctype, raw = raw, least = least, most = most}
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
-- 16-bit floats travel as their bits; in text files File:_storage widens them
by_dtype[C.MT_HALF] = kind('Half', C.MT_HALF, 'int16_t', false)
by_dtype[C.MT_BFLOAT16] = kind('BFloat16', C.MT_BFLOAT16, 'int16_t', false)
local Long = by_dtype[C.MT_INT64]

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

--- Reads n numbers of a dtype to a pointer; gives how many there were.
function File:_read_array(k, data, n)
  local start = self:_tell()
  local got, found
  if self._binary then got = read_binary(self, k, data, n) else got, found = text.read(self, k, data, n) end
  if got < n then
    failed(self, 'read: expected %d %s%s at byte %d, got %d and then %s', n, k.name:lower(), n == 1 and '' or 's',
           start + 1, got, found or self:_reason())
  end
  return got
end

local function write_short_longs(self, data, n)
  local narrow = ffi.new('int32_t[?]', n)
  for i = 0, n - 1 do
    if data[i] ~= ffi.cast('int32_t', data[i]) then
      errors.fail('write: %s does not fit a long of 4 bytes', tostring(data[i]))
    end
    narrow[i] = data[i]
  end
  if self._swapped then swap(narrow, 4, n) end
  return math.floor(self:_store(narrow, 4 * n) / 4)
end

local function write_binary(self, k, data, n)
  if k == Long and self._long == 4 then return write_short_longs(self, data, n) end
  if self._swapped and k.width > 1 then
    local copy = ffi.new('uint8_t[?]', n * k.width)
    ffi.copy(copy, data, n * k.width)
    swap(copy, k.width, n)
    data = copy
  end
  return math.floor(self:_store(data, n * k.width) / k.width)
end

--- Writes n numbers of a dtype from a pointer; gives how many could be written.
function File:_write_array(k, data, n)
  local written
  if self._binary then written = write_binary(self, k, data, n) else written = text.write(self, k, data, n) end
  if written < n then failed(self, 'write: byte %d could not be written: %s', self:_tell() + 1, self:_reason()) end
  return written
end

-- The fewest bytes that n numbers take: in text, a digit each and spaces between them.
local function least_bytes(self, k, n)
  if not self._binary then return k.raw and n or 2 * n - 1 end
  return n * (k == Long and self._long or k.width)
end

--- Writes n longs from a pointer.
function File:_write_longs(data, n) return self:_write_array(Long, data, n) end

--- Refuses a count of items that cannot lie ahead, before memory is asked for. bytes: the fewest that they take.
function File:_expect(what, n, bytes)
  if n < 0 then errors.fail('read: the count of %s at byte %d is negative: %d', what, self:_tell() + 1, n) end
  local left = self:_left()
  if left and bytes > left then
    errors.fail('read: expected %d %s at byte %d, but only %d bytes are left', n, what, self:_tell() + 1, left)
  end
end

-- -- Storages ---------------------------------------------------------------------------------------------------

local function new_storage(dtype, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, dtype, C.MT_CPU, size))
end

local function data_of(s, k)
  return ffi.cast(k.pointer, handle.block(s).data)
end

local chunk = 2 ^ 20

-- Where nobody knows how much is ahead, memory grows with what has come.
local function read_growing(self, k, n)
  local s, got = new_storage(k.dtype, math.min(n, chunk)), 0
  while true do
    local size = tonumber(handle.block(s).size)
    got = got + self:_read_array(k, data_of(s, k) + got, size - got)
    if got < size or size == n then break end
    memory.call(C.mt_storage_resize, s.at, math.min(n, 2 * size))
  end
  return s, got
end

-- In a quiet file, as many as there may be.
function File:_affordable(k, n)
  local left = self:_left()
  if n >= 0 and (not left or least_bytes(self, k, n) <= left) then return n end
  self._error = true
  return n < 0 and 0 or math.floor(left / least_bytes(self, k, 1))
end

local function is_wide_text(self, k)
  return not self._binary and (k.dtype == C.MT_HALF or k.dtype == C.MT_BFLOAT16)
end

--- A new storage of n numbers of a dtype, read from the file.
function File:_read_storage(dtype, n)
  local k = by_dtype[dtype]
  if self._quiet then
    n = self:_affordable(k, n)
  else
    self:_expect(k.name:lower() .. 's', n, least_bytes(self, k, n))
  end
  if is_wide_text(self, k) then
    local s = new_storage(dtype, n)
    memory.call(C.mt_storage_copy, s.at, self:_read_storage(C.MT_FLOAT, n).at)
    return s
  end
  local s, got
  if self:_left() then
    s = new_storage(dtype, n)
    got = self:_read_array(k, data_of(s, k), n)
  else
    s, got = read_growing(self, k, n)
  end
  if got < n then memory.call(C.mt_storage_resize, s.at, got) end
  return s
end

--- Writes the numbers of a storage, from whatever device.
function File:_write_storage(s)
  local b = handle.block(s)
  local k = by_dtype[b.dtype]
  if b.device ~= C.MT_CPU or is_wide_text(self, k) then
    local copy = new_storage(is_wide_text(self, k) and C.MT_FLOAT or b.dtype, b.size)
    memory.call(C.mt_storage_copy, copy.at, s.at)
    return self:_write_storage(copy)
  end
  return self:_write_array(k, data_of(s, k), tonumber(b.size))
end

local function expect_storage(name, s, k)
  if not handle.is_storage(s) or handle.kind(s) ~= types.at[C.MT_CPU][k.dtype] then
    errors.fail('%s: expected a torch.%sStorage, got %s', name, k.name, class.type(s))
  end
end

-- -- The methods of each type -----------------------------------------------------------------------------------

local function read_numbers(self, k, scratch, what)
  self:_check(true)
  if what == nil then
    scratch[0] = 0
    self:_read_array(k, scratch, 1)
    return tonumber(scratch[0])
  end
  if type(what) == 'number' then return self:_read_storage(k.dtype, what) end
  expect_storage('read' .. k.name, what, k)
  local got = self:_read_array(k, data_of(what, k), tonumber(handle.block(what).size))
  handle.block(what).version = handle.block(what).version + 1
  return got
end

local function write_numbers(self, k, scratch, what)
  self:_check(false)
  if type(what) == 'number' then
    if what < k.least or what > k.most or what ~= what and k.most < math.huge then
      errors.fail('write%s: %s is outside %.0f..%.0f', k.name, tostring(what), k.least, k.most)
    end
    scratch[0] = k.most < math.huge and (what < 0 and math.ceil(what) or math.floor(what)) or what
    return self:_write_array(k, scratch, 1)
  end
  if k == Long and type(what) == 'cdata' and tonumber(what) then
    scratch[0] = what
    return self:_write_array(k, scratch, 1)
  end
  expect_storage('write' .. k.name, what, k)
  return self:_write_array(k, data_of(what, k), tonumber(handle.block(what).size))
end

-- readInt() gives a number, readInt(n) a storage, readInt(storage) fills it and gives the count;
-- writeInt(number), writeInt(storage) give the count.
for _, k in ipairs(kinds) do
  local scratch = ffi.new(k.ctype .. '[1]')
  File['read' .. k.name] = function(self, what) return read_numbers(self, k, scratch, what) end
  File['write' .. k.name] = function(self, what) return write_numbers(self, k, scratch, what) end
end

function File:readBool() return self:readInt() ~= 0 end
function File:writeBool(value) return self:writeInt(value and 1 or 0) end

-- -- Strings ----------------------------------------------------------------------------------------------------

local buffer, room = nil, 0

--- The next n bytes as a string, fewer where the file ends.
function File:_take(n)
  local parts = {}
  while n > 0 do
    local count = math.min(n, chunk)
    if count > room then buffer, room = ffi.new('uint8_t[?]', math.max(count, 4096)), math.max(count, 4096) end
    local got = self:_fetch(buffer, count)
    parts[#parts + 1] = ffi.string(buffer, got)
    if got < count then break end
    n = n - count
  end
  return table.concat(parts)
end

--- The n bytes of a string that the file must have.
function File:_read_bytes(n)
  self:_expect('bytes', n, n)
  local bytes = self:_take(n)
  if #bytes < n then
    failed(self, 'read: expected a string of %d bytes, got %d and then %s', n, #bytes, self:_reason())
  end
  if n > 0 and not self._binary then text.skip_line_end(self) end
  return bytes
end

local function read_line(self)
  local parts, c = {}, self:_getc()
  if c < 0 then return failed(self, 'read: expected a line at byte %d, the file ends', self:_tell() + 1) or '' end
  while c >= 0 and c ~= 10 do
    parts[#parts + 1] = string.char(c)
    if #parts == 4096 then parts = {table.concat(parts)} end
    c = self:_getc()
  end
  return table.concat(parts)
end

--- readString('*a'): the rest of the file. readString('*l'): a line, without its end.
function File:readString(format)
  self:_check(true)
  if format == '*l' then return read_line(self) end
  if format == '*a' then return self:_take(math.huge) end
  return errors.fail("readString: expected '*a' or '*l', got %s", tostring(format))
end

--- Writes the bytes of a string; gives how many. In text, autoSpacing ends them with a line end.
function File:writeString(s)
  self:_check(false)
  if type(s) ~= 'string' then errors.fail('writeString: expected a string, got %s', class.type(s)) end
  local written = self:_store(s, #s)
  local ended = #s == 0 or self._binary or text.end_line(self)
  if written < #s or not ended then
    failed(self, 'write: byte %d could not be written: %s', self:_tell() + 1, self:_reason())
  end
  return written
end

--- Writes n bytes from a pointer.
function File:_write_bytes(data, n)
  if n > 0 and self:_store(data, n) < n then
    failed(self, 'write: byte %d could not be written: %s', self:_tell() + 1, self:_reason())
  end
end

function File:_describe(name)
  local mode = (self._readable and 'r' or ' ') .. (self._writable and 'w' or ' ')
  return ('%s%s [status: %s -- mode %s]'):format(self.__typename, name and ' on <' .. name .. '>' or '',
                                                 self._open and 'open' or 'closed', mode)
end

return module

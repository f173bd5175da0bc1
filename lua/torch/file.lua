--- torch.File: typed reading and writing, of which torch.DiskFile, torch.MemoryFile and torch.PipeFile are kinds.
-- A kind provides these methods, which count bytes and places from 0:
--   _fetch(pointer, n)  reads up to n bytes, gives how many       _store(pointer, n)  the same for writing
--   _getc()             the next byte, or -1 at the end           _ungetc(c)          puts one back
--   _tell(), _seek(place), _end()                                 _left()             bytes ahead; nil when unknown
--   _flush(), _close()                                            _reason()           what the last failure was
-- Numbers are in torch.filenumbers, objects in torch.readobject and torch.writeobject.
local ffi = require 'ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'
local numbers = require 'torch.filenumbers'
local text = require 'torch.filetext'

local module = {}
local File = class.newmetatable('torch.File', nil, nil, nil, nil, module)
for name, method in pairs(numbers) do File[name] = method end

-- -- Flags ------------------------------------------------------------------------------------------------------

--- Prepares the state that all kinds share; mode: 'r', 'w' or 'rw'.
function File:_start(mode, quiet)
  if type(mode) ~= 'nil' and mode ~= 'r' and mode ~= 'w' and mode ~= 'rw' then
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
  self._long, self._long_unknown = size == 0 and 8 or size, nil
  return self
end

function File:isBigEndianCPU() return ffi.abi('be') end
function File:isLittleEndianCPU() return ffi.abi('le') end
function File:nativeEndianEncoding() self._swapped = false; return self end
function File:littleEndianEncoding() self._swapped = ffi.abi('be'); return self end
function File:bigEndianEncoding() self._swapped = ffi.abi('le'); return self end

-- -- Places -----------------------------------------------------------------------------------------------------

--- A failure is an error, or in a quiet file a flag.
function File:_failed(format, ...)
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
  guard.file(self):_check()
  return self:_tell() + 1
end

function File:seek(position)
  self:_check()
  if type(position) ~= 'number' or position < 1 or not self:_seek(position - 1) then
    self:_failed('seek: there is no position %s', tostring(position))
  end
  return self
end

function File:seekEnd()
  self:_check()
  if not self:_end() then self:_failed('seek: the file has no end to go to') end
  return self
end

--- Hands what was written over to the system.
function File:synchronize()
  self:_check()
  if not self:_flush() then self:_failed('write: %s', self:_reason()) end
  return self
end

function File:close()
  if not self._open then return end
  self._open = false
  if not self:_close() then self:_failed('close: %s', self:_reason()) end
end

-- -- Strings ----------------------------------------------------------------------------------------------------

-- Short strings, of which there are many, are read into a buffer that stays.
local room = 4096
local buffer = ffi.new('uint8_t[?]', room)

--- The next n bytes as a string, fewer where the file ends. They wait outside of Lua's heap until they are a string.
function File:_take(n)
  n = math.min(n, self:_left() or n)
  if n <= room then return ffi.string(buffer, self:_fetch(buffer, n)) end
  local s, got = self:_fetch_storage(n)
  return ffi.string(handle.block(s).data, got)
end

--- The n bytes of a string that the file must have.
function File:_read_bytes(n)
  self:_expect('bytes', n, n)
  local bytes = self:_take(n)
  if #bytes < n then
    self:_failed('read: expected a string of %d bytes, got %d and then %s', n, #bytes, self:_reason())
  end
  if n > 0 and not self._binary then text.skip_line_end(self) end
  return bytes
end

local function read_line(self)
  local parts, c = {}, self:_getc()
  if c < 0 then return self:_failed('read: expected a line at byte %d, the file ends', self:_tell() + 1) or '' end
  while c >= 0 and c ~= 10 do
    parts[#parts + 1] = string.char(c)
    if #parts == 4096 then parts = {table.concat(parts)} end
    c = self:_getc()
  end
  return table.concat(parts)
end

--- readString('*a'): the rest of the file. readString('*l'): a line, without its end.
function File:readString(format)
  guard.file(self):_check(true)
  if format == '*l' then return read_line(self) end
  if format == '*a' then return self:_take(2 ^ 46) end
  return errors.fail("readString: expected '*a' or '*l', got %s", tostring(format))
end

--- Writes the bytes of a string; gives how many. In text, autoSpacing ends them with a line end.
function File:writeString(s)
  guard.file(self):_check(false)
  if type(s) ~= 'string' then errors.fail('writeString: expected a string, got %s', class.type(s)) end
  local written = self:_store(s, #s)
  local ended = #s == 0 or self._binary or text.end_line(self)
  if written < #s or not ended then
    self:_failed('write: byte %d could not be written: %s', self:_tell() + 1, self:_reason())
  end
  return written
end

--- Writes n bytes from a pointer.
function File:_write_bytes(data, n)
  if n > 0 and self:_store(data, n) < n then
    self:_failed('write: byte %d could not be written: %s', self:_tell() + 1, self:_reason())
  end
end

function File:_describe(name)
  local mode = (self._readable and 'r' or ' ') .. (self._writable and 'w' or ' ')
  return ('%s%s [status: %s -- mode %s]'):format(self.__typename, name and ' on <' .. name .. '>' or '',
                                                 self._open and 'open' or 'closed', mode)
end

return module

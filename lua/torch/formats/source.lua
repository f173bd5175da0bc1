--- Files as the readers of formats see them. A source has a size and can be read at any place; a stream goes through a
-- part of it, or through what is packed there, from its beginning. Both know the file's name for messages of errors.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local libc = require 'torch.libc'

local source = {}
local Source = {}
Source.__index = Source

local SEEK_END = 2

-- -- Opening ----------------------------------------------------------------------------------------------------

local function open(what, path)
  if type(path) ~= 'string' then errors.fail('%s: expected a file name, got %s', what, type(path)) end
  if path:find('%z') then errors.fail('%s: expected a file name, got one with a zero byte', what) end
  local kind = libc.kind(path)
  if kind and kind ~= 'file' then errors.fail('%s: %s is not a regular file', what, path) end
  local file = libc.C.mt_c_open(path, 'rb')
  if file == nil then errors.fail('%s: cannot open %s: %s', what, path, libc.reason()) end
  file = ffi.gc(file, libc.C.mt_c_close)
  libc.C.mt_c_seek(file, 0, SEEK_END)
  return setmetatable({what = what, name = path, file = file, size = tonumber(libc.C.mt_c_tell(file))}, Source)
end

--- A source of the bytes in a string, which name stands for in messages.
function source.of_string(what, text, name)
  if type(text) ~= 'string' then errors.fail('%s: expected a string, got %s', what, type(text)) end
  return setmetatable({what = what, name = name or 'the string', text = text, size = #text}, Source)
end

--- Gives what read(source, …) gives for the file at a path, and closes the file.
-- what: begins the messages of errors, the format's name.
function source.with(what, path, read, ...)
  local s = open(what, path)
  local results = {pcall(read, s, ...)}
  libc.C.mt_c_close(ffi.gc(s.file, nil))
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

-- -- Reading ----------------------------------------------------------------------------------------------------

--- Raises an error that names the file.
function Source:fail(format, ...)
  return errors.fail('%s: %s: ' .. format, self.what, self.name, ...)
end

local function check(self, at, n)
  if at < 0 or at + n > self.size then
    self:fail('expected %.0f bytes at byte %.0f, the file has %.0f', n, at, self.size)
  end
end

--- Reads the n bytes at a place, counted from 0, to a pointer.
function Source:read(at, n, pointer)
  check(self, at, n)
  if self.text then
    ffi.copy(pointer, ffi.cast('const char *', self.text) + at, n)
    return
  end
  local got, descriptor = 0, libc.C.mt_c_fileno(self.file)
  pointer = ffi.cast('char *', pointer)
  while got < n do
    local count = tonumber(libc.C.mt_c_pread(descriptor, pointer + got, n - got, at + got))
    if count < 0 then self:fail('cannot read byte %.0f: %s', at + got, libc.reason()) end
    if count == 0 then self:fail('the file was shortened to %.0f bytes while it was read', at + got) end
    got = got + count
  end
end

--- The n bytes at a place as a string.
function Source:string(at, n)
  check(self, at, n)
  if self.text then return self.text:sub(at + 1, at + n) end
  local buffer = ffi.new('char[?]', n)
  self:read(at, n, buffer)
  return ffi.string(buffer, n)
end

--- A number of 2, 4 or 8 bytes, little-endian, at a place of a string (counted from 0). Counts above 2^53 are rounded:
-- no file is so long.
function source.number(text, at, width)
  local value = 0
  for i = width, 1, -1 do value = value * 256 + text:byte(at + i) end
  return value
end

return source

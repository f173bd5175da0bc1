--- Numbers as text, as C's printf and scanf write and read them; used by torch.File.
local ffi = require 'ffi'
local libc = require 'torch.libc'
local numbertext = require 'torch.numbertext'
local reals = require 'torch.reals'

local filetext = {}

local longest = 63
local token = ffi.new('char[?]', longest + 1)
local rest = ffi.new('char *[1]')
local bits = ffi.new('union { double value; int32_t half[2]; }')
local sign_half = ffi.abi('le') and 1 or 0

-- -- Reading ----------------------------------------------------------------------------------------------------

local function is_space(c) return c == 32 or c >= 9 and c <= 13 end

-- A digit, a letter (of "1e5", "0xff", "nan"), a sign or a point.
local function is_of_number(c)
  return c >= 48 and c <= 57 or c >= 65 and c <= 90 or c >= 97 and c <= 122 or c == 43 or c == 45 or c == 46
end

-- Puts the next word into token; gives its length, which is 0 where none begins, or more than longest, and the byte
-- that ended it, -1 at the end of the file. Bytes such as commas end a word and stay in the file.
local function next_token(file)
  local c, n = file:_getc(), 0
  while is_space(c) do c = file:_getc() end
  while is_of_number(c) and n <= longest do
    token[n] = c
    n = n + 1
    c = file:_getc()
  end
  if c >= 0 then file:_ungetc(c) end
  if n <= longest then token[n] = 0 end
  return n, c
end

local function parse(k)
  if k.name == 'Float' or k.name == 'Double' then return reals.parse(token, rest) end
  ffi.errno(0)
  local value = libc.C.mt_c_strtoll(token, rest, 10)
  if ffi.errno() ~= 0 or tonumber(value) < k.least or tonumber(value) > k.most and k.name ~= 'Long' then return nil end
  return value
end

--- Skips the line end that autoSpacing puts after an item.
function filetext.skip_line_end(file)
  if not file._spacing then return end
  local c = file:_getc()
  if c >= 0 and c ~= 10 then file:_ungetc(c) end
end

--- Reads n numbers of a kind; gives how many there were, and else what was found instead of the next one.
function filetext.read(file, k, data, n)
  if k.raw then
    local got = file:_fetch(data, n)
    if n > 0 then filetext.skip_line_end(file) end
    return got
  end
  for i = 0, n - 1 do
    local length, stop = next_token(file)
    if length == 0 then return i, stop >= 0 and ('"%s"'):format(string.char(stop)) or nil end
    local value = length <= longest and parse(k)
    if not value or rest[0] ~= token + length then
      return i, ('"%s"'):format(ffi.string(token, math.min(length, 20)))
    end
    data[i] = value
  end
  if n > 0 then filetext.skip_line_end(file) end
  return n
end

-- -- Writing ----------------------------------------------------------------------------------------------------

-- C prints the sign of a NaN, LuaJIT does not.
local function real(format, value)
  if value == value then return format:format(value) end
  bits.value = value
  return bits.half[sign_half] < 0 and '-nan' or 'nan'
end

local function shown(k, value)
  if k.name == 'Double' then return real('%.17g', value) end
  if k.name == 'Float' then return real('%.9g', value) end
  return numbertext.whole(value)
end

--- Ends an item with a line end, where autoSpacing is on.
function filetext.end_line(file)
  return not file._spacing or file:_store('\n', 1) == 1
end

local batch = 1024 -- numbers put together before they are handed to the file

--- Writes n numbers of a kind; gives how many could be written.
function filetext.write(file, k, data, n)
  if n == 0 then return 0 end
  if k.raw then
    local written = file:_store(data, n)
    return filetext.end_line(file) and written or written - 1
  end
  for first = 0, n - 1, batch do
    local parts = {}
    for i = first, math.min(first + batch, n) - 1 do parts[#parts + 1] = shown(k, k.element(data, i)) end
    local text = table.concat(parts, ' ') .. (first + batch < n and ' ' or '')
    if file:_store(text, #text) < #text then return first end
  end
  return filetext.end_line(file) and n or n - 1
end

return filetext

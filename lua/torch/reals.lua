--- Floats and doubles in memory as numbers. LuaJIT keeps the types of its values in the bits of negative quiet NaNs,
-- and takes a double from memory or from a C function as it is, be it compiled or not: some NaNs become a table or a
-- string at whatever address their bits say, and the process ends at the latest when the collector meets it. Others do
-- with the first x + 1, which makes them quiet, or with -x. So whatever may have come from outside (a file, a mapped
-- file, memory that nobody set) is read here, where all NaNs of a sign are one. They are seen by their upper halves, as
-- whole numbers: once it is a value it is too late.
local ffi = require 'ffi'
local libc = require 'torch.libc'

local reals = {}

local words, floats, doubles = ffi.typeof('int32_t *'), ffi.typeof('float *'), ffi.typeof('double *')
local upper = ffi.abi('le') and 1 or 0
local PLUS, MINUS, N = 43, 45, 110
local band, bor = bit.band, bit.bor

-- The exponents of infinities and NaNs, and what else is in these words but the sign
local DOUBLE, DOUBLE_FRACTION = 0x7ff00000, 0xfffff
local FLOAT, FLOAT_FRACTION = 0x7f800000, 0x7fffff

-- -- In memory --------------------------------------------------------------------------------------------------

local both = ffi.new('union { int32_t half[2]; double value; }')
both.half[upper] = DOUBLE + 0x80000
local positive_nan = both.value
local negative_nan = -positive_nan

local function infinity_or_nan(word, fraction)
  if fraction == 0 then return word < 0 and -math.huge or math.huge end
  return word < 0 and negative_nan or positive_nan
end

--- Element i (from 0) of the doubles at a pointer.
function reals.double(data, i)
  local word = ffi.cast(words, data)[2 * i + upper]
  if band(word, DOUBLE) == DOUBLE then
    return infinity_or_nan(word, bor(band(word, DOUBLE_FRACTION), ffi.cast(words, data)[2 * i + 1 - upper]))
  end
  return ffi.cast(doubles, data)[i]
end

--- Element i (from 0) of the floats at a pointer.
function reals.float(data, i)
  local word = ffi.cast(words, data)[i]
  if band(word, FLOAT) == FLOAT then return infinity_or_nan(word, band(word, FLOAT_FRACTION)) end
  return ffi.cast(floats, data)[i]
end

local function whole(data, i) return data[i] end

--- What reads elements of a C type through a pointer to them: floats and doubles as above, others as the FFI does.
function reals.reader(ctype)
  return ctype == 'double' and reals.double or ctype == 'float' and reals.float or whole
end

local none = ffi.new('int32_t[1]')

--- For loops that are one code for all C types: reals.number(data, i, reals.upper(ctype, data)) is element i as a
-- number.
function reals.upper(ctype, data)
  if ctype == 'double' then return ffi.cast(words, data) + upper, 2, DOUBLE end
  if ctype == 'float' then return ffi.cast(words, data), 1, FLOAT end
  return ffi.cast(words, none), 0, 1
end

function reals.number(data, i, upper_halves, step, exponent)
  if band(upper_halves[step * i], exponent) == exponent then
    return step == 2 and reals.double(data, i) or reals.float(data, i)
  end
  return tonumber(data[i])
end

-- -- As text ----------------------------------------------------------------------------------------------------

-- "nan" in small or great letters.
local function is_nan(text)
  return bor(text[0], 32) == N and bor(text[1], 32) == 97 and bor(text[2], 32) == N
end

--- The number that a C text begins with; rest[0] becomes its end, which is text where none begins. C's strtod, but
-- no space may stand in front, and a NaN is read here: C's may say which bits it wants, as in nan(0xfffff).
function reals.parse(text, rest)
  local first = text[0]
  local start = text + ((first == PLUS or first == MINUS) and 1 or 0)
  local c = start[0]
  if c > 32 and bor(c, 32) ~= N then return libc.C.mt_c_strtod(text, rest) end
  rest[0] = is_nan(start) and start + 3 or text
  return first == MINUS and negative_nan or positive_nan
end

return reals

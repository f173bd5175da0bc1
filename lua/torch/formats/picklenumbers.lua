--- Python's numbers as the bytes of a pickle have them.
local ffi = require 'ffi'
local reals = require 'torch.reals'

local numbers = {}

local bits = ffi.new('union { uint8_t bytes[8]; int64_t whole; uint64_t natural; }')

--- The integer whose bytes, little-endian, are text; the highest bit is its sign. Up to 2^53 it is a number, then an
-- int64_t or uint64_t, and beyond those the nearest number; nil where there is none.
function numbers.integer(text)
  local n, value = #text, 0
  local negative = n > 0 and text:byte(n) >= 128
  for i = n, 1, -1 do value = value * 256 + (negative and 255 - text:byte(i) or text:byte(i)) end
  if value < 2 ^ 53 then return negative and -value - 1 or value end
  if n > 9 or n == 9 and (negative or text:byte(9) > 0) then
    if value == math.huge then return nil end
    return negative and -value or value
  end
  ffi.copy(bits.bytes, text, math.min(n, 8))
  for i = n, 7 do bits.bytes[i] = negative and 255 or 0 end
  return n == 9 and bits.natural or bits.whole
end

--- The number of a double's 8 bytes, big-endian.
function numbers.real(text)
  for i = 0, 7 do bits.bytes[i] = text:byte(8 - i) end
  return reals.double(bits.bytes, 0)
end

return numbers

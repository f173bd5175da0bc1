--- Numbers as text that gives the same numbers again.
local ffi = require 'ffi'

local numbertext = {}

local single = ffi.new('float[1]')

--- A short text of a number that gives it again.
function numbertext.double(value)
  local text = ('%.16g'):format(value)
  if tonumber(text) ~= value then return ('%.17g'):format(value) end
  local shorter = ('%.15g'):format(value) -- 0.1 is 0.1000000000000000 with more digits
  return tonumber(shorter) == value and shorter or text
end

--- The same for a number that a float holds, where the text has to give that float again.
function numbertext.single(value)
  local text = ('%.8g'):format(value)
  single[0] = tonumber(text)
  if single[0] ~= value then return ('%.9g'):format(value) end
  local shorter = ('%.7g'):format(value)
  single[0] = tonumber(shorter)
  return single[0] == value and shorter or text
end

--- The text of a whole number, which may be a 64-bit integer.
function numbertext.whole(value)
  local number = tonumber(value)
  if number > -2 ^ 53 and number < 2 ^ 53 then return ('%d'):format(number) end
  return (tostring(value):gsub('LL$', ''))
end

return numbertext

--- The bytes of numbers.
local ffi = require 'ffi'

local bytes = {}

--- Turns the bytes of each of n numbers of width bytes around, in place: from big-endian to little-endian and back.
function bytes.swap(data, width, n)
  data = ffi.cast('uint8_t *', data)
  for i = 0, n - 1 do
    local item = data + i * width
    for j = 0, width / 2 - 1 do item[j], item[width - 1 - j] = item[width - 1 - j], item[j] end
  end
end

return bytes

--- How wide the longs of a binary file are. Torch7 wrote the longs of the machine it ran on, 4 bytes wide on 32-bit
-- machines and on Windows, and nothing in the file says which. The first tensor or storage tells: its sizes make sense
-- with one width only. Guessing ends when a width is certain; until then it is 8, and what is cut short of that is an
-- error.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local swap = require('torch.bytes').swap

local longsize = {}

local bytes = ffi.new('uint8_t[8]')

-- The number of width bytes at a place; nil where the file ends before.
local function number_at(file, place, width)
  local here = file:_tell()
  if not file:_seek(place) then return nil end
  local got = file:_fetch(bytes, width)
  file:_seek(here)
  if got < width then return nil end
  if file._swapped then swap(bytes, width, 1) end
  return tonumber(ffi.cast(width == 8 and 'int64_t *' or 'int32_t *', bytes)[0])
end

local function decide(file, width)
  file._long, file._long_unknown = width, nil
end

-- A tensor's sizes and offset are small numbers, and its storage follows, an object; or nil, without dimensions. (An
-- empty tensor of narrow longs may look like one of wide ones, but not when a key of a table comes after it.)
local function is_tensor(file, dim, width)
  local here = file:_tell()
  for i = 0, dim - 1 do
    local size = number_at(file, here + i * width, width)
    if not size or size < 1 or size > 2 ^ 40 then return false end
  end
  local past = here + (2 * dim + 1) * width
  local offset = number_at(file, past - width, width)
  local tag, number = number_at(file, past, 4), number_at(file, past + 4, 4)
  if not tag or offset < 1 or offset > 2 ^ 40 then return false end
  return tag == 4 and number ~= nil and number > 0 or tag == 0 and dim == 0
end

--- Before the longs of a tensor of dim dimensions.
function longsize.guess_by_tensor(file, dim)
  if not file:_left() then return end
  local wide, narrow = is_tensor(file, dim, 8), is_tensor(file, dim, 4)
  if wide ~= narrow then decide(file, wide and 8 or 4) end
end

-- The size of a storage with the first element after it, or, when it is empty, with the tag of another value: together
-- they are no size, unless what follows the size is 0.
local function is_narrow_storage(file, kind)
  local here, left = file:_tell(), file:_left()
  local wide, narrow, next_int = number_at(file, here, 8), number_at(file, here, 4), number_at(file, here + 4, 4)
  if not wide or next_int == 0 or wide >= 0 and 8 + wide * kind.width <= left then return false end
  if narrow == 0 then return next_int > 0 and next_int <= 8 end
  return narrow > 0 and 4 + narrow * (kind.dtype == C.MT_INT64 and 4 or kind.width) <= left
end

--- Before the size of a storage of a type (see torch.types).
function longsize.guess_by_storage(file, kind)
  if file:_left() and is_narrow_storage(file, kind) then decide(file, 4) end
end

return longsize

--- Reading sizes and dimensions from arguments.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'

local layout, block = handle.layout, handle.block
local int64_p = ffi.typeof('int64_t *')
local fail = errors.fail

local sizes = {}

-- Reused: the library copies what it is given.
local buffer = ffi.new('int64_t[?]', C.MT_MAX_DIM)
sizes.buffer = buffer

local function truncate(v) return v < 0 and math.ceil(v) or math.floor(v) end

--- v as a whole number: fractions are cut off and texts of numbers are read, as in Torch7, where x:narrow(1, 1, n / 2)
-- is common. int64_t values are taken too.
function sizes.integer(what, v)
  local n = type(v) == 'number' and v or (type(v) == 'cdata' or type(v) == 'string') and tonumber(v)
  if not n then fail('%s: expected a whole number, got %s', what, v == nil and 'nothing' or type(v)) end
  if n ~= n or n >= 2 ^ 63 or n < -2 ^ 63 then fail('%s: expected a whole number, got %s', what, tostring(v)) end
  return truncate(n)
end
local integer = sizes.integer

local function from_storage(what, s)
  local b = block(s)
  if b.dtype ~= C.MT_INT64 then fail('%s: expected the sizes as a LongStorage', what) end
  if b.size > C.MT_MAX_DIM then
    fail('%s: %d dimensions, at most %d are possible', what, tonumber(b.size), C.MT_MAX_DIM)
  end
  local data = ffi.cast(int64_p, b.data)
  for i = 0, tonumber(b.size) - 1 do buffer[i] = data[i] end
  return tonumber(b.size)
end

--- Reads sizes given as numbers, as a LongStorage or as a table into sizes.buffer; gives their count.
function sizes.read(what, first, ...)
  if first == nil then return 0 end
  if handle.is_storage(first) then return from_storage(what, first) end
  if type(first) == 'table' then return sizes.read(what, unpack(first)) end
  local n = select('#', ...) + 1
  if n > C.MT_MAX_DIM then fail('%s: %d dimensions, at most %d are possible', what, n, C.MT_MAX_DIM) end
  buffer[0] = integer(what, first)
  for i = 1, n - 1 do buffer[i] = integer(what, (select(i, ...))) end
  return n
end

--- A dimension counted from 1 (or, negative, from the end) as C counts it; errors name what.
function sizes.dim(what, t, dim, extra)
  local n = layout(t).dim + (extra or 0)
  if type(dim) ~= 'number' then dim = integer(what, dim) end
  local d = dim < 0 and n + math.ceil(dim) or math.floor(dim) - 1
  if not (d >= 0 and d < n) then
    if n == 0 then fail('%s: the tensor has no elements', what) end
    fail('%s: dimension %s is outside 1..%d', what, tostring(dim), n)
  end
  return d
end

--- A tensor's sizes as a table.
function sizes.table(t)
  local l, list = layout(t), {}
  for i = 1, l.dim do list[i] = tonumber(l.size[i - 1]) end
  return list
end

--- "3x4", or "no elements"
function sizes.text(t)
  local l = layout(t)
  if l.dim == 0 then return 'no elements' end
  local parts = {}
  for i = 0, l.dim - 1 do parts[i + 1] = tostring(tonumber(l.size[i])) end
  return table.concat(parts, 'x')
end

return sizes

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

local function whole(what, i, v)
  if type(v) == 'number' then
    if v ~= math.floor(v) then fail('%s: expected whole sizes, got %s', what, tostring(v)) end
    return v
  end
  if type(v) == 'cdata' and tonumber(v) then return tonumber(v) end
  return fail('%s: expected a number as size %d, got %s', what, i, type(v))
end

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
  buffer[0] = whole(what, 1, first)
  for i = 1, n - 1 do buffer[i] = whole(what, i + 1, (select(i, ...))) end
  return n
end

--- A dimension counted from 1 (or, negative, from the end) as C counts it; errors name what.
function sizes.dim(what, t, dim, extra)
  local n = layout(t).dim + (extra or 0)
  if type(dim) ~= 'number' then fail('%s: expected a dimension as a number, got %s', what, type(dim)) end
  local d = dim < 0 and n + dim or dim - 1
  if d < 0 or d >= n or d ~= math.floor(d) then
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

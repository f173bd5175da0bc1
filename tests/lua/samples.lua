--- Sample arguments for the rows of torch.op: the `make` that a row's sample function gets, and ways to vary them.
local torch = require 'torch'
local handle = require 'torch.handle'

local samples = {}

--- Tensors whose type is part of their meaning: masks and places.
samples.is_fixed = setmetatable({}, {__mode = 'k'})

local seed = 0
local function random()
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed / 2147483648
end

--- Starts the sequence again, so that every test sees the same samples.
function samples.reset(n) seed = n or 1 end

-- Not within 0.04 of a whole number, a half, or the bounds that the clamp sample uses: kinks lie there.
local function is_smooth(v)
  return math.abs(2 * v - math.floor(2 * v + 0.5)) > 0.08 and math.abs(v + 0.75) > 0.04 and math.abs(v - 0.8) > 0.04
end

local function draw(low, high, either_sign)
  while true do
    local v = low + (high - low) * random()
    if either_sign and random() < 0.5 then v = -v end
    if is_smooth(v) then return v end
  end
end

local function fill(t, value)
  local flat = t:view(t:nElement())
  for i = 1, flat:size(1) do flat[i] = value() end
  return t
end

--- A `make` for a tensor type: make(sizes…), make.positive, make.unit, make.mask, make.places(most, sizes…), and
-- make.apart: numbers of which no two are near each other, so that a small step leaves their order.
function samples.maker(typename)
  local Type = torch[typename:match('%.(.*)')]
  local floating = handle.kind(Type()).floating
  local signed = typename ~= 'torch.ByteTensor'
  local make = {}
  function make.positive(...)
    return fill(Type(...), floating and function() return draw(0.3, 1.9) end
                           or function() return math.floor(1 + 4 * random()) end)
  end
  function make.unit(...)
    return fill(Type(...), floating and function() return draw(0.1, 0.9, true) end
                           or function() return math.floor(2 * random()) end)
  end
  function make.apart(...)
    local t = Type(...)
    local order, n = {}, t:nElement()
    for i = 1, n do
      local j = math.floor(1 + i * random())
      order[i] = order[j]
      order[j] = i
    end
    local k = 0
    return fill(t, function()
      k = k + 1
      return floating and (order[k] - n / 2 + 0.3) * 0.05 or order[k] % 100
    end)
  end
  function make.mask(...)
    local mask = fill(torch.ByteTensor(...), function() return random() < 0.5 and 1 or 0 end)
    mask:view(mask:nElement())[1] = 1
    samples.is_fixed[mask] = true
    return mask
  end
  function make.places(most, ...)
    local places = fill(torch.LongTensor(...), function() return math.floor(1 + most * random()) end)
    samples.is_fixed[places] = true
    return places
  end
  return setmetatable(make, {__call = function(_, ...)
    return fill(Type(...), floating and function() return draw(0.3, 1.9, true) end
      or function() return math.floor(1 + 5 * random()) * ((signed and random() < 0.5) and -1 or 1) end)
  end})
end

--- The row's argument lists, for a tensor type.
function samples.of(row, typename, n)
  samples.reset(n)
  return row.sample(samples.maker(typename))
end

--- args with every tensor, also in inner tables, replaced by f(tensor).
function samples.map(args, f)
  local out = {}
  for k, v in pairs(args) do
    if torch.isTensor(v) then
      out[k] = f(v)
    elseif type(v) == 'table' then
      out[k] = samples.map(v, f)
    else
      out[k] = v
    end
  end
  return out
end

-- -- The same elements in other layouts -------------------------------------------------------------------------

samples.layouts = {}

--- every second element of memory that holds others between
function samples.layouts.strided(t)
  local sizes = t:size():totable()
  sizes[#sizes] = 2 * sizes[#sizes]
  local wide = t.new(unpack(sizes)):fill(1)
  local view = t.new():set(wide:storage(), 1, t:size(), wide:stride())
  local strides = wide:stride():totable()
  strides[#strides] = 2
  view:set(wide:storage(), 2, t:size(), torch.LongStorage(strides))
  return view:copy(t)
end

--- dimensions in reverse order of memory
function samples.layouts.transposed(t)
  local n = t:dim()
  local order, sizes = {}, {}
  for i = 1, n do order[i], sizes[i] = n + 1 - i, t:size(n + 1 - i) end
  return t.new(unpack(sizes)):permute(unpack(order)):copy(t)
end

--- in the middle of a larger storage
function samples.layouts.offset(t)
  local big = t.new(t:nElement() + 7):fill(1)
  return big:narrow(1, 4, t:nElement()):viewAs(t):copy(t)
end

--- Whether two results (tensors of one type) agree within the type's precision.
local tolerance = {
  ['torch.DoubleTensor'] = 1e-12, ['torch.FloatTensor'] = 2e-6, ['torch.HalfTensor'] = 4e-3,
  ['torch.BFloat16Tensor'] = 3e-2,
}

function samples.differ(a, b, slack)
  if not a:isSameSizeAs(b) then return 'sizes ' .. tostring(a:size()) .. ' and ' .. tostring(b:size()) end
  local limit = math.max(tolerance[a:type()] or 0, tolerance[b:type()] or 0) * (slack or 1)
  local x, y = a:double():contiguous(), b:double():contiguous()
  if x:nElement() == 0 then return nil end
  x, y = x:view(x:nElement()), y:view(y:nElement())
  for i = 1, x:size(1) do
    local p, q = x[i], y[i]
    if not (p == q or p ~= p and q ~= q or math.abs(p - q) <= limit * math.max(1, math.abs(q))) then
      return ('element %d: %.17g and %.17g'):format(i, p, q)
    end
  end
end

return samples

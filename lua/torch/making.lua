--- Tensors from sizes and rules: torch.zeros(2, 3) makes one of the default type, torch.zeros(result, 2, 3) and
-- x:zeros(2, 3) fill a given one. Sizes are numbers or a LongStorage.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local types = require 'torch.types'

local call, fail, is_tensor = memory.call, errors.fail, handle.is_tensor

local making = {functions = {}, methods = {}}

-- -- The default type -------------------------------------------------------------------------------------------

local default = types.by_name['torch.DoubleTensor']

--- The type (see torch.types) of tensors whose type nobody named.
function making.default() return default end

--- Sets it. name: of a tensor type, such as 'torch.FloatTensor'.
function making.set_default(name)
  local kind = types.by_name[name]
  if not kind or kind.tensor_name ~= name then
    fail('setdefaulttensortype: expected the name of a tensor type, got %s', tostring(name))
  end
  default = kind
end

--- A new tensor of the default type, without elements.
function making.new() return handle.new(default.dtype, default.device) end

-- -- Helpers ----------------------------------------------------------------------------------------------------

--- Gives out the sizes that follow; errors name what.
function making.resize(what, out, first, ...)
  if first == nil then fail('%s: expected sizes, got none', what) end
  call(C.mt_tensor_resize, out, sizes.read(what, first, ...), sizes.buffer)
  return out
end

-- What a tape knew of the tensor before holds no longer.
local function overwritten(out)
  return op.record(op.by_name.fill, out, nil, nil, nil, nil, nil, nil, nil, true)
end

local function number(what, name, x, otherwise)
  if x == nil then x = otherwise end
  if type(x) ~= 'number' then fail('%s: expected %s, got %s', what, name, x == nil and 'nothing' or type(x)) end
  if x ~= x or math.abs(x) == math.huge then fail('%s: expected %s that is finite, got %s', what, name, tostring(x)) end
  return x
end

local function count(what, x, otherwise)
  x = number(what, 'a count', x, otherwise)
  if x < 0 or x ~= math.floor(x) then fail('%s: expected a whole count of 0 or more, got %s', what, tostring(x)) end
  return x
end

-- Declares torch.name([result,] …) and x:name(…), which both end in make(result, …).
local function declare(name, make)
  making.functions[name] = function(first, ...)
    if is_tensor(first) then return make(first, ...) end
    return make(making.new(), first, ...)
  end
  making.methods[name] = function(self, ...)
    if not is_tensor(self) then op.expected_tensor(name, self) end
    return make(self, ...)
  end
end

-- -- By sizes ---------------------------------------------------------------------------------------------------

--- zeros([result,] sizes…): a tensor of zeros
declare('zeros', function(out, ...) return making.resize('zeros', out, ...):fill(0) end)

--- ones([result,] sizes…): a tensor of ones
declare('ones', function(out, ...) return making.resize('ones', out, ...):fill(1) end)

--- eye([result,] n[, m]): n rows and m (or n) columns, ones on the diagonal and zeros elsewhere
declare('eye', function(out, n, m)
  n = count('eye', n)
  m = count('eye', m, n)
  making.resize('eye', out, n, m):fill(0)
  local least = math.min(n, m)
  if least > 0 then
    local diagonal, l = handle.like(out), handle.layout(out)
    sizes.buffer[0], sizes.buffer[1] = least, m + 1 -- its size and its stride
    call(C.mt_tensor_set_storage, diagonal, l.storage, l.offset, 1, sizes.buffer, sizes.buffer + 1)
    call(C.mt_fill, diagonal, 1)
  end
  return out
end)

-- -- By rule ----------------------------------------------------------------------------------------------------

--- range([result,] first, last[, step]): first, first + step, … as far as last
declare('range', function(out, first, last, step)
  first, last = number('range', 'a first number', first), number('range', 'a last number', last)
  step = number('range', 'a step', step, 1)
  if step == 0 or (last - first) / step < 0 then
    fail('range: %s is not reached from %s in steps of %s', tostring(last), tostring(first), tostring(step))
  end
  call(C.mt_range, out, first, step, math.floor((last - first) / step) + 1)
  return overwritten(out)
end)

-- n evenly spaced numbers. first + (i·width) / (n − 1), in this order, ends exactly at last.
local function spaced(out, first, last, n)
  local work = handle.kind(out).floating and out or handle.new(C.MT_DOUBLE, C.MT_CPU)
  call(C.mt_range, work, 0, last - first, n)
  call(C.mt_pointwise, op.by_name.div.id, work, work, nil, nil, math.max(n - 1, 1), 1)
  call(C.mt_pointwise, op.by_name.add.id, work, work, nil, nil, first, 1)
  return work
end

local function settle(out, work)
  if work ~= out then
    call(C.mt_tensor_resize, out, handle.layout(work).dim, handle.layout(work).size)
    call(C.mt_copy, out, work)
  end
  return overwritten(out)
end

local function spaced_arguments(name, first, last, n)
  first, last = number(name, 'a first number', first), number(name, 'a last number', last)
  n = count(name, n, 100)
  if n == 0 or n == 1 and first ~= last then
    fail('%s: %d number%s cannot reach from %s to %s', name, n, n == 1 and '' or 's', tostring(first), tostring(last))
  end
  return first, last, n
end

--- linspace([result,] first, last[, n]): n (or 100) numbers, evenly spaced, from first to last
declare('linspace', function(out, ...)
  return settle(out, spaced(out, spaced_arguments('linspace', ...)))
end)

--- logspace([result,] first, last[, n]): 10 to the power of each number of linspace
declare('logspace', function(out, ...)
  local work = spaced(out, spaced_arguments('logspace', ...))
  call(C.mt_pointwise, op.by_name.pow.id, work, nil, work, nil, 10, 1)
  return settle(out, work)
end)

return making

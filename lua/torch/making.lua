--- Tensors from sizes and rules: torch.zeros(2, 3) makes one of the default type, torch.zeros(2, 3, 'torch.IntTensor')
-- one of that type; torch.zeros(result, 2, 3) and x:zeros(2, 3) fill a given one. Sizes are numbers or a LongStorage.
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

--- The type (see torch.types) of tensors whose type nobody named.
function making.default() return types.default end

--- Sets it. name: of a tensor type, such as 'torch.FloatTensor'.
function making.set_default(name)
  local kind = types.by_name[name]
  if not kind or kind.tensor_name ~= name then
    fail('setdefaulttensortype: expected the name of a tensor type, got %s', tostring(name))
  end
  types.default = kind
end

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
  x = sizes.integer(what, number(what, 'a count', x, otherwise))
  if x < 0 then fail('%s: expected a count of 0 or more, got %s', what, tostring(x)) end
  return x
end

local function all_but_last(first, ...)
  if select('#', ...) == 0 then return end
  return first, all_but_last(...)
end

--- The result and the arguments of torch.name([result,] …[, 'torch.FloatTensor']): a tensor that stands first, else a
-- new one, of the type that stands last or of the default type.
function making.result(first, ...)
  if is_tensor(first) then return first, ... end
  local last = select(-1, first, ...)
  local kind = type(last) == 'string' and types.by_name[last]
  if kind and kind.tensor_name == last then return handle.new(kind.dtype, kind.device), all_but_last(first, ...) end
  return handle.new(types.default.dtype, types.default.device), first, ...
end

-- Declares torch.name([result,] …) and x:name(…), which both end in make(result, …).
local function declare(name, make)
  making.functions[name] = function(...) return make(making.result(...)) end
  making.methods[name] = function(self, ...)
    if not is_tensor(self) then op.expected_tensor(name, self) end
    return make(self, ...)
  end
end

-- -- By sizes ---------------------------------------------------------------------------------------------------

local function filled(out, v)
  call(C.mt_fill, out, v)
  return overwritten(out)
end

--- zeros([result,] sizes…): a tensor of zeros
declare('zeros', function(out, ...) return filled(making.resize('zeros', out, ...), 0) end)

--- ones([result,] sizes…): a tensor of ones
declare('ones', function(out, ...) return filled(making.resize('ones', out, ...), 1) end)

--- eye([result,] n[, m]): n rows and m (or n) columns, ones on the diagonal and zeros elsewhere
declare('eye', function(out, n, m)
  n = count('eye', n)
  m = count('eye', m, n)
  filled(making.resize('eye', out, n, m), 0)
  local least = math.min(n, m)
  if least > 0 then
    local diagonal, l = handle.like(out), handle.layout(out)
    sizes.buffer[0], sizes.buffer[1] = least, l.stride[0] + l.stride[1] -- its size and its stride
    call(C.mt_tensor_set_storage, diagonal, l.storage, l.offset, 1, sizes.buffer, sizes.buffer + 1)
    call(C.mt_fill, diagonal, 1)
  end
  return out
end)

-- -- By rule ----------------------------------------------------------------------------------------------------

-- Where n numbers in order are computed: out itself, as a vector, or a new tensor where out is none that can be one.
local function vector_for(out, n)
  local l = handle.layout(out)
  if handle.kind(out).floating and (l.dim == 1 or C.mt_tensor_numel(out) ~= n) then return out end
  return handle.new(C.MT_DOUBLE, C.MT_CPU)
end

-- Moves them to out, which keeps its sizes when it has n elements, as in Torch7.
local function settle(out, work, n)
  if work ~= out then
    sizes.buffer[0] = n
    if C.mt_tensor_numel(out) ~= n then call(C.mt_tensor_resize, out, 1, sizes.buffer) end
    call(C.mt_copy, out, work)
  end
  return overwritten(out)
end

--- range([result,] first, last[, step]): first, first + step, … as far as last
declare('range', function(out, first, last, step)
  first, last = number('range', 'a first number', first), number('range', 'a last number', last)
  step = number('range', 'a step', step, 1)
  if not handle.kind(out).floating then
    first, last, step = sizes.integer('range', first), sizes.integer('range', last), sizes.integer('range', step)
  end
  if step == 0 or (last - first) / step < 0 then
    fail('range: %s is not reached from %s in steps of %s', tostring(last), tostring(first), tostring(step))
  end
  local n = math.floor((last - first) / step) + 1
  local is_vector = handle.layout(out).dim == 1 or C.mt_tensor_numel(out) ~= n
  local work = is_vector and out or handle.like(out)
  call(C.mt_range, work, first, step, n)
  return settle(out, work, n)
end)

-- n evenly spaced numbers. first + (i·width) / (n − 1), in this order, ends exactly at last.
local function spaced(work, first, last, n)
  call(C.mt_range, work, 0, last - first, n)
  call(C.mt_pointwise, op.by_name.div.id, work, work, nil, nil, math.max(n - 1, 1), 1)
  call(C.mt_pointwise, op.by_name.add.id, work, work, nil, nil, first, 1)
  return work
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
  local first, last, n = spaced_arguments('linspace', ...)
  return settle(out, spaced(vector_for(out, n), first, last, n), n)
end)

--- logspace([result,] first, last[, n]): 10 to the power of each number of linspace
declare('logspace', function(out, ...)
  local first, last, n = spaced_arguments('logspace', ...)
  local work = spaced(vector_for(out, n), first, last, n)
  call(C.mt_pointwise, op.by_name.pow.id, work, nil, work, nil, 10, 1)
  return settle(out, work, n)
end)

return making

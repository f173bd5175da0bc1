--- autograd.gradient: the gradient of a function by one of its arguments, a tensor or nested tables of tensors. All of
-- autograd's doors come through here. When a tape is open already, its history goes on: an inner gradient can be
-- differentiated by the outer tape.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local tape = require 'autograd.tape'

local F, state = op.F, op.state
local is_tensor, memory_address = handle.is_tensor, handle.memory_address
local fail = errors.fail

local gradient = {}

-- -- Nested tables of tensors -----------------------------------------------------------------------------------

--- Appends the tensors of x, a tensor or a nested table, to list.
function gradient.collect(x, list)
  if is_tensor(x) then
    list[#list + 1] = x
  elseif type(x) == 'table' then
    for _, v in pairs(x) do gradient.collect(v, list) end
  end
  return list
end

-- The same table with each tensor, and each number where numbers is true, replaced by what of(it) gives.
local function replace(x, of, numbers)
  if is_tensor(x) or numbers and type(x) == 'number' then return of(x) end
  if type(x) ~= 'table' then return x end
  local out = {}
  for k, v in pairs(x) do out[k] = replace(v, of, numbers) end
  return setmetatable(out, getmetatable(x))
end

-- A table of x's form with what of(the value, the value in inner) gives for each tensor in inner.
local function results_like(x, inner, of)
  if is_tensor(inner) then return of(x, inner) end
  if type(x) ~= 'table' then return nil end
  local out = {}
  for k, v in pairs(x) do out[k] = results_like(v, inner[k], of) end
  return out
end

local function has_number(x)
  if type(x) ~= 'table' then return type(x) == 'number' end
  for _, v in pairs(x) do
    if has_number(v) then return true end
  end
  return false
end

--- A new tensor of zeros, of t's sizes and type.
function gradient.zeros_like(t) return handle.like(t):resizeAs(t):zero() end

local function ones_like(t) return handle.like(t):resizeAs(t):fill(1) end

-- -- Recording --------------------------------------------------------------------------------------------------

--- Runs f(…) with t as the open tape, if t is one, and gives f's results. The tape that was open is set aside.
function gradient.on_tape(t, f, ...)
  local before = state.tape
  state.tape = t
  local function finish(ok, ...)
    state.tape = before
    if not ok then error((...), 0) end
    return ...
  end
  return finish(pcall(f, ...))
end

-- The type for numbers among arguments: that of the first tensor with fractions beside them.
local function number_type(args)
  for _, t in ipairs(gradient.collect(args, {})) do
    if handle.kind(t).floating then return t end
  end
  return torch.Tensor()
end

-- The argument as f gets it, with what is watched in it in a list. On a tape of its own, f gets the user's tensors; on
-- an outer one handles of our own, so that gradients by them mean "through this call" and not through their history.
local function watch(t, outer, x, numbers, args)
  local list, model = {}, nil
  numbers = numbers and has_number(x)
  local function enter(v)
    local of = v
    if not is_tensor(v) then
      model = model or number_type(args)
      of = handle.like(model):resize(1):fill(v)
    elseif outer then
      of = F.alias(v)
    end
    list[#list + 1] = t:watch(of)
    if not is_tensor(v) or outer and outer:is_number(v) then t:as_number(of) end
    return of
  end
  if outer or numbers then return replace(x, enter, numbers), list end
  for _, v in ipairs(gradient.collect(x, list)) do t:watch(v) end
  return x, list
end

-- -- Results ----------------------------------------------------------------------------------------------------

-- v with the tensors that stand for numbers made numbers, also in tables.
local function with_numbers(t, v, seen)
  if is_tensor(v) then return t:is_number(v) and v:item() or v end
  if type(v) == 'table' and not getmetatable(v) and not seen[v] then
    seen[v] = true
    for k, inner in pairs(v) do v[k] = with_numbers(t, inner, seen) end
  end
  return v
end

-- Gradients may be repeated views, one tensor twice, or what came in; the user gets memory that nothing else shares.
local function owned(g, seen)
  if seen[memory_address(g)] or not g:isContiguous() then g = F.clone(g) end
  seen[memory_address(g)] = true
  return g
end

local function check_result(name, y, g)
  if g or y:nElement() == 1 then return end
  fail('%s: expected the function to give a number, such as torch.sum(…), got a tensor of sizes %s', name,
       sizes.text(y))
end

-- What the gradient of y is taken to be: the tensor or number given, else ones.
local function seed(y, g)
  if g == nil then return ones_like(y) end
  return is_tensor(g) and g or handle.like(y):resizeAs(y):fill(g)
end

local ordinals = {'first', 'second', 'third'}

local function ordinal(place) return ordinals[place] or place .. '.' end

-- The gradients by the watched tensors, in the form of the argument x.
local function grads_of(t, x, inner, list, y, g, outer)
  local grads = is_tensor(y) and t:grad(y, list, seed(y, g), outer ~= nil) or {}
  local found, seen = {}, {}
  for i = 1, #list do
    found[list[i]] = grads[i]
    seen[memory_address(list[i])] = true
  end
  if is_tensor(g) then seen[memory_address(g)] = true end
  return results_like(x, inner, function(v, watched)
    local grad = found[watched] or gradient.zeros_like(watched)
    if outer then return t:is_number(watched) and t:as_number(grad) or grad end
    return is_tensor(v) and owned(grad, seen) or grad:item()
  end)
end

local function pack(...) return {n = select('#', ...), ...} end

--- The gradient of f(unpack(args, 1, n)) by argument number place, in that argument's form, and f's results, a list
-- with their number n. how:
--   name      for errors
--   g         the gradient of f's first result, which then need not be a number
--   numbers   whether numbers in the argument are differentiated by too
--   free      whether the first result may have many elements: their sum is then differentiated
--   constant  whether a number as the first result, one that depends on nothing, has a gradient of zeros
function gradient.of(f, place, args, n, how)
  local outer = state.tape
  local t, x = outer or tape.new(), args[place]
  local inner, list = watch(t, outer, x, how.numbers, args)
  if #list == 0 then
    fail('%s: expected a tensor, or a table of tensors, as the %s argument', how.name, ordinal(place))
  end
  args = {unpack(args, 1, n)}
  args[place] = inner
  local results = pack(gradient.on_tape(t, f, unpack(args, 1, n)))
  local y = results[1]
  if not is_tensor(y) and not (how.constant and type(y) == 'number') then
    fail('%s: expected the function to give a tensor that depends on its %s argument, got %s', how.name,
         ordinal(place), torch.type(y))
  end
  if is_tensor(y) and not how.free then check_result(how.name, y, how.g) end
  local grads = grads_of(t, x, inner, list, y, how.g, outer)
  for i = 1, outer and 0 or results.n do results[i] = with_numbers(t, results[i], {}) end
  return grads, results
end

return gradient

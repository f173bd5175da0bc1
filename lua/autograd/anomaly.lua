--- autograd.anomaly: finds the op that made the first NaN.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local tape = require 'autograd.tape'

local guard = tape.guard

local function has_nan(x)
  if torch.isTensor(x) then
    if not handle.kind(x).floating or x:nElement() == 0 then return false end
    local sum = torch.sum(x)   -- a NaN makes the sum one; so can infinities of both signs
    return sum ~= sum and x:ne(x):max() > 0
  end
  for i = 1, type(x) == 'table' and #x or 0 do
    if has_nan(x[i]) then return true end
  end
  return false
end

-- An operand with a NaN comes from outside, or the op that made it would have been found. What an op has overwritten
-- cannot be asked any more.
local function check_result(row, out, a, b, c)
  if not has_nan(out) then return end
  if (a ~= out and has_nan(a)) or has_nan(b) or has_nan(c) then
    errors.fail('%s: an operand that no op has made, a parameter or an input, has a NaN', row.name)
  end
  errors.fail('%s: its result has a NaN, its operands have none', row.name)
end

local function check_gradient(row, g, from)
  if has_nan(g) and not has_nan(from) then
    errors.fail('%s: its gradient has a NaN, the gradient that came to it has none', row.name)
  end
end

-- What a check computes is neither recorded nor checked.
local function unwatched(check)
  return function(...)
    local result, gradient = guard.result, guard.gradient
    guard.result, guard.gradient = nil, nil
    local ok, message = pcall(op.unrecorded, check, ...)
    guard.result, guard.gradient = result, gradient
    if not ok then error(message, 0) end
  end
end

--- autograd.anomaly(f, …): runs f(…) and gives its results. The first recorded op that makes a NaN, or meets one in
-- a parameter or an input, or whose gradient has one that the gradient behind it has not, is an error that names the op
-- and, in a net, the module. Every result is looked at, so it is slow. Ops are recorded in autograd.grad and the like,
-- and in the forward of nn's modules.
--   autograd.anomaly(function() criterion:forward(net:forward(x), y) end)
return function(f, ...)
  local before_result, before_gradient = guard.result, guard.gradient
  guard.result, guard.gradient = unwatched(check_result), unwatched(check_gradient)
  local function finish(ok, ...)
    guard.result, guard.gradient = before_result, before_gradient
    if not ok then error((...), 0) end
    return ...
  end
  return finish(pcall(f, ...))
end

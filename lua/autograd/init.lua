--- autograd: gradients of any order of functions written with torch's ops.
--   local autograd = require 'autograd'
--   local g = autograd.grad(function(w) return torch.sum(torch.cmul(w, w)) end)(torch.Tensor{1, 2})   -- 2, 4
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local tape = require 'autograd.tape'

errors.package()

local F, state = op.F, op.state
local is_tensor = handle.is_tensor
local fail = errors.fail

local autograd = {}

-- -- Nested tables of tensors, which functions take and gradients come in ---------------------------------------

local function collect(x, list)
  if is_tensor(x) then
    list[#list + 1] = x
  elseif type(x) == 'table' then
    for _, v in pairs(x) do collect(v, list) end
  end
  return list
end

-- The same table with each tensor replaced by what of(tensor) gives; other values are left out.
local function map(x, of)
  if is_tensor(x) then return of(x) end
  if type(x) ~= 'table' then return nil end
  local out = {}
  for k, v in pairs(x) do out[k] = map(v, of) end
  return out
end

local function zeros_like(t)
  return F.mul(t, 0)
end

local function ones_like(t)
  return torch[torch.type(t):match('%.(.*)')]():resizeAs(t):fill(1)
end

-- -- Recording --------------------------------------------------------------------------------------------------

--- Runs f(…) on a new tape that watches the tensors in watched (a tensor or a nested table of them).
-- Returns the tape and f's results. An open tape is set aside meanwhile.
--   local t, y = autograd.record(x, function() return x:clone():cmul(x) end)
--   local gx = t:grad(y, {x}, g)[1]
function autograd.record(watched, f, ...)
  local t, before = tape.new(), state.tape
  for _, x in ipairs(collect(watched, {})) do t:watch(x) end
  state.tape = t
  local function finish(ok, ...)
    state.tape = before
    if not ok then error((...), 0) end
    return t, ...
  end
  return finish(pcall(f, ...))
end

local function check_loss(y, what)
  if not is_tensor(y) then
    fail('%s: expected the function to give a tensor that depends on its first argument, got %s', what, torch.type(y))
  end
end

-- When a tape is open already, its history goes on: the inner gradient can be differentiated by the outer tape.
local function on_outer(outer, f, x, g, ...)
  local list = collect(x, {})
  -- handles of our own, so that gradients by x mean "through this call" and not through x's own history
  local aliases, of = {}, {}
  for i, t in ipairs(list) do
    aliases[i] = F.alias(t)
    of[t] = aliases[i]
    outer:watch(aliases[i])
  end
  local inner = map(x, function(t) return of[t] end)
  if type(x) == 'table' then
    for k, v in pairs(x) do if inner[k] == nil then inner[k] = v end end
  end
  local y = f(inner, ...)
  check_loss(y, 'grad')
  local grads = outer:grad(y, aliases, g or ones_like(y), true)
  local found = {}
  for i, t in ipairs(list) do found[t] = grads[i] or zeros_like(t) end
  return map(x, function(t) return found[t] end), y
end

local function gradient(f, x, g, ...)
  if #collect(x, {}) == 0 then fail('grad: expected a tensor, or a table of tensors, as the first argument') end
  if state.tape then return on_outer(state.tape, f, x, g, ...) end
  local t, y = autograd.record(x, f, x, ...)
  check_loss(y, 'grad')
  local list, found = collect(x, {}), {}
  local grads = t:grad(y, list, g or ones_like(y), false)
  for i, input in ipairs(list) do found[input] = grads[i] or zeros_like(input) end
  return map(x, function(input) return found[input] end), y
end

--- The gradient of f by its first argument: a tensor, or a table of tensors (the result then has its shape).
-- f gives a tensor; where it has several elements their sum is differentiated. Nests to any order.
--   local df = autograd.grad(function(x) return torch.sum(torch.pow(x, 4)) end)
--   local d2f = autograd.grad(function(x) return df(x):sum() end)
function autograd.grad(f)
  return function(x, ...) return (gradient(f, x, nil, ...)) end
end

--- As grad, but gives the gradient and the value: local g, y = autograd.valueAndGrad(f)(x)
function autograd.valueAndGrad(f)
  return function(x, ...)
    local g, y = gradient(f, x, nil, ...)
    return y, g
  end
end

--- The product of a vector and f's Jacobian at x: vjp(f, x, v), v of the sizes of f(x). Also gives f(x).
function autograd.vjp(f, x, v)
  local g, y = gradient(f, x, v)
  return g, y
end

--- The product of f's Jacobian at x and a vector: jvp(f, x, v), v of the sizes of x. Also gives f(x).
-- The Jacobian's transpose is applied twice: u → Jᵀu is linear in u, and its transpose is J.
function autograd.jvp(f, x, v)
  local u
  local t, y, back = autograd.record(x, function()
    local out = f(x)
    check_loss(out, 'jvp')
    u = state.tape:watch(zeros_like(F.detach(out)))
    return out, state.tape:grad(out, {x}, u, true)[1]
  end)
  if not back then return zeros_like(y), y end
  local forward = t:grad(back, {u}, v)[1]
  return forward or zeros_like(y), y
end

--- The product of f's Hessian at x and a vector: hvp(f, x, v), v of the sizes of x; f gives a tensor of one element.
function autograd.hvp(f, x, v)
  return (gradient(function(at) return F.sum(F.mul(autograd.grad(f)(at), v), 0) end, x))
end

-- Rows of a matrix m×n: row i from a vector of zeros with a 1 at i.
local function rows_of(m, model, row)
  local unit, rows = model.new(m):zero(), {}
  for i = 1, m do
    unit:zero()
    unit[i] = 1
    rows[i] = row(unit):contiguous():view(1, -1)
  end
  return torch.cat(rows, 1)
end

--- f's Jacobian at x: a matrix with a row for each element of f(x) and a column for each of x.
function autograd.jacobian(f, x)
  local t, y = autograd.record(x, f, x)
  check_loss(y, 'jacobian')
  return rows_of(y:nElement(), y, function(unit)
    local g = t:grad(y, {x}, unit:viewAs(y), false)[1]
    return g or zeros_like(x)
  end)
end

--- f's Hessian at x, a matrix; f gives a tensor of one element.
function autograd.hessian(f, x)
  return autograd.jacobian(function(at) return F.contiguous(autograd.grad(f)(at)) end, x)
end

-- -- Own rules --------------------------------------------------------------------------------------------------

--- An op with a rule of its own: custom{forward = function(…) → tensor, vjp = function(g, out, …) →
-- gradients…}. forward runs unrecorded. vjp gives one gradient for each tensor argument, in order (nil for none);
-- written with ops it can be differentiated again. It may record on tapes of its own, as the adjoint method of an ODE
-- solver does.
--   local cube = autograd.custom{
--     forward = function(x) return torch.pow(x, 3) end,
--     vjp = function(g, out, x) return torch.cmul(g, torch.pow(x, 2)) * 3 end}
function autograd.custom(rule)
  if type(rule) ~= 'table' or type(rule.forward) ~= 'function' or type(rule.vjp) ~= 'function' then
    fail('custom: expected a table with the functions forward and vjp')
  end
  local row = op.unlisted(rule.name or 'custom')
  row.vjp_list = function(g, out, list) return {rule.vjp(g, out, unpack(list))} end
  return function(...)
    local out = op.unrecorded(rule.forward, ...)
    if not is_tensor(out) then fail('custom: expected forward to give a tensor, got %s', torch.type(out)) end
    return op.record(row, out, {...})
  end
end

--- checkpoint(f, …) gives f(…), but keeps none of its inner values: going back runs f once more.
-- f must give the same tensor each time. Tensors that f reaches otherwise (weights) get their gradients too.
function autograd.checkpoint(f, ...)
  local outer = state.tape
  if not outer then return f(...) end
  local args, count = {...}, select('#', ...)
  local probe = tape.probe(outer)
  state.tape = probe
  local ok, out = pcall(f, ...)
  state.tape = outer
  if not ok then error(out, 0) end
  if not is_tensor(out) then fail('checkpoint: expected the function to give a tensor, got %s', torch.type(out)) end
  local row = op.unlisted('checkpoint')
  row.vjp_list = function(g, _, list)
    if state.tape then
      local again = f(unpack(args, 1, count))
      return state.tape:grad(again, list, g, true, true)
    end
    local t, again = autograd.record(list, f, unpack(args, 1, count))
    return t:grad(again, list, g, false)
  end
  return op.record(row, out, probe:found())
end

autograd.anomaly = require 'autograd.anomaly'
autograd.profile = require 'autograd.profile'
autograd.tape = tape
package.loaded.autograd = autograd
return autograd

--- autograd: gradients of any order of functions written with torch's ops.
--   local autograd = require 'autograd'
--   local g = autograd.grad(function(w) return torch.sum(torch.cmul(w, w)) end)(torch.Tensor{1, 2})   -- 2, 4
local torch = require 'torch'
local errors = require 'torch.errors'
local fileclasses = require 'torch.fileclasses'
local handle = require 'torch.handle'
local op = require 'torch.op'
local gradient = require 'autograd.gradient'
local nnwrapper = require 'autograd.nnwrapper'
local probe = require 'autograd.probe'
local profile = require 'autograd.profile'
local scripts = require 'autograd.scripts'
local tape = require 'autograd.tape'

errors.package()

local F, state = op.F, op.state
local is_tensor = handle.is_tensor
local fail = errors.fail

local autograd = {}

-- -- Recording --------------------------------------------------------------------------------------------------

--- Runs f(…) on a new tape that watches the tensors in watched (a tensor or a nested table of them).
-- Returns the tape and f's results. An open tape is set aside meanwhile.
--   local t, y = autograd.record(x, function() return x:clone():cmul(x) end)
--   local gx = t:grad(y, {x}, g)[1]
function autograd.record(watched, f, ...)
  local t = tape.new()
  for _, x in ipairs(gradient.collect(watched, {})) do t:watch(x) end
  return t, gradient.on_tape(t, f, ...)
end

local function check_loss(y, what)
  if not is_tensor(y) then
    fail('%s: expected the function to give a tensor that depends on its first argument, got %s', what, torch.type(y))
  end
end

-- The gradient by the first argument, and the first result as a tensor.
local function differentiate(f, x, g, ...)
  local y
  local function keep(...)
    y = f(...)
    return y
  end
  return (gradient.of(keep, 1, {x, ...}, 1 + select('#', ...), {name = 'grad', g = g, free = true})), y
end

--- autograd.grad(f[, options]): the gradient of f by its first argument: a tensor, or a table of tensors (the result
-- then has its shape). f gives a tensor; where it has several elements their sum is differentiated. Nests to any
-- order.
--   local df = autograd.grad(function(x) return torch.sum(torch.pow(x, 4)) end)
--   local d2f = autograd.grad(function(x) return df(x):sum() end)
-- With options it is autograd(f, options), torch-autograd's.
function autograd.grad(f, options)
  if options then return scripts.call(f, options) end
  return function(x, ...) return (differentiate(f, x, nil, ...)) end
end

--- As grad, but gives the gradient and the value: local g, y = autograd.valueAndGrad(f)(x)
function autograd.valueAndGrad(f)
  return function(x, ...)
    local g, y = differentiate(f, x, nil, ...)
    return y, g
  end
end

--- The product of a vector and f's Jacobian at x: vjp(f, x, v), v of the sizes of f(x). Also gives f(x).
function autograd.vjp(f, x, v)
  local g, y = differentiate(f, x, v)
  return g, y
end

--- The product of f's Jacobian at x and a vector: jvp(f, x, v), v of the sizes of x. Also gives f(x).
-- The Jacobian's transpose is applied twice: u → Jᵀu is linear in u, and its transpose is J.
function autograd.jvp(f, x, v)
  local u
  local t, y, back = autograd.record(x, function()
    local out = f(x)
    check_loss(out, 'jvp')
    u = state.tape:watch(gradient.zeros_like(F.detach(out)))
    return out, state.tape:grad(out, {x}, u, true)[1]
  end)
  if not back then return gradient.zeros_like(y), y end
  local forward = t:grad(back, {u}, v)[1]
  return forward or gradient.zeros_like(y), y
end

--- The product of f's Hessian at x and a vector: hvp(f, x, v), v of the sizes of x; f gives a tensor of one element.
function autograd.hvp(f, x, v)
  return (differentiate(function(at) return F.sum(F.mul(autograd.grad(f)(at), v), 0) end, x))
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
    return g or gradient.zeros_like(x)
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
  local seen = probe.new(outer)
  state.tape = seen
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
  return op.record(row, out, seen:found())
end

autograd.anomaly = require 'autograd.anomaly'
autograd.profile = setmetatable({SUMMARY = 'summary', DETAILED = 'detailed', OFF = 'off'}, {
  __call = function(_, ...) return profile(...) end,
})
autograd.tape = tape

-- -- torch-autograd's surface -----------------------------------------------------------------------------------

require 'autograd.support'
autograd.optimize, autograd.optimizing, autograd.protected = scripts.optimize, scripts.optimizing, scripts.protected
autograd.functionalize, autograd.nnwrapper = nnwrapper.functionalize, nnwrapper

-- Made when they are first asked for.
local lazy = {}
for _, name in ipairs {'util', 'loss', 'overload', 'auto', 'optim', 'model', 'module', 'gradcheck'} do
  lazy[name] = function() return require('autograd.' .. name) end
end

-- nn stands above autograd and is loaded by its name.
function lazy.nn()
  local nn = nnwrapper.package('nn')
  nn.AutoModule, nn.AutoCriterion = require 'autograd.auto.AutoModule', require 'autograd.auto.AutoCriterion'
  return nn
end

setmetatable(autograd, {
  __call = function(_, f, options) return scripts.call(f, options) end,
  __index = function(t, name)
    if not lazy[name] then return nil end
    t[name] = lazy[name]()
    return t[name]
  end,
})

fileclasses.made('autograd.nn.module.', function(name) return autograd.nn.AutoModule(name) end)
fileclasses.made('autograd.nn.criterion.', function(name) return autograd.nn.AutoCriterion(name) end)

package.loaded.autograd = autograd
return autograd

--- autograd.optim: the methods of optim for nested tables of parameters. autograd.optim.sgd(df, config, params) gives
-- a function and a table of states: the function takes what df takes after params, changes params by a step, and
-- gives what df gives. Each parameter tensor is a problem of its own, with its own copy of config as its state.
-- Parameters that are numbers are steps of their own too.
--   local step = autograd.optim.sgd(autograd(f), {learningRate = 0.1}, params)
--   local grads, loss = step(x, y)
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local util = require 'autograd.util'

local is_tensor = handle.is_tensor

-- One step for the parameter under these keys. Optimisers work on tensors, so a number is put into one.
local function move(method, params, keys, grad, loss, state)
  local p = util.nestedGet(params, keys)
  local x = is_tensor(p) and p or torch.DoubleTensor{p}
  local g = is_tensor(grad) and grad or torch.DoubleTensor{grad}
  method(function() return loss, g end, x, state)
  if not is_tensor(p) then util.nestedSet(params, keys, x[1]) end
end

local function wrap(method)
  return function(df, config, params)
    if type(params) ~= 'table' then
      errors.fail('autograd.optim: expected a table of parameters as the third argument, got a %s', torch.type(params))
    end
    local states = {}
    for i in ipairs(util.sortedFlatten(params)) do states[i] = util.deepCopy(config or {}) end
    local function step(...)
      local results = {df(params, ...)}
      local grads, keys = util.sortedFlattenKeys(results[1])
      for i, grad in ipairs(grads) do
        states[i] = states[i] or util.deepCopy(config or {})
        move(method, params, keys[i], grad, results[2], states[i])
      end
      return unpack(results)
    end
    return step, states
  end
end

-- optim stands above autograd, so it is loaded by its name when a method is asked for.
local package_name = 'optim'

return setmetatable({}, {__index = function(t, name)
  local method = require(package_name)[name]
  t[name] = type(method) == 'function' and wrap(method) or nil
  return rawget(t, name)
end})

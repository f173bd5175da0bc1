--- optim.sgd(f, x[, config[, state]]): stochastic gradient descent, with momentum.
-- config: learningRate (1e-3), learningRateDecay (0): the rate at step n, from 0, is learningRate / (1 + n·decay);
-- momentum (0), dampening (momentum), nesterov (false; wants a momentum and no dampening), weightDecay (0); and for
-- each element of x on its own learningRates (factors) and weightDecays, tensors of x's size.
-- state: evalCounter, the count of steps, and dfdx, the running gradient.
-- Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
local errors = require 'torch.errors'

-- The gradient with the weights' decay; it is changed in place, as in Torch7.
local function decay(x, dfdx, config, state)
  local all, each = config.weightDecay or 0, config.weightDecays
  if all ~= 0 then
    dfdx:add(all, x)
  elseif each then
    state.decayParameters = state.decayParameters or x.new(dfdx:size())
    dfdx:add(state.decayParameters:cmul(each, x))
  end
  return dfdx
end

-- The direction to go, with what momentum adds.
local function push(dfdx, momentum, dampening, nesterov, state)
  if momentum == 0 then return dfdx end
  if state.dfdx then
    state.dfdx:mul(momentum):add(1 - dampening, dfdx)
  else
    state.dfdx = dfdx:clone()
  end
  return nesterov and dfdx:add(momentum, state.dfdx) or state.dfdx
end

local function sgd(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local momentum = config.momentum or 0
  local dampening = config.dampening or momentum
  if config.nesterov and (momentum <= 0 or dampening ~= 0) then
    errors.fail('sgd: nesterov wants a momentum and a dampening of 0, got %s and %s', momentum, dampening)
  end
  local steps = state.evalCounter or 0
  local rate = (config.learningRate or 1e-3) / (1 + steps * (config.learningRateDecay or 0))

  local fx, dfdx = opfunc(x)
  local direction = push(decay(x, dfdx, config, state), momentum, dampening, config.nesterov, state)
  if config.learningRates then
    state.deltaParameters = state.deltaParameters or x.new(direction:size())
    x:add(-rate, state.deltaParameters:cmul(config.learningRates, direction))
  else
    x:add(-rate, direction)
  end
  state.evalCounter = steps + 1
  return x, {fx}
end

return sgd

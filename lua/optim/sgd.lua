--- optim.sgd(f, x[, config[, state]]): stochastic gradient descent, with momentum.
-- config: learningRate (1e-3), learningRateDecay (0): the rate at step n, from 0, is learningRate / (1 + n·decay);
-- momentum (0), dampening (momentum), nesterov (false; wants a momentum and no dampening), weightDecay (0); and for
-- each element of x on its own learningRates (factors) and weightDecays, tensors of x's size.
-- state: evalCounter, the count of steps, and dfdx, the running gradient.
-- Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
local errors = require 'torch.errors'
local fused = require 'optim.step'

-- What differs from element to element goes into the gradient: decays, and rates as factors of it.
local function element_by_element(x, dfdx, config, state)
  local buffer = state.deltaParameters or x.new()
  state.deltaParameters = buffer
  if config.weightDecays and (config.weightDecay or 0) == 0 then dfdx:add(buffer:cmul(config.weightDecays, x)) end
  return buffer
end

local function descend(x, dfdx, rate, decay)
  fused.step('descend_step', x, dfdx, nil, nil, nil, rate, decay)
end

-- u: the running gradient. The first step takes the gradient as it is.
local function roll(x, dfdx, state, rate, decay, momentum, dampening, nesterov)
  local first = not state.dfdx
  state.dfdx = state.dfdx or fused.zeros(dfdx)
  fused.step('sgd_step', x, dfdx, state.dfdx, nil, nil, rate, decay, first and 0 or momentum,
             first and 1 or 1 - dampening, nesterov and 1 or 0, nesterov and momentum or 1)
end

-- With a rate for each element x moves by the direction times these, so the direction is found apart from x.
local function move_by_rates(x, dfdx, config, state, rate, decay, momentum, dampening, nesterov)
  if decay ~= 0 then dfdx:add(decay, x) end
  local direction = state.deltaParameters:resizeAs(x):zero()
  if momentum == 0 then
    direction:copy(dfdx)
  else
    roll(direction, dfdx, state, -1, 0, momentum, dampening, nesterov)
  end
  x:add(-rate, direction:cmul(config.learningRates))
end

local function sgd(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local momentum, decay = config.momentum or 0, config.weightDecay or 0
  local dampening = config.dampening or momentum
  if config.nesterov and (momentum <= 0 or dampening ~= 0) then
    errors.fail('sgd: nesterov wants a momentum and a dampening of 0, got %s and %s', momentum, dampening)
  end
  local steps = state.evalCounter or 0
  local rate = fused.rate_of(config, 1e-3, steps)

  local fx, dfdx = opfunc(x)
  if config.weightDecays or config.learningRates then element_by_element(x, dfdx, config, state) end
  if config.learningRates then
    move_by_rates(x, dfdx, config, state, rate, decay, momentum, dampening, config.nesterov)
  elseif momentum == 0 then
    descend(x, dfdx, rate, decay)
  else
    roll(x, dfdx, state, rate, decay, momentum, dampening, config.nesterov)
  end
  state.evalCounter = steps + 1
  return x, {fx}
end

return sgd

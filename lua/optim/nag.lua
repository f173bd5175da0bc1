--- optim.nag(f, x[, config[, state]]): Nesterov's accelerated gradient: looks where the momentum leads, then corrects.
-- config: learningRate (1e-3), learningRateDecay (0), momentum (0.9), weightDecay (0), learningRates: factors for each
-- element of x.
-- state: evalCounter, the count of steps; dfdx, the last move.
-- Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
local errors = require 'torch.errors'
local fused = require 'optim.step'

local function nag(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local momentum, steps = config.momentum or 0.9, state.evalCounter or 0
  if momentum <= 0 then errors.fail('nag: expected a momentum above 0, got %s', momentum) end
  if state.dfdx then x:add(momentum, state.dfdx) end
  local fx, dfdx = opfunc(x)
  local decay = config.weightDecay or 0
  state.dfdx = state.dfdx or fused.zeros(dfdx)
  if config.learningRates then
    if decay ~= 0 then dfdx:add(decay, x) end
    state.deltaParameters = state.deltaParameters or x.new()
    dfdx, decay = state.deltaParameters:cmul(config.learningRates, dfdx), 0
  end
  fused.step('nag_step', x, dfdx, state.dfdx, nil, nil, fused.rate_of(config, 1e-3, steps), decay, momentum)
  state.evalCounter = steps + 1
  return x, {fx}
end

return nag

--- optim.adagrad(f, x[, config[, state]]): steps by the gradient over the root of the sum of its squares so far.
-- config: learningRate (1e-3), learningRateDecay (0): the rate at step n, from 0, is learningRate / (1 + n·decay);
-- weightDecay (0).
-- state: evalCounter, the count of steps; paramVariance, the sum of squares.
-- Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
-- 2011.
local fused = require 'optim.step'

local function adagrad(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local steps = state.evalCounter or 0
  local fx, dfdx = opfunc(x)
  state.paramVariance = state.paramVariance or fused.zeros(dfdx)
  local rate = fused.rate_of(config, 1e-3, steps)
  fused.step('adagrad_step', x, dfdx, state.paramVariance, nil, nil, rate, config.weightDecay, 1e-10)
  state.evalCounter = steps + 1
  return x, {fx}
end

return adagrad

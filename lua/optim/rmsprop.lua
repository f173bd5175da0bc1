--- optim.rmsprop(f, x[, config[, state]]): steps by the gradient over the root of its running square.
-- config: learningRate (1e-2), alpha (0.99), epsilon (1e-8), weightDecay (0), initialMean (0): where the running square
-- starts.
-- state: m, the running square.
-- Source: Tieleman and Hinton, "Lecture 6.5 - rmsprop", Coursera: Neural Networks for Machine Learning, 2012.
local fused = require 'optim.step'

local function rmsprop(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local alpha = config.alpha or 0.99
  local fx, dfdx = opfunc(x)
  state.m = state.m or fused.zeros(dfdx):fill(config.initialMean or 0)
  fused.step('rmsprop_step', x, dfdx, state.m, nil, nil, config.learningRate or 1e-2, config.weightDecay, alpha,
             1 - alpha, config.epsilon or 1e-8)
  return x, {fx}
end

return rmsprop

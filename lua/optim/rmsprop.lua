--- optim.rmsprop(f, x[, config[, state]]): steps by the gradient over the root of its running square.
-- config: learningRate (1e-2), alpha (0.99), epsilon (1e-8), weightDecay (0), initialMean (0): where the running square
-- starts.
-- state: m, the running square; tmp, its root.
-- Source: Tieleman and Hinton, "Lecture 6.5 - rmsprop", Coursera: Neural Networks for Machine Learning, 2012.

local function rmsprop(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local alpha = config.alpha or 0.99

  local fx, dfdx = opfunc(x)
  if config.weightDecay and config.weightDecay ~= 0 then dfdx:add(config.weightDecay, x) end

  state.m = state.m or x.new(dfdx:size()):fill(config.initialMean or 0)
  state.tmp = state.tmp or x.new(dfdx:size())
  state.m:mul(alpha):addcmul(1 - alpha, dfdx, dfdx)
  state.tmp:sqrt(state.m):add(config.epsilon or 1e-8)
  x:addcdiv(-(config.learningRate or 1e-2), dfdx, state.tmp)
  return x, {fx}
end

return rmsprop

--- optim.adam(f, x[, config[, state]]): steps by the gradient's running mean over the root of its running square.
-- config: learningRate (1e-3), learningRateDecay (0): the rate at step n, from 0, is learningRate / (1 + n·decay);
-- beta1 (0.9), beta2 (0.999), epsilon (1e-8), weightDecay (0).
-- state: t, the count of steps; m and v, the running mean and square; denom.
-- Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014 (arXiv:1412.6980).

local function adam(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local beta1, beta2 = config.beta1 or 0.9, config.beta2 or 0.999

  local fx, dfdx = opfunc(x)
  if config.weightDecay and config.weightDecay ~= 0 then dfdx:add(config.weightDecay, x) end

  state.t = state.t or 0
  state.m = state.m or x.new(dfdx:size()):zero()
  state.v = state.v or x.new(dfdx:size()):zero()
  state.denom = state.denom or x.new(dfdx:size())
  local rate = (config.learningRate or 0.001) / (1 + state.t * (config.learningRateDecay or 0))
  state.t = state.t + 1

  state.m:mul(beta1):add(1 - beta1, dfdx)
  state.v:mul(beta2):addcmul(1 - beta2, dfdx, dfdx)
  state.denom:sqrt(state.v):add(config.epsilon or 1e-8)

  -- m and v start at 0: the corrections make up for that
  local correction1, correction2 = 1 - beta1 ^ state.t, 1 - beta2 ^ state.t
  x:addcdiv(-rate * math.sqrt(correction2) / correction1, state.m, state.denom)
  return x, {fx}
end

return adam

--- optim.adadelta(f, x[, config[, state]]): steps by the gradient times the root of the running square of the steps
-- over that of the gradients; there is no learning rate.
-- config: rho (0.9), eps (1e-6), weightDecay (0).
-- state: evalCounter, the count of steps; paramVariance and accDelta, the running squares of gradients and steps.
-- Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012 (arXiv:1212.5701).
local fused = require 'optim.step'

local function adadelta(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local rho = config.rho or 0.9
  local fx, dfdx = opfunc(x)
  state.paramVariance = state.paramVariance or fused.zeros(dfdx)
  state.accDelta = state.accDelta or fused.zeros(dfdx)
  fused.step('adadelta_step', x, dfdx, state.paramVariance, state.accDelta, nil, 1, config.weightDecay, rho, 1 - rho,
             config.eps or 1e-6)
  state.evalCounter = (state.evalCounter or 0) + 1
  return x, {fx}
end

return adadelta

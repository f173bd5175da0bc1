--- optim.asgd(f, x[, config[, state]]): averaged stochastic gradient descent.
--   x ← (1 − λη) x − η f′(x),  a ← a + μ (x − a),  η = eta0 / (1 + λ eta0 t)^alpha,  μ = 1 / max(1,
-- t − t0) config: eta0 (1e-4), lambda (1e-4), alpha (0.75), t0 (1e6).
-- state: t, the count of steps; eta_t, mu_t; ax, the average.
-- Returns x, a table with the value, and the average.
-- Source: Bottou's sgd 2.0; Xu, "Towards Optimal One Pass Large Scale Learning with Averaged SGD", 2011
-- (arXiv:1107.2490).
local fused = require 'optim.step'

local function asgd(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local eta0, lambda = config.eta0 or 1e-4, config.lambda or 1e-4
  local eta = state.eta_t or eta0
  local fx, dfdx = opfunc(x)
  state.ax = state.ax or fused.zeros(x)
  fused.step('asgd_step', x, dfdx, state.ax, nil, nil, eta, 1 - lambda * eta, state.mu_t or 1)
  state.t = (state.t or 0) + 1
  state.eta_t = eta0 / (1 + lambda * eta0 * state.t) ^ (config.alpha or 0.75)
  state.mu_t = 1 / math.max(1, state.t - (config.t0 or 1e6))
  return x, {fx}, state.ax
end

return asgd

--- The family of Adam. All take optim.adam(f, x[, config[, state]]) with, in config, learningRate, learningRateDecay
-- (0): the rate at step n, from 0, is learningRate / (1 + n·decay); beta1 (0.9), beta2 (0.999), epsilon (1e-8),
-- weightDecay. state: t, the count of steps; m and v, the running mean of the gradient and of its square; vmax with
-- amsgrad.
local fused = require 'optim.step'

local module = {}

-- A member of the family: move(x, dfdx, config, state, rate, beta1, beta2, c1, c2) takes the step, where c1 and c2
-- correct for the running means starting at 0.
local function member(default_rate, move)
  return function(opfunc, x, config, state)
    config = config or {}
    state = state or config
    local rate = fused.rate_of(config, default_rate, state.t or 0)
    local fx, dfdx = opfunc(x)
    local beta1, beta2, t = config.beta1 or 0.9, config.beta2 or 0.999, (state.t or 0) + 1
    state.t, state.m = t, state.m or fused.zeros(dfdx)
    move(x, dfdx, config, state, rate, beta1, beta2, 1 - beta1 ^ t, 1 - beta2 ^ t)
    return x, {fx}
  end
end

-- A state of zeros by its name, made when it is first asked for.
local function kept(state, name, model)
  state[name] = state[name] or fused.zeros(model)
  return state[name]
end

--- optim.adam: steps by the running mean over the root of the running square. learningRate (1e-3), weightDecay (0) is
-- added to the gradient; amsgrad (false): the greatest running square so far counts.
-- As in Torch7 (and in the paper's last remark on efficiency) epsilon is added before the correction of v.
-- Sources: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014 (arXiv:1412.6980); Reddi, Kale and Kumar,
-- "On the Convergence of Adam and Beyond", 2018 (arXiv:1904.09237).
module.adam = member(1e-3, function(x, dfdx, config, state, rate, beta1, beta2, c1, c2)
  local v, name, vmax = kept(state, 'v', dfdx), 'adam_step', nil
  if config.amsgrad then name, vmax = 'amsgrad_step', kept(state, 'vmax', dfdx) end
  fused.step(name, x, dfdx, state.m, v, vmax, rate * math.sqrt(c2) / c1, config.weightDecay, beta1, 1 - beta1, beta2,
             1 - beta2, 1, config.epsilon or 1e-8, 0, 1)
end)

--- optim.adamw: Adam whose weightDecay (1e-2) shrinks the weights themselves, by rate·decay, beside the step.
-- learningRate (1e-3). epsilon is added after the correction of v, as in the paper.
-- Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2017 (arXiv:1711.05101).
module.adamw = member(1e-3, function(x, dfdx, config, state, rate, beta1, beta2, c1, c2)
  fused.step('adam_step', x, dfdx, state.m, kept(state, 'v', dfdx), nil, rate / c1, 0, beta1, 1 - beta1, beta2,
             1 - beta2, 1 / math.sqrt(c2), config.epsilon or 1e-8, 0, 1 - rate * (config.weightDecay or 1e-2))
end)

--- optim.nadam: Adam with Nesterov's look ahead. learningRate (2e-3), momentumDecay (4e-3), weightDecay (0).
-- state.schedule: the product of the momenta so far.
-- Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
module.nadam = member(2e-3, function(x, dfdx, config, state, rate, beta1, beta2, _, c2)
  local decay, t = config.momentumDecay or 4e-3, state.t
  local now, next = beta1 * (1 - 0.5 * 0.96 ^ (t * decay)), beta1 * (1 - 0.5 * 0.96 ^ ((t + 1) * decay))
  state.schedule = (state.schedule or 1) * now
  fused.step('adam_step', x, dfdx, state.m, kept(state, 'v', dfdx), nil, rate * next / (1 - state.schedule * next),
             config.weightDecay, beta1, 1 - beta1, beta2, 1 - beta2, 1 / math.sqrt(c2), config.epsilon or 1e-8,
             rate * (1 - now) / (1 - state.schedule), 1)
end)

--- optim.radam: Adam that starts as plain momentum and trusts the running square as it settles. learningRate (1e-3),
-- weightDecay (0).
-- Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2019 (arXiv:1908.03265).
module.radam = member(1e-3, function(x, dfdx, config, state, rate, beta1, beta2, c1, c2)
  local most = 2 / (1 - beta2) - 1
  local length = most - 2 * state.t * beta2 ^ state.t / c2
  local root, epsilon, scale = 0, 1, rate / c1            -- the divisor is 1
  if length > 5 then
    local settled = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
    root, epsilon, scale = 1, config.epsilon or 1e-8, scale * math.sqrt(settled * c2)
  end
  fused.step('adam_step', x, dfdx, state.m, kept(state, 'v', dfdx), nil, scale, config.weightDecay, beta1, 1 - beta1,
             beta2, 1 - beta2, root, epsilon, 0, 1)
end)

--- optim.adamax: Adam by the greatest gradient in place of the root of the running square. learningRate (2e-3),
-- epsilon (1e-38), weightDecay (0). state: t, m and u, the running greatest.
-- Source: Kingma and Ba, section 7.1.
module.adamax = member(2e-3, function(x, dfdx, config, state, rate, beta1, beta2, c1)
  fused.step('adamax_step', x, dfdx, state.m, kept(state, 'u', dfdx), nil, rate / c1, config.weightDecay, beta1,
             1 - beta1, beta2, config.epsilon or 1e-38)
end)

--- optim.lamb: Adam whose step, with weightDecay (0.01) in it, is as long as the weights themselves times the rate.
-- learningRate (1e-3), epsilon (1e-6). layers: a list of lengths that cut x into layers, each with a norm of its own
-- (default: x is one layer). state: t, m, v and direction.
-- Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2019
-- (arXiv:1904.00962).
module.lamb = member(1e-3, function(x, dfdx, config, state, rate, beta1, beta2, c1, c2)
  local moves = kept(state, 'direction', dfdx)
  fused.step('lamb_step', x, dfdx, state.m, kept(state, 'v', dfdx), moves, 1 / c1, config.weightDecay or 0.01, beta1,
             1 - beta1, beta2, 1 - beta2, 1 / math.sqrt(c2), config.epsilon or 1e-6)
  local first, flat, direction = 1, x:view(-1), moves:view(-1)
  for _, length in ipairs(config.layers or {flat:size(1)}) do
    local weights, move = flat:narrow(1, first, length), direction:narrow(1, first, length)
    local long, short = weights:norm(), move:norm()
    weights:add(-rate * ((long > 0 and short > 0) and long / short or 1), move)
    first = first + length
  end
end)

return module

--- Weights that follow others: averages of a training run, and Lookahead.
local errors = require 'torch.errors'

local module = {}

-- Swapping twice gives the weights back.
local function swap(a, b)
  local kept = a:clone()
  a:copy(b)
  b:copy(kept)
end

--- optim.ema(x, decay): an exponential moving average of the parameters x: a ← decay·a + (1 − decay)·x.
--   local average = optim.ema(parameters, 0.999)
--   average:update()            -- after each step
--   average:swap() … test … average:swap()
-- average.x is the averaged vector. decay may be 0 … 1. Source: Polyak and Juditsky, "Acceleration of Stochastic
-- Approximation by Averaging", 1992.
function module.ema(x, decay)
  if type(decay) ~= 'number' or decay < 0 or decay > 1 then
    errors.fail('ema: expected a decay from 0 to 1, got %s', tostring(decay))
  end
  return {x = x:clone(), update = function(self) self.x:lerp(x, 1 - decay) end,
          swap = function(self) swap(self.x, x) end}
end

--- optim.swa(x): the mean of the parameters at each update, for stochastic weight averaging. As ema, with count.
-- Running means of batch normalisation belong to the weights they were made with: pass some batches in training mode
-- after swap. Source: Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018 (arXiv:1803.05407).
function module.swa(x)
  return {x = x:clone(), count = 0, swap = function(self) swap(self.x, x) end,
          update = function(self)
            self.count = self.count + 1
            self.x:lerp(x, 1 / self.count)
          end}
end

--- optim.lookahead(method): an optimiser that after each k steps of method goes only part of the way.
-- config: k (5), alpha (0.5), and method's. state: slow, the weights it starts from, steps, and method's in inner.
--   local step = optim.lookahead(optim.adam)
--   step(f, x, {learningRate = 0.01, k = 5}, state)
-- Source: Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", 2019 (arXiv:1907.08610).
function module.lookahead(method)
  return function(opfunc, x, config, state)
    config = config or {}
    state = state or config
    state.slow, state.steps, state.inner = state.slow or x:clone(), (state.steps or 0) + 1, state.inner or {}
    local _, values = method(opfunc, x, config, state.inner)
    if state.steps % (config.k or 5) == 0 then
      state.slow:lerp(x, config.alpha or 0.5)
      x:copy(state.slow)
    end
    return x, values
  end
end

return module

--- optim.rprop(f, x[, config[, state]]): steps whose sizes grow while an element's gradient keeps its sign and shrink
-- when it turns; for full batches. An element whose gradient turned rests for a step.
-- config: stepsize (0.1, to begin with), etaplus (1.2), etaminus (0.5), stepsizemax (50), stepsizemin (1e-6), niter
-- (1): how many steps to take.
-- state: delta, the gradient before; stepsize, of each element.
-- Returns x and a table of the values before each step.
-- Source: Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm",
-- 1993.
local fused = require 'optim.step'

local function rprop(opfunc, x, config, state)
  config = config or {}
  local sizes = config.stepsize
  if type(sizes) ~= 'number' then sizes = 0.1 end   -- a config that is its own state holds the tensor there
  state = state or config
  local values = {}
  for i = 1, config.niter or 1 do
    local fx, dfdx = opfunc(x)
    if not state.delta then state.delta, state.stepsize = fused.zeros(dfdx), fused.zeros(dfdx):fill(sizes) end
    fused.step('rprop_step', x, dfdx, state.delta, state.stepsize, nil, config.etaplus or 1.2, config.etaminus or 0.5,
               config.stepsizemax or 50, config.stepsizemin or 1e-6)
    values[i] = fx
  end
  return x, values
end

return rprop

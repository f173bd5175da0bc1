--- autograd.module.MaskedBatchNormalization(options[, params]): batch normalisation of sequences of unequal lengths
-- (Laurent and others 2015); gives f(params, x, mask, state[, eps]), params (a gain and a bias) and state. x: n
-- numbers, batch × n or batch × steps × n; mask: of its sizes, 1 where x is valid and 0 elsewhere. state: momentum,
-- train (1, or 0 to use the running values and leave them), running_mean, running_std. options: nOutputs (10),
-- momentum (0.1).
--   local f, params, state = autograd.module.MaskedBatchNormalization{nOutputs = 4}
--   local y = f(params, torch.randn(3, 4), torch.ones(3, 4), state)
local torch = require 'torch'

local function rows_of(x)
  return x:dim() == 2 and x or x:contiguous():view(-1, x:size(x:dim()))
end

local function mix(old, new, share) return old * (1 - share) + new * share end

return function(options, params)
  options, params = options or {}, params or {}
  local n = options.nOutputs or 10
  params[#params + 1] = {gain = torch.zeros(1, n):fill(0.1), bias = torch.zeros(1, n)}
  local running = {momentum = options.momentum or 0.1, train = 1, running_mean = torch.zeros(1, n),
                   running_std = torch.ones(1, n)}

  return function(given, x, mask, state, eps)
    local p, rows, valid = given[1] or given, rows_of(x), rows_of(mask)
    local share, count = (state.momentum or 0.1) * (state.train or 1), torch.sum(valid) / n
    local mean = torch.sum(torch.cmul(rows, valid), 1) / count
    state.running_mean = mix(state.running_mean, mean, share)
    local centred = torch.cmul(rows - state.running_mean:expandAs(rows), valid)
    local deviation = torch.sqrt(torch.sum(torch.cmul(centred, centred), 1) / count + (eps or 1e-5))
    state.running_std = mix(state.running_std, deviation, share)
    local out = torch.cdiv(centred, state.running_std:expandAs(rows))
    return (torch.cmul(out, p.gain:expandAs(out)) + p.bias:expandAs(out)):viewAs(x)
  end, params, running
end

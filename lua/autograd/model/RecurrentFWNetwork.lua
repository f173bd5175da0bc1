--- autograd.model.RecurrentFWNetwork(options[, params]): a recurrent network with fast weights (Ba and others 2016),
-- which hold what the last steps were; gives f(params, x[, state]), see autograd/model/common.lua, and params. The
-- state has h and the fast weights A. options: those of RecurrentNetwork; lambda (0.9), how slowly fast weights fade;
-- eta (0.5), how fast they learn; S (1), inner steps; LayerNorm (true).
--   local f, params = autograd.model.RecurrentFWNetwork{inputFeatures = 3, hiddenFeatures = 5}
local torch = require 'torch'
local op = require 'torch.op'
local common = require 'autograd.model.common'

local F = op.F

local defaults = {inputFeatures = 10, hiddenFeatures = 100, outputType = 'last', lambda = 0.9, eta = 0.5, S = 1,
                  LayerNorm = true}

-- Each row with mean 0 and deviation 1.
local function normalised(h)
  local centred = h - torch.mean(h, 2):expandAs(h)
  local deviation = torch.sqrt(torch.mean(torch.cmul(centred, centred), 2) + 1e-5)
  return torch.cdiv(centred, deviation:expandAs(h))
end

return function(options, params)
  local o = common.options(options, defaults)
  local n = o.hiddenFeatures
  params = params or {}
  params[#params + 1] = {W = torch.zeros(o.inputFeatures + n, n), b = torch.zeros(1, n)}

  local function start(x, batch) return {h = x.new(batch, n):zero(), A = x.new(batch, n, n):zero()} end
  local function step(p, x, state)
    local batch, h = x:size(1), state.h
    local fast = state.A * o.lambda + torch.bmm(h:view(batch, n, 1), h:view(batch, 1, n)) * o.eta
    local z = torch.cat(x, h, 2) * p.W
    z = z + p.b:expandAs(z)
    h = x.new(batch, n):zero()
    for _ = 0, o.S do
      h = z + torch.bmm(fast, h:view(batch, n, 1)):view(batch, n)
      h = F.relu(o.LayerNorm and normalised(h) or h)
    end
    return {h = h, A = fast}
  end
  return common.recurrent(o, start, step), params
end

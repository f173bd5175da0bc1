--- autograd.model.RecurrentGRUNetwork(options[, params]): a GRU; gives f(params, x[, state]), see
-- autograd/model/common.lua, and params. options: those of RecurrentNetwork.
--   local f, params = autograd.model.RecurrentGRUNetwork{inputFeatures = 3, hiddenFeatures = 5}
local torch = require 'torch'
local common = require 'autograd.model.common'

local defaults = {inputFeatures = 10, hiddenFeatures = 100, outputType = 'last'}

return function(options, params)
  local o = common.options(options, defaults)
  local n = o.hiddenFeatures
  params = params or {}
  params[#params + 1] = {
    W = torch.zeros(o.inputFeatures + n, 2 * n), b = torch.zeros(1, 2 * n),
    V = torch.zeros(o.inputFeatures + n, n), c = torch.zeros(1, n),
  }
  local function start(x, batch) return {h = x.new(batch, n):zero()} end
  local function step(p, x, state)
    local z = torch.cat(x, state.h, 2) * p.W
    local gates = torch.sigmoid(z + p.b:expandAs(z))
    local reset, update = gates:narrow(2, 1, n), gates:narrow(2, n + 1, n)
    local v = torch.cat(x, torch.cmul(state.h, reset), 2) * p.V
    local new = torch.tanh(v + p.c:expandAs(v))
    return {h = state.h + torch.cmul(update, new - state.h)}
  end
  return common.recurrent(o, start, step), params
end

--- autograd.model.RecurrentNetwork(options[, params]): a plain recurrent network; gives f(params, x[, state]), see
-- autograd/model/common.lua, and params. options: inputFeatures (10), hiddenFeatures (100), outputType ('last' or
-- 'all').
--   local f, params = autograd.model.RecurrentNetwork{inputFeatures = 3, hiddenFeatures = 5}
--   local h = f(params, torch.randn(7, 3))
local torch = require 'torch'
local common = require 'autograd.model.common'

local defaults = {inputFeatures = 10, hiddenFeatures = 100, outputType = 'last'}

return function(options, params)
  local o = common.options(options, defaults)
  params = params or {}
  params[#params + 1] = {
    W = torch.zeros(o.inputFeatures + o.hiddenFeatures, o.hiddenFeatures),
    b = torch.zeros(1, o.hiddenFeatures),
  }
  local function start(x, batch) return {h = x.new(batch, o.hiddenFeatures):zero()} end
  local function step(p, x, state)
    local z = torch.cat(x, state.h, 2) * p.W
    return {h = torch.tanh(z + p.b:expandAs(z))}
  end
  return common.recurrent(o, start, step), params
end

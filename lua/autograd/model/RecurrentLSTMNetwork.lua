--- autograd.model.RecurrentLSTMNetwork(options[, params]): an LSTM; gives f(params, x[, state]), see
-- autograd/model/common.lua, params and layers. The state has h and c. options: those of RecurrentNetwork;
-- batchNormalization (false; f then takes layers as its fourth argument), and for how many steps there are separate
-- layers of it, maxBatchNormalizationLayers (10).
--   local f, params = autograd.model.RecurrentLSTMNetwork{inputFeatures = 3, hiddenFeatures = 5, outputType = 'all'}
--   local h, state = f(params, torch.randn(2, 7, 3))
local torch = require 'torch'
local common = require 'autograd.model.common'
local nnwrapper = require 'autograd.nnwrapper'

local defaults = {inputFeatures = 10, hiddenFeatures = 100, outputType = 'last', maxBatchNormalizationLayers = 10}

-- Scale and shift are shared over the steps, mean and variance are not. The scale begins small, as papers advise.
local function add_normalisation(o, p, layers)
  local nn = nnwrapper.package('nn')
  for name, n in pairs {lstm_bn = 4 * o.hiddenFeatures, cell_bn = o.hiddenFeatures} do
    layers[name] = {}
    for i = 1, o.maxBatchNormalizationLayers do
      local layer, own = nn.BatchNormalization(n)
      layers[name][i] = layer
      if i == 1 then p[name .. '_1'], p[name .. '_2'] = own[1]:fill(0.1), own[2]:zero() end
    end
  end
end

local function normalise(p, name, layers, t, x)
  local layer = layers[name][math.min(t, #layers[name])]
  return layer({p[name .. '_1'], p[name .. '_2']}, x)
end

return function(options, params)
  local o = common.options(options, defaults)
  local n, layers = o.hiddenFeatures, {}
  local own = {W = torch.zeros(o.inputFeatures + n, 4 * n), b = torch.zeros(1, 4 * n)}
  if o.batchNormalization then add_normalisation(o, own, layers) end
  params = params or {}
  params[#params + 1] = own

  local function start(x, batch) return {h = x.new(batch, n):zero(), c = x.new(batch, n):zero()} end
  local function step(p, x, state, t, given)
    local z = torch.cat({x, state.h}, 2) * p.W
    if o.batchNormalization then
      z = normalise(p, 'lstm_bn', given or layers, t, z)
    else
      z = z + p.b:expandAs(z)
    end
    local gates = torch.sigmoid(z:narrow(2, 1, 3 * n))
    local input, forget, output = gates:narrow(2, 1, n), gates:narrow(2, n + 1, n), gates:narrow(2, 2 * n + 1, n)
    local c = torch.cmul(forget, state.c) + torch.cmul(input, torch.tanh(z:narrow(2, 3 * n + 1, n)))
    if o.batchNormalization then c = normalise(p, 'cell_bn', given or layers, t, c) end
    return {h = torch.cmul(output, torch.tanh(c)), c = c}
  end
  return common.recurrent(o, start, step), params, layers
end

--- What autograd.model's constructors share: chains of layers, and networks over steps.
local torch = require 'torch'

local common = {}

--- A chain of functions as one: f(params, x). layers: functions made by autograd.nn; place[i]: which entry of params is
-- for layer i, nil for one without parameters.
function common.sequence(layers, place)
  return function(params, x)
    for i, layer in ipairs(layers) do
      if place[i] then x = layer(params[place[i]], x) else x = layer(x) end
    end
    return x
  end
end

--- Appends a layer to a chain under construction: {layers, params, place}.
function common.add(chain, layer, params)
  chain.layers[#chain.layers + 1] = layer
  if params then
    chain.params[#chain.params + 1] = params
    chain.place[#chain.layers] = #chain.params
  end
end

--- The chain under construction that continues what the user gives, if anything.
function common.chain(params, layers, place)
  return {params = params or {}, layers = layers or {}, place = place or {}}
end

--- Appends normalisation, the activation and so on where options ask for them. nn: autograd.nn
function common.finish_layer(chain, nn, options, normalisation)
  if options.batchNormalization then common.add(chain, nn[normalisation](options.outputFeatures)) end
  if options.activations then common.add(chain, nn[options.activations]()) end
end

-- x as batch × steps × features.
local function batched(x)
  return x:dim() == 2 and x:view(1, x:size(1), x:size(2)) or x
end

--- A recurrent network: f(params, x[, state]) gives the last output (batch × hidden), or with outputType 'all' those
-- of all steps (batch × steps × hidden), and the state after the last. x: steps × features, or batch × steps ×
-- features. step(p, x, state, t) gives the next state, whose h is the output; start(x, batch) the first one.
function common.recurrent(options, start, step)
  return function(params, x, state, ...)
    local p = params[1] or params
    x = batched(x)
    local batch, outputs = x:size(1), {}
    local first = start(x, batch)
    for name, v in pairs(state or {}) do first[name] = v end
    state = first
    for t = 1, x:size(2) do
      state = step(p, x:select(2, t), state, t, ...)
      outputs[t] = state.h
    end
    if options.outputType ~= 'all' then return state.h, state, ... end
    for t, h in ipairs(outputs) do outputs[t] = h:view(batch, 1, options.hiddenFeatures) end
    return torch.cat(outputs, 2), state, ...
  end
end

--- Options with defaults.
function common.options(given, defaults)
  local o = {}
  for k, v in pairs(defaults) do o[k] = v end
  for k, v in pairs(given or {}) do o[k] = v end
  return o
end

return common

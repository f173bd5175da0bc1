--- nn.init: ways to fill a weight before training. Each works in place and gives its tensor.
--   nn.init.kaimingNormal(net:get(1).weight)
-- A weight's first dimension stands for outputs and its second for inputs, all others for the places of a window, as in
-- nn.Linear and the convolutions. fanIn is the count of inputs times that of places, fanOut likewise of outputs.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local scratch = require 'nn.scratch'

local init = {}

-- -- Counts and gains -------------------------------------------------------------------------------------------

--- fans(weight): fanIn and fanOut.
function init.fans(weight)
  if not torch.isTensor(weight) or weight:dim() < 2 then
    errors.fail('init: expected a weight with two dimensions or more, got %s',
                torch.isTensor(weight) and sizes.text(weight) or torch.type(weight))
  end
  local places = weight:nElement() / (weight:size(1) * weight:size(2))
  return weight:size(2) * places, weight:size(1) * places
end

--- The factor by which a weight's deviation has to grow before each activation, so that signals keep their size.
init.gains = {
  linear = 1, conv = 1, sigmoid = 1, tanh = 5 / 3, relu = math.sqrt(2), selu = 3 / 4,
}

--- gain(name[, slope]): an entry of init.gains; for leaky_relu with the slope for negative numbers (0.01).
--   nn.init.gain('relu')   -- 1.4142135623731
function init.gain(name, slope)
  if name == 'leaky_relu' then return math.sqrt(2 / (1 + (slope or 0.01) ^ 2)) end
  return init.gains[name] or errors.fail('init: no gain is known for %s', tostring(name))
end

-- -- Plain numbers ----------------------------------------------------------------------------------------------

--- constant(weight, value)
function init.constant(weight, value) return weight:fill(value) end

--- uniform(weight[, low[, high]]): uniform within low (0) … high (1)
function init.uniform(weight, low, high) return weight:uniform(low or 0, high or 1) end

--- normal(weight[, mean[, deviation]]): normal numbers; mean: 0, deviation: 1
function init.normal(weight, mean, deviation) return weight:normal(mean or 0, deviation or 1) end

-- A uniform distribution of this deviation.
local function uniform_of(weight, deviation)
  local bound = math.sqrt(3) * deviation
  return weight:uniform(-bound, bound)
end

local function normal_of(weight, deviation) return weight:normal(0, deviation) end

-- -- By the counts of inputs and outputs ------------------------------------------------------------------------

local function xavier(fill)
  return function(weight, gain)
    local fan_in, fan_out = init.fans(weight)
    return fill(weight, (gain or 1) * math.sqrt(2 / (fan_in + fan_out)))
  end
end

--- xavierUniform(weight[, gain]), xavierNormal(weight[, gain]): deviation gain·√(2 / (fanIn + fanOut)); gain: 1
-- Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
init.xavierUniform, init.xavierNormal = xavier(uniform_of), xavier(normal_of)

local function kaiming(fill)
  return function(weight, gain, mode)
    local fan_in, fan_out = init.fans(weight)
    if mode ~= nil and mode ~= 'fanIn' and mode ~= 'fanOut' then
      errors.fail('init: expected fanIn or fanOut, got %s', tostring(mode))
    end
    return fill(weight, (gain or init.gains.relu) / math.sqrt(mode == 'fanOut' and fan_out or fan_in))
  end
end

--- kaimingUniform(weight[, gain[, mode]]), kaimingNormal(weight[, gain[, mode]]): deviation gain / √fan, where mode
-- says which: 'fanIn' (the default) keeps the size of signals, 'fanOut' that of gradients. gain: √2, for rectifiers.
-- Source: He et al., "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
-- 2015 (arXiv:1502.01852).
init.kaimingUniform, init.kaimingNormal = kaiming(uniform_of), kaiming(normal_of)

--- lecunUniform(weight), lecunNormal(weight): deviation 1 / √fanIn
-- Source: LeCun et al., "Efficient BackProp", 1998.
function init.lecunUniform(weight) return uniform_of(weight, 1 / math.sqrt((init.fans(weight)))) end
function init.lecunNormal(weight) return normal_of(weight, 1 / math.sqrt((init.fans(weight)))) end

-- -- Particular matrices ----------------------------------------------------------------------------------------

-- q of a random matrix is orthonormal; with the signs of r's diagonal all such matrices are equally likely.
local function fill_orthogonal(weight, gain)
  local n = weight:size(1)
  local m = weight:nElement() / n
  local q, r = torch.qr(torch.randn(math.max(n, m), math.min(n, m)))
  local signed = F.mul(F.mul(q, F.sign(torch.diag(r))), gain or 1)
  weight:copy(n < m and signed:t() or signed)
end

--- orthogonal(weight[, gain]): the weight, seen as a matrix of its outputs by all the rest, has orthonormal rows or
-- columns, times gain (1).
-- Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
-- networks", 2013 (arXiv:1312.6120).
function init.orthogonal(weight, gain)
  init.fans(weight)
  scratch(fill_orthogonal, weight, gain)
  return weight
end

local function fill_sparse(weight, share, deviation)
  weight:normal(0, deviation or 0.01)
  local rows, zeros = weight:size(1), math.ceil(share * weight:size(1))
  for column = 1, weight:size(2) do
    local order = torch.randperm(rows)
    for i = 1, zeros do weight[order[i]][column] = 0 end
  end
end

--- sparse(weight, share[, deviation]): a matrix of normal numbers with this deviation (0.01), in each column of which a
-- share of the elements is 0.
-- Source: Martens, "Deep learning via Hessian-free optimization", 2010.
function init.sparse(weight, share, deviation)
  if not torch.isTensor(weight) or weight:dim() ~= 2 then errors.fail('init: sparse expected a matrix') end
  if type(share) ~= 'number' or not (share >= 0 and share <= 1) then
    errors.fail('init: expected a share within 0..1, got %s', tostring(share))
  end
  scratch(fill_sparse, weight, share, deviation)
  return weight
end

return init

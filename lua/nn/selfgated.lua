--- Activations from after Torch7. Self-gated ones, x times a gate of x: nn.GELU, nn.Swish, nn.SiLU, nn.Mish,
-- nn.Hardswish; and self-normalising nets' nn.SELU with nn.AlphaDropout.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

-- -- Self-gated -------------------------------------------------------------------------------------------------

--- nn.GELU([approximate]): x·Φ(x), Φ being the normal distribution function; with approximate 'tanh',
-- x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
-- Source: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016 (arXiv:1606.08415).
--   nn.GELU():forward(torch.Tensor{-1, 0, 1})   -- -0.1587, 0, 0.8413
local GELU, parent = torch.class('nn.GELU', 'nn.Module')

function GELU:__init(approximate)
  parent.__init(self)
  self.approximate = approximate or 'none'
  if self.approximate ~= 'none' and self.approximate ~= 'tanh' then
    errors.fail('GELU: expected none or tanh, got %s', tostring(approximate))
  end
end

function GELU:compute(input)
  return self.approximate == 'tanh' and F.gelu_tanh(input) or F.gelu(input)
end

--- nn.Swish([beta]): x·σ(beta·x); beta: 1
-- Source: Ramachandran, Zoph and Le, "Searching for Activation Functions", 2017 (arXiv:1710.05941).
local Swish = torch.class('nn.Swish', 'nn.Module')

function Swish:__init(beta)
  parent.__init(self)
  self.beta = beta or 1
end

function Swish:compute(input)
  return F.mul(input, F.sigmoid(self.beta == 1 and input or F.mul(input, self.beta)))
end

--- nn.SiLU(): x·σ(x), as nn.Swish(1)
-- Source: Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation in
-- Reinforcement Learning", 2017 (arXiv:1702.03118).
local SiLU, swish = torch.class('nn.SiLU', 'nn.Swish')
function SiLU:__init() swish.__init(self, 1) end

--- nn.Mish(): x·tanh(log(1 + exp(x)))
-- Source: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019 (arXiv:1908.08681).
local Mish = torch.class('nn.Mish', 'nn.Module')
function Mish.compute(_, input) return F.mul(input, F.tanh(F.softplus(input))) end

--- nn.Hardswish(): x·min(max(x + 3, 0), 6) / 6
-- Source: Howard et al., "Searching for MobileNetV3", 2019 (arXiv:1905.02244).
local Hardswish = torch.class('nn.Hardswish', 'nn.Module')
function Hardswish.compute(_, input) return F.mul(input, F.clamp(F.add(F.mul(input, 1 / 6), 0.5), 0, 1)) end

-- -- Self-normalising -------------------------------------------------------------------------------------------

-- With these two, normal inputs give outputs of mean 0 and variance 1.
local alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

--- nn.SELU(): 1.0507·x where x > 0, else 1.0507·1.6733·(exp(x) − 1)
-- Source: Klambauer et al., "Self-Normalizing Neural Networks", 2017 (arXiv:1706.02515).
local SELU = torch.class('nn.SELU', 'nn.Module')
function SELU.compute(_, input) return F.mul(F.elu(input, alpha), scale) end

--- nn.AlphaDropout([p]): while training, sets each element to −1.7581, nn.SELU's least value, with probability p (0.5),
-- and scales and shifts all, so that inputs of mean 0 and variance 1 give outputs of the same.
-- Source: as nn.SELU.
local AlphaDropout = torch.class('nn.AlphaDropout', 'nn.Module')

local least = -alpha * scale

function AlphaDropout:__init(p)
  parent.__init(self)
  self.train, self.noise = true, torch.Tensor()
  self:setp(p or 0.5)
end

--- Changes the probability.
function AlphaDropout:setp(p)
  if type(p) ~= 'number' or not (p >= 0 and p < 1) then
    errors.fail('AlphaDropout: expected a probability p with 0 <= p < 1, got %s', tostring(p))
  end
  self.p = p
end

-- The noise: 1 for elements that stay. On the user's tape, where an earlier use may still need its own, a new one.
local function draw(self, input)
  if leaf.is_again(self) and self.noise:nElement() == input:nElement() then return self.noise end
  self.noise = leaf.is_private(self) and utils.fit(self.noise, input) or handle.like(input)
  return self.noise:resizeAs(input):bernoulli(1 - self.p)
end

function AlphaDropout:compute(input)
  if not self.train or self.p == 0 then return F.alias(input) end
  local keep, q = draw(self, input), 1 - self.p
  local a = 1 / math.sqrt(q + least ^ 2 * q * self.p)
  -- a·(x where kept, else least) + b, with b bringing the mean back to 0
  local shift = F.add(F.mul(keep, -a * least), a * least - a * least * self.p)
  return F.add(F.mul(input, F.mul(keep, a)), shift)
end

function AlphaDropout:clearState()
  utils.clear(self, 'noise')
  return parent.clearState(self)
end

function AlphaDropout:__tostring__() return ('%s(%f)'):format(torch.type(self), self.p) end

return {GELU = GELU, Swish = Swish, SiLU = SiLU, Mish = Mish, Hardswish = Hardswish, SELU = SELU,
        AlphaDropout = AlphaDropout}

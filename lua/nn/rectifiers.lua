--- Rectifiers: nn.Threshold, nn.ReLU, nn.ReLU6, nn.HardTanh, nn.Clamp, nn.ELU, nn.LeakyReLU, nn.RReLU, nn.PReLU.
-- inplace: the input's memory takes the output, except while the user differentiates a function.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F = op.F

-- op.F[name](x, …), in the input's own memory where the module may. The handle is another one: the tape empties those
-- of its results.
local function rectify(self, name, x, p, q)
  if not (self.inplace and leaf.is_private(self)) then return F[name](x, p, q) end
  local row, own = op.by_name[name], F.alias(x)
  return row.run(row, own, own, p, q, true)
end

local function check_inplace(self, inplace)
  if inplace ~= nil and type(inplace) ~= 'boolean' then
    errors.fail('%s: expected true or false for inplace, got %s', torch.type(self), tostring(inplace))
  end
  return inplace or false
end

-- -- Threshold and ReLU -----------------------------------------------------------------------------------------

--- nn.Threshold([threshold, value[, inplace]]): x where x > threshold (1e-6), else value (0).
local Threshold, parent = torch.class('nn.Threshold', 'nn.Module')

function Threshold:__init(threshold, value, inplace)
  parent.__init(self)
  self.threshold, self.val = threshold or 1e-6, value or 0
  if type(self.threshold) ~= 'number' or type(self.val) ~= 'number' then
    errors.fail('Threshold: expected numbers as threshold and value, got %s and %s', type(threshold), type(value))
  end
  self.inplace = check_inplace(self, inplace)
  self:validateParameters()
end

function Threshold:validateParameters()
  if self.inplace and self.val > self.threshold then
    errors.fail('%s: to work in place the value (%s) must not exceed the threshold (%s)', torch.type(self),
                tostring(self.val), tostring(self.threshold))
  end
end

function Threshold:compute(input)
  self:validateParameters()
  if self.threshold == 0 and self.val == 0 then return rectify(self, 'relu', input) end
  local mask = F.gt(input, self.threshold)
  if not (self.inplace and leaf.is_private(self)) then return F.where(mask, input, self.val) end
  local own = F.alias(input)
  return op.by_name.where.run(op.by_name.where, own, mask, own, self.val, nil, true)
end

--- nn.ReLU([inplace]): max(0, x)
--   nn.ReLU():forward(torch.Tensor{-1, 2})   -- 0, 2
local ReLU, threshold = torch.class('nn.ReLU', 'nn.Threshold')

function ReLU:__init(inplace) threshold.__init(self, 0, 0, inplace) end

-- -- Between two values -----------------------------------------------------------------------------------------

--- nn.HardTanh([low, high[, inplace]]): x within low (−1) … high (1), else the nearer of the two. The gradient is 0 at
-- low and high themselves.
--   nn.HardTanh():forward(torch.Tensor{-3, 0.5, 2})   -- -1, 0.5, 1
local HardTanh = torch.class('nn.HardTanh', 'nn.Module')

function HardTanh:__init(min_value, max_value, inplace)
  parent.__init(self)
  self.min_val, self.max_val = min_value or -1, max_value or 1
  self.inplace = check_inplace(self, inplace)
  if self.max_val <= self.min_val then
    errors.fail('%s: expected a maximum above the minimum, got %s and %s', torch.type(self), tostring(self.min_val),
                tostring(self.max_val))
  end
end

function HardTanh:compute(input) return rectify(self, 'hard_tanh', input, self.min_val or -1, self.max_val or 1) end

--- nn.Clamp(low, high): nn.HardTanh(low, high)
local Clamp, hard_tanh = torch.class('nn.Clamp', 'nn.HardTanh')

function Clamp:__init(min_value, max_value) hard_tanh.__init(self, min_value, max_value) end

--- nn.ReLU6([inplace]): min(max(0, x), 6)
local ReLU6 = torch.class('nn.ReLU6', 'nn.Module')

function ReLU6:__init(inplace)
  parent.__init(self)
  self.inplace = check_inplace(self, inplace)
end

function ReLU6:compute(input) return rectify(self, 'hard_tanh', input, 0, 6) end

-- -- With a slope below zero ------------------------------------------------------------------------------------

--- nn.ELU([alpha[, inplace]]): x where x > 0, else alpha·(exp(x) − 1); alpha is 1 unless given.
-- Source: Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units
-- (ELUs)", 2015 (arXiv:1511.07289).
local ELU = torch.class('nn.ELU', 'nn.Module')

function ELU:__init(alpha, inplace)
  parent.__init(self)
  self.alpha = alpha or 1
  if type(self.alpha) ~= 'number' then errors.fail('ELU: expected a number as alpha, got %s', type(alpha)) end
  self.inplace = check_inplace(self, inplace)
end

function ELU:compute(input)
  if self.alpha >= 0 then return rectify(self, 'elu', input, self.alpha) end
  return F.where(F.gt(input, 0), input, F.mul(F.expm1(input), self.alpha))
end

function ELU:__tostring__() return ('%s (alpha:%f)'):format(torch.type(self), self.alpha) end

--- nn.LeakyReLU([slope[, inplace]]): x where x > 0, else slope·x; the slope is 1/100 unless given.
local LeakyReLU = torch.class('nn.LeakyReLU', 'nn.Module')

function LeakyReLU:__init(negval, inplace)
  parent.__init(self)
  if type(negval) == 'boolean' then negval, inplace = nil, negval end
  self.negval = negval or 1 / 100
  self.inplace = check_inplace(self, inplace) and self.negval >= 0
end

function LeakyReLU:compute(input)
  if self.negval >= 0 then return rectify(self, 'leaky_relu', input, self.negval) end
  return F.where(F.gt(input, 0), input, F.mul(input, self.negval))
end

function LeakyReLU:__tostring__() return ('%s(%g)'):format(torch.type(self), self.negval) end

--- nn.RReLU([lower, upper[, inplace]]): a leaky rectifier whose slope is drawn for each element from lower (1/8) …
-- upper (1/3) while training; evaluating, it is their mean. self.noise holds the slopes.
-- Source: Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network", 2015 (arXiv:1505.00853).
local RReLU = torch.class('nn.RReLU', 'nn.Module')

function RReLU:__init(lower, upper, inplace)
  parent.__init(self)
  self.lower, self.upper = lower or 1 / 8, upper or 1 / 3
  if not (self.lower >= 0 and self.lower <= self.upper) then
    errors.fail('RReLU: expected slopes with 0 <= lower <= upper, got %s and %s', tostring(self.lower),
                tostring(self.upper))
  end
  self.noise, self.train, self.inplace = torch.Tensor(), true, check_inplace(self, inplace)
end

-- Only the elements that are not positive draw, one after another, as in Torch7: so seeds agree.
local function draw(self, noise, input)
  local mask = F.le(input, 0)
  local drawn = F.masked_select(input, mask):uniform(self.lower, self.upper)
  return noise:resizeAs(input):fill(1):maskedCopy(mask, drawn)
end

-- The slope of each element: drawn while training, else the mean.
local function slopes_of(self, input)
  if not self.train then
    local slopes = leaf.buffer(self, 'slopes', input)
    return slopes:resizeAs(input):fill(1):maskedFill(F.le(input, 0), (self.lower + self.upper) / 2)
  end
  if not leaf.is_private(self) then return draw(self, handle.like(input), input) end
  if not (leaf.is_again(self) and self.noise:isSameSizeAs(input)) then
    self.noise = draw(self, utils.fit(self.noise, input), input)
  end
  return self.noise
end

function RReLU:compute(input) return rectify(self, 'mul', input, slopes_of(self, input), 1) end

function RReLU:clearState()
  utils.clear(self, 'noise')
  return parent.clearState(self)
end

function RReLU:__tostring__() return ('%s (l:%f, u:%f)'):format(torch.type(self), self.lower, self.upper) end

--- nn.PReLU([n]): a leaky rectifier whose slope is learnt: one for all, or one for each of n features of a vector, of
-- N×n, n×H×W or N×n×H×W. Slopes start at 0.25.
-- Source: He et al., "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
-- 2015 (arXiv:1502.01852).
local PReLU = torch.class('nn.PReLU', 'nn.Module')

function PReLU:__init(nOutputPlane)
  parent.__init(self)
  self.nOutputPlane = nOutputPlane or 0
  self.weight, self.gradWeight = torch.Tensor(nOutputPlane or 1):fill(0.25), torch.zeros(nOutputPlane or 1)
end

-- The slopes with the sizes that spread them over the input.
local function slopes(self, input)
  local dims, n = input:dim(), self.nOutputPlane
  local features = (dims == 2 or dims == 4) and 2 or 1
  if dims < 1 or dims > 4 or n > 0 and input:size(features) ~= n then
    errors.fail('PReLU: expected %d features in 1 to 4 dimensions, got %s', math.max(n, 1), sizes.text(input))
  end
  if n == 0 then return self.weight end
  for i = features + 1, dims do sizes.buffer[i - features] = 1 end
  sizes.buffer[0] = n
  return F.view(self.weight, nil, dims - features + 1)
end

function PReLU:compute(input)
  return F.where(F.gt(input, 0), input, F.mul(input, slopes(self, input)))
end

function PReLU:clearState()
  utils.clear(self, 'gradWeightBuf', 'gradWeightBuf2')   -- files of Torch7 may hold them
  return parent.clearState(self)
end

return {Threshold = Threshold, ReLU = ReLU, HardTanh = HardTanh, Clamp = Clamp, ReLU6 = ReLU6, ELU = ELU,
        LeakyReLU = LeakyReLU, RReLU = RReLU, PReLU = PReLU}

--- Activations, element by element: nn.Tanh, nn.TanhShrink, nn.Sigmoid, nn.LogSigmoid, nn.SoftPlus, nn.SoftSign,
-- nn.HardShrink, nn.SoftShrink; and over features: nn.SoftMax, nn.LogSoftMax, nn.SoftMin, nn.SpatialSoftMax,
-- nn.SpatialLogSoftMax, nn.GatedLinearUnit. For rectifiers see nn/rectifiers.lua.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local utils = require 'nn.utils'

-- -- Squashing --------------------------------------------------------------------------------------------------

--- nn.Tanh(): the hyperbolic tangent of each element
local Tanh, parent = torch.class('nn.Tanh', 'nn.Module')
function Tanh.compute(_, input) return F.tanh(input) end

--- nn.TanhShrink(): x − tanh(x)
local TanhShrink = torch.class('nn.TanhShrink', 'nn.Module')

function TanhShrink:__init()
  parent.__init(self)
  self.tanh = Tanh.new()
end

function TanhShrink.compute(_, input) return F.sub(input, F.tanh(input)) end

--- nn.Sigmoid(): 1 / (1 + exp(−x)) of each element
local Sigmoid = torch.class('nn.Sigmoid', 'nn.Module')
function Sigmoid.compute(_, input) return F.sigmoid(input) end

--- nn.LogSigmoid(): log(1 / (1 + exp(−x)))
local LogSigmoid = torch.class('nn.LogSigmoid', 'nn.Module')
function LogSigmoid.compute(_, input) return F.neg(F.softplus(F.neg(input))) end

function LogSigmoid:clearState()
  utils.clear(self, 'buffer')   -- files of Torch7 may hold it; so below
  return parent.clearState(self)
end

--- nn.SoftPlus([beta]): log(1 + exp(beta·x)) / beta; beta is 1 unless given.
local SoftPlus = torch.class('nn.SoftPlus', 'nn.Module')

function SoftPlus:__init(beta)
  parent.__init(self)
  self.beta, self.threshold = beta or 1, 20   -- above the threshold beta·x itself is taken, as it is to rounding
end

function SoftPlus:compute(input)
  if self.beta == 1 then return F.softplus(input) end
  return F.div(F.softplus(F.mul(input, self.beta)), self.beta)
end

--- nn.SoftSign(): x / (1 + |x|)
local SoftSign = torch.class('nn.SoftSign', 'nn.Module')
function SoftSign.compute(_, input) return F.div(input, F.add(F.abs(input), 1)) end

function SoftSign:clearState()
  utils.clear(self, 'temp', 'tempgrad')
  return parent.clearState(self)
end

-- -- Shrinking --------------------------------------------------------------------------------------------------

--- nn.HardShrink([lambda]): x where |x| > lambda (0.5), else 0
local HardShrink = torch.class('nn.HardShrink', 'nn.Module')

function HardShrink:__init(lambda)
  parent.__init(self)
  self.lambda = lambda or 0.5
end

function HardShrink:compute(input) return F.where(F.gt(F.abs(input), self.lambda), input, 0) end

--- nn.SoftShrink([lambda]): x nearer to 0 by lambda (0.5), and 0 within that distance
local SoftShrink = torch.class('nn.SoftShrink', 'nn.Module')

function SoftShrink:__init(lambda)
  parent.__init(self)
  self.lambda = lambda or 0.5
end

function SoftShrink:compute(input) return F.sub(input, F.clamp(input, -self.lambda, self.lambda)) end

-- -- Softmax ----------------------------------------------------------------------------------------------------

-- The features' dimension (from 0) of a vector, a batch of vectors, C×H×W or N×C×H×W.
local function features(self, input)
  local dims = input:dim()
  if dims < 1 or dims > 4 then
    errors.fail('%s: expected 1 to 4 dimensions, got %s', torch.type(self), sizes.text(input))
  end
  return (dims == 2 or dims == 4) and 1 or 0
end

--- nn.SoftMax(): exp(x) / Σ exp(x) over the features of a vector, of each row of a matrix, or at each place of C×H×W
-- or N×C×H×W
local SoftMax = torch.class('nn.SoftMax', 'nn.Module')
function SoftMax:compute(input) return F.softmax(input, features(self, input)) end

--- nn.LogSoftMax(): x − log Σ exp(x), over the same dimension as nn.SoftMax
local LogSoftMax = torch.class('nn.LogSoftMax', 'nn.Module')
function LogSoftMax:compute(input) return F.log_softmax(input, features(self, input)) end

--- nn.SoftMin(): exp(−x) / Σ exp(−x), over the same dimension as nn.SoftMax
local SoftMin = torch.class('nn.SoftMin', 'nn.Module')
function SoftMin:compute(input) return F.softmax(F.neg(input), features(self, input)) end

function SoftMin:clearState()
  utils.clear(self, 'mininput')
  return parent.clearState(self)
end

--- nn.SpatialSoftMax() and nn.SpatialLogSoftMax(): other names of nn.SoftMax and nn.LogSoftMax
local SpatialSoftMax = torch.class('nn.SpatialSoftMax', 'nn.Module')
SpatialSoftMax.compute = SoftMax.compute

local SpatialLogSoftMax = torch.class('nn.SpatialLogSoftMax', 'nn.Module')
SpatialLogSoftMax.compute = LogSoftMax.compute

-- -- Gates ------------------------------------------------------------------------------------------------------

--- nn.GatedLinearUnit([dim]): the first half of a dimension (the last one unless given) times the sigmoid of the second
-- half.
-- Source: Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2016 (arXiv:1612.08083).
--   nn.GatedLinearUnit():forward(torch.randn(3, 8))   -- 3x4
local GatedLinearUnit = torch.class('nn.GatedLinearUnit', 'nn.Module')

function GatedLinearUnit:__init(dim)
  parent.__init(self)
  self.dim = dim
end

function GatedLinearUnit:compute(input)
  local dim = sizes.dim('GatedLinearUnit', input, self.dim or input:dim())
  local half = input:size(dim + 1) / 2
  if half ~= math.floor(half) then
    errors.fail('GatedLinearUnit: expected an even size at dimension %d, got %s', dim + 1, sizes.text(input))
  end
  return F.mul(F.narrow(input, dim, 0, half), F.sigmoid(F.narrow(input, dim, half, half)))
end

return {Tanh = Tanh, TanhShrink = TanhShrink, Sigmoid = Sigmoid, LogSigmoid = LogSigmoid, SoftPlus = SoftPlus,
        SoftSign = SoftSign, HardShrink = HardShrink, SoftShrink = SoftShrink, SoftMax = SoftMax,
        LogSoftMax = LogSoftMax, SoftMin = SoftMin, SpatialSoftMax = SpatialSoftMax,
        SpatialLogSoftMax = SpatialLogSoftMax, GatedLinearUnit = GatedLinearUnit}

--- Criteria for labels 1 and −1: nn.BinaryLogisticRegression, nn.SpatialBinaryLogisticRegression: log(1 +
-- exp(−x·y)).
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local losses = require 'nn.losses'

local function terms(input, target) return F.softplus(F.neg(F.mul(input, target))) end

--- nn.BinaryLogisticRegression([sizeAverage]): the mean over N scores, given as a vector or N×1; their sum when
-- sizeAverage is false.
--   nn.BinaryLogisticRegression():forward(torch.Tensor{0, 0}, torch.Tensor{1, -1})   -- log 2
local Logistic, parent = torch.class('nn.BinaryLogisticRegression', 'nn.Criterion')

function Logistic:__init(sizeAverage)
  parent.__init(self)
  self.sizeAverage = sizeAverage ~= false
end

local function check_column(self, x)
  local dims = losses.check(self, x):dim()
  if dims ~= 1 and not (dims == 2 and (x:size(1) == 1 or x:size(2) == 1)) then
    errors.fail('%s: expected a vector, or a matrix of one column, got %s', losses.name(self), sizes.text(x))
  end
end

function Logistic:compute(input, target)
  check_column(self, input)
  check_column(self, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, terms(input, F.reshape_like(target, input)))
end

--- nn.SpatialBinaryLogisticRegression(): for images of one channel, 1×H×W or N×1×H×W: the sum, divided by
-- 2·N·H·W (by 2·H·W when sizeAverage is false).
local Spatial = torch.class('nn.SpatialBinaryLogisticRegression', 'nn.Criterion')

function Spatial:__init()
  parent.__init(self)
  self.sizeAverage = true
end

function Spatial:compute(input, target)
  losses.check_alike(self, input, target)
  local dims = input:dim()
  if dims ~= 3 and dims ~= 4 or input:size(dims - 2) ~= 1 or not input:isSameSizeAs(target) then
    errors.fail('%s: expected input and target 1xHxW or Nx1xHxW, got %s and %s', losses.name(self),
                sizes.text(input), sizes.text(target))
  end
  local count = input:size(dims) * input:size(dims - 1)
  if self.sizeAverage and dims == 4 then count = count * input:size(1) end
  return F.div(F.sum(terms(input, target), 0), 2 * count)
end

return {BinaryLogisticRegression = Logistic, SpatialBinaryLogisticRegression = Spatial}

--- One value for each line along a dimension: nn.Max, nn.Min, nn.Sum, nn.Mean. The dimension may count from the end;
-- with nInputDims, an input of one dimension more is a batch, and the dimension counts behind the batch's. A vector
-- gives one element.
local bit = require 'bit'
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local inputs = require 'nn.inputs'
local utils = require 'nn.utils'

local function without(out, dim)
  return out:dim() > 1 and F.squeeze(out, dim) or out
end

-- -- Extremes ---------------------------------------------------------------------------------------------------

--- nn.Max([dimension[, nInputDims]]): the greatest element of each line; dimension 1 unless given
--   nn.Max(2):forward(torch.Tensor{{1, 5}, {4, 2}})   -- 5, 4
local Max, parent = torch.class('nn.Max', 'nn.Module')

local function init(self, dimension, nInputDims)
  parent.__init(self)
  self.dimension, self.nInputDims = dimension or 1, nInputDims
end

Max.__init = init

function Max:compute(input)
  local dim = inputs.dimension(self, input)
  return without(F.max(input, dim), dim)
end

-- Files of Torch7 may hold these.
function Max:clearState()
  utils.clear(self, '_indices', '_output')
  return parent.clearState(self)
end

function Max:type(type, cache)
  if type then self._indices = nil end
  return parent.type(self, type, cache)
end

--- nn.Min([dimension[, nInputDims]]): the least element of each line; dimension 1 unless given
local Min = torch.class('nn.Min', 'nn.Module')

Min.__init, Min.clearState, Min.type = init, Max.clearState, Max.type

function Min:compute(input)
  local dim = inputs.dimension(self, input)
  return without(F.min(input, dim), dim)
end

-- -- Sums -------------------------------------------------------------------------------------------------------

--- nn.Sum([dimension[, nInputDims[, sizeAverage[, squeeze]]]]): the sum of each line (dimension 1 unless given), or its
-- mean where sizeAverage is true. squeeze false: the dimension stays, with size 1.
--   nn.Sum(2):forward(torch.Tensor{{1, 5}, {4, 2}})   -- 6, 6
local Sum = torch.class('nn.Sum', 'nn.Module')

function Sum:__init(dimension, nInputDims, sizeAverage, squeeze)
  init(self, dimension, nInputDims)
  if squeeze ~= nil and type(squeeze) ~= 'boolean' then
    errors.fail('Sum: expected true or false for squeeze, got %s', tostring(squeeze))
  end
  self.sizeAverage, self.squeeze = sizeAverage or false, squeeze ~= false
end

function Sum:compute(input)
  local dim = inputs.dimension(self, input)
  local out = F[self.sizeAverage and 'mean' or 'sum'](input, bit.lshift(1, dim))
  return self.squeeze == false and out or without(out, dim)
end

function Sum:clearState()
  utils.clear(self, '_gradOutput')
  return parent.clearState(self)
end

--- nn.Mean([dimension[, nInputDims]]): the mean of each line; dimension 1 unless given
local Mean, sum = torch.class('nn.Mean', 'nn.Sum')

function Mean:__init(dimension, nInputDims) sum.__init(self, dimension, nInputDims, true) end

return {Max = Max, Min = Min, Sum = Sum, Mean = Mean}

--- Layers put together from others: nn.Maxout, nn.LayerNormalization, nn.CReLU.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local branches = require 'nn.branches'
local utils = require 'nn.utils'

-- -- Maxout -----------------------------------------------------------------------------------------------------

--- nn.Maxout(inputSize, outputSize, maxoutNumber[, preprocess]): the greatest of maxoutNumber linear layers, for each
-- element of the output. preprocess: a module that runs before the greatest is taken.
-- Source: Goodfellow et al., "Maxout Networks", 2013 (arXiv:1302.4389).
--   nn.Maxout(10, 3, 4):forward(torch.randn(5, 10))   -- 5x3
local Maxout, parent = torch.class('nn.Maxout', 'nn.Sequential')

function Maxout:__init(inputSize, outputSize, maxoutNumber, preprocess)
  parent.__init(self)
  self:add(nn.Linear(inputSize, outputSize * maxoutNumber))
  self:add(nn.View(maxoutNumber, outputSize):setNumInputDims(1))
  if preprocess then self:add(preprocess) end
  self:add(nn.Max(1, 2))
end

-- -- Layer normalisation ----------------------------------------------------------------------------------------

--- nn.LayerNormalization(nOutput[, bias[, eps[, affine]]]): each row of a matrix minus its mean, divided by its
-- deviation; then, unless affine is false, times a weight and plus a bias for each element, which start at 1 and bias
-- (0). eps (1e-10) is added to the sum of squares.
-- Source: Ba, Kiros and Hinton, "Layer Normalization", 2016 (arXiv:1607.06450).
--   nn.LayerNormalization(10):forward(torch.randn(5, 10))   -- 5x10
local LayerNormalization = torch.class('nn.LayerNormalization', 'nn.Sequential')

function LayerNormalization:__init(nOutput, bias, eps, affine)
  parent.__init(self)
  -- Torch7 replicates along the first dimension, which mixes up the rows' means; here each row loses its own
  local mean = nn.Sequential():add(nn.Mean(1, 1)):add(nn.Replicate(nOutput, 2))
  self:add(nn.ConcatTable():add(nn.Identity()):add(mean)):add(nn.CSubTable())
  self:add(nn.Normalize(2, eps or 1e-10)):add(nn.MulConstant(math.sqrt(nOutput)))
  if affine == false then return end
  local gain, shift = nn.CMul(nOutput), nn.Add(nOutput, false)
  gain.weight:fill(1)
  shift.bias:fill(bias or 0)
  self:add(gain):add(shift)
end

-- -- Concatenated rectifier -------------------------------------------------------------------------------------

--- nn.CReLU(nInputDims[, inplace]): max(0, x) and, behind it along the features, max(0, −x). The features are the
-- first dimension of an input of nInputDims dimensions, and the second of a batch.
-- Source: Shang et al., "Understanding and Improving Convolutional Neural Networks via Concatenated Rectified Linear
-- Units", 2016 (arXiv:1603.05201).
--   nn.CReLU(3):forward(torch.randn(2, 3, 5, 5))   -- 2x6x5x5
local CReLU = torch.class('nn.CReLU', 'nn.Sequential')

function CReLU:__init(nInputDims, inplace)
  parent.__init(self)
  self.nInputDims, self.inplace = nInputDims, inplace or false
  self:add(nn.ConcatTable():add(nn.Identity()):add(nn.MulConstant(-1)))
  self:add(nn.JoinTable(2)):add(nn.ReLU(self.inplace))
end

-- x with all of a sample's elements in one row; samples: how many there are
local function rows(self, name, x, samples)
  return branches.view(self, name, x, {samples, -1})
end

local function sample_count(self, input)
  if utils.need_tensor(self, input, 'input'):dim() < self.nInputDims then
    errors.fail('CReLU: expected %d dimensions or more, got %s', self.nInputDims, sizes.text(input))
  end
  return input:dim() == self.nInputDims + 1 and input:size(1) or 1
end

function CReLU:updateOutput(input)
  local out = parent.updateOutput(self, rows(self, 'input', input, sample_count(self, input)))
  local size, features = sizes.table(input), input:dim() == self.nInputDims + 1 and 2 or 1
  size[features] = 2 * size[features]
  self.output = branches.view(self, 'output', out, size)
  return self.output
end

function CReLU:updateGradInput(input, gradOutput)
  local samples = sample_count(self, input)
  local g = parent.updateGradInput(self, rows(self, 'input', input, samples),
                                   rows(self, 'gradOutput', gradOutput, samples))
  self.gradInput = branches.view(self, 'gradInput', g, sizes.table(input))
  return self.gradInput
end

function CReLU:backward(input, gradOutput) return self:updateGradInput(input, gradOutput) end

-- It has no parameters.
function CReLU.accGradParameters() end
function CReLU.accUpdateGradParameters() end

function CReLU.__tostring__() return 'CReLU()' end

return {Maxout = Maxout, LayerNormalization = LayerNormalization, CReLU = CReLU}

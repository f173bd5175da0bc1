--- nn.Inception{…}: columns of layers beside each other on the same N×C×H×W (or C×H×W), their planes one behind
-- another. In this order: for each kernel a 1×1 reduction and a convolution; pooling and, where reduceSize has one
-- more entry than there are kernels, a 1×1 reduction; with still one more, a 1×1 reduction alone.
--   inputSize, outputSize (planes for each kernel), reduceSize (planes for each reduction), reduceStride (1),
--   kernelSize ({5, 3}), kernelStride ({1, 1}), transfer (nn.ReLU()), batchNorm (no), padding (yes: sizes are kept),
--   pool, or poolSize (3) and poolStride (1) of a maximum
-- Source: Szegedy et al., "Going Deeper with Convolutions", 2014 (arXiv:1409.4842).
local torch = require 'torch'
local errors = require 'torch.errors'

local Inception, parent = torch.class('nn.Inception', 'nn.Decorator')

local function read(self, config)
  for _, name in ipairs {'inputSize', 'outputSize', 'reduceSize'} do
    if config[name] == nil then errors.fail('Inception: %s is missing', name) end
    self[name] = config[name]
  end
  self.reduceStride, self.transfer = config.reduceStride or {}, config.transfer or nn.ReLU()
  self.batchNorm, self.padding = config.batchNorm, config.padding ~= false
  self.kernelSize, self.kernelStride = config.kernelSize or {5, 3}, config.kernelStride or {1, 1}
  self.poolSize, self.poolStride = config.poolSize or 3, config.poolStride or 1
  self.pool = config.pool or nn.SpatialMaxPooling(self.poolSize, self.poolSize, self.poolStride, self.poolStride)
end

-- What follows each convolution.
local function finish(self, column, planes)
  if self.batchNorm then column:add(nn.SpatialBatchNormalization(planes)) end
  return column:add(self.transfer:clone())
end

local function add_reduction(self, column, i)
  local stride = self.reduceStride[i] or 1
  column:add(nn.SpatialConvolution(self.inputSize, self.reduceSize[i], 1, 1, stride, stride))
  return finish(self, column, self.reduceSize[i])
end

local function kernel_column(self, i)
  local size, stride = self.kernelSize[i], self.kernelStride[i]
  local pad = self.padding and math.floor(size / 2) or 0
  local column = add_reduction(self, nn.Sequential(), i)
  column:add(nn.SpatialConvolution(self.reduceSize[i], self.outputSize[i], size, size, stride, stride, pad))
  return finish(self, column, self.outputSize[i])
end

function Inception:__init(config)
  read(self, config)
  local columns, kernels = nn.DepthConcat(2), #self.kernelSize
  for i = 1, kernels do columns:add(kernel_column(self, i)) end
  local pooling = nn.Sequential():add(self.pool)
  if self.reduceSize[kernels + 1] then add_reduction(self, pooling, kernels + 1) end
  columns:add(pooling)
  if self.reduceSize[kernels + 2] then columns:add(add_reduction(self, nn.Sequential(), kernels + 2)) end
  parent.__init(self, columns)
end

function Inception:updateOutput(input)
  self.output = self:fromBatch(parent.updateOutput(self, self:toBatch(input, 3)))
  return self.output
end

function Inception:updateGradInput(input, gradOutput)
  local g = parent.updateGradInput(self, self:toBatch(input, 3), self:toBatch(gradOutput, 3))
  self.gradInput = self:fromBatch(g)
  return self.gradInput
end

function Inception:accGradParameters(input, gradOutput, scale)
  parent.accGradParameters(self, self:toBatch(input, 3), self:toBatch(gradOutput, 3), scale)
end

function Inception:accUpdateGradParameters(input, gradOutput, lr)
  parent.accUpdateGradParameters(self, self:toBatch(input, 3), self:toBatch(gradOutput, 3), lr)
end

return Inception

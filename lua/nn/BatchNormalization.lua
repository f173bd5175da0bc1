--- nn.BatchNormalization(n[, eps, momentum, affine]) for N×n inputs, nn.SpatialBatchNormalization for N×n×H×W and
-- nn.VolumetricBatchNormalization for N×n×T×H×W: (x − mean) / √(variance + eps) · weight + bias, for each feature.
-- While training, mean and variance are the batch's, and running_mean and running_var follow them by momentum (0.1);
-- evaluating, they are these. affine: false for no weight and bias. eps: 1e-5.
-- Source: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
-- Shift", 2015 (arXiv:1502.03167).
--   nn.SpatialBatchNormalization(64):forward(torch.randn(8, 64, 28, 28))
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local BatchNormalization, parent = torch.class('nn.BatchNormalization', 'nn.Module')

BatchNormalization.__version = 2
BatchNormalization.nDim = 2

function BatchNormalization:__init(nOutput, eps, momentum, affine)
  parent.__init(self)
  if type(nOutput) ~= 'number' or nOutput < 1 then
    errors.fail('%s: expected the number of features, got %s', torch.type(self), tostring(nOutput))
  end
  if affine ~= nil and type(affine) ~= 'boolean' then
    errors.fail('%s: expected true or false for affine, got %s', torch.type(self), tostring(affine))
  end
  self.affine = affine ~= false
  self.eps, self.momentum, self.train = eps or 1e-5, momentum or 0.1, true
  self.running_mean, self.running_var = torch.zeros(nOutput), torch.ones(nOutput)
  if self.affine then
    self.weight, self.bias = torch.Tensor(nOutput), torch.Tensor(nOutput)
    self.gradWeight, self.gradBias = torch.zeros(nOutput), torch.zeros(nOutput)
    self:reset()
  end
end

--- Weights within 0 … 1, no bias, nothing seen yet.
function BatchNormalization:reset()
  if self.weight then self.weight:uniform() end
  if self.bias then self.bias:zero() end
  self.running_mean:zero()
  self.running_var:fill(1)
end

--- Refuses inputs that have not nDim dimensions (or, evaluating, one less), or other features.
function BatchNormalization:checkInputDim(input)
  local dims, features = input:dim(), self.running_mean:nElement()
  local single = dims == self.nDim - 1 and not self.train
  if dims ~= self.nDim and not single then
    errors.fail('%s: expected a batch (%d dimensions), got %s', torch.type(self), self.nDim, sizes.text(input))
  end
  local got = input:size(single and 1 or 2)
  if got ~= features then errors.fail('%s: expected %d features, got %d', torch.type(self), features, got) end
end

-- save_mean and save_std (in truth 1/√(variance + eps), as in Torch7) show the batch's; the running values follow. The
-- variance there is the unbiased one.
local function follow(self, input, mean, invstd)
  self.save_mean = utils.fit(self.save_mean, mean):set(mean)
  self.save_std = utils.fit(self.save_std, invstd):set(invstd)
  local count, m = input:nElement() / mean:nElement(), self.momentum
  local variance = leaf.buffer(self, 'variance', invstd)
  variance:resizeAs(invstd):cmul(invstd, invstd):cinv():add(-self.eps)
  self.running_mean:mul(1 - m):add(m, mean)
  self.running_var:mul(1 - m):add(m * count / (count - 1), variance)
end

function BatchNormalization:compute(input)
  self:checkInputDim(input)
  local single = handle.layout(input).dim == self.nDim - 1
  local batch = single and F.unsqueeze(input, 0) or input
  -- as in Torch7, a batch of one is taken by the running values even while training
  if self.train and batch:size(1) > 1 then
    local out, mean, invstd = F.batch_norm(batch, self.weight, self.bias, self.eps)
    follow(self, batch, mean, invstd)
    return out
  end
  local invstd = leaf.buffer(self, 'invstd', self.running_var)
  invstd:resizeAs(self.running_var):add(self.running_var, self.eps):rsqrt()
  local out = F.batch_norm(batch, self.weight, self.bias, self.eps, self.running_mean, invstd)
  return single and F.squeeze(out, 0) or out
end

-- Files of the first version hold the running 1/√(variance + eps).
function BatchNormalization:read(file, version)
  parent.read(self, file)
  if version < 2 and self.running_std then
    self.running_var = self.running_std:pow(-2):add(-self.eps)
    self.running_std = nil
  end
end

function BatchNormalization:clearState()
  utils.clear(self, 'save_mean', 'save_std', '_input', '_gradOutput', 'buffer', 'buffer2', 'centered', 'std',
              'normalized')
  return parent.clearState(self)
end

function BatchNormalization:__tostring__()
  return ('%s (%dD) (%d)'):format(torch.type(self), self.nDim, self.running_mean:nElement())
end

local Spatial = torch.class('nn.SpatialBatchNormalization', 'nn.BatchNormalization')

Spatial.__version = 2
Spatial.nDim = 4

local Volumetric = torch.class('nn.VolumetricBatchNormalization', 'nn.BatchNormalization')

Volumetric.__version = 2
Volumetric.nDim = 5

return {BatchNormalization = BatchNormalization, Spatial = Spatial, Volumetric = Volumetric}

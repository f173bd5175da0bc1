--- Normalisation by a neighbourhood: nn.SpatialCrossMapLRN (of channels), nn.SpatialSubtractiveNormalization,
-- nn.SpatialDivisiveNormalization and both in turn, nn.SpatialContrastiveNormalization (of places).
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local planes = require 'nn.planes'
local utils = require 'nn.utils'

-- -- Across channels --------------------------------------------------------------------------------------------

--- nn.SpatialCrossMapLRN(size[, alpha[, beta[, k]]]): x / (k + alpha · mean)^beta, where mean is that of x² over the
-- size channels around, counting those beyond the ends as 0. alpha 1e-4, beta 0.75, k 1 unless given.
-- Source: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
--   nn.SpatialCrossMapLRN(5):forward(torch.randn(8, 6, 6))   -- 8x6x6
local LRN, parent = torch.class('nn.SpatialCrossMapLRN', 'nn.Module')

function LRN:__init(size, alpha, beta, k)
  parent.__init(self)
  self.size, self.alpha, self.beta, self.k = size, alpha or 1e-4, beta or 0.75, k or 1
end

function LRN:compute(input)
  local batch, single = planes.batch(self, input, 2)
  local n, c, height, width = batch:size(1), batch:size(2), batch:size(3), batch:size(4)
  local pad = math.floor(self.size / 2)
  local window = F.window({self.size, 1}, 1, {pad, 0}, 1, 1, false, true)
  local mean = F.avg_pool(planes.view(F.square(batch), n, 1, c, height * width), window)
  if self.size % 2 == 0 then mean = F.narrow(mean, 2, 0, c) end
  local scale = F.add(F.mul(planes.view(mean, n, c, height, width), self.alpha), self.k)
  return planes.unbatch(F.mul(batch, F.pow(scale, -self.beta)), single)
end

function LRN:clearState()
  utils.clear(self, 'scale', 'paddedRatio', 'accumRatio')   -- files of Torch7 may hold these
  return parent.clearState(self)
end

-- -- Across places ----------------------------------------------------------------------------------------------

local function init_kernel(self, nInputPlane, kernel)
  parent.__init(self)
  self.nInputPlane, self.kernel = nInputPlane or 1, kernel or torch.Tensor(9, 9):fill(1)
  local dims = self.kernel:dim()
  if dims ~= 1 and dims ~= 2 then errors.fail('%s: expected a vector or a matrix as the kernel', torch.type(self)) end
  for i = 1, dims do
    if self.kernel:size(i) % 2 == 0 then
      errors.fail('%s: the kernel must have odd sizes, got %s', torch.type(self), self.kernel:size(i))
    end
  end
end

-- N×1×H×W, correlated with a kernel h×w, as large as before.
local function correlate(x, kernel, h, w)
  local window = F.window({h, w}, 1, {(h - 1) / 2, (w - 1) / 2})
  return F.conv(x, planes.view(kernel, 1, 1, h, w), nil, window)
end

-- The mean of N×1×H×W around each place, weighted with the kernel (a vector: with its products); 0 beyond the edges.
local function spread(self, x)
  local kernel = F.div(self.kernel, F.sum(self.kernel, self.kernel:dim() == 1 and 1 or 3))
  local h, w = self.kernel:size(1), self.kernel:size(-1)
  if self.kernel:dim() == 2 then return correlate(x, kernel, h, w) end
  return correlate(correlate(x, kernel, 1, w), kernel, h, 1)
end

-- That of ones: less than 1 near the edges.
local function coverage(self, x)
  local ones = leaf.buffer(self, 'ones', x):resize(1, 1, x:size(3), x:size(4)):fill(1)
  return spread(self, ones)
end

-- The weighted mean around each place and over all planes, N×1×H×W.
local function neighbourhood(self, x) return spread(self, F.mean(x, 2)) end

local function subtract(self, x)
  return F.sub(x, F.div(neighbourhood(self, x), coverage(self, x)))
end

-- A variance of 0 has no slope: such places are below the threshold.
local function divide(self, x)
  local variance, ones = neighbourhood(self, F.square(x)), coverage(self, x)
  local deviation = F.div(F.sqrt(variance), ones)
  local large = F.gt(deviation, self.threshold)
  return F.div(x, F.where(large, F.div(F.sqrt(F.where(large, variance, 1)), ones), self.thresval))
end

local function compute_batch(self, input, f)
  local batch, single = planes.batch(self, input, 2)
  if batch:size(2) ~= self.nInputPlane then
    errors.fail('%s: expected %d planes, got %d', torch.type(self), self.nInputPlane, batch:size(2))
  end
  return planes.unbatch(f(self, batch), single)
end

--- nn.SpatialSubtractiveNormalization([nInputPlane[, kernel]]): each place minus the mean of its neighbourhood in all
-- planes, weighted with the kernel: a matrix, or a vector whose products with itself are one; 9×9 ones unless given.
-- Near the edges only what lies inside counts.
-- Source: Jarrett et al., "What Is the Best Multi-Stage Architecture for Object Recognition?", 2009.
local Subtractive = torch.class('nn.SpatialSubtractiveNormalization', 'nn.Module')

Subtractive.__init = init_kernel

function Subtractive:compute(input) return compute_batch(self, input, subtract) end

--- nn.SpatialDivisiveNormalization([nInputPlane[, kernel[, threshold[, thresval]]]]): each place divided by the root of
-- the mean square of its neighbourhood, taken likewise; where that is threshold (1e-4) or less, by thresval (threshold)
local Divisive = torch.class('nn.SpatialDivisiveNormalization', 'nn.Module')

local function init_threshold(self, nInputPlane, kernel, threshold, thresval)
  init_kernel(self, nInputPlane, kernel)
  self.threshold = threshold or 1e-4
  self.thresval = thresval or self.threshold
end

Divisive.__init = init_threshold

function Divisive:compute(input) return compute_batch(self, input, divide) end

--- nn.SpatialContrastiveNormalization([nInputPlane[, kernel[, threshold[, thresval]]]]): the subtractive, then the
-- divisive one
--   nn.SpatialContrastiveNormalization(3, torch.ones(5)):forward(torch.randn(3, 8, 8))   -- 3x8x8
local Contrastive = torch.class('nn.SpatialContrastiveNormalization', 'nn.Module')

Contrastive.__init = init_threshold

function Contrastive:compute(input)
  return compute_batch(self, input, function(_, x) return divide(self, subtract(self, x)) end)
end

return {LRN = LRN, Subtractive = Subtractive, Divisive = Divisive, Contrastive = Contrastive}

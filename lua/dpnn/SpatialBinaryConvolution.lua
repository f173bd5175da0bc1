--- nn.SpatialBinaryConvolution(nInputPlane, nOutputPlane, kW, kH[, dW, dH[, padW, padH]]): nn.SpatialConvolution
-- without bias whose weights are 1 or −1 (their signs), times the mean |weight| of each output plane. Going back, the
-- input's gradient is that of the signs times the mean |weight| of each input plane, and the weight's that of the
-- signs: it is the full-precision weight that learns.
-- Source: Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", 2016
-- (arXiv:1603.05279).
local torch = require 'torch'
local autograd = require 'autograd'
local F = require('torch.op').F

local SpatialBinaryConvolution, parent = torch.class('nn.SpatialBinaryConvolution', 'nn.SpatialConvolution')

function SpatialBinaryConvolution:__init(...)
  parent.__init(self, ...)
  self:noBias()
  self.train = true
end

-- The mean |weight| of each plane of a dimension (from 0), spread over images.
local function means(weight, dim)
  local planes = weight:size(dim + 1)
  local rows = F.contiguous(F.transpose(weight, 0, dim)):view(planes, -1)
  return F.mean(F.abs(rows), 2):view(planes, 1, 1)
end

-- 1 and −1; what goes back passes as it is
local signs = autograd.custom {
  name = 'signs',
  forward = function(w) return F.where(F.ge(w, 0), F.clone(w):fill(1), -1) end,
  vjp = function(g) return g end,
}

-- x; what goes back is multiplied by factors
local scaled_back = autograd.custom {
  name = 'scaled gradient',
  forward = function(x) return F.alias(x) end,
  vjp = function(g, _, _, factors) return F.mul(g, factors) end,
}

-- y times factors; what goes back passes as it is
local scaled = autograd.custom {
  name = 'scaled planes',
  forward = function(y, factors) return F.mul(y, factors) end,
  vjp = function(g) return g end,
}

function SpatialBinaryConvolution:compute(input)
  local weight = self.weight
  local fixed = F.detach(weight)
  self.weight = signs(weight)
  local ok, out = pcall(parent.compute, self, scaled_back(input, means(fixed, 1)))
  self.weight = weight
  if not ok then error(out, 0) end
  return scaled(out, means(fixed, 0))
end

function SpatialBinaryConvolution:__tostring__() return 'Binary Convolution: ' .. parent.__tostring__(self) end

return SpatialBinaryConvolution

--- Transposed convolution, the gradient of a convolution by its input as a layer: nn.SpatialFullConvolution,
-- nn.VolumetricFullConvolution and, over one to three axes and with groups, nn.FullConvolution.
-- Source: Zeiler et al., "Deconvolutional Networks", 2010; Long et al., "Fully Convolutional Networks for Semantic
-- Segmentation", 2014 (arXiv:1411.4038).
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local planes = require 'nn.planes'
local utils = require 'nn.utils'

-- -- What the classes have in common ----------------------------------------------------------------------------

local function reset(self, stdv) return planes.draw(self, stdv, self.weight:nElement() / self.weight:size(2)) end

local function check_adjustment(self, adj, stride)
  for i, a in ipairs(adj) do
    if a >= stride[i] then
      errors.fail('%s: an adjustment of %d must be less than the step %d', torch.type(self), a, stride[i])
    end
  end
end

-- The output's sizes along each axis: (I − 1)·stride − 2 pad + dilation·(kernel − 1) + 1 + adj. Of a target's sizes
-- only the rest behind the last step counts.
local function output_sizes(batch, window, adj, target)
  local out = {}
  for i = 1, tonumber(window.axes) do
    local stride = tonumber(window.stride[i - 1])
    local covered = tonumber(window.dilation[i - 1] * (window.kernel[i - 1] - 1)) + 1
    local pad, rest = 2 * tonumber(window.pad[i - 1]), adj[i]
    if target then rest = (target:size(target:dim() - tonumber(window.axes) + i) + pad - covered) % stride end
    out[i] = (batch:size(i + 2) - 1) * stride - pad + covered + rest
  end
  return out
end

-- input: a tensor, or {input, target}
local function convolve_back(self, input, window, adj)
  local target
  if type(input) == 'table' then input, target = input[1], input[2] end
  local batch, single = planes.batch(self, input, tonumber(window.axes))
  local out = F.conv_input(batch, self.weight, output_sizes(batch, window, adj, target), window)
  return planes.unbatch(planes.add_bias(out, self.bias), single)
end

-- The target has no part in the output: its gradient is a single 0, seen with its sizes.
local function update_grad_input(self, input, gradOutput)
  local grads = leaf.update_grad_input(self, input, gradOutput)
  if type(input) ~= 'table' or not grads then return grads end
  self.zeroScalar = utils.fit(self.zeroScalar, input[2]):resize(1):zero()
  memory.call(C.mt_expand, grads[2], self.zeroScalar, handle.layout(input[2]).dim, handle.layout(input[2]).size)
  return grads
end

-- -- Images and volumes -----------------------------------------------------------------------------------------

--- nn.SpatialFullConvolution(nIn, nOut, kW, kH[, dW, dH[, padW, padH[, adjW, adjH]]]): each element of the input adds
-- the kernel, times itself, to the output. Input nIn×H×W or N×nIn×H×W, weight nIn×nOut×kH×kW; the output is
-- (H − 1) dH − 2 padH + kH + adjH high. Given {input, target}, the adjustments are those with which the output is as
-- large as the target.
--   nn.SpatialFullConvolution(8, 3, 4, 4, 2, 2, 1, 1):forward(torch.randn(2, 8, 16, 16))   -- 2x3x32x32
local Spatial, parent = torch.class('nn.SpatialFullConvolution', 'nn.Module')

function Spatial:__init(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, adjW, adjH)
  parent.__init(self)
  self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
  self.kW, self.kH, self.dW, self.dH = kW, kH, dW or 1, dH or 1
  self.padW, self.padH, self.adjW, self.adjH = padW or 0, padH or 0, adjW or 0, adjH or 0
  check_adjustment(self, {self.adjH, self.adjW}, {self.dH, self.dW})
  planes.make_parameters(self, {nInputPlane, nOutputPlane, kH, kW}, {nOutputPlane})
end

Spatial.noBias, Spatial.reset, Spatial.updateGradInput = planes.no_bias, reset, update_grad_input

function Spatial:compute(input)
  return convolve_back(self, input, planes.window(self, planes.image), planes.numbers(self, planes.image, 'adj', 0))
end

-- Buffers that files of Torch7 may hold.
function Spatial:clearState()
  utils.clear(self, 'finput', 'fgradInput', '_input', '_gradOutput', 'ones', 'zeroScalar')
  return parent.clearState(self)
end

function Spatial:__tostring__() return planes.describe(self, planes.text(self, planes.image, true, 'adj')) end

--- nn.VolumetricFullConvolution(nIn, nOut, kT, kW, kH[, dT, dW, dH[, padT, padW, padH[, adjT, adjW, adjH]]]):
-- nn.SpatialFullConvolution over three axes; weight nIn×nOut×kT×kH×kW
local Volumetric = torch.class('nn.VolumetricFullConvolution', 'nn.Module')

function Volumetric:__init(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH, adjT, adjW, adjH)
  parent.__init(self)
  self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
  self.kT, self.kW, self.kH, self.dT, self.dW, self.dH = kT, kW, kH, dT or 1, dW or 1, dH or 1
  self.padT, self.padW, self.padH = padT or 0, padW or 0, padH or 0
  self.adjT, self.adjW, self.adjH = adjT or 0, adjW or 0, adjH or 0
  check_adjustment(self, {self.adjT, self.adjH, self.adjW}, {self.dT, self.dH, self.dW})
  planes.make_parameters(self, {nInputPlane, nOutputPlane, kT, kH, kW}, {nOutputPlane})
end

Volumetric.noBias, Volumetric.reset, Volumetric.clearState = planes.no_bias, reset, Spatial.clearState
Volumetric.updateGradInput = update_grad_input

-- Files of the first years have the weight nOut×nIn×… and other names for the padding.
function Volumetric:read(file)
  parent.read(self, file)
  if not self.adjW then
    self.weight = self.weight:transpose(1, 2):contiguous()
    if self.gradWeight and self.gradWeight:dim() > 0 then
      self.gradWeight = self.gradWeight:transpose(1, 2):contiguous()
    end
    self.adjT, self.adjW, self.adjH = 0, 0, 0
  end
  self.padT, self.padW, self.padH = self.padT or self.pT, self.padW or self.pW, self.padH or self.pH
end

function Volumetric:compute(input)
  return convolve_back(self, input, planes.window(self, planes.volume), planes.numbers(self, planes.volume, 'adj', 0))
end

function Volumetric:__tostring__() return planes.describe(self, planes.text(self, planes.volume, true, 'adj')) end

-- -- Any --------------------------------------------------------------------------------------------------------

--- nn.FullConvolution(nIn, nOut, kernel[, stride[, pad[, adj[, dilation[, groups]]]]]): over as many axes as the table
-- kernel has sizes; the others are such tables, or numbers for all axes (see nn.Convolution). Weight
-- nIn×(nOut/groups)×kernel.
--   nn.FullConvolution(8, 3, {4}, 2, 1):forward(torch.randn(2, 8, 50))   -- 2x3x100
local Full = torch.class('nn.FullConvolution', 'nn.Module')

local function spread(value, count)
  if type(value) == 'table' then return value end
  local out = {}
  for i = 1, count do out[i] = value end
  return out
end

function Full:__init(nInputPlane, nOutputPlane, kernel, stride, pad, adj, dilation, groups)
  parent.__init(self)
  groups = groups or 1
  if nInputPlane % groups ~= 0 or nOutputPlane % groups ~= 0 then
    errors.fail('FullConvolution: %d and %d planes do not fall into %d groups', nInputPlane, nOutputPlane, groups)
  end
  self.nInputPlane, self.nOutputPlane, self.groups, self.kernel = nInputPlane, nOutputPlane, groups, kernel
  self.stride, self.pad, self.dilation = spread(stride or 1, #kernel), pad or 0, dilation or 1
  self.adj = spread(adj or 0, #kernel)
  check_adjustment(self, self.adj, self.stride)
  planes.make_parameters(self, {nInputPlane, nOutputPlane / groups, unpack(kernel)}, {nOutputPlane})
end

Full.noBias, Full.reset, Full.updateGradInput = planes.no_bias, reset, update_grad_input

function Full:compute(input)
  local window = F.window(self.kernel, self.stride, self.pad, self.dilation, self.groups)
  return convolve_back(self, input, window, self.adj)
end

function Full:__tostring__() return planes.describe(self, planes.any_text(self)) end

return {Spatial = Spatial, Volumetric = Volumetric, Full = Full}

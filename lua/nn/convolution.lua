--- Convolution over one to three axes: nn.SpatialConvolution, nn.SpatialConvolutionMM, nn.SpatialDilatedConvolution,
-- nn.VolumetricConvolution, nn.VolumetricDilatedConvolution and, with any of the three counts of axes, with groups and
-- steps inside the kernel, nn.Convolution.
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local planes = require 'nn.planes'
local utils = require 'nn.utils'

-- -- What the classes have in common ----------------------------------------------------------------------------

local function reset(self, stdv) return planes.draw(self, stdv, self.weight:nElement() / self.weight:size(1)) end

local function convolve(self, input, weight, axes)
  local batch, single = planes.batch(self, input, axes.count)
  return planes.unbatch(planes.convolve(self, batch, weight, self.bias, planes.window(self, axes)), single)
end

-- Drops buffers that files of Torch7 may hold.
local function clear(self) utils.clear(self, 'finput', 'fgradInput', '_input', '_gradOutput') end

-- -- Images -----------------------------------------------------------------------------------------------------

--- nn.SpatialConvolution(nIn, nOut, kW, kH[, dW, dH[, padW, padH]]): convolution of planes with kernels of width kW and
-- height kH, moved by dW and dH (1) over an input with padW and padH (0; padH: padW) zeros at each side.
-- Input nIn×H×W or N×nIn×H×W, weight nOut×nIn×kH×kW; the output is ⌊(H + 2 padH − kH) / dH⌋ + 1 high.
--   nn.SpatialConvolution(3, 8, 5, 5):forward(torch.randn(2, 3, 32, 32))   -- 2x8x28x28
local Spatial, parent = torch.class('nn.SpatialConvolution', 'nn.Module')

local function set_image(self, nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH)
  self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
  self.kW, self.kH = kW, kH
  self.dW, self.dH = dW or 1, dH or 1
  self.padW = padW or 0
  self.padH = padH or self.padW
end

function Spatial:__init(nInputPlane, nOutputPlane, kW, kH, ...)
  parent.__init(self)
  set_image(self, nInputPlane, nOutputPlane, kW, kH, ...)
  planes.make_parameters(self, {nOutputPlane, nInputPlane, kH, kW}, {nOutputPlane})
end

Spatial.noBias, Spatial.reset = planes.no_bias, reset

-- Files of earlier years have one padding for both sides, or none.
local function upgrade_padding(self)
  if self.padding then self.padW, self.padH, self.padding = self.padding, self.padding, nil end
  self.padW, self.padH = self.padW or 0, self.padH or 0
end

-- They also have a matrix as the weight.
function Spatial:read(file)
  parent.read(self, file)
  upgrade_padding(self)
  for _, name in ipairs {'weight', 'gradWeight'} do
    local t = self[name]
    if t and t:dim() == 2 then self[name] = t:view(self.nOutputPlane, self.nInputPlane, self.kH, self.kW) end
  end
end

function Spatial:compute(input) return convolve(self, input, self.weight, planes.image) end

function Spatial:clearState()
  clear(self)
  return parent.clearState(self)
end

function Spatial:__tostring__() return planes.describe(self, planes.text(self, planes.image, true)) end

--- nn.SpatialConvolutionMM(…): nn.SpatialConvolution with the weight as a matrix, nOut×(nIn·kH·kW)
local MM = torch.class('nn.SpatialConvolutionMM', 'nn.Module')

function MM:__init(nInputPlane, nOutputPlane, kW, kH, ...)
  parent.__init(self)
  set_image(self, nInputPlane, nOutputPlane, kW, kH, ...)
  planes.make_parameters(self, {nOutputPlane, nInputPlane * kH * kW}, {nOutputPlane})
end

MM.noBias, MM.reset, MM.clearState, MM.__tostring__ = planes.no_bias, reset, Spatial.clearState, Spatial.__tostring__

function MM:read(file)
  parent.read(self, file)
  upgrade_padding(self)
end

function MM:compute(input)
  local weight = planes.view(self.weight, self.nOutputPlane, self.nInputPlane, self.kH, self.kW)
  return convolve(self, input, weight, planes.image)
end

--- nn.SpatialDilatedConvolution(nIn, nOut, kW, kH[, dW, dH[, padW, padH[, dilationW, dilationH]]]):
-- nn.SpatialConvolution with the kernel's elements dilationW and dilationH (1) apart.
-- Source: Yu and Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", 2015 (arXiv:1511.07122).
local Dilated = torch.class('nn.SpatialDilatedConvolution', 'nn.SpatialConvolution')

function Dilated:__init(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, dilationW, dilationH)
  Spatial.__init(self, nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH)
  self.dilationW, self.dilationH = dilationW or 1, dilationH or 1
end

function Dilated:__tostring__()
  return planes.describe(self, planes.text(self, planes.image, true, 'dilation', true))
end

--- nn.SpatialDepthWiseConvolution(nIn, nOut, kW, kH[, dW, dH[, padW, padH]]): each of the nIn planes with nOut kernels
-- of its own. Input nIn×H×W or N×nIn×H×W, weight nOut×nIn×kH×kW, bias nOut×nIn; output (N×)nIn×nOut×oH×oW.
-- nn.Convolution with groups does the same without a fifth dimension.
--   nn.SpatialDepthWiseConvolution(3, 2, 3, 3):forward(torch.randn(3, 9, 9))   -- 3x2x7x7
local DepthWise = torch.class('nn.SpatialDepthWiseConvolution', 'nn.Module')

function DepthWise:__init(nInputPlane, nOutputPlane, kW, kH, ...)
  parent.__init(self)
  set_image(self, nInputPlane, nOutputPlane, kW, kH, ...)
  planes.make_parameters(self, {nOutputPlane, nInputPlane, kH, kW}, {nOutputPlane, nInputPlane})
end

DepthWise.noBias, DepthWise.reset, DepthWise.read = planes.no_bias, reset, MM.read
DepthWise.clearState, DepthWise.__tostring__ = Spatial.clearState, Spatial.__tostring__

function DepthWise:compute(input)
  local batch, single = planes.batch(self, input, 2)
  local nIn, nOut = self.nInputPlane, self.nOutputPlane
  local weight = planes.view(self.weight, nOut, nIn, self.kH, self.kW)   -- Torch7 may have saved a matrix
  weight = planes.view(F.transpose(weight, 0, 1), nIn * nOut, 1, self.kH, self.kW)
  local bias = self.bias and planes.view(F.transpose(self.bias, 0, 1), nIn * nOut)
  local out = planes.convolve(self, batch, weight, bias, planes.window(self, planes.image, nIn))
  return planes.unbatch(planes.view(out, batch:size(1), nIn, nOut, out:size(3), out:size(4)), single)
end

-- -- Volumes ----------------------------------------------------------------------------------------------------

--- nn.VolumetricConvolution(nIn, nOut, kT, kW, kH[, dT, dW, dH[, padT, padW, padH]]): nn.SpatialConvolution over three
-- axes. Input nIn×T×H×W or N×nIn×T×H×W, weight nOut×nIn×kT×kH×kW. padW: padT and padH: padW unless given.
--   nn.VolumetricConvolution(3, 8, 2, 5, 5):forward(torch.randn(3, 4, 32, 32))   -- 8x3x28x28
local Volumetric = torch.class('nn.VolumetricConvolution', 'nn.Module')

function Volumetric:__init(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH)
  parent.__init(self)
  self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
  self.kT, self.kW, self.kH = kT, kW, kH
  self.dT, self.dW, self.dH = dT or 1, dW or 1, dH or 1
  self.padT = padT or 0
  self.padW = padW or self.padT
  self.padH = padH or self.padW
  planes.make_parameters(self, {nOutputPlane, nInputPlane, kT, kH, kW}, {nOutputPlane})
end

Volumetric.noBias, Volumetric.reset, Volumetric.clearState = planes.no_bias, reset, Spatial.clearState

function Volumetric:compute(input)
  return convolve(self, input, self.weight, planes.volume)
end

function Volumetric:__tostring__() return planes.describe(self, planes.text(self, planes.volume, true)) end

--- nn.VolumetricDilatedConvolution(…[, dilationT, dilationW, dilationH]): nn.VolumetricConvolution with the kernel's
-- elements so far apart
local VolumetricDilated = torch.class('nn.VolumetricDilatedConvolution', 'nn.VolumetricConvolution')

function VolumetricDilated:__init(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH, dilationT,
                                  dilationW, dilationH)
  Volumetric.__init(self, nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH)
  self.dilationT, self.dilationW, self.dilationH = dilationT or 1, dilationW or 1, dilationH or 1
end

function VolumetricDilated:__tostring__()
  return planes.describe(self, planes.text(self, planes.volume, true, 'dilation', true))
end

-- -- Any ---------------------------------------------------------------------------------------------------------

--- nn.Convolution(nIn, nOut, kernel[, stride[, pad[, dilation[, groups]]]]): over as many axes as the table kernel has
-- sizes, one to three, the outermost first; stride (1), pad (0) and dilation (1) are such tables, or a number for all
-- axes. groups: the planes of input and output fall into so many groups, each apart from the others; with as many as
-- there are input planes the convolution is depthwise. Weight nOut×(nIn/groups)×kernel.
--   nn.Convolution(8, 8, {3}, 1, 1, 1, 8):forward(torch.randn(2, 8, 100))   -- 2x8x100
local Convolution = torch.class('nn.Convolution', 'nn.Module')

function Convolution:__init(nInputPlane, nOutputPlane, kernel, stride, pad, dilation, groups)
  parent.__init(self)
  groups = groups or 1
  if nInputPlane % groups ~= 0 or nOutputPlane % groups ~= 0 then
    errors.fail('Convolution: %d and %d planes do not fall into %d groups', nInputPlane, nOutputPlane, groups)
  end
  self.nInputPlane, self.nOutputPlane, self.groups = nInputPlane, nOutputPlane, groups
  self.kernel, self.stride, self.pad, self.dilation = kernel, stride or 1, pad or 0, dilation or 1
  planes.make_parameters(self, {nOutputPlane, nInputPlane / groups, unpack(kernel)}, {nOutputPlane})
end

Convolution.noBias, Convolution.reset = planes.no_bias, reset

function Convolution:compute(input)
  local batch, single = planes.batch(self, input, #self.kernel)
  local window = F.window(self.kernel, self.stride, self.pad, self.dilation, self.groups)
  return planes.unbatch(planes.convolve(self, batch, self.weight, self.bias, window), single)
end

function Convolution:__tostring__() return planes.describe(self, planes.any_text(self)) end

return {Spatial = Spatial, MM = MM, Dilated = Dilated, Volumetric = Volumetric, VolumetricDilated = VolumetricDilated,
        DepthWise = DepthWise, Convolution = Convolution}

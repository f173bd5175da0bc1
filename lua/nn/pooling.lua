--- Pooling over windows: nn.SpatialMaxPooling, nn.SpatialDilatedMaxPooling, nn.SpatialAveragePooling, the same three
-- for volumes, and nn.MaxPooling and nn.AveragePooling over one to three axes.
-- Input C×H×W or N×C×H×W (C×T×H×W or N×C×T×H×W for volumes). Windows are kW wide and kH high and move by dW and dH.
local torch = require 'torch'
local F = require('torch.op').F
local planes = require 'nn.planes'

-- What all have in common, as plain functions.

local function describe(self, window) return ('%s(%s)'):format(torch.type(self), window) end

local function describe_image(self) return describe(self, planes.text(self, planes.image)) end
local function describe_volume(self) return describe(self, planes.text(self, planes.volume)) end
local function describe_any(self) return describe(self, planes.any_text(self)) end

--- The output size is rounded up: a last window may lie partly outside.
local function ceil(self)
  self.ceil_mode = true
  return self
end

--- The output size is rounded down, as it is without being told.
local function floor(self)
  self.ceil_mode = false
  return self
end

-- -- The greatest value -----------------------------------------------------------------------------------------

local function pool_max(self, input, window)
  local batch, single = planes.batch(self, input, window.axes)
  local out, index = F.max_pool(batch, window)
  planes.keep_indices(self, index, single)
  return planes.unbatch(out, single)
end

--- nn.SpatialMaxPooling(kW, kH[, dW, dH[, padW, padH]]); steps are as large as the window unless given.
-- self.indices: the place (from 1) of each maximum within its plane.
--   nn.SpatialMaxPooling(2, 2):forward(torch.randn(8, 28, 28))   -- 8x14x14
local Max, parent = torch.class('nn.SpatialMaxPooling', 'nn.Module')

function Max:__init(kW, kH, dW, dH, padW, padH)
  parent.__init(self)
  self.kW, self.kH, self.dW, self.dH = kW, kH, dW or kW, dH or kH
  self.padW, self.padH = padW or 0, padH or 0
  self.ceil_mode = false
  self.indices = torch.LongTensor()
end

Max.ceil, Max.floor, Max.__tostring__ = ceil, floor, describe_image

function Max:compute(input)
  local out = pool_max(self, input, planes.window(self, planes.image))
  self.iheight, self.iwidth = input:size(-2), input:size(-1)
  return out
end

--- An older name of clearState.
function Max:empty() return self:clearState() end

function Max:clearState()
  self.indices = torch.LongTensor()
  return parent.clearState(self)
end

--- nn.SpatialDilatedMaxPooling(kW, kH[, dW, dH[, padW, padH[, dilationW, dilationH]]]): nn.SpatialMaxPooling with the
-- elements of a window dilationW and dilationH (1) apart
local Dilated = torch.class('nn.SpatialDilatedMaxPooling', 'nn.SpatialMaxPooling')

function Dilated:__init(kW, kH, dW, dH, padW, padH, dilationW, dilationH)
  Max.__init(self, kW, kH, dW, dH, padW, padH)
  self.dilationW, self.dilationH = dilationW or 1, dilationH or 1
end

function Dilated:__tostring__() return describe(self, planes.text(self, planes.image, false, 'dilation', true)) end

--- nn.VolumetricMaxPooling(kT, kW, kH[, dT, dW, dH[, padT, padW, padH]]): nn.SpatialMaxPooling over three axes
--   nn.VolumetricMaxPooling(2, 2, 2):forward(torch.randn(3, 4, 8, 8))   -- 3x2x4x4
local Volumetric = torch.class('nn.VolumetricMaxPooling', 'nn.Module')

Volumetric.__version = 2   -- files of version 1 have no ceil_mode

function Volumetric:__init(kT, kW, kH, dT, dW, dH, padT, padW, padH)
  parent.__init(self)
  self.kT, self.kW, self.kH, self.dT, self.dW, self.dH = kT, kW, kH, dT or kT, dW or kW, dH or kH
  self.padT, self.padW, self.padH = padT or 0, padW or 0, padH or 0
  self.ceil_mode = false
  self.indices = torch.LongTensor()
end

Volumetric.ceil, Volumetric.floor, Volumetric.__tostring__ = ceil, floor, describe_volume
Volumetric.empty, Volumetric.clearState = Max.empty, Max.clearState

function Volumetric:compute(input)
  local out = pool_max(self, input, planes.window(self, planes.volume))
  self.itime, self.iheight, self.iwidth = input:size(-3), input:size(-2), input:size(-1)
  return out
end

--- nn.VolumetricDilatedMaxPooling(…[, dilationT, dilationW, dilationH]): nn.VolumetricMaxPooling with the elements of a
-- window so far apart
local VolumetricDilated = torch.class('nn.VolumetricDilatedMaxPooling', 'nn.VolumetricMaxPooling')

function VolumetricDilated:__init(kT, kW, kH, dT, dW, dH, padT, padW, padH, dilationT, dilationW, dilationH)
  Volumetric.__init(self, kT, kW, kH, dT, dW, dH, padT, padW, padH)
  self.dilationT, self.dilationW, self.dilationH = dilationT or 1, dilationW or 1, dilationH or 1
end

function VolumetricDilated:__tostring__()
  return describe(self, planes.text(self, planes.volume, false, 'dilation', true))
end

--- nn.MaxPooling(kernel[, stride[, pad[, dilation]]]): over as many axes as the table kernel has sizes, the outermost
-- first; stride (kernel), pad (0) and dilation (1) are such tables, or a number for all axes
--   nn.MaxPooling{2}:forward(torch.randn(8, 10))   -- 8x5
local MaxAny = torch.class('nn.MaxPooling', 'nn.Module')

function MaxAny:__init(kernel, stride, pad, dilation)
  parent.__init(self)
  self.kernel, self.stride, self.pad, self.dilation = kernel, stride or kernel, pad or 0, dilation or 1
  self.ceil_mode, self.indices = false, torch.LongTensor()
end

MaxAny.ceil, MaxAny.floor, MaxAny.clearState, MaxAny.__tostring__ = ceil, floor, Max.clearState, describe_any

function MaxAny:compute(input)
  return pool_max(self, input, F.window(self.kernel, self.stride, self.pad, self.dilation, 1, self.ceil_mode))
end

-- -- The mean ---------------------------------------------------------------------------------------------------

local function pool_average(self, input, window)
  local batch, single = planes.batch(self, input, window.axes)
  return planes.unbatch(F.avg_pool(batch, window), single)
end

--- nn.SpatialAveragePooling(kW, kH[, dW, dH[, padW, padH]]); steps are 1 unless given.
-- Padding counts in the mean, unless setCountExcludePad was called. With the field divide false, sums are given.
--   nn.SpatialAveragePooling(7, 7):forward(torch.randn(512, 7, 7))   -- 512x1x1
local Average = torch.class('nn.SpatialAveragePooling', 'nn.Module')

function Average:__init(kW, kH, dW, dH, padW, padH)
  parent.__init(self)
  self.kW, self.kH, self.dW, self.dH = kW, kH, dW or 1, dH or 1
  self.padW, self.padH = padW or 0, padH or 0
  self.ceil_mode, self.count_include_pad, self.divide = false, true, true
end

Average.ceil, Average.floor, Average.__tostring__ = ceil, floor, describe_image

function Average:setCountIncludePad()
  self.count_include_pad = true
  return self
end

function Average:setCountExcludePad()
  self.count_include_pad = false
  return self
end

function Average:compute(input)
  -- files of the first years have neither padding nor these flags, and give sums
  local count_pad = self.count_include_pad or self.ceil_mode == nil
  local out = pool_average(self, input, planes.window(self, planes.image, 1, count_pad))
  return self.divide and out or F.mul(out, self.kW * self.kH)
end

--- nn.VolumetricAveragePooling(kT, kW, kH[, dT, dW, dH]): over three axes; steps are as large as the window unless
-- given
local VolumetricAverage = torch.class('nn.VolumetricAveragePooling', 'nn.Module')

function VolumetricAverage:__init(kT, kW, kH, dT, dW, dH)
  parent.__init(self)
  self.kT, self.kW, self.kH, self.dT, self.dW, self.dH = kT, kW, kH, dT or kT, dW or kW, dH or kH
end

VolumetricAverage.empty, VolumetricAverage.__tostring__ = Max.empty, describe_volume

function VolumetricAverage:compute(input) return pool_average(self, input, planes.window(self, planes.volume)) end

--- nn.AveragePooling(kernel[, stride[, pad]]): see nn.MaxPooling. Padding counts in the mean, unless setCountExcludePad
-- was called.
--   nn.AveragePooling({3}, 1, 1):forward(torch.randn(8, 10))   -- 8x10
local AverageAny = torch.class('nn.AveragePooling', 'nn.Module')

function AverageAny:__init(kernel, stride, pad)
  parent.__init(self)
  self.kernel, self.stride, self.pad = kernel, stride or kernel, pad or 0
  self.ceil_mode, self.count_include_pad = false, true
end

AverageAny.ceil, AverageAny.floor, AverageAny.__tostring__ = ceil, floor, describe_any
AverageAny.setCountIncludePad, AverageAny.setCountExcludePad = Average.setCountIncludePad, Average.setCountExcludePad

function AverageAny:compute(input)
  return pool_average(self, input, F.window(self.kernel, self.stride, self.pad, 1, 1, self.ceil_mode,
                                            self.count_include_pad))
end

return {Max = Max, Dilated = Dilated, Volumetric = Volumetric, VolumetricDilated = VolumetricDilated, MaxAny = MaxAny,
        Average = Average, VolumetricAverage = VolumetricAverage, AverageAny = AverageAny}

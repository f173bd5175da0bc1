--- nn.SpatialMaxPooling and nn.SpatialAveragePooling: the greatest or the mean value of each window of a plane.
-- Input C×H×W or N×C×H×W. Windows are kW wide and kH high and move by dW and dH.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local types = require 'torch.types'
local F = require('torch.op').F

local layout = handle.layout

-- What both have in common, as plain functions.

local function window_of(self, count_pad)
  return F.window({self.kH, self.kW}, {self.dH, self.dW}, {self.padH or 0, self.padW or 0}, 1, 1, self.ceil_mode,
                  count_pad)
end

-- The input as a batch, and whether it was none.
local function batch_of(self, input)
  local dims = input:dim()
  if dims == 4 then return input, false end
  if dims == 3 then return F.unsqueeze(input, 0), true end
  return errors.fail('%s: expected CxHxW or NxCxHxW, got %s', torch.type(self), sizes.text(input))
end

local function describe(self)
  local text = ('%s(%dx%d, %d,%d'):format(torch.type(self), self.kW, self.kH, self.dW, self.dH)
  local padW, padH = self.padW or 0, self.padH or 0
  if padW ~= 0 or padH ~= 0 then text = text .. (', %d,%d'):format(padW, padH) end
  return text .. ')'
end

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

Max.ceil, Max.floor, Max.__tostring__ = ceil, floor, describe

-- The places as the user sees them. The tape lets go of its own handle, so this is another.
local function keep_indices(self, index, single)
  local t, device = self.indices, layout(index).device
  if not t or handle.kind(t) ~= types.at[device][C.MT_INT64] then
    t = handle.like(index)
    self.indices = t
  end
  if single then memory.call(C.mt_squeeze, t, index, 0) else t:set(index) end
end

function Max:compute(input)
  local batch, single = batch_of(self, input)
  local out, index = F.max_pool(batch, window_of(self))
  keep_indices(self, index, single)
  return single and F.squeeze(out, 0) or out
end

--- An older name of clearState.
function Max:empty() return self:clearState() end

function Max:clearState()
  self.indices = torch.LongTensor()
  return parent.clearState(self)
end

-- -- The mean ---------------------------------------------------------------------------------------------------

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

Average.ceil, Average.floor, Average.__tostring__ = ceil, floor, describe

function Average:setCountIncludePad()
  self.count_include_pad = true
  return self
end

function Average:setCountExcludePad()
  self.count_include_pad = false
  return self
end

function Average:compute(input)
  local batch, single = batch_of(self, input)
  -- files of the first years have neither padding nor these flags, and give sums
  local count_pad = self.count_include_pad or self.ceil_mode == nil
  local out = F.avg_pool(batch, window_of(self, count_pad))
  if not self.divide then out = F.mul(out, self.kW * self.kH) end
  return single and F.squeeze(out, 0) or out
end

return {Max = Max, Average = Average}

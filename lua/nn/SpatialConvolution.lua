--- nn.SpatialConvolution(nIn, nOut, kW, kH[, dW, dH[, padW, padH]]): convolution of planes with kernels of width kW and
-- height kH, moved by dW and dH (1) over an input with padW and padH (0; padH: padW) zeros at each side.
-- Input nIn×H×W or N×nIn×H×W, weight nOut×nIn×kH×kW; the output is ⌊(H + 2 padH − kH) / dH⌋ + 1 high.
--   nn.SpatialConvolution(3, 8, 5, 5):forward(torch.randn(2, 3, 32, 32))   -- 2x8x28x28
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local utils = require 'nn.utils'

local SpatialConvolution, parent = torch.class('nn.SpatialConvolution', 'nn.Module')

function SpatialConvolution:__init(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH)
  parent.__init(self)
  self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
  self.kW, self.kH = kW, kH
  self.dW, self.dH = dW or 1, dH or 1
  self.padW = padW or 0
  self.padH = padH or self.padW
  self.weight = torch.Tensor(nOutputPlane, nInputPlane, kH, kW)
  self.bias = torch.Tensor(nOutputPlane)
  self.gradWeight = torch.Tensor(nOutputPlane, nInputPlane, kH, kW):zero()
  self.gradBias = torch.Tensor(nOutputPlane):zero()
  self:reset()
end

function SpatialConvolution:noBias()
  self.bias, self.gradBias = nil, nil
  return self
end

--- Uniform within ±stdv·√3; by default ±1/√(kW·kH·nIn). The weight is drawn first, then the bias, as in Torch7.
function SpatialConvolution:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.kW * self.kH * self.nInputPlane)
  self.weight:uniform(-stdv, stdv)
  if self.bias then self.bias:uniform(-stdv, stdv) end
  return self
end

-- Files of earlier years have a matrix as the weight, one padding for both sides, or none.
local function upgrade(self)
  if self.padding then self.padW, self.padH, self.padding = self.padding, self.padding, nil end
  self.padW, self.padH = self.padW or 0, self.padH or 0
  for _, name in ipairs {'weight', 'gradWeight'} do
    local t = self[name]
    if t and t:dim() == 2 then self[name] = t:view(self.nOutputPlane, self.nInputPlane, self.kH, self.kW) end
  end
end

function SpatialConvolution:read(file)
  parent.read(self, file)
  upgrade(self)
end

function SpatialConvolution:compute(input)
  local dims = input:dim()
  if dims ~= 3 and dims ~= 4 then
    errors.fail('%s: expected %dxHxW or Nx%dxHxW, got %s', torch.type(self), self.nInputPlane, self.nInputPlane,
                sizes.text(input))
  end
  local window = F.window({self.kH, self.kW}, {self.dH, self.dW}, {self.padH, self.padW})
  if dims == 4 then return F.conv(input, self.weight, self.bias, window) end
  return F.squeeze(F.conv(F.unsqueeze(input, 0), self.weight, self.bias, window), 0)
end

-- Buffers that files of Torch7 may hold.
function SpatialConvolution:clearState()
  utils.clear(self, 'finput', 'fgradInput', '_input', '_gradOutput')
  return parent.clearState(self)
end

function SpatialConvolution:__tostring__()
  local text = ('%s(%d -> %d, %dx%d'):format(torch.type(self), self.nInputPlane, self.nOutputPlane, self.kW, self.kH)
  local padded = self.padW ~= 0 or self.padH ~= 0
  if padded or self.dW ~= 1 or self.dH ~= 1 then text = text .. (', %d,%d'):format(self.dW, self.dH) end
  if padded then text = text .. (', %d,%d'):format(self.padW, self.padH) end
  return text .. (self.bias and ')' or ') without bias')
end

return SpatialConvolution

--- Convolutions whose weights are not the same everywhere: nn.SpatialConvolutionMap and nn.SpatialFullConvolutionMap
-- (a table says which planes are connected) and nn.SpatialConvolutionLocal (a kernel for each place).
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local types = require 'torch.types'
local handle = require 'torch.handle'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local planes = require 'nn.planes'
local convolution = require 'nn.convolution'

-- -- Chosen connections -----------------------------------------------------------------------------------------

--- nn.SpatialConvolutionMap(connTable, kW, kH[, dW, dH]): nn.SpatialConvolution in which a plane of the output is made
-- from some of the input's only: row i of connTable, {from, to}, has the kernel weight[i].
--   nn.SpatialConvolutionMap(nn.tables.random(8, 16, 4), 3, 3):forward(torch.randn(8, 9, 9))   -- 16x7x7
local Map, parent = torch.class('nn.SpatialConvolutionMap', 'nn.Module')

function Map:__init(conMatrix, kW, kH, dW, dH)
  parent.__init(self)
  self.kW, self.kH, self.dW, self.dH, self.connTable = kW, kH, dW or 1, dH or 1, conMatrix
  self.nInputPlane, self.nOutputPlane = conMatrix:select(2, 1):max(), conMatrix:select(2, 2):max()
  planes.make_parameters(self, {conMatrix:size(1), kH, kW}, {self.nOutputPlane})
end

--- Uniform within ±stdv·√3; by default ±1/√(elements of the kernels that lead to the plane).
function Map:reset(stdv)
  if stdv then return planes.draw(self, stdv) end
  local to, bounds = self.connTable:select(2, 2), {}
  for k = 1, self.nOutputPlane do bounds[k] = 1 / math.sqrt(self.kW * self.kH * to:eq(k):sum()) end
  for i = 1, self.weight:size(1) do self.weight[i]:uniform(-bounds[to[i]], bounds[to[i]]) end
  for k = 1, self.nOutputPlane do self.bias[k] = torch.uniform(-bounds[k], bounds[k]) end
  return self
end

-- The weight of a convolution of all planes, first×second×kH×kW, which is 0 where there is no connection. a, b: the
-- columns of the table that say first and second.
local function all_weights(self, first, second, a, b)
  local kernels = planes.view(self.weight, -1, self.kH * self.kW)
  local rows = F.add(F.mul(F.sub(F.select(self.connTable, 1, a - 1), 1), second), F.select(self.connTable, 1, b - 1))
  local places = F.cast(rows, types.at[handle.layout(kernels).device][C.MT_INT64])
  local model = leaf.buffer(self, 'all', kernels):resize(first * second, self.kH * self.kW)
  return F.index_add_like(kernels, model, 0, places):view(first, second, self.kH, self.kW)
end

-- The input as a batch of the planes that the table knows: others are connected with nothing.
local function connected(self, input)
  local batch, single = planes.batch(self, input, 2)
  if batch:size(2) > self.nInputPlane then batch = F.narrow(batch, 1, 0, self.nInputPlane) end
  return batch, single
end

function Map:compute(input)
  local batch, single = connected(self, input)
  local weight = all_weights(self, self.nOutputPlane, self.nInputPlane, 2, 1)
  return planes.unbatch(F.conv(batch, weight, self.bias, planes.window(self, planes.image)), single)
end

--- Takes decay times the parameters from them.
function Map:decayParameters(decay)
  self.weight:mul(1 - decay)
  self.bias:mul(1 - decay)
end

--- nn.SpatialFullConvolutionMap(connTable, kW, kH[, dW, dH]): nn.SpatialFullConvolution, likewise
local FullMap = torch.class('nn.SpatialFullConvolutionMap', 'nn.Module')

FullMap.__init, FullMap.reset = Map.__init, Map.reset

function FullMap:compute(input)
  local batch, single = connected(self, input)
  local weight = all_weights(self, self.nInputPlane, self.nOutputPlane, 1, 2)
  local size = {(batch:size(3) - 1) * self.dH + self.kH, (batch:size(4) - 1) * self.dW + self.kW}
  local out = F.conv_input(batch, weight, size, planes.window(self, planes.image))
  return planes.unbatch(planes.add_bias(out, self.bias), single)
end

-- -- A kernel for each place ------------------------------------------------------------------------------------

--- nn.SpatialConvolutionLocal(nIn, nOut, iW, iH, kW, kH[, dW, dH[, padW, padH]]): nn.SpatialConvolution of images that
-- are iW wide and iH high, with a kernel and a bias for each place of the output: weight oH×oW×nOut×nIn×kH×kW, bias
-- nOut×oH×oW.
--   nn.SpatialConvolutionLocal(3, 8, 9, 9, 3, 3):forward(torch.randn(3, 9, 9))   -- 8x7x7
local Local = torch.class('nn.SpatialConvolutionLocal', 'nn.Module')

function Local:__init(nInputPlane, nOutputPlane, iW, iH, kW, kH, dW, dH, padW, padH)
  parent.__init(self)
  self.nInputPlane, self.nOutputPlane, self.iW, self.iH = nInputPlane, nOutputPlane, iW, iH
  self.kW, self.kH, self.dW, self.dH = kW, kH, dW or 1, dH or 1
  self.padW = padW or 0
  self.padH = padH or self.padW
  self.oW = math.floor((2 * self.padW + iW - kW) / self.dW) + 1
  self.oH = math.floor((2 * self.padH + iH - kH) / self.dH) + 1
  if self.oW < 1 or self.oH < 1 then
    errors.fail('SpatialConvolutionLocal: a kernel %d wide and %d high does not fit into %dx%d', kW, kH, iW, iH)
  end
  planes.make_parameters(self, {self.oH, self.oW, nOutputPlane, nInputPlane, kH, kW}, {nOutputPlane, self.oH, self.oW})
end

function Local:reset(stdv) return planes.draw(self, stdv, self.kW * self.kH * self.nInputPlane) end

-- At each place a product of matrices: kernels × columns of the batch.
function Local:compute(input)
  local batch, single = planes.batch(self, input, 2)
  if batch:size(2) ~= self.nInputPlane or batch:size(3) ~= self.iH or batch:size(4) ~= self.iW then
    errors.fail('SpatialConvolutionLocal: expected %dx%dx%d, got %s', self.nInputPlane, self.iH, self.iW,
                sizes.text(input))
  end
  local columns = F.permute(F.im2col(batch, planes.window(self, planes.image)), {2, 1, 0})
  local kernels = planes.view(self.weight, self.oH * self.oW, self.nOutputPlane, -1)
  local out = F.permute(F.matmul(kernels, columns), {2, 1, 0})
  return planes.unbatch(F.add(planes.view(out, -1, self.nOutputPlane, self.oH, self.oW), self.bias), single)
end

Local.clearState = convolution.MM.clearState

function Local:__tostring__()
  return ('%s(%d -> %d, %dx%d, %s)'):format(torch.type(self), self.nInputPlane, self.nOutputPlane, self.iW, self.iH,
                                            planes.text(self, planes.image, true))
end

return {Map = Map, FullMap = FullMap, Local = Local}

--- Layers for sequences of frames, T×C or N×T×C: nn.TemporalConvolution, nn.TemporalRowConvolution,
-- nn.TemporalMaxPooling, nn.TemporalSubSampling, nn.TemporalDynamicKMaxPooling.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local op = require 'torch.op'
local leaf = require 'nn.leaf'
local planes = require 'nn.planes'
local pooling = require 'nn.pooling'
local utils = require 'nn.utils'

local F = op.F

-- The sequences as a batch, and whether it was a single one.
local function sequences(self, input)
  local dims = torch.isTensor(input) and input:dim()
  if dims == 3 then return input, false end
  if dims == 2 then return F.unsqueeze(input, 0), true end
  return errors.fail('%s: expected TxC or NxTxC, got %s', torch.type(self),
                     dims and sizes.text(input) or torch.type(input))
end

-- N×T×C as N×C×T, and back
local function turn(x) return F.transpose(x, 1, 2) end

-- -- Convolution ------------------------------------------------------------------------------------------------

--- nn.TemporalConvolution(inputFrameSize, outputFrameSize, kW[, dW]): a linear layer of each kW frames on end, which
-- begin dW (1) frames apart. Input T×C or N×T×C, weight outputs×(kW·C); the output has ⌊(T − kW) / dW⌋ + 1 frames.
--   nn.TemporalConvolution(8, 16, 3):forward(torch.randn(2, 10, 8))   -- 2x8x16
local Convolution, parent = torch.class('nn.TemporalConvolution', 'nn.Module')

function Convolution:__init(inputFrameSize, outputFrameSize, kW, dW)
  parent.__init(self)
  self.inputFrameSize, self.outputFrameSize, self.kW, self.dW = inputFrameSize, outputFrameSize, kW, dW or 1
  planes.make_parameters(self, {outputFrameSize, inputFrameSize * kW}, {outputFrameSize})
end

function Convolution:reset(stdv) return planes.draw(self, stdv, self.kW * self.inputFrameSize) end

-- A sequence is an image of one plane, and a kernel as wide as that.
function Convolution:compute(input)
  local batch, single = sequences(self, input)
  local frames, width = batch:size(2), self.inputFrameSize
  if batch:size(3) ~= width or frames < self.kW then
    errors.fail('TemporalConvolution: expected %d or more frames of %d, got %s', self.kW, width, sizes.text(input))
  end
  local image = planes.view(batch, batch:size(1), 1, frames, width)
  local kernels = planes.view(self.weight, self.outputFrameSize, 1, self.kW, width)
  local out = planes.convolve(self, image, kernels, self.bias, F.window({self.kW, width}, {self.dW, 1}))
  return planes.unbatch(turn(F.squeeze(out, 3)), single)
end

--- nn.TemporalRowConvolution(inputFrameSize, kW[, dW[, featFirst]]): each of the C elements of the frames is convolved
-- with a kernel of its own. Weight C×1×kW. With featFirst, input and output are C×T or N×C×T.
-- Source: Amodei et al., "Deep Speech 2", 2015 (arXiv:1512.02595).
--   nn.TemporalRowConvolution(8, 3):forward(torch.randn(2, 10, 8))   -- 2x8x8
local Row = torch.class('nn.TemporalRowConvolution', 'nn.Module')

function Row:__init(inputFrameSize, kW, dW, featFirst)
  parent.__init(self)
  self.inputFrameSize, self.kW, self.dW = inputFrameSize, kW, dW or 1
  self.featFirst = featFirst and true or false
  planes.make_parameters(self, {inputFrameSize, 1, kW}, {inputFrameSize})
end

Row.reset, Row.noBias = Convolution.reset, planes.no_bias

function Row:compute(input)
  local batch, single = sequences(self, input)
  local window = F.window({self.kW}, self.dW, 0, 1, self.inputFrameSize)
  local out = planes.convolve(self, self.featFirst and batch or turn(batch), self.weight, self.bias, window)
  return planes.unbatch(self.featFirst and out or turn(out), single)
end

-- Buffers that files of Torch7 may hold.
function Row:clearState()
  utils.clear(self, 'finput', 'fgradInput', '_input', '_gradOutput')
  return parent.clearState(self)
end

function Row:__tostring__()
  local steps = self.dW ~= 1 and (', %d'):format(self.dW) or ''
  return ('%s(%d, %d%s)%s%s'):format(torch.type(self), self.inputFrameSize, self.kW, steps,
                                     self.bias and '' or ' without bias', planes.text_of_activation(self))
end

-- -- Pooling ----------------------------------------------------------------------------------------------------

--- nn.TemporalMaxPooling(kW[, dW]): the greatest of each kW frames on end, element by element; dW: kW unless given.
-- self.indices: its place in the sequence (from 1).
--   nn.TemporalMaxPooling(2):forward(torch.randn(10, 8))   -- 5x8
local Max = torch.class('nn.TemporalMaxPooling', 'nn.Module')

function Max:__init(kW, dW)
  parent.__init(self)
  self.kW, self.dW, self.indices = kW, dW or kW, torch.LongTensor()
end

function Max:compute(input)
  local batch, single = sequences(self, input)
  local out, index = F.max_pool(turn(batch), F.window({self.kW}, self.dW))
  planes.keep_indices(self, turn(index), single)
  return planes.unbatch(turn(out), single)
end

Max.clearState, Max.empty = pooling.Max.clearState, pooling.Max.empty

--- nn.TemporalSubSampling(inputFrameSize, kW[, dW]): the sum of each kW frames on end, which begin dW (1) frames apart,
-- times a weight and plus a bias for each element of the frame
local SubSampling = torch.class('nn.TemporalSubSampling', 'nn.Module')

function SubSampling:__init(inputFrameSize, kW, dW)
  parent.__init(self)
  self.inputFrameSize, self.kW, self.dW = inputFrameSize, kW, dW or 1
  planes.make_parameters(self, {inputFrameSize}, {inputFrameSize})
end

function SubSampling:reset(stdv) return planes.draw(self, stdv, self.kW) end

function SubSampling:compute(input)
  local batch, single = sequences(self, input)
  local mean = turn(F.avg_pool(turn(batch), F.window({self.kW}, self.dW)))
  return planes.unbatch(F.add(F.mul(mean, F.mul(self.weight, self.kW)), self.bias), single)
end

--- nn.TemporalDynamicKMaxPooling(minK[, factor]): the k greatest frames of a sequence, element by element and in their
-- order; k is factor (0) times their number, but minK at least. self.indices: their places (from 1).
-- Source: Kalchbrenner et al., "A Convolutional Neural Network for Modelling Sentences", 2014 (arXiv:1404.2188).
--   nn.TemporalDynamicKMaxPooling(3):forward(torch.randn(10, 8))   -- 3x8
local KMax = torch.class('nn.TemporalDynamicKMaxPooling', 'nn.Module')

function KMax:__init(minK, factor)
  parent.__init(self)
  self.minK, self.factor = minK, factor or 0
end

function KMax:compute(input)
  local batch, single = sequences(self, input)
  local frames = batch:size(2)
  if frames < self.minK then
    errors.fail('TemporalDynamicKMaxPooling: expected %d or more frames, got %s', self.minK, sizes.text(input))
  end
  local k = math.max(self.minK, math.ceil(self.factor * frames))
  local _, places = F.topk(batch, k, 1, 1, 0)
  local index, order = leaf.buffer(self, 'index', places), leaf.buffer(self, 'order', places)
  op.unrecorded(torch.sort, index, order, places, 2)
  planes.keep_indices(self, index, single)
  return planes.unbatch(F.gather(batch, 1, index), single)
end

KMax.clearState = Max.clearState

return {Convolution = Convolution, Row = Row, Max = Max, SubSampling = SubSampling, KMax = KMax}

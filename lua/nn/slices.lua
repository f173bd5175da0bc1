--- Modules that choose, order or repeat parts of a tensor: nn.Narrow, nn.Select, nn.Transpose, nn.Replicate, nn.Index,
-- nn.MaskedSelect, nn.PixelShuffle.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local inputs = require 'nn.inputs'
local utils = require 'nn.utils'

local buffer = sizes.buffer

-- -- Parts of a dimension ---------------------------------------------------------------------------------------

--- nn.Narrow(dim, first[, length]): length (1) places of a dimension, from first on. dim may count from the end; a
-- length of −1 goes to the end, −2 to the last but one, and so on. With a negative first: all but the last length
-- places.
--   nn.Narrow(2, 3, -1):forward(torch.randn(4, 5))   -- 4x3
local Narrow, parent = torch.class('nn.Narrow', 'nn.Module')

function Narrow:__init(dimension, offset, length)
  parent.__init(self)
  if type(dimension) ~= 'number' or type(offset) ~= 'number' then
    errors.fail('Narrow: expected numbers as dimension and first place, got %s and %s', type(dimension), type(offset))
  end
  self.dimension, self.index, self.length = dimension, offset, length or 1
end

function Narrow:compute(input)
  local dim = sizes.dim('Narrow', input, self.dimension)
  local size, first, length = input:size(dim + 1), self.index, self.length
  if length < 0 then length = size - first + length + 2 end
  if first < 0 then first, length = 1, size - length end
  return F.clone(F.narrow(input, dim, first - 1, length))
end

--- nn.Select(dim, index): one slice of a dimension, with that dimension gone; both may count from the end.
--   nn.Select(1, -1):forward(torch.Tensor{{1, 2}, {3, 4}})   -- 3, 4
local Select = torch.class('nn.Select', 'nn.Module')

function Select:__init(dimension, index)
  parent.__init(self)
  self.dimension, self.index = dimension, index
end

function Select:compute(input)
  local dim = sizes.dim('Select', input, self.dimension)
  return F.clone(F.select(input, dim, self.index < 0 and input:size(dim + 1) + self.index or self.index - 1))
end

-- -- Order ------------------------------------------------------------------------------------------------------

--- nn.Transpose({dim1, dim2}, …): exchanges dimensions, pair after pair. After setNumInputDims(n) dimensions count
-- within the last n.
--   nn.Transpose({1, 3}):forward(torch.randn(2, 3, 4))   -- 4x3x2
local Transpose = torch.class('nn.Transpose', 'nn.Module')

function Transpose:__init(...)
  parent.__init(self)
  self.permutations = {...}
end

function Transpose:setNumInputDims(numInputDims)
  self.numInputDims = numInputDims
  return self
end

function Transpose:compute(input)
  local lead, out = self.numInputDims and input:dim() - self.numInputDims or 0, input
  for _, pair in ipairs(self.permutations) do
    out = F.transpose(out, sizes.dim('Transpose', input, pair[1] + lead), sizes.dim('Transpose', input, pair[2] + lead))
  end
  return F.clone(out)
end

--- nn.PixelShuffle(r): channels become places: N×Cr²×H×W (or Cr²×H×W) to N×C×rH×rW.
-- Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
-- Neural Network", 2016 (arXiv:1609.05158).
--   nn.PixelShuffle(2):forward(torch.randn(1, 8, 3, 3))   -- 1x2x6x6
local PixelShuffle = torch.class('nn.PixelShuffle', 'nn.Module')

function PixelShuffle:__init(upscaleFactor)
  parent.__init(self)
  self.upscaleFactor, self.upscaleFactorSquared = upscaleFactor, upscaleFactor * upscaleFactor
end

local function view(x, ...)
  for i = 1, select('#', ...) do buffer[i - 1] = (select(i, ...)) end
  return F.view(x, nil, select('#', ...))
end

function PixelShuffle:compute(input)
  local dims, r = input:dim(), self.upscaleFactor
  local lead = dims - 3
  local channels = (lead == 0 or lead == 1) and input:size(lead + 1) / self.upscaleFactorSquared or 0.5
  if channels ~= math.floor(channels) then
    errors.fail('PixelShuffle: expected a multiple of %d channels in C×H×W or N×C×H×W, got %s',
                self.upscaleFactorSquared, sizes.text(input))
  end
  local n, h, w = lead == 1 and input:size(1) or 1, input:size(lead + 2), input:size(lead + 3)
  local apart = F.permute(view(F.contiguous(input), n, channels, r, r, h, w), {0, 1, 4, 2, 5, 3})
  local out = F.clone(apart)
  if lead == 0 then return view(out, channels, h * r, w * r) end
  return view(out, n, channels, h * r, w * r)
end

function PixelShuffle:clearState()
  -- files of Torch7 may hold these
  utils.clear(self, '_intermediateShape', '_outShape', '_shuffleIn', '_shuffleOut')
  return parent.clearState(self)
end

-- -- Repetition -------------------------------------------------------------------------------------------------

--- nn.Replicate(n[, dim[, ndim]]): the input n times along a new dimension (the first unless given), as a view. With
-- ndim, an input of more dimensions is a batch, and dim counts behind its first.
--   nn.Replicate(3, 1, 1):forward(torch.randn(4, 5))   -- 4x3x5
local Replicate = torch.class('nn.Replicate', 'nn.Module')

function Replicate:__init(nf, dim, ndim)
  parent.__init(self)
  self.nfeatures, self.dim, self.ndim = nf, dim or 1, ndim
  if self.dim < 1 then errors.fail('Replicate: expected a dimension from 1 on, got %s', tostring(dim)) end
end

function Replicate:compute(input)
  local dims = input:dim()
  local at = (self.dim or 1) + (self.ndim and dims > self.ndim and 1 or 0)
  if at > dims + 1 then errors.fail('Replicate: dimension %d is outside 1..%d', at, dims + 1) end
  local single = F.unsqueeze(input, at - 1)
  for i = 1, dims + 1 do buffer[i - 1] = i == at and self.nfeatures or single:size(i) end
  return F.expand(single, nil, dims + 1)
end

-- -- By places and masks ----------------------------------------------------------------------------------------

--- nn.Index(dim): of {x, places}, the slices of x at the places (a LongTensor, from 1) of a dimension
--   nn.Index(1):forward{torch.Tensor{5, 6, 7}, torch.LongTensor{3, 1, 1}}   -- 7, 5, 5
local Index = torch.class('nn.Index', 'nn.Module')

function Index:__init(dimension)
  parent.__init(self)
  self.dimension = dimension
  self.gradInput = {self.gradInput, self.gradInput.new()}
end

function Index:compute(input)
  local x, places = inputs.pair(self, input)
  return F.index_select(x, sizes.dim('Index', x, self.dimension), places)
end

--- nn.MaskedSelect(): of {x, mask}, the elements of x where the mask (a ByteTensor) is not 0, as a vector
local MaskedSelect = torch.class('nn.MaskedSelect', 'nn.Module')

function MaskedSelect:compute(input) return F.masked_select(inputs.pair(self, input)) end

function MaskedSelect:clearState()
  utils.clear(self, '_maskIndexBuffer', '_maskIndexBufferCPU', '_maskIndices', '_gradBuffer', '_gradMask')
  return parent.clearState(self)
end

return {Narrow = Narrow, Select = Select, Transpose = Transpose, PixelShuffle = PixelShuffle, Replicate = Replicate,
        Index = Index, MaskedSelect = MaskedSelect}

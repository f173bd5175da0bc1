--- Modules whose output has no gradient: nn.Constant, nn.OneHot.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local layout = handle.layout

--- nn.Constant(value[, nInputDim]): gives the value, a number or a tensor, whatever the input; with nInputDim and an
-- input of more dimensions, a batch, once for each sample.
--   nn.Constant(torch.Tensor{1, 2}, 1):forward(torch.randn(3, 5))   -- 3x2
local Constant, parent = torch.class('nn.Constant', 'nn.Module')

function Constant:__init(value, nInputDim)
  parent.__init(self)
  if type(value) ~= 'number' and not handle.is_tensor(value) then
    errors.fail('Constant: expected a number or a tensor, got %s', torch.type(value))
  end
  self.value, self.nInputDim = type(value) == 'number' and torch.Tensor {value} or value, nInputDim
end

function Constant:compute(input)
  if not (self.nInputDim and input:dim() > self.nInputDim) then return F.clone(self.value) end
  local l = layout(self.value)
  sizes.buffer[0] = input:size(1)
  for i = 0, l.dim - 1 do sizes.buffer[i + 1] = l.size[i] end
  return F.clone(F.expand(self.value, nil, l.dim + 1))
end

--- nn.OneHot(n): for each class from 1 … n a vector of zeros with a one at its place. The input is a number or a
-- tensor, whose sizes get n behind them.
--   nn.OneHot(4):forward(torch.LongTensor{2, 4})   -- 0 1 0 0, 0 0 0 1
local OneHot = torch.class('nn.OneHot', 'nn.Module')

function OneHot:__init(outputSize)
  parent.__init(self)
  self.outputSize = outputSize
end

local long = torch.LongTensor()   -- a model for buffers

-- The classes, one below another, where the output is.
local function places_of(self, input)
  if type(input) == 'number' then input = leaf.buffer(self, 'class', long):resize(1):fill(input) end
  if not handle.is_tensor(input) then
    errors.fail('OneHot: expected a number or a tensor, got %s', torch.type(input))
  end
  local places = leaf.buffer(self, 'places', handle.new(C.MT_INT64, layout(self.output).device))
  return places:resize(input:nElement(), 1):copy(input)
end

-- The output and the gradient are of the module's type, whatever the input's.
function OneHot:compute(input)
  local places = places_of(self, input)
  local out = leaf.buffer(self, 'rows', self.output):resize(places:size(1), self.outputSize):zero()
  out:scatter(2, places, 1)
  local dims = type(input) == 'number' and 0 or input:dim()
  for i = 1, dims do sizes.buffer[i - 1] = input:size(i) end
  sizes.buffer[dims] = self.outputSize
  return F.view(out, nil, dims + 1)
end

--- 0 for a number, else zeros of the input's sizes.
function OneHot:updateGradInput(input)
  if type(input) == 'number' then return 0 end
  self.gradInput = utils.fit(self.gradInput, self.output):resizeAs(input):zero()
  return self.gradInput
end

-- Files of Torch7 may hold these.
function OneHot:clearState()
  utils.clear(self, '_single', '_input')
  return parent.clearState(self)
end

return {Constant = Constant, OneHot = OneHot}

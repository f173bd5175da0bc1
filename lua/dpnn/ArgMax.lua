--- nn.ArgMax([dim[, nInputDim[, asLong]]]): the places (from 1) of the greatest elements along dim (1), as a
-- LongTensor, or of the input's type when asLong is false. An input of more than nInputDim dimensions is a batch, and
-- dim counts behind its first. The gradient is 0.
--   nn.ArgMax(1, 1):forward(torch.Tensor{{1, 5, 2}, {7, 0, 1}})   -- 2, 1
local torch = require 'torch'
local utils = require 'nn.utils'

local ArgMax, parent = torch.class('nn.ArgMax', 'nn.Module')

function ArgMax:__init(dim, nInputDim, asLong)
  parent.__init(self)
  self.dim, self.nInputDim, self.asLong = dim or 1, nInputDim or 9999, asLong ~= false
  if self.asLong then self.output = torch.LongTensor() end
end

function ArgMax:updateOutput(input)
  local dim = input:dim() > self.nInputDim and self.dim + 1 or self.dim
  local _, places = input:max(dim)
  if input:dim() > 1 then places = places:select(dim, 1) end
  self.output = self.asLong and self.output or utils.fit(self.output, input)
  self.output:resize(places:size()):copy(places)
  return self.output
end

function ArgMax:updateGradInput(input)
  self.gradInput = utils.fit(self.gradInput, input):resizeAs(input):zero()
  return self.gradInput
end

--- Places stay a LongTensor.
function ArgMax:type(type, cache)
  local out = parent.type(self, type, cache)
  if type and self.asLong then self.output = torch.LongTensor() end
  return out
end

return ArgMax

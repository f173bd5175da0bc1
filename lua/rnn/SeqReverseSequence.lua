--- nn.SeqReverseSequence(dim): a tensor of up to 3 dimensions with the slices of one in the opposite order.
--   nn.SeqReverseSequence(1):forward(torch.Tensor{1, 2, 3})   -- 3, 2, 1
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F

local SeqReverseSequence, parent = torch.class('nn.SeqReverseSequence', 'nn.Module')

function SeqReverseSequence:__init(dim)
  parent.__init(self)
  if type(dim) ~= 'number' or dim < 1 or dim > 3 then
    errors.fail('SeqReverseSequence: expected a dimension from 1 to 3, got %s', tostring(dim))
  end
  self.dim = dim
end

function SeqReverseSequence:compute(input)
  local n = input:size(self.dim)
  return F.index_select(input, self.dim - 1, torch.range(n, 1, -1):long())
end

return SeqReverseSequence

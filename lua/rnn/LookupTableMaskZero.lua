--- nn.LookupTableMaskZero(nIndex, nOutput): nn.LookupTable for whole numbers from 0 to nIndex; 0 gives a row of zeros,
-- as nn.MaskZero wants for what a sequence is filled up with. The row for i is weight[i + 1].
--   nn.LookupTableMaskZero(10, 4):forward(torch.LongTensor{0, 3})   -- 2x4, the first row 0
local torch = require 'torch'
local op = require 'torch.op'

local LookupTableMaskZero, parent = torch.class('nn.LookupTableMaskZero', 'nn.LookupTable')

function LookupTableMaskZero:__init(nIndex, nOutput) parent.__init(self, nIndex + 1, nOutput) end

-- The places in the weight.
local function shifted(self, input)
  self.weight[1]:zero()
  return input + 1
end

function LookupTableMaskZero:updateOutput(input)
  self.__input = op.unrecorded(shifted, self, input)
  return parent.updateOutput(self, self.__input)
end

function LookupTableMaskZero:accGradParameters(_, gradOutput, scale)
  parent.accGradParameters(self, self.__input, gradOutput, scale)
end

function LookupTableMaskZero:type(type, cache)
  self.__input = nil
  return parent.type(self, type, cache)
end

return LookupTableMaskZero

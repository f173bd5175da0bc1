--- nn.JoinTable(dim[, nInputDims]): joins a table of tensors along a dimension.
-- dim counts from 1, or from the end when it is negative. With nInputDims, inputs that have one dimension more are
-- batches, and dim counts behind the batch's.
--   nn.JoinTable(1):forward{torch.randn(2, 5), torch.randn(3, 5)}   -- 5x5
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local F = require('torch.op').F
local branches = require 'nn.branches'
local inputs = require 'nn.inputs'
local utils = require 'nn.utils'

local JoinTable, parent = torch.class('nn.JoinTable', 'nn.Module')

function JoinTable:__init(dimension, nInputDims)
  parent.__init(self)
  self.dimension, self.nInputDims = dimension, nInputDims
  self.gradInput = {}
end

-- The dimension, counted from 1.
local function dimension_of(self, input)
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) then
    errors.fail('JoinTable: expected a table of tensors, got %s', torch.type(input))
  end
  return inputs.dimension(self, input[1]) + 1
end

function JoinTable:compute(input)
  return F.cat(input, dimension_of(self, input) - 1)
end

-- Both halves are written out: memory is used again, and no tape is needed where the user has none open.
function JoinTable:updateOutput(input)
  return branches.join(self, input, dimension_of(self, input))
end

function JoinTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local parts = branches.slices(self, gradOutput, dimension_of(self, input), input)
  local out = type(self.gradInput) == 'table' and self.gradInput or {}
  for i = 1, #input do
    out[i] = utils.fit(out[i], input[i])
    out[i]:resizeAs(input[i]):copy(parts[i])
  end
  for i = #input + 1, #out do out[i] = nil end
  self.gradInput = out
  return out
end

function JoinTable:type(type, cache)
  if type then self.gradInput = {} end
  return parent.type(self, type, cache)
end

return JoinTable

--- nn.SplitTable(dim[, nInputDims]): the slices of a dimension as a table. dim may count from the end; with nInputDims,
-- an input of one dimension more is a batch, and dim counts behind its first.
--   nn.SplitTable(1):forward(torch.Tensor{{1, 2}, {3, 4}})   -- {1 2, 3 4}
local torch = require 'torch'
local op = require 'torch.op'
local branches = require 'nn.branches'
local inputs = require 'nn.inputs'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local SplitTable, parent = torch.class('nn.SplitTable', 'nn.Module')

function SplitTable:__init(dimension, nInputDims)
  parent.__init(self)
  self.dimension, self.nInputDims = dimension, nInputDims
end

function SplitTable:compute(input)
  local dim, out = inputs.dimension(self, input), {}
  for i = 1, input:size(dim + 1) do out[i] = F.select(input, dim, i - 1) end
  return out
end

-- The slices of x as handles that the module keeps under a name.
local function slices(self, name, x)
  local dim, list = inputs.dimension(self, x) + 1, leaf.list(self, name)
  local count = x:size(dim)
  for i = 1, count do branches.select(self, name, x, dim, i) end
  for i = count + 1, #list do list[i] = nil end
  return list
end

-- Both halves are written out: by the rule of select each slice would go back as a tensor of the input's size. As in
-- Torch7 each forward gives views of its own: code splits input and target by one module.
function SplitTable:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  self.output = self:compute(input)
  return self.output
end

function SplitTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local out = utils.fit(self.gradInput, utils.need_tensor(self, input, 'input')):resizeAs(input)
  utils.need_table(self, gradOutput, 'gradOutput')
  for i, place in ipairs(slices(self, 'places', out)) do place:copy(gradOutput[i]) end
  self.gradInput = out
  return out
end

return SplitTable

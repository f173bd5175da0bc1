--- nn.CAddTable([inplace]): the sum of a table of tensors of equal sizes. inplace: the first one's
-- memory takes the sum.
--   nn.CAddTable():forward{torch.ones(3), torch.ones(3), torch.ones(3)}   -- 3, 3, 3
local torch = require 'torch'
local op = require 'torch.op'
local branches = require 'nn.branches'
local inputs = require 'nn.inputs'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local CAddTable, parent = torch.class('nn.CAddTable', 'nn.Module')

function CAddTable:__init(inplace)
  parent.__init(self)
  self.inplace = inplace
  self.gradInput = {}
end

function CAddTable:compute(input)
  local sum = F.alias(input[1])
  for i = 2, #input do sum = F.add(sum, input[i]) end
  return sum
end

-- Both halves are written out: memory is used again, and no tape is needed where the user has none open.
function CAddTable:updateOutput(input)
  inputs.check_alike(self, input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  local out = leaf.own_output(self, input[1])
  if not self.inplace then return branches.sum(out:set(), input) end
  out:set(input[1])
  for i = 2, #input do out:add(input[i]) end
  return out
end

function CAddTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local out = type(self.gradInput) == 'table' and self.gradInput or {}
  for i = 1, #utils.need_table(self, input, 'input') do
    out[i] = utils.fit(out[i], utils.need_tensor(self, input[i], 'entry ' .. i))
    if self.inplace then out[i]:set(gradOutput) else out[i]:set():resizeAs(input[i]):copy(gradOutput) end
  end
  for i = #input + 1, #out do out[i] = nil end
  self.gradInput = out
  return out
end

return CAddTable

--- nn.CAddTable([inplace]): the sum of a table of tensors of equal sizes. inplace: the first one's
-- memory takes the sum. With the field activation = 'relu' it is max(0, sum).
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
  local sum, last = F.alias(input[1]), #input
  for i = 2, last do sum = F[i == last and self.activation and 'add_relu' or 'add'](sum, input[i]) end
  return last == 1 and self.activation and F.relu(sum) or sum
end

-- out = op(a, b), not recorded
local function run(name, out, a, b)
  local row = op.by_name[name]
  return row.run(row, out, a, b)
end

-- The sum of several in out, rectified while the last is added
local function add_rectified(out, input)
  if #input == 1 then return run('relu', out, input[1]) end
  local sum = input[1]
  for i = 2, #input - 1 do sum = out:add(sum, input[i]) end
  return run('add_relu', out, sum, input[#input])
end

-- Both halves are written out: memory is used again, and no tape is needed where the user has none open.
function CAddTable:updateOutput(input)
  inputs.check_alike(self, input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  local out = leaf.own_output(self, input[1])
  if self.inplace then out:set(input[1]) else out:set() end
  if self.activation then return add_rectified(out, input) end
  if not self.inplace then return branches.sum(out, input) end
  for i = 2, #input do out:add(input[i]) end
  return out
end

function CAddTable:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  local out = type(self.gradInput) == 'table' and self.gradInput or {}
  if self.activation then gradOutput = F.relu_grad(gradOutput, self.output) end
  for i = 1, #utils.need_table(self, input, 'input') do
    out[i] = utils.fit(out[i], utils.need_tensor(self, input[i], 'entry ' .. i))
    if self.inplace then out[i]:set(gradOutput) else out[i]:set():resizeAs(input[i]):copy(gradOutput) end
  end
  for i = #input + 1, #out do out[i] = nil end
  self.gradInput = out
  return out
end

function CAddTable:__tostring__() return torch.type(self) .. (self.activation and ', ' .. self.activation or '') end

return CAddTable

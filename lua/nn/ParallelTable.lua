--- nn.ParallelTable(): runs its i-th module on the i-th entry of the input, a table; the output is a table as well.
--   local pair = nn.ParallelTable():add(nn.Linear(10, 2)):add(nn.Linear(5, 2))   -- {4x10, 4x5} to {4x2, 4x2}
local torch = require 'torch'
local errors = require 'torch.errors'
local utils = require 'nn.utils'

local ParallelTable, parent = torch.class('nn.ParallelTable', 'nn.Container')

function ParallelTable:__init()
  parent.__init(self)
  self.output, self.gradInput = {}, {}
end

local function check(self, input)
  if type(input) ~= 'table' or #input < #self.modules then
    errors.fail('ParallelTable: expected a table of %d inputs, one for each module, got %s', #self.modules,
                type(input) == 'table' and #input or torch.type(input))
  end
end

function ParallelTable:updateOutput(input)
  check(self, input)
  if type(self.output) ~= 'table' then self.output = {} end
  for i, module in ipairs(self.modules) do self.output[i] = module:forward(input[i]) end
  for i = #self.modules + 1, #self.output do self.output[i] = nil end
  return self.output
end

local function back(self, method, input, gradOutput, scale)
  check(self, input)
  utils.need_table(self, gradOutput, 'gradOutput')
  if type(self.gradInput) ~= 'table' then self.gradInput = {} end
  for i, module in ipairs(self.modules) do
    self.gradInput[i] = module[method](module, input[i], gradOutput[i], scale)
  end
  for i = #self.modules + 1, #self.gradInput do self.gradInput[i] = nil end
  return self.gradInput
end

function ParallelTable:updateGradInput(input, gradOutput)
  return back(self, 'updateGradInput', input, gradOutput)
end

function ParallelTable:backward(input, gradOutput, scale)
  return back(self, 'backward', input, gradOutput, scale or 1)
end

function ParallelTable:accGradParameters(input, gradOutput, scale)
  for i, module in ipairs(self.modules) do module:accGradParameters(input[i], gradOutput[i], scale or 1) end
end

function ParallelTable:accUpdateGradParameters(input, gradOutput, lr)
  for i, module in ipairs(self.modules) do module:accUpdateGradParameters(input[i], gradOutput[i], lr) end
end

function ParallelTable:__tostring__() return self:describe_branches() end

return ParallelTable

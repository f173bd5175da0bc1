--- nn.ConcatTable(): runs its modules on the same input; the output is the table of their outputs.
--   local block = nn.Sequential():add(nn.ConcatTable():add(layers):add(nn.Identity())):add(nn.CAddTable())
local torch = require 'torch'
local branches = require 'nn.branches'

local ConcatTable, parent = torch.class('nn.ConcatTable', 'nn.Container')

function ConcatTable:__init()
  parent.__init(self)
  self.output = {}
end

function ConcatTable:updateOutput(input)
  if type(self.output) ~= 'table' then self.output = {} end
  for i, module in ipairs(self.modules) do self.output[i] = module:forward(input) end
  for i = #self.modules + 1, #self.output do self.output[i] = nil end
  return self.output
end

function ConcatTable:updateGradInput(input, gradOutput)
  self.gradInput = branches.back(self, branches.update_grad_input, input, gradOutput)
  return self.gradInput
end

function ConcatTable:backward(input, gradOutput, scale)
  self.gradInput = branches.back(self, branches.backward, input, gradOutput, scale or 1)
  return self.gradInput
end

function ConcatTable:accGradParameters(input, gradOutput, scale)
  for i, module in ipairs(self.modules) do module:accGradParameters(input, gradOutput[i], scale or 1) end
end

function ConcatTable:accUpdateGradParameters(input, gradOutput, lr)
  for i, module in ipairs(self.modules) do module:accUpdateGradParameters(input, gradOutput[i], lr) end
end

function ConcatTable:__tostring__() return self:describe_branches() end

return ConcatTable

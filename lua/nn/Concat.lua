--- nn.Concat(dim): runs its modules on the same input and joins their outputs along a dimension (from 1).
--   local net = nn.Concat(2):add(nn.Linear(5, 3)):add(nn.Linear(5, 7))   -- 4x5 to 4x10
local torch = require 'torch'
local branches = require 'nn.branches'

local Concat, parent = torch.class('nn.Concat', 'nn.Container')

function Concat:__init(dimension)
  parent.__init(self)
  self.dimension = dimension
end

function Concat:updateOutput(input)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module:forward(input) end
  return branches.join(self, outputs, self.dimension)
end

--- The parts of gradOutput that belong to the modules.
function Concat:parts_of(gradOutput)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module.output end
  return branches.slices(self, gradOutput, self.dimension, outputs)
end

function Concat:updateGradInput(input, gradOutput)
  self.gradInput = branches.back(self, branches.update_grad_input, input, self:parts_of(gradOutput))
  return self.gradInput
end

function Concat:backward(input, gradOutput, scale)
  self.gradInput = branches.back(self, branches.backward, input, self:parts_of(gradOutput), scale or 1)
  return self.gradInput
end

function Concat:accGradParameters(input, gradOutput, scale)
  local parts = self:parts_of(gradOutput)
  for i, module in ipairs(self.modules) do module:accGradParameters(input, parts[i], scale or 1) end
end

function Concat:accUpdateGradParameters(input, gradOutput, lr)
  local parts = self:parts_of(gradOutput)
  for i, module in ipairs(self.modules) do module:accUpdateGradParameters(input, parts[i], lr) end
end

function Concat:__tostring__() return self:describe_branches() end

return Concat

--- nn.Concat(dim): runs its modules on the same input and joins their outputs along a dimension (from 1).
--   local net = nn.Concat(2):add(nn.Linear(5, 3)):add(nn.Linear(5, 7))   -- 4x5 to 4x10
local ffi = require 'ffi'
local torch = require 'torch'
local C = require 'torch.ffi'
local memory = require 'torch.memory'
local op = require 'torch.op'
local branches = require 'nn.branches'
local leaf = require 'nn.leaf'

local Concat, parent = torch.class('nn.Concat', 'nn.Container')

local handles = ffi.typeof('mt_tensor *[?]')

function Concat:__init(dimension)
  parent.__init(self)
  self.dimension = dimension
end

-- Joins into self.output, whose memory is used again; JoinTable does the same.
function Concat.join(self, outputs, dim)
  if op.state.tape then return leaf.give(self, op.F.cat(outputs, dim - 1)) end
  local parts = handles(#outputs)
  for i = 1, #outputs do parts[i - 1] = outputs[i] end
  local out = leaf.own_output(self, outputs[1])
  memory.call(C.mt_cat, out, parts, #outputs, dim - 1)
  return out
end

function Concat:updateOutput(input)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module:forward(input) end
  return Concat.join(self, outputs, self.dimension)
end

-- The part of gradOutput that belongs to each module.
local function parts_of(self, gradOutput)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module.output end
  return branches.slices(self, gradOutput, self.dimension, outputs)
end

function Concat:updateGradInput(input, gradOutput)
  self.gradInput = branches.back(self, branches.update_grad_input, input, parts_of(self, gradOutput))
  return self.gradInput
end

function Concat:backward(input, gradOutput, scale)
  self.gradInput = branches.back(self, branches.backward, input, parts_of(self, gradOutput), scale or 1)
  return self.gradInput
end

function Concat:accGradParameters(input, gradOutput, scale)
  local parts = parts_of(self, gradOutput)
  for i, module in ipairs(self.modules) do module:accGradParameters(input, parts[i], scale or 1) end
end

function Concat:accUpdateGradParameters(input, gradOutput, lr)
  local parts = parts_of(self, gradOutput)
  for i, module in ipairs(self.modules) do module:accUpdateGradParameters(input, parts[i], lr) end
end

function Concat:clearState()
  leaf.forget(self)
  branches.forget(self)
  return parent.clearState(self)
end

function Concat:type(type, cache)
  if type then branches.forget(self) end
  return parent.type(self, type, cache)
end

function Concat:__tostring__() return self:describe_branches() end

return Concat

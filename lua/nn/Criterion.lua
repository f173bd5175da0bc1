--- nn.Criterion: a loss. A leaf defines compute(input, target), which gives a tensor of one element; one written by
-- hand defines updateOutput and updateGradInput, as Torch7's do, and is differentiable once.
-- forward gives a number; while the user differentiates a function it gives that tensor.
local torch = require 'torch'
local op = require 'torch.op'
local guest = require 'nn.guest'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local state = op.state

local Criterion = torch.class('nn.Criterion')

function Criterion:__init()
  self.gradInput = torch.Tensor()
  self.output = 0
end

--- The loss of an input for a target.
function Criterion:forward(input, target)
  if state.tape and not self.compute then return guest.criterion(self, input, target) end
  return self:updateOutput(input, target)
end

--- The gradient of the loss by the input.
function Criterion:backward(input, target) return self:updateGradInput(input, target) end

function Criterion:updateOutput(input, target)
  if not self.compute then return self.output end
  local loss = leaf.update_output(self, input, target)
  self.output = state.tape and loss or loss:item()
  return self.output
end

function Criterion:updateGradInput(input, target)
  if not self.compute then return self.gradInput end
  return leaf.update_grad_input(self, input, leaf.one(self, input, target), target)
end

--- criterion(input, target) is criterion:forward(input, target); the gradient comes along as a second value.
function Criterion:__call__(input, target)
  self.output = self:forward(input, target)
  self.gradInput = self:backward(input, target)
  return self.output, self.gradInput
end

function Criterion:clone() return torch.deserialize(torch.serialize(self), {functions = true}) end

--- Converts the criterion's tensors to a type.
function Criterion:type(type, cache)
  if not type then return torch.type(self.gradInput) end
  leaf.forget(self)
  cache = cache or {}
  for key, value in pairs(self) do self[key] = utils.recursiveType(value, type, cache) end
  return self
end

function Criterion:float() return self:type('torch.FloatTensor') end
function Criterion:double() return self:type('torch.DoubleTensor') end
function Criterion:half() return self:type('torch.HalfTensor') end
function Criterion:cuda() return self:type('torch.CudaTensor') end
function Criterion:cudaDouble() return self:type('torch.CudaDoubleTensor') end
function Criterion:cudaHalf() return self:type('torch.CudaHalfTensor') end

function Criterion:__tostring__() return torch.type(self) end

return Criterion

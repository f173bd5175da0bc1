--- nn.Bottle(module[, nInputDim[, nOutputDim]]): lets a module for inputs of nInputDim (2) dimensions, which gives
-- nOutputDim (as many), take inputs of more: the leading ones are seen as one, and come apart again in the output.
--   nn.Bottle(nn.Linear(10, 2)):forward(torch.randn(4, 5, 6, 10))   -- 4x5x6x2
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local branches = require 'nn.branches'
local utils = require 'nn.utils'

local Bottle, parent = torch.class('nn.Bottle', 'nn.Decorator')

function Bottle:__init(module, nInputDim, nOutputDim)
  parent.__init(self, module)
  self.nInputDim = nInputDim or 2
  self.nOutputDim = nOutputDim or self.nInputDim
  self.dimDelta = self.nInputDim - self.nOutputDim
end

-- How many leading dimensions are folded into the first of the module's own, and how many elements they have.
local function folded(self, input)
  utils.need_tensor(self, input, 'input')
  local lead, count = math.max(0, input:dim() - self.nInputDim), 1
  for i = 1, lead do count = count * input:size(i) end
  return lead, count
end

-- The input, and gradOutput if given, as the module takes them.
local function inward(self, input, gradOutput)
  local lead, count = folded(self, input)
  if lead == 0 then return input, gradOutput end
  local size = {}
  for i = 1, self.nInputDim do size[i] = input:size(lead + i) end
  size[1] = size[1] * count
  local g = gradOutput and branches.view(self, 'gradOutput', gradOutput, sizes.table(self.modules[1].output))
  return branches.view(self, 'input', input, size), g
end

function Bottle:updateOutput(input)
  local lead, count = folded(self, input)
  local out = self.modules[1]:forward((inward(self, input)))
  if lead > 0 then
    if out:dim() ~= self.nOutputDim then
      errors.fail('Bottle: expected %d dimensions from the module, got %s', self.nOutputDim, sizes.text(out))
    end
    local size = {}
    for i = 1, lead do size[i] = input:size(i) end
    for i = 1, self.nOutputDim do size[lead + i] = out:size(i) end
    size[lead + 1] = size[lead + 1] / count
    out = branches.view(self, 'output', out, size)
  end
  self.output = out
  return out
end

function Bottle:updateGradInput(input, gradOutput)
  local g = self.modules[1]:updateGradInput(inward(self, input, gradOutput))
  if g and folded(self, input) > 0 then g = branches.view(self, 'gradInput', g, sizes.table(input)) end
  self.gradInput = g
  return g
end

function Bottle:accGradParameters(input, gradOutput, scale)
  local x, g = inward(self, input, gradOutput)
  self.modules[1]:accGradParameters(x, g, scale)
end

function Bottle:accUpdateGradParameters(input, gradOutput, lr)
  local x, g = inward(self, input, gradOutput)
  self.modules[1]:accUpdateGradParameters(x, g, lr)
end

return Bottle

--- nn.Parallel(inputDimension, outputDimension): runs its i-th module on the i-th slice of a dimension of the input,
-- and joins the outputs along another one.
--   local pair = nn.Parallel(2, 1):add(nn.Linear(4, 3)):add(nn.Linear(4, 3))   -- 5x2x4 to 10x3
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local branches = require 'nn.branches'
local utils = require 'nn.utils'

local Parallel, parent = torch.class('nn.Parallel', 'nn.Container')

function Parallel:__init(inputDimension, outputDimension)
  parent.__init(self)
  self.inputDimension, self.outputDimension = inputDimension, outputDimension
end

-- How many modules there is an input for.
local function count_of(self, input)
  utils.need_tensor(self, input, 'input')
  local count = input:size(sizes.dim('Parallel', input, self.inputDimension) + 1)
  if count > #self.modules then
    errors.fail('Parallel: %d modules for the %d slices of %s', #self.modules, count, sizes.text(input))
  end
  return count
end

local function slice(self, name, x, i) return branches.select(self, name, x, self.inputDimension, i) end

function Parallel:updateOutput(input)
  local outputs = {}
  for i = 1, count_of(self, input) do outputs[i] = self.modules[i]:forward(slice(self, 'input', input, i)) end
  return branches.join(self, outputs, self.outputDimension)
end

-- The parts of gradOutput, one for each module that ran.
local function parts_of(self, input, gradOutput)
  local outputs = {}
  for i = 1, count_of(self, input) do outputs[i] = self.modules[i].output end
  return branches.slices(self, gradOutput, self.outputDimension, outputs), #outputs
end

function Parallel:updateGradInput(input, gradOutput)
  local parts, count = parts_of(self, input, gradOutput)
  local out = utils.fit(self.gradInput, input):resizeAs(input)
  for i = 1, count do
    local g = self.modules[i]:updateGradInput(slice(self, 'input', input, i), parts[i])
    slice(self, 'gradInput', out, i):copy(g)
  end
  self.gradInput = out
  return out
end

function Parallel:accGradParameters(input, gradOutput, scale)
  local parts, count = parts_of(self, input, gradOutput)
  for i = 1, count do
    self.modules[i]:accGradParameters(slice(self, 'input', input, i), parts[i], scale or 1)
  end
end

function Parallel:accUpdateGradParameters(input, gradOutput, lr)
  local parts, count = parts_of(self, input, gradOutput)
  for i = 1, count do self.modules[i]:accUpdateGradParameters(slice(self, 'input', input, i), parts[i], lr) end
end

function Parallel:__tostring__() return self:describe_branches() end

return Parallel

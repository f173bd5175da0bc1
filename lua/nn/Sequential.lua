--- nn.Sequential: modules one after another.
--   local net = nn.Sequential():add(nn.Linear(10, 20)):add(nn.Tanh()):add(nn.Linear(20, 2))
local torch = require 'torch'
local errors = require 'torch.errors'
local leaf = require 'nn.leaf'

local Sequential = torch.class('nn.Sequential', 'nn.Container')

--- Puts a module in at a place (default: the end).
function Sequential:insert(module, index)
  index = index or #self.modules + 1
  if index < 1 or index > #self.modules + 1 then
    errors.fail('insert: place %s is outside 1..%d', tostring(index), #self.modules + 1)
  end
  table.insert(self.modules, index, module)
end

--- Takes the module at a place (default: the last) out.
function Sequential:remove(index)
  index = index or #self.modules
  if index < 1 or index > #self.modules then
    errors.fail('remove: place %s is outside 1..%d', tostring(index), #self.modules)
  end
  return table.remove(self.modules, index)
end

function Sequential:updateOutput(input)
  local x = input
  for i = 1, #self.modules do x = self.modules[i]:forward(x) end
  self.output = x
  return x
end

-- Goes back over the modules; step(module, input, gradOutput) gives the gradient by the input. drops: gradients by
-- inputs are let go of when the module before has read them.
local function back(self, input, gradOutput, step, scale, drops)
  local modules, g = self.modules, gradOutput
  for i = #modules, 1, -1 do
    g = step(modules[i], i > 1 and modules[i - 1].output or input, g, scale)
    if drops and i < #modules then leaf.drop_gradients(modules[i + 1], gradOutput, g) end
  end
  return g
end

local function backward(module, input, gradOutput, scale) return module:backward(input, gradOutput, scale) end
local function update_grad_input(module, input, gradOutput) return module:updateGradInput(input, gradOutput) end

local function accumulate(module, input, gradOutput, scale)
  module:accGradParameters(input, gradOutput, scale)
  return module.gradInput
end

local function accumulate_update(module, input, gradOutput, rate)
  module:accUpdateGradParameters(input, gradOutput, rate)
  return module.gradInput
end

function Sequential:updateGradInput(input, gradOutput)
  self.gradInput = back(self, input, gradOutput, update_grad_input)
  return self.gradInput
end

function Sequential:accGradParameters(input, gradOutput, scale)
  back(self, input, gradOutput, accumulate, scale or 1)
end

function Sequential:accUpdateGradParameters(input, gradOutput, rate)
  back(self, input, gradOutput, accumulate_update, rate)
end

function Sequential:backward(input, gradOutput, scale)
  self.gradInput = back(self, input, gradOutput, backward, scale or 1, self.dropsGradInputs)
  return self.gradInput
end

function Sequential:__tostring__() return self:describe_chain() end

return Sequential

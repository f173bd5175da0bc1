--- nn.Repeater(module, rho): gives the same input to a recurrent module rho times; the output is the table of its
-- outputs.
--   nn.Repeater(nn.LSTM(10, 20), 5):forward(torch.randn(3, 10))   -- 5 tensors 3x20
local torch = require 'torch'
local errors = require 'torch.errors'
local op = require 'torch.op'
local nested = require 'rnn.nested'

local state = op.state

local Repeater, parent = torch.class('nn.Repeater', 'nn.AbstractSequencer')

function Repeater:__init(module, rho)
  parent.__init(self)
  if type(rho) ~= 'number' then errors.fail('Repeater: expected a number of steps, got %s', torch.type(rho)) end
  self.rho = rho
  self.module = torch.isTypeOf(module, 'nn.AbstractRecurrent') and module or nn.Recursor(module)
  self.module:maxBPTTstep(rho)
  self.modules[1] = self.module
  self.output = {}
end

function Repeater:updateOutput(input)
  self.module = self.module or self.rnn   -- the name in files of 2015
  self.module:forget()
  local kept = type(self.output) == 'table' and not state.tape and self.output or {}
  for step = 1, self.rho do
    local out = self.module:forward(input)
    kept[step] = state.tape and out or nested.recursiveCopy(kept[step], out)
  end
  for step = self.rho + 1, #kept do kept[step] = nil end
  self.output = kept
  return self.output
end

local function check(self, gradOutput)
  if self.module.step - 1 ~= self.rho then
    errors.fail('Repeater: the module has done %d steps instead of %d', self.module.step - 1, self.rho)
  end
  if type(gradOutput) ~= 'table' or #gradOutput ~= self.rho then
    errors.fail('Repeater: expected a table of %d gradients, got %s', self.rho,
                type(gradOutput) == 'table' and #gradOutput or torch.type(gradOutput))
  end
end

function Repeater:updateGradInput(input, gradOutput)
  check(self, gradOutput)
  for step = self.rho, 1, -1 do
    local g = self.module:updateGradInput(input, gradOutput[step])
    if step == self.rho then
      self.gradInput = nested.recursiveCopy(self.gradInput, g)
    else
      nested.recursiveAdd(self.gradInput, g)
    end
  end
  return self.gradInput
end

function Repeater:accGradParameters(input, gradOutput, scale)
  check(self, gradOutput)
  for step = self.rho, 1, -1 do self.module:accGradParameters(input, gradOutput[step], scale) end
end

function Repeater:maxBPTTstep(rho)
  self.rho = rho
  self.module:maxBPTTstep(rho)
end

function Repeater:__tostring__()
  return ('%s {\n  [input, ..., input]\n  %s\n  [output(1), ..., output(%d)]\n}'):format(
    torch.type(self), (tostring(self.modules[1]):gsub('\n', '\n  ')), self.rho)
end

return Repeater

--- nn.Sequencer(module): runs a module over a sequence: a table with an entry for each step, or a tensor with a slice
-- for each, T×N×…; the output is of the same kind. A module without memory of its own is decorated by nn.Recursor.
--   nn.Sequencer(nn.LSTM(10, 20)):forward(torch.randn(7, 3, 10))   -- 7x3x20
local torch = require 'torch'
local errors = require 'torch.errors'
local sequences = require 'rnn.sequences'

local Sequencer, parent = torch.class('nn.Sequencer', 'nn.AbstractSequencer')

function Sequencer:__init(module)
  parent.__init(self)
  if not torch.isTypeOf(module, 'nn.Module') then
    errors.fail('Sequencer: expected a module, got %s', torch.type(module))
  end
  self.module = torch.isTypeOf(module, 'nn.AbstractRecurrent') and module or nn.Recursor(module)
  self.modules = {self.module}
  self.output, self.gradInput = {}, {}
  self._remember = 'neither'
end

function Sequencer:updateOutput(input)
  local module = self.module
  module:maxBPTTstep(sequences.length('Sequencer', input))
  if not self:hasMemory() then module:forget() end
  local function take(i) return module:forward(input[i]) end
  if self.train == false then   -- all steps share the module's memory then
    self.copies = sequences.collect_copies(self.copies, input, take)
    self.output = self.copies
  else
    self.output = sequences.collect(self.output, input, take)
  end
  return self.output
end

function Sequencer:updateGradInput(input, gradOutput)
  sequences.check_alike('Sequencer', input, gradOutput, 'gradOutput')
  local module = self.module
  self.gradInput = sequences.collect_back(self.gradInput, input, function(i)
    return module:updateGradInput(input[i], gradOutput[i])
  end)
  return self.gradInput
end

function Sequencer:accGradParameters(input, gradOutput, scale)
  for i = sequences.check_alike('Sequencer', input, gradOutput, 'gradOutput'), 1, -1 do
    self.module:accGradParameters(input[i], gradOutput[i], scale)
  end
end

function Sequencer.accUpdateGradParameters()
  errors.fail('Sequencer: steps share their parameters: use accGradParameters and updateParameters')
end

function Sequencer:clearState()
  self.output, self.gradInput, self.copies = {}, {}, nil
  self.module:clearState()
  return self
end

Sequencer.__tostring__ = torch.getmetatable('nn.Decorator').__tostring__

return Sequencer

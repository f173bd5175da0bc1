--- nn.SequencerCriterion(criterion[, sizeAverage]): the sum of a criterion over the steps of a sequence; input and
-- target are both tables with an entry for each step, or tensors with a slice for each. sizeAverage: their mean.
--   nn.SequencerCriterion(nn.ClassNLLCriterion()):forward(outputs, targets)
local torch = require 'torch'
local errors = require 'torch.errors'
local sequences = require 'rnn.sequences'
local step_losses = require 'rnn.step_losses'

local SequencerCriterion, parent = torch.class('nn.SequencerCriterion', 'nn.Criterion')

function SequencerCriterion:__init(criterion, sizeAverage)
  parent.__init(self)
  if torch.isTypeOf(criterion, 'nn.ModuleCriterion') then
    errors.fail('SequencerCriterion: nn.ModuleCriterion goes around this one, and its modules into nn.Sequencer')
  end
  self.criterion, self.sizeAverage = criterion, sizeAverage or false
  self.clones, self.gradInput = {}, {}
end

SequencerCriterion.getStepCriterion = step_losses.criterion

-- The share of each step.
local function share(self, n) return self.sizeAverage and 1 / n or 1 end

function SequencerCriterion:compute(input, target)
  local n = sequences.check_alike('SequencerCriterion', input, target, 'the target')
  return step_losses.compute(self, input, function(i) return target[i] end, share(self, n))
end

SequencerCriterion.updateOutput = step_losses.updateOutput

function SequencerCriterion:updateGradInput(input, target)
  local n = sequences.check_alike('SequencerCriterion', input, target, 'the target')
  return step_losses.backward(self, input, function(i) return target[i] end, share(self, n))
end

return SequencerCriterion

--- nn.RepeaterCriterion(criterion): the sum of a criterion over the steps of a sequence, a table or a tensor, all with
-- the same target.
local torch = require 'torch'
local step_losses = require 'rnn.step_losses'

local RepeaterCriterion, parent = torch.class('nn.RepeaterCriterion', 'nn.Criterion')

function RepeaterCriterion:__init(criterion)
  parent.__init(self)
  self.criterion, self.clones, self.gradInput = criterion, {}, {}
end

RepeaterCriterion.getStepCriterion = step_losses.criterion

function RepeaterCriterion:compute(input, target)
  return step_losses.compute(self, input, function() return target end, 1)
end

RepeaterCriterion.updateOutput = step_losses.updateOutput

function RepeaterCriterion:updateGradInput(input, target)
  return step_losses.backward(self, input, function() return target end, 1)
end

return RepeaterCriterion

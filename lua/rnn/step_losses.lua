--- What criteria over the steps of a sequence share. Each step has a clone of self.criterion.
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sequences = require 'rnn.sequences'

local step_losses = {}

--- The criterion of a step, made when it is needed.
function step_losses.criterion(self, step)
  if type(step) ~= 'number' then errors.fail('getStepCriterion: expected a step, got %s', tostring(step)) end
  self.clones[step] = self.clones[step] or self.criterion:clone()
  return self.clones[step]
end

--- share times the sum of the steps' losses: a number, or a tensor on the user's tape. target(i) gives a step's target.
function step_losses.compute(self, input, target, share)
  local sum
  for i = 1, sequences.length('criterion', input) do
    local loss = self:getStepCriterion(i):forward(input[i], target(i))
    sum = sum and sum + loss or loss
  end
  return (sum or 0) * share
end

--- For classes whose compute serves also a tape that the user has open: the steps do their work by themselves.
function step_losses.updateOutput(self, input, target)
  self.output = self:compute(input, target)
  return self.output
end

local function scale(x, share)
  if handle.is_tensor(x) then return x:mul(share) end
  for _, v in pairs(x) do scale(v, share) end
  return x
end

--- share times the steps' gradients, as self.gradInput.
function step_losses.backward(self, input, target, share)
  self.gradInput = sequences.collect(self.gradInput, input, function(i)
    local g = self:getStepCriterion(i):backward(input[i], target(i))
    return share == 1 and g or scale(g, share)
  end)
  return self.gradInput
end

return step_losses

--- Criteria made of criteria: nn.MultiCriterion, nn.ParallelCriterion, nn.ModuleCriterion. compute serves
-- also a tape that the user has open; the parts do their work by themselves, so that each has its own output and
-- gradInput as in Torch7.
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local losses = require 'nn.losses'
local utils = require 'nn.utils'

local function check(self, part)
  if type(part) ~= 'table' or not part.updateOutput then
    errors.fail('%s: expected a criterion, got %s', losses.name(self), torch.type(part))
  end
  return part
end

-- A loss is a number, or a tensor on the user's tape.
local function weighted(sum, weight, loss)
  if type(loss) == 'number' then return (sum or 0) + weight * loss end
  loss = F.mul(loss, weight)
  return sum and F.add(sum, loss) or loss
end

-- Makes to (a tensor, a table of tensors, or nil) zeros of the structure and type of from.
local function zeros_like(to, from)
  if torch.isTensor(from) then return utils.fit(to, from):resizeAs(from):zero() end
  if type(from) ~= 'table' then errors.fail('expected tensors as inputs of a criterion, got %s', torch.type(from)) end
  local out = type(to) == 'table' and to or {}
  for i = 1, math.max(#out, #from) do out[i] = from[i] and zeros_like(out[i], from[i]) end
  return out
end

-- -- Sums of criteria -------------------------------------------------------------------------------------------

--- nn.MultiCriterion(): the weighted sum of criteria that all get the same input and target.
--   nn.MultiCriterion():add(nn.MSECriterion(), 0.5):add(nn.AbsCriterion())
local Multi, parent = torch.class('nn.MultiCriterion', 'nn.Criterion')

function Multi:__init()
  parent.__init(self)
  self.criterions, self.weights = {}, torch.DoubleStorage()
end

--- Adds a criterion with a weight (1); gives the sum, so that calls chain.
function Multi:add(criterion, weight)
  local n = #self.criterions + 1
  self.criterions[n] = check(self, criterion)
  self.weights:resize(n)
  self.weights[n] = weight or 1
  return self
end

function Multi:compute(input, target)
  local sum
  for i, criterion in ipairs(self.criterions) do
    sum = weighted(sum, self.weights[i], criterion:forward(input, target))
  end
  return sum or 0
end

function Multi:updateOutput(input, target)
  self.output = self:compute(input, target)
  return self.output
end

function Multi:updateGradInput(input, target)
  self.gradInput = zeros_like(self.gradInput, input)
  for i, criterion in ipairs(self.criterions) do
    utils.recursiveAdd(self.gradInput, self.weights[i], criterion:updateGradInput(input, target))
  end
  return self.gradInput
end

--- nn.ParallelCriterion([repeatTarget]): the weighted sum of criteria, the i-th of which gets input[i] and target[i];
-- with repeatTarget all get the whole target.
local Parallel = torch.class('nn.ParallelCriterion', 'nn.Criterion')

function Parallel:__init(repeatTarget)
  parent.__init(self)
  self.criterions, self.weights, self.gradInput, self.repeatTarget = {}, {}, {}, repeatTarget
end

--- Adds a criterion with a weight (1); gives the sum, so that calls chain.
function Parallel:add(criterion, weight)
  local n = #self.criterions + 1
  self.criterions[n], self.weights[n] = check(self, criterion), weight or 1
  return self
end

local function check_parts(self, input, target)
  for i = 1, self.repeatTarget and 1 or 2 do
    local x = i == 1 and input or i == 2 and target
    if type(x) ~= 'table' or #x < #self.criterions then
      errors.fail('ParallelCriterion: expected tables of %d inputs and targets, got %s', #self.criterions,
                  type(x) == 'table' and #x or x and torch.type(x) or 'nothing')
    end
  end
end

local function target_of(self, target, i)
  if self.repeatTarget then return target end
  return target[i]
end

function Parallel:compute(input, target)
  check_parts(self, input, target)
  local sum
  for i, criterion in ipairs(self.criterions) do
    sum = weighted(sum, self.weights[i], criterion:forward(input[i], target_of(self, target, i)))
  end
  return sum or 0
end

Parallel.updateOutput = Multi.updateOutput

function Parallel:updateGradInput(input, target)
  check_parts(self, input, target)
  self.gradInput = zeros_like(self.gradInput, input)
  for i, criterion in ipairs(self.criterions) do
    utils.recursiveAdd(self.gradInput[i], self.weights[i],
                       criterion:updateGradInput(input[i], target_of(self, target, i)))
  end
  return self.gradInput
end

-- -- With modules -----------------------------------------------------------------------------------------------

--- nn.ModuleCriterion(criterion[, inputModule[, targetModule[, castTarget]]]): a criterion of what modules make of the
-- input and of the target. The modules' parameters are not the criterion's. castTarget false: type conversions leave
-- targetModule as it is.
local ModuleCriterion = torch.class('nn.ModuleCriterion', 'nn.Criterion')

function ModuleCriterion:__init(criterion, inputModule, targetModule, castTarget)
  parent.__init(self)
  self.criterion = check(self, criterion)
  self.inputModule, self.targetModule, self.castTarget = inputModule, targetModule, castTarget ~= false
  local parameters = inputModule and inputModule:parameters()
  if parameters and #parameters > 0 then
    print('Warning: nn.ModuleCriterion does not update the parameters of its input module')
  end
end

function ModuleCriterion:compute(input, target)
  self.input = self.inputModule and self.inputModule:forward(input) or nil
  self.target = self.targetModule and self.targetModule:forward(target) or nil
  return self.criterion:forward(self.input or input, self.target or target)
end

ModuleCriterion.updateOutput = Multi.updateOutput

function ModuleCriterion:updateGradInput(input, target)
  local g = self.criterion:backward(self.input or input, self.target or target)
  self.gradInput = self.inputModule and self.inputModule:backward(input, g) or g
  return self.gradInput
end

function ModuleCriterion:type(type, cache)
  local kept = not self.castTarget and self.targetModule
  if type and kept then self.targetModule = nil end
  local result = parent.type(self, type, cache)
  if kept then self.targetModule = kept end
  return result
end

return {Multi = Multi, Parallel = Parallel, Module = ModuleCriterion}

--- Criteria that reward: nn.VRClassReward, nn.BinaryClassReward. Their input is {scores, baseline}: a sample is worth
-- scale (1) when its class is found, else 0. Going back, they hand each sample's reward minus its baseline to a module
-- (reinforce), so that its variance is less; the scores get no gradient, and the baseline learns to foresee the reward
-- by a criterion of its own (nn.MSECriterion unless given).
-- Source: Mnih et al., "Recurrent Models of Visual Attention", 2014 (arXiv:1406.6247).
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local utils = require 'nn.utils'

local is_tensor = handle.is_tensor

-- A class of such criteria; found(self, scores, target) gives a mask of the samples whose class was found, and a batch
-- of one sample may lack its first dimension where is_loose.
local function class(name, found, is_loose)
  local Reward, parent = torch.class(name, 'nn.Criterion')
  local short = name:match('[^%.]+$')

  function Reward:__init(module, scale, criterion)
    parent.__init(self)
    if not torch.isTypeOf(module, 'nn.Module') then
      errors.fail('%s: expected a module to reward, got %s', short, torch.type(module))
    end
    self.module, self.scale, self.criterion = module, scale or 1, criterion or nn.MSECriterion()
    self.sizeAverage = true
    self.gradInput = {torch.Tensor()}
  end

  local function parts(self, input)
    if type(input) ~= 'table' or not is_tensor(input[1]) or not is_tensor(input[2]) then
      errors.fail('%s: expected {scores, baseline}, got %s', short, torch.type(input))
    end
    if not is_loose then return input[1], input[2] end
    return self:toBatch(input[1], 1), self:toBatch(input[2], 1)
  end

  --- Minus the mean reward (the sum when sizeAverage is false).
  function Reward:updateOutput(input, target)
    local scores = is_loose and self:toBatch(input[1], 1) or input[1]
    local mask = found(short, scores, target)
    self.reward = utils.fit(self.reward, scores)
    self.reward:resize(mask:nElement()):copy(mask):mul(self.scale)
    self.output = -(self.sizeAverage and self.reward:mean() or self.reward:sum())
    return self.output
  end

  function Reward:updateGradInput(input)
    local scores, baseline = parts(self, input)
    self.vrReward = utils.fit(self.vrReward, self.reward)
    self.vrReward:resizeAs(self.reward):copy(self.reward):add(-1, baseline)
    if self.sizeAverage then self.vrReward:div(scores:size(1)) end
    self.module:reinforce(self.vrReward)
    self.gradInput[1] = utils.fit(self.gradInput[1], scores)
    self.gradInput[1]:resizeAs(input[1]):zero()
    self.criterion:forward(baseline, self.reward)
    self.gradInput[2] = self.criterion:backward(baseline, self.reward):viewAs(input[2])
    return self.gradInput
  end

  --- The module that is rewarded belongs to a net, which converts it.
  function Reward:type(type, cache)
    local module = self.module
    self.module = nil
    local out = parent.type(self, type, cache)
    self.module = module
    return out
  end

  return Reward
end

local function check(name, target, n)
  if not is_tensor(target) or target:nElement() ~= n then
    errors.fail('%s: expected %d targets as a tensor, got %s', name, n,
                is_tensor(target) and target:nElement() or torch.type(target))
  end
end

--- nn.VRClassReward(module[, scale[, criterion]]): scores N×C, targets from 1 on; the greatest score is the class
-- found.
--   nn.Sequential():add(glimpses):add(nn.ConcatTable():add(classifier):add(baseline))   -- gives {scores, baseline}
class('nn.VRClassReward', function(name, scores, target)
  check(name, target, scores:size(1))
  local _, places = scores:max(2)
  return places:view(-1):eq(target:long():view(-1))
end, true)

--- nn.BinaryClassReward(module[, scale[, criterion]]): a score and a target, 0 or 1, for each sample; scores above 0.5
-- find 1.
class('nn.BinaryClassReward', function(name, scores, target)
  if scores:dim() ~= 1 then errors.fail('%s: expected the scores as a vector', name) end
  check(name, target, scores:nElement())
  return scores:gt(0.5):eq(target:byte():view(-1))
end)

--- nn.losses: what criteria share: their name in errors, checks of input and target, the mean or the sum of a loss.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'

local is_tensor = handle.is_tensor

local losses = {}

--- The criterion's class as errors say it, without the package.
function losses.name(criterion) return torch.type(criterion):match('[^%.]+$') end

--- Refuses x where a tensor is wanted.
function losses.check(criterion, x)
  if not is_tensor(x) then errors.fail('%s: expected a tensor, got %s', losses.name(criterion), torch.type(x)) end
  return x
end

--- Refuses an input and a target that are not tensors of as many elements.
function losses.check_alike(criterion, input, target)
  losses.check(criterion, input)
  losses.check(criterion, target)
  if input:nElement() ~= target:nElement() then
    errors.fail('%s: input has sizes %s, target %s', losses.name(criterion), sizes.text(input), sizes.text(target))
  end
end

--- Refuses an input that is not a table of count tensors with as many elements each.
function losses.check_table(criterion, input, count)
  if type(input) ~= 'table' or #input ~= count then
    errors.fail('%s: expected a table of %d tensors, got %s', losses.name(criterion), count,
                type(input) == 'table' and #input or torch.type(input))
  end
  for i = 1, count do losses.check_alike(criterion, input[1], input[i]) end
end

--- The weights that a criterion was given: nil, or a vector.
function losses.check_weights(criterion, weights)
  if weights == nil or is_tensor(weights) and weights:dim() == 1 then return weights end
  return errors.fail('%s: expected the weights as a vector, got %s', losses.name(criterion),
                     is_tensor(weights) and sizes.text(weights) or torch.type(weights))
end

--- The mean of the terms, or their sum where sizeAverage is false.
function losses.reduce(criterion, terms)
  return criterion.sizeAverage == false and F.sum(terms, 0) or F.mean(terms, 0)
end

--- The sum of the terms, divided by count unless sizeAverage is false.
function losses.share(criterion, terms, count)
  local sum = F.sum(terms, 0)
  return criterion.sizeAverage == false and sum or F.div(sum, count)
end

--- Labels 1 and −1 as a tensor of model's type; they may be given as one number.
function losses.labels(criterion, y, model)
  if type(y) == 'number' then return leaf.buffer(criterion, 'labels', model):resize(1):fill(y) end
  losses.check(criterion, y)
  return y
end

return losses

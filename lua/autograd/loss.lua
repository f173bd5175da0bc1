--- autograd.loss: losses as functions of a model's output and a target, written with torch's ops. Most give the output
-- as it enters the loss too, as a second result.
local torch = require 'torch'
local op = require 'torch.op'
local util = require 'autograd.util'

local F = op.F

local loss = {}

local function minus_sum(x) return -torch.sum(x) end

-- The logarithm of the probability of targets between 0 and 1.
local function log_likelihood(p, target)
  return F.add(F.mul(target, F.log(p)), F.mul(F.sub(1, target), F.log(F.sub(1, p))))
end

--- loss.logMultinomialLoss(out, target): out holds logarithms of probabilities, target ones and zeros of its sizes.
function loss.logMultinomialLoss(out, target) return minus_sum(F.mul(out, target)) end

--- loss.logBCELoss(out, target[, p]): out holds probabilities, to which the small number p is added.
function loss.logBCELoss(out, target, p)
  return minus_sum(log_likelihood(p and F.add(out, p) or out, target))
end

--- loss.crossEntropy(out, target): softmax over all of out, and the likelihood of target, ones and zeros.
function loss.crossEntropy(out, target)
  local logs = util.logSoftMax(out)
  return minus_sum(F.mul(logs, target)), logs
end

--- loss.binaryCrossEntropy(out, target): a sigmoid over each element of out, kept away from 0 and 1 by 1e-6.
function loss.binaryCrossEntropy(out, target)
  local edge = 1e-6
  local p = F.add(F.mul(F.sigmoid(out), 1 - 2 * edge), edge)
  return minus_sum(log_likelihood(p, target)), p
end

--- loss.leastSquares(out, target): the sum of the squared differences.
function loss.leastSquares(out, target)
  return torch.sum(F.square(F.sub(out, target))), out
end

--- loss.margin(out, target[, margin]): how far each output of target 1 fails to lie above each of target 0 by the
-- margin (1), added up.
function loss.margin(out, target, margin)
  local above, below = out:maskedSelect(torch.eq(target, 1)), out:maskedSelect(torch.eq(target, 0))
  local gaps = F.sub(F.unsqueeze(above, 1), F.unsqueeze(below, 0))
  return torch.sum(F.relu(F.sub(margin or 1, gaps))), out
end

return loss

--- Criteria for classes and probabilities: nn.ClassNLLCriterion, nn.SpatialClassNLLCriterion,
-- nn.CrossEntropyCriterion, nn.BCECriterion, nn.MultiLabelSoftMarginCriterion, nn.DistKLDivCriterion, and from after
-- Torch7 nn.FocalCriterion and nn.GaussianKLCriterion.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local op = require 'torch.op'
local LogSoftMax = require('nn.activations').LogSoftMax
local leaf = require 'nn.leaf'
local losses = require 'nn.losses'
local targets = require 'nn.targets'

local F = op.F

-- -- Negative log-likelihood ------------------------------------------------------------------------------------

--- nn.ClassNLLCriterion([weights[, sizeAverage[, ignoreIndex]]]): −logp[target] of a vector of log-probabilities, or
-- the mean over the rows of a matrix of them (the sum when sizeAverage is false). The target is a class from 1, or a
-- tensor of them. weights: a vector with a weight for each class; the mean is then weighted. Rows whose target is
-- ignoreIndex (−100) do not count.
--   nn.ClassNLLCriterion():forward(nn.LogSoftMax():forward(torch.randn(4, 3)), torch.LongTensor{1, 3, 2, 1})
local NLL, parent = torch.class('nn.ClassNLLCriterion', 'nn.Criterion')

function NLL:__init(weights, sizeAverage, ignoreIndex)
  parent.__init(self)
  self.weights, self.sizeAverage = losses.check_weights(self, weights), sizeAverage ~= false
  self.ignoreIndex = ignoreIndex or -100
end

--- The sizes of the weights, or 0.
function NLL:__len() return self.weights and self.weights:size() or 0 end

-- How much each target counts, of the places' sizes; nil where all count 1.
local function counts(owner, weights, places, mask, logp)
  if not weights and not mask then return nil end
  local rows = weights and targets.weights(owner, weights, places) or
               leaf.buffer(owner, 'rows', logp):resizeAs(places):fill(1)
  return mask and F.where(mask, rows, 0) or rows
end

-- The sum over the targets of what each row gives; an ignored row may hold −∞, so it is left out before it is weighted.
local function sum_of(terms, mask, rows)
  if mask then terms = F.where(mask, terms, 0) end
  return F.sum(rows and F.mul(terms, rows) or terms, 0)
end

-- Label smoothing's share: the sum over all classes, each with its weight.
local function sum_of_all(logp, mask, weights)
  if weights then logp = F.mul(logp, targets.along_classes(weights, logp)) end
  return sum_of(F.sum(logp, 2), mask)
end

-- The loss of log-probabilities N×C×…. owner: whose buffers are used; settings: weights, sizeAverage, ignoreIndex.
local function nll(owner, settings, logp, target, smoothing)
  local weights, classes = settings.weights, logp:size(2)
  targets.check_weights(owner, weights, classes)
  local places, mask = targets.of_scores(owner, target, logp, settings.ignoreIndex or -100)
  local rows = counts(owner, weights, places, mask, logp)
  local sum = sum_of(F.gather(logp, 1, places), mask, rows)
  if smoothing and smoothing > 0 then
    sum = F.add(F.mul(sum, 1 - smoothing), F.mul(sum_of_all(logp, mask, weights), smoothing / classes))
  end
  local total = settings.sizeAverage == false and 1 or rows and F.sum(rows, 0):item() or places:nElement()
  return F.mul(sum, total ~= 0 and -1 / total or 0)
end

function NLL:compute(input, target)
  -- as in Torch7, the first of several targets for one vector counts
  if input:dim() == 1 and torch.isTensor(target) and target:dim() == 1 then target = target:narrow(1, 1, 1) end
  return nll(self, self, targets.as_rows(self, input), target)
end

--- nn.SpatialClassNLLCriterion([weights[, sizeAverage]]): nn.ClassNLLCriterion at each place of N×C×H×W
-- log-probabilities; the targets are N×H×W.
local SpatialNLL = torch.class('nn.SpatialClassNLLCriterion', 'nn.ClassNLLCriterion')

function SpatialNLL:compute(input, target)
  return nll(self, self, targets.as_rows(self, input, 4), target)
end

-- -- Cross-entropy ----------------------------------------------------------------------------------------------

--- nn.CrossEntropyCriterion([weights[, sizeAverage[, ignoreIndex[, labelSmoothing]]]]): nn.LogSoftMax and
-- nn.ClassNLLCriterion in one. labelSmoothing (0): the share of the probability that all classes get in equal parts,
-- the target's rest being 1 − labelSmoothing; with weights, each class's part counts with its weight.
-- Source of label smoothing: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015
-- (arXiv:1512.00567).
--   nn.CrossEntropyCriterion():forward(torch.randn(4, 3), torch.LongTensor{1, 3, 2, 1})
local CrossEntropy = torch.class('nn.CrossEntropyCriterion', 'nn.Criterion')

function CrossEntropy:__init(weights, sizeAverage, ignoreIndex, labelSmoothing)
  parent.__init(self)
  if labelSmoothing and not (labelSmoothing >= 0 and labelSmoothing <= 1) then
    errors.fail('CrossEntropyCriterion: expected 0 to 1 for labelSmoothing, got %s', tostring(labelSmoothing))
  end
  self.lsm, self.nll = LogSoftMax.new(), NLL.new(weights, sizeAverage, ignoreIndex)
  self.sizeAverage, self.labelSmoothing = self.nll.sizeAverage, labelSmoothing or 0
  self.oldSizeAverage = self.sizeAverage
end

function CrossEntropy:compute(input, target)
  -- sizeAverage may be set here or, as old code does, in nll
  if self.sizeAverage ~= self.oldSizeAverage then self.nll.sizeAverage = self.sizeAverage end
  self.oldSizeAverage = self.sizeAverage
  losses.check(self, input)
  local rows = targets.as_rows(self, input:dim() > 2 and F.squeeze(input, -1) or input)
  return nll(self, self.nll, F.log_softmax(rows, 1), target, self.labelSmoothing)
end

-- -- Probabilities ----------------------------------------------------------------------------------------------

local tiny = 1e-12   -- keeps logarithms finite

-- The weights of a vector, or of each row of a matrix.
local function weigh(self, terms)
  if not self.weights then return terms end
  targets.check_weights(self, self.weights, terms:size(terms:dim()))
  return F.mul(terms, self.weights)
end

local function init_weighted(self, weights, sizeAverage)
  parent.__init(self)
  self.weights, self.sizeAverage = losses.check_weights(self, weights), sizeAverage ~= false
end

--- nn.BCECriterion([weights[, sizeAverage]]): the mean of −target·log(p) − (1 − target)·log(1 − p) over probabilities p
-- of any sizes; the sum when sizeAverage is false. weights: a vector, one for each element of a row.
local BCE = torch.class('nn.BCECriterion', 'nn.Criterion')

BCE.__init, BCE.__len = init_weighted, NLL.__len

local function check_probabilities(self, input)
  if F.any(F.ne(F.clamp(input, 0, 1), input), 0):item() ~= 0 then
    errors.fail('%s: expected probabilities within 0..1, got %g to %g', losses.name(self),
                op.unrecorded(input.min, input), op.unrecorded(input.max, input))
  end
end

function BCE:compute(input, target)
  losses.check_alike(self, input, target)
  check_probabilities(self, input)
  local goal = F.reshape_like(target, input)
  local yes = F.mul(F.log(F.add(input, tiny)), goal)
  local no = F.mul(F.log(F.add(F.sub(1, input), tiny)), F.sub(1, goal))
  return F.neg(losses.reduce(self, weigh(self, F.add(yes, no))))
end

--- nn.MultiLabelSoftMarginCriterion([weights[, sizeAverage]]): nn.BCECriterion of the sigmoid of the input, computed
-- without overflow.
local SoftLabels = torch.class('nn.MultiLabelSoftMarginCriterion', 'nn.Criterion')

SoftLabels.__init = init_weighted

-- −y log σ(x) − (1 − y) log(1 − σ(x))
local function logistic(x, y) return F.sub(F.softplus(x), F.mul(x, y)) end

function SoftLabels:compute(input, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, weigh(self, logistic(input, F.reshape_like(target, input))))
end

--- nn.DistKLDivCriterion(): the mean over all elements of target·(log(target) − input), the input being logarithms of
-- probabilities; elements whose target is not above 0 give 0. Set sizeAverage to false for the sum.
local KL = torch.class('nn.DistKLDivCriterion', 'nn.Criterion')

function KL:__init()
  parent.__init(self)
  self.sizeAverage = true
end

function KL:compute(input, target)
  losses.check_alike(self, input, target)
  if not input:isSameSizeAs(target) then
    errors.fail('DistKLDivCriterion: input has sizes %s, target %s', sizes.text(input), sizes.text(target))
  end
  local positive = F.gt(target, 0)
  local terms = F.mul(target, F.sub(F.log(F.where(positive, target, 1)), input))
  return losses.reduce(self, F.where(positive, terms, 0))
end

-- -- After Torch7 -----------------------------------------------------------------------------------------------

--- nn.FocalCriterion([gamma[, alpha[, sizeAverage]]]): −a (1 − p)^gamma log(p), where p is the probability that
-- σ(input) gives to the target (0 or 1, of the input's sizes). gamma (2) lets well classified elements count less; a is
-- alpha for targets 1 and 1 − alpha for targets 0, or 1 where alpha is left out. Mean over all elements, or their sum
-- when sizeAverage is false.
-- Source: Lin et al., "Focal Loss for Dense Object Detection", 2017 (arXiv:1708.02002).
--   nn.FocalCriterion(2, 0.25):forward(torch.randn(4, 3), torch.zeros(4, 3))
local Focal = torch.class('nn.FocalCriterion', 'nn.Criterion')

function Focal:__init(gamma, alpha, sizeAverage)
  parent.__init(self)
  self.gamma, self.alpha, self.sizeAverage = gamma or 2, alpha, sizeAverage ~= false
end

function Focal:compute(input, target)
  losses.check_alike(self, input, target)
  local y = F.reshape_like(target, input)
  local missed = F.sigmoid(F.mul(input, F.add(F.mul(y, -2), 1)))   -- 1 − p
  local terms = F.mul(F.pow(missed, self.gamma), logistic(input, y))
  if self.alpha then terms = F.mul(terms, F.add(F.mul(y, 2 * self.alpha - 1), 1 - self.alpha)) end
  return losses.reduce(self, terms)
end

--- nn.GaussianKLCriterion([sizeAverage]): the divergence KL(N(mean, variance) ‖ N(0, 1)) of an input {mean,
-- logVariance}, both N×D (or vectors): Σ (mean² + variance − logVariance − 1) / 2, divided by N unless sizeAverage is
-- false. There is no target.
-- Source: Kingma and Welling, "Auto-Encoding Variational Bayes", 2013 (arXiv:1312.6114), appendix B.
--   nn.GaussianKLCriterion():forward{torch.zeros(8, 2), torch.zeros(8, 2)}   -- 0
local GaussianKL = torch.class('nn.GaussianKLCriterion', 'nn.Criterion')

function GaussianKL:__init(sizeAverage)
  parent.__init(self)
  self.gradInput, self.sizeAverage = {torch.Tensor(), torch.Tensor()}, sizeAverage ~= false
end

function GaussianKL:compute(input)
  losses.check_table(self, input, 2)
  local mean, log_variance = input[1], input[2]
  local terms = F.sub(F.add(F.square(mean), F.exp(log_variance)), F.add(log_variance, 1))
  return losses.share(self, F.mul(terms, 0.5), mean:dim() == 1 and 1 or mean:size(1))
end

return {NLL = NLL, SpatialNLL = SpatialNLL, CrossEntropy = CrossEntropy, BCE = BCE, MultiLabelSoftMargin = SoftLabels,
        DistKLDiv = KL, Focal = Focal, GaussianKL = GaussianKL}

--- Criteria with a margin between classes: nn.MarginCriterion, nn.SoftMarginCriterion, nn.MarginRankingCriterion,
-- nn.MultiMarginCriterion, nn.MultiLabelMarginCriterion.
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local losses = require 'nn.losses'
local targets = require 'nn.targets'

-- -- Two classes, labelled 1 and −1 -----------------------------------------------------------------------------

-- max(0, x)^p
local function hinge(x, p)
  local part = F.relu(x)
  return p == 2 and F.square(part) or part
end

local function check_power(self, p)
  if p ~= nil and p ~= 1 and p ~= 2 then
    errors.fail('%s: expected 1 or 2 for p, got %s', losses.name(self), tostring(p))
  end
  return p or 1
end

--- nn.MarginCriterion([margin[, p]]): the mean of max(0, margin − input·target)^p over elements with targets 1 or −1:
-- the hinge loss, or with p = 2 the squared hinge loss. margin: 1, p: 1. Set sizeAverage to false for the sum.
--   nn.MarginCriterion():forward(torch.Tensor{0.5, -2}, torch.Tensor{1, -1})   -- 0.25
local Margin, parent = torch.class('nn.MarginCriterion', 'nn.Criterion')

function Margin:__init(margin, p)
  parent.__init(self)
  self.sizeAverage, self.margin, self.p = true, margin or 1, check_power(self, p)
end

function Margin:compute(input, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, hinge(F.sub(self.margin, F.mul(input, target)), self.p))
end

--- nn.SoftMarginCriterion(): the mean of log(1 + exp(−input·target)) over elements with targets 1 or −1. Set
-- sizeAverage to false for the sum.
local SoftMargin = torch.class('nn.SoftMarginCriterion', 'nn.Criterion')

function SoftMargin:__init()
  parent.__init(self)
  self.sizeAverage = true
end

function SoftMargin:compute(input, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, F.softplus(F.neg(F.mul(input, target))))
end

--- nn.MarginRankingCriterion([margin]): max(0, margin − y (a − b)) of an input {a, b}: a should be the greater one by
-- margin (1) where y is 1, the lesser one where it is −1. The mean over a tensor y (the sum when sizeAverage is set to
-- false); y as a number goes with tensors of one element.
local MarginRanking = torch.class('nn.MarginRankingCriterion', 'nn.Criterion')

function MarginRanking:__init(margin)
  parent.__init(self)
  self.margin, self.sizeAverage = margin or 1, true
  self.gradInput = {torch.Tensor(1), torch.Tensor(1)}
end

function MarginRanking:compute(input, y)
  losses.check_table(self, input, 2)
  local a, b = input[1], input[2]
  local gap = F.mul(F.sub(a, b), losses.labels(self, y, a))
  return losses.share(self, F.relu(F.sub(self.margin, gap)), type(y) == 'number' and 1 or y:size(1))
end

-- -- Many classes -----------------------------------------------------------------------------------------------

--- nn.MultiMarginCriterion([p[, weights[, margin]]]): Σ max(0, margin − x[target] + x[i])^p / C over the classes i
-- other than the target, for a vector of C scores or the mean over the rows of a matrix (the sum when sizeAverage is
-- set to false). p: 1 or 2; margin: 1; weights: a vector, each row's loss is multiplied by its target's.
local MultiMargin = torch.class('nn.MultiMarginCriterion', 'nn.Criterion')

function MultiMargin:__init(p, weights, margin)
  parent.__init(self)
  self.p, self.margin, self.sizeAverage = check_power(self, p), margin or 1, true
  self.weights = losses.check_weights(self, weights)
end

function MultiMargin:compute(input, target)
  local scores = targets.as_rows(self, input)
  local n, classes = scores:size(1), scores:size(2)
  targets.check_weights(self, self.weights, classes)
  local places = targets.of_scores(self, target, scores)
  local excess = F.add(F.sub(scores, F.gather(scores, 1, places)), self.margin or 1)
  local terms = F.where(targets.others(self, scores, places), hinge(excess, self.p), 0)
  if self.weights then terms = F.mul(terms, targets.weights(self, self.weights, places)) end
  return losses.share(self, F.div(terms, classes), n)
end

--- nn.MultiLabelMarginCriterion(): Σ max(0, 1 − x[t] + x[i]) / C over the targets t and all classes i that are no
-- target, for a vector of C scores or the mean over the rows of a matrix (the sum when sizeAverage is set to false).
-- The target has the input's sizes: in each row the targets' classes, then 0.
--   nn.MultiLabelMarginCriterion():forward(torch.randn(4), torch.Tensor{3, 1, 0, 0})
local MultiLabelMargin = torch.class('nn.MultiLabelMarginCriterion', 'nn.Criterion')

function MultiLabelMargin:__init()
  parent.__init(self)
  self.sizeAverage = true
end

-- The targets as N×most places, with a mask of those that are some. In place of the others a row's first is repeated.
local function read_lists(self, target, n, classes)
  local places, given = targets.read(self, target, n * classes, classes, 0)
  local mask = leaf.buffer(self, 'is target', torch.ByteTensor()):resize(n * classes):fill(1)
  if given then mask:copy(given) end
  local data, is_target, most = places:data(), mask:data(), 1
  for row = 0, (n - 1) * classes, classes do
    local count = 0
    while count < classes and is_target[row + count] == 1 do count = count + 1 end
    for k = row + count, row + classes - 1 do
      data[k], is_target[k] = count > 0 and data[row] or 1, 0
    end
    most = math.max(most, count)
  end
  return places:view(n, classes):narrow(2, 1, most), mask:view(n, classes):narrow(2, 1, most)
end

function MultiLabelMargin:compute(input, target)
  local scores = targets.as_rows(self, input)
  losses.check_alike(self, input, target)
  local n, classes = scores:size(1), scores:size(2)
  local places, mask = read_lists(self, target, n, classes)
  places = leaf.beside(self, 'places there', places, scores)
  mask = leaf.beside(self, 'mask there', mask, scores)
  local others = targets.others(self, scores, places)
  local own = F.unsqueeze(F.gather(scores, 1, places), 2)
  local all = F.unsqueeze(scores, 1):expand(n, places:size(2), classes)
  local terms = F.where(F.unsqueeze(others, 1), F.relu(F.add(F.sub(all, own), 1)), 0)
  return losses.share(self, F.div(F.where(F.unsqueeze(mask, 2), terms, 0), classes), n)
end

return {Margin = Margin, SoftMargin = SoftMargin, MarginRanking = MarginRanking, MultiMargin = MultiMargin,
        MultiLabelMargin = MultiLabelMargin}

--- Criteria for numbers: nn.MSECriterion, nn.WeightedMSECriterion, nn.SpatialAutoCropMSECriterion,
-- nn.ClassSimplexCriterion, nn.AbsCriterion, nn.SmoothL1Criterion, nn.L1Cost.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local losses = require 'nn.losses'
local targets = require 'nn.targets'

-- -- Squared error ----------------------------------------------------------------------------------------------

--- nn.MSECriterion([sizeAverage]): the mean of the squared differences of input and target; their sum when sizeAverage
-- is false.
--   nn.MSECriterion():forward(torch.Tensor{1, 2}, torch.Tensor{1, 4})   -- 2
local MSE, parent = torch.class('nn.MSECriterion', 'nn.Criterion')

function MSE:__init(sizeAverage)
  parent.__init(self)
  self.sizeAverage = sizeAverage ~= false
end

function MSE:compute(input, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, F.square(F.sub(input, target)))
end

--- nn.WeightedMSECriterion(weight): the mean of (input − weight·target)². weight has the sizes of the target, or those
-- of one sample of it.
local WeightedMSE = torch.class('nn.WeightedMSECriterion', 'nn.MSECriterion')

function WeightedMSE:__init(weight)
  MSE.__init(self)
  self.weight = losses.check(self, weight):clone()
end

function WeightedMSE:compute(input, target)
  losses.check_alike(self, input, target)
  return MSE.compute(self, input, F.mul(F.reshape_like(target, input), self.weight))
end

--- nn.SpatialAutoCropMSECriterion([sizeAverage]): nn.MSECriterion with the middle of the target, which may be higher
-- and wider than the input. Both are C×H×W or N×C×H×W.
--   nn.SpatialAutoCropMSECriterion():forward(torch.zeros(3, 4, 4), torch.ones(3, 6, 6))   -- 1
local AutoCrop = torch.class('nn.SpatialAutoCropMSECriterion', 'nn.MSECriterion')

-- The middle of a dimension (from 0) of t, as long as model's.
local function middle(t, model, dim)
  local wanted = model:size(dim + 1)
  return F.narrow(t, dim, math.floor((t:size(dim + 1) - wanted) / 2), wanted)
end

local function crops(input, target)
  local dims = input:dim()
  if dims ~= target:dim() or dims ~= 3 and dims ~= 4 then return false end
  for i = 1, dims do
    local spare = target:size(i) - input:size(i)
    if spare < 0 or spare > 0 and i <= dims - 2 then return false end
  end
  return true
end

function AutoCrop:compute(input, target)
  losses.check(self, input)
  losses.check(self, target)
  if not crops(input, target) then
    errors.fail('SpatialAutoCropMSECriterion: a target of %s cannot be cropped to an input of %s', sizes.text(target),
                sizes.text(input))
  end
  local dims = input:dim()
  return MSE.compute(self, input, middle(middle(target, input, dims - 2), input, dims - 1))
end

--- nn.ClassSimplexCriterion(nClasses): the mean squared distance of a vector (or of each row of a matrix) of nClasses
-- numbers to its class's corner of a regular simplex; the corners lie on the unit sphere around 0. The target is a
-- class from 1, or a vector of them.
-- Source: Chintala et al., "Scale-invariant learning and convolutional networks", 2015 (arXiv:1506.08230).
--   local loss = nn.ClassSimplexCriterion(3)
--   loss:forward(torch.randn(4, 3), torch.LongTensor{1, 3, 2, 1})
--   loss:getTopPrediction(torch.randn(4, 3))   -- the classes of the nearest corners
local Simplex = torch.class('nn.ClassSimplexCriterion', 'nn.MSECriterion')

-- n + 1 corners in n dimensions. Corner k has coordinates up to the k-th; all later ones share the next coordinate c,
-- which the angle between any two corners fixes: their product is −1/n.
local function corners(n)
  local a = torch.zeros(n + 1, n)
  local square = 0   -- of the coordinates before k, which corners k and later share
  for k = 1, n do
    local own = math.sqrt(1 - square)
    local shared = (-1 / n - square) / own
    a[k][k] = own
    a:narrow(1, k + 1, n + 1 - k):select(2, k):fill(shared)
    square = square + shared * shared
  end
  return a
end

function Simplex:__init(nClasses)
  MSE.__init(self)
  if type(nClasses) ~= 'number' or nClasses < 2 or nClasses ~= math.floor(nClasses) then
    errors.fail('ClassSimplexCriterion: expected a whole number of classes above 1, got %s', tostring(nClasses))
  end
  self.nClasses = nClasses
  -- a dimension more than is needed: training goes better
  self.simplex = torch.zeros(nClasses, nClasses)
  self.simplex:narrow(2, 1, nClasses - 1):copy(corners(nClasses - 1))
end

function Simplex:compute(input, target)
  local rows = targets.as_rows(self, input)
  if rows:size(2) ~= self.nClasses then
    errors.fail('ClassSimplexCriterion: expected %d numbers for each sample, got %s', self.nClasses, sizes.text(input))
  end
  local places = targets.read(self, target, rows:size(1), self.nClasses)
  local goal = F.index_select(self.simplex, 0, leaf.beside(self, 'places there', places, input))
  return MSE.compute(self, rows, goal)
end

--- How near each row of the input is to each corner: the products of both.
function Simplex:getPredictions(input)
  return torch.mm(input:dim() == 1 and input:view(1, -1) or input, self.simplex:t())
end

--- The class of the nearest corner for each row of the input.
function Simplex:getTopPrediction(input)
  local _, places = self:getPredictions(input):max(2)
  return places:view(-1)
end

-- -- Absolute error ---------------------------------------------------------------------------------------------

--- nn.AbsCriterion([sizeAverage]): the mean of |input − target|; their sum when sizeAverage is false.
local Abs = torch.class('nn.AbsCriterion', 'nn.Criterion')

Abs.__init = MSE.__init

function Abs:compute(input, target)
  losses.check_alike(self, input, target)
  return losses.reduce(self, F.abs(F.sub(input, target)))
end

--- nn.SmoothL1Criterion([sizeAverage]): with d = input − target, the mean (or sum) of d²/2 where |d| < 1, else of
-- |d| − 1/2.
-- Source: Girshick, "Fast R-CNN", 2015 (arXiv:1504.08083).
local SmoothL1 = torch.class('nn.SmoothL1Criterion', 'nn.Criterion')

SmoothL1.__init = MSE.__init

function SmoothL1:compute(input, target)
  losses.check_alike(self, input, target)
  local d = F.sub(input, target)
  local size = F.abs(d)
  return losses.reduce(self, F.where(F.lt(size, 1), F.mul(F.square(d), 0.5), F.add(size, -0.5)))
end

--- nn.L1Cost(): the sum of the input's magnitudes; there is no target.
local L1Cost = torch.class('nn.L1Cost', 'nn.Criterion')

function L1Cost:compute(input) return F.sum(F.abs(losses.check(self, input)), 0) end

return {MSE = MSE, WeightedMSE = WeightedMSE, SpatialAutoCropMSE = AutoCrop, ClassSimplex = Simplex, Abs = Abs,
        SmoothL1 = SmoothL1, L1Cost = L1Cost}

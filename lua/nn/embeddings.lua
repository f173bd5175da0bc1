--- Criteria that compare embeddings: nn.CosineEmbeddingCriterion, nn.HingeEmbeddingCriterion,
-- nn.L1HingeEmbeddingCriterion, nn.DistanceRatioCriterion, and from after Torch7 nn.TripletMarginCriterion.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local losses = require 'nn.losses'

local columns = 2   -- the set of dimensions, as bits, along which the rows of a matrix are summed

-- Sums along the rows of a matrix, as N×1.
local function along(rows) return F.sum(rows, columns) end

-- x with one row where it is a vector.
local function as_rows(self, x)
  if x:dim() == 1 then return F.unsqueeze(x, 0) end
  if x:dim() == 2 then return x end
  return errors.fail('%s: expected vectors or matrices, got %s', losses.name(self), sizes.text(x))
end

-- -- Pairs, labelled 1 (alike) or −1 ----------------------------------------------------------------------------

local function init_pair(self, margin, sizeAverage)
  self.margin, self.sizeAverage = margin, sizeAverage
  self.gradInput = {torch.Tensor(), torch.Tensor()}
end

--- nn.CosineEmbeddingCriterion([margin]): for an input {a, b} of vectors, or of the rows of matrices, and their cosine
-- c: 1 − c where y is 1, max(0, c − margin) where it is −1. margin: 0. The mean over the rows (the sum when sizeAverage
-- is set to false).
--   nn.CosineEmbeddingCriterion():forward({torch.Tensor{1, 0}, torch.Tensor{0, 1}}, 1)   -- 1
local Cosine, parent = torch.class('nn.CosineEmbeddingCriterion', 'nn.Criterion')

function Cosine:__init(margin)
  parent.__init(self)
  init_pair(self, margin or 0, true)
end

local tiny = 1e-12   -- keeps the cosine with a vector of zeros finite

local function cosines(a, b)
  local norms = F.mul(F.add(along(F.square(a)), tiny), F.add(along(F.square(b)), tiny))
  return F.mul(along(F.mul(a, b)), F.rsqrt(norms))
end

function Cosine:compute(input, y)
  losses.check_table(self, input, 2)
  local c = cosines(as_rows(self, input[1]), as_rows(self, input[2]))
  local labels = losses.labels(self, y, c)
  local apart = F.where(F.eq(labels, -1), F.relu(F.sub(c, self.margin)), c)
  return losses.share(self, F.where(F.eq(labels, 1), F.sub(1, c), apart), c:nElement())
end

--- nn.HingeEmbeddingCriterion([margin]): the mean of x where y is 1 and of max(0, margin − x) where it is −1, x being
-- distances. margin: 1. Set sizeAverage to false for the sum.
local Hinge = torch.class('nn.HingeEmbeddingCriterion', 'nn.Criterion')

function Hinge:__init(margin)
  parent.__init(self)
  self.margin, self.sizeAverage = margin or 1, true
end

function Hinge:compute(input, y)
  losses.check(self, input)
  local labels = losses.labels(self, y, input)
  local alike = F.where(F.eq(labels, -1), 0, input)
  local apart = F.where(F.eq(labels, 1), 0, F.relu(F.sub(self.margin, input)))
  return losses.reduce(self, F.add(alike, apart))
end

--- nn.L1HingeEmbeddingCriterion([margin]): for an input {a, b} of one pair and their distance d = Σ|a − b|: d where y
-- is 1, max(0, margin − d) where it is −1. margin: 1.
local L1Hinge = torch.class('nn.L1HingeEmbeddingCriterion', 'nn.Criterion')

function L1Hinge:__init(margin)
  parent.__init(self)
  init_pair(self, margin or 1)
end

function L1Hinge:compute(input, y)
  losses.check_table(self, input, 2)
  local d = F.sum(F.abs(F.sub(input[1], input[2])), 0)
  if type(y) ~= 'number' then y = losses.check(self, y):item() end
  return y == -1 and F.relu(F.sub(self.margin, d)) or d
end

-- -- Triplets ---------------------------------------------------------------------------------------------------

--- nn.DistanceRatioCriterion([sizeAverage]): −log(exp(−x) / (exp(−x) + exp(−y))) for an input {x, y} of distances, x
-- between like and y between unlike samples: the mean over the rows, or the sum when sizeAverage is false. There is no
-- target.
-- Source: Hoffer and Ailon, "Semi-supervised deep learning by metric embedding", 2016 (arXiv:1611.01449).
local Ratio = torch.class('nn.DistanceRatioCriterion', 'nn.Criterion')

function Ratio:__init(sizeAverage)
  parent.__init(self)
  init_pair(self, nil, sizeAverage ~= false)
end

function Ratio:compute(input)
  losses.check_table(self, input, 2)
  local x, y = input[1], input[2]
  return losses.share(self, F.softplus(F.sub(x, y)), x:size(1))
end

--- nn.TripletMarginCriterion([margin[, p[, swap[, sizeAverage]]]]): max(0, margin + d(anchor, positive) −
-- d(anchor, negative)) for an input {anchor, positive, negative} of vectors or of the rows of matrices; d is the p-norm
-- of the difference. margin: 1; p: 2. swap: where the positive one is nearer to the negative one than the anchor is,
-- that distance is taken. The mean over the rows, or the sum when sizeAverage is false. There is no target.
-- Source: Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015 (arXiv:1503.03832);
-- swap: Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks",
-- 2016.
--   nn.TripletMarginCriterion(0.2):forward{torch.randn(8, 4), torch.randn(8, 4), torch.randn(8, 4)}
local Triplet = torch.class('nn.TripletMarginCriterion', 'nn.Criterion')

function Triplet:__init(margin, p, swap, sizeAverage)
  parent.__init(self)
  self.margin, self.p, self.swap, self.sizeAverage = margin or 1, p or 2, swap or false, sizeAverage ~= false
  self.gradInput = {torch.Tensor(), torch.Tensor(), torch.Tensor()}
end

-- The small shift lets the norm of equal rows have a gradient.
local function distance(self, a, b)
  return F.norm(F.add(F.sub(as_rows(self, a), as_rows(self, b)), 1e-6), columns, self.p)
end

function Triplet:compute(input)
  losses.check_table(self, input, 3)
  local anchor, positive, negative = input[1], input[2], input[3]
  local near, far = distance(self, anchor, positive), distance(self, anchor, negative)
  if self.swap then far = F.cmin(far, distance(self, positive, negative)) end
  return losses.share(self, F.relu(F.add(F.sub(near, far), self.margin)), near:nElement())
end

return {CosineEmbedding = Cosine, HingeEmbedding = Hinge, L1HingeEmbedding = L1Hinge, DistanceRatio = Ratio,
        TripletMargin = Triplet}

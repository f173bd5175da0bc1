--- Layers that compare the input with learned templates: nn.Cosine, nn.Euclidean, nn.WeightedEuclidean.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F

local along = 2   -- the second dimension, as a set of bits

-- Runs f on the rows of a matrix, or on a vector as the only row.
local function by_rows(module, input, features, f)
  local dims = input:dim()
  if dims ~= 1 and dims ~= 2 or input:size(dims) ~= features then
    errors.fail('%s: expected a vector of %d or a matrix of such rows, got %s', torch.type(module):match('[^%.]+$'),
                features, sizes.text(input))
  end
  if dims == 2 then return f(module, input) end
  return F.squeeze(f(module, F.unsqueeze(input, 0)), 0)
end

local function init(module, rows, columns)
  module.weight, module.gradWeight = torch.Tensor(rows, columns), torch.zeros(rows, columns)
end

local function draw(module, stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(module.weight:size(1))
  module.weight:uniform(-stdv, stdv)
end

-- -- Angle ------------------------------------------------------------------------------------------------------

--- nn.Cosine(inputSize, outputSize): the cosine of the angle between the input, a vector or each row of a matrix, and
-- each row of the weight, outputSize×inputSize.
--   nn.Cosine(4, 3):forward(torch.randn(5, 4))   -- 5x3, within -1 and 1
local Cosine, parent = torch.class('nn.Cosine', 'nn.Module')

function Cosine:__init(inputSize, outputSize)
  parent.__init(self)
  init(self, outputSize, inputSize)
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√outputSize.
function Cosine:reset(stdv) draw(self, stdv) end

local tiny = 1e-12   -- keeps the cosine with a vector of zeros finite

-- the rows of x divided by their length
local function directions(x) return F.div(x, F.add(F.norm(x, along, 2), tiny)) end

local function cosines(self, rows)
  return F.matmul(directions(rows), F.transpose(directions(self.weight), 0, 1))
end

function Cosine:compute(input) return by_rows(self, input, self.weight:size(2), cosines) end

-- -- Distance ---------------------------------------------------------------------------------------------------

--- nn.Euclidean(inputSize, outputSize): the distances between the input, a vector or each row of a matrix, and each
-- column of the weight, inputSize×outputSize.
--   nn.Euclidean(4, 3):forward(torch.randn(5, 4))   -- 5x3
local Euclidean = torch.class('nn.Euclidean', 'nn.Module')

function Euclidean:__init(inputSize, outputSize)
  parent.__init(self)
  init(self, inputSize, outputSize)
  self.fastBackward = true   -- of no effect here; old code sets it
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√inputSize.
function Euclidean:reset(stdv) draw(self, stdv) end

-- N×inputSize×outputSize differences
local function differences(self, rows)
  local n, size, count = rows:size(1), self.weight:size(1), self.weight:size(2)
  return F.sub(F.unsqueeze(rows, 2):expand(n, size, count), self.weight)
end

-- their lengths, N×outputSize
local function lengths(d) return F.squeeze(F.norm(d, along, 2), 1) end

local function distances(self, rows) return lengths(differences(self, rows)) end

function Euclidean:compute(input) return by_rows(self, input, self.weight:size(1), distances) end

--- nn.WeightedEuclidean(inputSize, outputSize): nn.Euclidean with a learned factor, self.diagCov, for each element of
-- the differences.
local Weighted = torch.class('nn.WeightedEuclidean', 'nn.Module')

function Weighted:__init(inputSize, outputSize)
  parent.__init(self)
  init(self, inputSize, outputSize)
  self.diagCov, self.gradDiagCov = torch.Tensor(inputSize, outputSize), torch.zeros(inputSize, outputSize)
  self:reset()
end

--- Weights uniform within ±stdv·√3; by default ±1/√inputSize. The factors are 1.
function Weighted:reset(stdv)
  draw(self, stdv)
  self.diagCov:fill(1)
end

function Weighted:parameters()
  return {self.weight, self.diagCov}, {self.gradWeight, self.gradDiagCov}
end

local function weighted_distances(self, rows) return lengths(F.mul(differences(self, rows), self.diagCov)) end

function Weighted:compute(input) return by_rows(self, input, self.weight:size(1), weighted_distances) end

return {Cosine = Cosine, Euclidean = Euclidean, WeightedEuclidean = Weighted}

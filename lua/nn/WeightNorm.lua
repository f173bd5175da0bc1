--- Modules around another one, whose weight they make from parameters of their own: nn.WeightNorm, nn.SpectralNorm.
-- The weight is made anew for every forward, on the tape, and the module inside sees it as its own; so gradients go
-- through it to the parameters, to any order where the module inside has them.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local op = require 'torch.op'
local scratch = require 'nn.scratch'

local F = op.F
local Module = nn.Module

local Reparametrised, parent = torch.class('nn.Reparametrised', 'nn.Decorator')

-- -- What both share --------------------------------------------------------------------------------------------

--- nn.Reparametrised(module[, outputDim]): the common parent. outputDim (1) is the weight's dimension that stands for
-- the module's outputs; with it in front, the weight is seen as the matrix that viewIn describes. A child class defines
-- make() → the weight as such a matrix, and its own parameters.
function Reparametrised:__init(module, outputDim)
  parent.__init(self, module)
  local weight = torch.isTypeOf(module, 'nn.Module') and module.weight
  if not torch.isTensor(weight) then
    errors.fail('%s: expected a module with a weight, got %s', torch.type(self), torch.type(module))
  end
  self.outputDim = outputDim or 1
  if self.outputDim < 1 or self.outputDim > weight:dim() then
    errors.fail('%s: the weight has no dimension %s', torch.type(self), tostring(outputDim))
  end
  self.weight, self.gradWeight, self.bias, self.gradBias = weight, module.gradWeight, module.bias, module.gradBias
  self.weightSize = weight:size()
  local n = weight:size(self.outputDim)
  self.viewIn = torch.LongStorage {n, weight:nElement() / n}
  self.otherDims = self.viewIn[2]
end

-- The weight's dimensions with the outputs' in front, and the way back from there.
local function orders(self)
  local forth, back = {self.outputDim}, {}
  for i = 1, self.weightSize:size() do
    if i ~= self.outputDim then forth[#forth + 1] = i end
  end
  for i, dim in ipairs(forth) do back[dim] = i end
  return forth, back
end

-- The weight's matrix, and a matrix as the weight.
local function as_matrix(self, weight)
  local forth = orders(self)
  return F.contiguous(weight:permute(unpack(forth))):view(self.viewIn)
end

local function as_weight(self, matrix)
  local forth, back = orders(self)
  local sizes = {}
  for i, dim in ipairs(forth) do sizes[i] = self.weightSize[dim] end
  return F.contiguous(matrix:view(unpack(sizes)):permute(unpack(back)))
end

-- Brings the module's weight up to date, for those who look at it. No tape needs to know.
local function show(self, weight) memory.call(C.mt_copy, self.modules[1].weight, weight) end

local function update(self) show(self, as_weight(self, self:make())) end

--- Brings the module's weight up to date with the parameters.
function Reparametrised:updateWeight() op.unrecorded(scratch, update, self) end

--- What a class does before each forward.
function Reparametrised:prepare() end

function Reparametrised:compute(input)
  self:prepare()
  local module, weight = self.modules[1], as_weight(self, self:make())
  local kept = module.weight
  show(self, weight)
  module.weight = weight
  local ok, out = pcall(module.forward, module, input)
  module.weight = kept
  if not ok then error(out, 0) end
  return out
end

-- It is a leaf, though it holds a module.
for _, name in ipairs {'updateOutput', 'updateGradInput', 'accGradParameters', 'accUpdateGradParameters', 'backward',
                       'sharedAccUpdateGradParameters', 'zeroGradParameters', 'updateParameters'} do
  Reparametrised[name] = Module[name]
end

function Reparametrised:evaluate()
  parent.evaluate(self)
  self:updateWeight()
end

-- The weight can be computed, so files do without.
function Reparametrised:write(file)
  local module = self.modules[1]
  local weight, gradWeight = module.weight, module.gradWeight
  module.weight, module.gradWeight, self.weight, self.gradWeight = nil, nil, nil, nil
  local ok, message = pcall(parent.write, self, file)
  module.weight, module.gradWeight, self.weight, self.gradWeight = weight, gradWeight, weight, gradWeight
  if not ok then error(message, 0) end
end

function Reparametrised:read(file)
  parent.read(self, file)
  if self.weight then return end
  local module, model = self.modules[1], self:parameters()[1]
  module.weight, module.gradWeight = model.new(self.weightSize), model.new(self.weightSize):zero()
  self.weight, self.gradWeight = module.weight, module.gradWeight
  self:updateWeight()
end

-- -- Weight normalisation ---------------------------------------------------------------------------------------

--- nn.WeightNorm(module[, outputDim]): the module's weight becomes g v / √(‖v‖² + 1e-4), row by row of its matrix: its
-- lengths g and its directions v are learned apart. outputDim (1): the weight's dimension that stands for the module's
-- outputs. v starts as normal numbers, the bias as 0.
-- Source: Salimans and Kingma, "Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
-- Networks", 2016 (arXiv:1602.07868).
--   nn.WeightNorm(nn.Linear(4, 3)):forward(torch.randn(5, 4))   -- 5x3
local WeightNorm = torch.class('nn.WeightNorm', 'nn.Reparametrised')

function WeightNorm:__init(module, outputDim)
  Reparametrised.__init(self, module, outputDim)
  local n, size = self.viewIn[1], self.viewIn[2]
  self.v, self.gradV = torch.Tensor(n, size), torch.zeros(n, size)
  self.g, self.gradG = torch.Tensor(n, 1), torch.zeros(n, 1)
  self:resetInit()
end

local function lengths(v) return F.norm(v, 2, 2) end

--- Draws the directions; the lengths become theirs.
function WeightNorm:resetInit()
  self.v:normal(0, math.sqrt(2 / self.viewIn[2]))
  self.g:copy(lengths(self.v))
  if self.bias then self.bias:zero() end
end

WeightNorm.reset = WeightNorm.resetInit

function WeightNorm:make()
  local norms = F.sqrt(F.add(F.square(lengths(self.v)), 1e-4))
  return F.mul(self.v, F.div(self.g, norms))
end

function WeightNorm:parameters()
  if not self.bias then return {self.v, self.g}, {self.gradV, self.gradG} end
  return {self.v, self.g, self.bias}, {self.gradV, self.gradG, self.gradBias}
end

-- -- Spectral normalisation -------------------------------------------------------------------------------------

--- nn.SpectralNorm(module[, outputDim[, iterations[, eps]]]): the module's weight becomes original / σ, where σ is the
-- greatest singular value of its matrix. While training, each forward brings the estimate of σ's left vector, self.u,
-- nearer by so many power iterations (1). eps (1e-12) keeps divisions finite. self.original, with gradOriginal, is what
-- is learned; it starts as the module's weight.
-- Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018 (arXiv:1802.05957).
--   nn.SpectralNorm(nn.Linear(4, 3)):forward(torch.randn(5, 4))   -- 5x3
local SpectralNorm = torch.class('nn.SpectralNorm', 'nn.Reparametrised')

function SpectralNorm:__init(module, outputDim, iterations, eps)
  Reparametrised.__init(self, module, outputDim)
  self.iterations, self.eps, self.train = iterations or 1, eps or 1e-12, true
  self.original = as_matrix(self, self.weight):clone()
  self.gradOriginal = torch.zeros(self.original:size())
  self.u, self.v = torch.randn(self.viewIn[1]), torch.randn(self.viewIn[2])
  self:normalise(15)
end

local function unit(x, eps) return F.div(x, F.clamp(F.norm(x, 0, 2), eps, math.huge)) end

local function iterate(self, count)
  for _ = 1, count do
    self.v:copy(unit(F.mv(F.transpose(self.original, 0, 1), self.u), self.eps))
    self.u:copy(unit(F.mv(self.original, self.v), self.eps))
  end
end

--- Does count power iterations; each brings u and v nearer to the vectors of the greatest singular value.
function SpectralNorm:normalise(count) op.unrecorded(scratch, iterate, self, count) end

function SpectralNorm:prepare()
  if self.train then self:normalise(self.iterations) end
end

--- u and v are taken as fixed by the gradient, as in the paper.
function SpectralNorm:make()
  local u, v = F.clone(self.u), F.clone(self.v)   -- these two move on
  local sigma = F.sum(F.mul(u, F.mv(self.original, v)), 0)
  return F.div(self.original, sigma)
end

function SpectralNorm:parameters()
  if not self.bias then return {self.original}, {self.gradOriginal} end
  return {self.original, self.bias}, {self.gradOriginal, self.gradBias}
end

--- Resets the module inside and starts again from its weight.
function SpectralNorm:reset(stdv)
  self.modules[1]:reset(stdv)
  self.original:copy(as_matrix(self, self.weight))
  self:normalise(15)
end

return {WeightNorm = WeightNorm, SpectralNorm = SpectralNorm}

--- nn.LinearWeightNorm(inputSize, outputSize[, bias[, eps]]): nn.Linear whose weight is g v / ‖v‖, row by row: its
-- lengths g (outputSize×1) and its directions v (outputSize×inputSize) are learned apart. Lengths of v below eps
-- (1e-16) are taken as eps. self.weight shows the product as it was last used.
-- Source: Salimans and Kingma, "Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
-- Networks", 2016 (arXiv:1602.07868).
--   nn.LinearWeightNorm(4, 3):forward(torch.randn(5, 4))   -- 5x3
local torch = require 'torch'
local C = require 'torch.ffi'
local memory = require 'torch.memory'
local F = require('torch.op').F
local Linear = require 'nn.Linear'
local scratch = require 'nn.scratch'
local utils = require 'nn.utils'

local LinearWeightNorm, parent = torch.class('nn.LinearWeightNorm', 'nn.Linear')

function LinearWeightNorm:__init(inputSize, outputSize, bias, eps)
  nn.Module.__init(self)
  self.inputSize, self.outputSize, self.eps = inputSize, outputSize, eps or 1e-16
  self.v, self.gradV = torch.Tensor(outputSize, inputSize), torch.zeros(outputSize, inputSize)
  self.g, self.gradG = torch.Tensor(outputSize, 1), torch.zeros(outputSize, 1)
  self.weight = torch.Tensor(outputSize, inputSize)
  if bias ~= false then self.bias, self.gradBias = torch.Tensor(outputSize), torch.zeros(outputSize) end
  self:reset()
end

-- the rows' lengths, outputSize×1
local function lengths(x, eps) return F.clamp(F.norm(x, 2, 2), eps, math.huge) end

local function product(self) return F.mul(self.v, F.div(self.g, lengths(self.v, self.eps))) end

local function show(self) self.weight:resizeAs(self.v):copy(product(self)) end

--- Brings self.weight up to date.
function LinearWeightNorm:updateWeightMatrix() scratch(show, self) end

local function split(self, weight)
  self.g:copy(lengths(weight, self.eps))
  self.v:copy(weight)
end

--- Takes lengths and directions from a weight (self.weight).
function LinearWeightNorm:initFromWeight(weight)
  scratch(split, self, weight or self.weight)
  return self
end

local function copy_into(to, from, weight)
  to.weight:copy(weight)
  if from.bias then to.bias:copy(from.bias) end
  return to
end

--- A layer that does what an nn.Linear does.
function LinearWeightNorm.fromLinear(linear)
  local weight = linear.weight
  local module = LinearWeightNorm.new(weight:size(2), weight:size(1), linear.bias ~= nil)
  return copy_into(module, linear, weight):initFromWeight()
end

--- An nn.Linear that does what this layer does.
function LinearWeightNorm:toLinear()
  self:updateWeightMatrix()
  return copy_into(Linear.new(self.inputSize, self.outputSize, self.bias ~= nil), self, self.weight)
end

function LinearWeightNorm:parameters()
  if not self.bias then return {self.v, self.g}, {self.gradV, self.gradG} end
  return {self.v, self.g, self.bias}, {self.gradV, self.gradG, self.gradBias}
end

--- The product is uniform within ±stdv·√3, by default ±1/√inputSize, and so is the bias.
function LinearWeightNorm:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.inputSize)
  self.weight:uniform(-stdv, stdv)
  self:initFromWeight()
  if self.bias then self.bias:uniform(-stdv, stdv) end
end

function LinearWeightNorm:compute(input)
  local weight = product(self)
  memory.call(C.mt_copy, self.weight:resizeAs(self.v), weight)   -- to be looked at: no tape needs to know
  return Linear.transform(input, weight, self.bias)
end

--- Lets go of the product and of what files of Torch7 may hold beside it, too.
function LinearWeightNorm:clearState()
  utils.clear(self, 'weight', 'norm', 'scale')
  return parent.clearState(self)
end

function LinearWeightNorm:__tostring__()
  return ('%s(%d -> %d)%s'):format(torch.type(self), self.inputSize, self.outputSize,
                                   self.bias and '' or ' without bias')
end

return LinearWeightNorm

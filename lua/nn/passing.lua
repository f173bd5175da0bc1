--- Modules that give their input: nn.Identity, nn.PrintSize; and those that change only what goes back:
-- nn.GradientReversal, nn.ZeroGrad, nn.L1Penalty.
local torch = require 'torch'
local autograd = require 'autograd'
local handle = require 'torch.handle'
local F = require('torch.op').F
local leaf = require 'nn.leaf'

-- -- Identity ---------------------------------------------------------------------------------------------------

--- nn.Identity(): gives its input, a tensor or a table.
local Identity, parent = torch.class('nn.Identity', 'nn.Module')

function Identity.compute(_, input) return input end

function Identity:updateOutput(input)
  self.output = input
  return input
end

function Identity:updateGradInput(_, gradOutput)
  self.gradInput = gradOutput
  return gradOutput
end

--- Lets go of output and gradInput, which belong to others, without emptying them.
function Identity:clearState()
  leaf.forget(self)
  for _, name in ipairs {'output', 'gradInput'} do
    local value = self[name]
    if handle.is_tensor(value) then self[name] = handle.like(value) elseif value ~= nil then self[name] = {} end
  end
  return self
end

--- nn.PrintSize([prefix]): gives its input and prints its size; going back, that of gradOutput.
local PrintSize = torch.class('nn.PrintSize', 'nn.Module')

function PrintSize:__init(prefix)
  parent.__init(self)
  self.prefix = prefix or 'PrintSize'
end

local function show(self, what, x)
  local size = x
  if handle.is_tensor(x) then size = x:size() elseif x == nil then size = 'missing size' end
  print(('%s:%s\n'):format(self.prefix, what), size)
end

PrintSize.compute, PrintSize.clearState = Identity.compute, Identity.clearState

function PrintSize:updateOutput(input)
  show(self, 'input', input)
  self.output = input
  return input
end

function PrintSize:updateGradInput(_, gradOutput)
  show(self, 'gradOutput', gradOutput)
  self.gradInput = gradOutput
  return gradOutput
end

-- -- Other gradients --------------------------------------------------------------------------------------------

local scaled = autograd.custom {
  name = 'scaled gradient',
  forward = function(x) return F.alias(x) end,
  vjp = function(g, _, _, scale) return F.mul(g, scale) end,
}

--- nn.GradientReversal([lambda]): gives its input; the gradient is multiplied by −lambda (1).
-- Source: Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", 2014 (arXiv:1409.7495).
local GradientReversal = torch.class('nn.GradientReversal', 'nn.Module')

GradientReversal.__version = 2

function GradientReversal:__init(lambda)
  parent.__init(self)
  self.lambda = lambda or 1
end

function GradientReversal:setLambda(lambda) self.lambda = lambda end

function GradientReversal:compute(input) return scaled(input, -self.lambda) end

function GradientReversal:read(file, version)
  parent.read(self, file)
  if version < 2 then self.lambda = 1 end
end

local function map(x, f)
  if handle.is_tensor(x) then return f(x) end
  local out = {}
  for i = 1, #x do out[i] = map(x[i], f) end
  return out
end

--- nn.ZeroGrad(): gives its input, a tensor or a table; its gradient is 0.
local ZeroGrad = torch.class('nn.ZeroGrad', 'nn.Module')

local function without_gradient(x) return scaled(x, 0) end

function ZeroGrad.compute(_, input) return map(input, without_gradient) end

-- the L1 norm's gradient joins the other one; scale is 0 where that is left out
local with_penalty = autograd.custom {
  name = 'L1 penalty',
  forward = function(x) return F.alias(x) end,
  vjp = function(g, _, x, weight, scale) return F.add(F.mul(g, scale), F.mul(F.sign(x), weight)) end,
}

--- nn.L1Penalty(weight[, sizeAverage[, provideOutput]]): gives its input; going back, the gradient of weight·Σ|x|
-- (of weight times the mean with sizeAverage) is added. provideOutput false: only that goes back. self.loss is the
-- penalty.
local L1Penalty = torch.class('nn.L1Penalty', 'nn.Module')

function L1Penalty:__init(l1weight, sizeAverage, provideOutput)
  parent.__init(self)
  self.l1weight, self.sizeAverage, self.provideOutput = l1weight, sizeAverage or false, provideOutput ~= false
end

function L1Penalty:compute(input)
  local weight = self.sizeAverage and self.l1weight / input:nElement() or self.l1weight
  self.loss = weight * F.norm(input, 0, 1):item()
  return with_penalty(input, weight, self.provideOutput and 1 or 0)
end

return {Identity = Identity, PrintSize = PrintSize, GradientReversal = GradientReversal, ZeroGrad = ZeroGrad,
        L1Penalty = L1Penalty}

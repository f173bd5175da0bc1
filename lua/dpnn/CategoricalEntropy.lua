--- nn.CategoricalEntropy([scale[, minEntropy]]): gives its input, N×C, rows of probabilities. Going back, it pulls the
-- entropy of their mean up: scale (1) times its gradient, divided by N, is subtracted; with minEntropy only while the
-- entropy is below that. The sum by which the mean is normalised is taken as fixed. self.entropy is the last one.
local torch = require 'torch'
local autograd = require 'autograd'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F

local CategoricalEntropy, parent = torch.class('nn.CategoricalEntropy', 'nn.Module')

local tiny = 1e-6   -- keeps the logarithm finite

function CategoricalEntropy:__init(scale, minEntropy)
  parent.__init(self)
  self.scale, self.minEntropy = scale or 1, minEntropy
  self.sizeAverage = true
end

-- The gradient of Σ p log(p + tiny), where p is the mean row over its sum.
local function push(module, x)
  local total = F.sum(x, 0)
  local p = F.div(F.sum(x, 1), total)
  local logs = F.log(F.add(p, tiny))
  module.entropy = -F.sum(F.mul(p, logs), 0):item()
  if module.minEntropy and module.entropy >= module.minEntropy then return nil end
  local scale = module.scale / (module.sizeAverage and x:size(1) or 1)
  return F.mul(F.div(F.add(logs, F.div(p, F.add(p, tiny))), total), scale)
end

local with_entropy = autograd.custom {
  name = 'CategoricalEntropy',
  forward = function(x) return F.alias(x) end,
  vjp = function(g, _, x, module)
    local more = push(module, x)
    return more and F.add(g, F.expand(more, g)) or g
  end,
}

function CategoricalEntropy:compute(input)
  if input:dim() ~= 2 then errors.fail('CategoricalEntropy: expected a matrix, got %s', sizes.text(input)) end
  return with_entropy(input, self)
end

return CategoricalEntropy

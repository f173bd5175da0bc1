--- nn.WhiteNoise([mean[, std]]): adds normal noise of that mean (0) and deviation (0.1) while training; evaluating, the
-- mean alone. self.noise holds what was added.
local torch = require 'torch'
local handle = require 'torch.handle'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local WhiteNoise, parent = torch.class('nn.WhiteNoise', 'nn.Module')

function WhiteNoise:__init(mean, std)
  parent.__init(self)
  self.mean, self.std = mean or 0, std or 0.1
  self.noise = torch.Tensor()
end

function WhiteNoise:compute(input)
  if self.train == false then return F.add(input, self.mean) end
  if not leaf.is_private(self) then
    return F.add(input, handle.like(input):resizeAs(input):normal(self.mean, self.std))
  end
  if not (leaf.is_again(self) and self.noise:isSameSizeAs(input)) then
    self.noise = utils.fit(self.noise, input):resizeAs(input):normal(self.mean, self.std)
  end
  return F.add(input, self.noise)
end

function WhiteNoise:clearState()
  utils.clear(self, 'noise')
  return parent.clearState(self)
end

function WhiteNoise:__tostring__()
  return ('%s mean: %f, std: %f'):format(torch.type(self), self.mean, self.std)
end

return WhiteNoise

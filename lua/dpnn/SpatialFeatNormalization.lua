--- nn.SpatialFeatNormalization(mean[, std]): each plane of C×H×W or N×C×H×W minus its mean, divided by its
-- deviation (1); both are vectors of C numbers.
--   nn.SpatialFeatNormalization(torch.Tensor{1}):forward(torch.ones(1, 2, 2))   -- zeros
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F

local SpatialFeatNormalization, parent = torch.class('nn.SpatialFeatNormalization', 'nn.Module')

function SpatialFeatNormalization:__init(mean, std)
  parent.__init(self)
  if not handle.is_tensor(mean) or mean:dim() ~= 1 then
    errors.fail('SpatialFeatNormalization: expected the means as a vector, got %s', torch.type(mean))
  end
  self.mean = mean:clone()
  self.std = std and std:clone() or mean:clone():fill(1)
  self.noOfFeats = mean:size(1)
end

function SpatialFeatNormalization:compute(input)
  local dims = input:dim()
  if dims ~= 3 and dims ~= 4 or input:size(dims - 2) ~= self.noOfFeats then
    errors.fail('SpatialFeatNormalization: expected images of %d planes, got %s', self.noOfFeats, sizes.text(input))
  end
  local mean, std = self.mean:view(-1, 1, 1), self.std:view(-1, 1, 1)
  return F.div(F.sub(input, mean), std)
end

return SpatialFeatNormalization

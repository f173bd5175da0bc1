--- nn.SpatialRegionDropout([p]): while training, the share p (0.2) of the rows or columns at one border, drawn at
-- random, becomes 0 and the rest is divided by 1 − p, as if a bounding box were drawn badly. It gives its input when
-- evaluating. Input C×H×W or N×C×H×W.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local SpatialRegionDropout, parent = torch.class('nn.SpatialRegionDropout', 'nn.Module')

local function check(p)
  if type(p) ~= 'number' or not (p >= 0 and p < 1) then
    errors.fail('SpatialRegionDropout: expected a share p with 0 <= p < 1, got %s', tostring(p))
  end
  return p
end

function SpatialRegionDropout:__init(p)
  parent.__init(self)
  self.p, self.train, self.noise = check(p or 0.2), true, torch.Tensor()
end

--- Changes the share.
function SpatialRegionDropout:setp(p) self.p = check(p) end

-- self.noise: 0 in the region, and 1 / (1 − p) elsewhere. Regions: 1 top, 2 bottom, 3 left, 4 right.
local function draw(self, input)
  local noise = utils.fit(leaf.is_private(self) and self.noise or handle.like(input), input)
  noise:resizeAs(input):fill(1 / (1 - self.p))
  self.regionType, self.noise = torch.random(4), noise
  local dim = input:dim() - (self.regionType <= 2 and 1 or 0)
  local size = input:size(dim)
  local count = math.floor(size * self.p)
  if count == 0 then return end
  noise:narrow(dim, self.regionType % 2 == 1 and 1 or size - count + 1, count):zero()
end

function SpatialRegionDropout:compute(input)
  if input:dim() ~= 3 and input:dim() ~= 4 then
    errors.fail('SpatialRegionDropout: expected CxHxW or NxCxHxW, got %s', sizes.text(input))
  end
  if not self.train then return F.alias(input) end
  if not leaf.is_again(self) then draw(self, input) end
  return F.mul(input, self.noise)
end

function SpatialRegionDropout:clearState()
  utils.clear(self, 'noise')
  return parent.clearState(self)
end

function SpatialRegionDropout:__tostring__() return ('%s p: %f'):format(torch.type(self), self.p) end

return SpatialRegionDropout

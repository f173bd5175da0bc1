--- nn.SpatialUniformCrop(oheight[, owidth[, scale]]): while training, cuts each image to oheight×owidth (owidth:
-- oheight) at a random place; when evaluating, in the middle. scale = {min, max} (or {min = …, max = …}): a random
-- multiple of that size is cut, and resampled to it. Input C×H×W or N×C×H×W.
--   nn.SpatialUniformCrop(24):forward(torch.randn(2, 3, 32, 32))   -- 2x3x24x24
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local windows = require 'dpnn.windows'

local SpatialUniformCrop, parent = torch.class('nn.SpatialUniformCrop', 'nn.Module')

function SpatialUniformCrop:__init(oheight, owidth, scale)
  parent.__init(self)
  if scale ~= nil and type(scale) ~= 'table' then
    errors.fail('SpatialUniformCrop: expected the scales as a table, got %s', torch.type(scale))
  end
  self.oheight, self.owidth, self.scale = oheight, owidth or oheight, scale
end

local function random_box(self, height, width)
  local s = self.scale
  local factor = s and torch.uniform(s.min or s[1], s.max or s[2]) or 1
  local h, w = math.min(math.ceil(factor * self.oheight), height), math.min(math.ceil(factor * self.owidth), width)
  return {torch.random(0, height - h), torch.random(0, width - w), h, w}
end

-- The boxes of the last forward stay for going back.
local function boxes(self, x)
  local list, height, width = {}, x:size(3), x:size(4)
  local middle = {math.ceil((height - self.oheight) / 2), math.ceil((width - self.owidth) / 2),
                  self.oheight, self.owidth}
  for i = 1, x:size(1) do list[i] = self.train ~= false and random_box(self, height, width) or middle end
  return list
end

function SpatialUniformCrop:compute(input)
  local x = self:toBatch(input, 3)
  if x:dim() ~= 4 or x:size(3) < self.oheight or x:size(4) < self.owidth then
    errors.fail('SpatialUniformCrop: expected images of %dx%d or more, got %s', self.oheight, self.owidth,
                sizes.text(input))
  end
  if not (self.boxes and leaf.is_again(self)) then self.boxes = boxes(self, x) end
  return self:fromBatch(windows.cut(x, self.boxes, self.oheight, self.owidth))
end

return SpatialUniformCrop

--- nn.SpatialGlimpse(size[, depth[, scale]]): a retina. Of {images, locations}, N×C×H×W and N×2, each image is cut
-- to size×size (or {height, width}) around its location {y, x}, where −1 and 1 are the borders, and cut again depth
-- − 1 (2) times, each scale (2) times as large as the one before and shrunk to size: N×(depth·C)×size×size. One
-- image C×H×W with one location works as well. What lies outside an image is 0. Locations get no gradient.
-- self.module shrinks.
-- Source: Mnih et al., "Recurrent Models of Visual Attention", 2014 (arXiv:1406.6247).
--   nn.SpatialGlimpse(8, 3):forward{torch.randn(2, 1, 28, 28), torch.zeros(2, 2)}   -- 2x3x8x8
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local windows = require 'dpnn.windows'

local F = op.F

local SpatialGlimpse, parent = torch.class('nn.SpatialGlimpse', 'nn.Module')

function SpatialGlimpse:__init(size, depth, scale)
  parent.__init(self)
  if type(size) ~= 'table' then size = {size, size} end
  self.height, self.width, self.depth, self.scale = size[1], size[2], depth or 3, scale or 2
  for _, name in ipairs {'height', 'width', 'depth', 'scale'} do
    if type(self[name]) ~= 'number' then
      errors.fail('SpatialGlimpse: expected %s as a number, got %s', name, torch.type(self[name]))
    end
  end
  self.gradInput = {torch.Tensor(), torch.Tensor()}
  if self.scale == 2 then
    self.module = nn.SpatialAveragePooling(2, 2, 2, 2)
    self.modules = {self.module}
  end
end

local function check(input)
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) or not handle.is_tensor(input[2]) then
    errors.fail('SpatialGlimpse: expected a table of images and locations, got %s', torch.type(input))
  end
end

-- Each sample's box of height×width around its location.
local function boxes(images, locations, height, width)
  local list, down, right = {}, math.floor((height - 1) / 2), math.floor((width - 1) / 2)
  local spare_y, spare_x = images:size(3) + 2 * down - height, images:size(4) + 2 * right - width
  for i = 1, images:size(1) do
    local y, x = (locations[i][1] + 1) / 2, (locations[i][2] + 1) / 2
    list[i] = {math.floor(math.min(spare_y, math.max(0, y * spare_y))) - down,
               math.floor(math.min(spare_x, math.max(0, x * spare_x))) - right, height, width}
  end
  return list
end

local function shrink(self, images, list, height, width)
  local module = self.module
  if not module then return windows.cut(images, list, self.height, self.width) end
  if torch.isTypeOf(module, 'nn.SpatialAveragePooling') then
    module.kW, module.kH = width / self.width, height / self.height
    module.dW, module.dH = module.kW, module.kH
  end
  return module:forward(windows.cut(images, list, height, width))
end

function SpatialGlimpse:compute(input)
  check(input)
  local images, locations = self:toBatch(input[1], 3), input[2]:dim() == 1 and input[2]:view(1, -1) or input[2]
  if images:dim() ~= 4 or locations:dim() ~= 2 or locations:size(1) ~= images:size(1) then
    errors.fail('SpatialGlimpse: expected N images and N locations')
  end
  local height, width, scales = self.height, self.width, {}
  for i = 1, self.depth do
    local list = op.unrecorded(boxes, images, locations, height, width)
    scales[i] = i == 1 and windows.cut(images, list, height, width) or shrink(self, images, list, height, width)
    height, width = math.floor(height * self.scale), math.floor(width * self.scale)
  end
  return self:fromBatch(F.cat(scales, 1))
end

return SpatialGlimpse

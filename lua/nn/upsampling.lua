--- Larger inputs: nn.SpatialUpSamplingNearest, nn.SpatialUpSamplingBilinear, nn.UpSampling; and smaller ones,
-- nn.PixelUnshuffle.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local planes = require 'nn.planes'

local function check_scale(self, scale)
  if type(scale) ~= 'number' or scale < 1 or scale % 1 ~= 0 then
    errors.fail('%s: expected a whole scale of 1 or more, got %s', torch.type(self), tostring(scale))
  end
  return scale
end

local function scaled(batch, scale)
  local out = {}
  for i = 3, batch:dim() do out[i - 2] = batch:size(i) * scale end
  return out
end

--- nn.SpatialUpSamplingNearest(scale): each element scale times in both directions: (N×)C×H×W to (N×)C×scale·H×scale·W
--   nn.SpatialUpSamplingNearest(2):forward(torch.randn(3, 4, 4))   -- 3x8x8
local Nearest, parent = torch.class('nn.SpatialUpSamplingNearest', 'nn.Module')

function Nearest:__init(scale)
  parent.__init(self)
  self.scale_factor = check_scale(self, scale)
end

function Nearest:compute(input)
  local batch, single = planes.batch(self, input, 2)
  local out = F.upsample(batch, scaled(batch, self.scale_factor), 'nearest')
  return planes.unbatch(out, single)
end

--- nn.SpatialUpSamplingBilinear(scale), nn.SpatialUpSamplingBilinear{oheight = H, owidth = W}: values between the
-- elements, by height and width; the corners stay as they are
--   nn.SpatialUpSamplingBilinear{oheight = 5, owidth = 7}:forward(torch.randn(3, 4, 4))   -- 3x5x7
local Bilinear = torch.class('nn.SpatialUpSamplingBilinear', 'nn.Module')

function Bilinear:__init(params)
  parent.__init(self)
  if type(params) == 'table' then
    self.owidth, self.oheight = params.owidth, params.oheight
    if not (self.owidth and self.oheight) then errors.fail('%s: expected owidth and oheight', torch.type(self)) end
  else
    self.scale_factor = check_scale(self, params)
  end
end

function Bilinear:compute(input)
  local batch, single = planes.batch(self, input, 2)
  local size = self.scale_factor and scaled(batch, self.scale_factor) or {self.oheight, self.owidth}
  return planes.unbatch(F.upsample(batch, size, 'corners'), single)
end

function Bilinear:__tostring__()
  if self.scale_factor then return ('%s(%d)'):format(torch.type(self), self.scale_factor) end
  return ('%s(%d, %d)'):format(torch.type(self), self.oheight, self.owidth)
end

--- nn.UpSampling(scale[, mode]), nn.UpSampling({owidth = W, oheight = H[, odepth = D]}, 'linear'): a batch with one to
-- three axes, N×C×W, N×C×H×W or N×C×D×H×W. mode: 'nearest', or 'linear' (as nn.SpatialUpSamplingBilinear, along all
-- axes), also called 'bilinear' and 'trilinear'
--   nn.UpSampling(2, 'linear'):forward(torch.randn(1, 3, 2, 4, 4))   -- 1x3x4x8x8
local UpSampling = torch.class('nn.UpSampling', 'nn.Module')

local linear = {linear = true, bilinear = true, trilinear = true}

function UpSampling:__init(params, mode)
  parent.__init(self)
  self.mode = linear[mode] and 'linear' or 'nearest'
  if type(params) ~= 'table' then
    self.scale_factor = check_scale(self, params)
    return
  end
  if self.mode == 'nearest' then errors.fail('UpSampling: expected a scale for the mode "nearest", got sizes') end
  self.odepth, self.oheight, self.owidth = params.odepth, params.oheight, params.owidth
end

local function wanted_sizes(self, input)
  if self.scale_factor then return scaled(input, self.scale_factor) end
  local all, axes, out = {self.odepth or 0, self.oheight or 0, self.owidth or 0}, input:dim() - 2, {}
  for i = 1, axes do
    out[i] = all[3 - axes + i]
    if out[i] < 1 then errors.fail('UpSampling: there is no size for each of %d axes', axes) end
  end
  return out
end

function UpSampling:compute(input)
  if input:dim() < 3 or input:dim() > 5 then
    errors.fail('UpSampling: expected NxC and one to three more dimensions, got %s', sizes.text(input))
  end
  return F.upsample(input, wanted_sizes(self, input), self.mode == 'linear' and 'corners' or 'nearest')
end

function UpSampling:__tostring__()
  local size = self.scale_factor and self.scale_factor .. 'x'
  if not size then
    local parts = {}
    for _, name in ipairs {'odepth', 'oheight', 'owidth'} do parts[#parts + 1] = self[name] end
    size = table.concat(parts, 'x')
  end
  return ('%s(%s, %s)'):format(torch.type(self), size, self.mode)
end

--- nn.PixelUnshuffle(r): undoes nn.PixelShuffle: places become channels, (N×)C×rH×rW to (N×)Cr²×H×W
--   nn.PixelUnshuffle(2):forward(torch.randn(1, 2, 6, 6))   -- 1x8x3x3
local Unshuffle = torch.class('nn.PixelUnshuffle', 'nn.Module')

function Unshuffle:__init(downscaleFactor)
  parent.__init(self)
  self.downscaleFactor = check_scale(self, downscaleFactor)
end

function Unshuffle:compute(input)
  local batch, single = planes.batch(self, input, 2)
  local r, n, c, height, width = self.downscaleFactor, batch:size(1), batch:size(2), batch:size(3), batch:size(4)
  if height % r ~= 0 or width % r ~= 0 then
    errors.fail('PixelUnshuffle: expected height and width to be multiples of %d, got %s', r, sizes.text(input))
  end
  local h, w = height / r, width / r
  local apart = F.permute(planes.view(batch, n, c, h, r, w, r), {0, 1, 3, 5, 2, 4})
  return planes.unbatch(planes.view(apart, n, c * r * r, h, w), single)
end

function Unshuffle:__tostring__() return ('%s(%d)'):format(torch.type(self), self.downscaleFactor) end

return {Nearest = Nearest, Bilinear = Bilinear, UpSampling = UpSampling, Unshuffle = Unshuffle}

--- Pooling whose windows follow from the output's size: nn.SpatialAdaptiveMaxPooling, nn.SpatialAdaptiveAveragePooling
-- and, over one to three axes, nn.AdaptiveMaxPooling and nn.AdaptiveAveragePooling; at random places:
-- nn.SpatialFractionalMaxPooling and nn.VolumetricFractionalMaxPooling.
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local planes = require 'nn.planes'
local pooling = require 'nn.pooling'

-- -- Adaptive ---------------------------------------------------------------------------------------------------

local function adaptive_max(self, input, sizes)
  local batch, single = planes.batch(self, input, #sizes)
  local out, index = F.adaptive_max_pool(batch, sizes)
  planes.keep_indices(self, index, single)
  return planes.unbatch(out, single)
end

local function adaptive_average(self, input, sizes)
  local batch, single = planes.batch(self, input, #sizes)
  return planes.unbatch(F.adaptive_avg_pool(batch, sizes), single)
end

--- nn.SpatialAdaptiveMaxPooling(W, H): the greatest of each of W×H windows that lie evenly over a plane: the p-th of W
-- goes from floor(p w / W) to ceil((p + 1) w / W). self.indices: its place (from 1) within the plane.
--   nn.SpatialAdaptiveMaxPooling(2, 3):forward(torch.randn(8, 20, 17))   -- 8x3x2
local Max, parent = torch.class('nn.SpatialAdaptiveMaxPooling', 'nn.Module')

local function init_image(self, W, H)
  parent.__init(self)
  self.W, self.H = W, H
end

function Max:__init(W, H)
  init_image(self, W, H)
  self.indices = torch.LongTensor()
end

function Max:compute(input) return adaptive_max(self, input, {self.H, self.W}) end

Max.empty, Max.clearState = pooling.Max.empty, pooling.Max.clearState

--- nn.SpatialAdaptiveAveragePooling(W, H): the mean of each, likewise
--   nn.SpatialAdaptiveAveragePooling(1, 1):forward(torch.randn(512, 7, 7))   -- 512x1x1
local Average = torch.class('nn.SpatialAdaptiveAveragePooling', 'nn.Module')

Average.__init, Average.empty = init_image, pooling.Max.empty

function Average:compute(input) return adaptive_average(self, input, {self.H, self.W}) end

local function describe_sizes(self) return ('%s(%s)'):format(torch.type(self), table.concat(self.sizes, 'x')) end

--- nn.AdaptiveMaxPooling(sizes): over as many axes as the table of the output's sizes has, the outermost first
--   nn.AdaptiveMaxPooling{4}:forward(torch.randn(8, 10))   -- 8x4
local MaxAny = torch.class('nn.AdaptiveMaxPooling', 'nn.Module')

function MaxAny:__init(sizes)
  parent.__init(self)
  self.sizes, self.indices = sizes, torch.LongTensor()
end

function MaxAny:compute(input) return adaptive_max(self, input, self.sizes) end

MaxAny.clearState, MaxAny.__tostring__ = pooling.Max.clearState, describe_sizes

--- nn.AdaptiveAveragePooling(sizes): likewise
--   nn.AdaptiveAveragePooling{1, 1, 1}:forward(torch.randn(8, 3, 7, 7))   -- 8x1x1x1
local AverageAny = torch.class('nn.AdaptiveAveragePooling', 'nn.Module')

function AverageAny:__init(sizes)
  parent.__init(self)
  self.sizes = sizes
end

function AverageAny:compute(input) return adaptive_average(self, input, self.sizes) end

AverageAny.__tostring__ = describe_sizes

-- -- Fractional -------------------------------------------------------------------------------------------------

-- Torch7 has volumes here as C×H×W×T.
local image, volume = {'H', 'W'}, {'H', 'W', 'T'}

-- The arguments, innermost axis first where the letters are outermost first: sizes of the window, then of the output
-- or, all less than 1, shares of the input's.
local function init_fractional(self, letters, ...)
  parent.__init(self)
  self.newRandomPool, self.indices = false, torch.LongTensor()
  local order = #letters == 2 and {'W', 'H'} or {'T', 'W', 'H'}
  local are_sizes = true
  for i, letter in ipairs(order) do
    local pool, size = select(i, ...), select(#order + i, ...)
    if type(pool) ~= 'number' or pool < 2 then
      errors.fail('%s: expected windows of 2 or more, got %s', torch.type(self), tostring(pool))
    end
    if type(size) ~= 'number' or size <= 0 then
      errors.fail('%s: expected sizes of the output, or shares of the input\'s, got %s', torch.type(self),
                  tostring(size))
    end
    self['poolSize' .. letter] = pool
    are_sizes = are_sizes and size >= 1
  end
  for i, letter in ipairs(order) do
    local size = select(#order + i, ...)
    if not are_sizes and size >= 1 then
      errors.fail('%s: expected all sizes to be 1 or more, or all to be less', torch.type(self))
    end
    self[(are_sizes and 'out' or 'ratio') .. letter] = size
  end
end

-- Numbers within 0 … 1 for each plane; new ones each time, unless fixPoolingRegions was called.
local function samples_for(self, batch, axes)
  local n, c, old = batch:size(1), batch:size(2), self.randomSamples
  local fits = old and old:dim() == 3 and old:size(1) == n and old:size(2) == c
  if not fits or not (self.newRandomPool or leaf.is_again(self)) then
    old = old or batch.new()
    self.randomSamples = old:resize(n, c, axes):uniform()
  end
  return self.randomSamples
end

local function pool_fractional(self, input, letters)
  local axes = #letters
  local batch, single = planes.batch(self, input, axes)
  local kernel, sizes = {}, {}
  for i, letter in ipairs(letters) do
    kernel[i] = self['poolSize' .. letter]
    sizes[i] = self['out' .. letter] or math.floor(batch:size(i + 2) * self['ratio' .. letter])
  end
  local out, index = F.fractional_max_pool(batch, samples_for(self, batch, axes), kernel, sizes)
  planes.keep_indices(self, index, single)
  return planes.unbatch(out, single)
end

local function fix_regions(self, fixed)
  self.newRandomPool = fixed ~= false
  return self
end

-- Places that stay are part of the module.
local function clear_fractional(self)
  self.indices = nil
  if not self.newRandomPool then self.randomSamples = nil end
  return parent.clearState(self)
end

local function describe_fractional(self, order)
  local sizes, pools = {}, {}
  for i, letter in ipairs(order) do
    sizes[i] = tostring(self['out' .. letter] or self['ratio' .. letter])
    pools[i] = tostring(self['poolSize' .. letter])
  end
  return ('%s(%s, %s)'):format(torch.type(self), table.concat(sizes, 'x'), table.concat(pools, ','))
end

--- nn.SpatialFractionalMaxPooling(poolSizeW, poolSizeH, outW, outH): the greatest of each of outW×outH windows, which
-- begin at places drawn anew each time and may overlap. outW and outH less than 1: shares of the input's sizes.
-- fixPoolingRegions([on]): keeps the places. Fields: indices (see nn.SpatialMaxPooling), randomSamples.
-- Source: Graham, "Fractional Max-Pooling", 2014 (arXiv:1412.6071).
--   nn.SpatialFractionalMaxPooling(2, 2, 0.7, 0.7):forward(torch.randn(8, 20, 20))   -- 8x14x14
local Fractional = torch.class('nn.SpatialFractionalMaxPooling', 'nn.Module')

function Fractional:__init(...) init_fractional(self, image, ...) end
function Fractional:compute(input) return pool_fractional(self, input, image) end
function Fractional:__tostring__() return describe_fractional(self, {'W', 'H'}) end

Fractional.fixPoolingRegions, Fractional.empty, Fractional.clearState = fix_regions, pooling.Max.empty, clear_fractional

--- nn.VolumetricFractionalMaxPooling(poolSizeT, poolSizeW, poolSizeH, outT, outW, outH): likewise, of (N×)C×H×W×T
local Volumetric = torch.class('nn.VolumetricFractionalMaxPooling', 'nn.Module')

function Volumetric:__init(...) init_fractional(self, volume, ...) end
function Volumetric:compute(input) return pool_fractional(self, input, volume) end
function Volumetric:__tostring__() return describe_fractional(self, {'T', 'W', 'H'}) end

Volumetric.fixPoolingRegions, Volumetric.empty, Volumetric.clearState = fix_regions, pooling.Max.empty, clear_fractional

return {Max = Max, Average = Average, MaxAny = MaxAny, AverageAny = AverageAny, Fractional = Fractional,
        Volumetric = Volumetric}

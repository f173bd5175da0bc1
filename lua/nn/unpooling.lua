--- Layers that undo or replace pooling: nn.SpatialMaxUnpooling and nn.VolumetricMaxUnpooling; nn.SpatialSubSampling;
-- pooling by a p-norm, nn.SpatialLPPooling and nn.FeatureLPPooling.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local types = require 'torch.types'
local F = require('torch.op').F
local planes = require 'nn.planes'

-- -- Back to the places of the greatest ------------------------------------------------------------------------

local function init_unpooling(self, class, axes, module)
  if torch.type(module) ~= class then
    errors.fail('%s: expected a %s, got %s', torch.type(self), class, torch.type(module))
  end
  for i = 1, axes.count do
    if module[axes.k[i]] ~= module[axes.d[i]] then
      errors.fail('%s: the pooling\'s steps must be as large as its windows', torch.type(self))
    end
  end
  self.pooling = module
end

-- The pooling's indices as they were before the net changed its type.
local function as_places(index)
  local kind = types.at[handle.layout(index).device][C.MT_INT64]
  return handle.kind(index) == kind and index or F.cast(index, kind)
end

local function unpool(self, input, sizes_of)
  local batch, single = planes.batch(self, input, #sizes_of)
  local index = as_places(self.pooling.indices)
  if not index:isSameSizeAs(input) then
    errors.fail('%s: the pooling gave %s, the input is %s', torch.type(self), sizes.text(index), sizes.text(input))
  end
  if single then index = F.unsqueeze(index, 0) end
  return planes.unbatch(F.max_unpool(batch, index, sizes_of), single)
end

local function describe(self) return ('%s associated to %s'):format(torch.type(self), tostring(self.pooling)) end

--- nn.SpatialMaxUnpooling(pooling): puts each element where the module pooling, an nn.SpatialMaxPooling with steps as
-- large as its windows, last found its greatest ones, and zeros everywhere else
--   pool = nn.SpatialMaxPooling(2, 2)
--   nn.SpatialMaxUnpooling(pool):forward(pool:forward(torch.randn(3, 8, 8)))   -- 3x8x8
local Unpooling, parent = torch.class('nn.SpatialMaxUnpooling', 'nn.Module')

function Unpooling:__init(module)
  parent.__init(self)
  init_unpooling(self, 'nn.SpatialMaxPooling', planes.image, module)
end

function Unpooling:compute(input) return unpool(self, input, {self.pooling.iheight, self.pooling.iwidth}) end

--- An older name of clearState.
function Unpooling:empty() return self:clearState() end

Unpooling.__tostring__ = describe

--- nn.VolumetricMaxUnpooling(pooling): likewise, of an nn.VolumetricMaxPooling
local VolumetricUnpooling = torch.class('nn.VolumetricMaxUnpooling', 'nn.Module')

function VolumetricUnpooling:__init(module)
  parent.__init(self)
  init_unpooling(self, 'nn.VolumetricMaxPooling', planes.volume, module)
end

function VolumetricUnpooling:compute(input)
  local from = self.pooling
  return unpool(self, input, {from.itime, from.iheight, from.iwidth})
end

VolumetricUnpooling.empty, VolumetricUnpooling.__tostring__ = Unpooling.empty, describe

-- -- Weighted sums ----------------------------------------------------------------------------------------------

--- nn.SpatialSubSampling(nInputPlane, kW, kH[, dW, dH]): the sum of each window, times a weight and plus a bias for
-- each plane; steps are 1 unless given
--   nn.SpatialSubSampling(3, 2, 2, 2, 2):forward(torch.randn(3, 8, 8))   -- 3x4x4
local SubSampling = torch.class('nn.SpatialSubSampling', 'nn.Module')

function SubSampling:__init(nInputPlane, kW, kH, dW, dH)
  parent.__init(self)
  self.nInputPlane, self.kW, self.kH, self.dW, self.dH = nInputPlane, kW, kH, dW or 1, dH or 1
  planes.make_parameters(self, {nInputPlane}, {nInputPlane})
end

function SubSampling:reset(stdv) return planes.draw(self, stdv, self.kW * self.kH) end

function SubSampling:compute(input)
  local batch, single = planes.batch(self, input, 2)
  -- a number for each plane, as Torch7 reads them: in files of its first years the weight has more
  local each = F.narrow(planes.view(self.weight, -1), 0, 0, self.nInputPlane)
  local weight = planes.view(F.mul(each, self.kW * self.kH), 1, self.nInputPlane, 1, 1)
  local mean = F.avg_pool(batch, planes.window(self, planes.image))
  return planes.unbatch(planes.add_bias(F.mul(mean, weight), self.bias), single)
end

-- -- Norms ------------------------------------------------------------------------------------------------------

--- nn.SpatialLPPooling(nInputPlane, pnorm, kW, kH[, dW, dH]): (Σ xᵖ)^(1/p) of each window; steps are as large as the
-- window unless given
--   nn.SpatialLPPooling(3, 2, 2, 2):forward(torch.randn(3, 8, 8))   -- 3x4x4
local LP, sequential = torch.class('nn.SpatialLPPooling', 'nn.Sequential')

function LP:__init(_, pnorm, kW, kH, dW, dH)
  sequential.__init(self)
  self.kW, self.kH, self.dW, self.dH = kW, kH, dW or kW, dH or kH
  self:add(pnorm == 2 and nn.Square() or nn.Power(pnorm))
  self:add(nn.SpatialAveragePooling(kW, kH, self.dW, self.dH)):add(nn.MulConstant(kW * kH))
  self:add(pnorm == 2 and nn.Sqrt() or nn.Power(1 / pnorm))
end

--- nn.FeatureLPPooling(width, stride, power[, batch_mode]): (Σ xᵖ)^(1/p) of each width features on end, which begin
-- stride apart; its gradient is taken as 0 where the sum is 0. The features are the first dimension or, in batch_mode,
-- the second, with up to two more behind them.
--   nn.FeatureLPPooling(2, 2, 2):forward(torch.randn(8, 5))   -- 4x5
local FeatureLP = torch.class('nn.FeatureLPPooling', 'nn.Module')

function FeatureLP:__init(width, stride, power, batch_mode)
  parent.__init(self)
  if not (width >= 2 and width <= 16) then errors.fail('FeatureLPPooling: width must be 2 to 16, got %g', width) end
  if not (stride >= 1 and stride <= 4) then errors.fail('FeatureLPPooling: stride must be 1 to 4, got %g', stride) end
  self.width, self.stride, self.power, self.batch_mode = width, stride, power, batch_mode or false
end

local function power(x, p) return p == 2 and F.square(x) or F.pow(x, p) end

-- x^(1/p), with the gradient 0 at 0
local function root(x, p)
  local positive = F.ne(x, 0)
  return F.where(positive, F.pow(F.where(positive, x, 1), 1 / p), 0)
end

function FeatureLP:compute(input)
  local dims, first = input:dim(), self.batch_mode and 1 or 0
  if dims <= first or dims > first + 3 then
    errors.fail('FeatureLPPooling: expected %d to %d dimensions, got %s', first + 1, first + 3, sizes.text(input))
  end
  local size = sizes.table(input)
  local batch, features = first == 1 and size[1] or 1, size[first + 1]
  local flat = planes.view(power(input, self.power), batch, 1, features, input:nElement() / (batch * features))
  local mean = F.avg_pool(flat, F.window({self.width, 1}, {self.stride, 1}))
  local out = root(F.mul(mean, self.width), self.power)
  size[first + 1] = out:size(3)
  return planes.view(out, unpack(size))
end

function FeatureLP:__tostring__()
  return ('%s(w%d s%d power %g batch %s)'):format(torch.type(self), self.width, self.stride, self.power,
                                                  tostring(self.batch_mode))
end

return {Unpooling = Unpooling, VolumetricUnpooling = VolumetricUnpooling, SubSampling = SubSampling, LP = LP,
        FeatureLP = FeatureLP}

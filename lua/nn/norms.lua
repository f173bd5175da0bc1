--- Normalisation within each sample, from after Torch7: nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm. All subtract a
-- mean and divide by √(variance + eps); the variance is that of all elements, not an estimate. eps: 1e-5. Unless affine
-- is false, a weight (first 1) and a bias (first 0) follow.
local torch = require 'torch'
local errors = require 'torch.errors'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local scratch = require 'nn.scratch'

local F = op.F

-- Gives the module its weight and bias, of these sizes, unless affine is false.
local function init(module, eps, affine, ...)
  module.eps, module.affine = eps or 1e-5, affine ~= false
  if not module.affine then return end
  module.weight, module.bias = torch.Tensor(...), torch.Tensor(...)
  module.gradWeight, module.gradBias = torch.zeros(...), torch.zeros(...)
  module:reset()
end

local function reset(module)
  if module.weight then module.weight:fill(1) end
  if module.bias then module.bias:zero() end
end

-- Each row of the input seen as a matrix of n columns, normalised.
local function normalise(module, input, n)
  return F.layer_norm(F.contiguous(input):view(-1, n), nil, nil, module.eps)
end

-- y, seen with the input's sizes N×C×…, with each channel's weight and bias.
local function spread(module, y, input)
  if not module.weight then return F.view(y, input) end
  local n, channels = input:size(1), input:size(2)
  y = y:view(n, channels, -1)
  return F.view(F.addcmul(module.bias:view(1, channels, 1), y, module.weight:view(1, channels, 1)), input)
end

local function check_channels(module, input, channels, least)
  if not torch.isTensor(input) or input:dim() < least or input:size(2) ~= channels then
    errors.fail('%s: expected Nx%d%s, got %s', torch.type(module), channels, least > 2 and 'x...' or '',
                torch.isTensor(input) and sizes.text(input) or torch.type(input))
  end
end

-- -- Over the last dimensions -----------------------------------------------------------------------------------

--- nn.LayerNorm(shape[, eps[, affine]]): over the last dimensions of the input, which have the sizes shape: a number, a
-- table of numbers or a LongStorage. Weight and bias have these sizes.
-- Source: Ba, Kiros and Hinton, "Layer Normalization", 2016 (arXiv:1607.06450).
--   nn.LayerNorm(10):forward(torch.randn(5, 7, 10))
local LayerNorm, parent = torch.class('nn.LayerNorm', 'nn.Module')

function LayerNorm:__init(shape, eps, affine)
  parent.__init(self)
  if type(shape) == 'number' then shape = {shape} end
  self.shape = torch.type(shape) == 'torch.LongStorage' and shape or torch.LongStorage(shape)
  init(self, eps, affine, self.shape)
end

LayerNorm.reset = reset

local function count_columns(self, input)
  local n, before = 1, input:dim() - self.shape:size()
  for i = 1, self.shape:size() do
    if before < 0 or input:size(before + i) ~= self.shape[i] then
      errors.fail('nn.LayerNorm: expected last sizes %s, got %s', table.concat(self.shape:totable(), 'x'),
                  sizes.text(input))
    end
    n = n * self.shape[i]
  end
  return n
end

function LayerNorm:compute(input)
  local n = count_columns(self, input)
  local weight, bias = self.weight and self.weight:view(n), self.bias and self.bias:view(n)
  return F.view(F.layer_norm(F.contiguous(input):view(-1, n), weight or nil, bias or nil, self.eps), input)
end

function LayerNorm:__tostring__()
  return ('%s(%s)'):format(torch.type(self), table.concat(self.shape:totable(), 'x'))
end

-- -- Over groups of channels ------------------------------------------------------------------------------------

--- nn.GroupNorm(groups, channels[, eps[, affine]]): over each of so many groups of neighbouring channels of
-- N×channels×… inputs. Weight and bias have an element for each channel.
-- Source: Wu and He, "Group Normalization", 2018 (arXiv:1803.08494).
--   nn.GroupNorm(2, 6):forward(torch.randn(4, 6, 8, 8))
local GroupNorm = torch.class('nn.GroupNorm', 'nn.Module')

function GroupNorm:__init(groups, channels, eps, affine)
  parent.__init(self)
  if type(groups) ~= 'number' or type(channels) ~= 'number' or groups < 1 or channels % groups ~= 0 then
    errors.fail('nn.GroupNorm: %s channels do not make %s groups', tostring(channels), tostring(groups))
  end
  self.groups, self.channels = groups, channels
  init(self, eps, affine, channels)
end

GroupNorm.reset = reset

function GroupNorm:compute(input)
  check_channels(self, input, self.channels, 2)
  return spread(self, normalise(self, input, input:nElement() / (input:size(1) * self.groups)), input)
end

function GroupNorm:__tostring__() return ('%s(%d, %d)'):format(torch.type(self), self.groups, self.channels) end

-- -- Over each channel ------------------------------------------------------------------------------------------

--- nn.InstanceNorm(channels[, eps[, momentum[, affine[, trackStats]]]]): over each channel of each sample, of inputs
-- N×channels×L, N×channels×H×W or N×channels×T×H×W. Weight and bias have an element for each channel. trackStats: while
-- training, running_mean and running_var follow the means over the batch of means and (unbiased) variances by momentum
-- (0.1); evaluating, they are what is subtracted and divided by.
-- Source: Ulyanov et al., "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016
-- (arXiv:1607.08022).
--   nn.InstanceNorm(3):forward(torch.randn(4, 3, 8, 8))
local InstanceNorm = torch.class('nn.InstanceNorm', 'nn.Module')

function InstanceNorm:__init(channels, eps, momentum, affine, trackStats)
  parent.__init(self)
  self.channels, self.momentum, self.trackStats, self.train = channels, momentum or 0.1, trackStats or false, true
  if self.trackStats then self.running_mean, self.running_var = torch.zeros(channels), torch.ones(channels) end
  init(self, eps, affine, channels)
end

--- Weight 1, bias 0, nothing seen yet.
function InstanceNorm:reset()
  reset(self)
  if self.trackStats then
    self.running_mean:zero()
    self.running_var:fill(1)
  end
end

local function follow(self, input)
  local n, size, m = input:size(1), input:nElement() / (input:size(1) * self.channels), self.momentum
  if size < 2 then errors.fail('nn.InstanceNorm: one element a channel has no variance') end
  local rows = F.contiguous(input):view(n, self.channels, size)
  local function mean_of(x) return F.mean(x:view(n, self.channels), 1):view(-1) end
  self.running_mean:mul(1 - m):add(m, mean_of(F.mean(rows, 4)))
  self.running_var:mul(1 - m):add(m, mean_of(F.var(rows, 4, 1)))
end

-- With the running values all is one factor and one sum for each channel.
local function by_running(self, input)
  local factor = F.rsqrt(F.add(self.running_var, self.eps))
  if self.weight then factor = F.mul(factor, self.weight) end
  local shift = F.neg(F.mul(self.running_mean, factor))
  if self.bias then shift = F.add(shift, self.bias) end
  local y = F.contiguous(input):view(input:size(1), self.channels, -1)
  return F.view(F.addcmul(shift:view(1, self.channels, 1), y, factor:view(1, self.channels, 1)), input)
end

function InstanceNorm:compute(input)
  check_channels(self, input, self.channels, 3)
  if self.trackStats and not self.train then return by_running(self, input) end
  if self.trackStats and not leaf.is_again(self) then op.unrecorded(scratch, follow, self, input) end
  return spread(self, normalise(self, input, input:nElement() / (input:size(1) * self.channels)), input)
end

function InstanceNorm:__tostring__() return ('%s(%d)'):format(torch.type(self), self.channels) end

return {LayerNorm = LayerNorm, GroupNorm = GroupNorm, InstanceNorm = InstanceNorm}

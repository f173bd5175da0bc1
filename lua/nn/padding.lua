--- Modules that add to the ends of dimensions: nn.Padding, nn.SpatialZeroPadding, nn.SpatialReflectionPadding,
-- nn.SpatialReplicationPadding, nn.VolumetricReplicationPadding and, over one to three axes, nn.ZeroPadding,
-- nn.ReflectionPadding and nn.ReplicationPadding. Negative amounts take off instead.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'

-- -- A value along one dimension --------------------------------------------------------------------------------

--- nn.Padding(dim, pad[, nInputDim[, value[, index]]]): |pad| times the value (0) put into a dimension. With pad < 0
-- before place index (1); with pad > 0 behind place index, counted from the end. An input with other than nInputDim
-- dimensions is a batch, and dim counts behind its first.
--   nn.Padding(1, -2, 1, 7):forward(torch.Tensor{1, 2})   -- 7, 7, 1, 2
local Padding, parent = torch.class('nn.Padding', 'nn.Module')

function Padding:__init(dim, pad, nInputDim, value, index)
  parent.__init(self)
  self.dim, self.pad, self.nInputDim = dim, pad, nInputDim
  self.value, self.index = value or 0, index or 1
  self.outputSize = torch.LongStorage()
end

-- A tensor of the value, of x's sizes but for count places in one dimension.
local function filling(self, x, dim, count)
  local size = sizes.table(x)
  size[dim + 1] = count
  return leaf.buffer(self, 'filling', x):resize(size):fill(self.value)
end

function Padding:compute(input)
  local batch = self.nInputDim and input:dim() ~= self.nInputDim
  local dim = sizes.dim('Padding', input, batch and self.dim + 1 or self.dim)
  local size, count = input:size(dim + 1), math.abs(self.pad)
  local before = self.pad > 0 and size - self.index + 1 or self.index - 1
  if before < 0 or before > size then
    errors.fail('Padding: place %d is outside 1..%d', self.index, size + 1)
  end
  if count == 0 then return F.clone(input) end
  local parts = {filling(self, input, dim, count)}
  if before == size then
    table.insert(parts, 1, input)
  elseif before == 0 then
    parts[2] = input
  else
    table.insert(parts, 1, F.narrow(input, dim, 0, before))
    parts[3] = F.narrow(input, dim, before, size - before)
  end
  return F.cat(parts, dim)
end

-- -- All ends of the last dimensions ----------------------------------------------------------------------------

-- What to add to each of the last dimensions: {before, behind, before, behind, …}
local function ends_of(self)
  if self.amounts then return {unpack(self.amounts)} end
  if self.pfront then return {self.pfront, self.pback, self.ptop, self.pbottom, self.pleft, self.pright} end
  return {self.pad_t, self.pad_b, self.pad_l, self.pad_r}
end

local function pad(self, input, mode)
  local pads, dims = ends_of(self), input:dim()
  local count = #pads / 2
  if dims ~= count + 1 and dims ~= count + 2 then
    errors.fail('%s: expected %d or %d dimensions, got %s', torch.type(self), count + 1, count + 2, sizes.text(input))
  end
  for i = 1, count do
    local before, behind = pads[2 * i - 1], pads[2 * i]
    if input:size(dims - count + i) + before + behind < 1 then
      errors.fail('%s: %s is too small for %d and %d at dimension %d', torch.type(self), sizes.text(input), before,
                  behind, dims - count + i)
    end
  end
  for _ = 1, 2 * (dims - count) do table.insert(pads, 1, 0) end
  if mode == 'zero' then return F.pad(input, pads, 0) end
  return F.pad_by(input, pads, mode)
end

local function init_spatial(self, pad_l, pad_r, pad_t, pad_b)
  parent.__init(self)
  self.pad_l, self.pad_r = pad_l, pad_r or pad_l
  self.pad_t, self.pad_b = pad_t or pad_l, pad_b or pad_l
end

local function describe_spatial(self)
  return ('%s(l=%d, r=%d, t=%d, b=%d)'):format(torch.type(self), self.pad_l, self.pad_r, self.pad_t, self.pad_b)
end

--- nn.SpatialZeroPadding(left[, right, top, bottom]): zeros around the planes of C×H×W or N×C×H×W; amounts that are
-- left out are as on the left.
--   nn.SpatialZeroPadding(1):forward(torch.ones(1, 2, 2))   -- 1x4x4
local Zero = torch.class('nn.SpatialZeroPadding', 'nn.Module')
Zero.__init, Zero.__tostring__ = init_spatial, describe_spatial
function Zero:compute(input) return pad(self, input, 'zero') end

--- nn.SpatialReflectionPadding(left[, right, top, bottom]): around the planes their own mirror images, the edge itself
-- not repeated
local Reflection = torch.class('nn.SpatialReflectionPadding', 'nn.Module')
Reflection.__init, Reflection.__tostring__ = init_spatial, describe_spatial
function Reflection:compute(input) return pad(self, input, 'reflect') end

--- nn.SpatialReplicationPadding(left[, right, top, bottom]): around the planes their edges, repeated
local Replication = torch.class('nn.SpatialReplicationPadding', 'nn.Module')
Replication.__init, Replication.__tostring__ = init_spatial, describe_spatial
function Replication:compute(input) return pad(self, input, 'replicate') end

--- nn.VolumetricReplicationPadding(left[, right, top, bottom, front, back]): the edges of C×T×H×W or N×C×T×H×W,
-- repeated; amounts that are left out are as on the left.
local Volumetric = torch.class('nn.VolumetricReplicationPadding', 'nn.Module')

function Volumetric:__init(pleft, pright, ptop, pbottom, pfront, pback)
  parent.__init(self)
  self.pleft, self.pright = pleft, pright or pleft
  self.ptop, self.pbottom = ptop or pleft, pbottom or pleft
  self.pfront, self.pback = pfront or pleft, pback or pleft
end

function Volumetric:compute(input) return pad(self, input, 'replicate') end

function Volumetric:__tostring__()
  return ('%s(left=%d, right=%d, top=%d, bottom=%d, front=%d, back=%d)'):format(
    torch.type(self), self.pleft, self.pright, self.ptop, self.pbottom, self.pfront, self.pback)
end

-- -- Any axes ---------------------------------------------------------------------------------------------------

local function init_any(self, amounts)
  parent.__init(self)
  if type(amounts) ~= 'table' or #amounts % 2 ~= 0 or #amounts < 2 or #amounts > 6 then
    errors.fail('%s: expected a table of two amounts for each of one to three axes', torch.type(self))
  end
  self.amounts = amounts
end

local function describe_any(self) return ('%s(%s)'):format(torch.type(self), table.concat(self.amounts, ', ')) end

--- nn.ZeroPadding{before, behind, …}: zeros at the ends of the last one to three dimensions, two amounts for each, the
-- outermost first. Input C×… or N×C×…
--   nn.ZeroPadding{1, 2}:forward(torch.ones(3, 4))   -- 3x7
local ZeroAny = torch.class('nn.ZeroPadding', 'nn.Module')
ZeroAny.__init, ZeroAny.__tostring__ = init_any, describe_any
function ZeroAny:compute(input) return pad(self, input, 'zero') end

--- nn.ReflectionPadding{before, behind, …}: likewise, mirror images (see nn.SpatialReflectionPadding)
local ReflectionAny = torch.class('nn.ReflectionPadding', 'nn.Module')
ReflectionAny.__init, ReflectionAny.__tostring__ = init_any, describe_any
function ReflectionAny:compute(input) return pad(self, input, 'reflect') end

--- nn.ReplicationPadding{before, behind, …}: likewise, the edges, repeated
local ReplicationAny = torch.class('nn.ReplicationPadding', 'nn.Module')
ReplicationAny.__init, ReplicationAny.__tostring__ = init_any, describe_any
function ReplicationAny:compute(input) return pad(self, input, 'replicate') end

return {Padding = Padding, Zero = Zero, Reflection = Reflection, Replication = Replication, Volumetric = Volumetric,
        ZeroAny = ZeroAny, ReflectionAny = ReflectionAny, ReplicationAny = ReplicationAny}

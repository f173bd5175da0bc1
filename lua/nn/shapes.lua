--- Modules that only change sizes: nn.View, nn.Reshape, nn.Collapse, nn.Squeeze, nn.Unsqueeze, nn.Contiguous.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local utils = require 'nn.utils'

local layout, buffer = handle.layout, sizes.buffer

-- input as a view with these sizes (a LongStorage), behind a first one unless that is nil
local function view(input, first, wanted)
  local packed, at = F.contiguous(input), first and 1 or 0
  buffer[0] = first or 0
  for i = 1, wanted:size() do buffer[at + i - 1] = wanted[i] end
  return F.view(packed, nil, at + wanted:size())
end

local function long_storage(first, ...)
  if torch.type(first) == 'torch.LongStorage' then return torch.LongStorage(first:size()):copy(first) end
  return torch.LongStorage(type(first) == 'table' and first or {first, ...})
end

local function text(storage, between) return table.concat(storage:totable(), between) end

-- -- View -------------------------------------------------------------------------------------------------------

--- nn.View(sizes…): the input's elements with other sizes; one may be −1. What remains is taken for the batch: where
-- the input has a multiple of the sizes' elements the output has one dimension more. setNumInputDims says how many of
-- the input's dimensions belong to one sample, which is needed to tell a batch when a size is −1.
--   nn.View(16 * 5 * 5):forward(torch.randn(32, 16, 5, 5))              -- 32x400
--   nn.View(-1):setNumInputDims(3):forward(torch.randn(32, 16, 5, 5))   -- 32x400
local View, parent = torch.class('nn.View', 'nn.Module')

function View:__init(...)
  parent.__init(self)
  self:resetSize(...)
end

--- Takes other sizes; gives the module.
function View:resetSize(...)
  local wanted = long_storage(...)
  local count, open = 1, false
  for i = 1, wanted:size() do
    local size = wanted[i]
    if size < -1 or size == -1 and open then
      errors.fail('View: expected sizes, of which one may be -1, got %s', text(wanted, 'x'))
    end
    if size == -1 then open = true else count = count * size end
  end
  self.size, self.numElements = wanted, count
  return self
end

function View:setNumInputDims(numInputDims)
  self.numInputDims = numInputDims
  return self
end

local function has_open_size(wanted)
  for i = 1, wanted:size() do
    if wanted[i] == -1 then return true end
  end
  return false
end

-- How many samples the input holds, or nil where it is taken for a single one.
local function batch_size(self, input)
  local l = layout(input)
  local own = math.min(self.numInputDims or l.dim, l.dim)
  local count, batch = 1, 1
  for i = 0, l.dim - 1 do
    local size = tonumber(l.size[i])
    if i < l.dim - own then batch = batch * size else count = count * size end
  end
  if count % self.numElements ~= 0 then
    errors.fail('View: %s cannot be seen as %s', sizes.text(input), text(self.size, 'x'))
  end
  if not has_open_size(self.size) then batch = batch * count / self.numElements end
  if batch == 1 and (not self.numInputDims or l.dim <= self.numInputDims) then return nil end
  return batch
end

function View:compute(input)
  return view(input, batch_size(self, input), self.size)
end

function View:__tostring__() return ('%s(%s)'):format(torch.type(self), text(self.size, ', ')) end

-- -- Reshape ----------------------------------------------------------------------------------------------------

--- nn.Reshape(sizes…[, batchMode]): the input's elements with other sizes. batchMode true: the first dimension is the
-- batch and stays; false: it is not; nil: it is, unless the input has just as many elements as the sizes and a first
-- dimension other than 1.
--   nn.Reshape(4, 2):forward(torch.randn(5, 8))   -- 5x4x2
local Reshape = torch.class('nn.Reshape', 'nn.Module')

function Reshape:__init(...)
  parent.__init(self)
  local args = {...}
  if type(args[#args]) == 'boolean' then self.batchMode = table.remove(args) end
  self.size = long_storage(unpack(args))
  self.nelement = 1
  self.batchsize = torch.LongStorage(self.size:size() + 1)
  self.batchsize[1] = 0
  for i = 1, self.size:size() do
    self.nelement = self.nelement * self.size[i]
    self.batchsize[i + 1] = self.size[i]
  end
end

function Reshape:compute(input)
  local single = self.batchMode == false
  if self.batchMode == nil then single = input:nElement() == self.nelement and input:size(1) ~= 1 end
  return view(input, not single and input:size(1) or nil, self.size)
end

function Reshape:__tostring__() return ('%s(%s)'):format(torch.type(self), text(self.size, 'x')) end

function Reshape:clearState()
  utils.clear(self, '_input', '_gradOutput')   -- files of Torch7 may hold them; so below
  return parent.clearState(self)
end

-- -- Collapse ---------------------------------------------------------------------------------------------------

--- nn.Collapse(n): the last n dimensions as one, where the input has one more, its batch; else all as one.
--   nn.Collapse(3):forward(torch.randn(8, 3, 4, 5))   -- 8x60
local Collapse = torch.class('nn.Collapse', 'nn.Module')

function Collapse:__init(nInputDim)
  parent.__init(self)
  self.nInputDim = nInputDim
end

local rest = torch.LongStorage {-1}

function Collapse:compute(input)
  return view(input, input:dim() > self.nInputDim and input:size(1) or nil, rest)
end

function Collapse:clearState()
  utils.clear(self, '_input')
  return parent.clearState(self)
end

-- -- Dimensions of size 1 ---------------------------------------------------------------------------------------

local function check_tensor(self, input)
  if not handle.is_tensor(input) then
    errors.fail('%s: expected a tensor, got %s', torch.type(self), torch.type(input))
  end
end

--- nn.Squeeze([dim[, numInputDims]]): without that dimension of size 1, or without all of them. With numInputDims, an
-- input of one dimension more is a batch, and keeps its first.
--   nn.Squeeze(2, 2):forward(torch.randn(4, 3, 1))   -- 4x3
local Squeeze = torch.class('nn.Squeeze', 'nn.Module')

function Squeeze:__init(dim, numInputDims)
  parent.__init(self)
  self.dim = dim
  self:setNumInputDims(numInputDims)
end

function Squeeze:setNumInputDims(numInputDims)
  self.numInputDims = numInputDims
  return self
end

function Squeeze:compute(input)
  check_tensor(self, input)
  local batch = self.numInputDims and input:dim() == self.numInputDims + 1
  if self.dim then return F.squeeze(input, sizes.dim('Squeeze', input, batch and self.dim + 1 or self.dim)) end
  local out = F.squeeze(input, -1)
  return batch and input:size(1) == 1 and input:nElement() > 1 and F.unsqueeze(out, 0) or out
end

--- nn.Unsqueeze(pos[, numInputDims]): with a dimension of size 1 put in at a place of the last numInputDims dimensions,
-- which are those of the first input unless given.
--   nn.Unsqueeze(1, 2):forward(torch.randn(4, 3, 2))   -- 4x1x3x2
local Unsqueeze = torch.class('nn.Unsqueeze', 'nn.Module')

function Unsqueeze:__init(pos, numInputDims)
  parent.__init(self)
  if type(pos) ~= 'number' then errors.fail('Unsqueeze: expected a place as a number, got %s', type(pos)) end
  self.pos = pos
  self:setNumInputDims(numInputDims)
end

Unsqueeze.setNumInputDims = Squeeze.setNumInputDims

function Unsqueeze:compute(input)
  check_tensor(self, input)
  local dims = input:dim()
  self.numInputDims = self.numInputDims or dims
  local lead = dims - self.numInputDims
  if lead < 0 or self.pos + lead < 1 or self.pos > self.numInputDims + 1 then
    errors.fail('Unsqueeze: place %d is outside 1..%d, or %s has less than %d dimensions', self.pos,
                self.numInputDims + 1, sizes.text(input), self.numInputDims)
  end
  return F.unsqueeze(input, self.pos + lead - 1)
end

function Unsqueeze:__tostring__() return ('%s(dim %d)'):format(torch.type(self), self.pos) end

-- -- Order in memory --------------------------------------------------------------------------------------------

--- nn.Contiguous(): the input, or a copy of it where its elements do not lie in order
local Contiguous = torch.class('nn.Contiguous', 'nn.Module')

function Contiguous.compute(_, input) return F.contiguous(input) end

return {View = View, Reshape = Reshape, Collapse = Collapse, Squeeze = Squeeze, Unsqueeze = Unsqueeze,
        Contiguous = Contiguous}

--- Where an element of a sequence stands: nn.SinusoidalPositions, nn.LearnedPositions. Both add a vector for each
-- place to an input B×T×size (or T×size). In a table {x, offset = n} the places begin behind the first n ones, as
-- they do when a sequence is decoded step by step.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F

-- The input and the place of its first element (from 0).
local function read(self, input)
  local x, offset = input, 0
  if type(input) == 'table' then x, offset = input[1], input.offset or 0 end
  local dims = handle.is_tensor(x) and x:dim() or 0
  if dims < 2 or dims > 3 or x:size(dims) ~= self.size then
    errors.fail('%s: expected BxTx%d or Tx%d, got %s', torch.type(self), self.size, self.size,
                handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  return x, offset, x:size(dims - 1)
end

-- -- Sines ------------------------------------------------------------------------------------------------------

--- nn.SinusoidalPositions(size[, apart]): sines and cosines of place / 10000^(2i / size), in turns; apart: all sines
-- first, then the cosines. Source: Vaswani et al., "Attention Is All You Need", 2017 (arXiv:1706.03762).
--   nn.SinusoidalPositions(16):forward(torch.zeros(2, 5, 16))
local Sinusoidal, parent = torch.class('nn.SinusoidalPositions', 'nn.Module')

function Sinusoidal:__init(size, apart)
  parent.__init(self)
  if type(size) ~= 'number' or size < 2 or size % 2 ~= 0 then
    errors.fail('nn.SinusoidalPositions: expected an even size, got %s', tostring(size))
  end
  self.size, self.apart = size, apart or false
end

--- The vectors of count places from first on (0, 1, …; any numbers), count×size. step: 1, or −1 for falling
-- places.
function Sinusoidal.vectors(size, apart, first, count, step)
  local half = size / 2
  local places = torch.range(0, count - 1):double():mul(step or 1):add(first):view(count, 1):expand(count, half)
  local rates = torch.range(0, half - 1):double():mul(-math.log(10000) / half):exp():view(1, half):expand(count, half)
  local angles, out = torch.cmul(places, rates), torch.DoubleTensor(count, size)
  local sines = apart and out:narrow(2, 1, half) or out:view(count, half, 2):select(3, 1)
  local cosines = apart and out:narrow(2, half + 1, half) or out:view(count, half, 2):select(3, 2)
  sines:sin(angles)
  cosines:cos(angles)
  return out
end

-- The vectors up to a place, kept for the next call.
local function table_up_to(self, count, x)
  local rows = self.rows
  if not rows or rows:size(1) < count or handle.kind(rows) ~= handle.kind(x) then
    local room = math.max(count, rows and 2 * rows:size(1) or 0)
    rows = op.unrecorded(function()
      return handle.like(x):resize(room, self.size):copy(Sinusoidal.vectors(self.size, self.apart, 0, room))
    end)
    self.rows = rows
  end
  return rows
end

function Sinusoidal:compute(input)
  local x, offset, T = read(self, input)
  return F.add(x, F.narrow(table_up_to(self, offset + T, x), 0, offset, T))
end

function Sinusoidal:clearState()
  self.rows = nil
  return parent.clearState(self)
end

function Sinusoidal:__tostring__() return ('%s(%d)'):format(torch.type(self), self.size) end

-- -- Learned ----------------------------------------------------------------------------------------------------

--- nn.LearnedPositions(maxLength, size): a row of weight, maxLength×size, for each place; first normal with deviation
-- 0.02.
--   nn.LearnedPositions(64, 16):forward(torch.zeros(2, 5, 16))
local Learned = torch.class('nn.LearnedPositions', 'nn.Module')

function Learned:__init(maxLength, size)
  parent.__init(self)
  self.size = size
  self.weight, self.gradWeight = torch.Tensor(maxLength, size), torch.zeros(maxLength, size)
  self:reset()
end

function Learned:reset(stdv)
  self.weight:normal(0, stdv or 0.02)
  return self
end

function Learned:compute(input)
  local x, offset, T = read(self, input)
  if offset + T > self.weight:size(1) then
    errors.fail('nn.LearnedPositions: there are %d places, the input needs %d', self.weight:size(1), offset + T)
  end
  return F.add(x, F.narrow(self.weight, 0, offset, T))
end

function Learned:__tostring__()
  return ('%s(%d, %d)'):format(torch.type(self), self.weight:size(1), self.size)
end

return {Sinusoidal = Sinusoidal, Learned = Learned}

--- nn.EmbeddingBag(nIndex, nOutput[, mode]): for each bag of places the sum, the mean or the greatest elements of their
-- rows of a table; mode is 'sum', 'mean' (the default) or 'max'. The input is a matrix whose rows are the bags, or a
-- table {places, starts} of vectors, where bag i begins at element starts[i] of the places and ends before the next
-- one. Bags without places give 0. The table is self:get(1), an nn.LookupTable.
--   nn.EmbeddingBag(100, 8, 'sum'):forward{torch.LongTensor{4, 7, 7}, torch.LongTensor{1, 2}}   -- 2x8
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local LookupTable = require 'nn.LookupTable'
local utils = require 'nn.utils'

local long = torch.LongTensor()   -- a model for buffers

-- -- Pooling the rows of bags -----------------------------------------------------------------------------------

--- nn.BagPooling(mode): the sum, mean or greatest elements over bags of rows: of {rows, starts}, where rows is M×D, or
-- of an N×n×D tensor of N bags.
local Pooling, parent = torch.class('nn.BagPooling', 'nn.Module')

local modes = {sum = true, mean = true, max = true}

function Pooling:__init(mode)
  parent.__init(self)
  if not modes[mode] then errors.fail('EmbeddingBag: expected sum, mean or max, got %s', tostring(mode)) end
  self.mode = mode
end

-- The bag of each of m rows, as a LongTensor on the CPU, and the length of each bag.
local function read_bags(self, starts, m)
  local n = starts:nElement()
  local given, bags = leaf.buffer(self, 'starts', long):resize(n), leaf.buffer(self, 'bags', long):resize(m)
  memory.call(C.mt_copy, given, starts)   -- no tape needs to know
  local data, bag_of, lengths = given:data(), bags:data(), {}
  for i = 0, n - 1 do
    local first, last = tonumber(data[i]), i + 1 < n and tonumber(data[i + 1]) - 1 or m
    if first < 1 or last > m or last < first - 1 or i == 0 and first ~= 1 then
      errors.fail('EmbeddingBag: bag %d has the places %d to %d of %d', i + 1, first, last, m)
    end
    for k = first - 1, last - 1 do bag_of[k] = i + 1 end
    lengths[i + 1] = last - first + 1
  end
  return bags, lengths
end

local function pool_sum(self, rows, bags, lengths)
  local model = leaf.buffer(self, 'model', rows):resize(#lengths, rows:size(2))
  local sum = F.index_add_like(rows, model, 0, leaf.beside(self, 'bags there', bags, rows))
  if self.mode == 'sum' then return sum end
  local counts = leaf.buffer(self, 'counts', torch.DoubleTensor()):resize(#lengths, 1)
  local data = counts:data()
  for i = 1, #lengths do data[i - 1] = math.max(1, lengths[i]) end
  return F.div(sum, leaf.buffer(self, 'counts there', rows):resize(#lengths, 1):copy(counts))
end

-- All bags as long as the longest: the first row of each is repeated, which changes no maximum.
local function pool_max(self, rows, lengths)
  local longest, at = 1, 1
  for i = 1, #lengths do longest = math.max(longest, lengths[i]) end
  local places = leaf.buffer(self, 'places', long):resize(#lengths * longest)
  local full = leaf.buffer(self, 'full', torch.ByteTensor()):resize(#lengths, 1)
  local data, is_full, m = places:data(), full:data(), rows:size(1)
  for i = 1, #lengths do
    for k = 0, longest - 1 do
      data[(i - 1) * longest + k] = k < lengths[i] and at + k or math.min(at, m)
    end
    is_full[i - 1] = lengths[i] > 0 and 1 or 0
    at = at + lengths[i]
  end
  local all = F.index_select(rows, 0, leaf.beside(self, 'places there', places, rows))
  local most = F.squeeze((F.max(all:view(#lengths, longest, -1), 1)), 1)
  return F.where(leaf.beside(self, 'full there', full, rows), most, 0)
end

local reduce = {
  sum = function(x) return F.sum(x, 2) end, mean = function(x) return F.mean(x, 2) end,
  max = function(x) return (F.max(x, 1)) end,
}

function Pooling:compute(input)
  if handle.is_tensor(input) then return F.squeeze(reduce[self.mode](input), 1) end
  local rows, starts = input[1], input[2]
  local bags, lengths = read_bags(self, starts, rows:size(1))
  if self.mode == 'max' then return pool_max(self, rows, lengths) end
  return pool_sum(self, rows, bags, lengths)
end

-- -- The whole --------------------------------------------------------------------------------------------------

local EmbeddingBag, sequential = torch.class('nn.EmbeddingBag', 'nn.Sequential')

function EmbeddingBag:__init(nIndex, nOutput, mode)
  sequential.__init(self)
  self.mode = mode or 'mean'
  self:add(LookupTable.new(nIndex, nOutput)):add(Pooling.new(self.mode))
end

-- The places, and what is pooled: the table's output, with the starts where there are some.
local function split(self, input)
  local rows = self.modules[1].output
  if handle.is_tensor(input) then return input, rows end
  return input[1], {rows, input[2]}
end

function EmbeddingBag:updateOutput(input)
  local is_matrix = handle.is_tensor(input) and input:dim() == 2
  if not is_matrix and (type(input) ~= 'table' or #input ~= 2) then
    errors.fail('EmbeddingBag: expected a matrix of places or a table {places, starts}, got %s',
                handle.is_tensor(input) and sizes.text(input) or torch.type(input))
  end
  self.modules[1]:forward(is_matrix and input or input[1])
  local _, bags = split(self, input)
  self.output = self.modules[2]:forward(bags)
  return self.output
end

-- Zeros: places have no gradient.
local function zeros(to, x) return utils.fit(to, x):resizeAs(x):zero() end

function EmbeddingBag:updateGradInput(input)
  local g = self.gradInput
  if g == nil then return nil end
  if handle.is_tensor(input) then
    self.gradInput = zeros(g, input)
  else
    utils.need_table(self, input, 'input')
    for i = 1, 2 do utils.need_tensor(self, input[i], 'entry ' .. i) end
    local first, second = unpack(type(g) == 'table' and g or {})
    self.gradInput = {zeros(first, input[1]), zeros(second, input[2])}
  end
  return self.gradInput
end

local function back(self, input, gradOutput, method, scale)
  local places, bags = split(self, input)
  local g = self.modules[2]:updateGradInput(bags, gradOutput)
  self.modules[1][method](self.modules[1], places, handle.is_tensor(g) and g or g[1], scale)
end

function EmbeddingBag:accGradParameters(input, gradOutput, scale)
  back(self, input, gradOutput, 'accGradParameters', scale)
end

function EmbeddingBag:accUpdateGradParameters(input, gradOutput, lr)
  back(self, input, gradOutput, 'accUpdateGradParameters', lr)
end

EmbeddingBag.backward = nn.Module.backward

return {EmbeddingBag = EmbeddingBag, BagPooling = Pooling}

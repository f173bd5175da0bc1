--- nn.LookupTable(nIndex, nOutput[, paddingValue[, maxNorm[, normType]]]): the rows of a table at the places that the
-- input holds: whole numbers from 1, as a vector or a matrix of any type. Rows at paddingValue (0: none) are never
-- changed. maxNorm: before they are used, rows with a greater normType-norm (2) are shortened to it.
-- Going back, only the rows that were used are touched; no gradient of the whole table is made. updateParameters and
-- zeroGradParameters run over the whole of it; accUpdateGradParameters, after accUpdateOnly(), does without.
--   nn.LookupTable(1000, 64):forward(torch.LongTensor{{1, 5}, {7, 7}})   -- 2x2x64
local torch = require 'torch'
local autograd = require 'autograd'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local places_in = require 'nn.places'
local scratch = require 'nn.scratch'
local utils = require 'nn.utils'

local F, state = op.F, op.state
local call = memory.call

local LookupTable, parent = torch.class('nn.LookupTable', 'nn.Module')

LookupTable.__version = 4

function LookupTable:__init(nIndex, nOutput, paddingValue, maxNorm, normType)
  parent.__init(self)
  self.weight, self.gradWeight = torch.Tensor(nIndex, nOutput), torch.zeros(nIndex, nOutput)
  self.paddingValue, self.maxNorm, self.normType = paddingValue or 0, maxNorm, normType
  self.shouldScaleGradByFreq = false
  self:reset()
end

--- Drops gradWeight: parameters are changed at once, by accUpdateGradParameters.
function LookupTable:accUpdateOnly()
  self.gradWeight = nil
  return self
end

function LookupTable:setPadding(paddingValue)
  self.paddingValue = paddingValue
  return self
end

function LookupTable:setMaxNorm(maxNorm)
  self.maxNorm = maxNorm
  return self
end

function LookupTable:setNormType(normType)
  self.normType = normType
  return self
end

--- Divides each gradient by how often its row occurs in the input.
function LookupTable:scaleGradByFreq()
  self.shouldScaleGradByFreq = true
  return self
end

--- Normal numbers with deviation stdv (1).
function LookupTable:reset(stdv) self.weight:normal(0, stdv or 1) end

-- -- Forward ----------------------------------------------------------------------------------------------------

-- The places as a vector beside the weight.
local function places_of(self, input)
  if not handle.is_tensor(input) or input:dim() ~= 1 and input:dim() ~= 2 then
    errors.fail('LookupTable: expected a vector or a matrix of places, got %s',
                handle.is_tensor(input) and sizes.text(input) or torch.type(input))
  end
  return places_in(input, self.weight)
end

-- Keeps the norms of the rows at the places within maxNorm. What is written here no tape needs to know.
local function renorm(self, places)
  local p, weight = self.normType or 2, self.weight
  if p <= 0 then errors.fail('LookupTable: expected a norm above 0, got %s', tostring(p)) end
  local rows = F.index_select(weight, 0, places)
  local norms = F.norm(rows, 2, p)
  local factors = F.where(F.gt(norms, self.maxNorm), F.div(self.maxNorm, F.add(norms, 1e-7)), 1)
  call(C.mt_index_copy, weight, 0, places, F.mul(rows, factors))
end

local function prepare(self, input)
  local places = places_of(self, input)
  if self.maxNorm then op.unrecorded(scratch, renorm, self, places) end
  return places
end

local function select_rows(self, input, out)
  call(C.mt_index_select, out, self.weight, 0, prepare(self, input))
  if input:dim() == 2 then out:resize(input:size(1), input:size(2), self.weight:size(2)) end
end

-- How much of its gradient each row takes, as a column; nil where all take the whole.
local function shares(self, places)
  local n, weight = places:nElement(), self.weight
  local column
  if self.shouldScaleGradByFreq then
    local tally, ones = handle.like(weight):resize(weight:size(1)), handle.like(weight):resize(n):fill(1)
    call(C.mt_index_fill, tally, 0, places, 0)   -- the other entries are never read
    call(C.mt_index_add, tally, 0, places, ones)
    column = F.cinv(F.index_select(tally, 0, places)):view(n, 1)
  end
  if (self.paddingValue or 0) ~= 0 then
    local padded = F.eq(places, self.paddingValue):view(n, 1)
    column = F.where(padded, 0, column or handle.like(weight):resize(n, 1):fill(1))
  end
  return column
end

-- the rows themselves; their gradient is multiplied by a column
local with_shares = autograd.custom {
  name = 'LookupTable',
  forward = function(rows) return F.alias(rows) end,
  vjp = function(g, _, _, column) return F.mul(g, column) end,
}

function LookupTable:compute(input)
  local places = prepare(self, input)
  local rows, column = F.index_select(self.weight, 0, places), shares(self, places)
  if column then rows = with_shares(rows, column) end
  return input:dim() == 2 and rows:view(input:size(1), input:size(2), -1) or rows
end

function LookupTable:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  scratch(select_rows, self, input, leaf.own_output(self, self.weight))
  return self.output
end

-- -- Backward ---------------------------------------------------------------------------------------------------

--- Zeros: places have no gradient.
function LookupTable:updateGradInput(input)
  if self.gradInput == nil then return nil end
  self.gradInput = utils.fit(self.gradInput, input):resizeAs(input):zero()
  return self.gradInput
end

local function add_rows(self, input, gradOutput, scale)
  local places = places_of(self, input)
  local rows, column = F.contiguous(gradOutput):view(places:nElement(), -1), shares(self, places)
  if column then rows = F.mul(rows, column) end
  if scale ~= 1 then rows = F.mul(rows, scale) end
  call(C.mt_index_add, self.gradWeight, 0, places, rows)
end

function LookupTable:accGradParameters(input, gradOutput, scale)
  if not self.gradWeight then
    errors.fail('LookupTable: after accUpdateOnly only accUpdateGradParameters is possible')
  end
  scratch(add_rows, self, input, gradOutput, scale or 1)
end

-- Nothing needs to be added up first.
LookupTable.sharedAccUpdateGradParameters = parent.defaultAccUpdateGradParameters

--- Buffers that files of Torch7 may hold.
function LookupTable:clearState()
  utils.clear(self, '_count', '_input')
  return parent.clearState(self)
end

return LookupTable

--- nn.SparseLinear(inputSize, outputSize[, doGradInput]): nn.Linear for inputs that are 0 almost everywhere. A sample
-- is an n×2 tensor of places (from 1) and values; the input is one, a table of some, or a batch×n×2 tensor. The output
-- is dense. doGradInput: gradInput is given as well, as inputSize×2 tensors of all places and their gradients.
-- While a forward and backward pass is followed by updateParameters and zeroGradParameters, these touch only the
-- columns that were used. weightDecay is a field: so much of the weight is added to its gradient, which makes that
-- dense.
--   nn.SparseLinear(1000, 2):forward(torch.Tensor{{7, 0.5}, {990, 1}})   -- 2
local torch = require 'torch'
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
local call, layout, is_tensor = memory.call, handle.layout, handle.is_tensor

local SparseLinear, parent = torch.class('nn.SparseLinear', 'nn.Module')

function SparseLinear:__init(inputSize, outputSize, doGradInput)
  parent.__init(self)
  if doGradInput ~= nil and type(doGradInput) ~= 'boolean' then
    errors.fail('SparseLinear: expected true or false for doGradInput, got %s', tostring(doGradInput))
  end
  self.weightDecay, self.doGradInput = 0, doGradInput or false
  self.weight, self.bias = torch.Tensor(outputSize, inputSize), torch.Tensor(outputSize)
  self.gradWeight, self.gradBias = torch.zeros(outputSize, inputSize), torch.zeros(outputSize)
  self.sparseUpdate = 0
  self.gradInput = {}
  self.output:resize(outputSize)
  self:reset()
end

--- Uniform within ±stdv·√3, by default ±1/√inputSize; the bias within a millionth of that.
function SparseLinear:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.weight:size(2))
  self.weight:uniform(-stdv, stdv)
  self.bias:uniform(-stdv, stdv):mul(0.000001)
end

-- -- Reading the input ------------------------------------------------------------------------------------------

local function check_sample(x, dims)
  if is_tensor(x) and x:dim() == dims and x:size(dims) == 2 then return x end
  return errors.fail('SparseLinear: expected nx2 tensors of places and values, got %s',
                     is_tensor(x) and sizes.text(x) or torch.type(x))
end

-- The samples as one n×2 tensor, the lengths of each, and whether they are a batch.
local function entries_of(input)
  if is_tensor(input) and input:dim() == 3 then
    check_sample(input, 3)
    local lengths = {}
    for i = 1, input:size(1) do lengths[i] = input:size(2) end
    return F.contiguous(input):view(-1, 2), lengths, true
  end
  if is_tensor(input) then return check_sample(input, 2), {input:size(1)}, false end
  if type(input) ~= 'table' then
    errors.fail('SparseLinear: expected a tensor or a table of them, got %s', torch.type(input))
  end
  local lengths = {}
  for i, x in ipairs(input) do lengths[i] = check_sample(x, 2):size(1) end
  if #lengths == 0 then errors.fail('SparseLinear: expected some samples, got none') end
  return F.cat(input, 0), lengths, true
end

-- What the input says: columns of the weight (a LongTensor), values (a 1×n tensor), the sample of each (a LongTensor),
-- the count of samples, and whether they are a batch.
local function read(self, input)
  local entries, lengths, is_batch = entries_of(input)
  local columns, samples = places_in(F.select(entries, 1, 0), self.weight), torch.LongTensor(entries:size(1))
  local data, at = samples:data(), 0
  for i, length in ipairs(lengths) do
    for k = at, at + length - 1 do data[k] = i end
    at = at + length
  end
  return columns, F.unsqueeze(F.select(entries, 1, 1), 0), places_in(samples, self.weight), #lengths, is_batch
end

-- -- Forward ----------------------------------------------------------------------------------------------------

function SparseLinear:compute(input)
  local columns, values, samples, count, is_batch = read(self, input)
  local terms = F.mul(F.index_select(self.weight, 1, columns), values)   -- outputSize×n
  local model = handle.like(self.weight):resize(self.weight:size(1), count)
  local sums = F.transpose(F.index_add_like(terms, model, 1, samples), 0, 1)
  local out = F.add(sums, self.bias)
  return is_batch and out or F.squeeze(out, 0)
end

local function set_output(self, input, out) out:set(F.contiguous(self:compute(input))) end

function SparseLinear:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  if self.sparseUpdate == 1 then self.sparseUpdate = 2 end
  scratch(set_output, self, input, leaf.own_output(self, self.weight))
  return self.output
end

-- -- Backward ---------------------------------------------------------------------------------------------------

-- The dense gradient of each sample, behind the places; in own tensors.
local function dense_gradients(self, gradOutput, like_batch)
  local g = utils.need_tensor(self, gradOutput, 'gradOutput'):dim() == 1 and F.unsqueeze(gradOutput, 0) or gradOutput
  local rows, size, list = F.matmul(g, self.weight), self.weight:size(2), {}
  for i = 1, rows:size(1) do
    local both = handle.like(rows):resize(size, 2)
    both:select(2, 1):copy(torch.range(1, size))
    both:select(2, 2):copy(rows[i])
    list[i] = both
  end
  if not like_batch then return list end
  local all = handle.like(rows):resize(#list, size, 2)
  for i = 1, #list do all[i]:copy(list[i]) end
  return all
end

--- A table with an inputSize×2 tensor for each sample, or one batch×inputSize×2 tensor for such an input; without
-- doGradInput an empty table, or the input's sizes.
function SparseLinear:updateGradInput(input, gradOutput)
  local is_tensor_batch = is_tensor(input) and input:dim() == 3
  if self.doGradInput then
    self.gradInput = dense_gradients(self, gradOutput, is_tensor_batch)
  else
    self.gradInput = is_tensor_batch and handle.like(gradOutput):resizeAs(input):zero() or {}
  end
  return self.gradInput
end

local function accumulate(self, input, gradOutput, scale, used)
  local columns, values, samples = read(self, input)
  local g = utils.need_tensor(self, gradOutput, 'gradOutput'):dim() == 1 and F.unsqueeze(gradOutput, 0) or gradOutput
  local terms = F.mul(F.index_select(F.transpose(g, 0, 1), 1, samples), F.mul(values, scale))
  call(C.mt_index_add, self.gradWeight, 1, columns, terms)
  self.gradBias:add(scale, F.sum(g, 1))
  if (self.weightDecay or 0) ~= 0 then self.gradWeight:add(self.weightDecay, self.weight) end
  used:resize(columns:nElement()):copy(columns)
end

-- sparseUpdate says how often gradients were added since they were 0: not at all, once, or more often. After once, only
-- the columns of that input need to be touched; they lie beside the module and are not saved.
local function columns_of(self)
  local list = leaf.list(self, 'columns')
  list[1] = list[1] or handle.new(C.MT_INT64, layout(self.weight).device)
  return list[1]
end

function SparseLinear:accGradParameters(input, gradOutput, scale)
  self.sparseUpdate = self.sparseUpdate == 0 and 1 or 2
  scratch(accumulate, self, input, gradOutput, scale or 1, columns_of(self))
end

local function used_columns(self)
  local columns = self.sparseUpdate == 1 and (self.weightDecay or 0) == 0 and columns_of(self)
  return columns and columns:nElement() > 0 and columns
end

local function step(self, columns, rate)
  local new = F.add(F.index_select(self.weight, 1, columns), F.index_select(self.gradWeight, 1, columns), -rate)
  call(C.mt_index_copy, self.weight, 1, columns, new)
end

function SparseLinear:updateParameters(learningRate)
  local columns = used_columns(self)
  if not columns then return parent.updateParameters(self, learningRate) end
  scratch(step, self, columns, learningRate)
  self.bias:add(-learningRate, self.gradBias)
end

function SparseLinear:zeroGradParameters()
  local columns = used_columns(self)
  if columns then
    call(C.mt_index_fill, self.gradWeight, 1, columns, 0)
    self.gradBias:zero()
  else
    parent.zeroGradParameters(self)
  end
  self.sparseUpdate = 0
end

--- Buffers that files of Torch7 may hold go, too.
function SparseLinear:clearState()
  self.lastInput, self.formatted_input = nil, nil
  return parent.clearState(self)
end

return SparseLinear

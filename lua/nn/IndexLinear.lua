--- nn.IndexLinear(inputSize, outputSize[, doGradInput[, keysOffset[, weight[, bias[, normalize]]]]]): nn.Linear for
-- inputs that are 0 almost everywhere, given as keys from 1 (keysOffset is added to them, where that is given) and
-- values:
--   {keys, values}               one sample, two vectors
--   {{keys…}, {values…}}         a batch
--   {keys, values, sizes}        a batch laid end to end, with the count of keys of each sample
-- The weight is inputSize×outputSize, so that a key's row is what an update touches. Gradients are kept key by key, in
-- self.running, for updateParameters; accUpdateGradParameters does without. A key that a batch holds several times
-- takes the sum of its gradients at once (Torch7 goes on from one to the next). doGradInput: gradInput is given as
-- well, for all keys. normalize: the weight's first four columns are, for each key, the greatest magnitude m that its
-- values had while training, 1/m, a factor of the learning rate, and a bias; a value x then counts as x/m (between −1
-- and 1) plus the bias.
--   nn.IndexLinear(1000, 2):forward{torch.LongTensor{7, 990}, torch.Tensor{0.5, 1}}   -- 2
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local leaf = require 'nn.leaf'
local places_in = require 'nn.places'
local scratch = require 'nn.scratch'

local F, state = op.F, op.state
local call, layout, is_tensor = memory.call, handle.layout, handle.is_tensor

local IndexLinear, parent = torch.class('nn.IndexLinear', 'nn.Module')

local columns = 4   -- that normalize puts before the weights

function IndexLinear:__init(inputSize, outputSize, doGradInput, keysOffset, weight, bias, normalize)
  parent.__init(self)
  self.normalize = normalize and columns or 0
  self.weight = weight or torch.zeros(inputSize, outputSize + self.normalize)
  self.bias = bias or torch.zeros(outputSize)
  self.inputSize, self.outputSize = self.weight:size(1), self.weight:size(2) - self.normalize
  self.gradWeight, self.gradBias = torch.Tensor(), torch.zeros(self.outputSize)
  self.running = {keys = {}, gradWeight = {}, counter = 1}
  self.weightDecay, self.doGradInput = 0, doGradInput or false
  self.offset = keysOffset and keysOffset - 1 or -1
end

--- Uniform within ±stdv·√3, by default ±1/√(the weight's columns); the bias within a millionth of that. New layers are
-- 0.
function IndexLinear:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.weight:size(2))
  self.weight:uniform(-stdv, stdv)
  self.bias:uniform(-stdv, stdv):mul(0.000001)
  if self.normalize > 0 then self.weight:narrow(2, 1, self.normalize):zero() end
end

-- -- Reading the input ------------------------------------------------------------------------------------------

local function refuse()
  errors.fail('IndexLinear: expected {keys, values}, {{keys}, {values}} or {keys, values, sizes}')
end

local function check_pair(keys, values)
  if not is_tensor(keys) or not is_tensor(values) then refuse() end
  if keys:dim() ~= 1 or values:dim() ~= 1 or keys:nElement() ~= values:nElement() then
    errors.fail('IndexLinear: expected vectors of as many keys as values, got %d keys and %d values', keys:nElement(),
                values:nElement())
  end
end

-- The keys and values laid end to end, the lengths of the samples, and the form: 'one', 'many' or 'flat'.
local function flat_input(input)
  if type(input) ~= 'table' then refuse() end
  local keys, values, given = input[1], input[2], input[3]
  if given then
    check_pair(keys, values)
    if type(given) == 'number' then return keys, values, {given}, 'flat' end
    return keys, values, given:totable(), 'flat'
  end
  if is_tensor(keys) then
    check_pair(keys, values)
    return keys, values, {keys:nElement()}, 'one'
  end
  if type(keys) ~= 'table' or type(values) ~= 'table' or #keys == 0 or #keys ~= #values then refuse() end
  local lengths = {}
  for i = 1, #keys do
    check_pair(keys[i], values[i])
    lengths[i] = keys[i]:nElement()
  end
  return F.cat(keys, 0), F.cat(values, 0), lengths, 'many'
end

-- The sample of each key, as a LongTensor.
local function sample_of(self, lengths, n)
  local samples, at = torch.LongTensor(n), 0
  local data = samples:data()
  for i, length in ipairs(lengths) do
    if length < 0 or at + length > n then errors.fail('IndexLinear: the sizes ask for more than %d keys', n) end
    for k = at, at + length - 1 do data[k] = i end
    at = at + length
  end
  if at ~= n then errors.fail('IndexLinear: the sizes ask for %d of %d keys', at, n) end
  return places_in(samples, self.weight)
end

-- What the input says, beside the weight: rows of the weight (a LongTensor), values, the sample of each, the count of
-- samples, and the input's form.
local function read(self, input)
  local keys, values, lengths, form = flat_input(input)
  local rows = places_in(keys, self.weight)
  if self.offset ~= -1 then rows:add(self.offset + 1) end
  return rows, values, sample_of(self, lengths, keys:nElement()), #lengths, form
end

-- -- Normalised values ------------------------------------------------------------------------------------------

-- The greatest magnitude that the values of each element's key had up to this element, and at the end.
local function greatest(rows, values, before)
  local keys, sizes, so_far = rows:totable(), F.abs(values):totable(), before:totable()
  local found, last = {}, {}
  for i, key in ipairs(keys) do
    found[key] = math.max(found[key] or so_far[i], sizes[i])
    so_far[i] = found[key]
  end
  for i, key in ipairs(keys) do last[i] = found[key] end
  return values.new(so_far), values.new(last)
end

-- What the values are divided by. While training, greater magnitudes are noted in the weight.
local function magnitudes(self, rows, values)
  local entries = F.index_select(self.weight, 0, rows)
  local before = F.select(entries, 1, 0)
  if not self.train then return before end
  local so_far, last = greatest(rows, values, before)
  entries:select(2, 1):copy(last)
  entries:select(2, 2):copy(F.cinv(last))
  entries:select(2, 3):fill(1)
  call(C.mt_index_copy, self.weight, 0, rows, entries)
  return so_far
end

-- The values as they count, and the weights of each key.
local function normalised(self, rows, values)
  if self.normalize == 0 then return values, F.index_select(self.weight, 0, rows) end
  local most = op.unrecorded(magnitudes, self, rows, F.detach(values))
  local entries, new = F.index_select(self.weight, 0, rows), F.eq(most, 0)
  local scaled = F.where(new, F.sign(values), F.clamp(F.div(values, F.where(new, 1, most)), -1, 1))
  return F.add(scaled, F.select(entries, 1, 3)), F.narrow(entries, 1, columns, self.outputSize)
end

-- -- Forward ----------------------------------------------------------------------------------------------------

-- kept: a tensor for the values as they counted, which backward needs: the magnitudes may have grown behind some
function IndexLinear:compute(input, kept)
  local rows, values, samples, count, form = read(self, input)
  local counted, weights = normalised(self, rows, values)
  if kept then kept:resizeAs(counted):copy(counted) end
  local terms = F.mul(weights, F.unsqueeze(counted, 1))
  local model = handle.like(terms):resize(count, self.outputSize)
  local out = F.add(F.index_add_like(terms, model, 0, samples), self.bias)
  return form == 'one' and F.squeeze(out, 0) or out
end

local function counted_of(self)
  local list = leaf.list(self, 'counted')
  list[1] = list[1] or handle.like(self.weight)
  return list[1]
end

local function set_output(self, input, out, counted) out:set(self:compute(input, counted)) end

function IndexLinear:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  scratch(set_output, self, input, leaf.own_output(self, self.weight), counted_of(self))
  return self.output
end

-- -- Backward ---------------------------------------------------------------------------------------------------

local function repeated(list, n)
  local out = {}
  for i = 1, n do out[i] = list:clone() end
  return out
end

--- With doGradInput: keys and gradients of all places, in the form of the input; else an empty table.
function IndexLinear:updateGradInput(input, gradOutput)
  self.gradInput = {}
  if not self.doGradInput then return self.gradInput end
  if self.normalize > 0 then errors.fail('IndexLinear: with normalize there is no gradient of the input') end
  local g = gradOutput:dim() == 1 and F.unsqueeze(gradOutput, 0) or gradOutput
  local dense, n = F.matmul(g, F.transpose(self.weight, 0, 1)), g:size(1)
  local keys = handle.new(C.MT_INT64, layout(g).device):resize(self.inputSize):copy(torch.range(1, self.inputSize))
  if input[3] then
    self.gradInput = {keys:repeatTensor(n, 1), dense}
  elseif is_tensor(input[1]) then
    self.gradInput = {keys, dense:view(-1)}
  else
    self.gradInput = {repeated(keys, n), dense:split(1)}
    for i, row in ipairs(self.gradInput[2]) do self.gradInput[2][i] = row:view(-1) end
  end
  return self.gradInput
end

-- Into to: the gradients of each key's weights; with normalize, those of its bias before them, not yet times the
-- weights.
local function gradients(self, input, gradOutput, scale, to, keys)
  local rows, _, samples = read(self, input)
  local g = gradOutput:dim() == 1 and F.unsqueeze(gradOutput, 0) or gradOutput
  local each = F.mul(F.index_select(g, 0, samples), scale)
  local found = F.mul(each, F.unsqueeze(counted_of(self), 1))
  if self.normalize > 0 then found = F.cat({each, found}, 1) end
  to:resizeAs(found):copy(found)
  keys:resizeAs(rows):copy(rows)
  return F.sum(g, 1)
end

-- One step down from gradients as above.
local function step(self, keys, found, rate)
  local size, decay = self.outputSize, self.weightDecay or 0
  local entries = F.index_select(self.weight, 0, keys)
  if self.normalize == 0 then
    call(C.mt_index_add, self.weight, 0, keys, F.add(F.mul(found, -rate), entries, -decay))
    return
  end
  local weights, factor = F.narrow(entries, 1, columns, size), F.narrow(entries, 1, 2, 1)
  local by_bias = F.mul(F.sum(F.mul(F.narrow(found, 1, 0, size), weights), 2), rate)
  local by_weight = F.add(F.mul(F.narrow(found, 1, size, size), rate), weights, decay)
  local none = handle.like(found):resize(keys:nElement(), columns - 1):zero()
  call(C.mt_index_add, self.weight, 0, keys, F.neg(F.mul(F.cat({none, by_bias, by_weight}, 1), factor)))
end

local function accumulate(self, input, gradOutput, scale, to, keys)
  self.gradBias:add(scale, gradients(self, input, gradOutput, scale, to, keys))
end

function IndexLinear:accGradParameters(input, gradOutput, scale)
  local running = self.running
  local i = running.counter
  running.keys[i] = running.keys[i] or handle.new(C.MT_INT64, layout(self.weight).device)
  running.gradWeight[i] = running.gradWeight[i] or handle.like(self.weight)
  scratch(accumulate, self, input, gradOutput, scale or 1, running.gradWeight[i], running.keys[i])
  running.counter = i + 1
end

local function update(self, input, gradOutput, lr)
  local found, keys = handle.like(self.weight), handle.new(C.MT_INT64, layout(self.weight).device)
  self.bias:add(-lr, gradients(self, input, gradOutput, 1, found, keys))
  step(self, keys, found, lr)
end

function IndexLinear:accUpdateGradParameters(input, gradOutput, lr)
  scratch(update, self, input, gradOutput, lr)
end

function IndexLinear:updateParameters(learningRate)
  local running = self.running
  if running.counter > 1 then self.bias:add(-learningRate, self.gradBias) end
  for i = 1, running.counter - 1 do scratch(step, self, running.keys[i], running.gradWeight[i], learningRate) end
end

function IndexLinear:zeroGradParameters()
  self.gradBias:zero()
  self.running.counter = 1
end

--- The gradients of the weight are self.running, which is no tensor.
function IndexLinear:parameters()
  return {self.weight, self.bias}, {self.running, self.gradBias}
end

-- The gradients go, and buffers that files of Torch7 may hold.
local function forget(self)
  self.running = {keys = {}, gradWeight = {}, counter = 1}
  for _, name in ipairs {'keys', 'values', 'sizes', 'cumSumSizes', 'lkeys', 'lvalues', 'updateKeys', 'updateKeysBuffer',
                         'gradWeightBuffer', 'valuesBuffer', 'normalizedValues', 'sizesCache', 'cumSumSizesCache'} do
    self[name] = nil
  end
end

function IndexLinear:type(type, cache)
  if type then forget(self) end   -- keys stay whole numbers
  return parent.type(self, type, cache)
end

function IndexLinear:clearState()
  forget(self)
  return parent.clearState(self)
end

return IndexLinear

--- nn.Convert([inputShape, outputShape]): the input in another order of dimensions, or with some of them as one. Shapes
-- have a letter for each dimension: b for the batch (put in front of a shape that lacks it), and, say, c h w, t or f.
-- An output shape with the same letters transposes; 'bf' makes one dimension of all but the batch's; 'b' takes the
-- first of the other dimension; 'bt' gives 'b' a second dimension. A single sample may lack the batch's dimension.
-- Without arguments, only the type of the input is changed to that of the module, as it always is.
--   nn.Convert('bchw', 'bf'):forward(torch.randn(8, 3, 5, 5))   -- 8x75
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local branches = require 'nn.branches'

local Convert, parent = torch.class('nn.Convert', 'nn.Container')

local function with_batch(shape) return shape:find('b') and shape or 'b' .. shape end

-- Whether both shapes have the same letters.
local function is_transposition(a, b)
  if #a ~= #b then return false end
  for letter in a:gmatch('.') do
    if not b:find(letter, 1, true) then return false end
  end
  return true
end

function Convert:__init(inputShape, outputShape)
  parent.__init(self)
  if outputShape and not inputShape then errors.fail('Convert: expected an input shape beside the output shape') end
  self.inputShape = with_batch(inputShape or 'b*')
  self.outputShape = with_batch(outputShape or self.inputShape)
  self.inputBatchDim, self.outputBatchDim = self.inputShape:find('b'), self.outputShape:find('b')
  if self.inputShape == 'b*' or self.outputShape == 'b*' then
    if self.inputShape ~= self.outputShape then errors.fail('Convert: b* converts to b* alone') end
    self.nInputDim, self.nOutputDim, self.transposition = -1, -1, true
    return
  end
  self.nInputDim, self.nOutputDim = #self.inputShape, #self.outputShape
  self.transposition = is_transposition(self.inputShape, self.outputShape)
end

-- -- Converters -------------------------------------------------------------------------------------------------

--- The place of a letter in a shape (the input's unless given). silent: nil where it has none.
function Convert:findAxis(letter, shape, silent)
  shape = shape or self.inputShape
  local place = shape:find(letter, 1, true)
  if not place and not silent then errors.fail('Convert: shape %s has no dimension %s', shape, letter) end
  return place
end

local function refuse(self, why)
  errors.fail('Convert: shape %s does not convert to %s%s', self.inputShape, self.outputShape, why or '')
end

--- A module that brings the input shape's letters into the order of another shape.
function Convert:transpose(shape)
  if shape == self.inputShape then return nn.Identity() end
  local letters, swaps = {}, {}
  for letter in self.inputShape:gmatch('.') do letters[#letters + 1] = letter end
  for i = 1, #shape do
    local from = i
    while letters[from] ~= shape:sub(i, i) do from = from + 1 end
    if from ~= i then
      letters[i], letters[from] = letters[from], letters[i]
      swaps[#swaps + 1] = {from, i}
    end
  end
  return nn.Transpose(unpack(swaps))
end

-- The methods below are named after the output shapes that they convert to.

--- All but the batch's dimension as one.
function Convert:bf(input)
  local batch, dims = self:findAxis('b'), #self.inputShape
  if self.inputShape == 'bt' then refuse(self) end
  if dims == 1 then return nn.Reshape(1) end
  local out = nn.Sequential()
  if batch ~= 1 then out:add(nn.Transpose({1, batch})) end
  if dims > 2 then out:add(nn.Reshape(input:nElement() / input:size(batch))) end
  return #out.modules == 1 and out:get(1) or out
end

--- The first of the classes, or the only feature.
function Convert:b(input)
  local other = #self.inputShape == 2 and (self:findAxis('t', nil, true) or self:findAxis('f', nil, true))
  if not other then refuse(self) end
  if self.inputShape:find('f') and input:size(other) > 1 then
    refuse(self, (' where there are %d features'):format(input:size(other)))
  end
  return nn.Select(other, 1)
end

--- A second dimension of size 1.
function Convert:bt()
  if self.inputShape ~= 'b' then refuse(self) end
  return nn.Reshape(1)
end

function Convert.default() return nn.Identity() end

--- Makes the module that does the work, for an input with its batch's dimension.
function Convert:buildConverter(input)
  if self.transposition then
    self.converter = self:transpose(self.outputShape)
  else
    if type(self[self.outputShape]) ~= 'function' then refuse(self) end
    self.converter = self[self.outputShape](self, input)
  end
  self.converter:type(self._type)
  self.modules[1] = self.converter
end

-- -- Forward and backward ---------------------------------------------------------------------------------------

-- The input as the converter takes it: of the module's type, with the batch's dimension. Going back, it is taken as it
-- was forward.
local function inward(self, input, is_back)
  if not handle.is_tensor(input) then errors.fail('Convert: expected a tensor, got %s', torch.type(input)) end
  if input:type() ~= self._type then
    input = is_back and branches.cast_before(self, 'input') or branches.cast(self, 'input', input, self._type)
  end
  self.batchMode = input:dim() >= self.nInputDim
  if self.batchMode then return input end
  local size = sizes.table(input)
  table.insert(size, self.inputBatchDim, 1)
  return branches.view(self, 'input', input, size)
end

function Convert:updateOutput(input)
  local x = inward(self, input)
  if not self.converter then self:buildConverter(x) end
  local out = self.converter:forward(x)
  if not self.batchMode then
    local size = sizes.table(out)
    table.remove(size, self.outputBatchDim)
    out = branches.view(self, 'output', out, size)
  end
  self.output = out
  return out
end

-- gradOutput as the converter takes it.
local function gradient_of(self, gradOutput)
  if self.batchMode then return gradOutput end
  return branches.view(self, 'gradOutput', gradOutput, sizes.table(self.converter.output))
end

function Convert:updateGradInput(input, gradOutput)
  local g = self.converter:updateGradInput(inward(self, input, true), gradient_of(self, gradOutput))
  if not self.batchMode then g = branches.view(self, 'gradInput', g, sizes.table(input)) end
  if input:type() ~= self._type then g = branches.cast(self, 'gradInput', g, input:type()) end
  self.gradInput = g
  return g
end

-- Files of Torch7 may hold these.
local function drop_buffers(self)
  for _, name in ipairs {'_input', '_gradInput', '__input', '__output', '__gradInput', '__gradOutput'} do
    self[name] = nil
  end
end

function Convert:clearState()
  drop_buffers(self)
  return parent.clearState(self)
end

function Convert:type(type, cache)
  if type then drop_buffers(self) end
  return parent.type(self, type, cache)
end

return Convert

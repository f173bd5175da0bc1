--- nn.Recurrence(module, outputSize, nInputDim[, rho]): a recurrent net of any module of {x_t, y_{t−1}} that gives
-- y_t; y₀ is 0. outputSize: y's sizes without the batch: a number, a table or LongStorage of numbers, or a table of
-- these for an output that is a table. nInputDim: the dimensions of one sample of x (of its first tensor, where it is a
-- table). For rho see nn.AbstractRecurrent.
--   local step = nn.Sequential():add(nn.ParallelTable():add(nn.Linear(10, 20)):add(nn.Linear(20, 20)))
--   nn.Recurrence(step:add(nn.CAddTable()):add(nn.Tanh()), 20, 1)
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'

local Recurrence, parent = torch.class('nn.Recurrence', 'nn.AbstractRecurrent')
local Container = torch.getmetatable('nn.Container')

function Recurrence:__init(recurrentModule, outputSize, nInputDim, rho)
  parent.__init(self, rho or 9999)
  if not torch.isTypeOf(recurrentModule, 'nn.Module') or type(nInputDim) ~= 'number' then
    errors.fail('Recurrence: expected a module, sizes and a number of dimensions, got %s, %s and %s',
                torch.type(recurrentModule), torch.type(outputSize), torch.type(nInputDim))
  end
  self.outputSize = type(outputSize) == 'number' and {outputSize} or outputSize
  self.nInputDim = nInputDim
  self.module = recurrentModule
  self:setStepModule(recurrentModule)
  self.typeTensor = torch.Tensor()
end

-- -- The state before the first step ----------------------------------------------------------------------------

--- Zeros of sizes as the constructor takes them, with the batch in front, in t where it fits.
function Recurrence:recursiveResizeZero(t, size, batchSize)
  if type(size) == 'table' and type(size[1]) ~= 'number' then
    local out = type(t) == 'table' and t or {}
    for i, part in ipairs(size) do out[i] = self:recursiveResizeZero(out[i], part, batchSize) end
    return out
  end
  local list = torch.isStorage(size) and size:totable() or size
  if type(list) ~= 'table' then errors.fail('Recurrence: expected sizes, got %s', torch.type(size)) end
  local wanted = batchSize and torch.LongStorage {batchSize, unpack(list)} or torch.LongStorage(list)
  if not handle.is_tensor(t) or t:type() ~= self.typeTensor:type() or not t:isSize(wanted) then
    t = self.typeTensor.new():resize(wanted):zero()
  end
  return t
end

--- How many samples an input has; nil for one without a batch's dimension.
function Recurrence:getBatchSize(input, nInputDim)
  nInputDim = nInputDim or self.nInputDim
  if type(input) == 'table' then return self:getBatchSize(input[1], nInputDim) end
  if not handle.is_tensor(input) then errors.fail('Recurrence: expected a tensor, got %s', torch.type(input)) end
  if input:dim() == nInputDim then return nil end
  if input:dim() == nInputDim + 1 then return input:size(1) end
  return errors.fail('Recurrence: expected %d dimensions, or %d for a batch, got %s', nInputDim, nInputDim + 1,
                     sizes.text(input))
end

--- {output, states of the modules inside} after a step.
function Recurrence:getHiddenState(step, input)
  local output = self.outputs[step]
  if step == 0 then
    if input then
      self.zeroTensor = self:recursiveResizeZero(self.zeroTensor, self.outputSize, self:getBatchSize(input))
    end
    output = self.userPrevOutput or output or self.zeroTensor
  end
  return {output, Container.getHiddenState(self, step)}
end

local function check(name, state)
  if type(state) ~= 'table' or #state < 1 then
    errors.fail('%s: expected {output, states}, got %s', name, torch.type(state))
  end
end

function Recurrence:setHiddenState(step, hiddenState)
  check('setHiddenState', hiddenState)
  self.outputs[step] = hiddenState[1]
  if hiddenState[2] then Container.setHiddenState(self, step, hiddenState[2]) end
end

function Recurrence:getGradHiddenState(step)
  local gradOutput = self.gradOutputs[step]
  if step == self.step - 1 then gradOutput = self.userNextGradOutput or gradOutput or self.zeroTensor end
  return {gradOutput, Container.getGradHiddenState(self, step)}
end

function Recurrence:setGradHiddenState(step, gradHiddenState)
  check('setGradHiddenState', gradHiddenState)
  self.gradOutputs[step] = gradHiddenState[1]
  if gradHiddenState[2] then Container.setGradHiddenState(self, step, gradHiddenState[2]) end
end

-- -- Steps ------------------------------------------------------------------------------------------------------
-- The modules inside keep their own states.

function Recurrence:joinInput(input, hidden) return {input, hidden[1]} end
function Recurrence:outputOf(hidden) return hidden[1] end
function Recurrence:keepGradInput(gradInput) return {gradInput[2]} end

return Recurrence

--- nn.AbstractSequence: the parent of layers that run over a whole sequence, T×N×D, at once (nn.SeqLSTM, nn.SeqGRU).
-- self.batchfirst: sequences are N×T×D. maskZero(): samples that are 0 at a step give 0 there and forget.
-- A sequence starts from zeros; from userPrevOutput (and userPrevCell) where set, for one forward; from states in front
-- of the sequence in a table, {h0, x}; or, where remember says so, from where the last one ended. Going back,
-- gradPrevOutput and userNextGradCell, where set, are added to the gradients of the last output and cell, and
-- userGradPrevOutput and userGradPrevCell become those of the first.
-- A child class has state_names, in the order of the input's table, state_size(name) and compute(states…, x) → a
-- table: the outputs and, where it has cells, the last cell and all cells.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local state = op.state

local AbstractSequence, parent = torch.class('nn.AbstractSequence', 'nn.Module')
local Sequencer = torch.getmetatable('nn.AbstractSequencer')

AbstractSequence.remember, AbstractSequence.hasMemory = Sequencer.remember, Sequencer.hasMemory

function AbstractSequence:__init()
  parent.__init(self)
  for _, name in ipairs(self.state_names) do self[name] = torch.Tensor() end
  self._remember, self.batchfirst, self.maskzero = 'neither', false, false
end

--- The weight normal with deviation std (1 / √(inputs + outputs)), biases 0 but those of
-- the second gate, which are 1.
function AbstractSequence:reset(std)
  local outputs = self.outputsize or self.outputSize
  self.bias:zero():narrow(1, outputs + 1, outputs):fill(1)
  self.weight:normal(0, std or 1 / math.sqrt(outputs + (self.inputsize or self.inputSize)))
  return self
end

function AbstractSequence:maskZero()
  self.maskzero = true
  return self
end

-- -- States -----------------------------------------------------------------------------------------------------

-- Where a state before the first step may be set by the user, and where the last one is found.
local user_fields = {h0 = 'userPrevOutput', c0 = 'userPrevCell'}
local last_fields = {h0 = '_output', c0 = 'cell'}

local function check(self, x, ...)
  if not handle.is_tensor(x) or not x:isSize(torch.LongStorage {...}) then
    errors.fail('%s: expected sizes %s, got %s', torch.type(self), table.concat({...}, 'x'),
                handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  return x
end

-- The sequence, its steps first, and the states that come with it, by name.
local function read_input(self, input)
  local names, given, x = self.state_names, {}, input
  if type(input) == 'table' then
    local count = #input - 1
    if count < 1 or count > #names then
      errors.fail('%s: expected a sequence, or a table of states and a sequence', torch.type(self))
    end
    x = input[#input]
    for i = 1, count do given[names[#names - count + i]] = input[i] end
  end
  if not handle.is_tensor(x) or x:dim() ~= 3 then
    errors.fail('%s: expected a sequence of 3 dimensions, got %s', torch.type(self),
                handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  if self.batchfirst then x = x:transpose(1, 2) end
  check(self, x, x:size(1), x:size(2), self.inputsize or self.inputSize)
  for name, s in pairs(given) do check(self, s, x:size(2), self:state_size(name)) end
  return x, given
end

-- Sets a state before the first step that does not come with the input, in memory of its own. The user's tape, which
-- may still need what was there before, gets a new one.
local function start(self, name, n)
  local size, from, user = self:state_size(name), nil, self[user_fields[name]]
  if user then
    from = check(self, user, n, size)
  elseif self[name]:nElement() > 0 and self:hasMemory() then
    local all = self[last_fields[name]]
    from = check(self, all:select(1, all:size(1)), n, size)
  end
  local to = state.tape and self.weight.new() or utils.fit(self[name], self.weight)
  to:resize(n, size)
  self[name] = from and to:copy(from) or to:zero()
end

-- What compute works with: {states…, x}
local function join(self, x, given)
  local list = {}
  for i, name in ipairs(self.state_names) do list[i] = given[name] or self[name] end
  list[#list + 1] = x
  return list
end

--- Starts a new sequence, though remember says otherwise.
function AbstractSequence:forget()
  for _, name in ipairs(self.state_names) do self[name] = self[name].new() end
  return self
end

AbstractSequence.resetStates = AbstractSequence.forget

function AbstractSequence:training()
  if self.train == false then self:forget() end
  parent.training(self)
end

function AbstractSequence:evaluate()
  if self.train ~= false then self:forget() end
  parent.evaluate(self)
end

-- -- Forward and backward ---------------------------------------------------------------------------------------

function AbstractSequence:updateOutput(input)
  local x, given = read_input(self, input)
  for _, name in ipairs(self.state_names) do
    if not given[name] then start(self, name, x:size(2)) end
    self[user_fields[name]] = nil
  end
  local made = leaf.update_output(self, join(self, x, given))
  self._output, self.cell = made[1], made[3]
  self.output = self.batchfirst and made[1]:transpose(1, 2) or made[1]
  return self.output
end

-- The gradients of outputs and last cell. What the user has set counts once: the second half of a backward finds it
-- here.
local function gradients(self, gradOutput)
  local kept = leaf.list(self, 'gradients')
  local is_new = self.gradPrevOutput or self.userNextGradCell
  if kept.of == gradOutput and not is_new then return kept.list end
  local g = self.batchfirst and gradOutput:transpose(1, 2) or gradOutput
  if not self._output or not g:isSameSizeAs(self._output) then
    errors.fail('%s: the output has sizes %s, gradOutput %s', torch.type(self), sizes.text(self.output),
                sizes.text(gradOutput))
  end
  if self.gradPrevOutput then
    g = g:clone()
    g:select(1, g:size(1)):add(self.gradPrevOutput)
  end
  kept.of, kept.list = gradOutput, {g, self.userNextGradCell}
  self.gradPrevOutput, self.userNextGradCell = nil, nil
  return kept.list
end

function AbstractSequence:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  leaf.list(self, 'gradients').of = nil
  local x, given = read_input(self, input)
  self.gradInput = leaf.list(self, 'gradInput')
  local all = leaf.update_grad_input(self, join(self, x, given), gradients(self, gradOutput))
  local grad_x = all[#all]
  if self.batchfirst then grad_x = grad_x:transpose(1, 2) end
  local out = {}
  for i, name in ipairs(self.state_names) do
    self['grad_' .. name] = all[i]
    self[user_fields[name]:gsub('user', 'userGrad')] = all[i]
    if given[name] then out[#out + 1] = all[i] end
  end
  self.grad_x = grad_x
  out[#out + 1] = grad_x
  self.gradInput = #out > 1 and out or grad_x
  return self.gradInput
end

function AbstractSequence:accGradParameters(input, gradOutput, scale)
  local x, given = read_input(self, input)
  local gradInput = self.gradInput   -- where nil, the walk leaves the inputs out
  leaf.accumulate(self, join(self, x, given), gradients(self, gradOutput), scale or 1)
  self.gradInput = gradInput
end

function AbstractSequence:clearState()
  for name in pairs(self) do
    if name:match('^grad_') or name:match('^userGradPrev') then self[name] = nil end
  end
  self._output, self.cell, self.gradPrevOutput, self.userNextGradCell = nil, nil, nil, nil
  self:forget()
  return parent.clearState(self)
end

--- What is kept of a sequence goes.
function AbstractSequence:type(type, cache)
  if type then self:clearState() end
  return parent.type(self, type, cache)
end

return AbstractSequence

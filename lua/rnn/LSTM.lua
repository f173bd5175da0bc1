--- nn.LSTM(inputSize, outputSize[, rho[, cell2gate[, p[, mono]]]]): long short-term memory, one step a forward:
--   i = σ(W x + U h + w∘c + b), f likewise, c' = f∘c + i∘tanh(W x + U h + b), o = σ(… + w∘c'), h' =
-- o∘tanh c' Input a vector or a batch, N×inputSize. cell2gate false: gates do not see the cell (w). p: dropout
-- within, of which mono draws one sample for the whole batch; for rho see nn.AbstractRecurrent.
-- Hidden states are {h, c}; self.outputs and self.cells hold them by step. userPrevOutput and userPrevCell, where set,
-- stand before the first step; userNextGradOutput and userNextGradCell are gradients from behind the last.
-- Source: Graves et al., "Speech Recognition with Deep Recurrent Neural Networks", 2013 (arXiv:1303.5778).
local torch = require 'torch'
local errors = require 'torch.errors'
local chains = require 'rnn.chains'

local chain, fork, each, product, sum = chains.chain, chains.fork, chains.each, chains.product, chains.sum

local LSTM, parent = torch.class('nn.LSTM', 'nn.AbstractRecurrent')

function LSTM:__init(inputSize, outputSize, rho, cell2gate, p, mono)
  parent.__init(self, rho or 9999)
  self.p, self.mono = p or 0, mono or false
  self.inputSize, self.outputSize, self.cell2gate = inputSize, outputSize or inputSize, cell2gate ~= false
  self:setStepModule(self:buildModel())
  self.zeroTensor = torch.Tensor()
  self.cells, self.gradCells = {}, {}
end

-- -- The net of a step ------------------------------------------------------------------------------------------
-- {x, h, c} comes in.

-- W x + U h + b
local function linear_parts(self)
  local H = self.outputSize
  return chains.linear(self, self.inputSize, H), chains.linear(self, H, H, true)
end

--- A gate: of {x, h, c}
function LSTM:buildGate()
  local from_x, from_h = linear_parts(self)
  if not self.cell2gate then
    return chain(nn.NarrowTable(1, 2), each(from_x, from_h), nn.CAddTable(), nn.Sigmoid())
  end
  return chain(each(from_x, from_h, nn.CMul(self.outputSize)), nn.CAddTable(), nn.Sigmoid())
end

function LSTM:buildInputGate()
  self.inputGate = self:buildGate()
  return self.inputGate
end

function LSTM:buildForgetGate()
  self.forgetGate = self:buildGate()
  return self.forgetGate
end

function LSTM:buildOutputGate()
  self.outputGate = self:buildGate()
  return self.outputGate
end

--- What the input gate lets into the cell.
function LSTM:buildHidden()
  self.hiddenLayer = chain(nn.NarrowTable(1, 2), each(linear_parts(self)), nn.CAddTable(), nn.Tanh())
  return self.hiddenLayer
end

--- The next cell.
function LSTM:buildCell()
  local input, forget, hidden = self:buildInputGate(), self:buildForgetGate(), self:buildHidden()
  self.cellLayer = sum(product(forget, nn.SelectTable(3)), product(input, hidden))
  return self.cellLayer
end

--- {x, h, c} → {h', c'}
function LSTM:buildModel()
  local cell = self:buildCell()
  local output = product(self:buildOutputGate(), chain(nn.SelectTable(3), nn.Tanh()))
  return chain(fork(nn.NarrowTable(1, 2), cell), nn.FlattenTable(), fork(output, nn.SelectTable(3)))
end

-- -- States -----------------------------------------------------------------------------------------------------

-- Steps may count back: nil is the last, −1 the one before.
local function absolute(step, last)
  if step == nil then return last end
  return step < 0 and last + step or step
end

--- {output, cell} after a step. input: for its sizes, before the first.
function LSTM:getHiddenState(step, input)
  step = absolute(step, self.step - 1)
  if step > 0 then return {self.outputs[step], self.cells[step]} end
  if input then
    if input:dim() == 2 then self:zeros(self.zeroTensor, input:size(1), self.outputSize)
    else self:zeros(self.zeroTensor, self.outputSize) end
  end
  return {self.userPrevOutput or self.outputs[0] or self.zeroTensor,
          self.userPrevCell or self.cells[0] or self.zeroTensor}
end

local function check_pair(name, state)
  if type(state) ~= 'table' or #state ~= 2 then
    errors.fail('%s: expected {output, cell}, got %s', name, torch.type(state))
  end
end

function LSTM:setHiddenState(step, hiddenState)
  check_pair('setHiddenState', hiddenState)
  step = absolute(step, self.step - 1)
  self.outputs[step], self.cells[step] = hiddenState[1], hiddenState[2]
end

--- The gradients of {output, cell} after a step that came from the next; before the first step counts as well.
function LSTM:getGradHiddenState(step)
  step = absolute(step, (self.updateGradInputStep or self.step) - 1)
  if step < self.step - 1 then return {self.gradOutputs[step], self.gradCells[step]} end
  return {self.userNextGradOutput or self.gradOutputs[step] or self.zeroTensor,
          self.userNextGradCell or self.gradCells[step] or self.zeroTensor}
end

function LSTM:setGradHiddenState(step, gradHiddenState)
  check_pair('setGradHiddenState', gradHiddenState)
  step = absolute(step, (self.updateGradInputStep or self.step) - 1)
  self.gradOutputs[step], self.gradCells[step] = gradHiddenState[1], gradHiddenState[2]
end

-- -- Steps ------------------------------------------------------------------------------------------------------

function LSTM:joinInput(input, hidden) return {input, hidden[1], hidden[2]} end

function LSTM:keepOutput(made)
  self.cells[self.step], self.cell = made[2], made[2]
  return made[1]
end

function LSTM:outputOf(hidden) return hidden[1] end
function LSTM:joinGradOutput(gradOutput, grad) return {gradOutput, grad[2]} end
function LSTM:keepGradInput(gradInput) return {gradInput[2], gradInput[3]} end

return LSTM

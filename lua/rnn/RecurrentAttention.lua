--- nn.RecurrentAttention(rnn, action, nStep, hiddenSize): looks at one input in nStep glances. Each step, action makes
-- from the last output (0 at first, of sizes hiddenSize behind the batch) where to look, and rnn makes an output of
-- {input, action}. The output is the table of rnn's outputs; with self.forwardActions, of {output, action}. Unless
-- then, action gets no gradient but that of its rewards: see nn.Reinforce.
-- Source: Mnih et al., "Recurrent Models of Visual Attention", 2014 (arXiv:1406.6247).
local torch = require 'torch'
local errors = require 'torch.errors'
local nested = require 'rnn.nested'

local RecurrentAttention, parent = torch.class('nn.RecurrentAttention', 'nn.AbstractSequencer')

local function recurrent(module)
  return torch.isTypeOf(module, 'nn.AbstractRecurrent') and module or nn.Recursor(module)
end

function RecurrentAttention:__init(rnn, action, nStep, hiddenSize)
  parent.__init(self)
  if not torch.isTypeOf(rnn, 'nn.Module') or not torch.isTypeOf(action, 'nn.Module') or type(nStep) ~= 'number' or
     type(hiddenSize) ~= 'table' or type(hiddenSize[1]) ~= 'number' then
    errors.fail('RecurrentAttention: expected two modules, a number of steps and a table of sizes')
  end
  self.rnn, self.action, self.nStep, self.hiddenSize = recurrent(rnn), recurrent(action), nStep, hiddenSize
  self.modules = {self.rnn, self.action}
  self.output, self.actions, self.gradHidden = {}, {}, {}
  self.forwardActions = false
end

-- What action and rnn saw at a step; hidden: rnn's outputs.
local function seen_by_action(self, step) return step == 1 and self._initInput or self.rnn.outputs[step - 1] end

function RecurrentAttention:updateOutput(input)
  self.rnn:forget()
  self.action:forget()
  self._initInput = input.new(input:size(1), unpack(self.hiddenSize)):zero()
  local hidden, out = self._initInput, {}
  for step = 1, self.nStep do
    self.actions[step] = self.action:forward(hidden)
    hidden = self.rnn:forward {input, self.actions[step]}
    if self.train == false then   -- all steps have one module then, and its memory
      hidden, self.actions[step] = hidden:clone(), self.actions[step]:clone()
    end
    out[step] = self.forwardActions and {hidden, self.actions[step]} or hidden
  end
  self.output = out
  return out
end

local function check(self, gradOutput)
  if self.rnn.step - 1 ~= self.nStep then
    errors.fail('RecurrentAttention: the module has done %d steps instead of %d', self.rnn.step - 1, self.nStep)
  end
  if type(gradOutput) ~= 'table' or #gradOutput ~= self.nStep then
    errors.fail('RecurrentAttention: expected a table of %d gradients', self.nStep)
  end
end

-- The gradients of a step's output and of its action.
local function parts(self, gradOutput, step)
  if self.forwardActions then return gradOutput[step][1], gradOutput[step][2] end
  local action = self.action.output
  if not self._gradAction or not self._gradAction:isSameSizeAs(action) then
    self._gradAction = action.new():resizeAs(action):zero()
  end
  return gradOutput[step], self._gradAction
end

function RecurrentAttention:updateGradInput(input, gradOutput)
  check(self, gradOutput)
  local hidden = self.gradHidden
  for step = self.nStep, 1, -1 do
    local grad, grad_action = parts(self, gradOutput, step)
    if step == self.nStep then
      hidden[step] = nested.recursiveCopy(hidden[step], grad)
    else
      nested.recursiveAdd(hidden[step], grad)
    end
    local before = self.action:updateGradInput(seen_by_action(self, step), grad_action)
    if step > 1 then hidden[step - 1] = nested.recursiveCopy(hidden[step - 1], before) end
    local g = self.rnn:updateGradInput({input, self.actions[step]}, hidden[step])[1]
    if step == self.nStep then self.gradInput:resizeAs(g):copy(g) else self.gradInput:add(g) end
  end
  return self.gradInput
end

local function accumulate(self, method, input, gradOutput, factor)
  check(self, gradOutput)
  for step = self.nStep, 1, -1 do
    local _, grad_action = parts(self, gradOutput, step)
    self.action[method](self.action, seen_by_action(self, step), grad_action, factor)
    self.rnn[method](self.rnn, {input, self.actions[step]}, self.gradHidden[step], factor)
  end
end

function RecurrentAttention:accGradParameters(input, gradOutput, scale)
  accumulate(self, 'accGradParameters', input, gradOutput, scale or 1)
end

function RecurrentAttention:accUpdateGradParameters(input, gradOutput, lr)
  accumulate(self, 'accUpdateGradParameters', input, gradOutput, lr)
end

function RecurrentAttention:clearState()
  self.actions, self.gradHidden, self._initInput, self._gradAction = {}, {}, nil, nil
  return parent.clearState(self)
end

local function indent(x) return (tostring(x):gsub('\n', '\n  ')) end

function RecurrentAttention:__tostring__()
  return ('%s {\n  action : %s\n  rnn    : %s\n}'):format(torch.type(self), indent(self.action), indent(self.rnn))
end

return RecurrentAttention

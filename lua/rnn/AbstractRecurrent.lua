--- nn.AbstractRecurrent([rho]): the parent of modules that take one step of a sequence with each forward, and go back
-- one step, from the last one, with each backward. While training, each step has a clone of self.recurrentModule, which
-- shares its parameters; rho (99999) is how many steps are kept to go back through. forget() starts a new sequence.
--
-- What is kept, by step: sharedClones, outputs, gradInputs; gradOutputs, the gradients that came from the next step;
-- _gradOutputs, those with the user's gradOutput added.
--
-- A child class takes the step in updateOutput, by run and finish below, and goes back in _updateGradInput and
-- _accGradParameters. Most have these three from here and define how a step's input is put together and its output
-- taken apart: joinInput, keepOutput, joinGradOutput, keepGradInput.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local nested = require 'rnn.nested'

local AbstractRecurrent, parent = torch.class('nn.AbstractRecurrent', 'nn.Container')

AbstractRecurrent.dpnn_stepclone = true

function AbstractRecurrent:__init(rho)
  parent.__init(self)
  self.rho = rho or 99999
  self.outputs, self.gradInputs, self.gradOutputs, self._gradOutputs = {}, {}, {}, {}
  self.sharedClones = {}
  self.step = 1
end

--- Makes a module that of all steps.
function AbstractRecurrent:setStepModule(module)
  self.recurrentModule, self.modules[1], self.sharedClones[1] = module, module, module
  return self
end

local function entries(list)
  local n = 0
  for _ in pairs(list) do n = n + 1 end
  return n
end

--- The module of a step, made when it is needed.
function AbstractRecurrent:getStepModule(step)
  if type(step) ~= 'number' then errors.fail('getStepModule: expected a step, got %s', torch.type(step)) end
  if not self.sharedClones[step] then
    self.sharedClones[step] = self.recurrentModule:stepClone()
    self.nSharedClone = entries(self.sharedClones)
  end
  return self.sharedClones[step]
end

--- Samples whose input is 0 in all elements get 0 as output and state. nInputDim: the dimensions of one sample's input.
function AbstractRecurrent:maskZero(nInputDim)
  self.sharedClones = {}
  return self:setStepModule(nn.MaskZero(self.recurrentModule, nInputDim, true))
end

--- As maskZero, but such samples are left out of the computation.
function AbstractRecurrent:trimZero(nInputDim)
  if self.p and self.p ~= 0 and not self.mono then
    errors.fail('trimZero: with dropout inside, %s has to be made with mono', torch.type(self))
  end
  self.sharedClones = {}
  return self:setStepModule(nn.TrimZero(self.recurrentModule, nInputDim, true))
end

-- -- Forward ----------------------------------------------------------------------------------------------------

--- Makes the clone that is farthest back, beyond rho, that of this step.
function AbstractRecurrent:recycle()
  self.nSharedClone = self.nSharedClone or entries(self.sharedClones)
  local step, rho = self.step, math.max(self.rho + 1, self.nSharedClone)
  if self.sharedClones[step] == nil then
    for _, list in ipairs {self.sharedClones, self._gradOutputs} do
      list[step], list[step - rho] = list[step - rho], nil
    end
  end
  self.outputs[step - rho - 1], self.gradInputs[step - rho - 1] = nil, nil
  return self
end

--- What this step's module gives for an input. When evaluating, all steps have the same module.
function AbstractRecurrent:run(input)
  if self.train == false then return self.recurrentModule:forward(input) end
  self:recycle()
  return self:getStepModule(self.step):forward(input)
end

--- Notes the output of a step, and goes on to the next.
function AbstractRecurrent:finish(output)
  self.outputs[self.step], self.output = output, output
  self.step = self.step + 1
  self.gradPrevOutput, self.updateGradInputStep, self.accGradParametersStep = nil, nil, nil
  return output
end

--- The input of a step's module, from the sequence's and the state before.
function AbstractRecurrent:joinInput(input, hidden) return {input, hidden} end

--- Keeps what the module gave for a step besides its output, which is given.
function AbstractRecurrent:keepOutput(made) return made end

--- The gradients of what the module gave: of its output, and those in grad, the gradient of the state.
function AbstractRecurrent:joinGradOutput(gradOutput) return gradOutput end

--- The gradient of a state's output, and a state's gradient from that by the module's input.
function AbstractRecurrent:outputOf(hidden) return hidden end
function AbstractRecurrent:keepGradInput(gradInput) return gradInput[2] end

function AbstractRecurrent:updateOutput(input)
  local hidden = self:getHiddenState(self.step - 1, input)
  return self:finish(self:keepOutput(self:run(self:joinInput(input, hidden))))
end

-- -- Backward ---------------------------------------------------------------------------------------------------

function AbstractRecurrent:updateGradInput(input, gradOutput)
  self.updateGradInputStep = self.updateGradInputStep or self.step
  if self.updateGradInputStep < 2 then errors.fail('%s: there is no step to go back through', torch.type(self)) end
  self.gradInput = self:_updateGradInput(input, gradOutput)
  self.updateGradInputStep = self.updateGradInputStep - 1
  self.gradInputs[self.updateGradInputStep] = self.gradInput
  return self.gradInput
end

function AbstractRecurrent:accGradParameters(input, gradOutput, scale)
  self.accGradParametersStep = self.accGradParametersStep or self.step
  if not self.updateGradInputStep or self.updateGradInputStep >= self.accGradParametersStep then
    errors.fail('%s: accGradParameters goes back a step that updateGradInput has not', torch.type(self))
  end
  self:_accGradParameters(input, gradOutput, scale or 1)
  self.accGradParametersStep = self.accGradParametersStep - 1
end

--- Adds gradOutput to the gradient that came from the next step, if any, as _gradOutputs[step].
function AbstractRecurrent:addGradOutput(step, from_next, gradOutput)
  local sum = nested.recursiveCopy(self._gradOutputs[step], from_next)
  nested.recursiveAdd(sum, gradOutput)
  self._gradOutputs[step] = sum
  return sum
end

function AbstractRecurrent:_updateGradInput(input, gradOutput)
  local step = self.updateGradInputStep - 1
  local grad = self:getGradHiddenState(step)
  local total = self:addGradOutput(step, self:outputOf(grad), gradOutput)
  local from = self:joinInput(input, self:getHiddenState(step - 1))
  local gradInput = self:getStepModule(step):updateGradInput(from, self:joinGradOutput(total, grad))
  self:setGradHiddenState(step - 1, self:keepGradInput(gradInput))
  return gradInput[1]
end

function AbstractRecurrent:_accGradParameters(input, _, scale)
  local step = self.accGradParametersStep - 1
  local from = self:joinInput(input, self:getHiddenState(step - 1))
  local gradOutput = self:joinGradOutput(self._gradOutputs[step], self:getGradHiddenState(step))
  self:getStepModule(step):accGradParameters(from, gradOutput, scale)
end

-- -- State ------------------------------------------------------------------------------------------------------

-- The entries of a list without the gaps between them, in order.
local function compact(list)
  local places, out = {}, {}
  for k in pairs(list) do places[#places + 1] = k end
  table.sort(places)
  for i, k in ipairs(places) do out[i] = list[k] end
  return out
end

function AbstractRecurrent:forget()
  parent.forget(self)
  if self.train ~= false then
    self.outputs, self.gradInputs, self.gradOutputs = {}, {}, {}
    self.sharedClones, self._gradOutputs = compact(self.sharedClones), compact(self._gradOutputs)
    if self.cells then self.cells, self.gradCells = {}, {} end
  end
  self.step = 1
  return self
end

--- f() while self.modules holds the clones of all steps as well.
function AbstractRecurrent:includingSharedClones(f)
  local modules, clones, seen = self.modules, self.sharedClones, {}
  self.modules, self.sharedClones = {}, nil
  for _, list in ipairs {modules, clones, {self.initialModule}} do
    for _, module in pairs(list) do
      if not seen[module] then seen[module], self.modules[#self.modules + 1] = true, module end
    end
  end
  local function restore(ok, ...)
    self.modules, self.sharedClones = modules, clones
    if not ok then error((...), 0) end
    return ...
  end
  return restore(pcall(f))
end

function AbstractRecurrent:training()
  self:includingSharedClones(function() parent.training(self) end)
end

function AbstractRecurrent:evaluate()
  self:includingSharedClones(function() parent.evaluate(self) end)
end

--- A reward for all steps, or one for each of the last: a table of vectors, or a matrix with a row for each step.
function AbstractRecurrent:reinforce(reward)
  local count = type(reward) == 'table' and #reward or
                handle.is_tensor(reward) and reward:dim() >= 2 and reward:size(1)
  if not count then
    return self:includingSharedClones(function() return parent.reinforce(self, reward) end)
  end
  if self.step <= count then errors.fail('reinforce: %d rewards for %d steps', count, self.step - 1) end
  for i = 1, count do self:getStepModule(self.step - 1 - count + i):reinforce(reward[i]) end
end

function AbstractRecurrent:setOutputStep(step)
  self.output = self.outputs[step] or errors.fail('setOutputStep: there is no output of step %s', tostring(step))
  self.gradInput = self.gradInputs[step]
end

function AbstractRecurrent:maxBPTTstep(rho) self.rho = rho end

function AbstractRecurrent:clearState()
  self:forget()
  self.outputs, self.gradInputs, self.gradOutputs, self._gradOutputs = {}, {}, {}, {}
  self.gradPrevOutput, self.cell = nil, nil
  if self.cells then self.cells, self.gradCells = {}, {} end
  if self.zeroTensor then self.zeroTensor = nested.recursiveNew(self.zeroTensor) end
  return self:includingSharedClones(function() return parent.clearState(self) end)
end

--- Converts the module; what was kept of a sequence goes.
function AbstractRecurrent:type(type, cache)
  if type then
    self:forget()
    self.outputs, self._gradOutputs = {}, {}
    if self.cells then self.cells, self.gradCells = {}, {} end
  end
  return parent.type(self, type, cache)
end

--- Zeros of the given sizes, the state before the first step, as self.zeroTensor: the same tensor while sizes last.
function AbstractRecurrent:zeros(model, ...)
  local wanted = torch.LongStorage {...}
  local t = self.zeroTensor
  if not handle.is_tensor(t) or t:type() ~= model:type() then t = model.new() end
  if t:dim() ~= #wanted or not t:isSize(wanted) then t = t.new():resize(wanted):zero() end
  self.zeroTensor = t
  return t
end

-- -- What children define ---------------------------------------------------------------------------------------

for _, name in ipairs {'getHiddenState', 'setHiddenState', 'getGradHiddenState', 'setGradHiddenState'} do
  AbstractRecurrent[name] = function(self) errors.fail('%s has no %s', torch.type(self), name) end
end

-- Methods of 2015, when a sequence went back in one call.
for _, name in ipairs {'backwardThroughTime', 'updateGradInputThroughTime', 'accGradParametersThroughTime',
                       'accUpdateGradParametersThroughTime', 'backwardUpdateThroughTime'} do
  AbstractRecurrent[name] = function()
    errors.fail('%s: going back is done step by step: call backward for each step, from the last to the first', name)
  end
end

for _, name in ipairs {'recursiveResizeAs', 'recursiveSet', 'recursiveCopy', 'recursiveAdd', 'recursiveTensorEq',
                       'recursiveNormal'} do
  AbstractRecurrent[name] = nested[name]
end

function AbstractRecurrent:__tostring__()
  if self.inputSize and self.outputSize then
    return ('%s(%d -> %d)'):format(torch.type(self), self.inputSize, self.outputSize)
  end
  return ('%s @ %s'):format(torch.type(self), tostring(self.modules[1]))
end

return AbstractRecurrent

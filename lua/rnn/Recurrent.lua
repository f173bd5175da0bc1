--- nn.Recurrent(start, input, feedback[, transfer[, rho[, merge]]]): a simple recurrent net:
-- y₁ = transfer(start(input(x₁))), y_t = transfer(merge{input(x_t), feedback(y_{t−1})}). start: a module, or the
-- sizes of what nn.Add adds at the first step. transfer: nn.Sigmoid(), merge: nn.CAddTable(), unless given. For rho see
-- nn.AbstractRecurrent.
--   nn.Recurrent(20, nn.Linear(10, 20), nn.Linear(20, 20), nn.Tanh(), 5)
local torch = require 'torch'
local errors = require 'torch.errors'

local Recurrent, parent = torch.class('nn.Recurrent', 'nn.AbstractRecurrent')

local function start_module(start)
  if torch.isTypeOf(start, 'nn.Module') then return start end
  if type(start) == 'number' or torch.type(start) == 'torch.LongStorage' then return nn.Add(start) end
  if type(start) == 'table' then return nn.Add(torch.LongStorage(start)) end
  return errors.fail('Recurrent: expected a module or sizes as the start, got %s', torch.type(start))
end

function Recurrent:__init(start, input, feedback, transfer, rho, merge)
  parent.__init(self, rho)
  self.startModule, self.inputModule, self.feedbackModule = start_module(start), input, feedback
  self.transferModule, self.mergeModule = transfer or nn.Sigmoid(), merge or nn.CAddTable()
  self.modules = {self.startModule, self.inputModule, self.feedbackModule, self.transferModule, self.mergeModule}
  self:buildInitialModule()
  self:buildRecurrentModule()
  self.sharedClones[2] = self.recurrentModule
end

--- Makes the module of the first step.
function Recurrent:buildInitialModule()
  self.initialModule = nn.Sequential():add(self.inputModule:sharedClone()):add(self.startModule)
    :add(self.transferModule:sharedClone())
end

--- Makes the module of the other steps.
function Recurrent:buildRecurrentModule()
  self.recurrentModule = nn.Sequential()
    :add(nn.ParallelTable():add(self.inputModule):add(self.feedbackModule))
    :add(self.mergeModule):add(self.transferModule)
end

function Recurrent:updateOutput(input)
  if self.step == 1 then return self:finish(self.initialModule:forward(input)) end
  return self:finish(self:run {input, self.outputs[self.step - 1]})
end

function Recurrent:_updateGradInput(input, gradOutput)
  local step = self.updateGradInputStep - 1
  if self.gradPrevOutput then gradOutput = self:addGradOutput(step, self.gradPrevOutput, gradOutput) end
  if step == 1 then return self.initialModule:updateGradInput(input, gradOutput) end
  local both = self:getStepModule(step):updateGradInput({input, self.outputs[step - 1]}, gradOutput)
  self.gradPrevOutput = both[2]
  return both[1]
end

function Recurrent:_accGradParameters(input, gradOutput, scale)
  local step = self.accGradParametersStep - 1
  if step < self.step - 1 then gradOutput = self._gradOutputs[step] end
  if step == 1 then return self.initialModule:accGradParameters(input, gradOutput, scale) end
  self:getStepModule(step):accGradParameters({input, self.outputs[step - 1]}, gradOutput, scale)
end

--- A table's rewards are those of the first steps.
function Recurrent:reinforce(reward)
  if type(reward) ~= 'table' then return parent.reinforce(self, reward) end
  for step, part in ipairs(reward) do
    local module = step == 1 and self.initialModule or self:getStepModule(step)
    module:reinforce(part)
  end
end

for _, name in ipairs {'maskZero', 'trimZero'} do
  Recurrent[name] = function()
    errors.fail('Recurrent has another module at its first step and cannot do %s: use nn.Recurrence', name)
  end
end

local function indent(x) return (tostring(x):gsub('\n', '\n    |      ')) end

function Recurrent:__tostring__()
  return table.concat({
    torch.type(self) .. ' {', '  [{input(t), output(t-1)} -> (1) -> (2) -> (3) -> output(t)]', '  (1):  {',
    '    input(t)', '      |`-> (t==0): ' .. indent(self.startModule),
    '      |`-> (t~=0): ' .. indent(self.inputModule),
    '    output(t-1)', '      |`-> ' .. indent(self.feedbackModule), '  }', '  (2): ' .. indent(self.mergeModule),
    '  (3): ' .. indent(self.transferModule), '}'}, '\n')
end

return Recurrent

--- nn.Recursor(module[, rho]): makes any module one that takes a step of a sequence with each forward; modules in it
-- that keep steps themselves, such as nn.LSTM, stay the same in all steps, others have a clone for each. For rho see
-- nn.AbstractRecurrent.
--   nn.Recursor(nn.Sequential():add(nn.LSTM(10, 20)):add(nn.Linear(20, 2)))
local torch = require 'torch'

local Recursor, parent = torch.class('nn.Recursor', 'nn.AbstractRecurrent')
local Module = torch.getmetatable('nn.Module')

function Recursor:__init(module, rho)
  parent.__init(self, rho or 9999999)
  self.module = module
  self:setStepModule(module)
end

function Recursor:updateOutput(input) return self:finish(self:run(input)) end

function Recursor:_updateGradInput(input, gradOutput)
  local step = self.updateGradInputStep - 1
  local module = self:getStepModule(step)
  module:setOutputStep(step)
  return module:updateGradInput(input, gradOutput)
end

function Recursor:_accGradParameters(input, gradOutput, scale)
  local step = self.accGradParametersStep - 1
  local module = self:getStepModule(step)
  module:setOutputStep(step)
  module:accGradParameters(input, gradOutput, scale)
end

--- rho goes to the modules inside as well.
function Recursor:maxBPTTstep(rho)
  self.rho = rho
  Module.maxBPTTstep(self, rho)
end

-- The state is that of the module inside.
for _, name in ipairs {'getHiddenState', 'setHiddenState', 'getGradHiddenState', 'setGradHiddenState'} do
  Recursor[name] = function(self, ...) return self.modules[1][name](self.modules[1], ...) end
end

return Recursor

--- Methods that rnn adds to nn.Module: what reaches the recurrent modules in a net.
local torch = require 'torch'
local errors = require 'torch.errors'

local Module = torch.getmetatable('nn.Module')

--- Starts a new sequence: the next forward is its first step.
function Module:forget()
  for _, module in ipairs(self.modules or {}) do module:forget() end
  return self
end

--- Says whether sequences go on from one forward to the next, without forget: 'both' while training and evaluating (the
-- default), only while training ('train') or evaluating ('eval'), or 'neither'.
function Module:remember(mode)
  for _, module in ipairs(self.modules or {}) do module:remember(mode) end
  return self
end

--- A copy for another step of a sequence: it shares the parameters, and modules that keep all steps themselves are the
-- same.
function Module:stepClone(shareParams, shareGradParams) return self:sharedClone(shareParams, shareGradParams, true) end

--- For code of 2015: going back step by step is what backward does.
function Module:backwardOnline() return self end

--- Makes output and gradInput those of a step.
function Module:setOutputStep(step)
  for _, module in ipairs(self.modules or {}) do module:setOutputStep(step) end
end

--- Sets how many steps are kept to go back through.
function Module:maxBPTTstep(rho)
  for _, module in ipairs(self.modules or {}) do module:maxBPTTstep(rho) end
end

-- -- Hidden states ----------------------------------------------------------------------------------------------
-- Those of a container are tables of its children's; a module without memory has none.

local function gather(self, method, step)
  if not self.modules then return nil end
  local states = {}
  for i, module in ipairs(self.modules) do states[i] = module[method](module, step) end
  return states
end

local function spread(self, method, step, states)
  if not self.modules then return end
  if type(states) ~= 'table' then errors.fail('%s: expected a table, got %s', method, torch.type(states)) end
  for i, module in ipairs(self.modules) do module[method](module, step, states[i]) end
end

--- The hidden state after a step; 0 is before the first.
function Module:getHiddenState(step) return gather(self, 'getHiddenState', step) end
function Module:setHiddenState(step, hiddenState) spread(self, 'setHiddenState', step, hiddenState) end

--- The gradient of the hidden state after a step.
function Module:getGradHiddenState(step) return gather(self, 'getGradHiddenState', step) end
function Module:setGradHiddenState(step, gradHiddenState) spread(self, 'setGradHiddenState', step, gradHiddenState) end

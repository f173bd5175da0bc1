--- nn.AbstractSequencer(): the parent of modules that run others over whole sequences, forgetting before each one
-- unless remember says otherwise.
local torch = require 'torch'
local errors = require 'torch.errors'

local AbstractSequencer, parent = torch.class('nn.AbstractSequencer', 'nn.Container')

local modes = {both = true, eval = true, train = true, neither = true}

--- Whether sequences go on from one forward to the next: see Module:remember.
function AbstractSequencer:remember(mode)
  if mode == nil then mode = 'both' end
  if not modes[mode] then
    errors.fail("remember: expected 'both', 'eval', 'train' or 'neither', got %s", tostring(mode))
  end
  self._remember = mode
  return self
end

--- Whether it remembers now.
function AbstractSequencer:hasMemory()
  local mode = self._remember
  return mode == 'both' or mode == (self.train == false and 'eval' or 'train')
end

--- A whole sequence is one step, so a copy for another one is a full copy.
function AbstractSequencer:sharedClone(shareParams, shareGradParams)
  return parent.sharedClone(self, shareParams, shareGradParams)
end

-- A sequence ends when training starts or stops.
function AbstractSequencer:training()
  if self.train == false then self:forget() end
  parent.training(self)
end

function AbstractSequencer:evaluate()
  if self.train ~= false then self:forget() end
  parent.evaluate(self)
end

-- Steps of 2015.
function AbstractSequencer.getStepModule()
  errors.fail('getStepModule: the steps are kept by the modules inside, which nn.Recursor decorates')
end

return AbstractSequencer

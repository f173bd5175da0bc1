--- Module:profile(): from now on, each child of the containers in this net that run modules one after another or beside
-- each other (nn.Sequential, nn.ParallelTable) prints how long its steps take, in seconds.
local torch = require 'torch'

local Module = torch.getmetatable('nn.Module')

local steps = {'updateOutput', 'updateGradInput', 'accGradParameters', 'accUpdateGradParameters', 'backward'}

-- The module's step, timed; one that calls another (backward) prints both.
local function timed(module, name)
  local step = module[name]
  return function(...)
    local timer = torch.Timer()
    local function finish(...)
      print(('%s %s: %g s'):format(torch.type(module), name, timer:time().real))
      return ...
    end
    return finish(step(...))
  end
end

local function time_steps(module)
  if module.dpnn_profile then return end
  module.dpnn_profile = true
  for _, name in ipairs(steps) do module[name] = timed(module, name) end
end

function Module:profile()
  local times_children = torch.isTypeOf(self, 'nn.Sequential') or torch.isTypeOf(self, 'nn.ParallelTable')
  for _, child in ipairs(self.modules or {}) do
    if times_children then time_steps(child) end
    child:profile()
  end
end

--- nn.Profile(module[, print_interval[, name]]): does as the module does, and prints how long so many (100) passes
-- forward, and as many back, took.
--   nn.Profile(nn.Linear(10, 10), 50, 'first')
local torch = require 'torch'

local Profile, parent = torch.class('nn.Profile', 'nn.Decorator')

function Profile:__init(module, print_interval, name)
  parent.__init(self, module)
  self.module, self.print_interval, self.name = module, print_interval or 100, name or torch.type(module)
  self.numFwds, self.numBwds, self.summedFwdTime, self.summedBwdTime = 0, 0, 0, 0
  self.timer = torch.Timer()
end

-- Counts a pass that just ended; count and sum name the fields.
local function note(self, count, sum, what)
  self[sum] = self[sum] + self.timer:time().real
  self[count] = self[count] + 1
  if self[count] % self.print_interval ~= 0 then return end
  print(('%s took %.3f seconds for %d %s passes'):format(self.name, self[sum], self.print_interval, what))
  self[count], self[sum] = 0, 0
end

function Profile:updateOutput(input)
  self.timer:reset()
  local out = parent.updateOutput(self, input)
  note(self, 'numFwds', 'summedFwdTime', 'forward')
  return out
end

function Profile:updateGradInput(input, gradOutput)
  self.timer:reset()
  local g = parent.updateGradInput(self, input, gradOutput)
  note(self, 'numBwds', 'summedBwdTime', 'backward')
  return g
end

return Profile

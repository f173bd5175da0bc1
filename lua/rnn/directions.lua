--- What modules that run over a sequence in both directions share.
local torch = require 'torch'
local errors = require 'torch.errors'

local directions = {}

local function check(name, what, module)
  if not torch.isTypeOf(module, 'nn.Module') then
    errors.fail('%s: expected a module as %s, got %s', name, what, torch.type(module))
  end
  return module
end

--- Sets forwardModule, backwardModule and mergeModule from the constructor's arguments.
function directions.set(module, name, forward, backward, merge)
  module.forwardModule = check(name, 'forward', forward)
  if not backward then
    backward = forward:clone()
    backward:reset()
  end
  module.backwardModule = check(name, 'backward', backward)
  if merge == nil or type(merge) == 'number' then merge = nn.JoinTable(1, merge or 1) end
  module.mergeModule = check(name, 'merge', merge)
end

--- A module of tables that runs from the last entry to the first.
function directions.reversed(module)
  return nn.Sequential():add(nn.ReverseTable()):add(module):add(nn.ReverseTable())
end

return directions

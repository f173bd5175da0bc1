--- autograd.nn.AutoCriterion(name): a class of nn criteria whose backward is found by differentiating a function.
-- Called with f(input, target), which gives a number, the class gives a criterion. It is saved with its function.
--   local Cubic = autograd.nn.AutoCriterion('Cubic')
--   local criterion = Cubic(function(x, y) return torch.sum(torch.pow(torch.abs(x - y), 3)) end)
local torch = require 'torch'
local errors = require 'torch.errors'
local auto = require 'autograd.auto'
local nnwrapper = require 'autograd.nnwrapper'

local prefix = 'autograd.nn.criterion.'

local function define(class, parent)
  function class:__init(f)
    if type(f) ~= 'function' then errors.fail('AutoCriterion: expected a function, got a %s', torch.type(f)) end
    parent.__init(self)
    self.fn = f
  end

  -- What the function gives beside the loss is there until the next forward.
  function class:compute(input, target)
    local loss
    loss, self.predictions = self.fn(input, target)
    return loss
  end
end

return function(name)
  if type(name) ~= 'string' then
    errors.fail('AutoCriterion: expected a name for the class, got a %s', torch.type(name))
  end
  if not torch.getmetatable(prefix .. name) then
    nnwrapper.package('nn')
    define(torch.class(prefix .. name, 'nn.Criterion', auto))
  end
  return auto[name]
end

--- nn.Decorator(module): a container of one module, which does as that does; the parent of modules that add something
-- to another. Decorator.decorate(class) gives its methods to a class with another parent.
local torch = require 'torch'

local Decorator, parent = torch.class('nn.Decorator', 'nn.Container')

function Decorator:__init(module)
  parent.__init(self)
  self.modules[1] = module
end

function Decorator:updateOutput(input)
  self.output = self.modules[1]:forward(input)
  return self.output
end

function Decorator:updateGradInput(input, gradOutput)
  self.gradInput = self.modules[1]:updateGradInput(input, gradOutput)
  return self.gradInput
end

function Decorator:accGradParameters(input, gradOutput, scale)
  self.modules[1]:accGradParameters(input, gradOutput, scale)
end

function Decorator:accUpdateGradParameters(input, gradOutput, lr)
  self.modules[1]:accUpdateGradParameters(input, gradOutput, lr)
end

function Decorator:sharedAccUpdateGradParameters(input, gradOutput, lr)
  self.modules[1]:sharedAccUpdateGradParameters(input, gradOutput, lr)
end

function Decorator:__tostring__() return ('%s @ %s'):format(torch.type(self), tostring(self.modules[1])) end

local decorating = {'updateOutput', 'updateGradInput', 'accGradParameters', 'accUpdateGradParameters',
                    'sharedAccUpdateGradParameters', '__tostring__'}

function Decorator.decorate(class)
  for _, name in ipairs(decorating) do class[name] = Decorator[name] end
end

return Decorator

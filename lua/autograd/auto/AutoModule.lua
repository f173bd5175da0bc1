--- autograd.nn.AutoModule(name): a class of nn modules whose backward is found by differentiating a function. Called
-- with f(input[, weight[, bias]]) and the weight and bias, if any, the class gives a module. It is saved with its
-- function, so its upvalues must be plain values; the class itself is made when such a file is read.
--   local Scale = autograd.nn.AutoModule('Scale')
--   local module = Scale(function(x, w) return torch.cmul(x, w) end, torch.Tensor{2, 3})
local torch = require 'torch'
local errors = require 'torch.errors'
local auto = require 'autograd.auto'
local nnwrapper = require 'autograd.nnwrapper'

local prefix = 'autograd.nn.module.'

-- The class differentiates as any module of nn does: by its compute.
local function define(class, parent)
  function class:__init(f, weight, bias)
    if type(f) ~= 'function' then errors.fail('AutoModule: expected a function, got a %s', torch.type(f)) end
    parent.__init(self)
    self.fn = f
    self.weight, self.gradWeight = weight, weight and weight:clone():zero()
    self.bias, self.gradBias = bias, bias and bias:clone():zero()
  end

  function class:compute(input) return self.fn(input, self.weight, self.bias) end
end

return function(name)
  if type(name) ~= 'string' then
    errors.fail('AutoModule: expected a name for the class, got a %s', torch.type(name))
  end
  if not torch.getmetatable(prefix .. name) then
    nnwrapper.package('nn')
    define(torch.class(prefix .. name, 'nn.Module', auto))
  end
  return auto[name]
end

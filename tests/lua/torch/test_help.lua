-- What `? name` shows.
local t = require 'harness'
require 'torch'
local help = require 'torch.help'

local function starts(name, text) t.eq((help(name) or ''):sub(1, #text), text, name) end

t.test('functions, methods and ops', function()
  starts('torch.rand', 'torch.rand([result,] [generator,] sizes…): uniform numbers')
  starts('randn', 'torch.randn(')
  starts('x:indexFill', 'x:indexFill(dim, index, value)')
  starts('torch.zeros', 'zeros([result,] sizes…)')
  starts('torch.tanh', 'tanh(x): the hyperbolic tangent')
  starts('torch.cmul', 'mul(x, y)')
  starts('result:index', 'x:index(dim, index)')
end)

t.test('functions of the formats, which are not loaded yet', function()
  starts('torch.npy.load', 'torch.npy.load(path): ')
  starts('torch.json.save', 'torch.json.save(path, value[, options]): ')
  t.eq(help('torch.npy.nonsense'), nil)
end)

t.test('classes of other packages, once they are loaded', function()
  require 'nn'
  starts('nn.Linear', 'nn.Linear(inputSize, outputSize[, bias])')
end)

t.test('what is not known', function()
  for _, name in ipairs {'torch.nonsense', 'nonsense', '', '???', 'nn.', '%a'} do t.eq(help(name), nil, name) end
  t.eq(help(nil), nil)
end)

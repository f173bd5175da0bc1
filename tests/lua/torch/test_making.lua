-- Tensors made from sizes and rules, and the default type.
local t = require 'harness'
local torch = require 'torch'

local D = torch.DoubleTensor

local function is(x, values, what) t.eq(x:totable(), values, what) end

t.test('zeros and ones', function()
  is(torch.zeros(2, 3), {{0, 0, 0}, {0, 0, 0}})
  is(torch.ones(torch.LongStorage {1, 2}), {{1, 1}})
  is(torch.ones({2}), {1, 1})
  t.eq(torch.zeros(0):nElement(), 0)
  local x = torch.FloatTensor(5)
  t.ok(rawequal(torch.zeros(x, 2, 2), x))
  is(x, {{0, 0}, {0, 0}})
  is(x:ones(3), {1, 1, 1})
  is(torch.ones(torch.IntTensor(), x:size()), {1, 1, 1})
  t.raises('zeros: expected sizes, got none', torch.zeros)
  t.raises('size %-1 of dimension 2 is negative', torch.ones, 2, -1)
  is(torch.ones('2', 1.9), {{1}, {1}}, 'fractions are cut off, texts are read')
  t.raises('ones: expected a whole number, got string', torch.ones, 2, 'b')
  t.raises('zeros: expected a whole number, got nan', torch.zeros, 0 / 0)
end)

t.test('eye', function()
  is(torch.eye(2), {{1, 0}, {0, 1}})
  is(torch.eye(2, 3), {{1, 0, 0}, {0, 1, 0}})
  is(D():eye(3, 1), {{1}, {0}, {0}})
  local wide = D(3, 4):zero()
  is(torch.eye(wide:narrow(2, 2, 2), 3, 2), {{1, 0}, {0, 1}, {0, 0}}, 'into a view')
  t.eq(torch.eye(0):nElement(), 0)
  is(torch.eye(1.9), {{1}})
  t.raises('eye: expected a count of 0 or more, got %-1', torch.eye, -1)
  t.raises('eye: expected a count, got nothing', torch.eye)
end)

t.test('range', function()
  is(torch.range(2, 5), {2, 3, 4, 5})
  is(torch.range(2, 5, 1.2), {2, 2 + 1.2, 2 + 2 * 1.2})
  is(torch.range(5, 2, -1), {5, 4, 3, 2})
  is(torch.range(3, 3, -1), {3})
  is(torch.LongTensor():range(1, 4, 2), {1, 3})
  t.raises('range: 1 is not reached from 2 in steps of 1', torch.range, 2, 1)
  t.raises('range: .* in steps of 0', torch.range, 1, 2, 0)
  t.raises('range: expected a last number that is finite', torch.range, 1, 1 / 0)
  t.raises('range: 300 is not a number that uint8 holds', torch.range, torch.ByteTensor(), 1, 300)
end)

t.test('linspace and logspace', function()
  is(torch.linspace(3, 10, 5), {3, 4.75, 6.5, 8.25, 10})
  is(torch.linspace(-10, 10, 2), {-10, 10})
  is(torch.linspace(4, 4, 1), {4})
  t.eq(torch.linspace(0, 1):nElement(), 100)
  for n = 2, 60 do t.eq(torch.linspace(0.1, 0.7, n)[n], 0.1 + (0.7 - 0.1), 'the end of ' .. n) end
  is(torch.linspace(torch.IntTensor(), 0, 10, 5), {0, 2, 5, 7, 10})
  is(torch.logspace(-2, 2, 5), {0.01, 0.1, 1, 10, 100})
  is(torch.FloatTensor():logspace(0, 2, 3), {1, 10, 100})
  t.raises('linspace: 1 number cannot reach from 1 to 2', torch.linspace, 1, 2, 1)
  t.raises('linspace: 0 numbers cannot reach', torch.linspace, 1, 1, 0)
end)

t.test('the default type', function()
  t.eq(torch.getdefaulttensortype(), 'torch.DoubleTensor')
  torch.setdefaulttensortype('torch.FloatTensor')
  local made = {torch.Tensor(1):type(), torch.zeros(1):type(), torch.rand(1):type(), torch.range(1, 2):type()}
  local name = torch.getdefaulttensortype()
  torch.setdefaulttensortype('torch.DoubleTensor')
  t.eq(name, 'torch.FloatTensor')
  t.eq(made, {name, name, name, name})
  t.raises('expected the name of a tensor type, got torch.FloatStorage', torch.setdefaulttensortype,
           'torch.FloatStorage')
  t.raises('expected the name of a tensor type, got nil', torch.setdefaulttensortype)
  t.eq(torch.Tensor(1):type(), 'torch.DoubleTensor')
end)

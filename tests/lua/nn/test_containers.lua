--- Containers: what they do with their modules, with tables and types, and when something fails inside.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return (a - b):abs():max() end
local function sizes(x) return x:size():totable() end

t.test('Sequential: modules put in and taken out', function()
  local net = nn.Sequential():add(nn.Linear(3, 4)):add(nn.Linear(4, 2))
  net:insert(nn.Tanh(), 2)
  t.eq({torch.type(net:get(2)), torch.type(net:get(-1)), net:size()}, {'nn.Tanh', 'nn.Linear', 3})
  net:remove(2)
  net:insert(nn.Sigmoid())
  t.eq({torch.type(net:get(3)), #net:listModules()}, {'nn.Sigmoid', 4})
  t.raises('place 9 is outside 1..4', net.insert, net, nn.Tanh(), 9)
  t.raises('place 0 is outside 1..3', net.remove, net, 0)
end)

t.test('Bottle folds leading dimensions, also of inputs that do not lie in order', function()
  local linear = nn.Linear(4, 3)
  local m, x = nn.Bottle(linear), torch.randn(4, 5, 2):permute(3, 2, 1)
  local out = m:forward(x)
  t.eq(sizes(out), {2, 5, 3})
  t.near(gap(out[2], nn.Linear.forward(linear:clone(), x[2])), 0, 1e-15)
  local g = torch.randn(3, 5, 2):permute(3, 2, 1)
  m:zeroGradParameters()
  local back = m:backward(x, g)
  t.near(gap(back[1], torch.mm(g[1], linear.weight)), 0, 1e-14)
  t.near(gap(linear.gradWeight, torch.mm(g[1]:t(), x[1]) + torch.mm(g[2]:t(), x[2])), 0, 1e-14)
  t.raises('Bottle: expected 2 dimensions from the module, got 40', function() nn.Bottle(nn.View(-1)):forward(x) end)
end)

t.test('views of another input than forward saw', function()
  local a, b, g = torch.randn(2, 3, 4), torch.randn(2, 3, 4), torch.randn(2, 3, 2)
  for _, make in ipairs {function(m) return nn.Bottle(m) end,
                         function(m) return nn.Parallel(1, 1):add(m):add(m:clone('weight', 'bias')) end} do
    local linear = nn.Linear(4, 2)
    local m = make(linear)
    local gradient = torch.type(m) == 'nn.Bottle' and g or g:view(6, 2)
    m:zeroGradParameters()
    m:forward(a)
    m:backward(b, gradient)
    t.near(gap(linear.gradWeight, torch.type(m) == 'nn.Bottle' and torch.mm(g:view(6, 2):t(), b:view(6, 4)) or
               torch.mm(g[1]:t(), b[1])), 0, 1e-13)
  end
end)

t.test('DepthConcat: smaller outputs lie in the middle', function()
  local m, x = nn.DepthConcat(1):add(nn.Identity()):add(nn.Narrow(2, 1, 2)), torch.ones(1, 5, 2)
  local out = m:forward(x)
  t.eq(sizes(out), {2, 5, 2})
  t.eq(out[2]:select(2, 1):totable(), {0, 1, 1, 0, 0})
  local g = torch.range(1, 20):view(2, 5, 2)
  t.eq(m:backward(x, g)[1]:select(2, 1):totable(), {14, 18, 5, 7, 9})
end)

t.test('Parallel wants a module for each slice', function()
  local m = nn.Parallel(1, 1):add(nn.Tanh())
  t.raises('Parallel: 1 modules for the 2 slices of 2x3', m.forward, m, torch.randn(2, 3))
end)

t.test('MapTable: clones share, or do not, and go', function()
  local x = {torch.randn(2, 3), torch.randn(4, 3)}
  local m = nn.MapTable(nn.Linear(3, 2))
  local out = m:forward(x)
  t.eq({m:size(), #out, out[2]:size(1)}, {2, 2, 4})
  m:zeroGradParameters()
  m:backward(x, {torch.ones(2, 2), torch.ones(4, 2)})
  t.near(gap(m:get(1).gradBias, torch.Tensor {6, 6}), 0)
  local before = m:get(1).bias:clone()
  m:updateParameters(1)
  t.near(gap(m:get(2).bias, before - 6), 0, 1e-15)
  t.eq(#m:forward {x[1]}, 1)
  m:resize(3)
  t.eq(m:size(), 3)
  m:clearState()
  t.eq(m:size(), 1)
  local apart = nn.MapTable(nn.Linear(3, 2), false)
  apart:forward(x)
  apart:get(1).bias:fill(9)
  assert(apart:get(2).bias[1] ~= 9)
  t.raises('it has its module already', m.add, m, nn.Tanh())
  t.raises('expected a table, got torch.DoubleTensor', m.forward, m, x[1])
  t.eq(tostring(nn.MapTable(nn.Tanh())), 'nn.MapTable {\n  nn.Tanh\n}')
end)

t.test('DontCast keeps its module\'s type', function()
  local linear = nn.Linear(4, 2):float()
  local m, x, g = nn.DontCast(linear, true), torch.randn(3, 4), torch.randn(3, 2)
  m:zeroGradParameters()
  local out, back = m:forward(x), m:backward(x, g)
  t.eq({out:type(), back:type()}, {'torch.DoubleTensor', 'torch.DoubleTensor'})
  t.near(gap(out, torch.mm(x, linear.weight:double():t()) + linear.bias:double():view(1, 2):expand(3, 2)), 0, 1e-5)
  t.near(gap(linear.gradWeight:double(), torch.mm(g:t(), x)), 0, 1e-5)
  nn.Sequential():add(m):float()
  t.eq({m:forward(x:float()):type(), linear.weight:type()}, {'torch.FloatTensor', 'torch.FloatTensor'})
  m:double()
  t.eq({m:forward(x):type(), linear.weight:type()}, {'torch.DoubleTensor', 'torch.FloatTensor'})
  local pair = nn.DontCast(nn.ConcatTable():add(linear):add(linear:clone()), true, true, 'torch.FloatTensor')
  t.eq(pair:forward(x)[2]:type(), 'torch.DoubleTensor')
  t.eq(pair:backward(x, {g, g}):type(), 'torch.DoubleTensor')
  local back2 = autograd.grad(function(a) return m:forward(a):sum() end)(x)
  t.eq(back2:type(), 'torch.DoubleTensor')
  t.near(gap(back2, m:backward(x, torch.ones(3, 2))), 0, 1e-6)
  t.raises('give it as the fourth argument', nn.DontCast, nn.NarrowTable(1), true)
end)

t.test('NaN says where it came from', function()
  local linear = nn.Linear(2, 2)
  local m, bad = nn.NaN(linear, 'x'), torch.Tensor {0 / 0, 1}
  t.raises('NaN: found in input of module\nnn.NaN%(x%) @ nn.Linear', m.forward, m, bad)
  linear.bias[1] = 0 / 0
  t.raises('found in parameters', m.forward, m, torch.randn(2))
  linear.bias:zero()
  m:forward(torch.randn(2))
  t.raises('found in gradOutput', m.backward, m, torch.randn(2), bad)
  linear.gradBias:fill(0 / 0)
  t.raises('found in gradParameters', m.backward, m, torch.randn(2), torch.randn(2))
  t.raises('found in output', function() nn.NaN(nn.Log()):forward(torch.Tensor {-1}) end)
  t.raises('found in gradInput', function()
    local log = nn.NaN(nn.Log())
    log:forward(torch.Tensor {0})
    log:backward(torch.Tensor {0}, torch.zeros(1))
  end)
  assert(nn.NaN(nn.Tanh()).id < nn.NaN(nn.Tanh()).id)
end)

t.test('Decorator.decorate lends its methods', function()
  local Twice = torch.class('nn.TestDecorated', 'nn.Container')
  nn.Decorator.decorate(Twice)
  local m = nn.TestDecorated():add(nn.Tanh())
  t.eq(tostring(m), 'nn.TestDecorated @ nn.Tanh')
  t.eq(m:forward(torch.zeros(2)):totable(), {0, 0})
end)

t.test('GPU files say type and GPU first', function()
  local file = torch.MemoryFile('rw')
  file:writeObject(nn.GPU(nn.Linear(2, 1), 2, 1))
  file:seek(1)
  local m = file:readObject()
  t.eq({m.device, m.outdevice, m:setDevice(3).device}, {2, 1, 3})
  t.eq(sizes(m:forward(torch.randn(4, 2))), {4, 1})
end)

t.test('errors name the path through containers of every kind', function()
  local net = nn.Sequential():add(nn.Decorator(nn.DepthConcat(1):add(nn.Linear(3, 2))))
  local ok, message = pcall(net.forward, net, torch.randn(4))
  assert(not ok and message:find('in nn.Sequential[1] nn.Decorator[1] nn.DepthConcat[1] nn.Linear', 1, true), message)
end)

t.test('files of Torch7 hold functions in nn.Copy, which are let go', function()
  local m = nn.Copy()
  m.updateOutput = function() error 'the file\'s own' end
  local copy = torch.deserialize(torch.serialize(m), {functions = true})
  t.eq(rawget(copy, 'updateOutput'), nil)
  t.eq(copy:forward(torch.ones(2)):totable(), {1, 1})
end)

t.test('a GradientReversal of the first version has lambda 1', function()
  local m = nn.GradientReversal(3)
  local class = torch.getmetatable('nn.GradientReversal')
  class.__version = 1
  local bytes = torch.serialize(m)
  class.__version = 2
  t.eq(torch.deserialize(bytes).lambda, 1)
end)

-- -- Memory ---------------------------------------------------------------------------------------------------------

t.test('dropGradInputs: the same gradients, and those of inner modules are let go of', function()
  local function conv() return nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1) end
  local function block()
    local branch = nn.Sequential():add(conv()):add(nn.SpatialBatchNormalization(4)):add(nn.ReLU(true)):add(conv())
    return nn.Sequential():add(nn.ConcatTable():add(branch):add(nn.Identity())):add(nn.CAddTable(true)):add(nn.ReLU())
  end
  local split = nn.Concat(2):add(nn.Sequential():add(conv()):add(nn.Tanh())):add(nn.Identity())
  local net = nn.Sequential():add(conv()):add(nn.Dropout(0)):add(nn.Identity()):add(block()):add(block()):add(split)
    :add(nn.ConcatTable():add(nn.Identity()):add(nn.Sequential():add(nn.Identity())):add(nn.Tanh()))
  local x, g = torch.randn(2, 4, 5, 5), {torch.randn(2, 8, 5, 5), torch.randn(2, 8, 5, 5), torch.randn(2, 8, 5, 5)}
  local given = {g[1]:clone(), g[2]:clone(), g[3]:clone()}
  local _, grads = net:getParameters()
  for _, m in ipairs(net:findModules('nn.SpatialBatchNormalization')) do m.momentum = 0 end
  local function run()
    grads:zero()
    net:forward(x)
    return net:backward(x, g):clone(), grads:clone()
  end
  local input, parameters = run()
  net:dropGradInputs()
  for _ = 1, 2 do
    local again, sums = run()
    t.eq(again:totable(), input:totable())
    t.eq(sums:totable(), parameters:totable())
    t.eq(net:get(1).gradInput:nElement(), x:nElement())
    for i = 1, 3 do t.eq(g[i]:totable(), given[i]:totable()) end
  end
  for _, m in ipairs(net:listModules()) do   -- nn.Identity's are others'
    local is_own = m.compute and torch.type(m) ~= 'nn.Identity' and m ~= net:get(1)
    for _, own in ipairs(is_own and (torch.isTensor(m.gradInput) and {m.gradInput} or m.gradInput) or {}) do
      t.eq(own:nElement(), 0, torch.type(m))
    end
  end
  net:dropGradInputs(false)
  run()
  t.eq(net:get(4).gradInput:nElement(), x:nElement())
end)

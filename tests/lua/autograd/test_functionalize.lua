--- Modules of nn as functions, functions as modules of nn, optim over nested tables, gradients of one's own.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local nn = require 'nn'
local optim = require 'optim'

local gradcheck = autograd.gradcheck {}
torch.manualSeed(1)

local function agrees(f, ...)
  local ok, worst = gradcheck(f, ...)
  if not ok then error(('the gradient is off by %g'):format(worst), 2) end
end

local function convnet()
  return nn.Sequential():add(nn.SpatialConvolution(2, 3, 3, 3)):add(nn.Tanh()):add(nn.SpatialMaxPooling(2, 2))
           :add(nn.View(12)):add(nn.Linear(12, 4)):add(nn.LogSoftMax())
end

t.test('a net as a function: its own backward gives the same gradients', function()
  local net, x, y = convnet(), torch.randn(5, 2, 6, 6), torch.LongTensor{1, 2, 3, 4, 1}
  local f, params = autograd.functionalize(net)
  local criterion = autograd.functionalize(nn.ClassNLLCriterion())
  t.eq(#params, 4)
  local twin, loss_of = net:clone(), nn.ClassNLLCriterion()
  local grads, loss = autograd(function(p, input) return criterion(f(p, input), y) end)(params, x)
  twin:zeroGradParameters()
  t.near(loss, loss_of:forward(twin:forward(x), y))
  twin:backward(x, loss_of:backward(twin.output, y))
  local _, own = net:parameters()
  for i, g in ipairs(select(2, twin:parameters())) do
    t.near((grads[i] - g):abs():max(), 0, 1e-15)
    t.near((own[i] - g):abs():max(), 0, 1e-15, 'the module\'s own gradient')
  end
  t.eq(type(criterion(f(params, x), y)), 'number')
end)

t.test('the module works on the parameters it is given', function()
  local linear, params = autograd.nn.Linear(3, 2)
  local other = {torch.randn(2, 3), torch.randn(2)}
  local x = torch.randn(3)
  t.near((linear(other, x) - (other[1] * x + other[2])):norm(), 0, 1e-15)
  params[2]:fill(7)
  t.near((linear(params, x) - (params[1] * x + 7)):norm(), 0, 1e-15)
  -- two sets of parameters in one function
  agrees(function(p) return torch.sum(torch.cmul(linear(p.a, p.x), linear(p.b, p.x))) end,
         {a = params, b = other, x = x})
end)

t.test('modules without parameters, with tables, and used twice', function()
  local tanh, product = autograd.nn.Tanh(), autograd.nn.MM()
  agrees(function(p) return torch.sum(tanh(tanh(product{p.a, p.b}))) end, {a = torch.rand(3, 4), b = torch.rand(4, 2)})
end)

t.test('gradients of gradients through a net, as a gradient penalty needs them', function()
  local f, params = autograd.functionalize(nn.Sequential():add(nn.Linear(3, 4)):add(nn.Tanh()):add(nn.Linear(4, 1)))
  agrees(function(p, x)
    local slope = autograd(function(input) return torch.sum(f(p, input)) end)(x)
    return torch.pow(torch.norm(slope) - 1, 2)
  end, params, torch.randn(2, 3))
end)

t.test('a module takes the type of its input', function()
  local linear, params = autograd.nn.Linear(3, 2)
  params = autograd.util.cast(params, 'float')
  local grads = autograd(function(p, x) return torch.sum(linear(p, x)) end)(params, torch.FloatTensor(3):fill(1))
  t.eq({grads[1]:type(), grads[2]:totable()}, {'torch.FloatTensor', {1, 1}})
end)

t.test('what functionalize cannot take is refused', function()
  local linear = autograd.nn.Linear(3, 2)
  t.raises('test_functionalize.lua:%d+: nn.Linear: expected a table of its 2 parameters', function()
    linear(torch.randn(3))
  end)
  t.raises('nn.Linear: expected a tensor of sizes 2x3 as parameter 1, got 3x2', function()
    linear({torch.randn(3, 2), torch.randn(2)}, torch.randn(3))
  end)
  t.raises('nn.Tanh: expected a tensor, or a table of them, got a number', function() autograd.nn.Tanh()(5) end)
  t.raises('functionalize: expected a module, a criterion or the name of a package', autograd.functionalize, 5)
  t.raises('functionalize: cannot load the package no_such_package', autograd.functionalize, 'no_such_package')
end)

-- -- Functions as modules ---------------------------------------------------------------------------------------

t.test('AutoModule and AutoCriterion are modules with a backward', function()
  local Affine = autograd.nn.AutoModule('TestAffine')
  local Cubic = autograd.nn.AutoCriterion('TestCubic')
  assert(autograd.auto.TestAffine == Affine and autograd.nn.AutoModule('TestAffine') == Affine)
  local layer = Affine(function(x, w, b) return torch.tanh(torch.addmv(b, w, x)) end, torch.randn(2, 3), torch.randn(2))
  local criterion = Cubic(function(x, y) return torch.sum(torch.pow(torch.abs(x - y), 3)), x end)
  assert(nn.Jacobian.testJacobian(layer, torch.randn(3)) < 1e-8)
  assert(nn.Jacobian.testJacobianParameters(layer, torch.randn(3), layer.weight, layer.gradWeight) < 1e-8)
  local x, y = torch.randn(4), torch.randn(4)
  local d = x - y
  t.near(criterion:forward(x, y), torch.abs(d):pow(3):sum())
  t.eq(criterion.predictions:totable(), x:totable())
  t.near((criterion:backward(x, y) - torch.cmul(d, torch.abs(d)) * 3):norm(), 0, 1e-12)
  local other = Affine(function(input) return input * 2 end)
  t.eq({other:forward(torch.ones(2)):totable(), layer:forward(torch.zeros(3)):size():totable()}, {{2, 2}, {2}})
end)

t.test('AutoModules are saved with their functions, and their classes made when they are read', function()
  local path = os.tmpname()
  local net = nn.Sequential():add(autograd.nn.AutoModule('TestSaved')(function(x, w) return x * 2 + w end,
                                                                     torch.Tensor{2, 3}))
  torch.save(path, net)
  local script = ([[
    require 'autograd' require 'nn'
    local ok, message = pcall(torch.load, '%s')
    assert(not ok and message:find('functions are code'), message)
    local net = torch.load('%s', {functions = true})
    assert(torch.type(net:get(1)) == 'autograd.nn.module.TestSaved')
    assert(net:forward(torch.Tensor{1, 1})[2] == 5)
    assert(net:backward(torch.Tensor{1, 1}, torch.Tensor{1, 10})[2] == 20)
    print('read')
  ]]):format(path, path)
  local file = io.open(path .. '.lua', 'w')
  file:write(script)
  file:close()
  local pipe = io.popen(('%s %s.lua 2>&1'):format(os.getenv('TH') or 'build/bin/th', path))
  local text = pipe:read('*a')
  pipe:close()
  os.remove(path)
  os.remove(path .. '.lua')
  assert(text:find('read'), text)
end)

t.test('AutoModule and AutoCriterion want a name and a function', function()
  t.raises('AutoModule: expected a name for the class', autograd.nn.AutoModule)
  t.raises('AutoCriterion: expected a name for the class', autograd.nn.AutoCriterion, 5)
  t.raises('AutoModule: expected a function, got a nil', autograd.nn.AutoModule('TestNothing'))
  t.raises('AutoCriterion: expected a function, got a nil', autograd.nn.AutoCriterion('TestNothing'))
end)

-- -- Optimisers -------------------------------------------------------------------------------------------------

t.test('optim over nested tables takes the steps that optim takes', function()
  local x, y = torch.randn(6, 3), torch.randn(6)
  local function f(p) return torch.sum(torch.pow(x * p.w.inner + p.b - y, 2)) end
  for _, name in ipairs {'sgd', 'adam', 'rmsprop', 'adagrad'} do
    local p = {w = {inner = torch.randn(3)}, b = 0.5}
    local w, b, config = p.w.inner:clone(), torch.Tensor{p.b}, {learningRate = 0.01}
    local step, states = autograd.optim[name](autograd(f), config, p)
    local sw, sb, losses = {learningRate = 0.01}, {learningRate = 0.01}, {}
    for i = 1, 4 do
      local grads, loss = step()
      losses[i] = loss
      optim[name](function() return loss, grads.w.inner end, w, sw)
      optim[name](function() return loss, torch.Tensor{grads.b} end, b, sb)
    end
    t.near((p.w.inner - w):norm() + math.abs(p.b - b[1]), 0, 1e-15, name)
    assert(losses[4] < losses[1], name)
    t.eq(#states, 2)
    t.eq(config, {learningRate = 0.01})
  end
  t.eq(autograd.optim.no_such_method, nil)
  t.raises('autograd.optim: expected a table of parameters', autograd.optim.sgd, f, {}, nil)
end)

-- -- Gradients of one's own -------------------------------------------------------------------------------------

t.test('overload.module gives a function rules of its own', function()
  local mine = {
    cube = function(x, scale) return torch.pow(x, 3) * scale end,
    noise = function(x) return x * 0 + 1 end,
    opaque = function(x) return x * 2 end,
  }
  autograd.overload.module('mine', mine, function(module)
    module.gradient('cube', {function(g, _, x, scale) return torch.cmul(g, torch.pow(x, 2)) * 3 * scale end})
    module.initializer('noise')
    module.unsupported('opaque')
    module.defaultUnsupported()
  end)
  agrees(function(p) return torch.sum(torch.cmul(mine.cube(p.x, 2), mine.noise(p.x))) end, {x = torch.randn(3)})
  t.eq(mine.cube(torch.Tensor{2}, 1)[1], 8)
  t.raises('opaque: it is declared to have no gradient', function()
    autograd(function(x) return torch.sum(mine.opaque(x)) end)(torch.Tensor{1})
  end)
  t.eq(mine.opaque(torch.Tensor{1})[1], 2)
  t.raises('overload.module: mine has no function square', autograd.overload.module, 'mine', mine, function(module)
    module.gradient('square', {})
  end)
end)

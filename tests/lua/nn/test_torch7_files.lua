-- Files that people wrote with Torch7 over the years: each is loaded and printed, and the nets among them run.
local t = require 'harness'
local torch = require 'torch'
require 'nn'

local function load(name, options)
  local path = '../shared/data/t7/' .. name
  local file = io.open(path, 'rb')
  if not file then t.skip(path .. ' is not there') end
  file:close()
  return torch.load(path, options)
end

local function prints(value, pattern)
  t.ok(tostring(value):find(pattern), pattern)
end

t.test('tensors', function()
  for name, expected in pairs {
    ['rnn-mnistsample.t7'] = {'Float', '16x28x28x1', 1656.5529785},
    ['torch-tutorials-X.t7'] = {'Double', '32x32', 769},
    ['torchfile-floattensor.t7'] = {'Float', '2x3x4', 12.972416878},
  } do
    local x = load(name)
    prints(x, ('%%[torch%%.%sTensor of size %s%%]'):format(expected[1], expected[2]))
    t.near(x:double():sum(), expected[3], 1e-7, name)
  end
end)

t.test('a net from a GPU', function()
  local net = load 'farnn-softRobot_mlp-net.t7'
  prints(net, '%(1%): nn.Linear%(1 %-> 1%)\n  %(2%): nn.ReLU\n  %(3%): nn.Linear%(1 %-> 1%)')
  net:double()
  local p = net:parameters()
  for _, x in ipairs {-1, 0.5, 2} do
    local hidden = math.max(0, p[1][1][1] * x + p[2][1])
    t.near(net:forward(torch.Tensor {x})[1], p[3][1][1] * hidden + p[4][1], 1e-12)
  end
end)

t.test('a graph of modules', function()
  require 'nngraph'
  local net = load 'torchfile-gmodule_with_linear_identity.t7'
  prints(net, 'nn.gModule')
  local weight, bias = unpack((net:parameters()))
  local out = net:forward {torch.Tensor {3}, torch.Tensor {10, 20}}
  for i = 1, 2 do t.near(out[i], 3 * weight[i][1] + bias[i] + 10 * i, 1e-12) end
  local node = load 'torchfile-nngraph_node.t7'
  prints(node, 'nngraph.Node')
  t.eq(node.data.annotations.hello, 123)
end)

t.test('a net of the first years', function()
  local map = torch.factory('nn.SpatialConvolutionMap') and torch.factory('nn.SpatialLPPooling')
  local net = load('torch-demos-tracker-random.net', {unknown = 'table'})
  prints(net, 'nn.Sequential')
  t.eq({#net.modules, torch.type(net.modules[2])}, {6, 'nn.Tanh'})
  t.eq(net.modules[1].weight:size():totable(), {32, 7, 7})
  -- its layers are of two types
  if map then t.eq(net:float():forward(torch.randn(3, 22, 22):float()):size():totable(), {32, 1, 1}) end
end)

t.test('hashes and lists', function()
  require 'tds'
  local h, v = load 'torchfile-tds_hash.t7', load 'torchfile-tds_vec.t7'
  prints(h, '^tds%.Hash%[3%]{\n2  : 3\n10 : 11\n1  : 2\n}$')
  t.eq({#h, h[1], h[2], h[10]}, {3, 2, 3, 11})
  prints(v, '^tds%.Vec%[2%]{\n    1 : 123\n    2 : 456\n}$')
end)

t.test('functions', function()
  for _, name in ipairs {'torchfile-function.t7', 'torchfile-function_upvals.t7'} do
    t.raises('there is a function at byte 9', load, name)
    prints(load(name, {functions = true}), 'function')
  end
end)

t.test('an object that holds itself', function()
  local a = load('torchfile-recursive_class.t7', {unknown = 'table'})
  t.eq({a.__typename, a.a == a}, {'A', true})
  prints(a, 'table')
end)

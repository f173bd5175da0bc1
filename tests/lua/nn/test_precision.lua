--- Training with products in bfloat16.
local t = require 'harness'
local torch = require 'torch'
local nn = require 'nn'

-- Stripes across or along: 8 classes by direction and width, with noise.
local function stripes(n)
  local x, labels = torch.FloatTensor(n, 1, 16, 16):normal(0, 0.3), torch.LongTensor(n)
  for i = 1, n do
    local class = (i - 1) % 8
    labels[i] = class + 1
    for j = 1, 16 do
      local line = x[i][1]:select(1 + class % 2, j)
      line:add(math.floor((j - 1) / (1 + math.floor(class / 2))) % 2)
    end
  end
  return x, labels
end

local function new_net()
  torch.manualSeed(3)
  local net = nn.Sequential()
  net:add(nn.SpatialConvolution(1, 32, 3, 3, 1, 1, 1, 1)):add(nn.ReLU()):add(nn.SpatialMaxPooling(2, 2))
  net:add(nn.SpatialConvolution(32, 32, 3, 3, 2, 2, 1, 1)):add(nn.ReLU()):add(nn.View(-1, 512))
  return net:add(nn.Linear(512, 64)):add(nn.ReLU()):add(nn.Linear(64, 8)):float()
end

-- The loss before and after so many steps
local function train(net, x, labels, steps)
  local criterion, first, last = nn.CrossEntropyCriterion():float(), nil, nil
  for i = 1, steps do
    net:zeroGradParameters()
    last = criterion:forward(net:forward(x), labels)
    first = first or last
    net:backward(x, criterion:backward(net.output, labels))
    net:updateParameters(0.1)
    if i == 1 then t.ok(net:get(1).gradWeight:norm() > 0) end
  end
  return first, last
end

t.test('a net learns as it does in float32', function()
  torch.manualSeed(2)
  local x, labels = stripes(64)
  local losses = {}
  for _, precision in ipairs {'high', 'bf16'} do
    torch.setfloat32precision(precision)
    local ok, first, last = pcall(train, new_net(), x, labels, 60)
    torch.setfloat32precision('high')
    t.ok(ok, first)
    t.ok(first > 1.9 and last < 0.5, ('%s: from %g to %g'):format(precision, first, last))
    losses[precision] = first
  end
  t.ok(math.abs(losses.high - losses.bf16) < 0.02, 'the first loss')
end)

t.test('gradients', function()
  torch.manualSeed(4)
  local net, x = nn.Linear(64, 48), torch.randn(32, 64)
  local g = torch.randn(32, 48)
  local function gradients(type)
    net:type(type):zeroGradParameters()
    local a, b = x:type(type), g:type(type)
    net:forward(a)
    return {net:backward(a, b):double(), net.gradWeight:double(), net.gradBias:double()}
  end
  local exact = gradients('torch.DoubleTensor')
  torch.setfloat32precision('bf16')
  local ok, rounded = pcall(gradients, 'torch.FloatTensor')
  torch.setfloat32precision('high')
  t.ok(ok, tostring(rounded))
  for i = 1, 3 do t.ok((exact[i] - rounded[i]):norm() < 2 ^ -7 * exact[i]:norm(), 'gradient ' .. i) end
end)

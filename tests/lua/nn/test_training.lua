--- Training: higher orders through ordinary modules, and memory that stays flat.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local optim = require 'optim'
local autograd = require 'autograd'
local F = torch.F

t.test('the gradient of WGAN-GP\'s penalty agrees with finite differences to 1e-8', function()
  torch.setdefaulttensortype('torch.DoubleTensor')
  torch.manualSeed(7)
  local critic = nn.Sequential()
  critic:add(nn.SpatialConvolution(2, 3, 3, 3)):add(nn.Tanh()):add(nn.View(3 * 4 * 4))
  critic:add(nn.Linear(48, 5)):add(nn.Sigmoid()):add(nn.Linear(5, 1))
  local x = torch.randn(4, 2, 6, 6)
  local parameters = critic:parameters()

  local function penalty()
    local g = autograd.grad(function(at) return critic:forward(at):sum() end)(x)
    local norms = F.norm(g:view(4, 72), 2, 2)
    return F.mean(F.square(F.sub(norms, 1)))
  end

  local claimed = autograd.grad(function() return penalty() end)(parameters)
  local worst, e = 0, 1e-4
  for i, p in ipairs(parameters) do
    local flat, got = p:view(p:nElement()), claimed[i]:contiguous():view(p:nElement())
    for k = 1, flat:size(1), math.max(1, math.floor(flat:size(1) / 8)) do
      local keep = flat[k]
      local function at(d)
        flat[k] = keep + d
        return penalty():item()
      end
      local slope = (8 * (at(e) - at(-e)) - (at(2 * e) - at(-2 * e))) / (12 * e)
      flat[k] = keep
      worst = math.max(worst, math.abs(slope - got[k]))
    end
  end
  t.near(worst, 0, 1e-8)
end)

local function lenet()
  local net = nn.Sequential()
  net:add(nn.SpatialConvolution(1, 20, 5, 5)):add(nn.SpatialMaxPooling(2, 2, 2, 2)):add(nn.ReLU())
  net:add(nn.SpatialConvolution(20, 50, 5, 5)):add(nn.SpatialMaxPooling(2, 2, 2, 2)):add(nn.ReLU())
  net:add(nn.View(800)):add(nn.Linear(800, 500)):add(nn.ReLU()):add(nn.Linear(500, 10)):add(nn.LogSoftMax())
  return net
end

t.test('2,000 steps of LeNet: live bytes stay, and the system is asked for no memory', function()
  torch.setdefaulttensortype('torch.FloatTensor')
  jit.flush()       -- compiled code may hold tensors of the tests before this one,
  torch.collect()   -- and they have left some
  torch.manualSeed(1)
  local net, criterion = lenet(), nn.ClassNLLCriterion()
  local p, g = net:getParameters()
  local x, y = torch.randn(4, 1, 28, 28), torch.LongTensor{1, 2, 3, 4}
  local config = {learningRate = 0.01, momentum = 0.9}
  local function f()
    g:zero()
    local loss = criterion:forward(net:forward(x), y)
    net:backward(x, criterion:backward(net.output, y))
    return loss, g
  end
  local first, last, early
  for i = 1, 2000 do
    local _, fx = optim.sgd(f, p, config)
    first, last = first or fx[1], fx[1]
    if i == 10 then early = torch.memory() end
  end
  local late = torch.memory()
  t.eq(late.live, early.live, 'live bytes')
  t.eq(late.requests, early.requests, 'requests to the system')
  assert(last < 0.1 * first, ('the loss did not fall: %g to %g'):format(first, last))
  torch.setdefaulttensortype('torch.DoubleTensor')
end)

-- Everything that a tape makes is the collector's; what is live rises and falls with it, but no higher than at first.
t.test('autograd through 100 modules, step after step: memory stays flat', function()
  local steps = tonumber(os.getenv('MT_AUTOGRAD_STEPS') or '') or 1000
  torch.manualSeed(3)
  local net = nn.Sequential()
  for i = 1, 50 do net:add(nn.Linear(16, 16)):add(i % 2 == 0 and nn.Tanh() or nn.Sigmoid()) end
  local list, x = net:parameters(), torch.randn(8, 16)
  local step = autograd.valueAndGrad(function() return F.mean(F.square(net:forward(x))) end)
  local function highest(from, to)
    local most = 0
    for _ = from, to do
      local _, slopes = step(list)
      for k, g in ipairs(slopes) do list[k]:add(-0.01, g) end
      most = math.max(most, torch.memory().live)
    end
    return most
  end
  torch.collect()
  local early = highest(1, steps / 5)
  local late = highest(steps / 5 + 1, steps)
  assert(late <= 1.1 * early + 2 ^ 20, ('%.2f MB live at the most, %.2f MB at first'):format(late / 1e6, early / 1e6))
end)

t.test('no module needs the collector for its memory to stay', function()
  torch.setdefaulttensortype('torch.FloatTensor')
  local net = nn.Sequential()
    :add(nn.SpatialConvolution(1, 4, 3, 3, 1, 1, 1, 1)):add(nn.SpatialBatchNormalization(4)):add(nn.ReLU(true))
    :add(nn.Concat(2):add(nn.SpatialConvolution(4, 2, 1, 1)):add(nn.SpatialMaxPooling(3, 3, 1, 1, 1, 1)))
    :add(nn.SpatialAveragePooling(2, 2, 2, 2))
    :add(nn.ConcatTable():add(nn.SpatialConvolution(6, 6, 1, 1)):add(nn.Identity())):add(nn.CAddTable(true))
    :add(nn.Threshold(0.1, 0.05)):add(nn.View(-1):setNumInputDims(3)):add(nn.Dropout(0.2))
    :add(nn.ConcatTable():add(nn.Linear(96, 8)):add(nn.Linear(96, 8)))
    :add(nn.ParallelTable():add(nn.Sigmoid()):add(nn.Tanh())):add(nn.JoinTable(1, 1)):add(nn.Reshape(16))
    :add(nn.BatchNormalization(16)):add(nn.Linear(16, 3))
  local criteria = {nn.CrossEntropyCriterion(torch.Tensor {1, 2, 3}), nn.CrossEntropyCriterion()}
  local p, g = net:getParameters()
  local x, y, config = torch.randn(5, 1, 8, 8), torch.LongTensor {1, 2, 3, 1, 2}, {}
  local function f()
    g:zero()
    local out = net:forward(x)
    for _, criterion in ipairs(criteria) do
      criterion:forward(out, y)
      net:backward(x, criterion:backward(out, y))
    end
    return 0, g
  end
  collectgarbage()
  collectgarbage 'stop'
  local early
  for i = 1, 20 do
    optim.adam(f, p, config)
    if i == 3 then early = torch.memory() end
  end
  local late = torch.memory()
  collectgarbage 'restart'
  torch.setdefaulttensortype('torch.DoubleTensor')
  t.eq({late.live, late.requests}, {early.live, early.requests})
end)

t.test('tensors dropped in a loop do not pile up', function()
  torch.memory()
  torch.C.mt_memory_reset_peak(0)
  for _ = 1, 500 do torch.FloatTensor(2 ^ 20):fill(1) end       -- 2 GB in all
  assert(torch.memory().peak < 2 ^ 30, ('the peak was %.0f MB'):format(torch.memory().peak / 2 ^ 20))
end)

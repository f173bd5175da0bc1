--- Every module: its gradients, its contract, its files.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local gradients = require 'nn.gradients'

torch.setdefaulttensortype('torch.DoubleTensor')

-- name = {make = function, inputs = {…}}; inputs stay away from kinks by chance of the seed
local function x(...) return torch.randn(...) end

local modules = {
  Linear = {function() return nn.Linear(4, 3) end, {{5, 4}, {4}}},
  ['Linear without bias'] = {function() return nn.Linear(4, 3, false) end, {{5, 4}, {4}}},
  SpatialConvolution = {function() return nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1, 0) end, {{2, 2, 6, 5}, {2, 6, 5}}},
  SpatialMaxPooling = {function() return nn.SpatialMaxPooling(3, 2, 2, 2, 1, 1):ceil() end, {{2, 2, 6, 5}, {2, 6, 5}}},
  SpatialAveragePooling = {function() return nn.SpatialAveragePooling(2, 3, 2, 1, 1, 1) end, {{2, 2, 6, 5}, {2, 6, 5}}},
  ['SpatialAveragePooling without padding'] = {function()
    return nn.SpatialAveragePooling(2, 3, 2, 1, 1, 1):setCountExcludePad() end, {{2, 2, 6, 5}}},
  SpatialBatchNormalization = {function() return nn.SpatialBatchNormalization(3) end, {{4, 3, 2, 2}}},
  BatchNormalization = {function() return nn.BatchNormalization(3, 1e-3, 0.2, false) end, {{5, 3}}},
  ReLU = {function() return nn.ReLU() end, {{3, 4}}},
  Threshold = {function() return nn.Threshold(0.3, -0.2) end, {{3, 4}}},
  Tanh = {function() return nn.Tanh() end, {{3, 4}}},
  Sigmoid = {function() return nn.Sigmoid() end, {{3, 4}}},
  SoftMax = {function() return nn.SoftMax() end, {{4}, {3, 4}, {3, 2, 2}, {2, 3, 2, 2}}},
  LogSoftMax = {function() return nn.LogSoftMax() end, {{4}, {3, 4}, {3, 2, 2}, {2, 3, 2, 2}}},
  View = {function() return nn.View(6) end, {{4, 2, 3}, {2, 3}}},
  ['View with a free size'] = {function() return nn.View(-1):setNumInputDims(2) end, {{4, 2, 3}, {2, 3}}},
  Reshape = {function() return nn.Reshape(3, 2) end, {{4, 2, 3}, {2, 3}}},
  Identity = {function() return nn.Identity() end, {{2, 3}}},
  Sequential = {function()
    return nn.Sequential():add(nn.Linear(4, 5)):add(nn.Tanh()):add(nn.Linear(5, 2)):add(nn.LogSoftMax()) end, {{3, 4}}},
  Concat = {function()
    return nn.Concat(2):add(nn.Linear(4, 3)):add(nn.Sequential():add(nn.Linear(4, 2)):add(nn.Tanh())) end, {{3, 4}}},
}

local tables = {
  ConcatTable = {function() return nn.ConcatTable():add(nn.Linear(4, 3)):add(nn.Tanh()) end,
                 function() return x(2, 4) end},
  ParallelTable = {function() return nn.ParallelTable():add(nn.Linear(4, 3)):add(nn.Tanh()) end,
                   function() return {x(2, 4), x(2, 5)} end},
  JoinTable = {function() return nn.JoinTable(2) end, function() return {x(2, 4), x(2, 3)} end},
  CAddTable = {function() return nn.CAddTable() end, function() return {x(2, 4), x(2, 4), x(2, 4)} end},
}

for name, case in pairs(modules) do
  t.test(name .. ': gradients', function()
    for k, size in ipairs(case[2]) do
      torch.manualSeed(10 * k)
      local module, input = case[1](), x(unpack(size))
      t.near(gradients.of_module(module, input), 0, 2e-8, 'size ' .. k)
    end
  end)

  t.test(name .. ': float gives what double gives', function()
    torch.manualSeed(1)
    local module, input = case[1](), x(unpack(case[2][1]))
    local want = module:forward(input):clone()
    local single = module:clone():float()
    t.eq(single:type(), 'torch.FloatTensor')
    t.near((single:forward(input:float()):double() - want):abs():max(), 0, 1e-5)
  end)

  t.test(name .. ': a clone is apart, and a saved one gives the same', function()
    torch.manualSeed(2)
    local module, input = case[1](), x(unpack(case[2][1]))
    module:evaluate()
    local want = module:forward(input):clone()
    local copy = module:clone()
    for _, p in ipairs(module:parameters() or {}) do p:fill(7) end
    t.eq(copy:forward(input):totable(), want:totable())
    local path = os.tmpname()
    torch.save(path, copy:clearState())
    t.eq(torch.load(path):forward(input):totable(), want:totable())
    os.remove(path)
  end)

  t.test(name .. ': an outer tape sees through it', function()
    torch.manualSeed(3)
    local module, input = case[1](), x(unpack(case[2][1]))
    local v = torch.randn(module:forward(input):size())
    local want = module:backward(input, v):clone()
    local got = autograd.vjp(function(a) return module:forward(a) end, input, v)
    t.near((got - want):abs():max(), 0, 1e-12)
  end)
end

for name, case in pairs(tables) do
  t.test(name .. ': gradients', function()
    torch.manualSeed(5)
    t.near(gradients.of_module(case[1](), case[2]()), 0, 2e-8)
  end)
end

-- -- Particular behaviour ---------------------------------------------------------------------------------------

t.test('gradients accumulate with a scale, and both halves of backward read one walk', function()
  local m, a, g = nn.Linear(3, 2), x(4, 3), x(4, 2)
  m:zeroGradParameters()
  m:forward(a)
  m:updateGradInput(a, g)
  m:accGradParameters(a, g, 0.5)
  m:accGradParameters(a, g, 0.5)
  local want = torch.mm(g:t(), a)
  t.near((m.gradWeight - want):abs():max(), 0, 1e-12)
  t.near((m.gradBias - g:sum(1):view(2)):abs():max(), 0, 1e-12)
  g:mul(2)   -- the same tensor with another content must be walked again
  t.near((m:updateGradInput(a, g) - torch.mm(g, m.weight)):abs():max(), 0, 1e-12)
end)

t.test('output and gradInput keep their identity', function()
  local m = nn.Sequential():add(nn.Linear(3, 2)):add(nn.Tanh())
  local first = m:forward(x(4, 3))
  local g = m:backward(x(4, 3), x(4, 2))
  assert(m:forward(x(5, 3)) == first and m:backward(x(5, 3), x(5, 2)) == g)
end)

t.test('getParameters: one vector, views of it, shared ones once', function()
  local a = nn.Linear(3, 2)
  local b = nn.Linear(3, 2):share(a, 'weight', 'gradWeight')
  local net = nn.Sequential():add(nn.ParallelTable():add(a):add(b))
  local p, g = net:getParameters()
  t.eq({p:nElement(), g:nElement()}, {6 + 2 + 2, 10})
  p:fill(3)
  t.eq(a.weight:totable(), {{3, 3, 3}, {3, 3, 3}})
  assert(a.weight:storage() == b.weight:storage() and a.weight:storage() == p:storage())
  net:float()
  assert(a.weight:storage() == b.weight:storage(), 'float() lost the sharing')
end)

t.test('flatten: parts of storages, a tensor twice, tensors without elements', function()
  local storage = torch.range(1, 12)
  local middle, rows = storage:narrow(1, 4, 3), storage:view(6, 2):narrow(1, 3, 2)   -- 4 5 6; 5 6, 7 8
  local whole, empty = torch.Tensor{{20, 21}, {22, 23}}, torch.Tensor()
  local other, turned = whole:view(4):narrow(1, 2, 2), whole:t()
  local flat = nn.utils.flatten {middle, whole, middle, empty, rows, other, turned}
  t.eq(flat:totable(), {4, 5, 6, 7, 8, 20, 21, 22, 23})
  t.eq({middle:totable(), rows:totable()}, {{4, 5, 6}, {{5, 6}, {7, 8}}})
  flat:mul(2)
  t.eq({middle:totable(), whole:totable()}, {{8, 10, 12}, {{40, 42}, {44, 46}}})
  t.eq({other:totable(), turned:totable()}, {{42, 44}, {{40, 44}, {42, 46}}})
end)

t.test('flatten needs memory for the vector alone', function()
  local C, list = torch.C, {}
  for i = 1, 8 do list[i] = torch.Tensor(2 ^ 17):fill(i) end
  collectgarbage()
  collectgarbage()
  C.mt_memory_reset_peak(0)
  local before = tonumber(C.mt_memory(0, C.MT_LIVE))
  local flat = nn.utils.flatten(list)
  t.eq(tonumber(C.mt_memory(0, C.MT_PEAK)) - before < 9 * 2 ^ 20, true)
  t.eq(tonumber(C.mt_memory(0, C.MT_LIVE)) - before < 2 ^ 20, true)
  t.eq({flat[1], flat[2 ^ 20], list[3][5]}, {1, 8, 3})
end)

t.test('batch normalisation: statistics of the batch, running ones in evaluation', function()
  local m = nn.SpatialBatchNormalization(2, 0, 0.25)
  m.weight:fill(1)
  local a = x(4, 2, 3, 3)
  local out = m:forward(a)
  t.near(out:select(2, 1):mean(), 0, 1e-12)
  t.near(out:select(2, 1):contiguous():view(36):var(true), 1, 1e-12)
  local channel = a:select(2, 2):contiguous():view(36)
  t.near(m.running_mean[2], 0.25 * channel:mean(), 1e-12)
  t.near(m.running_var[2], 0.75 + 0.25 * channel:var(), 1e-12)
  m:evaluate()
  t.near(m:forward(a)[{1, 2, 1, 1}], (a[{1, 2, 1, 1}] - m.running_mean[2]) / math.sqrt(m.running_var[2]), 1e-12)
end)

t.test('dropout: Torch7\'s mask for a seed, scaled; evaluation passes through', function()
  local m, a = nn.Dropout(0.4), torch.ones(1000)
  torch.manualSeed(3)
  local out = m:forward(a):clone()
  torch.manualSeed(3)
  t.near((out - torch.Tensor(1000):bernoulli(0.6) / 0.6):abs():max(), 0, 1e-15)
  t.eq(m:backward(a, a):totable(), out:totable())
  m:evaluate()
  t.eq(m:forward(a):totable(), a:totable())
end)

t.test('a module written by hand, Torch7\'s way, is a guest: one order', function()
  local Double, parent = torch.class('nn.TestDouble', 'nn.Module')
  function Double:__init() parent.__init(self) end
  function Double:updateOutput(input) return self.output:resizeAs(input):copy(input):mul(2) end
  function Double:updateGradInput(_, g) return self.gradInput:resizeAs(g):copy(g):mul(2) end
  local m = nn.Sequential():add(nn.TestDouble()):add(nn.Tanh())
  local a = torch.Tensor{0.1, -0.4}
  local g = autograd.grad(function(v) return m:forward(v):sum() end)
  t.near(g(a)[1], 2 * (1 - math.tanh(0.2) ^ 2))
  t.raises('nn.TestDouble: its backward is written by hand', autograd.grad(function(v) return g(v):sum() end), a)
end)

t.test('errors name the place in the net and the user\'s line', function()
  local net = nn.Sequential():add(nn.Tanh()):add(nn.Sequential():add(nn.Linear(3, 2)))
  local ok, message = pcall(function() return net:forward(x(2, 4)) end)
  assert(not ok and message:find('test_modules.lua:%d+:') and
         message:find('in nn.Sequential%[2%] nn.Sequential%[1%] nn.Linear'), message)
  t.raises('expected a module, got number', function() net:add(3) end)
end)

t.test('print-outs are Torch7\'s', function()
  t.eq(tostring(nn.Sequential():add(nn.Linear(3, 2)):add(nn.Tanh())),
       'nn.Sequential {\n  [input -> (1) -> (2) -> output]\n  (1): nn.Linear(3 -> 2)\n  (2): nn.Tanh\n}')
  t.eq(tostring(nn.SpatialConvolution(3, 8, 5, 5, 1, 1, 2, 2)), 'nn.SpatialConvolution(3 -> 8, 5x5, 1,1, 2,2)')
end)

-- -- Criteria ---------------------------------------------------------------------------------------------------

t.test('criteria: gradients and values', function()
  torch.manualSeed(4)
  local logp = nn.LogSoftMax():forward(x(3, 4)):clone()
  local target = torch.LongTensor{2, 4, 1}
  local weights = torch.Tensor{1, 0.5, 2, 3}
  t.near(gradients.of_criterion(nn.MSECriterion(), x(3, 4), x(3, 4)), 0, 1e-9)
  t.near(gradients.of_criterion(nn.MSECriterion(false), x(5), x(5)), 0, 1e-8)
  for _, c in ipairs {nn.ClassNLLCriterion(), nn.ClassNLLCriterion(weights), nn.ClassNLLCriterion(nil, false),
                      nn.ClassNLLCriterion(weights, true, 4)} do
    t.near(gradients.of_criterion(c, logp, target), 0, 1e-9)
  end
  t.near(gradients.of_criterion(nn.CrossEntropyCriterion(weights), x(3, 4), target), 0, 1e-9)
  t.near(gradients.of_criterion(nn.CrossEntropyCriterion(), x(4), 3), 0, 1e-9)
  t.near(nn.ClassNLLCriterion():forward(logp, target), -(logp[{1, 2}] + logp[{2, 4}] + logp[{3, 1}]) / 3)
  local weighted = 0.5 * logp[{1, 2}] + 3 * logp[{2, 4}] + logp[{3, 1}]
  t.near(nn.ClassNLLCriterion(weights):forward(logp, target), -weighted / 4.5)
  t.near(nn.ClassNLLCriterion(nil, true, 4):forward(logp, target), -(logp[{1, 2}] + logp[{3, 1}]) / 2)
  t.raises('target 5 .*is outside 1..4', function() nn.ClassNLLCriterion():forward(logp, torch.LongTensor{5, 1, 1}) end)
  t.raises('expected 3 targets, got 2', function() nn.ClassNLLCriterion():forward(logp, torch.LongTensor{1, 1}) end)
end)

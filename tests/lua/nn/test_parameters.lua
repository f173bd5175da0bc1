--- Layers with parameters: first weights, steps, what they show of themselves, initialisers.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local rows = require 'nn.rows'
local autograd = require 'autograd'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return torch.abs(a - b):max() end

-- -- First weights and steps ------------------------------------------------------------------------------------

for expression, want in pairs(require 'nn.expected.first_weights') do
  t.test(expression .. ' starts as in Torch7', function()
    torch.manualSeed(7)
    local parameters = loadstring('return ' .. expression)():parameters()
    t.eq(#parameters, #want)
    for i, p in ipairs(parameters) do
      local flat = p:contiguous():view(-1)
      for k = 1, 2 do t.near(torch.dot(flat, rows.wave(70 + k, 0, flat:size(1))), want[i][k], 1e-12) end
    end
  end)
end

for _, row in ipairs(rows.list) do
  local parameters = (rows.make(row)):parameters()
  if parameters and #parameters > 0 and not row.random and row.class ~= 'Kmeans' then
    t.test(row.name .. ': a step at once is a step from gradients', function()
      local a, input = rows.make(row)
      local b, out = rows.make(row), rows.forward(row, a, input)
      local g = rows.map(out, function(y) return y:clone():fill(0.5) end)
      a:zeroGradParameters()
      a:backward(input, g, 0.5)
      a:updateParameters(0.2)
      rows.forward(row, b, input)
      b:backwardUpdate(input, g, 0.1)
      for i, p in ipairs(b:parameters()) do t.near(gap(p, a:parameters()[i]), 0, 1e-12, 'parameter ' .. i) end
    end)
  end
end

-- -- Affine layers ----------------------------------------------------------------------------------------------

t.test('sizes that do not fit are refused', function()
  t.raises('CAdd: 2x3 does not fit an input of 4x5x1', function() nn.CAdd(2, 3):forward(torch.ones(4, 5, 1)) end)
  t.raises('CMul: 2x3x1x1 does not fit an input of 4x5', function() nn.CMul(2, 3, 1, 1):forward(torch.ones(4, 5)) end)
  t.raises('expand', function() nn.CMul(2, 3):forward(torch.ones(4, 5)) end)
  t.raises('Add: 3 does not fit an input of 2x4', function() nn.Add(3):forward(torch.ones(2, 4)) end)
  local bilinear = nn.Bilinear(2, 3, 4)
  t.raises('expected Nx2 and Nx3, got 5x3 and 5x2', bilinear.forward, bilinear, {torch.ones(5, 3), torch.ones(5, 2)})
  t.raises('expected a table of two tensors', bilinear.forward, bilinear, torch.ones(5, 3))
  t.raises('expected a whole size of 1 or more, got 1.5', nn.Bilinear, 1, 1.5, 1)
  t.raises('expected a vector of 3 or a matrix of such rows, got 2x4', function()
    nn.Euclidean(3, 2):forward(torch.ones(2, 4))
  end)
  t.raises('expected Nx3, got 2x4', function() nn.Kmeans(2, 3):forward(torch.ones(2, 4)) end)
end)

t.test('distances at a template have no slope', function()
  local module, x = nn.Euclidean(3, 2), torch.randn(3)
  module.weight:select(2, 1):copy(x)
  t.eq(module:forward(x)[1], 0)
  local g = module:backward(x, torch.Tensor {1, 0})
  t.eq({torch.abs(g):max(), torch.abs(module.gradWeight):max()}, {0, 0})
end)

-- -- Weights made from others -----------------------------------------------------------------------------------

t.test('LinearWeightNorm: from nn.Linear and back', function()
  for _, bias in ipairs {true, false} do
    local linear, x = nn.Linear(4, 3, bias), torch.randn(5, 4)
    local module = nn.LinearWeightNorm.fromLinear(linear)
    t.near(gap(module:forward(x), linear:forward(x)), 0, 1e-14)
    module.g:mul(2)
    t.near(gap(module:toLinear():forward(x), module:forward(x)), 0, 1e-14)
    t.near(gap(module.weight, linear.weight * 2), 0, 1e-14)
    t.eq(module:toLinear().bias ~= nil, bias)
  end
end)

t.test('WeightNorm: the module\'s weight follows; files do without it', function()
  local inner = nn.SpatialConvolution(2, 3, 2, 2)
  local module, x = nn.WeightNorm(inner, 2), torch.randn(2, 3, 4)
  t.eq({module.v:size():totable(), module.g:size():totable()}, {{2, 12}, {2, 1}})
  module.g:fill(3)
  module:forward(x)
  for k = 1, 2 do   -- the length of what goes out from each input plane
    local length = inner.weight:select(2, k):clone():norm()
    t.near(length, 3, 1e-3)
  end
  module.g:fill(5)
  module:evaluate()
  t.near(inner.weight:select(2, 1):clone():norm(), 5, 1e-3)
  local text = torch.serialize(module, 'ascii')
  t.eq(select(2, text:gsub('gradWeight', '')), 0)
  local copy = torch.deserialize(text, 'ascii')
  t.near(gap(copy:get(1).weight, inner.weight), 0, 1e-14)
  t.eq(inner.gradWeight:nElement(), 24)
  t.raises('expected a module with a weight, got nn.Tanh', nn.WeightNorm, nn.Tanh())
  t.raises('the weight has no dimension 3', nn.WeightNorm, nn.Linear(2, 2), 3)
end)

t.test('WeightNorm around a module written by hand: one order', function()
  local Hand, parent = torch.class('nn.TestScale', 'nn.Module')
  function Hand:__init()
    parent.__init(self)
    self.weight, self.gradWeight = torch.ones(1, 3), torch.zeros(1, 3)
  end
  function Hand:updateOutput(x) return self.output:resizeAs(x):copy(x):cmul(self.weight:expandAs(x)) end
  function Hand:updateGradInput(_, g) return self.gradInput:resizeAs(g):copy(g):cmul(self.weight:expandAs(g)) end
  function Hand:accGradParameters(x, g, scale) self.gradWeight:add(scale, torch.cmul(x, g):sum(1)) end
  local module, plain = nn.WeightNorm(nn.TestScale()), nn.CMul(1, 3)
  local x, g = torch.randn(4, 3), torch.randn(4, 3)
  module:forward(x)
  plain.weight:copy(module.weight)
  t.near(gap(module.output, plain:forward(x)), 0, 1e-15)
  module:zeroGradParameters()
  plain:zeroGradParameters()
  t.near(gap(module:backward(x, g), plain:backward(x, g)), 0, 1e-15)
  -- g's gradient is the weight's along the direction
  t.near(module.gradG[1][1], torch.dot(plain.gradWeight, module.weight) / module.g[1][1], 1e-3)
end)

t.test('SpectralNorm: the greatest singular value comes to 1 and stays when evaluating', function()
  local inner = nn.Linear(6, 4)
  local module, x = nn.SpectralNorm(inner), torch.randn(2, 6)
  for _ = 1, 300 do module:forward(x) end
  local product, v = torch.mm(inner.weight, inner.weight:t()), torch.randn(4)
  for _ = 1, 500 do v = torch.mv(product, v):div(torch.mv(product, v):norm()) end
  t.near(torch.mv(product, v):norm(), 1, 1e-9)
  module:evaluate()
  local before = module.u:clone()
  module:forward(x)
  t.eq(gap(module.u, before), 0)
  local conv = nn.SpectralNorm(nn.SpatialConvolution(2, 3, 2, 2), 2, 3)
  conv:forward(torch.randn(2, 3, 3))
  t.eq({conv.u:size(1), conv.v:size(1)}, {2, 12})
  local copy = conv:clone()
  copy:evaluate()
  conv:evaluate()
  local y = torch.randn(2, 4, 4)
  t.near(gap(conv:forward(y), copy:forward(y)), 0, 1e-14)
  t.near(gap(conv:get(1).weight, copy:get(1).weight), 0, 1e-14)
end)

-- -- k-means ----------------------------------------------------------------------------------------------------

t.test('Kmeans finds three heaps, from both starts', function()
  torch.manualSeed(2)
  local x = torch.randn(60, 2):mul(0.01)
  for i = 1, 60 do x[i]:add(i % 3 * 5) end
  local module = nn.Kmeans(3, 2)
  module:initKmeansPlus(x, 0.9)
  for _ = 1, 10 do
    module:zeroGradParameters()
    module:forward(x)
    module:backward(x)
    module.weight:add(-1, module.gradWeight)
  end
  local out = module:forward(x)
  assert(module.loss < 0.1, 'the loss is ' .. module.loss)
  for i = 4, 60 do t.eq(out[i], out[(i - 1) % 3 + 1]) end
  t.eq(module.clusterSampleCount:totable(), {20, 20, 20})
  for k = 1, 3 do t.near(module.weight[out[k]][1], k % 3 * 5, 0.02) end
  module:initRandom(x)
  for k = 1, 3 do
    local nearest = (x - module.weight[k]:view(1, 2):expandAs(x)):norm(2, 2):min()
    t.eq(nearest, 0)
  end
  t.raises('2 rows for 3 centres', module.initRandom, module, x:narrow(1, 1, 2))
  t.raises('expected 0 to 1 for p', module.initKmeansPlus, module, x, 2)
  t.raises('expected some centres', nn.Kmeans, 0, 2)
  t.raises('expected a scale above 0', nn.Kmeans(2, 2, -1).accGradParameters, nn.Kmeans(2, 2, -1), x)
end)

-- -- Very many classes ------------------------------------------------------------------------------------------

t.test('AdaptiveLogSoftMax: one distribution, whichever way it is asked for', function()
  local module, x = nn.AdaptiveLogSoftMax(6, 20, {4, 9}, 2), torch.randn(20, 6)
  local all = module:forward(x):clone()
  t.near(gap(torch.exp(all):sum(2), torch.ones(20, 1)), 0, 1e-12)
  local targets = torch.range(1, 20):long()
  local picked = module:forward({x, targets}):clone()
  for i = 1, 20 do t.near(picked[i], all[i][i], 1e-12) end
  local _, best = all:max(2)
  t.eq(module:predict(x):totable(), best:view(20):totable())
  local loss = nn.ClassNLLCriterion()
  local g = loss:backward(picked:view(20, 1), torch.ones(20))
  t.near(torch.abs(g + 1 / 20):max(), 0, 1e-15)
  t.raises('target 21 at element 1 is outside 1..20', module.forward, module, {x[1]:view(1, 6), torch.Tensor {21}})
  t.raises('expected Nx6, alone or before targets', module.forward, module, torch.ones(2, 5))
  for _, bad in ipairs {{}, {4, 4}, {20}, {0, 3}, {2.5}} do
    t.raises('expected a table of rising whole cutoffs within 1..19', nn.AdaptiveLogSoftMax, 6, 20, bad)
  end
end)

-- -- Initialisers -----------------------------------------------------------------------------------------------

t.test('initialisers: deviations by the counts of inputs and outputs', function()
  torch.manualSeed(3)
  local init = nn.init
  t.eq({init.fans(torch.Tensor(8, 4))}, {4, 8})
  t.eq({init.fans(torch.Tensor(8, 4, 3, 5))}, {60, 120})
  local function check(fill, deviation, bounded, ...)
    local w = torch.Tensor(60, 20, 3, 2)
    t.eq(fill(w, ...), w)
    t.near(w:std(), deviation, 0.02)
    t.near(w:mean(), 0, 0.1 * deviation)
    t.eq(torch.abs(w):max() <= math.sqrt(3) * deviation, bounded)
  end
  local deviations = {xavier = math.sqrt(2 / 480), kaiming = math.sqrt(2 / 120), lecun = math.sqrt(1 / 120)}
  for name, deviation in pairs(deviations) do
    check(init[name .. 'Uniform'], deviation, true)
    check(init[name .. 'Normal'], deviation, false)
  end
  check(init.xavierNormal, 3 * math.sqrt(2 / 480), false, 3)
  check(init.kaimingUniform, math.sqrt(1 / 360), true, 1, 'fanOut')
  check(init.normal, 0.5, false, 0, 0.5)
  check(init.uniform, 1 / math.sqrt(3), true, -1, 1)
  t.eq(init.constant(torch.Tensor(3), 2):totable(), {2, 2, 2})
  t.near(init.gain('relu'), math.sqrt(2))
  t.near(init.gain('leaky_relu', 1), 1)
  t.near(init.gain('tanh'), 5 / 3)
  t.raises('no gain is known for cube', init.gain, 'cube')
  t.raises('two dimensions or more, got 3', init.xavierNormal, torch.Tensor(3))
  t.raises('expected fanIn or fanOut', init.kaimingNormal, torch.Tensor(3, 3), 1, 'both')
end)

t.test('initialisers: orthogonal and sparse matrices', function()
  local init = nn.init
  for _, size in ipairs {{5, 5}, {3, 7}, {7, 3}, {4, 2, 3}} do
    local w = init.orthogonal(torch.Tensor(unpack(size)), 2)
    local m = w:view(size[1], -1)
    local gram = size[1] <= m:size(2) and torch.mm(m, m:t()) or torch.mm(m:t(), m)
    t.near(gap(gram, torch.eye(gram:size(1)) * 4), 0, 1e-12)
  end
  local single = init.orthogonal(torch.FloatTensor(6, 6))
  t.near(gap(torch.mm(single, single:t()), torch.eye(6):float()), 0, 1e-5)
  local w = init.sparse(torch.Tensor(10, 4), 0.25, 2)
  for k = 1, 4 do t.eq(w:select(2, k):eq(0):sum(), 3) end
  t.raises('sparse expected a matrix', init.sparse, torch.Tensor(3), 0.5)
  t.raises('expected a share within 0..1', init.sparse, torch.Tensor(3, 3), 2)
end)

-- -- Orders -----------------------------------------------------------------------------------------------------

t.test('second derivatives reach the parameters behind a normalised weight', function()
  local module, x = nn.WeightNorm(nn.Linear(2, 2)), torch.randn(3, 2)
  local function penalty()
    local g = autograd.grad(function(a) return F.sum(F.square(module:forward(a)), 0) end)(x)
    return F.sum(F.square(g), 0)
  end
  local parameters = module:parameters()
  local claimed = autograd.grad(function() return penalty() end)(parameters)
  for i, p in ipairs(parameters) do
    local flat = p:view(-1)
    for k = 1, flat:size(1) do
      local keep = flat[k]
      flat[k] = keep + 1e-5
      local above = penalty():item()
      flat[k] = keep - 1e-5
      local below = penalty():item()
      flat[k] = keep
      t.near((above - below) / 2e-5, claimed[i]:contiguous():view(-1)[k], 1e-6)
    end
  end
end)

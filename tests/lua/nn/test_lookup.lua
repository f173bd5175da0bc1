--- Layers of which an input uses only some weights: tables, sparse and partial linear layers; what they leave alone.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return (a - b):abs():max() end

-- The bytes that f needed at most beyond those that were there.
local function extra(f)
  collectgarbage()
  collectgarbage()
  local before = torch.memory().live
  torch.C.mt_memory_reset_peak(0)
  f()
  return torch.memory().peak - before
end

-- -- Tables -----------------------------------------------------------------------------------------------------

t.test('LookupTable: backward makes nothing of the table\'s size, and touches only the rows in use', function()
  local module, places = nn.LookupTable(20000, 16), torch.LongTensor {7, 19999, 7}
  local g = torch.randn(3, 16)
  module:forward(places)
  local bytes = extra(function()
    module:forward(places)
    module:backward(places, g, 0.5)
  end)
  assert(bytes < 20000, bytes .. ' bytes beside a table of 2560000')
  local want = torch.zeros(20000, 16)
  want[7]:copy((g[1] + g[3]) * 0.5)
  want[19999]:copy(g[2] * 0.5)
  t.eq(gap(module.gradWeight, want), 0)
  local before = module.weight:clone()
  module:accUpdateOnly()
  module:backwardUpdate(places, g, 2)
  t.near(gap(module.weight, before - want * 4), 0, 1e-14)
  t.raises('only accUpdateGradParameters is possible', module.accGradParameters, module, places, g)
end)

t.test('LookupTable: padding and frequency', function()
  local module, places, g = nn.LookupTable(4, 2, 3), torch.IntTensor {{3, 1}, {1, 2}}, torch.ones(2, 2, 2)
  module:forward(places)
  module:backward(places, g)
  t.eq(module.gradWeight:totable(), {{2, 2}, {1, 1}, {0, 0}, {0, 0}})
  module:scaleGradByFreq():zeroGradParameters()
  module:backward(places, g)
  t.eq(module.gradWeight:totable(), {{1, 1}, {1, 1}, {0, 0}, {0, 0}})
  t.eq(module:setPadding(0):backward(places, g):totable(), {{0, 0}, {0, 0}})
  t.eq(module.gradInput:type(), 'torch.IntTensor')
  -- an outer tape sees the same gradient
  module:setPadding(3)
  local w = autograd.grad(function() return module:forward(places):sum() end)(module.weight)
  t.eq(w:totable(), {{1, 1}, {1, 1}, {0, 0}, {0, 0}})
end)

t.test('LookupTable: rows are shortened before they are used, others are not', function()
  for _, p in ipairs {1, 2, 0.5} do
    local module = nn.LookupTable(4, 3):setMaxNorm(0.1):setNormType(p)
    local before = module.weight:clone()
    local out = module:forward(torch.LongTensor {2, 4, 2})
    for i, k in ipairs {2, 4, 2} do
      t.near(out[i]:norm(p), 0.1, 1e-6)
      t.near(gap(module.weight[k], before[k] * (0.1 / (before[k]:norm(p) + 1e-7))), 0, 1e-15)
    end
    t.eq({gap(module.weight[1], before[1]), gap(module.weight[3], before[3])}, {0, 0})
  end
  local short = nn.LookupTable(2, 2, 0, 100)
  local before = short.weight:clone()
  short:forward(torch.LongTensor {1, 2})
  t.eq(gap(short.weight, before), 0)
  short:setNormType(0)
  t.raises('expected a norm above 0', short.forward, short, torch.LongTensor {1})
end)

t.test('LookupTable: wrong places', function()
  local module = nn.LookupTable(3, 2)
  t.raises('index_select: .* 4 ', module.forward, module, torch.LongTensor {4})
  t.raises('index_select: .* 0 ', module.forward, module, torch.LongTensor {0})
  t.raises('expected a vector or a matrix of places, got 1x1x1', module.forward, module, torch.ones(1, 1, 1))
  t.raises('expected a vector or a matrix of places, got nil', module.forward, module)
end)

t.test('EmbeddingBag: bags without places, wrong ones, rows in use', function()
  local places = torch.LongTensor {3, 1}
  for _, mode in ipairs {'sum', 'mean', 'max'} do
    local module = nn.EmbeddingBag(4, 2, mode)
    local out = module:forward {places, torch.LongTensor {1, 1, 3}}
    t.eq({out[1]:abs():max(), out[3]:abs():max()}, {0, 0})
    local g = module:backward({places, torch.LongTensor {1, 1, 3}}, torch.ones(3, 2))
    t.eq({g[1]:type(), g[1]:sum(), #g}, {'torch.LongTensor', 0, 2})
    t.eq(module:get(1).gradWeight:select(1, 2):abs():max(), 0)
    t.near(module:get(1).gradWeight:sum(), mode == 'sum' and 4 or 2)
    t.raises('bag 1 has the places 1 to 3 of 2', module.forward, module, {places, torch.LongTensor {1, 4}})
    t.raises('bag 1 has the places 2', module.forward, module, {places, torch.LongTensor {2}})
    t.raises('expected a matrix of places or a table', module.forward, module, places)
  end
  t.raises('expected sum, mean or max, got min', nn.EmbeddingBag, 2, 2, 'min')
end)

-- -- Sparse inputs ----------------------------------------------------------------------------------------------

local samples = {torch.Tensor {{2, 0.5}, {5, -1}}, torch.Tensor {{1, 2}, {1, 1}}, torch.Tensor {{3, 1}}}
local dense = torch.Tensor {{0, 0.5, 0, 0, -1}, {3, 0, 0, 0, 0}, {0, 0, 1, 0, 0}}

local function twins()
  local sparse, linear = nn.SparseLinear(5, 2, true), nn.Linear(5, 2)
  linear.weight:copy(sparse.weight)
  linear.bias:copy(sparse.bias)
  for _, m in ipairs {sparse, linear} do m:zeroGradParameters() end
  return sparse, linear
end

t.test('SparseLinear does as nn.Linear, step by step', function()
  local sparse, linear = twins()
  local g = torch.randn(3, 2)
  for passes = 1, 3 do   -- after one pass, only the columns in use are changed
    for _ = 1, passes do
      t.near(gap(sparse:forward(samples), linear:forward(dense)), 0, 1e-14)
      local back, want = sparse:backward(samples, g), linear:backward(dense, g)
      for i = 1, 3 do
        t.eq(back[i]:select(2, 1):totable(), {1, 2, 3, 4, 5})
        t.near(gap(back[i]:select(2, 2), want[i]), 0, 1e-14)
      end
    end
    t.near(gap(sparse.gradWeight, linear.gradWeight), 0, 1e-14)
    for _, m in ipairs {sparse, linear} do m:updateParameters(0.1) end
    for _, name in ipairs {'weight', 'bias'} do t.near(gap(sparse[name], linear[name]), 0, 1e-14) end
    sparse:zeroGradParameters()
    linear:zeroGradParameters()
    t.eq(sparse.gradWeight:abs():max(), 0)
  end
end)

t.test('SparseLinear: one sample, a tensor of samples, weight decay, wrong inputs', function()
  local sparse, linear = twins()
  local g = torch.randn(2)
  t.near(gap(sparse:forward(samples[1]), linear:forward(dense[1])), 0, 1e-14)
  t.near(gap(sparse:backward(samples[1], g)[1]:select(2, 2), linear:backward(dense[1], g)), 0, 1e-14)
  local batch = torch.Tensor {{{1, 2}, {4, 1}}, {{5, -1}, {2, 3}}}
  local rows = torch.Tensor {{2, 0, 0, 1, 0}, {0, 3, 0, 0, -1}}
  t.near(gap(sparse:forward(batch), linear:forward(rows)), 0, 1e-14)
  local back = sparse:backward(batch, torch.ones(2, 2))
  t.near(gap(back:select(3, 2), linear:backward(rows, torch.ones(2, 2))), 0, 1e-14)
  sparse.weightDecay = 0.5
  sparse:zeroGradParameters()
  sparse:forward(samples[3])
  sparse:backward(samples[3], g)
  linear:zeroGradParameters()
  linear:backward(dense[3], g)
  t.near(gap(sparse.gradWeight, linear.gradWeight + sparse.weight * 0.5), 0, 1e-14)
  t.raises('expected nx2 tensors of places and values, got 2x3', sparse.forward, sparse, torch.ones(2, 3))
  t.raises('expected some samples', sparse.forward, sparse, {})
  t.raises('index_select', sparse.forward, sparse, torch.Tensor {{6, 1}})
  t.raises('expected true or false', nn.SparseLinear, 2, 2, 1)
end)

-- The derivatives, by values and weight, of the squared gradient, by the values, of the sum of the squared outputs.
local function check_order_2(module, forward, values)
  local function loss(v) return F.sum(F.square(forward(v)), 0) end
  local function projected() return F.sum(F.square(autograd.grad(loss)(values)), 0) end
  local all = {values, module.weight}
  local second = autograd.grad(function() return projected() end)(all)
  for i, x in ipairs(all) do
    local entries, got = x:view(-1), second[i]:contiguous():view(-1)
    for k = 1, entries:size(1) do
      local keep = entries[k]
      entries[k] = keep + 1e-5
      local above = projected():item()
      entries[k] = keep - 1e-5
      local below = projected():item()
      entries[k] = keep
      t.near((above - below) / 2e-5, got[k], 1e-6)
    end
  end
end

t.test('SparseLinear: second derivatives', function()
  local module, values = nn.SparseLinear(4, 2), torch.Tensor {0.5, -1, 2}
  local columns = torch.Tensor {{1}, {4}, {1}}
  check_order_2(module, function(v) return module:forward {F.cat({columns, v:view(3, 1)}, 1)} end, values)
end)

-- -- Keys and values --------------------------------------------------------------------------------------------

local keys, values = {torch.LongTensor {2, 5}, torch.LongTensor {1, 1}}, {torch.Tensor {0.5, -1}, torch.Tensor {2, 1}}
local flat = {torch.LongTensor {2, 5, 1, 1}, torch.Tensor {0.5, -1, 2, 1}, torch.LongTensor {2, 2}}
local key_rows = torch.Tensor {{0, 0.5, 0, 0, -1}, {3, 0, 0, 0, 0}}

local function key_twins(...)
  local index, linear = nn.IndexLinear(5, 2, ...), nn.Linear(5, 2)
  t.eq(index.weight:abs():max(), 0)
  index:reset()
  linear.weight:copy(index.weight:t())
  linear.bias:copy(index.bias)
  for _, m in ipairs {index, linear} do m:zeroGradParameters() end
  return index, linear
end

t.test('IndexLinear does as nn.Linear, in every form of input', function()
  local g = torch.randn(2, 2)
  for _, input in ipairs {{keys, values}, flat} do
    for passes = 1, 2 do
      local index, linear = key_twins(true)
      for _ = 1, passes do
        t.near(gap(index:forward(input), linear:forward(key_rows)), 0, 1e-14)
        local back, want = index:backward(input, g), linear:backward(key_rows, g)
        for i = 1, 2 do
          t.eq(back[1][i]:totable(), {1, 2, 3, 4, 5})
          t.near(gap(back[2][i], want[i]), 0, 1e-14)
        end
      end
      t.near(gap(index.gradBias, linear.gradBias), 0, 1e-14)
      for _, m in ipairs {index, linear} do m:updateParameters(0.1) end
      t.near(gap(index.weight:t(), linear.weight), 0, 1e-14)
      t.near(gap(index.bias, linear.bias), 0, 1e-14)
      index:zeroGradParameters()
      index:updateParameters(1)
      t.near(gap(index.weight:t(), linear.weight), 0, 1e-14)
    end
  end
  local index, linear = key_twins(true)
  t.near(gap(index:forward {keys[1], values[1]}, linear:forward(key_rows[1])), 0, 1e-14)
  local back = index:backward({keys[1], values[1]}, g[1])
  t.near(gap(back[2], linear:backward(key_rows[1], g[1])), 0, 1e-14)
  t.eq(index:forward({keys[1], values[1], 2}):size():totable(), {1, 2})
end)

t.test('IndexLinear: one step at once, weight decay, another first key', function()
  local index, linear = key_twins(false, 1)
  local g = torch.randn(2, 2)
  local shifted = {{torch.LongTensor {1, 4}, torch.LongTensor {0, 0}}, values}
  index:forward(shifted)
  t.eq(#index:backwardUpdate(shifted, g, 0.3), 0)
  linear:forward(key_rows)
  linear:backwardUpdate(key_rows, g, 0.3)
  t.near(gap(index.weight:t(), linear.weight), 0, 1e-14)
  t.near(gap(index.bias, linear.bias), 0, 1e-14)
  local decaying = key_twins()
  decaying.weightDecay = 0.1
  local before = decaying.weight:clone()
  decaying:forward {keys[1], values[1]}
  decaying:accGradParameters({keys[1], values[1]}, torch.zeros(2))
  decaying:updateParameters(1)
  t.near(gap(decaying.weight[2], before[2] * 0.9), 0, 1e-15)
  t.eq(gap(decaying.weight[3], before[3]), 0)
end)

t.test('IndexLinear, normalising: values by the greatest so far, clamped when evaluating', function()
  local module = nn.IndexLinear(3, 1, false, nil, nil, nil, true)
  module.weight:select(2, 5):copy(torch.Tensor {1, 10, 100})
  module.weight:select(2, 4):copy(torch.Tensor {0.5, 0, 0})
  module:training()
  local input = {{torch.LongTensor {1, 2}, torch.LongTensor {1}}, {torch.Tensor {2, -4}, torch.Tensor {-3}}}
  t.eq(module:forward(input):totable(), {{2 / 2 + 0.5 - 10}, {-1 + 0.5}})
  t.eq(module.weight[1]:totable(), {3, 1 / 3, 1, 0.5, 1})
  module:accGradParameters(input, torch.ones(2, 1))
  module:updateParameters(0.1)   -- the bias of key 1 meets its weight twice, the weight its values
  t.near(module.weight[1][4], 0.5 - 0.1 * 2 * 1)
  t.near(module.weight[1][5], 1 - 0.1 * (1.5 - 0.5))
  module:evaluate()
  local out = module:forward {{torch.LongTensor {2}, torch.LongTensor {2, 3}}, {torch.Tensor {8}, torch.Tensor {2, 7}}}
  local w = module.weight:select(2, 5)
  t.near(out[1][1], w[2] + module.weight[2][4] * w[2] + module.bias[1])
  t.near(out[2][1], (0.5 + module.weight[2][4]) * w[2] + w[3] + module.bias[1])   -- key 3 is new: the sign counts
  module.doGradInput = true
  t.raises('no gradient of the input', module.updateGradInput, module, input, torch.ones(2, 1))
end)

t.test('IndexLinear: files, types, second derivatives, wrong inputs', function()
  local index = key_twins()
  local input = {keys, values}
  local want = index:forward(input):clone()
  index:backward(input, want)
  local path = os.tmpname()
  torch.save(path, index)
  t.eq(gap(torch.load(path):forward(input), want), 0)
  torch.save(path, index:clearState())
  t.eq(gap(torch.load(path):forward(input), want), 0)
  os.remove(path)
  t.eq(gap(index:clone():forward(input), want), 0)
  local single = index:clone():float()
  t.near(gap(single:forward({keys, {values[1]:float(), values[2]:float()}}):double(), want), 0, 1e-6)
  single:backward({keys, {values[1]:float(), values[2]:float()}}, want:float())
  single:updateParameters(0.1)
  check_order_2(index, function(v) return index:forward {torch.LongTensor {1, 4, 1}, v} end, torch.Tensor {0.5, -1, 2})
  t.raises('expected {keys, values}', index.forward, index, torch.ones(2))
  t.raises('expected vectors of as many keys as values, got 2 keys and 1 values', index.forward, index,
           {keys[1], torch.ones(1)})
  t.raises('the sizes ask for 3 of 4 keys', index.forward, index, {flat[1], flat[2], torch.LongTensor {2, 1}})
  t.raises('the sizes ask for more than 4 keys', index.forward, index, {flat[1], flat[2], torch.LongTensor {2, 3}})
  t.raises('index_select', index.forward, index, {torch.LongTensor {6}, torch.ones(1)})
end)

t.test('IndexLinear: steady steps ask for no memory', function()
  local module, g = nn.IndexLinear(5, 2, false, nil, nil, nil, true), torch.ones(2, 2)
  module:training()
  local early, late
  collectgarbage()
  collectgarbage 'stop'
  for i = 1, 8 do
    module:zeroGradParameters()
    module:forward {keys, values}
    module:backward({keys, values}, g)
    module:updateParameters(0.1)
    if i == 4 then early = torch.memory() end
  end
  late = torch.memory()
  collectgarbage 'restart'
  t.eq({late.live, late.requests}, {early.live, early.requests})
end)

-- -- Some of the outputs ----------------------------------------------------------------------------------------

t.test('PartialLinear: a partition\'s outputs and gradients, then all again', function()
  local module, linear, x = nn.PartialLinear(3, 5), nn.Linear(3, 5), torch.randn(4, 3)
  local rows = module.network:get(1):get(2)
  linear.weight:copy(rows.weight)
  linear.bias:copy(module.bias:uniform())
  local all = linear:forward(x)
  module:setPartition(torch.Tensor {4, 2})
  t.near(gap(module:forward(x), all:index(2, torch.LongTensor {4, 2})), 0, 1e-14)
  module:zeroGradParameters()
  local g = torch.randn(4, 2)
  t.near(gap(module:backward(x, g), torch.mm(g, linear.weight:index(1, torch.LongTensor {4, 2}))), 0, 1e-14)
  for k = 1, 5 do t.eq(torch.abs(rows.gradWeight[k]):max() > 0, k == 2 or k == 4) end
  t.near(module.gradBias[1][4], g:select(2, 1):sum())
  local before = {rows.weight:clone(), module.bias:clone()}
  module:backwardUpdate(x, g, 0.1)
  t.near(gap(rows.weight, before[1] - rows.gradWeight * 0.1), 0, 1e-14)
  t.near(gap(module.bias, before[2] - module.gradBias * 0.1), 0, 1e-14)
  module:resetPartition()
  t.eq(module:forward(x):size(2), 5)
  t.raises('expected a tensor of places, got table', module.setPartition, module, {1})
end)

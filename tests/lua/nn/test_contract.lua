--- What Torch7's code relies on, beyond values: memory, identity, order of calls, print-outs, files.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local optim = require 'optim'

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return (a - b):abs():max() end

-- -- Forward and backward in other orders -----------------------------------------------------------------------

t.test('the same handle with other memory is another gradient', function()
  local net, criterion = nn.Linear(3, 2), nn.MSECriterion()
  local x, y = torch.randn(4, 3), torch.zeros(4, 2)
  local out = net:forward(x)
  criterion:forward(out, y)
  net:backward(x, criterion:backward(out, y))
  for step = 1, 4 do   -- the memory of earlier ones comes round again
    y:fill(step)
    criterion:forward(out, y)
    local g = criterion:backward(out, y)
    t.near(gap(net:updateGradInput(x, g), torch.mm((out - y) * 0.25, net.weight)), 0, 1e-12)
  end
end)

t.test('parameters may move between forward and updateGradInput, as a GAN\'s do', function()
  local net = nn.Sequential():add(nn.SpatialConvolution(1, 2, 2, 2)):add(nn.Tanh()):add(nn.View(8)):add(nn.Linear(8, 1))
  local p, g = net:getParameters()
  local x, one = torch.randn(3, 1, 3, 3), torch.ones(3, 1)
  net:forward(x)
  net:backward(x, one)
  optim.sgd(function() return 0, g end, p, {learningRate = 0.1})
  local got = net:updateGradInput(x, one):clone()
  -- the weights as they are now, the activations as they were
  local back = torch.mm(one, net:get(4).weight)
  back = net:get(2):updateGradInput(net:get(1).output, back:view(3, 2, 2, 2))
  t.near(gap(got, net:get(1):updateGradInput(x, back)), 0, 1e-12)
end)

t.test('backward with another input than forward saw computes forward again', function()
  local net, a, b, g = nn.Linear(3, 2), torch.randn(4, 3), torch.randn(4, 3), torch.randn(4, 2)
  net:zeroGradParameters()
  net:forward(a)
  t.near(gap(net:backward(b, g), torch.mm(g, net.weight)), 0, 1e-12)
  t.near(gap(net.gradWeight, torch.mm(g:t(), b)), 0, 1e-12)
end)

-- Modules of several ops, whose backward adds gradients of parameters in one walk.
local function of_several_ops()
  return {nn.MultiheadAttention(4, 2), nn.TransformerEncoderLayer(4, 2, 6), nn.LSTMLayer(4, 3, 2)}
end

t.test('backward is updateGradInput and accGradParameters, in any order and as often as they are called', function()
  for _, m in ipairs(of_several_ops()) do
    local x, grads = torch.randn(3, 5, 4), select(2, m:parameters())
    local g = m:forward(x):clone():normal()
    m:zeroGradParameters()
    local by_x = m:updateGradInput(x, g):clone()
    m:accGradParameters(x, g, 1)
    local once = {}
    for i, v in ipairs(grads) do once[i] = v:clone() end
    t.near(gap(m:backward(x, g, 0.5), by_x), 0, 1e-12)
    for i, v in ipairs(grads) do t.near(gap(v, once[i] * 1.5), 0, 1e-12) end
    m:backward(x, g)
    m:accGradParameters(x, g, 2)
    for i, v in ipairs(grads) do t.near(gap(v, once[i] * 4.5), 0, 1e-12) end
    t.near(gap(m:updateGradInput(x, g), by_x), 0, 1e-12)
  end
end)

t.test('backward calls halves that were written over', function()
  for _, m in ipairs(of_several_ops()) do
    local x, calls = torch.randn(3, 5, 4), 0
    m.accGradParameters = function() calls = calls + 1 end
    m:zeroGradParameters()
    m:backward(x, m:forward(x))
    t.eq(calls, 1)
    for _, v in ipairs((select(2, m:parameters()))) do t.eq(v:norm(), 0) end
  end
end)

t.test('a criterion\'s backward heeds its own target', function()
  local criterion, x = nn.MSECriterion(), torch.randn(3)
  criterion:forward(x, torch.zeros(3))
  local y = torch.ones(3)
  t.near(gap(criterion:backward(x, y), (x - y) * (2 / 3)), 0, 1e-12)
  y:fill(2)   -- the same tensor
  t.near(gap(criterion:backward(x, y), (x - y) * (2 / 3)), 0, 1e-12)
  local nll = nn.ClassNLLCriterion()
  nll:forward(x, 1)
  t.eq(nll:backward(x, 3):totable(), {0, 0, -1})
  t.near(nll.output, -x[1])
  t.eq((nn.MSECriterion()(x, x)), 0)
end)

t.test('the first layer\'s gradInput is left out when it is nil', function()
  local net = nn.Sequential():add(nn.SpatialConvolution(1, 2, 2, 2)):add(nn.Tanh())
  local x = torch.randn(2, 1, 3, 3)
  local g = torch.randn(net:forward(x):size())
  net:backward(x, g)
  local want = net:get(1).gradWeight:clone()
  net:zeroGradParameters()
  net:get(1).gradInput = nil
  net:forward(x)
  t.eq(net:backward(x, g), nil)
  t.near(gap(net:get(1).gradWeight, want), 0, 1e-12)
end)

t.test('accUpdateGradParameters moves parameters at once, shared ones after all are added', function()
  local function twins()
    torch.manualSeed(1)
    return nn.Sequential():add(nn.Linear(3, 4)):add(nn.Tanh()):add(nn.Linear(4, 2))
  end
  local a, b, x, g = twins(), twins(), torch.randn(5, 3), torch.randn(5, 2)
  a:zeroGradParameters()
  a:forward(x)
  a:backward(x, g)
  a:updateParameters(0.1)
  b:forward(x)
  b:backwardUpdate(x, g, 0.1)
  for i, p in ipairs(b:parameters()) do t.near(gap(p, a:parameters()[i]), 0, 1e-12) end
  t.near(b:get(1).gradWeight:abs():max(), 0)
end)

-- -- In place ---------------------------------------------------------------------------------------------------

t.test('in place, the input takes the output; on the user\'s tape it does not', function()
  local modules = {{nn.ReLU(true), {0, 2, 0}}, {nn.Threshold(0.5, -1, true), {-1, 2, -1}}}
  for _, case in ipairs(modules) do
    local x = torch.Tensor {-1, 2, 0.2}
    if case[1].threshold == 0 then x[3] = -3 end
    local before = x:clone()
    local f = function(a) return case[1]:forward(a):sum() end
    t.eq(autograd.grad(f)(x):totable(), {0, 1, 0})
    t.eq(x:totable(), before:totable())
    local out = case[1]:forward(x)
    t.eq(x:totable(), case[2])
    t.eq(out:totable(), case[2])
    t.eq(case[1]:backward(x, torch.Tensor {5, 6, 7}):totable(), {0, 6, 0})
  end
end)

t.test('a net with in-place modules learns as one without', function()
  local function net(inplace)
    torch.manualSeed(3)
    return nn.Sequential():add(nn.SpatialConvolution(1, 3, 3, 3)):add(nn.SpatialBatchNormalization(3))
      :add(nn.ReLU(inplace)):add(nn.ConcatTable():add(nn.SpatialConvolution(3, 3, 1, 1)):add(nn.Identity()))
      :add(nn.CAddTable(inplace)):add(nn.Dropout(0.3, false, inplace)):add(nn.View(12)):add(nn.Linear(12, 2))
  end
  local a, b, x, g = net(true), net(false), torch.randn(4, 1, 4, 4), torch.randn(4, 2)
  for _ = 1, 2 do
    torch.manualSeed(5)
    local ya, ga = a:forward(x), a:backward(x, g)
    torch.manualSeed(5)
    local yb, gb = b:forward(x), b:backward(x, g)
    t.near(gap(ya, yb), 0, 1e-12)
    t.near(gap(ga, gb), 0, 1e-12)
  end
  local p, q = a:parameters(), b:parameters()
  for i = 1, #p do t.near(gap(p[i], q[i]), 0, 1e-12) end
end)

t.test('what an in-place module has overwritten is not used', function()
  local net = nn.Sequential():add(nn.Tanh()):add(nn.ReLU(true))
  local x = torch.randn(4)
  net:forward(x)
  t.raises('tanh: its gradient needs its result, which was changed', net.backward, net, x, torch.ones(4))
end)

t.test('dropout leaves earlier inputs alone when evaluation turns to training', function()
  local m, data = nn.Dropout(0.5), torch.ones(8)
  m:evaluate()
  m:forward(data)
  m:backward(data, data)
  m:training()
  m:forward(torch.ones(8))
  m:backward(torch.ones(8), torch.ones(8))
  t.eq(data:sum(), 8)
end)

t.test('dropout: version 1, stochastic inference, p', function()
  local m, x = nn.Dropout(0.25, true), torch.ones(100)
  local out = m:forward(x)
  t.eq(out:eq(1):sum() + out:eq(0):sum(), 100)
  m:evaluate()
  t.eq(m:forward(x):sum(), 75)
  t.eq(m:backward(x, x):sum(), 75)
  local s = nn.Dropout(0.5, false, false, true)
  s:evaluate()
  assert(s:forward(x):eq(0):sum() > 10)
  s:setp(0)
  t.eq(s:forward(x):sum(), 100)
  t.raises('expected a probability', nn.Dropout, 1)
  t.raises('expected a probability', s.setp, s, -1)
end)

t.test('two uses on one tape have noise and targets of their own', function()
  local m, criterion = nn.Dropout(0.5), nn.ClassNLLCriterion()
  local x = torch.randn(4, 3)
  local g = autograd.grad(function(a)
    local first = criterion:forward(m:forward(a), torch.LongTensor {1, 1, 1, 1})
    return torch.add(first, criterion:forward(m:forward(a), torch.LongTensor {2, 2, 2, 2}))
  end)(x)
  for i = 1, 4 do
    t.eq(g[i][3], 0)
    for k = 1, 2 do assert(g[i][k] == 0 or g[i][k] == -0.5) end
  end
end)

-- -- Containers -------------------------------------------------------------------------------------------------

t.test('Concat and ConcatTable: each half of backward, tables as input, branches without a gradient', function()
  local x, g = torch.randn(3, 4), torch.randn(3, 5)
  local net = nn.Concat(2):add(nn.Linear(4, 2)):add(nn.Linear(4, 3))
  net:zeroGradParameters()
  net:forward(x)
  local whole = net:backward(x, g):clone()
  t.near(gap(net:updateGradInput(x, g), whole), 0, 1e-15)
  local want = net:get(2).gradWeight:clone()
  net:accGradParameters(x, g)
  t.near(gap(net:get(2).gradWeight, want * 2), 0, 1e-12)
  net:get(1).gradInput = nil
  net:forward(x)
  t.near(gap(net:backward(x, g), torch.mm(g:narrow(2, 3, 3), net:get(2).weight)), 0, 1e-12)

  local pair = {torch.randn(2, 3), torch.randn(2, 3)}
  local fork = nn.ConcatTable():add(nn.CAddTable()):add(nn.JoinTable(2)):add(nn.Identity())
  local out = fork:forward(pair)
  t.eq({#out, #out[3], out[2]:size(2)}, {3, 2, 6})
  local back = fork:backward(pair, {torch.ones(2, 3), torch.ones(2, 6), pair})
  t.near(gap(back[2], pair[2] + 2), 0, 1e-15)
end)

t.test('gradients of CAddTable are apart; in place they are one', function()
  local pair, g = {torch.randn(2), torch.randn(2)}, torch.ones(2)
  local m = nn.CAddTable()
  m:forward(pair)
  local back = m:backward(pair, g)
  back[1]:mul(3)
  t.eq({back[2]:sum(), g:sum()}, {2, 2})
  t.eq(#m:backward({pair[1]}, g), 1)
  t.raises('input 2 has 3 elements, the first has 2', m.forward, m, {pair[1], torch.randn(3)})
  t.raises('expected a table of tensors, got torch.DoubleTensor', m.forward, m, g)
end)

t.test('JoinTable: dimensions from the end, and behind the batch\'s', function()
  local a, b = torch.randn(2, 3), torch.randn(2, 4)
  t.eq(nn.JoinTable(-1):forward({a, b}):size():totable(), {2, 7})
  t.eq(nn.JoinTable(1, 1):forward({a, b}):size():totable(), {2, 7})
  t.eq(nn.JoinTable(1, 2):forward({a, a}):size():totable(), {4, 3})
  t.raises('cat: ', function() nn.JoinTable(1):forward {a, b} end)
end)

t.test('ParallelTable wants an input for each module', function()
  local m = nn.ParallelTable():add(nn.Linear(3, 2)):add(nn.Tanh())
  t.raises('expected a table of 2 inputs', m.forward, m, {torch.randn(3)})
end)

t.test('print-outs of branches are Torch7\'s', function()
  local fork = nn.ConcatTable():add(nn.Sequential():add(nn.Tanh())):add(nn.Identity())
  t.eq(tostring(fork), [[
nn.ConcatTable {
  input
    |`-> (1): nn.Sequential {
    |      [input -> (1) -> output]
    |      (1): nn.Tanh
    |    }
     `-> (2): nn.Identity
     ... -> output
}]])
  t.eq(tostring(nn.SpatialMaxPooling(2, 2)), 'nn.SpatialMaxPooling(2x2, 2,2)')
  t.eq(tostring(nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1)), 'nn.SpatialAveragePooling(3x3, 2,2, 1,1)')
  t.eq(tostring(nn.SpatialBatchNormalization(64)), 'nn.SpatialBatchNormalization (4D) (64)')
  t.eq(tostring(nn.Dropout(0.3)), 'nn.Dropout(0.300000)')
  t.eq(tostring(nn.View(-1, 20)), 'nn.View(-1, 20)')
  t.eq(tostring(nn.Reshape(4, 5)), 'nn.Reshape(4x5)')
  t.eq(tostring(nn.SpatialConvolution(1, 2, 3, 3):noBias()), 'nn.SpatialConvolution(1 -> 2, 3x3) without bias')
end)

-- -- Sizes ------------------------------------------------------------------------------------------------------

t.test('View and Reshape tell batches as Torch7 does', function()
  local function sizes(m, ...) return m:forward(torch.randn(...)):size():totable() end
  t.eq(sizes(nn.View(6), 2, 3), {6})
  t.eq(sizes(nn.View(6), 4, 2, 3), {4, 6})
  t.eq(sizes(nn.View(6), 1, 2, 3), {6})
  t.eq(sizes(nn.View(6):setNumInputDims(2), 1, 2, 3), {1, 6})
  t.eq(sizes(nn.View(-1, 3), 4, 6), {8, 3})
  t.eq(sizes(nn.View(-1, 3):setNumInputDims(1), 4, 6), {4, 2, 3})
  t.eq(sizes(nn.View(torch.LongStorage {3, 2}), 5, 6), {5, 3, 2})
  t.eq(sizes(nn.Reshape(6), 2, 3), {6})
  t.eq(sizes(nn.Reshape(6), 1, 6), {1, 6})
  t.eq(sizes(nn.Reshape(3, 2, true), 1, 6), {1, 3, 2})
  t.eq(sizes(nn.Reshape(2, 3, false), 6, 1), {2, 3})
  local v = nn.View(6)
  t.eq(v:forward(torch.randn(3, 2):t()):size():totable(), {6})
  t.raises('View: 2x4 cannot be seen as 6', v.forward, v, torch.randn(2, 4))
  t.raises('of which one may be %-1', nn.View, -1, -1)
end)

t.test('batches of one, single samples and wrong sizes', function()
  local bn = nn.SpatialBatchNormalization(2)
  local x = torch.randn(1, 2, 3, 3)
  bn:forward(x)
  t.eq(bn.running_mean:totable(), {0, 0})
  t.raises('expected a batch %(4 dimensions%), got 2x3x3', bn.forward, bn, x[1])
  bn:evaluate()
  t.near(gap(bn:forward(x):clone()[1], bn:forward(x[1])), 0, 1e-15)
  t.eq(bn:backward(x[1], x[1]):size():totable(), {2, 3, 3})
  t.raises('expected 2 features, got 3', bn.forward, bn, torch.randn(1, 3, 3, 3))
  local conv = nn.SpatialConvolution(2, 3, 2, 2)
  t.near(gap(conv:forward(x):clone()[1], conv:forward(x[1])), 0, 1e-15)
  t.raises('expected 2xHxW or Nx2xHxW, got 3x3', conv.forward, conv, x[1][1])
  t.raises('conv: ', conv.forward, conv, torch.randn(1, 3, 3, 3))
  t.raises('expected 1 to 4 dimensions', function() nn.SoftMax():forward(torch.randn(1, 1, 1, 1, 1)) end)
  t.raises('expected the number of features', nn.BatchNormalization)
end)

t.test('batch normalisation keeps what Torch7 keeps', function()
  local bn, x = nn.BatchNormalization(3, 1e-3), torch.randn(6, 3)
  bn:forward(x)
  for k = 1, 3 do
    local column = x:select(2, k):clone()
    t.near(bn.save_mean[k], column:mean())
    t.near(bn.save_std[k], 1 / math.sqrt(column:var(true) + 1e-3))
    t.near(bn.running_var[k], 0.9 + 0.1 * column:var())
  end
  bn:clearState()
  t.eq(bn.save_mean:nElement(), 0)
  t.eq(nn.BatchNormalization(3, 0, 0.1, false):parameters(), nil)
end)

t.test('max pooling shows its places', function()
  local m, x = nn.SpatialMaxPooling(2, 2), torch.Tensor {{{1, 5, 2, 0}, {3, 4, 9, 8}}}
  t.eq(m:forward(x):totable(), {{{5, 9}}})
  t.eq(m.indices:totable(), {{{2, 7}}})
  m:float()
  m:forward(x:float())
  t.eq(m.indices:type(), 'torch.LongTensor')
  m:forward(x:float():view(1, 1, 2, 4))
  t.eq(m.indices:dim(), 4)
end)

t.test('average pooling may give sums', function()
  local m, x = nn.SpatialAveragePooling(2, 2, 2, 2), torch.ones(1, 4, 4)
  m.divide = false
  t.eq(m:forward(x):totable(), {{{4, 4}, {4, 4}}})
  t.eq(m:backward(x, torch.ones(1, 2, 2)):sum(), 16)
end)

-- -- Targets ----------------------------------------------------------------------------------------------------

t.test('targets of all kinds, and wrong ones', function()
  local logp, nll = nn.LogSoftMax():forward(torch.randn(3, 4)):clone(), nn.ClassNLLCriterion()
  local want = nll:forward(logp, torch.LongTensor {2, 4, 1})
  for _, name in ipairs {'Double', 'Float', 'Int', 'Byte'} do
    t.near(nll:forward(logp, torch[name .. 'Tensor'] {2, 4, 1}), want)
  end
  t.near(nll:forward(logp[1], 2), -logp[1][2])
  t.near(nll:forward(logp[1], torch.LongTensor {2}), -logp[1][2])
  t.raises('ClassNLLCriterion: target 5 at element 2 is outside 1..4', nll.forward, nll, logp, torch.Tensor {1, 5, 1})
  t.raises('target 0 at element 1', nll.forward, nll, logp, torch.Tensor {0, 1, 1})
  t.raises('expected 3 targets, got 2', nll.forward, nll, logp, torch.Tensor {1, 1})
  t.raises('expected 3 targets, got nil', nll.forward, nll, logp)
  t.raises('2 weights for 4 classes', function() nn.ClassNLLCriterion(torch.ones(2)):forward(logp, 1) end)
  t.raises('expected a vector or a matrix', nll.forward, nll, torch.randn(2, 2, 2), torch.ones(2))
  t.raises('input has sizes 3, target 4', function() nn.MSECriterion():forward(torch.randn(3), torch.randn(4)) end)
  local all = nn.ClassNLLCriterion(nil, true, 2)
  t.eq(all:forward(logp, torch.LongTensor {2, 2, 2}), 0)
  t.eq(all:backward(logp, torch.LongTensor {2, 2, 2}):abs():max(), 0)
  local ce = nn.CrossEntropyCriterion()
  t.near(ce:forward(logp:view(3, 4, 1, 1), torch.LongTensor {2, 4, 1}), want, 1e-12)
  t.eq(ce:backward(logp:view(3, 4, 1, 1), torch.LongTensor {2, 4, 1}):dim(), 4)
end)

-- -- Types, copies and files ------------------------------------------------------------------------------------

t.test('replace does not enter what it put in', function()
  local net = nn.Sequential():add(nn.Linear(2, 2)):add(nn.Tanh())
  net:replace(function(m)
    return torch.type(m) == 'nn.Linear' and nn.Sequential():add(m):add(nn.ReLU()) or m
  end)
  t.eq({#net:findModules('nn.Linear'), #net:findModules('nn.ReLU'), #net:listModules()}, {1, 1, 5})
end)

t.test('sharing survives clone, types and files, and saves without functions', function()
  local a = nn.Linear(2, 2)
  local net = nn.Sequential():add(a):add(a:clone('weight', 'bias', 'gradWeight', 'gradBias'))
  local path = os.tmpname()
  torch.save(path, net)
  local loaded = torch.load(path)
  os.remove(path)
  for _, n in ipairs {net:clone(), net:clone():float(), loaded} do
    n:get(1).weight:fill(5)
    t.eq(n:get(2).weight:sum(), 20)
  end
  assert(a.weight:sum() ~= 20)
  t.eq(net:getParameters():nElement(), 6)
  a.gradBias = a.gradBias:clone()
  t.raises('getParameters: 6 parameters but 8 gradients', net.getParameters, net)
end)

t.test('clearState leaves the outputs of others alone', function()
  local data = torch.ones(3)
  local net = nn.Sequential():add(nn.Identity()):add(nn.Dropout()):add(nn.View(3))
  net:evaluate()
  local out = net:forward(data)
  net:clearState()
  t.eq({data:sum(), out:sum()}, {3, 3})
  t.eq(net:forward(data):sum(), 3)
end)

t.test('a user\'s result is not written again by the module', function()
  for _, m in ipairs {nn.Tanh(), nn.Dropout(), nn.Concat(1):add(nn.Tanh())} do
    local x = torch.randn(4)
    local kept
    autograd.grad(function(a)
      kept = m:forward(a)
      return kept:sum()
    end)(x)
    local before = kept:clone()
    m:forward(torch.randn(4))
    t.eq(kept:totable(), before:totable())
  end
end)

t.test('half, float and double', function()
  local modules = {nn.Linear(4, 2), nn.ReLU(true), nn.Tanh(), nn.LogSoftMax(), nn.Dropout(), nn.BatchNormalization(4)}
  for _, m in ipairs(modules) do
    for _, type in ipairs {'torch.HalfTensor', 'torch.FloatTensor', 'torch.DoubleTensor'} do
      m:type(type)
      local x = torch.randn(3, 4):type(type)
      local out = m:forward(x)
      t.eq({out:type(), m:backward(x, out:clone()):type(), m:type()}, {type, type, type})
    end
  end
end)

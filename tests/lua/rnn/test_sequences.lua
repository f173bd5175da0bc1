--- Layers over whole sequences, masks of zeros, and criteria over steps.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local gradients = require 'nn.gradients'
require 'rnn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(8)

local T, N, D, H = 4, 3, 3, 2

local layers = {
  SeqLSTM = function() return nn.SeqLSTM(D, H) end,
  SeqLSTMP = function() return nn.SeqLSTMP(D, 5, H) end,
  SeqGRU = function() return nn.SeqGRU(D, H) end,
}

-- Some samples are 0 at some steps.
local function with_gaps()
  local x = torch.randn(T, N, D)
  x[{1, 2}]:zero()
  x[{3, 1}]:zero()
  x[{3, 2}]:zero()
  x[{4, 2}]:zero()
  return x
end

for name, make in pairs(layers) do
  t.test(name .. ': gradients', function()
    t.near(gradients.of_module(make(), torch.randn(T, N, D)), 0, 1e-7, 'plain')
    t.near(gradients.of_module(make(), torch.randn(1, N, D)), 0, 1e-7, 'one step')
    local first = make()
    first.batchfirst = true
    t.near(gradients.of_module(first, torch.randn(N, T, D)), 0, 1e-7, 'batch first')
    local out = first:forward(torch.randn(N, T, D))
    t.eq(out:size():totable(), {N, T, H})
  end)

  t.test(name .. ': masked samples give 0 and forget', function()
    local layer, x = make():maskZero(), with_gaps()
    local out, plain = layer:forward(x), make()
    for i, p in ipairs((plain:parameters())) do p:copy(layer:parameters()[i]) end
    t.eq(out[{3, 1}]:norm() + out[{1, 2}]:norm(), 0)
    t.near((plain:forward(x:narrow(1, 4, 1))[{1, 1}] - out[{4, 1}]):abs():max(), 0)
    local g = layer:backward(x, torch.randn(T, N, H))
    t.eq(g[{3, 1}]:norm(), 0)
    -- the zeros stay zeros, so differences are taken elsewhere
    local v, filled = torch.randn(T, N, H), x:ne(0):double()
    local claimed = layer:updateGradInput(x, v):clone()
    local slope = autograd.grad(function(at) return torch.cmul(layer:forward(at), v):sum() end)(x)
    t.near((claimed - slope):cmul(filled):abs():max(), 0)
  end)

  t.test(name .. ': remember, forget and copies', function()
    local layer, x = make(), torch.randn(6, N, D)
    local whole = layer:forward(x):clone()
    layer:remember()
    layer:forget()
    local first = layer:forward(x:narrow(1, 1, 2)):clone()
    t.near((torch.cat(first, layer:forward(x:narrow(1, 3, 4)), 1) - whole):abs():max(), 0)
    layer:remember 'neither'
    t.near((layer:clone():forward(x) - whole):abs():max(), 0)
    layer:clearState()
    t.near((layer:forward(x) - whole):abs():max(), 0)
    t.near((layer:float():forward(x:float()):double() - whole):abs():max(), 0, 1e-5)
  end)
end

t.test('a gradient from behind the last step is added, once', function()
  local layer, x = nn.SeqLSTM(D, H), torch.randn(T, N, D)
  local g, last = torch.zeros(T, N, H), torch.randn(N, H)
  layer:forward(x)
  layer.gradPrevOutput = last
  layer:zeroGradParameters()
  local got, grads = layer:backward(x, g):clone(), layer.gradWeight:clone()
  t.eq(layer.gradPrevOutput, nil)
  g[T]:copy(last)
  layer:forward(x)
  layer:zeroGradParameters()
  t.near((layer:backward(x, g) - got):abs():max(), 0)
  t.near((layer.gradWeight - grads):abs():max(), 0)
end)

t.test('a masked Sequencer does as a masked layer', function()
  local x, g = with_gaps(), torch.randn(T, N, H)
  for _, layer in ipairs {nn.SeqLSTM(D, H), nn.SeqGRU(D, H)} do
    local step = layer.toGRU and layer:toGRU() or layer:toFastLSTM()
    for _, name in ipairs {'maskZero', 'trimZero'} do
      local net = step:clone()
      net = nn.Sequencer(net[name](net, 1))
      layer:maskZero()
      t.near((net:forward(x) - layer:forward(x)):abs():max(), 0, 1e-12, name)
      t.near((net:backward(x, g) - layer:backward(x, g)):abs():max(), 0, 1e-12, name)
    end
  end
end)

t.test('SeqBRNN: gradients, and the second direction sees the end first', function()
  t.near(gradients.of_module(nn.SeqBRNN(D, H), torch.randn(T, N, D)), 0, 1e-7)
  t.near(gradients.of_module(nn.SeqBRNN(D, H, true, nn.JoinTable(3)), torch.randn(N, T, D)), 0, 1e-7)
  local net, x = nn.SeqBRNN(D, H), torch.randn(T, N, D)
  local reversed = nn.SeqReverseSequence(1)
  local want = net.forwardModule:forward(x) + reversed:forward(net.backwardModule:forward(reversed:forward(x)))
  t.near((net:forward(x) - want):abs():max(), 0)
end)

t.test('SeqReverseSequence', function()
  for dim = 1, 3 do t.near(gradients.of_module(nn.SeqReverseSequence(dim), torch.randn(2, 3, 4)), 0, 1e-7) end
  t.eq(nn.SeqReverseSequence(2):forward(torch.Tensor {{1, 2, 3}}):view(-1):totable(), {3, 2, 1})
end)

-- -- Masks ------------------------------------------------------------------------------------------------------

local function check_mask(class)
  local linear = nn.Linear(D, H)
  local net, x, g = class(linear, 1), torch.randn(N, D), torch.randn(N, H)
  x[2]:zero()
  local out = net:forward(x)
  t.eq(out[2]:norm(), 0)
  t.near((out[3] - linear.weight * x[3] - linear.bias):abs():max(), 0)
  net:zeroGradParameters()
  t.eq(net:backward(x, g)[2]:norm(), 0)
  t.near((linear.gradBias - g[1] - g[3]):abs():max(), 0)
  t.eq(net:forward(torch.zeros(N, D)):norm(), 0)
  t.eq(net:backward(torch.zeros(N, D), g):norm(), 0)
  t.near((linear.gradBias - g[1] - g[3]):abs():max(), 0)
  t.eq(net:forward(torch.zeros(D)):norm(), 0)
  t.near((net:forward(x[3]) - linear.weight * x[3] - linear.bias):abs():max(), 0)
  t.raises('expected 1 dimensions, or 2 for a batch', net.forward, net, torch.ones(2, 2, 2))
end

t.test('MaskZero', function() check_mask(nn.MaskZero) end)
t.test('TrimZero', function() check_mask(nn.TrimZero) end)

t.test('masks work on an open tape', function()
  local x = torch.randn(N, D)
  x[2]:zero()
  for _, class in ipairs {nn.MaskZero, nn.TrimZero} do
    local net = class(nn.Linear(D, H), 1)
    net:forward(x)
    local want = net:backward(x, torch.ones(N, H)):clone()
    t.near((autograd.grad(function(at) return net:forward(at):sum() end)(x) - want):abs():max(), 0)
  end
end)

t.test('LookupTableMaskZero gives 0 for 0', function()
  local table = nn.LookupTableMaskZero(5, 3)
  local out = table:forward(torch.LongTensor {0, 2})
  t.eq(out[1]:norm(), 0)
  t.eq((out[2] - table.weight[3]):abs():max(), 0)
  table:zeroGradParameters()
  table:backward(torch.LongTensor {0, 2}, torch.ones(2, 3))
  t.eq(table.gradWeight[3]:sum(), 3)
end)

-- -- Criteria ---------------------------------------------------------------------------------------------------

t.test('SequencerCriterion and RepeaterCriterion add up steps', function()
  local x, y = torch.randn(T, N, D), torch.randn(T, N, D)
  t.near(gradients.of_criterion(nn.SequencerCriterion(nn.MSECriterion()), x, y), 0, 1e-7)
  t.near(gradients.of_criterion(nn.SequencerCriterion(nn.MSECriterion(), true), x, y), 0, 1e-7)
  t.near(gradients.of_criterion(nn.RepeaterCriterion(nn.MSECriterion()), x, y[1]), 0, 1e-7)
  local split = nn.SplitTable(1)
  local criterion = nn.SequencerCriterion(nn.MSECriterion())
  local loss = criterion:forward(x, y)
  t.near(criterion:forward(split:forward(x), split:forward(y)), loss)
  t.near(loss, T * nn.MSECriterion():forward(x, y))
  t.near(nn.SequencerCriterion(nn.MSECriterion(), true):forward(x, y), loss / T)
  t.raises('expected the target as a tensor of 4 steps', criterion.forward, criterion, x, y:narrow(1, 1, 2))
  local slope = autograd.grad(function(at) return criterion:forward(at, y) end)(x)
  t.near((criterion:backward(x, y) - slope):abs():max(), 0)
end)

t.test('MaskZeroCriterion leaves samples of zeros out', function()
  local criterion = nn.MaskZeroCriterion(nn.MSECriterion(), 1)
  local x, y = torch.randn(N, D), torch.randn(N, D)
  x[2]:zero()
  local kept = torch.LongTensor {1, 3}
  t.near(criterion:forward(x, y), nn.MSECriterion():forward(x:index(1, kept), y:index(1, kept)))
  local g = criterion:backward(x, y)
  t.eq(g[2]:norm(), 0)
  t.ok(g[1]:norm() > 0, 'the others have a gradient')
  t.eq(criterion:forward(torch.zeros(N, D), y), 0)
  t.eq(criterion:backward(torch.zeros(N, D), y):norm(), 0)
end)

t.test('small layers: gradients', function()
  t.near(gradients.of_module(nn.SAdd(-1, true), torch.randn(3)), 0, 1e-7)
  t.near(gradients.of_module(nn.LinearNoBias(D, H), torch.randn(N, D)), 0, 1e-7)
  t.near(gradients.of_module(nn.ExpandAs(), {torch.randn(N, D), torch.randn(1, D)}), 0, 1e-7)
  local g = torch.randn(3)
  local copy = nn.CopyGrad():backward(g, g)
  t.eq((copy - g):abs():max(), 0)
  copy:fill(0)
  t.ok(g:norm() > 0, 'the gradient is a copy')
end)

t.test('nested tables', function()
  local x = {torch.ones(2), {torch.ones(3)}}
  t.eq(rnn.recursiveSum(x), 5)
  t.ok(nn.rnn.recursiveTensorEq(x, {torch.ones(2), {torch.ones(3)}}), 'equal')
  t.ok(not rnn.recursiveTensorEq(x, {torch.ones(2), {torch.zeros(3)}}), 'different')
  t.eq(rnn.recursiveNew(x)[2][1]:nElement(), 0)
  rnn.recursiveSet({}, x)[2][1]:fill(4)
  t.eq(rnn.recursiveSum(x), 14)
  t.raises('expected tensors', rnn.recursiveSum, 'x')
end)

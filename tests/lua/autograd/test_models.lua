--- autograd.model, .module, .loss and .util, against nn's modules, formulas and finite differences.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local nn = require 'nn'

local model, loss, util = autograd.model, autograd.loss, autograd.util
local gradcheck = autograd.gradcheck {}
torch.manualSeed(1)

local function agrees(f, ...)
  local ok, worst = gradcheck(f, ...)
  if not ok then error(('the gradient is off by %g'):format(worst), 2) end
end

-- A number that depends on every element of x.
local function number(x) return torch.sum(torch.cmul(x, x)) + torch.sum(x) end

-- -- Models -----------------------------------------------------------------------------------------------------

t.test('NeuralNetwork: layers, options, gradients', function()
  local f, params, layers = model.NeuralNetwork{inputFeatures = 6, hiddenFeatures = {5, 4, 3}, activations = 'Tanh',
                                                classifier = true}
  t.eq({#params, #layers, params[3][1]:size():totable()}, {3, 6, {3, 4}})
  local x = torch.randn(2, 6)
  local by_hand = x
  for i, p in ipairs(params) do
    by_hand = by_hand * p[1]:t() + p[2]:view(1, -1):expand(2, p[2]:size(1))
    if i < 3 then by_hand = torch.tanh(by_hand) end
  end
  t.near((f(params, x) - by_hand):norm(), 0, 1e-14)
  agrees(function(p) return number(f(p, x)) end, params)
  local _, normalised, chain = model.NeuralNetwork{hiddenFeatures = {4, 2}, batchNormalization = true,
                                                   dropoutProb = 0.5}
  t.eq({#normalised, #chain}, {4, 9})
end)

t.test('SpatialNetwork and AlexNet', function()
  local f, params = model.SpatialNetwork{inputFeatures = 2, hiddenFeatures = {3, 4}, poolings = {2, 2}, kernelSize = 3,
                                         activations = 'Tanh'}
  t.eq(f(params, torch.randn(2, 8, 8)):size():totable(), {4, 2, 2})
  agrees(function(p) return number(f(p[1], p.x)) end, {params, x = torch.randn(2, 2, 8, 8)})
  local g, all, layers = model.AlexNet(3, 16, 16, {hiddenFeatures = {4, 5}, poolings = {2, 2}},
                                       {hiddenFeatures = {7, 2}})
  t.eq({#all, #layers, all[3][1]:size():totable()}, {4, 10, {7, 5 * 4 * 4}})
  t.eq(g(all, torch.randn(3, 3, 16, 16)):size():totable(), {3, 2})
  t.raises('AlexNet: inputFeatures of the classifier', model.AlexNet, 3, 8, 8, {}, {inputFeatures = 3})
end)

t.test('recurrent networks: sizes, states carried on, gradients', function()
  for _, kind in ipairs {'', 'LSTM', 'GRU', 'FW'} do
    local f, params = model['Recurrent' .. kind .. 'Network']{inputFeatures = 3, hiddenFeatures = 4, outputType = 'all'}
    for _, p in pairs(params[1]) do p:normal(0, 0.5) end
    local x = torch.randn(2, 6, 3)
    local h, state = f(params, x)
    t.eq(h:size():totable(), {2, 6, 4})
    t.eq(h:select(2, 6):totable(), state.h:totable())
    local first, middle = f(params, x:narrow(2, 1, 2))
    local second = f(params, x:narrow(2, 3, 4), middle)
    t.near((torch.cat(first, second, 2) - h):norm(), 0, 1e-14, kind)
    local last = model['Recurrent' .. kind .. 'Network']{inputFeatures = 3, hiddenFeatures = 4}
    t.near((last(params, x[1]) - state.h:narrow(1, 1, 1)):norm(), 0, 1e-14, kind)
    agrees(function(p) return number(f(p, p.x)) end, {params[1], x = x})
  end
end)

t.test('the LSTM is nn\'s steps of an LSTM', function()
  local f, params = model.RecurrentLSTMNetwork{inputFeatures = 2, hiddenFeatures = 3}
  local p, x = params[1], torch.randn(1, 2)
  p.W:normal()
  p.b:normal()
  local _, state = f(params, x, {h = torch.randn(1, 3), c = torch.ones(1, 3)})
  t.eq(state.c:size():totable(), {1, 3})
  local h = f(params, x)
  local z = torch.cat(x, torch.zeros(1, 3), 2) * p.W + p.b
  local s = torch.sigmoid(z)
  local c = torch.cmul(s:narrow(2, 1, 3), torch.tanh(z:narrow(2, 10, 3)))
  t.near((h - torch.cmul(s:narrow(2, 7, 3), torch.tanh(c))):norm(), 0, 1e-14)
end)

t.test('an LSTM with batch normalisation', function()
  local f, params, layers = model.RecurrentLSTMNetwork{inputFeatures = 2, hiddenFeatures = 3, batchNormalization = true,
                                                       maxBatchNormalizationLayers = 2}
  params[1].W:normal()
  t.eq({#layers.lstm_bn, #layers.cell_bn, params[1].lstm_bn_1:size(1)}, {2, 2, 12})
  local x = torch.randn(4, 3, 2)
  agrees(function(p) return number((f(p, x, nil, layers))) end, {{W = params[1].W, b = params[1].b,
    lstm_bn_1 = params[1].lstm_bn_1, lstm_bn_2 = params[1].lstm_bn_2, cell_bn_1 = params[1].cell_bn_1,
    cell_bn_2 = params[1].cell_bn_2}})
end)

-- -- Layers -----------------------------------------------------------------------------------------------------

t.test('LayerNormalization: rows of mean 0 and deviation 1, scaled and shifted', function()
  local f, params = autograd.module.LayerNormalization{nOutputs = 5}
  local x = torch.randn(4, 5)
  local y = f(params, x)
  t.near(y:mean(2):abs():max(), 0, 1e-14)
  t.near(torch.std(y, 2, true):add(-1):abs():max(), 0, 1e-3)
  params[1].gain:normal()
  params[1].bias:normal()
  t.near((f(params, x[2]) - f(params, x)[2]):norm(), 0, 1e-14)
  agrees(function(p) return number(f(p, p.x)) end, {params[1], x = x})
end)

t.test('SoftAttention: the mean that attention makes', function()
  for _, normalised in ipairs {false, true} do
    local f, params = autograd.module.SoftAttention{hiddenFeatures = 4, subjectFeatures = 3, subjectChoices = 5,
                                                    layerNormalization = normalised}
    for _, p in pairs(params[1]) do p:normal() end
    local subject, h = torch.randn(2, 3, 5), torch.randn(2, 4)
    local seen, focus = f(params, subject, h)
    t.near((focus:sum(2) - 1):abs():max(), 0, 1e-14)
    t.near((seen[2] - subject[2] * focus[2]):norm(), 0, 1e-14)
    local alone, its_focus = f(params, subject[1], h[1])
    t.near((alone - seen[1]):norm() + (its_focus - focus[1]):norm(), 0, 1e-14)
    agrees(function(p) return number((f(p, p.x, p.h))) end, {params[1], x = subject, h = h})
  end
end)

t.test('MaskedBatchNormalization: only what the mask shows counts', function()
  local f, params, state = autograd.module.MaskedBatchNormalization{nOutputs = 3, momentum = 1}
  params[1].gain:fill(1)
  local x, mask = torch.randn(2, 4, 3), torch.ones(2, 4, 3)
  mask[2]:narrow(1, 3, 2):zero()
  local y = f(params, x, mask, state)
  local shown = torch.cat(x[1], x[2]:narrow(1, 1, 2), 1)
  local out = torch.cat(y[1], y[2]:narrow(1, 1, 2), 1)
  t.near((state.running_mean - shown:mean(1)):norm(), 0, 1e-14)
  t.near(out:mean(1):abs():max(), 0, 1e-14)
  t.near(torch.std(out, 1, true):add(-1):abs():max(), 0, 1e-3)
  t.eq(y[2]:narrow(1, 3, 2):abs():max(), 0)
  local kept = state.running_mean
  agrees(function(p) return number(f(p, p.x, mask, {train = 0, momentum = 0.1, running_mean = kept,
                                                   running_std = state.running_std})) end, {params[1], x = x})
  t.eq(state.running_mean:totable(), kept:totable())
end)

-- -- Losses -----------------------------------------------------------------------------------------------------

t.test('losses have the values of nn\'s criteria', function()
  local out, target = torch.randn(6), torch.zeros(6)
  target[2] = 1
  local value, logs = loss.crossEntropy(out, target)
  t.near(value, nn.CrossEntropyCriterion():forward(out, 2))
  t.near(loss.logMultinomialLoss(logs, target), value)
  t.near((loss.leastSquares(out, target)), (out - target):pow(2):sum())
  local criterion = nn.BCECriterion(nil, false)
  t.near((loss.binaryCrossEntropy(out, target)), criterion:forward(torch.sigmoid(out), target), 1e-4)
  t.near(loss.logBCELoss(torch.sigmoid(out), target), criterion:forward(torch.sigmoid(out), target), 1e-6)
  t.near((loss.margin(torch.Tensor{1, 0.5, 3}, torch.Tensor{1, 0, 0})), 0.5 + 3)
  for _, name in ipairs {'crossEntropy', 'leastSquares', 'binaryCrossEntropy', 'margin'} do
    agrees(function(p) return (loss[name](p.x, target)) end, {x = out})
  end
end)

-- -- util -------------------------------------------------------------------------------------------------------

t.test('util: nested tables', function()
  local x, y, z = torch.Tensor{1}, torch.Tensor{2}, torch.Tensor{3}
  local nested = {b = {y, z}, a = x, [1] = 5}
  t.eq(util.sortedFlatten(nested), {5, x, y, z})
  local list, keys = util.sortedFlattenKeys(nested)
  t.eq({list, keys}, {{5, x, y, z}, {{1}, {'a'}, {'b', 1}, {'b', 2}}})
  t.eq(util.sortedFlatten({2, {3}}, nil, true), {2, {3}})
  t.eq(util.nestedGet(nested, {'b', 2}), z)
  util.nestedSet(nested, {'b', 2}, 'new')
  t.eq(nested.b[2], 'new')
  local copy = util.deepCopy(nested)
  assert(copy.b ~= nested.b and copy.b[1] == y)
  assert(util.shallowCopy(nested).b == nested.b)
  t.eq(util.cast({a = {x}, n = 1}, 'float').a[1]:type(), 'torch.FloatTensor')
  t.eq({util.defaultBool(nil, true), util.defaultBool(false, true)}, {true, false})
end)

t.test('util: tensors', function()
  t.eq(util.oneHot(torch.Tensor{2, 1}, 3):totable(), {{0, 1, 0}, {1, 0, 0}})
  t.eq(util.setNotEqual(torch.Tensor{1, 2}, torch.Tensor{1, 3}, 0, torch.Tensor{5, 6}):totable(), {5, 0})
  t.near((util.logSumExp(torch.Tensor{1000, 1000})), 1000 + math.log(2))
  t.near(torch.exp(util.logSoftMax(torch.randn(5))):sum(), 1)
  t.eq(util.lookup(torch.Tensor{{1, 2}, {3, 4}}, torch.LongTensor{{2, 1}}):totable(), {{{3, 4}, {1, 2}}})
  t.eq(util.fill(torch.Tensor(2), 3):totable(), {3, 3})
  t.eq(util.fillInPlace(torch.Tensor(), torch.Tensor(2), 3):totable(), {3, 3})
  t.eq(util.cat({1, 2}):totable(), {1, 2})
  t.eq(util.cat(torch.ones(1, 2), torch.zeros(1, 1)):totable(), {{1, 1, 0}})
  t.eq(util.cat({torch.ones(1, 2), torch.zeros(1, 2)}, 1):size():totable(), {2, 2})
  t.eq(util.typeAsIfNeeded(torch.Tensor(1), torch.FloatTensor()):type(), 'torch.FloatTensor')
  local dropped = util.dropout(torch.ones(1000), 0.25)
  t.near(dropped:max(), 4 / 3)
  t.eq(util.dropout(torch.ones(3)):totable(), {1, 1, 1})
  t.raises('expected a number, got a tensor of 2 elements', util.lt, torch.Tensor(2), 1)
  local parts = util.catTableGradient(torch.Tensor{{1, 2, 3}}, {torch.Tensor(1, 2), torch.Tensor(1, 1)})
  t.eq({parts[1]:totable(), parts[2]:totable()}, {{{1, 2}}, {{3}}})
  t.eq(torch.size(torch.zeros(2, 3), 2), 3)
  t.raises('clone: expected a tensor, got nothing', torch.clone)
end)

t.test('util: comparisons and pieces under a gradient', function()
  agrees(function(p)
    local s = torch.sum(p.x)
    local yes = util.lt(s, 1e6) and util.ge(s, -1e6) and util.le(s, s)
    local no = util.eq(s, 0) or util.gt(s, 1e6)
    return yes and not no and s * 3
  end, {x = torch.rand(3)})
  agrees(function(p)
    local x = util.cat({p.a, p.b, 3})
    return number(util.fill(x, torch.sum(p.x))) + number(util.selectSliceCopy(p.x, torch.zeros(3, 2), 2, 1)) +
           number(util.narrowSliceCopy(p.x, torch.zeros(5), 1, 2, 3)) + number(x) +
           number(util.indexAdd(p.x, torch.zeros(4), 1, torch.LongTensor{1, 1, 3})) +
           number(util.lookup(p.w, torch.LongTensor{2, 2, 1})) + torch.sum(util.logSoftMax(p.x) * p.a)
  end, {a = 1, b = 2, x = torch.randn(3), w = torch.randn(2, 2)})
end)

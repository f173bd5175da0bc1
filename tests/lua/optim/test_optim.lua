--- Optimisers against the iterates in expected/, and the measures beside them.
local t = require 'harness'
local torch = require 'torch'
local optim = require 'optim'

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'optim.expected.iterates'
local c = torch.DoubleTensor {0.5, 1, 2}

-- The steps on f(x) = Σ c x⁴ / 4 + x², as in expected/iterates.py.
local function walk(name, config, state)
  local x, steps = torch.DoubleTensor {1, -0.8, 0.3}, {}
  local function f(at)
    return torch.cmul(c, torch.pow(at, 4)):sum() / 4 + at:dot(at), torch.cmul(c, torch.pow(at, 3)):add(2, at)
  end
  for i = 1, 10 do
    local before = f(x)
    local y, fx = optim[name](f, x, config, state)
    assert(y == x)
    t.near(fx[1], before, 1e-15)
    steps[i] = x:totable()
  end
  return steps
end

local function check(steps, want, tolerance)
  for i, row in ipairs(want) do
    for k, v in ipairs(row) do t.near(steps[i][k], v, tolerance or 1e-13, ('step %d, element %d'):format(i, k)) end
  end
end

t.test('sgd', function()
  check(walk('sgd', {learningRate = 0.1, weightDecay = 0.01}), expected.sgd)
  check(walk('sgd', {learningRate = 0.05, momentum = 0.9}), expected.sgd_momentum)   -- dampening: as the momentum
  local nesterov = {learningRate = 0.05, momentum = 0.8, dampening = 0, nesterov = true}
  check(walk('sgd', nesterov), expected.sgd_nesterov)
  t.raises('nesterov wants', walk, 'sgd', {nesterov = true, momentum = 0.9})
end)

t.test('sgd: rates and decays of each element, and their decay', function()
  local ones = torch.ones(3)
  check(walk('sgd', {learningRate = 0.05, learningRates = ones * 2, weightDecays = ones * 0.01}), expected.sgd)
  local x = torch.DoubleTensor {1}
  local config = {learningRate = 0.1, learningRateDecay = 1}
  for _ = 1, 2 do optim.sgd(function(v) return 0, v * 3 end, x, config) end
  t.near(x[1], 0.7 * (1 - 0.3 / 2), 1e-15)
  t.eq(config.evalCounter, 2)
end)

t.test('adam', function()
  check(walk('adam', {learningRate = 0.1}), expected.adam)
  check(walk('adam', {learningRate = 0.1, learningRateDecay = 0.05, weightDecay = 0.01}), expected.adam_decayed)
end)

t.test('rmsprop', function()
  check(walk('rmsprop', {learningRate = 0.02, alpha = 0.9, epsilon = 1e-6, weightDecay = 0.1}), expected.rmsprop)
  local config = {initialMean = 4, alpha = 1, epsilon = 0, learningRate = 1}
  local x = torch.DoubleTensor {1}
  optim.rmsprop(function(v) return 0, v * 3 end, x, config)
  t.near(x[1], 1 - 3 / 2, 1e-15)
end)

t.test('what is kept goes into state, by Torch7\'s names and in the type of x', function()
  local names = {sgd = {'dfdx', 'evalCounter'}, adam = {'m', 'v', 'denom', 't'}, rmsprop = {'m', 'tmp'}}
  for name, fields in pairs(names) do
    local x, config, state = torch.FloatTensor {1}, {momentum = 0.9}, {}
    optim[name](function(v) return 0, v * 3 end, x, config, state)
    for _, field in ipairs(fields) do
      assert(config[field] == nil and state[field] ~= nil, name .. '.' .. field)
      if torch.isTensor(state[field]) then t.eq(state[field]:type(), 'torch.FloatTensor') end
    end
  end
end)

t.test('steps make no tensors', function()
  for _, name in ipairs {'sgd', 'adam', 'rmsprop'} do
    local x, g = torch.randn(1000), torch.randn(1000)
    local config = {momentum = 0.9, weightDecay = 0.1, learningRates = torch.ones(1000)}
    local function f() return 0, g end
    for _ = 1, 3 do optim[name](f, x, config) end
    local live = torch.memory().live
    collectgarbage 'stop'
    for _ = 1, 10 do optim[name](f, x, config) end
    collectgarbage 'restart'
    t.eq(torch.memory().live, live, name)
  end
end)

-- -- ConfusionMatrix --------------------------------------------------------------------------------------------

t.test('the confusion matrix counts', function()
  local m = optim.ConfusionMatrix {'a', 'b', 'c'}
  m:add(1, 1)
  m:add(torch.Tensor {0.1, 0.7, 0.2}, 1)
  m:add(torch.Tensor {0.1, 0.7, 0.2}, torch.Tensor {0, 1, 0})
  m:add(2, 0)   -- unknown
  m:batchAdd(torch.FloatTensor {{0, 0, 1}, {0, 1, 0}}, torch.LongTensor {3, 2})
  m:batchAdd(torch.LongTensor {1, 2}, torch.Tensor {{1, 0, 0}, {0, 1, 0}})
  m:batchAdd(torch.Tensor {{1}, {3}}, torch.IntTensor {{1}, {-1}})
  t.eq(m.mat:totable(), {{3, 1, 0}, {0, 3, 0}, {0, 0, 1}})
  m:updateValids()
  t.near(m.totalValid, 7 / 8)
  t.near(m.averageValid, (0.75 + 1 + 1) / 3, 1e-6)
  t.near(m.averageUnionValid, (0.75 + 0.75 + 1) / 3, 1e-6)
  m:zero()
  t.eq(m.mat:sum(), 0)
end)

t.test('the confusion matrix prints as Torch7\'s', function()
  local m = optim.ConfusionMatrix {'cat', 'dog'}
  m:batchAdd(torch.Tensor {1, 1, 2, 2}, torch.Tensor {1, 1, 1, 2})
  t.eq(tostring(m), 'ConfusionMatrix:\n' ..
    '[[       2       1]   66.667% \t[class: cat]\n' ..
    ' [       0       1]]  100.000% \t[class: dog]\n' ..
    ' + average row correct: 83.333334326744% \n' ..
    ' + average rowUcol correct (VOC measure): 58.333334326744% \n' ..
    ' + global correct: 75%')
  assert(tostring(optim.ConfusionMatrix(2)):find('[[       0       0]', 1, true))
end)

t.test('false rejections and acceptances', function()
  local m = optim.ConfusionMatrix(3)
  m:batchAdd(torch.Tensor {1, 1, 2, 2}, torch.Tensor {1, 1, 1, 2})
  local class_frrs, class_fars, frrs, fars = m:farFrr()
  t.near(class_frrs[1], 1 / 3)
  t.near(class_fars[2], 1 / 3)
  t.eq({class_frrs[3], class_fars[1], frrs:size(1), fars:size(1)}, {-1, 0, 2, 2})
end)

t.test('the confusion matrix refuses what is none of its classes, and counts nothing then', function()
  local m = optim.ConfusionMatrix(3)
  t.raises('target 4 is outside 1..3', m.batchAdd, m, torch.LongTensor {1, 1}, torch.LongTensor {1, 4})
  t.raises('prediction nan is outside 1..3', m.add, m, 0 / 0, 1)
  t.raises('prediction 1.5 is outside', m.add, m, 1.5, 1)
  t.raises('2 predictions for 1 targets', m.batchAdd, m, torch.ones(2), torch.ones(1))
  t.raises('expected a vector or a matrix as predictions', m.batchAdd, m, 1, torch.ones(1))
  t.raises('expected the count of classes', optim.ConfusionMatrix)
  t.eq(m.mat:sum(), 0)
end)

-- -- Logger -----------------------------------------------------------------------------------------------------

local function read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

t.test('the logger writes its file', function()
  local folder = os.tmpname()
  os.remove(folder)
  local path = folder .. '/runs/a.log'
  local log = optim.Logger(path):setNames {'train', 'test'}
  log:add {0.5, 0.25}
  log:add {train = 0.125, test = 'none'}
  t.eq(read(path), 'train\ttest\t\n 5.0000e-01\t 2.5000e-01\t\n 1.2500e-01\tnone\t\n')
  t.raises('there is no value for test', log.add, log, {1})
  t.raises('there is no column 3', log.add, log, {1, 2, 3})
  t.raises('expected numbers and strings, got table for 1', log.add, log, {{}, 1})
  t.raises('cannot write', optim.Logger, '/dev/null/a.log')
  os.execute(("rm -r '%s'"):format(folder))
end)

t.test('the logger takes its columns from the first row', function()
  local path = os.tmpname()
  local log = optim.Logger(path)
  log:add {test = 1, train = 2}
  log:add {train = 4, test = 3}
  t.eq(read(path), 'test\ttrain\t\n 1.0000e+00\t 2.0000e+00\t\n 3.0000e+00\t 4.0000e+00\t\n')
  os.remove(path)
end)

t.test('the logger plots through gnuplot, when asked', function()
  local calls = {}
  package.loaded.gnuplot = setmetatable({}, {__index = function(_, name)
    return function(...)
      calls[#calls + 1] = {name, ...}
      return 7
    end
  end})
  local path = os.tmpname()
  local log = optim.Logger(path):setNames {'train', 'test'}
  log:style {'-', {'+', '~'}}
  for i = 1, 3 do log:add {i, 2 * i} end
  t.eq(#calls, 0)
  log:display(false)
  log:setlogscale(true)
  log:plot('test')
  package.loaded.gnuplot = nil
  os.remove(path)
  t.eq({calls[1][1], calls[1][2], calls[2][1]}, {'epsfigure', path .. '.eps', 'logscale'})
  local curves = calls[3][2]
  t.eq({#curves, curves[1][1], curves[2][3]}, {2, 'test', '~'})
  t.eq(curves[1][2]:totable(), {2, 4, 6})
  t.raises('there is no column loss', function()
    package.loaded.gnuplot = {}
    log:plot('loss')
  end)
  package.loaded.gnuplot = nil
end)

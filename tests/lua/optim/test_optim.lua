--- Optimisers against the iterates in expected/, and the measures beside them.
local t = require 'harness'
local torch = require 'torch'
local optim = require 'optim'

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'optim.expected.iterates'
local c = torch.DoubleTensor {{0.5, 1, 2}, {1.5, 0.7, 0.1}}
local kept = {1, 2, 5, 10, 20, 50}

-- f(x) = Σ c x⁴ / 4 + x², as in expected/iterates.py
local function f(x)
  return torch.cmul(c, torch.pow(x, 4)):sum() / 4 + x:dot(x), torch.cmul(c, torch.pow(x, 3)):add(2, x)
end

local function start() return torch.DoubleTensor {{1, -0.8, 0.3}, {0.5, -1.2, 2}} end

-- Takes 50 steps and compares where the expected rows say.
local function check(name, method, config, state, tolerance)
  local x, row = start(), 1
  for i = 1, 50 do
    local before = f(x)
    local y, fx = method(f, x, config, state)
    assert(y == x)
    if name ~= 'nag' then t.near(fx[1], before, 1e-15) end
    if i == kept[row] then
      local flat = x:view(6)
      for k, v in ipairs(expected[name][row]) do
        t.near(flat[k], v, tolerance or 1e-12, ('%s: step %d, element %d'):format(name, i, k))
      end
      row = row + 1
    end
  end
end

local cases = {
  sgd = {'sgd', {learningRate = 0.1, weightDecay = 0.01}},
  sgd_momentum = {'sgd', {learningRate = 0.05, momentum = 0.9}},   -- dampening: as the momentum
  sgd_nesterov = {'sgd', {learningRate = 0.05, momentum = 0.8, dampening = 0, nesterov = true, weightDecay = 0.02}},
  adam = {'adam', {learningRate = 0.1, epsilon = 0, weightDecay = 0.01}},
  adam_decayed = {'adam', {learningRate = 0.1, learningRateDecay = 0.05, weightDecay = 0.01, epsilon = 1e-3}},
  amsgrad = {'adam', {learningRate = 0.1, epsilon = 0, amsgrad = true}},
  adamw = {'adamw', {learningRate = 0.1, weightDecay = 0.05}},
  nadam = {'nadam', {learningRate = 0.05, weightDecay = 0.01}},
  radam = {'radam', {learningRate = 0.1, weightDecay = 0.01}},
  adamax = {'adamax', {learningRate = 0.1, epsilon = 1e-30, weightDecay = 0.01}},
  lamb = {'lamb', {learningRate = 0.02}},
  rmsprop = {'rmsprop', {learningRate = 0.02, alpha = 0.9, epsilon = 1e-6, weightDecay = 0.1}},
  adagrad = {'adagrad', {learningRate = 0.1, learningRateDecay = 0.01, weightDecay = 0.01}},
  adadelta = {'adadelta', {weightDecay = 0.01}},
  adafactor = {'adafactor', {shapes = {{2, 3}}}},
  rprop = {'rprop', {}},
  asgd = {'asgd', {eta0 = 0.05, lambda = 1e-2, t0 = 5}},
  nag = {'nag', {learningRate = 0.05, momentum = 0.8, weightDecay = 0.01}},
}
for name, case in pairs(cases) do
  t.test(name .. ' goes where it is expected', function() check(name, optim[case[1]], case[2]) end)
end

t.test('lookahead goes where it is expected', function()
  check('lookahead', optim.lookahead(optim.sgd), {learningRate = 0.1, k = 3})
end)

t.test('every expected walk is walked', function()
  for name in pairs(expected) do assert(cases[name] or name == 'lookahead' or name == 'lbfgs', name) end
end)

t.test('sgd: rates and decays of each element, and their decay', function()
  local ones = torch.ones(2, 3)
  local function steps(config)
    check('sgd', optim.sgd, config)
  end
  steps {learningRate = 0.05, learningRates = ones * 2, weightDecays = ones * 0.01}
  steps {learningRate = 0.05, learningRates = ones * 2, weightDecay = 0.01}
  check('sgd_nesterov', optim.sgd, {learningRate = 0.025, learningRates = ones * 2, momentum = 0.8, dampening = 0,
                                    nesterov = true, weightDecay = 0.02})
  check('nag', optim.nag, {learningRate = 0.025, learningRates = ones * 2, momentum = 0.8, weightDecay = 0.01})
  local x = torch.DoubleTensor {1}
  local config = {learningRate = 0.1, learningRateDecay = 1}
  for _ = 1, 2 do optim.sgd(function(v) return 0, v * 3 end, x, config) end
  t.near(x[1], 0.7 * (1 - 0.3 / 2), 1e-15)
  t.eq(config.evalCounter, 2)
end)

t.test('what cannot be: nesterov with dampening, nag without momentum, a sigma that is missing', function()
  t.raises('nesterov wants', optim.sgd, f, start(), {nesterov = true, momentum = 0.9})
  t.raises('nag: expected a momentum', optim.nag, f, start(), {momentum = 0})
  t.raises('cmaes: expected sigma', optim.cmaes, f, start(), {})
  t.raises('de: expected config.maxFEs', optim.de, f, start(), {scaleFactor = 1, crossoverRate = 1})
end)

t.test('a step wants a gradient of x\'s type and size, and leaves x alone otherwise', function()
  local x = torch.DoubleTensor {1, 2}
  t.raises('sgd_step: expected tensors of one type, got double and float', optim.sgd, function()
    return 0, torch.FloatTensor {1, 2}
  end, x, {momentum = 0.9})
  t.raises('adam_step: expected the gradient to have the sizes of x, 2, got 3', optim.adam, function()
    return 0, torch.DoubleTensor {1, 2, 3}
  end, x)
  t.raises('share memory', optim.rmsprop, function(v) return 0, v end, x)
  t.eq(x:totable(), {1, 2})
end)

t.test('parameters that are no packed tensor, in every floating type', function()
  for _, name in ipairs {'Double', 'Float', 'Half', 'BFloat16'} do
    local wide = torch[name .. 'Tensor'](3, 4):fill(1)
    local x, config = wide:t():narrow(1, 2, 2), {learningRate = 0.25, momentum = 0.5, dampening = 0}
    for _ = 1, 2 do optim.sgd(function(v) return 0, v * 1 end, x, config) end
    t.eq(x:double():totable(), {{0.4375, 0.4375, 0.4375}, {0.4375, 0.4375, 0.4375}}, name)
    t.eq(wide:double()[1][1], 1)
  end
end)

t.test('what is kept goes into state, by Torch7\'s names and in the type of x', function()
  local names = {sgd = {'dfdx', 'evalCounter'}, adam = {'m', 'v', 't'}, rmsprop = {'m'}, nag = {'dfdx', 'evalCounter'},
                 adagrad = {'paramVariance', 'evalCounter'}, adadelta = {'paramVariance', 'accDelta', 'evalCounter'},
                 adamax = {'m', 'u', 't'}, asgd = {'ax', 'eta_t', 'mu_t', 't'}, rprop = {'delta', 'stepsize'}}
  for name, fields in pairs(names) do
    local x, config, state = torch.FloatTensor {1}, {momentum = 0.9}, {}
    optim[name](function(v) return 0, v * 3 end, x, config, state)
    for _, field in ipairs(fields) do
      assert(config[field] == nil and state[field] ~= nil, name .. '.' .. field)
      if torch.isTensor(state[field]) then t.eq(state[field]:type(), 'torch.FloatTensor') end
    end
  end
end)

t.test('a state saved and loaded goes on to the same bits', function()
  for name, case in pairs(cases) do
    local method, x, state = optim[case[1]], start(), {}
    for _ = 1, 7 do method(f, x, case[2], state) end
    local again = torch.deserialize(torch.serialize {x = x, state = state})
    for _ = 1, 7 do
      method(f, x, case[2], state)
      method(f, again.x, case[2], again.state)
    end
    t.eq(again.x:totable(), x:totable(), name)
  end
end)

t.test('steps make no tensors', function()
  local composed = {adafactor = true, lamb = true}   -- views of the layers
  for name, case in pairs(cases) do
    local x, g = torch.randn(6), torch.randn(6)
    local config = setmetatable({shapes = {{6}}}, {__index = case[2]})
    local function fixed() return 0, g end
    for _ = 1, 3 do optim[case[1]](fixed, x, config) end
    for _ = 1, 2 do collectgarbage() end -- the second frees what the first's finalisers let go of
    collectgarbage 'stop'
    local live = torch.memory().live
    for _ = 1, 10 do optim[case[1]](fixed, x, config) end
    collectgarbage 'restart'
    if not composed[case[1]] then t.eq(torch.memory().live, live, name) end
  end
end)

-- -- Searches ---------------------------------------------------------------------------------------------------

-- Rosenbrock's valley: least, 0, at (1, 1)
local function valley(x)
  local a, b = x[1], x[2]
  local bend = b - a * a
  return (1 - a) ^ 2 + 100 * bend ^ 2, torch.DoubleTensor {2 * (a - 1) - 400 * a * bend, 200 * bend}
end

t.test('lbfgs without a line search goes where it is expected', function()
  local x, config = start():view(6), {maxIter = 15, learningRate = 0.5, nCorrection = 4, tolFun = 0, tolX = -1}
  local function flat(at)
    local value, g = f(at:view(2, 3))
    return value, g:view(6)
  end
  optim.lbfgs(flat, x, config)
  for k, v in ipairs(expected.lbfgs[1]) do t.near(x[k], v, 1e-9, 'element ' .. k) end
end)

for name, run in pairs {
  ['lbfgs with lswolfe'] = function(x) return optim.lbfgs(valley, x, {maxIter = 100, maxEval = 1000, tolX = 1e-14,
                                                                     lineSearch = optim.lswolfe}) end,
  cg = function(x) return optim.cg(valley, x, {maxIter = 100, maxEval = 400}) end,
} do
  t.test(name .. ' finds the end of Rosenbrock\'s valley', function()
    local x = torch.DoubleTensor {-1.2, 1}
    local _, values = run(x)
    t.near(x[1], 1, 1e-4)
    t.near(x[2], 1, 1e-4)
    assert(values[#values] < 1e-8 and values[1] > 24)
  end)
end

t.test('de and cmaes find it without a gradient', function()
  local function value(x) return (valley(x)) end
  local best, seen = optim.de(value, torch.DoubleTensor {-1.2, 1},
                              {scaleFactor = 0.7, crossoverRate = 0.9, maxFEs = 4000, popsize = 40, minRegion = -5,
                               maxRegion = 5})
  t.near(best[1], 1, 1e-3)
  t.eq(seen:size(1), 4000)
  if not torch.symeig then t.skip('torch.symeig is not there') end
  torch.manualSeed(3)
  local point, values, count = optim.cmaes(value, torch.DoubleTensor {-1.2, 1}, {sigma = 0.5, maxEval = 6000})
  t.near(point[1], 1, 1e-3)
  assert(values[#values] < 1e-8 and count <= 6006)
end)

t.test('FistaLS solves a sparse regression', function()
  torch.manualSeed(1)
  local a, truth = torch.randn(20, 8), torch.DoubleTensor {0, 3, 0, 0, -2, 0, 0, 0}
  local b, weight = a * truth, 0.5
  local function smooth(x)
    local r = a * x - b
    return r:dot(r) / 2, a:t() * r
  end
  local function simple(x) return weight * x:norm(1) end
  local function shrink(x, L)
    x:copy(torch.cmul(torch.sign(x), torch.cmax(torch.abs(x) - weight / L, 0)))
  end
  for _, momentum in ipairs {true, false} do
    local x = torch.zeros(8)
    local y, history = optim.FistaLS(smooth, simple, shrink, x,
                                     {maxiter = 400, errthres = 1e-12, doFistaUpdate = momentum})
    t.eq(y:totable(), x:totable())
    assert(history[#history].F <= history[2].F)
    for k = 1, 8 do
      -- at the least, the gradient is the weight's, with the other sign, where x is not 0, and within it elsewhere
      local _, g = smooth(x)
      local want = x[k] > 0 and -weight or x[k] < 0 and weight or math.max(-weight, math.min(weight, g[k]))
      t.near(g[k], want, 1e-3)
    end
  end
end)

t.test('polyinterp: the least of a cubic, and of a polynomial through three points', function()
  -- x³ − 3x: least at 1 between 0 and 3
  local function row(x) return {x, x ^ 3 - 3 * x, 3 * x * x - 3} end
  t.near((optim.polyinterp(torch.DoubleTensor {row(0), row(3)})), 1, 1e-12)
  t.near((optim.polyinterp(torch.DoubleTensor {row(0), row(3)}, 0.5, 2)), 1, 1e-12)
  t.near((optim.polyinterp(torch.DoubleTensor {row(0), row(3)}, 1.5, 2)), 1.5, 1e-12)
  if not torch.eig then t.skip('torch.eig is not there') end
  local place, value = optim.polyinterp(torch.DoubleTensor {row(-0.5), row(0), row(3)})
  t.near(place, 1, 1e-9)
  t.near(value, -2, 1e-9)
end)

t.test('checkgrad', function()
  local x = torch.DoubleTensor {0.3, 0.4}
  local gap, claimed, differences = optim.checkgrad(valley, x)
  assert(gap < 1e-8 and claimed:nElement() == 2 and differences:nElement() == 2)
  t.eq(x:totable(), {0.3, 0.4})
  assert(optim.checkgrad(function(v) return (valley(v)), torch.DoubleTensor {1, 1} end, x) > 0.1)
end)

-- -- What accompanies steps -------------------------------------------------------------------------------------

t.test('groups: each part with its own settings', function()
  require 'nn'
  local net = nn.Sequential():add(nn.Linear(3, 2)):add(nn.Linear(2, 1))
  local x = net:getParameters()
  x:fill(1)
  local g = torch.ones(x:nElement())
  local step = optim.groups(optim.sgd, {{parameters = net:get(1):parameters(), learningRate = 0.5},
                                        {parameters = {net:get(2).weight}}})
  local state = {}
  step(function() return 0, g end, x, {learningRate = 0.25}, state)
  t.eq(x:totable(), {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 1})
  t.eq(#state.groups, 2)
  t.raises('no part of x', optim.groups(optim.sgd, {{parameters = {torch.ones(2)}}}), f, x, {}, {})
end)

t.test('gradients are clipped by norm and by value', function()
  local g = torch.DoubleTensor {3, -4}
  t.eq(optim.clipGradNorm(g, 10), 5)
  t.eq(g:totable(), {3, -4})
  t.eq(optim.clipGradNorm(g, 1), 5)
  t.near(g:norm(), 1)
  t.eq(optim.clipGradValue(torch.DoubleTensor {3, -4, 0.5}, 1):totable(), {1, -1, 0.5})
  t.raises('above 0', optim.clipGradNorm, g, 0)
end)

t.test('averages of weights', function()
  local x = torch.DoubleTensor {4}
  local ema, swa = optim.ema(x, 0.75), optim.swa(x)
  for _, v in ipairs {8, 0} do
    x:fill(v)
    ema:update()
    swa:update()
  end
  t.eq({ema.x[1], swa.x[1], swa.count}, {3.75, 4, 2})
  ema:swap()
  t.eq({x[1], ema.x[1]}, {3.75, 0})
end)

t.test('schedules', function()
  local function rates(kind, settings, ...)
    settings.rate = 1
    local schedule, list = optim.schedule(kind, settings), {}
    for i, n in ipairs {...} do list[i] = schedule(n) end
    return list
  end
  local function near(got, want)
    for i, v in ipairs(want) do t.near(got[i], v, 1e-12, 'place ' .. i) end
  end
  near(rates('step', {every = 10}, 0, 9, 10, 25), {1, 1, 0.1, 0.01})
  near(rates('multistep', {at = {3, 5}, gamma = 0.5}, 2, 3, 5), {1, 0.5, 0.25})
  near(rates('exponential', {gamma = 0.5}, 0, 3), {1, 0.125})
  near(rates('inverse', {decay = 1}, 0, 3), {1, 0.25})
  near(rates('linear', {steps = 10, floor = 0.2}, 0, 5, 10, 20), {1, 0.6, 0.2, 0.2})
  near(rates('cosine', {steps = 10, warmup = 2}, 0, 1, 2, 7, 12), {0.5, 1, 1, 0.5, 0})
  near(rates('cosine', {steps = 10, cycles = 2}, 0, 5, 10), {1, 1, 0})
  near(rates('noam', {model = 4, climb = 10}, 0, 9, 39), {0.5 * 10 ^ -1.5, 0.5 * 10 ^ -0.5, 0.5 * 40 ^ -0.5})
  -- torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10) of PyTorch 2.15
  near(rates('onecycle', {steps = 10}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
       {0.04, 0.52, 1, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893, 0.38874197806371075,
        0.18825834605023697, 0.049519367986526286, 4e-06})
  local plateau = optim.schedule('plateau', {rate = 1, patience = 1, gamma = 0.5})
  local falls = {}
  for i, loss in ipairs {3, 2, 2, 2, 1, 1, 1} do falls[i] = plateau:report(loss) end
  t.eq(falls, {false, false, false, true, false, false, true})
  t.eq(torch.deserialize(torch.serialize(plateau))(0), 0.25)
  t.raises('schedule: expected one of constant, cosine', optim.schedule, 'sine', {rate = 1})
  t.raises('step needs every', optim.schedule, 'step', {rate = 1})
  t.raises('step knows no evry', optim.schedule, 'step', {rate = 1, every = 1, evry = 2})
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

--- Outputs and gradients of modules against those that PyTorch computed (see expected/), and first weights against
-- those that Torch7 drew.
local t = require 'harness'
local torch = require 'torch'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'nn.expected.layers'

-- Element i (from 0) of the k-th tensor is 1.3 sin(0.7 i + k), as in expected/layers.py.
local function wave(k, ...)
  local x = torch.Tensor(...)
  local flat = x:view(x:nElement())
  for i = 0, flat:size(1) - 1 do flat[i + 1] = 1.3 * math.sin(0.7 * i + k) end
  return x
end

local function check(what, got, want, tolerance)
  got = got:contiguous():view(got:nElement())
  t.eq(got:size(1), #want, what)
  for i, v in ipairs(want) do t.near(got[i], v, tolerance or 1e-12, ('%s, element %d'):format(what, i)) end
end

-- module with its parameters set to waves 2, 3, …; the input is wave 1 and the gradient of the output wave 9
local function check_module(name, module, ...)
  local want, x = expected[name], wave(1, ...)
  local parameters, grads = module:parameters()
  for i, p in ipairs(parameters or {}) do p:copy(wave(i + 1, p:size())) end
  module:zeroGradParameters()
  local out = module:forward(x)
  t.eq(out:size():totable(), want.sizes)
  check('output', out, want.output)
  check('gradInput', module:backward(x, wave(9, out:size())), want.grads[1])
  for i, g in ipairs(grads or {}) do check('gradient ' .. i, g, want.grads[i + 1]) end
end

local cases = {
  {'linear', nn.Linear(4, 2), 3, 4},
  {'conv', nn.SpatialConvolution(2, 3, 2, 3), 2, 2, 5, 4},
  {'conv_strided', nn.SpatialConvolution(2, 3, 2, 3, 1, 2, 2, 1), 2, 2, 5, 4},
  {'max_pool', nn.SpatialMaxPooling(3, 2, 2, 2, 1, 1):ceil(), 2, 2, 5, 6},
  {'average_pool', nn.SpatialAveragePooling(3, 2, 2, 2, 1, 1), 2, 2, 5, 6},
  {'average_pool_ceil', nn.SpatialAveragePooling(3, 2, 2, 2, 1, 0):ceil(), 2, 2, 5, 6},
  {'average_pool_inside', nn.SpatialAveragePooling(3, 2, 2, 2, 1, 1):setCountExcludePad(), 2, 2, 5, 6},
  {'batch_norm', nn.SpatialBatchNormalization(3, 1e-3), 4, 3, 2, 2},
  {'soft_max', nn.SoftMax(), 3, 4},
  {'log_soft_max', nn.LogSoftMax(), 2, 3, 2, 2},
  {'threshold', nn.Threshold(0.3, -0.2), 3, 4},
}

for _, case in ipairs(cases) do
  t.test(case[1], function() check_module(unpack(case)) end)
end

local weights, target = torch.Tensor {1, 0.5, 2, 3}, torch.LongTensor {2, 4, 1}

local criteria = {
  mse = {nn.MSECriterion(), wave(5, 3, 4)},
  nll = {nn.ClassNLLCriterion(), target},
  nll_weighted = {nn.ClassNLLCriterion(weights), target},
  nll_ignoring = {nn.ClassNLLCriterion(weights, true, 4), target},
  cross_entropy = {nn.CrossEntropyCriterion(weights, false), target},
}

for name, case in pairs(criteria) do
  t.test(name, function()
    local criterion, goal = case[1], case[2]
    local want, x = expected[name], wave(1, 3, 4)
    local loss = criterion:forward(x, goal)
    t.near(loss, want.output[1], 1e-12)
    check('gradInput', criterion:backward(x, goal):mul(wave(9, 1)[1]), want.grads[1])
    t.near(criterion:clone():float():forward(x:float(), goal:float()), loss, 1e-5)
  end)
end

-- -- Torch7's own numbers ---------------------------------------------------------------------------------------

local data = '../shared/data/torch7/'

local function open(name)
  local file = io.open(data .. name)
  if not file then t.skip(name .. ' is not there') end
  return file
end

t.test('first weights are those that Torch7 draws', function()
  local make = {
    Linear_init = function() return nn.Linear(3, 2) end,
    Conv_init = function() return nn.SpatialConvolution(1, 1, 2, 2) end,
  }
  local file, rows = open('golden_rng.txt'), 0
  for line in file:lines() do
    local name, seed, values = line:match('^(%w+_init)@(%d+) (.*)$')
    if make[name] then
      torch.manualSeed(tonumber(seed))
      local weight = make[name]().weight
      local flat, i = weight:view(weight:nElement()), 0
      for v in values:gmatch('%S+') do
        i = i + 1
        t.near(flat[i], tonumber(v), 1e-15)
      end
      rows = rows + 1
    end
  end
  file:close()
  t.eq(rows, 6)
end)

t.test('a net that Torch7 saved gives what it should', function()
  open('convnet.t7'):close()
  local saved, want = torch.load(data .. 'convnet.t7'), require 'nn.expected.convnet'
  local out = saved.model:forward(saved.x)
  for i = 1, 2 do
    for k = 1, 10 do t.near(out[i][k], want[i][k], 1e-12) end
  end
  saved.model:training()
  saved.model:forward(saved.x)
  t.eq(saved.model:backward(saved.x, torch.randn(2, 10)):size():totable(), {2, 3, 8, 8})
end)

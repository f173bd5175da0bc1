--- Modules that learn from rewards, and the criteria that give them.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
require 'dpnn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(2)

-- The module's gradients are −reward times the slope of the log-probability of what it drew, by differences.
local function check_slopes(module, input, log_p, rewards)
  local output = module:forward(input):clone()
  module:reinforce(rewards)
  local grads = module:backward(input, output)
  local tensors = torch.isTensor(input) and {input} or input
  grads = torch.isTensor(grads) and {grads} or grads
  for k, x in ipairs(tensors) do
    local flat, g, e = x:view(-1), grads[k]:contiguous():view(-1), 1e-6
    for i = 1, flat:size(1) do
      local keep = flat[i]
      local function at(v)
        flat[i] = v
        local sum = 0
        for n = 1, output:size(1) do sum = sum + rewards[n] * log_p(input, output, n) end
        return sum
      end
      local slope = (at(keep + e) - at(keep - e)) / (2 * e)
      flat[i] = keep
      t.near(g[i], -slope, 1e-5, ('input %d, element %d'):format(k, i))
    end
  end
end

local rewards = torch.Tensor {1, -0.5, 2}

t.test('ReinforceNormal', function()
  local function log_p(input, x, n)
    local sum = 0
    for j = 1, 2 do
      local mean, s = input[1][n][j], input[2][n][j]
      sum = sum - (x[n][j] - mean) ^ 2 / (2 * s * s) - math.log(s)
    end
    return sum
  end
  check_slopes(nn.ReinforceNormal(), {torch.randn(3, 2), torch.rand(3, 2) + 0.5}, log_p, rewards)
  local function fixed(input, x, n) return log_p({input, torch.Tensor(3, 2):fill(0.7)}, x, n) end
  check_slopes(nn.ReinforceNormal(0.7), torch.randn(3, 2), fixed, rewards)
  check_slopes(nn.ReinforceNormal(torch.Tensor(1, 2):fill(0.7)), torch.randn(3, 2), fixed, rewards)
end)

t.test('ReinforceBernoulli', function()
  check_slopes(nn.ReinforceBernoulli(), torch.rand(3, 2) * 0.8 + 0.1, function(p, x, n)
    local sum = 0
    for j = 1, 2 do sum = sum + math.log(x[n][j] == 1 and p[n][j] or 1 - p[n][j]) end
    return sum
  end, rewards)
end)

t.test('ReinforceCategorical', function()
  check_slopes(nn.ReinforceCategorical(), torch.rand(3, 4) + 0.1, function(p, x, n)
    return math.log(p[n]:dot(x[n]))
  end, rewards)
  local rows = nn.ReinforceCategorical():forward(torch.rand(50, 4)):sum(2)
  t.eq({rows:min(), rows:max()}, {1, 1})
end)

-- log Γ by Stirling's series, moved up to where it is exact
local function log_gamma(x)
  local shift = 0
  while x < 15 do
    shift, x = shift - math.log(x), x + 1
  end
  return shift + (x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi) + 1 / (12 * x) - 1 / (360 * x ^ 3)
end

t.test('ReinforceGamma', function()
  local function log_p(input, x, n)
    local sum = 0
    for j = 1, 2 do
      local k, s = input[1][n][j], input[2][n][j]
      sum = sum + (k - 1) * math.log(x[n][j]) - x[n][j] / s - log_gamma(k) - k * math.log(s)
    end
    return sum
  end
  check_slopes(nn.ReinforceGamma(), {torch.rand(3, 2) * 2 + 0.4, torch.rand(3, 2) + 0.5}, log_p, rewards)
  local x = nn.ReinforceGamma(2):forward(torch.Tensor(4000, 1):fill(0.6))
  t.near(x:mean(), 1.2, 0.1)
  t.near(x:var(), 2.4, 0.25)
end)

t.test('evaluating gives the mean, unless stochastic', function()
  local x = torch.rand(3, 2)
  for _, module in ipairs {nn.ReinforceNormal(1), nn.ReinforceBernoulli(), nn.ReinforceCategorical()} do
    module:evaluate()
    t.eq((module:forward(x) - x):abs():max(), 0)
    module.stochastic = true
    t.ok((module:forward(x) - x):abs():max() > 0, 'a draw')
  end
end)

t.test('on an open tape the gradient is the reward\'s as well', function()
  local module, x = nn.ReinforceNormal(0.5), torch.randn(3, 2)
  module:reinforce(rewards)
  local out
  local g = autograd.grad(function(at)
    out = module:forward(at)
    return out:sum()
  end)(x)
  local want = torch.cmul(out - x, rewards:view(3, 1):expand(3, 2)):mul(-1 / 0.25)
  t.near((g - want):abs():max(), 0)
end)

t.test('a reward is wanted, one for each sample', function()
  local module, x = nn.ReinforceBernoulli(), torch.rand(3, 2)
  module:forward(x)
  t.raises('no reward has been given', module.backward, module, x, x)
  module:reinforce(torch.ones(2))
  t.raises('2 rewards for an input of sizes 3x2', module.backward, module, x, x)
end)

t.test('VRClassReward rewards what is found, minus the baseline', function()
  local drawer = nn.ReinforceBernoulli()
  local criterion = nn.VRClassReward(nn.Sequential():add(drawer), 2)
  local input = {torch.Tensor {{1, 2}, {5, 1}, {0, 3}}, torch.Tensor {{0.5}, {1}, {0}}}
  local target = torch.IntTensor {2, 2, 2}
  t.near(criterion:forward(input, target), -4 / 3)
  local g = criterion:backward(input, target)
  t.eq(g[1]:abs():max(), 0)
  local want = {1.5 / 3, -1 / 3, 2 / 3}
  for i = 1, 3 do t.near(drawer.reward[i], want[i]) end
  local by_baseline = {2 / 3 * (0.5 - 2), 2 / 3 * 1, 2 / 3 * -2}
  for i = 1, 3 do t.near(g[2][i][1], by_baseline[i]) end
  t.raises('expected a module to reward', nn.VRClassReward)
end)

t.test('BinaryClassReward takes scores above a half as 1', function()
  local drawer = nn.ReinforceBernoulli()
  local criterion = nn.BinaryClassReward(drawer)
  local input, target = {torch.Tensor {0.7, 0.2, 0.9}, torch.zeros(3, 1)}, torch.LongTensor {1, 1, 0}
  t.near(criterion:forward(input, target), -1 / 3)
  criterion:backward(input, target)
  t.eq(drawer.reward:mul(3):totable(), {1, 0, 0})
end)

--- Normalisation and activations from after Torch7: what they keep, what they refuse, and their noise.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return torch.abs(a - b):max() end

t.test('InstanceNorm: running values follow, and serve when evaluating', function()
  local module, x = nn.InstanceNorm(2, 0, 0.25, true, true), torch.randn(3, 2, 4, 5)
  local before = module:forward(x):clone()
  for c = 1, 2 do
    local mean, var = 0, 0
    for i = 1, 3 do
      local plane = x[i][c]:clone():view(20)
      t.near(before[i][c]:mean(), 0, 1e-12)
      mean, var = mean + plane:mean() / 3, var + plane:var() / 3
    end
    t.near(module.running_mean[c], 0.25 * mean, 1e-12)
    t.near(module.running_var[c], 0.75 + 0.25 * var, 1e-12)
  end
  local kept = module.running_mean:clone()
  module:backward(torch.randn(3, 2, 4, 5), x)   -- going back on another input teaches nothing
  t.eq(gap(module.running_mean, kept), 0)
  module:evaluate()
  local out = module:forward(x)
  t.near(out[2][1][3][4], (x[2][1][3][4] - kept[1]) / math.sqrt(module.running_var[1]), 1e-12)
  t.eq(gap(module.running_mean, kept), 0)
  module:training()
  t.raises('one element a channel has no variance', module.forward, module, torch.ones(3, 2, 1))
  module:reset()
  t.eq({module.running_mean:sum(), module.running_var:sum()}, {0, 2})
end)

t.test('without running values, evaluating changes nothing', function()
  local module, x = nn.InstanceNorm(2), torch.randn(3, 2, 4)
  local before = module:forward(x):clone()
  module:evaluate()
  t.eq(gap(module:forward(x), before), 0)
  t.eq(module.running_mean, nil)
end)

t.test('groups, channels and shapes that do not fit are refused', function()
  t.raises('5 channels do not make 2 groups', nn.GroupNorm, 2, 5)
  t.raises('nn.GroupNorm: expected Nx4, got 2x3', function() nn.GroupNorm(2, 4):forward(torch.ones(2, 3)) end)
  t.raises('nn.InstanceNorm: expected Nx4x..., got 2x4', function() nn.InstanceNorm(4):forward(torch.ones(2, 4)) end)
  for size, text in pairs {[torch.ones(2, 4)] = '2x4', [torch.ones(4)] = '4'} do
    t.raises('nn.LayerNorm: expected last sizes 3x4, got ' .. text, function() nn.LayerNorm {3, 4}:forward(size) end)
  end
  local module = nn.LayerNorm(torch.LongStorage {2, 2})
  t.eq(module:forward(torch.randn(2, 2)):size():totable(), {2, 2})
  t.eq(nn.GroupNorm(2, 4, 1e-5, false):parameters(), nil)
end)

t.test('a layer norm of far numbers keeps its precision', function()
  local x = torch.Tensor {{1e8 + 1, 1e8 + 2, 1e8 + 3}}
  local out = nn.LayerNorm(3, 0):forward(x)
  t.near(out[1][3], math.sqrt(1.5), 1e-7)
end)

t.test('the fused backward of layer norm and its rule agree through a net', function()
  local net = nn.Sequential():add(nn.Linear(4, 6)):add(nn.LayerNorm(6)):add(nn.GELU()):add(nn.Linear(6, 1))
  local x = torch.randn(3, 4)
  local g = net:backward(x, net:forward(x):clone():fill(1)):clone()
  local twice = autograd.grad(function(a)
    return autograd.grad(function(b) return net:forward(b):sum() end)(a):sum()
  end)
  twice(x)   -- it can be differentiated again
  t.near(gap(autograd.grad(function(a) return net:forward(a):sum() end)(x), g), 0, 1e-14)
end)

t.test('alpha dropout keeps mean and variance; evaluating, it does nothing', function()
  torch.manualSeed(4)
  local module, x = nn.AlphaDropout(0.3), torch.randn(40000)
  local out = module:forward(x)
  t.near(out:mean(), 0, 0.02)
  t.near(out:var(), 1, 0.03)
  local dropped, kept = 0, nil
  for i = 1, 200 do
    if module.noise[i] == 0 then dropped = out[i] else kept = i end
  end
  local g = module:backward(x, torch.ones(40000))
  for i = 1, 200 do t.eq(g[i] == 0, module.noise[i] == 0) end
  local scale = g[kept]
  t.near(out[kept] - scale * x[kept], dropped - scale * -1.7580993408473766, 1e-12)
  t.near(module.noise:mean(), 0.7, 0.02)
  module:evaluate()
  t.eq(gap(module:forward(x), x), 0)
  t.raises('expected a probability', module.setp, module, 1)
end)

t.test('SELU keeps normal inputs normal', function()
  torch.manualSeed(4)
  local out = nn.SELU():forward(torch.randn(40000))
  t.near(out:mean(), 0, 0.02)
  t.near(out:var(), 1, 0.03)
end)

t.test('GELU keeps its precision far below 0', function()
  t.near(nn.GELU():forward(torch.Tensor {-10})[1] / (-10 * 7.61985302416047e-24), 1, 1e-9)
  t.raises('expected none or tanh, got sigmoid', nn.GELU, 'sigmoid')
end)

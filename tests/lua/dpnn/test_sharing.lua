--- Clones that share parameters, saving without buffers, and what is done with all parameters at once.
local t = require 'harness'
local torch = require 'torch'
require 'dpnn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(1)

local function net() return nn.Sequential():extend(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)) end

local function share_memory(a, b)
  local p, q = a:parameters(), b:parameters()
  t.eq(#p, #q)
  for i = 1, #p do
    p[i]:fill(i)
    if q[i]:min() ~= i or q[i]:max() ~= i then return false end
  end
  return true
end

t.test('a shared clone has the parameters and gradients, and outputs of its own', function()
  local a = net()
  local b, x, y = a:sharedClone(), torch.randn(5, 3), torch.randn(5, 3)
  local out = a:forward(x)
  local kept = out:clone()
  b:forward(y)
  t.eq((out - kept):abs():max(), 0)
  b:zeroGradParameters()
  b:backward(y, torch.ones(5, 2))
  local _, ga = a:parameters()
  local _, gb = b:parameters()
  for i = 1, #ga do t.eq((ga[i] - gb[i]):abs():max(), 0) end
  t.ok(share_memory(a, b), 'parameters are shared')
end)

t.test('parameters and gradients are shared as asked', function()
  local a = net()
  local b, c = a:sharedClone(false, true), a:sharedClone(true, false)
  t.ok(not share_memory(a, b), 'parameters are apart')
  t.ok(share_memory(a, c), 'parameters are shared')
  local _, ga = a:parameters()
  local _, gb = b:parameters()
  local _, gc = c:parameters()
  ga[1]:fill(7)
  t.eq(gb[1]:min(), 7)
  t.ok(gc[1]:max() ~= 7, 'gradients are apart')
end)

t.test('what is shared within a net is shared within its clones', function()
  local a = nn.Linear(3, 3)
  local both = nn.Sequential():add(a):add(a:sharedClone())
  for _, copy in ipairs {both:clone(), both:sharedClone(false, false)} do
    copy:get(1).weight:fill(5)
    t.eq(copy:get(2).weight:min(), 5)
    t.ok(a.weight:max() ~= 5, 'the original stays')
  end
end)

t.test('batch normalisation shares its running means', function()
  local a = nn.BatchNormalization(3)
  local b = a:sharedClone()
  a:forward(torch.randn(8, 3) + 4)
  t.eq((a.running_mean - b.running_mean):abs():max(), 0)
end)

t.test('getParameters finds clones kept in fields', function()
  local a = nn.Linear(2, 2)
  a.twin = a:sharedClone()
  local flat = a:getParameters()
  t.eq(flat:nElement(), 6)
  flat:fill(3)
  t.eq(a.twin.weight:min(), 3)
end)

t.test('Serial saves without buffers, and with another type', function()
  local a = net():Serial('torch.FloatTensor')
  local x = torch.randn(5, 3)
  local out = a:forward(x):clone()
  local kept = a:clone()
  t.eq(kept.modules[1].output:nElement(), 10)
  for _, mode in ipairs {'mediumSerial', 'lightSerial'} do
    local copy = a[mode](a):clone()
    t.eq(copy.modules[1].output:nElement(), 0)
    t.eq(copy.modules[1]:get(1).weight:type(), 'torch.FloatTensor')
    t.eq(copy.modules[1]:get(1).gradWeight:nElement(), mode == 'lightSerial' and 0 or 12)
    t.near((copy:forward(x:float()):double() - out):abs():max(), 0, 1e-6)
  end
  t.eq((a:forward(x) - out):abs():max(), 0)
  t.eq(a.modules[1]:get(1).weight:type(), 'torch.DoubleTensor')
  t.raises('Serial: expected the name of a tensor type', nn.Serial, net(), 'torch')
end)

t.test('gradParamClip shrinks to a norm, all together or each module', function()
  local a = net()
  local _, g = a:getParameters()
  g:fill(2)
  local norm = g:norm()
  t.near(a:gradParamClip(2 * norm), norm)
  t.near(g:norm(), norm)
  t.near(a:gradParamClip(1), norm)
  t.near(g:norm(), 1)
  g:fill(2)
  a:gradParamClip(1, true)
  t.near(g:norm(), math.sqrt(2))
  t.eq(a:gradParamClip(0), 0)
end)

t.test('maxParamNorm keeps rows and columns within norms', function()
  local a = nn.Linear(3, 4)
  a.weight:fill(3)
  a:maxParamNorm(1)
  t.near(a.weight:norm(2, 2):max(), 1, 1e-6)
  a.weight:fill(3)
  a:maxParamNorm(nil, 1)
  t.near(a.weight:norm(2, 1):max(), 1, 1e-6)
end)

t.test('weight decay and momentum', function()
  local a = nn.Linear(2, 2)
  a.weight:fill(2)
  a.bias:fill(2)
  a:zeroGradParameters()
  a:weightDecay(0.5)
  t.eq({a.gradWeight:min(), a.gradBias:max()}, {1, 0})
  a:updateGradParameters(0.9)                 -- starts the means
  a.gradWeight:fill(3)
  a:updateGradParameters(0.5, 0)
  t.near(a.gradWeight:min(), 0.5 * (0.9 + 0.1) + 3)
  a.gradWeight:fill(1)
  a:updateGradParameters(0.5, 0, true)
  t.near(a.gradWeight:min(), 1 + 0.5 * (0.5 * 3.5 + 1))
end)

t.test('checkParameters names a NaN', function()
  local a = nn.Linear(2, 2)
  a:checkParameters()
  a.bias[1] = 0 / 0
  t.raises('NaN in parameter 2', a.checkParameters, a)
end)

t.test('small helpers', function()
  local a = nn.Linear(4, 2)
  t.eq(a:outside {3, 4}:totable(), {3, 2})
  t.eq(a:extrapolateType(), 'torch.DoubleTensor')
  t.eq(nn.Tanh():extrapolateType(), nil)
  t.eq(a:fromBatch(a:toBatch(torch.ones(3), 1)):size():totable(), {3})
  t.eq(a:toBatch(torch.ones(2, 3), 1):size():totable(), {2, 3})
  local seen
  a:accept {visit = function(_, module) seen = module end}
  t.ok(seen == a, 'the visitor sees the module')
  local frozen = nn.Linear(2, 2):dontBackward()
  frozen:zeroGradParameters()
  frozen:forward(torch.ones(1, 2))
  t.eq(frozen:backward(torch.ones(1, 2), torch.ones(1, 2)), nil)
  t.eq(frozen.gradWeight:max(), 0)
  local print, lines = _G.print, {}
  rawset(_G, 'print', function(text) lines[#lines + 1] = text end)
  local timed = net()
  timed:profile()
  timed:forward(torch.ones(1, 3))
  rawset(_G, 'print', print)
  t.eq(#lines, 3)
  t.ok(lines[1]:match('^nn.Linear updateOutput: [%d.e+-]+ s$'), lines[1])
end)

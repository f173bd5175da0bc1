--- Products with Jacobians and Hessians, the search for the first NaN, profiles.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')

-- Σ w x³ + x₁x₂: its Hessian is known
local w = torch.DoubleTensor {1, 2, 3}
local function f(x)
  return torch.sum(torch.cmul(torch.pow(x, 3), w)) + torch.cmul(x:narrow(1, 1, 1), x:narrow(1, 2, 1))
end
local x = torch.DoubleTensor {1, 2, 3}
local hessian = {{6, 1, 0}, {1, 24, 0}, {0, 0, 54}}

t.test('hvp and hessian', function()
  t.eq(autograd.hessian(f, x):totable(), hessian)
  t.eq(autograd.hvp(f, x, torch.DoubleTensor {1, 0, 2}):totable(), {6, 1, 108})
end)

t.test('jacobian: rows by elements of the result, columns by those of x', function()
  local j = autograd.jacobian(function(v) return torch.cmul(v:narrow(1, 1, 2), v:narrow(1, 2, 2)) end, x)
  t.eq(j:totable(), {{2, 1, 0}, {0, 3, 2}})
  t.eq(autograd.jacobian(function(v) return v:view(3, 1) * 2 end, x):totable(), {{2, 0, 0}, {0, 2, 0}, {0, 0, 2}})
end)

-- -- The first NaN ----------------------------------------------------------------------------------------------

t.test('anomaly names the op that makes a NaN, forward and backward', function()
  local function run(g) return autograd.anomaly(autograd.grad(g), torch.DoubleTensor {0, -1}) end
  t.raises('log: its result has a NaN', run, function(v) return torch.sum(torch.log(v) * 2) end)
  t.raises('pow: its gradient has a NaN', run, function(v) return torch.sum(torch.sqrt(torch.pow(v * 0, 2))) end)
  local g = autograd.anomaly(autograd.grad(function(v) return torch.sum(torch.exp(v)) end), torch.DoubleTensor {0, -1})
  t.near(g[1], 1)
end)

t.test('a NaN planted in the middle of a net is reported with the op and the module\'s path', function()
  local net = nn.Sequential():add(nn.Linear(3, 4))
    :add(nn.Sequential():add(nn.Tanh()):add(nn.Linear(4, 4)):add(nn.Sigmoid())):add(nn.Linear(4, 1))
  net:get(2):get(2).weight[1][1] = 0 / 0
  local input = torch.randn(2, 3)
  t.raises('linear: an operand that no op has made, a parameter or an input, has a NaN.*' ..
           'nn.Sequential%[2%] nn.Sequential%[2%] nn.Linear', autograd.anomaly, net.forward, net, input)
  net:get(2):get(2).weight[1][1] = 0
  autograd.anomaly(net.forward, net, input)
end)

t.test('infinities are no NaN, and nothing is looked at afterwards', function()
  local y = autograd.anomaly(function()
    local function total(v) return torch.sum(torch.F.softmax(v, 0)) end
    return autograd.grad(total)(torch.DoubleTensor {-math.huge, 1})
  end)
  t.eq(y:nElement(), 2)
  autograd.grad(function(v) return torch.sum(torch.log(v)) end)(torch.DoubleTensor {-1})
end)

-- -- Profiles ---------------------------------------------------------------------------------------------------

t.test('a profile counts ops, their time and memory, and keeps the results', function()
  local a, b = torch.randn(20, 30), torch.randn(30, 10)
  local profile = autograd.profile(function()
    local c = torch.mm(a, b)
    c:add(1):add(2)
    return c
  end)
  local by_name = {}
  for _, sum in ipairs(profile:sums()) do by_name[sum.name] = sum end
  t.eq({by_name.matmul.calls, by_name.add.calls}, {1, 2})
  assert(by_name.matmul.bytes >= 20 * 10 * 8 and by_name.matmul.seconds > 0)
  t.eq(profile.results[1]:size():totable(), {20, 10})
  assert(tostring(profile):find('matmul +1 '), tostring(profile))
  local count = #profile.events
  torch.mm(a, b)
  t.eq(#profile.events, count, 'events after the profile')
end)

t.test('an error inside ends the profile', function()
  t.raises('do not broadcast', autograd.profile, function() return torch.ones(2) + torch.ones(3) end)
  local profile = autograd.profile(function() return torch.ones(2) + torch.ones(2) end)
  assert(#profile.events > 0)
end)

t.test('the trace is JSON with one event for each op', function()
  local profile = autograd.profile(function() return torch.ones(4) + 1 end)
  local path = os.tmpname()
  profile:trace(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  os.remove(path)
  local _, count = text:gsub('"ph":"X"', '')
  t.eq(count, #profile.events)
  assert(text:find('"name":"add"', 1, true) and text:find('"sizes":"4 4"', 1, true), text)
end)

--- Nets as graphs: the syntax, running, sharing, files, errors that name the node, pictures.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
require 'nngraph'

torch.setdefaulttensortype('torch.DoubleTensor')

-- Both parameters of x·W₁ + tanh(x·W₂) and the input against differences, for one input and one output.
local function check_gradients(net, x)
  local p, dp = net:getParameters()
  local out = net:forward(x)
  local g = torch.randn(out:size())
  dp:zero()
  local dx = net:backward(x, g):clone()
  local function slope(at, k)
    local flat = at:view(-1)
    local kept = flat[k]
    flat[k] = kept + 1e-6
    local above = net:forward(x):dot(g)
    flat[k] = kept - 1e-6
    local below = net:forward(x):dot(g)
    flat[k] = kept
    return (above - below) / 2e-6
  end
  for k = 1, x:nElement() do t.near(dx:view(-1)[k], slope(x, k), 1e-6, 'input ' .. k) end
  for k = 1, p:nElement() do t.near(dp[k], slope(p, k), 1e-6, 'parameter ' .. k) end
end

t.test('branches that meet, with their gradients', function()
  local x = nn.Identity()()
  local h = nn.Tanh()(nn.Linear(3, 4)(x))
  local net = nn.gModule({x}, {nn.CAddTable()({nn.Linear(4, 2)(h), nn.Linear(3, 2)(x)})})
  t.eq(#net:findModules('nn.Linear'), 3)
  check_gradients(net, torch.randn(5, 3))
end)

t.test('several inputs and outputs, tables, split, nest', function()
  local a, b = nn.Identity()(), nn.Identity()()
  local sum, both = nn.CAddTable()({a, b}), nngraph.nest({a, {b}})
  local net = nn.gModule({a, b}, {sum, both})
  local x, y = torch.DoubleTensor {1, 2}, torch.DoubleTensor {10, 20}
  local out = net:forward({x, y})
  t.eq(out[1]:totable(), {11, 22})
  t.eq({out[2][1]:totable(), out[2][2][1]:totable()}, {{1, 2}, {10, 20}})
  local g = net:backward({x, y}, {torch.ones(2), {torch.ones(2), {torch.ones(2) * 3}}})
  t.eq({g[1]:totable(), g[2]:totable()}, {{2, 2}, {4, 4}})

  t.raises('expecting table of 2 inputs, got a torch.DoubleTensor', net.forward, net, x)
  t.raises('Got 3 inputs instead of 2', net.forward, net, {x, y, x})
  t.raises('Got 1 gradOutputs instead of 2', net.updateGradInput, net, {x, y}, {x})
  t.raises('takes an input itself', nn.gModule, {a, b}, {sum})

  local pair = nn.Identity()()
  local first, second = pair:split(2)
  net = nn.gModule({pair}, {nn.CAddTable()({first, nn.Tanh()(second)})})
  net:forward({x, y})
  g = net:backward({x, y}, torch.ones(2))
  t.eq(g[1]:totable(), {1, 1})
  t.near(g[2][1], 1 - math.tanh(10) ^ 2)
end)

t.test('minus is the arrow', function()
  local x = -nn.Linear(2, 2)
  local y = x - nn.Tanh() - nn.Linear(2, 1)
  t.eq(nn.gModule({x}, {y}):forward(torch.randn(4, 2)):size():totable(), {4, 1})
end)

t.test('an LSTM by hand, cloned over time through a file, keeps its parameters shared', function()
  local x, h0, c0 = nn.Identity()(), nn.Identity()(), nn.Identity()()
  local sums = nn.CAddTable()({nn.Linear(3, 8)(x), nn.Linear(2, 8)(h0)})
  local function gate(module, from) return module(nn.Narrow(2, from, 2)(sums)) end
  local c = nn.CAddTable()({nn.CMulTable()({gate(nn.Sigmoid(), 1), c0}),
                            nn.CMulTable()({gate(nn.Sigmoid(), 3), gate(nn.Tanh(), 5)})})
  local h = nn.CMulTable()({gate(nn.Sigmoid(), 7), nn.Tanh()(c)})
  local cell = nn.gModule({x, h0, c0}, {h, c})
  local p, dp = cell:getParameters()
  local file = torch.MemoryFile('w'):binary()
  file:writeObject(cell)
  local reader = torch.MemoryFile(file:storage(), 'r'):binary()
  local twin = reader:readObject()
  reader:close()
  local mine, my_grads = cell:parameters()
  local theirs, their_grads = twin:parameters()
  for i in ipairs(mine) do
    theirs[i]:set(mine[i])
    their_grads[i]:set(my_grads[i])
  end
  local function run()
    local state = cell:forward({torch.ones(1, 3), torch.zeros(1, 2), torch.zeros(1, 2)})
    return twin:forward({torch.ones(1, 3), state[1], state[2]})[1]:sum()
  end
  run()
  dp:zero()
  local zeros = torch.zeros(1, 2)
  local g = twin:backward({torch.ones(1, 3), cell.output[1], cell.output[2]}, {torch.ones(1, 2), zeros})
  cell:backward({torch.ones(1, 3), torch.zeros(1, 2), torch.zeros(1, 2)}, {g[2], g[3]})
  for k = 1, p:nElement(), 3 do
    local kept = p[k]
    p[k] = kept + 1e-6
    local above = run()
    p[k] = kept - 1e-6
    local below = run()
    p[k] = kept
    t.near(dp[k], (above - below) / 2e-6, 1e-7, 'parameter ' .. k)
  end
end)

t.test('saved, loaded, converted, cleared', function()
  local x = nn.Identity()()
  local net = nn.gModule({x}, {nn.Linear(3, 2)(x), nn.Tanh()(x)})
  local input = torch.randn(4, 3)
  local out = net:forward(input)
  local again = torch.deserialize(torch.serialize(net))
  t.eq(again:forward(input)[1]:totable(), out[1]:totable())
  net:clearState():float()
  t.eq(net:forward(input:float())[1]:type(), 'torch.FloatTensor')
  local twin = net:clone()
  local pairs_seen = 0
  net:map(twin, function(a, b)
    pairs_seen = pairs_seen + 1
    t.eq(torch.type(a), torch.type(b))
  end)
  t.eq(pairs_seen, 3)
  net:replace(function(module) return torch.type(module) == 'nn.Tanh' and nn.Sigmoid():float() or module end)
  t.eq(#net:findModules('nn.Sigmoid'), 1)
  t.near(net:forward(input:float())[2][1][1], 1 / (1 + math.exp(-input[1][1])), 1e-6)
end)

t.test('it composes on a tape: gradients of a gradient', function()
  local x = nn.Identity()()
  local net = nn.gModule({x}, {nn.Linear(4, 1)(nn.Tanh()(nn.CAddTable()({nn.Linear(3, 4)(x), nn.Linear(3, 4)(x)})))})
  local input = torch.randn(5, 3)
  local weight = net:parameters()[1]
  local function penalty()
    local g = autograd.grad(function(at) return net:forward(at):sum() end)(input)
    return torch.sum(torch.pow(g, 2))
  end
  local claimed = autograd.grad(function() return penalty() end)(weight)
  local kept = weight[1][1]
  weight[1][1] = kept + 1e-5
  local above = penalty()
  weight[1][1] = kept - 1e-5
  local below = penalty()
  weight[1][1] = kept
  t.near(claimed[1][1], (above - below) / 2e-5, 1e-7)
end)

-- -- Mistakes ---------------------------------------------------------------------------------------------------

t.test('mistakes in the graph are told where they were made', function()
  local x = nn.Identity()()
  t.raises('inputs%[1%] is nil', function() return nn.Tanh()(nil) end)
  t.raises('cannot pass an empty table', function() return nn.Tanh()({}) end)
  t.raises('inputs%[2%] is an nn.Module, specifically a nn.Tanh', function() return nn.CAddTable()({x, nn.Tanh()}) end)
  t.raises('outputs%[1%] should be an nngraph.Node but is of type number', function() return nn.gModule({x}, {3}) end)
  t.raises('no inputs', function() return nn.gModule({}, {x}) end)
  t.raises('Don\'t pass the same input twice', function() return nn.CAddTable()({x, x}) end)
  local y = nn.Identity()()
  local used = y:split(2)
  t.raises('1 of split%(2%) outputs from the node declared at %[.*test_nngraph.lua%]:%d+_ split at', function()
    return nn.gModule({y}, {used})
  end)
  local z = nn.Identity()()
  local _ = nn.Tanh()(z)
  t.raises('node declared on %[.*test_nngraph.lua%]:%d+_ does not connect to gmodule output', function()
    return nn.gModule({z}, {nn.Linear(2, 2)(z)})
  end)
end)

t.test('an error at work names the node and where it was declared', function()
  local x = nn.Identity()()
  local hidden = nn.Linear(3, 4)(x):annotate({name = 'hidden'})
  local net = nn.gModule({x}, {hidden})
  t.raises('nn.gModule%[hidden declared at %[.*test_nngraph.lua%]:%d+%] nn.Linear', net.forward, net, torch.randn(2, 5))
end)

-- -- Looking ----------------------------------------------------------------------------------------------------

t.test('nodes get names from local variables, and labels that show what they hold', function()
  local x = nn.Identity()()
  local hidden = nn.Linear(3, 4)(x)
  nngraph.annotateNodes()
  t.eq({x.data.annotations.name, hidden.data.annotations.name}, {'x', 'hidden'})
  local net = nn.gModule({x}, {hidden})
  net:forward(torch.DoubleTensor {{1, 2, 0 / 0}})
  local text = net.fg:todot('net')
  assert(text:find('hidden (', 1, true) and text:find('input = {Tensor[1x3]NaN}', 1, true), text)
  assert(nngraph.simple_print.todot(net.fg, 'net'):find('digraph'))
end)

t.test('setDebug leaves a picture with the node in red', function()
  if os.execute('command -v dot >/dev/null 2>&1') ~= 0 then t.skip('graphviz is not there') end
  local x = nn.Identity()()
  local net = nn.gModule({x}, {nn.Linear(3, 4)(x)})
  net.name = os.tmpname()
  nngraph.setDebug(true)
  local ok, message = pcall(net.forward, net, torch.randn(2, 5))
  nngraph.setDebug(false)
  assert(not ok and message:find('Linear'), message)
  local file = assert(io.open(net.name .. '.svg'))
  assert(file:read('*a'):find('fill="red"', 1, true))
  file:close()
  os.remove(net.name .. '.svg')
end)

t.test('nngraph.nesting: nested tables are copied, filled, resized and added', function()
  local nesting = require 'nngraph.nesting'
  local x = {torch.Tensor{1, 2}, {torch.Tensor{3}}}
  local y = nesting.cloneNested(x)
  nesting.fillNested(y, 5)
  nesting.addNestedTo(y, x)
  t.eq({y[1]:totable(), y[2][1]:totable(), x[1]:totable()}, {{6, 7}, {8}, {1, 2}})
  nesting.resizeNestedAs(y, {torch.Tensor(3), {}})
  t.eq({y[1]:size(1), #y[2]}, {3, 0})
  nesting.copyNested(y, x)
  t.eq({y[1]:totable(), y[2][1]:totable()}, {{1, 2}, {3}})
end)

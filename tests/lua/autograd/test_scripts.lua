--- autograd(f, options), as scripts for torch-autograd use it: nested tables, numbers, options, assignments, hooks.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local op = require 'torch.op'

local D = torch.DoubleTensor
local gradcheck = autograd.gradcheck {}
torch.manualSeed(1)

local function agrees(f, ...)
  local ok, worst = gradcheck(f, ...)
  if not ok then error(('the gradient is off by %g'):format(worst), 2) end
end

-- -- What comes in and goes out -----------------------------------------------------------------------------------

t.test('nested tables of tensors; the function\'s results follow the gradients', function()
  local function f(p, x)
    local h = torch.tanh(p.layers[1].w * x + p.layers[1].b)
    return torch.sum(torch.cmul(h, p.scale)), h, 'more', nil
  end
  local p = {layers = {{w = torch.randn(3, 2), b = torch.randn(3)}}, scale = torch.randn(3)}
  local results = {autograd(f)(p, torch.randn(2))}
  local grads, loss, h, more = unpack(results, 1, 5)
  t.eq(type(loss), 'number')
  t.eq(torch.type(h), 'torch.DoubleTensor')
  t.eq(more, 'more')
  t.eq(grads.scale:totable(), h:totable())
  t.eq(grads.layers[1].w:size():totable(), {3, 2})
  agrees(f, p, torch.randn(2))
end)

t.test('numbers among the parameters, and as the only one', function()
  local grads, loss = autograd(function(p, x) return torch.sigmoid(p.w * x + p.b) end)({w = 0.5, b = -1}, 2)
  t.near(loss, 0.5)
  t.near(grads.w, 0.5)
  t.near(grads.b, 0.25)
  t.eq(type(grads.w), 'number')
  t.near((autograd(function(a) return a * a * 3 end)(4)), 24)
end)

t.test('numbers made on the way scale matrices and vectors', function()
  local p = {w = torch.rand(3, 3), x = torch.rand(3)}
  agrees(function(q) return torch.sum(q.w * q.x * torch.max(q.w)) end, p)
  agrees(function(q) return torch.sum((q.x * q.x) * q.w) end, p)
  agrees(function(q) return torch.sum(q.x[2] * q.w) + q.w[{1, 2}] * torch.mean(q.x) end, p)
  agrees(function(q) return torch.sum(torch.sqrt(torch.sum(torch.abs(q.x))) * 2 * q.x) end, p)
  agrees(function(q) return torch.sum(torch.select(q.x, 1, 3) * q.x) end, p)
end)

t.test('a vector of one element stays a vector', function()
  local product = select(3, autograd(function(p) return torch.sum(p), p * 2 end)(D{3}))
  t.eq(torch.type(product), 'torch.DoubleTensor')
  local _, sum, same = autograd(function(p)
    local s = torch.sum(p)
    return s, {s, inner = {s * 2}}
  end)(D{3})
  t.eq({sum, same}, {3, {3, inner = {6}}})
end)

t.test('a result that depends on nothing has gradients of zeros', function()
  local grads, loss = autograd(function(_, x) return torch.sum(x) end)({a = D{1, 2}, b = 3}, D{4})
  t.eq({grads.a:totable(), grads.b, loss}, {{0, 0}, 0, 4})
end)

t.test('gradients have memory of their own', function()
  local p = {a = D{1, 2}, b = D{3, 4}}
  local grads = autograd(function(q) return torch.sum(q.a + q.b) end)(p)
  grads.a:mul(5)
  t.eq({grads.a:totable(), grads.b:totable()}, {{5, 5}, {1, 1}})
  local g = D{1, 2}
  local part = autograd(function(q) return q.a:view(2) end, {partialGrad = true})(p, g)
  part.a:mul(3)
  t.eq(g:totable(), {1, 2})
end)

t.test('infinite parameters that are not used get zeros', function()
  t.eq(autograd(function(p) return torch.sum(p[1]) end)({D{1}, D{math.huge, 0 / 0}})[2]:totable(), {0, 0})
end)

t.test('gradients of gradients', function()
  local function square(p, x) return torch.pow(p.w * x - p.b, 2) end
  local inner = autograd(square)
  local p, x = {w = torch.randn(4), b = 0.5}, torch.randn(4)
  local function outer(q) return torch.sum(inner(q, x).w) + inner(q, x).b * 3 end
  agrees(outer, p)
  local grads = autograd(outer)(p)
  t.near(grads.b, -2 * x:sum() + 6)
end)

t.test('float tensors, with numbers beside them', function()
  local grads = autograd(function(p) return torch.sum(p.w) * p.s end)({w = torch.FloatTensor{1, 2}, s = 0.25})
  t.eq({grads.w:type(), grads.w[1], grads.s}, {'torch.FloatTensor', 0.25, 3})
end)

-- -- Options ------------------------------------------------------------------------------------------------------

t.test('gradArg, withGradients, withForward and partialGrad', function()
  local function f(a, b) return torch.cmul(a, b) end
  local a, b = D{1, 2}, D{3, 4}
  local function total(...) return torch.sum(f(...)) end
  t.eq(autograd(total, {gradArg = 2})(a, b):totable(), {1, 2})
  t.eq(autograd(total, {withGradients = false})(a, b), 11)
  t.eq(autograd(f, {partialGrad = true})(a, b, D{10, 100}):totable(), {30, 400})
  t.eq(autograd(f, {withForward = false, partialGrad = true})(a, b, D{1, 0}):totable(), {3, 0})
  t.eq(autograd(total, {withForward = false})(a, b, 2):totable(), {6, 8})
  t.eq(autograd(total, {withForward = false, optimize = true})(a, b):totable(), {3, 4})
end)

t.test('stableGradients: the same tensors every time', function()
  local df = autograd(function(p) return torch.sum(torch.cmul(p.w, p.w)) end, {stableGradients = true})
  local first = df({w = D{1, 2}})
  local second = df({w = D{3, 4}})
  assert(first.w == second.w)
  t.eq(second.w:totable(), {6, 8})
end)

t.test('optimize and protected are told and remembered', function()
  autograd.optimize(true)
  t.eq(autograd.optimizing(), true)
  autograd.protected(true)
  local grads = autograd.grad(function(x) return torch.sum(x) end, {})(D{1})
  autograd.protected(false)
  autograd.optimize(false)
  t.eq({autograd.optimizing(), grads[1]}, {false, 1})
end)

t.test('what makes no sense is refused at the user\'s line', function()
  local function refused(pattern, f, ...)
    local ok, message = pcall(f, ...)
    assert(not ok and message:find('test_scripts.lua:%d+: ' .. pattern), message)
  end
  refused('autograd: expected a function, got a nil', function() autograd() end)
  refused('autograd: expected a table of options', function() autograd(print, 5) end)
  refused('autograd: expected the option gradArg to be a number', function() autograd(print, {gradArg = 'x'}) end)
  refused('autograd: expected the function to give a number, .* got a tensor of sizes 2x3', function()
    autograd(function(x) return x * 2 end)(torch.randn(2, 3))
  end)
  refused('autograd: expected the function to give a tensor that depends on its first argument, got nil', function()
    autograd(function() end)(D{1})
  end)
  refused('autograd: expected a tensor, or a table of tensors, as the second argument', function()
    autograd(function(x) return torch.sum(x) end, {gradArg = 2})(D{1}, 'text')
  end)
  refused('autograd: expected the gradient of the result', function()
    autograd(function(x) return x end, {partialGrad = true})(D{1}, 'text')
  end)
  assert(op.state.tape == nil)
end)

-- -- Assignment -----------------------------------------------------------------------------------------------------

t.test('x[k] = v is differentiated by both', function()
  local p = {x = torch.randn(4, 4), y = torch.randn(3), row = torch.randn(4)}
  agrees(function(q)
    local x = q.x:clone()
    x[1] = torch.sum(q.y)
    x[{2, 3}] = q.y[1] * 2
    x[{{3, 4}, 1}] = q.y:narrow(1, 1, 2)
    x[torch.LongStorage{4, 4}] = 5
    x[2] = q.row
    return torch.sum(torch.cmul(x, x))
  end, p)
  local g = autograd(function(q)
    local x = q.x + 0
    x[1] = 7
    return torch.sum(x)
  end)(p)
  t.eq({g.x[1]:sum(), g.x:sum()}, {0, 12})
end)

t.test('parts of a buffer are written one by one, and read as results', function()
  agrees(function(p)
    local buffer = p.x.new(2, 3)
    local a = torch.copy(torch.select(buffer, 1, 1), p.x * 2)
    local b = torch.copy(torch.select(buffer, 1, 2), p.x * 3)
    return torch.sum(a) * 2 + torch.sum(torch.cmul(b, b))
  end, {x = torch.randn(3)})
  t.raises('shares memory with a result that copy wrote', function()
    autograd(function(p)
      local buffer = p.new(100, 2):zero()
      for i = 1, 100 do buffer:select(1, i):copy(p) end
      return torch.sum(torch.square(buffer))
    end)(D{1, 2})
  end)
end)

t.test('scales that are being recorded', function()
  local p = {m = torch.randn(2, 3, 3), a = torch.randn(2, 3, 4), b = torch.randn(2, 4, 3), v = 0.5, w = -2}
  agrees(function(q) return torch.sum(torch.baddbmm(q.v, q.m, q.w, q.a, q.b)) end, p)
  agrees(function(q) return torch.sum(torch.baddbmm(q.v, q.m, q.a, q.b)) end, p)
  agrees(function(q) return torch.sum(torch.addmv(q.w, q.m[1][1], q.m[2], q.m[2][1])) end, p)
  agrees(function(q) return torch.sum(torch.addr(q.m[1], q.w, q.m[2][1], q.m[2][2])) end, p)
end)

-- -- Checkpoints ----------------------------------------------------------------------------------------------------

t.test('checkpoint: numbers in the function are numbers while it is probed, too', function()
  local function f(x)
    local s = torch.sum(x)
    for _ = 1, D{1, 1}:sum() do s = s * x[1] end
    return s * x
  end
  local x = D{0.5, 2}
  local plain = autograd(function(p) return torch.sum(f(p)) end)(x)
  local saved = autograd(function(p) return torch.sum(autograd.checkpoint(f, p)) end)(x)
  t.near((plain - saved):norm(), 0, 1e-14)
end)

-- -- Looking in -----------------------------------------------------------------------------------------------------

t.test('debugHook: called for each NaN and infinity, with the line that made it', function()
  local seen, path = {}, os.tmpname()
  local df = autograd(function(p)
    local inner = p.x * 2
    local broken = torch.div(inner, 0) -- the line
    return torch.sum(broken)
  end, {debugHook = function(debugger, message, gen)
    if #seen == 0 then debugger.generateDot(path) end
    local n = 0
    for line in (gen.source .. '\n'):gmatch('(.-)\n') do
      n = n + 1
      if n == gen.line then seen[#seen + 1] = {message = message, line = line} end
    end
  end})
  df({x = D{1, 2}})
  assert(#seen >= 2, #seen)
  assert(seen[1].line:find('torch.div%(inner, 0%) %-%- the line'), seen[1].line)
  assert(seen[1].message:find('inf value in the result of div, at .*test_scripts.lua:%d+'), seen[1].message)
  local file = io.open(path)
  local dot = file:read('*a')
  file:close()
  os.remove(path)
  assert(dot:find('digraph') and dot:find('label="div\\n2", shape=ellipse, color=red') and dot:find('2 %-> 3;'), dot)
end)

t.test('dotFile and showCode tell what was recorded', function()
  local path = os.tmpname()
  local lines, print_before = {}, print
  _G.print = function(text) lines[#lines + 1] = text end
  local ok, message = pcall(function()
    autograd(function(p) return torch.sum(torch.tanh(p)) end, {dotFile = path, showCode = true})(D{1, 2})
  end)
  _G.print = print_before
  assert(ok, message)
  t.eq(lines, {'1 = argument   2\n2 = tanh(1)   2\n3 = sum(2)   number'})
  local file = io.open(path)
  local dot = file:read('*a')
  file:close()
  os.remove(path)
  assert(dot:find('2 %-> 3;'), dot)
end)

t.test('profile: the constants, the option, and the function of that name', function()
  t.eq({autograd.profile.SUMMARY, autograd.profile.DETAILED, autograd.profile.OFF}, {'summary', 'detailed', 'off'})
  assert(#autograd.profile(function() return torch.randn(3):tanh() end):sums() > 0)
  local printed, print_before = 0, print
  _G.print = function() printed = printed + 1 end
  local df = autograd(function(p) return torch.sum(p) end, {profile = 'summary', profileReportFrequency = 2})
  local ok, loss
  for _ = 1, 4 do ok, loss = pcall(function() return select(2, df(D{1, 2})) end) end
  _G.print = print_before
  t.eq({ok, loss, printed}, {true, 3, 2})
end)

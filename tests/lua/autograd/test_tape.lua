--- The tape: order, refusals, long chains, nesting, rules of one's own.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local op = require 'torch.op'

local D = torch.DoubleTensor
local F = op.F

t.test('x^4 to third order', function()
  local f = function(x) return torch.sum(torch.pow(x, 4)) end
  local d1 = autograd.grad(f)
  local d2 = autograd.grad(function(x) return d1(x):sum() end)
  local d3 = autograd.grad(function(x) return d2(x):sum() end)
  local x = D{1.5, -2}
  for i = 1, 2 do
    t.near(d1(x)[i], 4 * x[i] ^ 3)
    t.near(d2(x)[i], 12 * x[i] ^ 2)
    t.near(d3(x)[i], 24 * x[i])
  end
end)

t.test('tables of tensors, and arguments that are not differentiated', function()
  local f = function(p, x) return torch.sum(torch.tanh(p.w * x + p.b)) end
  local p = {w = D{{1, 2}, {3, 4}}, b = D{0.1, -0.2}}
  local g, y = autograd.grad(f)(p, D{0.5, -0.25})
  assert(y == nil)
  local value = select(2, autograd.valueAndGrad(f)(p, D{0.5, -0.25}))
  t.eq(g.w:totable(), value.w:totable())
  local expected = 1 - math.tanh(1 * 0.5 - 2 * 0.25 + 0.1) ^ 2
  t.near(g.b[1], expected)
  t.near(g.w[{1, 1}], expected * 0.5)
end)

t.test('a tensor that the result does not depend on gets zeros', function()
  local g = autograd.grad(function(p) return torch.sum(p[1]) end)({D{1, 2}, D{3}})
  t.eq(g[2]:totable(), {0})
end)

t.test('jvp is the transpose of vjp', function()
  local f = function(x) return torch.tanh(torch.mm(x, x:t())) end
  local x, v, u = D{{0.1, 0.4}, {-0.3, 0.2}}, D{{1, 2}, {3, -1}}, D{{0.5, 1}, {-2, 1}}
  local forward = autograd.jvp(f, x, v)
  local back = autograd.vjp(f, x, u)
  t.near(torch.dot(forward, u), torch.dot(back, v), 1e-12)
end)

t.test('a chain of 200,000 steps goes back without recursion', function()
  local g = autograd.grad(function(x)
    local y = x
    for _ = 1, 2e5 do y = F.mul(y, 1.00001) end
    return y
  end)(D{1})
  t.near(g[1], 1.00001 ^ 2e5, 1e-9)
end)

-- -- In place ---------------------------------------------------------------------------------------------------

t.test('in-place ops on recorded tensors have gradients', function()
  local g = autograd.grad(function(x)
    local y = x:clone()
    y:add(1)
    y:mul(3)
    y:tanh()
    return y:sum()
  end)(D{-0.9, -1.2})
  t.near(g[1], 3 * (1 - math.tanh(0.3) ^ 2))
end)

t.test('a changed value that a rule needs is refused, naming the op', function()
  t.raises('mul: its gradient needs its second operand', function()
    autograd.grad(function(x)
      local y = x:clone()
      local z = torch.cmul(y, y)
      y:add(1)
      return z:sum()
    end)(D{1, 2})
  end)
  t.raises('exp: its gradient needs its result', function()
    autograd.grad(function(x)
      local y = torch.exp(x)
      y:add(1)
      return y:sum()
    end)(D{1, 2})
  end)
  t.raises('square: its gradient needs its first operand', function()
    autograd.grad(function(x)
      local y = x:clone()
      y:square()
      return y:sum()
    end)(D{1, 2})
  end)
end)

t.test('reading memory that another view wrote while recording is refused', function()
  t.raises('shares memory with a result that copy wrote', function()
    autograd.grad(function(x)
      local buffer = D(4):zero()
      buffer:narrow(1, 1, 2):copy(x)
      return torch.sum(torch.square(buffer))
    end)(D{1, 2})
  end)
end)

t.test('that is so for the tensors of a list and for third operands, too', function()
  local function written(x)
    local buffer = D(2):zero()
    buffer:narrow(1, 1, 1):copy(x:narrow(1, 1, 1))
    return buffer
  end
  t.raises('cat: this tensor shares memory with a result that copy wrote', function()
    autograd.grad(function(x) return torch.sum(torch.cat({x, written(x)})) end)(D{1, 2})
  end)
  t.raises('where: this tensor shares memory with a result that copy wrote', function()
    autograd.grad(function(x) return torch.sum(F.where(torch.ByteTensor{1, 0}, x, written(x))) end)(D{1, 2})
  end)
end)

t.test('ops in place read what other views wrote, too', function()
  t.raises('add: this tensor shares memory with a result that copy wrote', function()
    autograd.grad(function(x)
      local buffer = D(2)
      buffer:view(1, 2):copy(x)
      buffer:add(1)
      return torch.sum(buffer) + torch.sum(x)
    end)(D{1, 2})
  end)
  t.raises('mul: this tensor shares memory with a result that mul wrote', function()
    autograd.grad(function(x)
      local y = x:clone()
      y:narrow(1, 1, 1):mul(5)
      y:mul(3)
      return torch.sum(y)
    end)(D{1, 2})
  end)
end)

t.test('writing through a view of a recorded tensor is refused where the whole is read', function()
  t.raises('shares memory with a result that fill wrote', function()
    autograd.grad(function(x)
      local y = F.mul(x, 2)
      y:narrow(1, 1, 1):fill(0)
      return y:sum()
    end)(D{1, 2})
  end)
end)

t.test('views of a result written in place are made from it', function()
  local g = autograd.grad(function(x)
    local y = x:clone()
    y:add(1)
    return torch.sum(torch.square(y:view(1, 2)))
  end)(D{1, 2})
  t.eq(g:totable(), {4, 6})
end)

t.test('recording is over after an error', function()
  pcall(autograd.grad(function() error('broken') end), D{1})
  assert(op.state.tape == nil)
  assert(type(D{1, 2}:sum()) == 'number')
end)

t.test('what does not depend on the arguments stays a number', function()
  autograd.grad(function(x)
    assert(type(D{1, 2}:sum()) == 'number')
    return x:sum()
  end)(D{1})
end)

-- -- Rules of one's own -----------------------------------------------------------------------------------------

t.test('custom rules, to second order', function()
  local cube = autograd.custom {
    forward = function(x) return torch.pow(x, 3) end,
    vjp = function(g, _, x) return torch.cmul(g, torch.pow(x, 2)) * 3 end,
  }
  local d1 = autograd.grad(function(x) return cube(x):sum() end)
  local d2 = autograd.grad(function(x) return d1(x):sum() end)
  t.near(d1(D{2})[1], 12)
  t.near(d2(D{2})[1], 12)
end)

t.test('checkpoint: the same gradients, to second order, and for tensors it reaches from outside', function()
  local w = D{{0.3, -0.2}, {0.5, 0.1}}
  local function block(p)
    return function(x) return torch.tanh(torch.mm(x, p)) end
  end
  local function plain(p, x) return torch.sum(block(p)(block(p)(x))) end
  local function saved(p, x) return torch.sum(autograd.checkpoint(block(p), autograd.checkpoint(block(p), x))) end
  local x = D{{1, 2}, {-1, 0.5}}
  local a, b = autograd.grad(plain)(w, x), autograd.grad(saved)(w, x)
  t.near((a - b):norm(), 0, 1e-14)
  local function second(f)
    local d = autograd.grad(f)
    return autograd.grad(function(p) return torch.sum(torch.square(d(p, x))) end)(w)
  end
  t.near((second(plain) - second(saved)):norm(), 0, 1e-13)
end)

t.test('errors say what was expected, at the user\'s line', function()
  local ok, message = pcall(function()
    autograd.grad(function() return 5 end)(D{1})
  end)
  assert(not ok and message:find('test_tape.lua:%d+: grad: expected the function to give a tensor'), message)
  t.raises('expected a tensor, or a table of tensors', autograd.grad(function(x) return x end), 5)
end)

t.test('state carried over many steps keeps no history', function()
  local live = function() collectgarbage() collectgarbage() return torch.memory().live end
  local h = D(64):zero()
  local early, late
  for i = 1, 600 do
    local _, tape_h = autograd.record(h, function() return torch.tanh(F.add(h, 0.1)) end)
    h = F.detach(tape_h)
    if i == 100 then early = live() end
    if i == 600 then late = live() end
  end
  t.eq(late, early)
end)

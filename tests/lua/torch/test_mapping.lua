--- apply, map, map2: every type and layout, what functions may give, errors.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'
local samples = require 'samples'

local types = {'Float', 'Double', 'Half', 'BFloat16', 'Byte', 'Char', 'Short', 'Int', 'Long'}

t.test('every type and layout', function()
  for _, name in ipairs(types) do
    local x = torch[name .. 'Tensor'] {{1, 2, 3}, {4, 5, 6}}
    local y, z = x:clone():add(1), x:clone():fill(2)
    for layout, laid in pairs(samples.layouts) do
      local where, a, b, c = name .. ', ' .. layout, laid(x), laid(y), laid(z)
      local seen = {}
      t.ok(rawequal(a:apply(function(v) seen[#seen + 1] = v return v + 1 end), a), where)
      t.eq(seen, {1, 2, 3, 4, 5, 6}, where .. ': in order')
      t.eq(a:totable(), {{2, 3, 4}, {5, 6, 7}}, where)
      t.eq(a:map(b, function(v, w) return v + w end):totable(), {{4, 6, 8}, {10, 12, 14}}, where)
      t.eq(a:map2(b, c, function(v, w, u) return v - w * u end):totable(), {{0, 0, 0}, {0, 0, 0}}, where)
    end
  end
end)

t.test('what is not given stays', function()
  local x = torch.IntTensor {1, 2, 3, 4}
  local sum = 0
  x:apply(function(v) sum = sum + v end)
  t.eq({sum, x:totable()}, {10, {1, 2, 3, 4}})
  x:apply(function(v) if v > 2 then return -v end end)
  t.eq(x:totable(), {1, 2, -3, -4})
  t.eq(torch.DoubleTensor():apply(error):nElement(), 0)
end)

t.test('tensors of equal counts and other sizes go element by element', function()
  local x = torch.IntTensor {{1, 2, 3}, {4, 5, 6}}
  t.eq(x:t():map(torch.IntTensor {10, 20, 30, 40, 50, 60}, function(v, w) return v + w end):totable(),
       {{11, 24}, {32, 45}, {53, 66}})
end)

t.test('a storage shared by views', function()
  local x = torch.IntTensor {{1, 2}, {3, 4}}
  x:t():map(x, function(v, w) return v * 10 + w end)
  t.eq(x[1][1], 11)
end)

t.test('errors', function()
  local x = torch.IntTensor {1, 2, 3}
  t.raises('apply: expected a function, got nothing', x.apply, x)
  t.raises('map: expected a function, got number', x.map, x, x, 3)
  t.raises('map: expected a tensor, got function', x.map, x, print)
  t.raises('map: expected a torch.IntTensor, got a torch.FloatTensor', x.map, x, torch.FloatTensor(3), print)
  t.raises('map2: expected as many elements as 3, got 2', x.map2, x, x, torch.IntTensor(2), print)
  t.raises('expected a number or nothing from the function, got string', x.apply, x, function() return 'a' end)
  t.raises('mine', x.apply, x, function(v) if v == 2 then error('mine') end return 0 end)
  t.eq(x:totable(), {0, 2, 3}, 'what was done before the error stays done')
end)

t.test('a tape forgets what a function gave', function()
  local g = autograd.grad(function(x)
    local y = torch.mul(x, 2)
    y:apply(function() return 5 end)
    return torch.sum(torch.cmul(y, x))
  end)(torch.DoubleTensor {1, 2})
  t.eq(g:totable(), {5, 5})
end)

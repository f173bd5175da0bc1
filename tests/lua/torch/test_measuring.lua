--- Histograms, squared distances, bounded norms; elements by rank against plain searches.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'

local D, F, I, L = torch.DoubleTensor, torch.FloatTensor, torch.IntTensor, torch.LongTensor

-- -- Histograms -------------------------------------------------------------------------------------------------

t.test('histc', function()
  for i, case in ipairs {
    {{D {2, 4, 2, 2, 5, 4}, 5, 1, 5}, {0, 3, 0, 2, 1}}, {{D {1, 2, 2, 5}, 4}, {1, 2, 0, 1}},
    {{D {1, 2, 2, 5}, 4, 0, 4}, {0, 1, 2, 0}}, {{D {1, 1}, 2}, {0, 2}}, {{D {{1, 2}, {3, 4}}:t(), 2}, {2, 2}},
    {{D {0, 1, 0 / 0, 1 / 0, -1 / 0}, 2}, {1, 1}}, {{I {-3, 0, 3}, 3, -3, 3}, {1, 1, 1}}, {{D(), 3}, {0, 0, 0}},
    {{F {0.1, 0.2, 0.3, 0.7, 0.9, 1}, 5, 0, 1}, {1, 2, 0, 1, 2}}, {{torch.ByteTensor(300):fill(9), 1}, {300 - 256}},
    {{torch.HalfTensor {1, 2, 2}, 2, 1, 2}, {1, 2}},
  } do
    t.eq(torch.histc(unpack(case[1])):totable(), case[2], 'case ' .. i)
  end
  t.eq(torch.histc(D {1, 2}):nElement(), 100)
  local out = D(9)
  t.ok(rawequal(torch.histc(out, D {1, 2, 2}, 2), out))
  t.eq(out:totable(), {1, 2})
  t.eq(D {1, 2, 2}:histc(2):totable(), {1, 2})
  t.raises('expected 1 bin or more, got 0', torch.histc, D {1}, 0)
  t.raises('expected finite bounds in order, got 2 and 1', torch.histc, D {1}, 3, 2, 1)
  t.raises('expected finite bounds', torch.histc, D {1}, 3, 0, 1 / 0)
  t.raises('expected a tensor, got nothing', torch.histc)
end)

t.test('bhistc', function()
  local x = D {{2, 4, 2, 2, 5, 4}, {3, 5, 1, 5, 3, 5}, {3, 4, 2, 5, 5, 1}}
  local want = {{0, 3, 0, 2, 1}, {1, 0, 2, 0, 3}, {1, 1, 1, 1, 2}}
  t.eq(torch.bhistc(x, 5, 1, 5):totable(), want)
  t.eq(x:t():clone():t():bhistc(5):totable(), want, 'the range is that of the whole')
  t.raises('expected a matrix, got 3', torch.bhistc, D {1, 2, 3}, 2)
end)

-- -- Numbers of reductions --------------------------------------------------------------------------------------

t.test('the number of a whole is as wide as its accumulator', function()
  local x = F {1, 2, 2}
  t.eq(x:mean(), 5 / 3)
  t.eq(F {0.1, 0.2}:sum(), F {0.1}[1] + F {0.2}[1])
  t.eq(F {3, 1 / 3}:prod(), 3 * F {1 / 3}[1])
  t.near(x:var(), 1 / 3, 1e-15)
  t.near(x:std(), math.sqrt(1 / 3), 1e-15)
  t.near(F {1, 1}:norm(), math.sqrt(2), 1e-15)
  t.eq(torch.ByteTensor(1000):fill(255):sum(), 255000)
  t.eq(torch.HalfTensor(3000):fill(1):sum(), 3000)
  t.eq(I {-4, 3}:max(), 3)
  t.eq(D {{1, 2}, {3, 4}}:t():min(), 1)
  autograd.grad(function(y)
    t.eq(x:mean(), 5 / 3, 'a tape that does not hold x changes nothing')
    return y:sum()
  end)(D {1, 2})
end)

-- -- Distances --------------------------------------------------------------------------------------------------

t.test('match', function()
  local x, y = D {{1, 2}, {3, 4}, {5, 6}}, D {{1, 1}, {0, 6}}
  local want = {{1, 17}, {13, 13}, {41, 25}}
  t.eq(torch.match(x, y):totable(), want)
  t.eq(x:match(y, 2):totable(), {{2, 34}, {26, 26}, {82, 50}})
  t.eq(torch.match(x:long(), y:long()):totable(), want)
  t.eq(torch.match(x:view(3, 1, 2), y):totable(), want, 'a row is a slice')
  local out = D()
  t.ok(rawequal(torch.match(out, x, y), out))
  t.eq(out:totable(), want)
  t.raises('rows of 2 and 3 elements do not match', torch.match, x, D(2, 3))
  t.raises('has no elements', torch.match, x, D())
  t.raises('expected tensors of one type', torch.match, x, y:float())
  t.raises('match: expected a tensor, got nothing', torch.match, x)
end)

-- -- Norms ------------------------------------------------------------------------------------------------------

t.test('renorm', function()
  local x = D {{3, 4}, {0.3, 0.4}}
  local y = torch.renorm(x, 2, 1, 1)
  t.near(y[1][1], 0.6, 1e-6)
  t.near(y[1][2], 0.8, 1e-6)
  t.eq(y[2]:totable(), {0.3, 0.4}, 'what is short enough stays as it is')
  t.near(torch.renorm(x, 1, 2, 2):select(2, 2):norm(1), 2, 1e-6)
  t.near(torch.renorm(x, math.huge, 1, 2)[1]:max(), 2, 1e-6)
  local z = x:clone()
  t.ok(rawequal(z:renorm(2, 1, 1), z))
  t.eq(z:totable(), y:totable())
  t.eq(D():renorm(x, 2, 1, 1):totable(), y:totable())
  t.eq(torch.renorm(D(), x, 2, 1, 1):totable(), y:totable())
  t.raises('expected 2 dimensions or more', torch.renorm, D {1}, 2, 1, 1)
  t.raises('expected a norm above 0, got 0', torch.renorm, x, 0, 1, 1)
  t.raises('dimension 3 is outside 1..2', torch.renorm, x, 2, 3, 1)
  t.raises('expected a greatest norm as a number, got nothing', torch.renorm, x, 2, 1)
  local g = autograd.grad(function(u) return torch.renorm(u, 2, 1, 1):sum() end)(x)
  t.near(g[2][1], 1)
  t.near(g[1][1] * 3 + g[1][2] * 4, 0, 1e-6, 'along the row nothing changes')
end)

-- -- Ranks ------------------------------------------------------------------------------------------------------

-- Values and places of a line in order, equals in the order of their places.
local function ranked(line)
  local order = {}
  for i = 1, #line do order[i] = i end
  table.sort(order, function(a, b) return line[a] < line[b] or line[a] == line[b] and a < b end)
  return order
end

local function most_frequent(line)
  local count, best = {}, nil
  for _, v in ipairs(line) do count[v] = (count[v] or 0) + 1 end
  for v, n in pairs(count) do
    if not best or n > count[best] or n == count[best] and v < best then best = v end
  end
  for i = #line, 1, -1 do if line[i] == best then return best, i end end
end

t.test('kthvalue, median and mode in lines of every length', function()
  for _, T in ipairs {D, F, I, L, torch.ByteTensor} do
    for _, n in ipairs {1, 2, 7, 48, 49, 300} do
      local x = T(3, n):random(1, n < 60 and 20 or 9)
      local lines = {x, x:t():clone():t()}
      for _, laid in ipairs(lines) do
        for _, k in ipairs {1, math.ceil(n / 3), n} do
          local values, places = torch.kthvalue(laid, k, 2)
          for row = 1, 3 do
            local line = laid[row]:totable()
            local place = ranked(line)[k]
            t.eq({values[row][1], places[row][1]}, {line[place], place}, ('%d of %d'):format(k, n))
          end
        end
        local values, places = laid:median()
        local middle, at = laid:kthvalue(math.floor((n + 1) / 2))
        t.eq({values:totable(), places:totable()}, {middle:totable(), at:totable()})
        values, places = torch.mode(laid)
        for row = 1, 3 do t.eq({values[row][1], places[row][1]}, {most_frequent(laid[row]:totable())}) end
      end
    end
  end
end)

t.test('results of ranks', function()
  local x = D {{5, 3, 1}, {2, 2, 9}}
  for name, want in pairs {kthvalue = {{{3}, {2}}, {{2}, {2}}}, median = {{{3}, {2}}, {{2}, {2}}},
                           mode = {{{1}, {2}}, {{3}, {2}}}, max = {{{5}, {9}}, {{1}, {3}}},
                           min = {{{1}, {2}}, {{3}, {1}}}} do
    local arguments = name == 'kthvalue' and {x, 2, 2} or {x, 2}
    local f = torch[name]
    local v, p = f(unpack(arguments))
    t.eq({v:totable(), p:totable()}, want, name)
    local values, places = D(), L()
    v, p = f(values, places, unpack(arguments))
    t.ok(rawequal(v, values) and rawequal(p, places), name)
    t.eq({v:totable(), p:totable()}, want, name .. ' with both results')
    v, p = f(values:zero(), unpack(arguments))
    t.ok(rawequal(v, values) and not rawequal(p, places), name)
    t.eq({v:totable(), p:totable()}, want, name .. ' with values')
    v, p = f(places:zero(), unpack(arguments))
    t.ok(rawequal(p, places), name)
    t.eq({v:totable(), p:totable()}, want, name .. ' with places')
  end
  t.raises('kthvalue: asked for element 4 of 3', torch.kthvalue, x, 4)
  t.raises('kthvalue: asked for element 0 of 3', torch.kthvalue, x, 0)
  t.raises('nothing to choose from', torch.mode, D())
  t.raises('nothing to choose from', torch.median, D(2, 0))
  t.eq({torch.mode(D {0 / 0, 1, 0 / 0})[1] ~= 1, torch.kthvalue(D {0 / 0, 1}, 1)[1]}, {true, 1})
end)

-- Random numbers as scripts see them: Torch7's numbers for a seed, states, generators of one's own.
local t = require 'harness'
local torch = require 'torch'

local function new(n) return torch.DoubleTensor(n) end

-- How each row of the file of Torch7's numbers was drawn.
local draw = {
  rand = function(n) return torch.rand(n) end,
  randn = function(n) return torch.randn(n) end,
  random = function(n) return new(n):apply(function() return torch.random() end) end,
  random1_10 = function(n) return new(n):random(1, 10) end,
  uniform = function(n) return new(n):uniform(-1, 1) end,
  normal = function(n) return new(n):normal(2, 3) end,
  exponential = function(n) return new(n):exponential(2) end,
  cauchy = function(n) return new(n):cauchy(0, 1) end,
  logNormal = function(n) return new(n):logNormal(1, 2) end,
  geometric = function(n) return new(n):geometric(0.3) end,
  bernoulli = function(n) return new(n):bernoulli(0.4) end,
  randperm = function(n) return torch.randperm(n) end,
  multinomial = function(n) return torch.multinomial(torch.DoubleTensor {0.1, 0.2, 0.3, 0.4}, n, true) end,
  multinomial_norep = function(n) return torch.multinomial(torch.DoubleTensor {0.1, 0.2, 0.3, 0.4}, n, false) end,
  float_rand = function(n) return torch.FloatTensor(n):uniform() end,
  float_randn = function(n) return torch.FloatTensor(n):normal() end,
  Linear_init = function(n) return new(n):uniform(-1 / math.sqrt(3), 1 / math.sqrt(3)) end,
  Conv_init = function(n) return new(n):uniform(-0.5, 0.5) end,
  LSTM_like = function(n) return new(n):normal() end,
}

t.test("Torch7's numbers, to the last bit", function()
  local file = io.open('../shared/data/torch7/golden_rng.txt')
  if not file then t.skip('../shared/data/torch7/golden_rng.txt is not there') end
  local rows = 0
  for line in file:lines() do
    local name, seed, rest = line:match('^([%w_]+)@(%d+) (.*)$')
    local expected = {}
    for word in rest:gmatch('%S+') do expected[#expected + 1] = tonumber(word) end
    torch.manualSeed(tonumber(seed))
    t.eq(draw[name](#expected):totable(), expected, name .. '@' .. seed)
    rows = rows + 1
  end
  t.eq(rows, 57)
end)

t.test("Torch7's numbers in other types and layouts, to the last bit", function()
  for _, row in ipairs(require 'torch.expected.random') do
    local expression, want = unpack(row)
    torch.manualSeed(7)
    t.eq(loadstring('return ' .. expression)():double():reshape(-1):totable(), want, expression)
  end
end)

t.test('numbers one by one are those of a tensor', function()
  torch.manualSeed(5)
  local all = new(6):uniform()
  torch.manualSeed(5)
  for i = 1, 6 do t.eq(torch.uniform(), all[i]) end
  torch.manualSeed(5)
  all = new(5):normal(1, 2)
  torch.manualSeed(5)
  for i = 1, 5 do t.eq(torch.normal(1, 2), all[i]) end
end)

t.test('seeds and states', function()
  torch.manualSeed(42)
  t.eq(torch.initialSeed(), 42)
  torch.randn(3) -- the fourth normal number is now due
  local state = torch.getRNGState()
  t.eq({torch.type(state), state:nElement()}, {'torch.ByteTensor', 5048})
  local first = torch.randn(700):totable()
  torch.setRNGState(state)
  t.eq(torch.randn(700):totable(), first)
  local seed = torch.seed()
  local again = torch.rand(3):totable()
  torch.manualSeed(seed)
  t.eq(torch.rand(3):totable(), again)
  local before = torch.getRNGState()
  t.raises('setRNGState: ', torch.setRNGState, torch.ByteTensor(5048):fill(255))
  t.raises('setRNGState: a state has 5048 bytes, got 3', torch.setRNGState, torch.ByteTensor(3))
  t.eq(torch.getRNGState():totable(), before:totable())
end)

t.test('generators of one\'s own', function()
  local g = torch.Generator()
  t.eq(torch.typename(g), 'torch.Generator')
  torch.manualSeed(g, 9)
  torch.manualSeed(9)
  local mine = torch.rand(g, 4):totable()
  t.eq(torch.rand(4):totable(), mine)
  t.eq(torch.initialSeed(g), 9)
  torch.manualSeed(g, 9)
  t.eq(new(4):uniform(g, 0, 1):totable(), mine)
end)

t.test('wrong parameters', function()
  local before = new(3):fill(7)
  t.raises('bernoulli: the probability must be in 0..1, got 2', before.bernoulli, before, 2)
  t.raises('random: the lower bound 9 is above the upper bound 3', torch.random, 9, 3)
  t.raises('random: 1..300 does not fit uint8', function() torch.ByteTensor(3):random(1, 300) end)
  t.raises('randperm: .* holds a permutation of', torch.randperm, 0)
  t.raises('cannot draw 5 of 2 without replacement', torch.multinomial, new(2):fill(1), 5, false)
  t.raises('weight 2 of row 1 is %-1', torch.multinomial, torch.DoubleTensor {1, -1}, 1, true)
  t.eq(before:totable(), {7, 7, 7})
end)

t.test('every form', function()
  local g, x = torch.Generator(), torch.FloatTensor(2)
  t.ok(rawequal(torch.rand(x, 3, 2), x))
  t.eq(x:size():totable(), {3, 2})
  t.eq(x:randn(g, 4):size():totable(), {4})
  t.eq(torch.randn(torch.LongStorage {2, 2}):size():totable(), {2, 2})
  t.ok(rawequal(torch.uniform(x, g, 5, 6), x))
  t.ok(x:min() >= 5 and x:max() <= 6)
  t.ok(torch.random(g, 3) <= 3)
  t.ok(rawequal(torch.random(x, 7, 7), x))
  t.eq(x:totable(), {7, 7, 7, 7})
  t.eq(torch.bernoulli(1), 1)
  t.eq(torch.bernoulli(g, 0), 0)
  t.eq(torch.bernoulli(x, torch.FloatTensor {1, 0, 1, 0}):totable(), {1, 0, 1, 0})
  t.eq(torch.ByteTensor(2):bernoulli(g, new(2):fill(1)):totable(), {1, 1})
  t.eq(x:randperm(1):totable(), {1})
  t.eq(torch.randperm(torch.LongTensor(), g, 3):sum(), 6)
  local places = torch.LongTensor()
  t.ok(rawequal(torch.multinomial(places, g, torch.FloatTensor {{0, 1}, {1, 0}}, 1), places))
  t.eq(places:totable(), {{2}, {1}})
  t.eq(places:multinomial(new(1):fill(2), 2, true):totable(), {1, 1})
  t.raises('rand: expected sizes, got none', torch.rand)
  t.raises('exponential: expected a number, got nothing', torch.exponential)
  t.raises('normal: expected a number, got string', x.normal, x, 'a')
  t.raises('multinomial: expected a tensor, got number', torch.multinomial, 3, 1)
  t.raises('manualSeed: expected a number, got nil', torch.manualSeed)
end)

t.test('generators and states in files', function()
  local g = torch.Generator()
  local copy = torch.deserialize(torch.serialize({g, g}))
  t.eq(torch.type(copy[1]), 'torch.Generator')
  t.eq(torch.rand(copy[1], 5):totable(), torch.rand(g, 5):totable())
  t.eq(torch.pointer(copy[1]), torch.pointer(copy[2]))
  local state = torch.ByteTensor()
  t.ok(rawequal(torch.getRNGState(g, state), state))
  local expected = torch.rand(g, 3):totable()
  torch.setRNGState(g, state)
  t.eq(torch.rand(g, 3):totable(), expected)
  t.raises('setRNGState: expected a ByteTensor, got a torch.DoubleTensor', torch.setRNGState, new(5048))
  torch.manualSeed(-3)
  t.eq(torch.initialSeed(), -3)
end)

t.test('a generator may stand first wherever numbers are drawn', function()
  local g, weights = torch.Generator(), torch.DoubleTensor {1, 2, 3}
  for name, arguments in pairs {
    uniform = {1, 2}, normal = {1, 2}, exponential = {2}, cauchy = {1, 2}, logNormal = {0, 1}, geometric = {0.5},
    bernoulli = {0.3}, random = {5},
  } do
    local function both(f, with, without)
      torch.manualSeed(g, 11)
      local got = f(unpack(with))
      torch.manualSeed(11)
      local want = f(unpack(without))
      if torch.isTensor(want) then got, want = got:totable(), want:totable() end
      t.eq(got, want, name)
    end
    both(torch[name], {g, unpack(arguments)}, arguments)
    both(torch[name], {new(4), g, unpack(arguments)}, {new(4), unpack(arguments)})
    both(torch.DoubleTensor[name], {new(4), g, unpack(arguments)}, {new(4), unpack(arguments)})
  end
  for name, arguments in pairs {rand = {3}, randn = {2, 2}, randperm = {4}, multinomial = {weights, 2}} do
    torch.manualSeed(g, 11)
    local got = torch[name](g, unpack(arguments)):totable()
    torch.manualSeed(11)
    t.eq(got, torch[name](unpack(arguments)):totable(), name)
  end
  local before = torch._gen
  torch._gen = g
  torch.manualSeed(3)
  t.eq(torch.initialSeed(g), 3, 'torch._gen is the default generator')
  torch._gen = before
end)

t.test('a type may stand last where tensors are made', function()
  t.eq(torch.rand(2, 'torch.FloatTensor'):type(), 'torch.FloatTensor')
  t.eq(torch.randperm(3, 'torch.LongTensor'):type(), 'torch.LongTensor')
  t.eq(torch.zeros(2, 3, 'torch.IntTensor'):type(), 'torch.IntTensor')
  t.eq(torch.range(1, 3, 'torch.ByteTensor'):totable(), {1, 2, 3})
  t.raises('expected a whole number, got string', torch.zeros, 2, 'torch.Nothing')
end)

t.test('draws of the alias method follow the weights', function()
  torch.manualSeed(1)
  for _, weights in ipairs {{0.7, 0.1, 0.1, 0.1}, {0.1, 0.1, 0.1, 0.7}, {0, 0.5, 0, 0.5}, {1}, {3, 1, 4, 2}} do
    for _, T in ipairs {torch.DoubleTensor, torch.FloatTensor} do
      local w, n = T(weights), 20000
      local draws = torch.multinomialAlias(torch.LongTensor(n), torch.multinomialAliasSetup(w))
      local counts = torch.histc(draws:double(), #weights, 0.5, #weights + 0.5)
      for i = 1, #weights do
        -- five standard deviations of a count
        local p = weights[i] / w:sum()
        t.ok(math.abs(counts[i] - n * p) <= 5 * math.sqrt(n * p * (1 - p)), ('slot %d: %d'):format(i, counts[i]))
      end
    end
  end
end)

t.test('forms of the alias method', function()
  local weights, g = torch.FloatTensor {0.5, 0.25, 0.25}, torch.Generator()
  local state = torch.multinomialAliasSetup(weights)
  t.ok(torch.multinomialAliasSetup(weights, state) == state)
  t.eq({state[1]:type(), state[2]:type()}, {'torch.LongTensor', 'torch.FloatTensor'})
  local places, shares = torch.multinomialAliasSetup_(weights)
  t.eq(places:totable(), state[1]:totable())
  t.ok(rawequal((weights:multinomialAliasSetup_(places, shares)), places))
  local out = torch.LongTensor(2, 3)
  t.ok(rawequal(torch.multinomialAlias(out, state), out))
  torch.manualSeed(g, 4)
  local want = torch.multinomialAlias(out, g, state):totable()
  torch.manualSeed(4)
  t.eq(torch.multinomialAlias_(out, places, shares):totable(), want)
  t.eq(torch.multinomialAlias_(g, places, shares):nElement(), 3)
  t.raises('weight 2 is %-1', torch.multinomialAliasSetup, torch.FloatTensor {1, -1})
  t.raises('the weights sum to 0', torch.multinomialAliasSetup, torch.FloatTensor(2):zero())
  t.raises('expected a vector of weights', torch.multinomialAliasSetup, torch.FloatTensor(2, 2))
  t.raises('expected a floating dtype', torch.multinomialAliasSetup, torch.LongTensor(2))
  t.raises('place 1 is 9, outside 1..3', torch.multinomialAlias_, out, torch.LongTensor {9, 1, 1}, shares)
  t.raises('share 2 is 5', torch.multinomialAlias_, out, places, torch.FloatTensor {1, 5, 1})
  t.raises('expected the state that multinomialAliasSetup gave', torch.multinomialAlias, out, 3)
end)

-- The maths functions: near to the exact result, and the same for an element wherever it stands.
local t = require 'harness'
local torch = require 'torch'

local function logistic(a) return 1 / (1 + math.exp(-a)) end

-- name, what Lua's own maths gives, the least and the greatest argument
local functions = {
  {'exp', math.exp, -80, 80}, {'log', math.log, 1e-3, 1e4}, {'sin', math.sin, -9, 9}, {'cos', math.cos, -9, 9},
  {'tan', math.tan, -1.5, 1.5}, {'asin', math.asin, -1, 1}, {'acos', math.acos, -1, 1}, {'atan', math.atan, -20, 20},
  {'sinh', math.sinh, -9, 9}, {'cosh', math.cosh, -9, 9}, {'tanh', math.tanh, -9, 9},
  {'sigmoid', logistic, -20, 20},
}
local of_one = {
  'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'erf',
  'sigmoid', 'softplus', 'gelu',
}
local of_two = {'pow', 'atan2'}
local precision = {['torch.DoubleTensor'] = 2 ^ -53, ['torch.FloatTensor'] = 2 ^ -24}
local count = 83 -- whole vectors and a rest

local function spread(typename, from, to) return torch.linspace(from, to, count):type(typename) end

for _, case in ipairs(functions) do
  local name, exact, from, to = unpack(case)
  t.test(name .. ' is within 8 half units of its last place', function()
    for typename, unit in pairs(precision) do
      local x = spread(typename, from, to)
      local y = torch[name](x)
      for i = 1, count do
        local want = exact(x[i])
        -- near a zero of the sine or the tangent the argument's own rounding counts
        local slack = 8 * unit * math.max(math.abs(want), name == 'tanh' and 0 or 1e-3)
        if math.abs(y[i] - want) > slack then
          error(('%s of %.17g in %s: expected %.17g, got %.17g'):format(name, x[i], typename, want, y[i]), 0)
        end
      end
    end
  end)
end

local function same(a, b, what)
  for i = 1, count do
    if a[i] ~= b[i] and a[i] == a[i] then error(('%s at %d: %.17g and %.17g'):format(what, i, a[i], b[i]), 0) end
  end
end

-- x with gaps between its elements
local function gapped(x)
  local wide = x.new(count, 3)
  return wide:select(2, 2):copy(x)
end

local function check_places(name, ...)
  local f, operands = torch[name], {...}
  local whole, strided = f(...), {}
  for k, x in ipairs(operands) do strided[k] = gapped(x) end
  same(f(unpack(strided)), whole, name .. ' with strides')
  local single = whole.new(count)
  for i = 1, count do
    local one = {}
    for k, x in ipairs(operands) do one[k] = x:narrow(1, i, 1) end
    single[i] = f(unpack(one))[1]
  end
  same(single, whole, name .. ' one by one')
  for k, x in ipairs(operands) do operands[k] = x:clone() end
  same(operands[1][name](unpack(operands)), whole, name .. ' in place')
end

t.test('an element\'s result does not depend on its place', function()
  for typename in pairs(precision) do
    for _, name in ipairs(of_one) do check_places(name, spread(typename, 0.01, 0.99)) end
    for _, name in ipairs(of_two) do check_places(name, spread(typename, 0.01, 9), spread(typename, -2, 2)) end
  end
end)

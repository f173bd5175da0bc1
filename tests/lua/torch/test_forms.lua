--- The forms of Torch7: torch.f(x), torch.f(result, x), x:f(…) into a result. Every form of an op gives the same, in
-- results that are empty, of other sizes, or strided; what is missing is an error, never a zero.
local t = require 'harness'
local torch = require 'torch'
local op = require 'torch.op'
local samples = require 'samples'

local D, L, B = torch.DoubleTensor, torch.LongTensor, torch.ByteTensor

local x = D {{1.5, -2, 3}, {4, 5.25, -6}}
local y = D {{2, 1, -1}, {0.5, 3, 2}}
local square = D {{1, 2, 0}, {3, 4, 5}, {6, 7, 8}}
local v, w = D {1, 2, 3}, D {4, 5, 6}
local batch = D(2, 2, 3):copy(torch.range(1, 12))
local places, mask = L {{1, 2, 1}, {2, 2, 1}}, B {{1, 0, 1}, {0, 1, 1}}

-- Functions whose result may stand first, with arguments.
local with_result = {
  {'sum', x, 1}, {'mean', x, 2}, {'prod', x, 1}, {'norm', x, 2, 1}, {'var', x, 1}, {'var', x, 1, true}, {'std', x, 2},
  {'cumsum', x}, {'cumsum', x, 2}, {'cumprod', x, 1}, {'tril', square}, {'triu', square, 1}, {'diag', square},
  {'diag', v, 1}, {'cross', v, w}, {'cross', x, y, 2}, {'cat', x, y}, {'cat', x, y, 1}, {'cat', {x, y, x}, 2},
  {'gather', x, 1, places}, {'reshape', x, 3, 2}, {'repeatTensor', x, 2, 1}, {'mm', x, square}, {'mv', x, v},
  {'ger', v, w}, {'bmm', batch, batch:transpose(2, 3)}, {'addmm', D(2, 3):fill(1), x, square},
  {'addmm', 2, D(2, 3):fill(1), 3, x, square}, {'addmm', D(2, 3):fill(1), 3, x, square},
  {'addmm', 2, D(2, 3):fill(1), x, square}, {'addmv', 2, D {1, 1}, 3, x, v}, {'addr', 2, square, 3, v, w},
  {'baddbmm', 2, D(2, 2, 2):fill(1), 3, batch, batch:transpose(2, 3)},
  {'addbmm', 2, D(2, 2):fill(1), 3, batch, batch:transpose(2, 3)}, {'histc', x, 3}, {'bhistc', x, 3},
  {'match', x, y}, {'renorm', x, 2, 1, 1}, {'index', x, 2, L {3, 1}}, {'maskedSelect', x, mask},
  {'squeeze', D {{1, 2}}},
  {'add', x, 2}, {'add', x, y}, {'add', x, 2, y}, {'csub', x, y}, {'csub', x, 2, y}, {'mul', x, 2}, {'div', x, 2},
  {'cmul', x, y}, {'cdiv', x, y}, {'pow', x, 2}, {'pow', 2, x}, {'cpow', D {{1, 2}}, D {{3, 2}}}, {'fmod', x, 2},
  {'remainder', x, 2}, {'clamp', x, -1, 2}, {'cmax', x, y}, {'cmax', x, 0}, {'cmin', x, y}, {'addcmul', x, 2, y, x},
  {'addcmul', x, y, x}, {'addcdiv', x, 2, x, y}, {'lerp', x, y, 0.25}, {'atan2', x, y}, {'abs', x}, {'exp', x},
  {'neg', x}, {'sign', x}, {'cinv', x}, {'sigmoid', x}, {'lshift', x, 2}, {'clshift', x, y}, {'rshift', x, 2},
}

t.test('a result that stands first takes what a new one would', function()
  for _, row in ipairs(with_result) do
    local name, arguments = row[1], {unpack(row, 2)}
    local want = torch[name](unpack(arguments))
    for what, out in pairs {empty = D(), larger = D(4, 5):fill(7), strided = samples.layouts.strided(want)} do
      for how, f in pairs {['torch.' .. name] = torch[name], [name] = D[name]} do
        local got = f(out, unpack(arguments))
        t.ok(rawequal(got, out), how .. ' gives the result')
        t.eq(samples.differ(out, want), nil, ('%s, %s'):format(how, what))
      end
    end
  end
end)

t.test('methods that work in place leave the operand out', function()
  for _, row in ipairs {
    {'add', 2}, {'add', y}, {'add', 2, y}, {'csub', y}, {'csub', 2, y}, {'mul', 2}, {'div', 2}, {'cmul', y},
    {'cdiv', y}, {'pow', 2}, {'fmod', 2}, {'mod', 2}, {'cfmod', y}, {'cmod', y}, {'remainder', 2}, {'cremainder', y},
    {'clamp', -1, 2}, {'cmax', y}, {'cmax', 0}, {'cmin', y}, {'addcmul', 2, y, y}, {'addcmul', y, y},
    {'addcdiv', 2, y, y}, {'lerp', y, 0.25}, {'atan2', y}, {'abs'}, {'exp'}, {'neg'}, {'sign'}, {'cinv'}, {'floor'},
    {'sigmoid'}, {'renorm', 2, 1, 1}, {'lshift', 2}, {'clshift', y}, {'rshift', 2}, {'crshift', y},
  } do
    local name, arguments = row[1], {unpack(row, 2)}
    local want, self = torch[name](x, unpack(arguments)), x:clone()
    t.ok(rawequal(self[name](self, unpack(arguments)), self), name .. ' gives self')
    t.eq(samples.differ(self, want), nil, name)
  end
  local c = D(2, 3):fill(1)
  t.eq(c:clone():addmm(x, square):totable(), torch.addmm(c, x, square):totable())
  t.eq(c:clone():addmm(3, x, square):totable(), torch.addmm(c, 3, x, square):totable())
  t.eq(c:clone():addmm(2, 3, x, square):totable(), torch.addmm(2, c, 3, x, square):totable())
end)

t.test('a missing operand is an error', function()
  for _, row in ipairs(op.rows) do
    if row.kind == 'binary' or row.kind == 'compare' or row.kind == 'ternary' then
      t.raises(row.name .. ': expected a tensor or a number, got nothing', op.F[row.name], x)
    end
  end
  for _, name in ipairs {'add', 'mul', 'cmul', 'cdiv', 'eq', 'cmax', 'pow', 'addcmul', 'lerp'} do
    t.raises('got nothing', torch[name], x)
    t.raises('got nothing', x[name], x)
  end
  t.raises('expected two numbers as bounds, got 1 and nil', torch.clamp, x, 1)
  t.raises('expected two numbers as bounds', x.clamp, x)
  t.raises('got nothing', torch.dist, x)
  t.raises('got nothing', torch.mm, x)
  t.raises('mm: expected a tensor with 2 dimensions, got 2x2x3', torch.mm, D(), batch, batch)
  t.raises('bmm: expected a tensor with 3 dimensions, got 2x3', D().bmm, D(), x, x)
  t.raises('got string', torch.add, x, 'two')
  t.eq(torch.add(v, '2'):totable(), {3, 4, 5})
end)

t.test('comparisons', function()
  for name, want in pairs {
    lt = {{1, 1, 0}, {0, 0, 1}}, le = {{1, 1, 0}, {0, 0, 1}}, gt = {{0, 0, 1}, {1, 1, 0}}, ge = {{0, 0, 1}, {1, 1, 0}},
    eq = {{0, 0, 0}, {0, 0, 0}}, ne = {{1, 1, 1}, {1, 1, 1}},
  } do
    t.eq(torch[name](x, y):totable(), want, name)
    t.eq(x[name](x, y):type(), 'torch.ByteTensor')
    t.eq(torch[name](B(), x, y):totable(), want, name .. ' into a mask')
    t.eq(torch[name](D(), x, y):totable(), want, name .. ' into its own type')
    t.eq(x[name](D(), x, 1e9):sum(), torch[name](x, 1e9):sum())
    t.raises('expected a ByteTensor or a tensor of the operands', torch[name], L(), x, y)
  end
end)

t.test('functions of numbers', function()
  for _, row in ipairs {
    {'abs', 2, -2}, {'sqrt', 3, 9}, {'pow', 8, 2, 3}, {'atan2', math.atan2(1, 2), 1, 2}, {'lerp', 1.5, 1, 3, 0.25},
    {'sigmoid', 0.5, 0}, {'frac', 0.5, 1.5}, {'trunc', -1, -1.5}, {'round', 3, 2.5}, {'rsqrt', 0.5, 4},
    {'floor', 1, 1.5},
  } do
    t.eq(torch[row[1]](unpack(row, 3)), row[2], row[1])
  end
end)

t.test('reductions of everything are numbers', function()
  t.eq({v:sum(), v:prod(), v:mean(), v:max(), v:min(), v:norm(1), v:var(), v:std(), v:var(true)},
       {6, 6, 2, 3, 1, 6, 1, 1, 2 / 3})
  t.eq({B {1, 0}:all(), B {1, 0}:any(), torch.all(B {1, 1}), torch.any(B {0, 0})}, {false, true, true, false})
  t.eq({torch.ByteTensor(300):fill(1):sum(), torch.trace(square), torch.dot(v, w), torch.dist(v, w, 1), torch.numel(v)},
       {300, 13, 32, 9, 3})
  t.eq({torch.equal(v, v:clone()), torch.equal(v, w), torch.equal(D(), D())}, {true, false, true})
end)

t.test('whole numbers are never divided by 0', function()
  local B3, L3 = B {1, 2, 3}, L {1, 2, 3}
  for _, f in ipairs {
    function() return torch.div(L3, 0) end, function() return torch.div(B3, 256) end,
    function() return torch.div(L3, 0.5) end, function() return torch.div(L3, 0 / 0) end,
    function() return torch.cdiv(L3, L {1, 0, 1}) end, function() return torch.fmod(B3, 512) end,
    function() return torch.remainder(L3, 0) end, function() return L3 % 0 end, function() return 5 / L {0} end,
    function() return torch.addcdiv(L3, L3, L {1, 1, 0}) end, function() return op.F.addcdiv(L3, 2, 0) end,
    function() return op.F.addcdiv(B3, B3, 256) end,
  } do
    t.raises('division by zero', f)
  end
  t.eq(torch.div(L {-9223372036854775807LL - 1}, -1)[1LL], -9223372036854775807LL - 1)
end)

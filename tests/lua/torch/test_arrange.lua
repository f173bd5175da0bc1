--- stack, flip, roll, pad, unique, searchsorted, logsumexp, where, all and any, negative places, Torch7's convolutions:
-- forms, dtypes and what is refused. (Values against PyTorch are in test_linalg_values.lua.)
local t = require 'harness'
local torch = require 'torch'

torch.setdefaulttensortype('torch.DoubleTensor')

local inf, nan = math.huge, 0 / 0
local kinds = {'Double', 'Float', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte'}

-- f of x in every dtype gives these tables, one for each result
local function in_every_dtype(x, f, ...)
  for _, name in ipairs(kinds) do
    local out = {f(torch.Tensor(x):type('torch.' .. name .. 'Tensor'))}
    for i = 1, select('#', ...) do t.eq(out[i]:totable(), (select(i, ...)), name) end
  end
end

t.test('stack', function()
  local x, y = torch.Tensor {1, 2}, torch.Tensor {3, 4}
  t.eq(torch.stack({x, y}):totable(), {{1, 2}, {3, 4}})
  t.eq(torch.stack({x, y}, 2):totable(), {{1, 3}, {2, 4}})
  t.eq(torch.stack({x, y}, -1):totable(), {{1, 3}, {2, 4}})
  in_every_dtype({1, 2}, function(v) return torch.stack {v, v} end, {{1, 2}, {1, 2}})
  t.raises('stack: expected a table of tensors', torch.stack, x)
  t.raises('stack: expected a table of tensors', torch.stack, {})
  t.raises('stack: expected a tensor, got number', torch.stack, {x, 3})
  t.raises('stack: expected tensors of equal sizes, got 2 and 3', torch.stack, {x, torch.ones(3)})
  t.raises('stack: dimension 3 is outside 1..2', torch.stack, {x, y}, 3)
end)

t.test('flip', function()
  in_every_dtype({{1, 2, 3}, {4, 5, 6}}, function(x) return x:flip(2), x:flip(), torch.flip(x, {1}), x:flip(-1) end,
                 {{3, 2, 1}, {6, 5, 4}}, {{6, 5, 4}, {3, 2, 1}}, {{4, 5, 6}, {1, 2, 3}}, {{3, 2, 1}, {6, 5, 4}})
  t.eq(torch.flip(torch.Tensor(0, 3), 1):size():totable(), {0, 3})
  t.eq(torch.flip(torch.Tensor()):nElement(), 0)
  t.eq(torch.flip(torch.Tensor {{1}, {2}}:expand(2, 3), 1):totable(), {{2, 2, 2}, {1, 1, 1}})
  local x = torch.ones(2)
  x:flip(1):fill(3)
  torch.flip(x, {}):fill(4)
  t.eq(x:sum(), 2)
  t.raises('flip: dimension 1 comes twice', torch.flip, x, 1, 1)
  t.raises('flip: dimension 2 is outside 1..1', torch.flip, x, 2)
  t.raises('flip: expected a tensor, got nothing', torch.flip)
end)

t.test('roll', function()
  in_every_dtype({{1, 2, 3}, {4, 5, 6}}, function(x)
    return x:roll(1), x:roll(-1, 2), x:roll({1, 1}, {1, 2}), x:roll(7, 2)
  end, {{6, 1, 2}, {3, 4, 5}}, {{2, 3, 1}, {5, 6, 4}}, {{6, 4, 5}, {3, 1, 2}}, {{3, 1, 2}, {6, 4, 5}})
  t.eq(torch.roll(torch.Tensor(), 1):nElement(), 0)
  t.eq(torch.roll(torch.Tensor(0, 2), 1, 1):size():totable(), {0, 2})
  local x = torch.ones(3)
  t.ok(torch.roll(x, 3) ~= x, 'a new tensor')
  t.raises('roll: 2 shifts for 1 dimensions', torch.roll, x, {1, 2}, {1})
  t.raises('roll: 2 shifts without dimensions', torch.roll, x, {1, 2})
  t.raises('roll: expected a whole number, got 1.5', torch.roll, x, 1.5)
  t.raises('roll: expected a whole number, got nil', torch.roll, x)
end)

t.test('pad', function()
  in_every_dtype({{1, 2, 3}}, function(x)
    return x:pad({1, 2}), x:pad({1, 0}, 'constant', 7), x:pad({2, 2}, 'reflect'), x:pad({2, 1}, 'replicate'),
           x:pad({1, 2}, 'circular'), x:pad({-1, 0, 1, 0}, 'constant', 1)
  end, {{0, 1, 2, 3, 0, 0}}, {{7, 1, 2, 3}}, {{3, 2, 1, 2, 3, 2, 1}}, {{1, 1, 1, 2, 3, 3}}, {{3, 1, 2, 3, 1, 2}},
     {{1, 1}, {2, 3}})
  t.eq(torch.pad(torch.Tensor {1, 2}, {-1, -1}):size():totable(), {0})
  t.eq(torch.pad(torch.Tensor {1, 2, 3}, {-2, 4}):totable(), {3, 0, 0, 0, 0})
  t.eq(torch.pad(torch.Tensor {1, 2, 3}, {4, -4}):totable(), {0, 0, 0})
  t.eq(torch.pad(torch.Tensor(0, 2), {0, 0, 2, 1}, 'constant', 5):totable(), {{5, 5}, {5, 5}, {5, 5}})
  t.eq(torch.pad(torch.Tensor {3}, {2, 1}, 'replicate'):totable(), {3, 3, 3, 3})
  local x = torch.ones(2, 3)
  t.raises('pad: reflect cannot add 3 and 0 places to the 3 of dimension 2', torch.pad, x, {3, 0}, 'reflect')
  t.raises('pad: circular cannot add 0 and 4 places', torch.pad, x, {0, 4}, 'circular')
  t.raises('pad: replicate cannot add 1 and 0 places to the 0',
           torch.pad, torch.Tensor(0, 2), {0, 0, 1, 0}, 'replicate')
  t.raises('pad: more is cut off than dimension 2 has', torch.pad, x, {-2, -2})
  t.raises('pad: more is cut off than dimension 2 has', torch.pad, x, {-2, -2}, 'replicate')
  t.raises('pad: expected constant, reflect, replicate or circular, got mirror', torch.pad, x, {1, 1}, 'mirror')
  t.raises('two numbers for each of up to 2 dimensions', torch.pad, x, {1, 1, 1})
  t.raises('two numbers for each of up to 2 dimensions', torch.pad, x, {1, 1, 1, 1, 1, 1})
  t.raises('pad: expected a whole number, got 0.5', torch.pad, x, {0.5, 1})
  t.raises('pad: expected a number as the value, got string', torch.pad, x, {1, 1}, 'constant', 'x')
end)

t.test('unique', function()
  in_every_dtype({{3, 1, 3}, {2, 3, 1}}, torch.unique, {1, 2, 3}, {{3, 1, 3}, {2, 3, 1}}, {2, 1, 3})
  local values, inverse, counts = torch.unique(torch.Tensor {nan, 1, nan, -inf, -0, 0})
  t.eq(values:totable(), {-inf, 0, 1, nan, nan})
  t.eq(counts:totable(), {1, 2, 1, 1, 1})
  t.eq(inverse:totable(), {4, 3, 5, 1, 2, 2})
  t.eq({values:type(), inverse:type(), counts:type()}, {'torch.DoubleTensor', 'torch.LongTensor', 'torch.LongTensor'})
  for _, x in ipairs {torch.Tensor(), torch.Tensor(0, 3)} do
    for _, out in ipairs {torch.unique(x)} do t.eq(out:nElement(), 0) end
  end
  t.eq(torch.unique(torch.Tensor {5}):totable(), {5})
  t.eq((torch.unique(torch.LongTensor {2 ^ 53, 2 ^ 53 - 1})):size(1), 2)
  local big = torch.LongTensor(20000):random(1, 500)
  values, inverse, counts = torch.unique(big)
  t.ok(torch.equal(values:index(1, inverse), big))
  t.eq(counts:sum(), 20000)
end)

t.test('searchsorted', function()
  in_every_dtype({2, 3, 3, 5}, function(x)
    return torch.searchsorted(x, x), torch.searchsorted(x, x, true), torch.searchsorted(x, x.new {1, 4, 6})
  end, {1, 2, 2, 4}, {2, 4, 4, 5}, {1, 4, 5})
  local x = torch.Tensor {1, 2, inf, nan}
  t.eq(x:searchsorted(torch.Tensor {nan, inf, -inf, 9}):totable(), {4, 3, 1, 3})
  t.eq(x:searchsorted(torch.Tensor {nan, inf}, true):totable(), {5, 4})
  t.eq(torch.searchsorted(x, 2), 2)
  t.eq(torch.searchsorted(x, 2, true), 3)
  t.eq(torch.searchsorted(torch.Tensor(), torch.Tensor {1, 2}):totable(), {1, 1})
  t.eq(torch.searchsorted(x, torch.Tensor()):nElement(), 0)
  local lines = torch.Tensor {{1, 2, 3}, {4, 5, 6}}
  t.eq(torch.searchsorted(lines, torch.Tensor {{2.5, 0}, {2.5, 9}}):totable(), {{3, 1}, {1, 4}})
  t.eq(torch.searchsorted(lines:t():contiguous():t(), torch.Tensor {{2}, {5}}):totable(), {{2}, {2}})
  t.raises('searchsorted: expected one sorted line, or one for each line of the values %(3x1%), got 2x3',
           torch.searchsorted, lines, torch.ones(3, 1))
  t.raises('expected tensors of one type', torch.searchsorted, lines, torch.ones(2, 1):float())
  t.raises('searchsorted: expected a tensor, got nothing', torch.searchsorted, lines)
end)

t.test('logsumexp', function()
  t.near(torch.logsumexp(torch.Tensor {1000, 1000}), 1000 + math.log(2))
  t.eq(torch.logsumexp(torch.Tensor {-inf, -inf}), -inf)
  t.eq(torch.logsumexp(torch.Tensor {1, inf}), inf)
  t.eq(torch.logsumexp(torch.Tensor {1, nan}), nan)
  local x = torch.Tensor {{0, 0}, {0, 0}}
  t.eq(x:logsumexp(-1):size():totable(), {2, 1})
  t.near(x:logsumexp({1, 2})[1][1], math.log(4))
  for _, kind in ipairs {'Float', 'Half', 'BFloat16'} do
    t.near(torch.Tensor {50, 50}:type('torch.' .. kind .. 'Tensor'):logsumexp(), 50 + math.log(2), 4e-3)
  end
  t.raises('logsumexp: expected a tensor of floating numbers, got a torch.LongTensor',
           torch.logsumexp, torch.LongTensor {1})
  t.raises('logsumexp: dimension 3 is outside 1..2', torch.logsumexp, x, 3)
end)

t.test('where: choice, and places', function()
  local x = torch.Tensor {{0, 5}, {-1, 0}}
  local rows, columns = torch.where(x)
  t.eq(rows:totable(), {1, 2})
  t.eq(columns:totable(), {2, 1})
  t.eq(torch.where(torch.zeros(3)):nElement(), 0)
  t.eq(torch.where(x:gt(0), x, 7):totable(), {{7, 5}, {7, 7}})
  t.eq(torch.where(x:gt(0), 1, 0):totable(), {{0, 1}, {0, 0}})
  t.raises('nonzero: expected a tensor, got nothing', torch.where)
end)

t.test('all and any, of everything and along dimensions', function()
  local x = torch.ByteTensor {{1, 0}, {1, 1}}
  t.eq({torch.all(x), x:any(), torch.all(x:narrow(1, 2, 1))}, {false, true, true})
  t.eq(torch.all(x, 1):totable(), {{1, 0}})
  t.eq(x:any(-1):totable(), {{1}, {1}})
  t.eq(torch.all(x, {1, 2}):totable(), {{0}})
  local result = torch.ByteTensor()
  t.ok(torch.any(result, x, 1) == result)
  t.eq(result:totable(), {{1, 1}})
end)

t.test('negative places count from the end', function()
  local x = torch.range(1, 6):view(2, 3)
  t.eq(x:narrow(2, -2, 2):totable(), {{2, 3}, {5, 6}})
  t.eq(x:select(-1, -1):totable(), {3, 6})
  t.eq(x[{-1}]:totable(), {4, 5, 6})
  t.eq(x[{{}, {-2, -1}}]:totable(), {{2, 3}, {5, 6}})
  t.eq(x[{-1, -3}], 4)
  t.raises('narrow', function() x:narrow(2, -4, 1) end)
  t.raises('narrow', function() x:narrow(2, -1, 2) end)
  t.raises('narrow', function() x:narrow(2, 0, 1) end)
  t.raises('select', function() x:select(1, -3) end)
  t.raises('select', function() x:select(1, 0) end)
end)

-- -- Torch7's convolutions ----------------------------------------------------------------------------------------

t.test('conv2 and xcorr2 in every dtype, and into a result', function()
  in_every_dtype({{1, 2, 3}, {4, 5, 6}, {1, 0, 1}}, function(x)
    local k = x.new {{1, 0}, {2, 1}}
    return torch.xcorr2(x, k), torch.conv2(x, k), x:conv2(k, 'F')
  end, {{14, 18}, {6, 6}}, {{10, 14}, {14, 18}}, {{1, 2, 3, 0}, {6, 10, 14, 3}, {9, 14, 18, 6}, {2, 1, 2, 1}})
  local result, x = torch.ones(7), torch.ones(3, 3)
  t.ok(torch.conv2(result, x, x) == result)
  t.eq(result:totable(), {{9}})
end)

t.test('conv3 and xcorr3 in every dtype', function()
  for _, name in ipairs(kinds) do
    local x = torch.range(1, 8):view(2, 2, 2):type('torch.' .. name .. 'Tensor')
    local k = x.new(1, 2, 2):fill(1)
    k[1][1][1] = 2
    t.eq({torch.xcorr3(x, k)[1][1][1], torch.conv3(x, k)[2][1][1]}, {11, 34}, name)
    t.eq(torch.conv3(x, k, 'F'):size():totable(), {2, 3, 3})
  end
end)

t.test('images and kernels that do not go together', function()
  local x = torch.ones(3, 5, 5)
  t.raises('conv2: an image of sizes 3x5x5 and a kernel of sizes 2x2x2 do not go together',
           torch.conv2, x, torch.ones(2, 2, 2))
  t.raises('xcorr2: an image of sizes 3x5x5 and a kernel of sizes 2x2 do', torch.xcorr2, x, torch.ones(2, 2))
  t.raises('conv2: an image of sizes 3x5x5 and a kernel of sizes 4x2x2x2', torch.conv2, x, torch.ones(4, 2, 2, 2))
  t.raises('conv3: an image of sizes 5x5', torch.conv3, x[1], x)
  t.raises('conv2: a kernel of sizes 6x1 does not fit into an image of 5x5', torch.conv2, x[1], torch.ones(6, 1))
  t.eq(torch.conv2(x[1], torch.ones(6, 1), 'F'):size():totable(), {10, 5})
  t.raises('conv2: expected \'V\' or \'F\', got S', torch.conv2, x[1], x[1], 'S')
  t.raises('xcorr3: expected a tensor, got nothing', torch.xcorr3, x)
  t.raises('expected tensors of one type', torch.conv2, x[1], torch.ones(2, 2):float())
end)

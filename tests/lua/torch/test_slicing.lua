--- t[k] and t[k] = v for every kind of k and v; elements beyond what numbers hold.
local t = require 'harness'
local torch = require 'torch'

local B, L, S = torch.ByteTensor, torch.LongTensor, torch.LongStorage

local function matrix() return torch.IntTensor {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}} end
local function vector() return torch.IntTensor {1, 2, 3, 4} end
local function cube() return torch.IntTensor {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}} end

local function plain(x) return torch.isTensor(x) and x:totable() or x end

-- -- Reading ----------------------------------------------------------------------------------------------------

local mask = B {{1, 0, 0, 1}, {0, 0, 0, 0}, {1, 1, 0, 0}}

t.test('what is read', function()
  for i, case in ipairs {
    {vector, 2, 2}, {vector, -1, 4}, {vector, -4, 1}, {vector, 2.9, 2}, {vector, -1.9, 4}, {vector, {3}, 3},
    {vector, {-2}, 3}, {vector, {{2, 3}}, {2, 3}}, {vector, {{-3, -2}}, {2, 3}}, {vector, {{2}}, {2}},
    {vector, {{}}, {1, 2, 3, 4}}, {vector, {}, {1, 2, 3, 4}}, {vector, S {2}, 2},
    {matrix, 2, {5, 6, 7, 8}}, {matrix, -1, {9, 10, 11, 12}}, {matrix, {2}, {5, 6, 7, 8}}, {matrix, {2, 3}, 7},
    {matrix, {-1, -1}, 12}, {matrix, {{}, 2}, {2, 6, 10}}, {matrix, {{}, {2, 3}}, {{2, 3}, {6, 7}, {10, 11}}},
    {matrix, {{2}, 3}, {7}}, {matrix, {2, {2, 3}}, {6, 7}}, {matrix, {{1, 2}, {-2, -1}}, {{3, 4}, {7, 8}}},
    {matrix, S {2, 3}, 7}, {matrix, S {-1, -1}, 12}, {matrix, mask, {1, 4, 9, 10}},
    {cube, {2, 1, 2}, 6}, {cube, {1, {}, 2}, {2, 4}}, {cube, {{}, 1, 1}, {1, 5}}, {cube, {1, 2}, {3, 4}},
  } do
    t.eq(plain(case[1]()[case[2]]), case[3], 'case ' .. i)
  end
  t.eq(matrix().nothing, nil)
  local x = matrix()
  t.ok(x[2]:storage() == x:storage() and x[{{}, 2}]:storage() == x:storage(), 'slices are views')
end)

t.test('what cannot be read', function()
  for i, case in ipairs {
    {vector, 0, '0 is outside 1..4'}, {vector, 5, '5 is outside 1..4'}, {vector, -5, '%-5 is outside 1..4'},
    {vector, 0.5, '0.5 is outside 1..4'}, {vector, 0 / 0, 'nan is outside 1..4'}, {vector, {5}, '5 is outside'},
    {vector, {1, 1}, '2 indices for 1 dimensions'}, {matrix, {1, 5}, '5 is outside 1..4 %(dimension 2%)'},
    {matrix, {{3, 2}}, 'is an empty range'}, {matrix, {{0, 2}}, '0 is outside'}, {matrix, {'a'}, 'expected a number'},
    {torch.IntTensor, 1, 'no elements'}, {vector, true, 'expected a number, a table, a LongStorage or a mask'},
    {vector, torch.IntStorage {1}, 'expected a LongStorage'}, {matrix, B {1, 0}, 'expected a mask with as many'},
  } do
    local x = case[1]()
    t.raises(case[3], function() return x[case[2]], i end)
  end
end)

-- -- Writing ----------------------------------------------------------------------------------------------------

t.test('what is written', function()
  local I = torch.IntTensor
  for i, case in ipairs {
    {vector, 2, 7, {1, 7, 3, 4}}, {vector, -1, 7, {1, 2, 3, 7}}, {vector, 2.9, 7, {1, 7, 3, 4}},
    {vector, 2, '7', {1, 7, 3, 4}}, {vector, 2, 7.9, {1, 7, 3, 4}}, {vector, 2, I {7}, {1, 7, 3, 4}},
    {vector, {2}, 7, {1, 7, 3, 4}}, {vector, {{2, 3}}, 7, {1, 7, 7, 4}}, {vector, {{2, 3}}, I {8, 9}, {1, 8, 9, 4}},
    {vector, {}, 0, {0, 0, 0, 0}}, {vector, B {1, 0, 0, 1}, 7, {7, 2, 3, 7}},
    {vector, B {1, 0, 0, 1}, I {8, 9}, {8, 2, 3, 9}}, {vector, S {3}, 7, {1, 2, 7, 4}},
    {cube, 1, 0, {{{0, 0}, {0, 0}}, {{5, 6}, {7, 8}}}}, {cube, {{}, 2}, I {{1, 1}, {2, 2}}, {{{1, 2}, {1, 1}},
     {{5, 6}, {2, 2}}}}, {cube, {1, 2, 1}, 0, {{{1, 2}, {0, 4}}, {{5, 6}, {7, 8}}}},
    {cube, 2, I {1, 2, 3, 4}, {{{1, 2}, {3, 4}}, {{1, 2}, {3, 4}}}, 'as many elements will do'},
    {cube, 2, torch.DoubleTensor {{1, 2}, {3, 4}}, {{{1, 2}, {3, 4}}, {{1, 2}, {3, 4}}}, 'of any type'},
    {cube, S {2, 2, 2}, 0, {{{1, 2}, {3, 4}}, {{5, 6}, {7, 0}}}},
  } do
    local x = case[1]()
    x[case[2]] = case[3]
    t.eq(x:totable(), case[4], 'case ' .. i)
  end
end)

t.test('what cannot be written leaves the tensor as it was', function()
  for _, case in ipairs {
    {5, 1, 'is outside'}, {0, 1, 'is outside'}, {2, 'a', 'expected a number, got string'},
    {2, nil, 'expected a number, got nothing'}, {2, {}, 'expected a number, got table'},
    {{{2, 3}}, torch.IntTensor(3), 'copy: '}, {B {1, 1, 1, 0}, torch.IntTensor(2), 'only 2 elements'},
    {'name', 1, 'expected a number, a table'}, {{1, 1}, 1, '2 indices for 1'},
  } do
    local x = vector()
    t.raises(case[3], function() x[case[1]] = case[2] end)
    t.eq(x:totable(), {1, 2, 3, 4})
  end
end)

-- -- 64 bits ----------------------------------------------------------------------------------------------------

local big = 9007199254740993LL -- 2^53 + 1: no number holds it

t.test('whole numbers of 64 bits go in and out without loss', function()
  local x = L {big, -big, 3}
  t.eq({x[1LL], x[-2LL], x[{3LL}], x[1]}, {big, -big, 3LL, 2 ^ 53})
  t.eq(L {{big, 1}}[{1LL, 1LL}], big)
  x[3] = big + 1
  x[{2}] = 0x7fffffffffffffffLL
  t.eq({x[3LL], x[2LL]}, {big + 1, 0x7fffffffffffffffLL})
  t.eq(L(2):fill(big)[2LL], big)
  x[B {1, 0, 0}] = big + 2
  t.eq(x[1LL], big + 2)
  t.eq(x:clone():maskedFill(B {0, 1, 0}, big)[2LL], big)
  t.eq(x:clone():indexFill(1, L {2}, big)[2LL], big)
  t.eq(x:clone():scatter(1, L {2}, big)[2LL], big)
  t.eq(x:clone():apply(function() return big end)[1LL], big)
  local s = torch.LongStorage {big}
  s[1] = s[1LL] + 2
  t.eq({s[1LL], s[1]}, {big + 2, 2 ^ 53 + 4})
  t.eq(torch.IntTensor {5}[1LL], 5LL)
  t.eq(torch.DoubleTensor {2.5}[1LL], 2LL)
  t.eq(torch.IntTensor(1):fill(7LL)[1], 7)
  t.raises('0 is outside', function() return x[0LL] end)
end)

t.test('whole numbers of 64 bits as operands', function()
  local x = L {1, 2}
  t.eq(torch.add(x, big)[2LL], big + 2)
  t.eq((x + big)[1LL], big + 1)
  t.eq((big - x)[1LL], big - 1)
  t.eq((x * big)[2LL], 2 * big)
  t.eq(torch.cmax(x, big)[1LL], big)
  t.eq(L {big, big - 1}:eq(big):totable(), {1, 0})
  t.eq(L {big, 0}:sum(1)[1LL], big)
  t.eq(x:clone():add(3LL):totable(), {4, 5})
  t.eq((torch.FloatTensor {1} * 3LL)[1], 3)
end)

t.test('tensors of more than 2^31 elements', function()
  local x = torch.ByteTensor(3 * 2 ^ 30) -- only the pages that are touched cost memory
  x[-1], x[2 ^ 31 + 1] = 7, 8
  t.eq({x[3 * 2 ^ 30], x:narrow(1, 2 ^ 31 + 1, 1)[1], x:nElement()}, {7, 8, 3 * 2 ^ 30})
end)

--- Views, copies and lists of parts, in every form: values, strides, what shares memory and what does not.
local t = require 'harness'
local torch = require 'torch'

local I, S = torch.IntTensor, torch.LongStorage

local function cube() return torch.range(1, 24, 'torch.IntTensor'):view(2, 3, 4) end
local function matrix() return I {{1, 2, 3}, {4, 5, 6}} end

local function describe(x)
  if not torch.isTensor(x) then return x end
  return {x:size():totable(), x:stride():totable(), x:storageOffset()}
end

t.test('views by their sizes, strides and offsets', function()
  for i, case in ipairs {
    {cube():narrow(2, 2, 2), {{2, 2, 4}, {12, 4, 1}, 5}}, {cube():narrow(3, 1.5, '2'), {{2, 3, 2}, {12, 4, 1}, 1}},
    {cube():sub(2, 2), {{1, 3, 4}, {12, 4, 1}, 13}}, {cube():sub(1, -1, -2, -1), {{2, 2, 4}, {12, 4, 1}, 5}},
    {cube():sub(2, 2, 2, 3, 4, 4), {{1, 2, 1}, {12, 4, 1}, 20}}, {cube():select(2, 3), {{2, 4}, {12, 1}, 9}},
    {matrix():t(), {{3, 2}, {1, 3}, 1}}, {cube():transpose(1, 3), {{4, 3, 2}, {1, 4, 12}, 1}},
    {cube():permute(3, 1, 2), {{4, 2, 3}, {1, 12, 4}, 1}}, {I(3, 1):expand(3, 4), {{3, 4}, {1, 0}, 1}},
    {I(1, 4):expand(S {3, 4}), {{3, 4}, {0, 1}, 1}}, {I(3, 1):expandAs(I(3, 2)), {{3, 2}, {1, 0}, 1}},
    {I():expand(I(3, 1), 3, 2), {{3, 2}, {1, 0}, 1}}, {I():expandAs(I(3, 1), I(3, 2)), {{3, 2}, {1, 0}, 1}},
    {torch.expand(I(3, 1), 3, 2), {{3, 2}, {1, 0}, 1}}, {cube():view(6, 4), {{6, 4}, {4, 1}, 1}},
    {cube():view(-1, 8), {{3, 8}, {8, 1}, 1}}, {cube():view(S {24}), {{24}, {1}, 1}},
    {cube():viewAs(I(4, 6)), {{4, 6}, {6, 1}, 1}}, {I():view(cube(), 4, 6), {{4, 6}, {6, 1}, 1}},
    {I():viewAs(cube(), I(24)), {{24}, {1}, 1}}, {torch.view(cube(), 24), {{24}, {1}, 1}},
    {cube():unfold(3, 2, 1), {{2, 3, 3, 2}, {12, 4, 1, 1}, 1}}, {I(8):unfold(1, 3, 2), {{3, 3}, {2, 1}, 1}},
    {I(1, 3, 1):squeeze(), {{3}, {1}, 1}}, {I(1, 3, 1):squeeze(1), {{3, 1}, {1, 1}, 1}},
    {I(1, 3, 1):squeeze(2), {{1, 3, 1}, {3, 1, 1}, 1}}, {I(1, 1):squeeze(1), {{1}, {1}, 1}},
    {torch.squeeze(I(), I(1, 2)), {{2}, {1}, 1}}, {torch.squeeze(I(), I(1, 2), 1), {{2}, {1}, 1}},
    {I {7}:squeeze(), 7}, {I {7}:squeeze(1), 7}, {I {{7}}:squeeze(), 7}, {I {5, 6}:select(1, 2), 6},
    {I {5, 6}:select(9, -1 + 3), 6},
  } do
    t.eq(describe(case[1]), case[2], 'case ' .. i)
  end
end)

t.test('what no view can be', function()
  local x = cube()
  t.raises('narrow: ', x.narrow, x, 2, 2, 3)
  t.raises('dimension 4 is outside 1..3', x.narrow, x, 4, 1, 1)
  t.raises('expected a whole number, got nothing', x.narrow, x, 1, 1)
  t.raises('3 … 2 is an empty range', x.sub, x, 3, 2)
  t.raises('expected pairs', x.sub, x, 1)
  t.raises('select: ', x.select, x, 1, 3)
  t.raises('select: ', x.select, x, 1, 0)
  t.raises('expected a matrix, got 2x3x4', x.t, x)
  t.raises('expected 3 dimensions, got 2', x.permute, x, 1, 2)
  t.raises('expand: ', x.expand, x, 2, 3, 5)
  t.raises('view: ', x.view, x, 5, 5)
  t.raises('view: ', x.view, x, -1, -1)
  t.raises('view: ', matrix().t(matrix()).view, matrix():t(), 6)
  t.raises('unfold: ', x.unfold, x, 3, 5, 1)
  t.raises('dimension 3 is outside 1..1', I(3).transpose, I(3), 1, 3)
end)

t.test('reshape copies', function()
  local x = matrix()
  local y = x:reshape(3, 2)
  y:fill(0)
  t.eq(x:totable(), {{1, 2, 3}, {4, 5, 6}})
  t.eq(x:t():reshape(6):totable(), {1, 4, 2, 5, 3, 6})
  t.eq(x:reshape(S {6}):size():totable(), {6})
  local out = I()
  t.ok(rawequal(torch.reshape(out, x, 3, 2), out))
  t.eq(out:totable(), {{1, 2}, {3, 4}, {5, 6}})
  t.raises('reshape: sizes 2x3 do not make 5 elements', x.reshape, x, 5)
  t.eq(x:reshape(3, -1):size():totable(), {3, 2})
end)

t.test('repeatTensor', function()
  local x = I {{1, 2}, {3, 4}}
  t.eq(x:repeatTensor(1, 2):totable(), {{1, 2, 1, 2}, {3, 4, 3, 4}})
  t.eq(x:t():repeatTensor(2, 1):totable(), {{1, 3}, {2, 4}, {1, 3}, {2, 4}})
  t.eq(I {1, 2}:repeatTensor(2, 2):totable(), {{1, 2, 1, 2}, {1, 2, 1, 2}})
  t.eq(x:repeatTensor(S {2, 1, 1}):size():totable(), {2, 2, 2})
  t.eq(torch.repeatTensor(x, 1, 1):totable(), x:totable())
  local out = I()
  t.ok(rawequal(out:repeatTensor(x, 2, 1), out))
  t.eq(out:size():totable(), {4, 2})
  t.raises('1 counts for 2 dimensions', x.repeatTensor, x, 2)
end)

t.test('methods that scripts replace are not asked by others', function()
  local reshape, fill = torch.IntTensor.reshape, torch.IntTensor.fill
  torch.IntTensor.reshape = function() error('mine') end
  torch.IntTensor.fill = function() error('mine') end
  local ok, x = pcall(function() return I {1, 2}:repeatTensor(2), torch.IntTensor():zeros(2) end)
  torch.IntTensor.reshape, torch.IntTensor.fill = reshape, fill
  t.ok(ok, tostring(x))
  torch.IntTensor.double_it = function(y) return y * 2 end
  t.eq({I {3}:double_it()[1], torch.FloatTensor.double_it}, {6, nil})
  torch.IntTensor.double_it = nil
end)

t.test('split and chunk', function()
  local x = torch.range(1, 7)
  local function lists(parts)
    local out = {}
    for i, part in ipairs(parts) do out[i] = part:totable() end
    return out
  end
  t.eq(lists(x:split(3)), {{1, 2, 3}, {4, 5, 6}, {7}})
  t.eq(lists(x:chunk(3)), {{1, 2, 3}, {4, 5, 6}, {7}})
  t.eq(lists(torch.split(x, 4)), {{1, 2, 3, 4}, {5, 6, 7}})
  t.eq(lists(torch.chunk(x, 2)), {{1, 2, 3, 4}, {5, 6, 7}})
  t.eq(lists(matrix():split(2, 2)), {{{1, 2}, {4, 5}}, {{3}, {6}}})
  local list = {1, 2, 3, 4, 5}
  t.ok(torch.split(list, x, 4, 1) == list and #list == 2)
  t.ok(torch.chunk(list, matrix(), 3, 2) == list and #list == 3)
  t.ok(list[1]:storage() == list[2]:storage(), 'parts are views')
  t.raises('expected a size of 1 or more, got 0', x.split, x, 0)
  t.raises('expected a count of 1 or more', x.chunk, x, 0)
  t.raises('expected a tensor, got table', torch.split, {}, {}, 2)
end)

t.test('questions', function()
  local x = cube()
  t.eq({x:dim(), x:nDimension(), x:nElement(), x:numel(), torch.numel(x), x:size(2), x:stride(2)},
       {3, 3, 24, 24, 24, 3, 4})
  t.eq({(#x):totable(), x:size():totable()}, {{2, 3, 4}, {2, 3, 4}})
  t.eq({x:isSize(S {2, 3, 4}), x:isSize(S {2, 3}), x:isSameSizeAs(I(2, 3, 4)), x:isSameSizeAs(I(2, 3))},
       {true, false, true, false})
  t.eq({x:isContiguous(), x:transpose(1, 2):isContiguous(), I(3, 1):t():isContiguous(),
        x:narrow(1, 2, 1):isContiguous(), x:narrow(3, 1, 2):isContiguous()}, {true, false, true, true, false})
  t.eq({torch.totable(matrix()), torch.totable(I()), torch.totable(torch.IntStorage {1})},
       {{{1, 2, 3}, {4, 5, 6}}, {}, {1}})
  t.raises('expected a tensor or a storage, got table', torch.totable, {})
  t.eq(matrix():real():type(), 'torch.DoubleTensor')
  t.raises('dimension 4 is outside 1..3', x.size, x, 4)
end)

t.test('sizes and offsets beyond any memory are refused before they are used', function()
  local x = torch.Tensor(3):fill(1)
  t.raises('expand: size %-5 of dimension 1 is negative', x.expand, x, -5, 3)
  t.raises('more than memory can hold', x.expand, x, 2 ^ 62, 3)
  local none = torch.Tensor()
  t.raises('the offset is beyond any memory', none.set, none, torch.Storage(1), 2 ^ 63 - 1024, torch.LongStorage {0})
  t.eq(none:resize(2000):fill(1):sum(), 2000)
  t.eq(x:unfold(1, 3, 2 ^ 62):size():totable(), {1, 3})
  t.eq(none:set()[{}]:dim(), 0)
end)

t.test('a method without its tensor says so, by the name that the script has for it', function()
  local x = torch.Tensor(3)
  t.raises('test_views.lua:%d+: size: expected a tensor, got nothing', function() local _ = x.size() end)
  t.raises('nElement: expected a tensor, got number', function() local _ = x.nElement(5) end)
  t.raises('resize: expected a storage, got', function() local _ = x:storage().resize(x, 5) end)
  t.raises('readInt: expected a torch.File, got nothing', function() local _ = torch.MemoryFile().readInt() end)
  t.raises('time: expected a torch.Timer, got table', function() local _ = torch.Timer().time({}) end)
end)

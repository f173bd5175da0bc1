--- What tensors and storages are made of: every form of torch.XTensor(…), x:set(…), x:resize(…) and torch.XStorage(…).
local t = require 'harness'
local ffi = require 'ffi'
local torch = require 'torch'

local sizes = torch.LongStorage
local types = {'Float', 'Double', 'Half', 'BFloat16', 'Byte', 'Char', 'Short', 'Int', 'Long'}

-- Each form by what it gives: sizes, strides, the offset, and the elements where they are known.
local forms = {
  {'no elements', function(T) return T() end, {}, {}, 1, {}},
  {'sizes', function(T) return T(2, 1, 3) end, {2, 1, 3}, {3, 3, 1}, 1},
  {'sizes of any kind', function(T) return T(2.9, '3', 2LL) end, {2, 3, 2}, {6, 2, 1}, 1},
  {'sizes in a storage', function(T) return T(sizes {2, 3}) end, {2, 3}, {3, 1}, 1, nil, 'Long'},
  {'sizes and strides', function(T) return T(sizes {2, 3}, sizes {1, 2}) end, {2, 3}, {1, 2}, 1, nil, 'Long'},
  {'a table', function(T) return T {{1, 2}, {3, 4}, {5, 6}} end, {3, 2}, {2, 1}, 1, {{1, 2}, {3, 4}, {5, 6}}},
  {'a table of texts', function(T) return T {'1', '2'} end, {2}, {1}, 1, {1, 2}},
  {'an empty table', function(T) return T {} end, {}, {}, 1, {}},
  {'a tensor', function(T) return T(T {{1, 2}, {3, 4}}:t()) end, {2, 2}, {1, 2}, 1, {{1, 3}, {2, 4}}},
  {'a storage', function(T, S) return T(S {1, 2, 3}) end, {3}, {1}, 1, {1, 2, 3}},
  {'a part of a storage', function(T, S) return T(S {1, 2, 3}, 2) end, {2}, {1}, 2, {2, 3}},
  {'a size within it', function(T, S) return T(S {1, 2, 3}, 2, 1) end, {1}, {1}, 2, {2}},
  {'a size and a stride', function(T, S) return T(S {1, 2, 3, 4, 5}, 1, 3, 2) end, {3}, {2}, 1, {1, 3, 5}},
  {'two of them', function(T, S) return T(S {1, 2, 3, 4}, 1, 2, 1, 2, 2) end, {2, 2}, {1, 2}, 1, {{1, 3}, {2, 4}}},
  {'unnamed strides', function(T, S) return T(S {1, 2, 3, 4}, 1, 2, -1, 2, -1) end, {2, 2}, {2, 1}, 1,
    {{1, 2}, {3, 4}}},
  {'sizes for a storage', function(T, S) return T(S {1, 2, 3, 4}, 1, sizes {2, 2}) end, {2, 2}, {2, 1}, 1,
    {{1, 2}, {3, 4}}},
  {'sizes and strides for a storage', function(T, S) return T(S {1, 2, 3, 4}, 2, sizes {2, 2}, sizes {1, 1}) end,
    {2, 2}, {1, 1}, 2, {{2, 3}, {3, 4}}},
}

t.test('tensors in every form and type', function()
  for _, name in ipairs(types) do
    local T, S = torch[name .. 'Tensor'], torch[name .. 'Storage']
    for _, form in ipairs(forms) do
      local what, make, size, stride, offset, values, not_for = unpack(form, 1, 7)
      if not_for ~= name then
        local x = make(T, S)
        local where = name .. ', ' .. what
        t.eq(x:type(), 'torch.' .. name .. 'Tensor', where)
        t.eq({x:size():totable(), x:stride():totable(), x:storageOffset()}, {size, stride, offset}, where)
        if values then t.eq(x:totable(), values, where) end
        local y = T(7):set(x)
        t.ok(#size == 0 or y:isSetTo(x), where .. ': set makes the same view')
      end
    end
  end
end)

t.test('a LongStorage is the elements of a LongTensor, the sizes of any other', function()
  t.eq(torch.LongTensor(sizes {2, 3}):totable(), {2, 3})
  t.eq(torch.IntTensor(sizes {2, 3}):size():totable(), {2, 3})
  t.eq(torch.IntTensor(4):set(sizes {2, 3}):size():totable(), {2, 3})
end)

t.test('tensors of one storage share their elements', function()
  local x = torch.IntTensor {{1, 2}, {3, 4}}
  local y, z = torch.IntTensor(x), torch.IntTensor(x:storage(), 2)
  y[1][2] = 9
  t.eq({x[1][2], z[1]}, {9, 9})
  t.ok(x:isSetTo(y) and y:isSetTo(x) and not x:isSetTo(z) and not x:isSetTo(x:clone()))
  t.ok(not torch.IntTensor():isSetTo(torch.IntTensor()), 'nothing is set to nothing')
end)

t.test('what no tensor can be made of', function()
  local T, S = torch.IntTensor, torch.IntStorage
  t.raises('ragged', T, {{1, 2}, {3}})
  t.raises('ragged', T, {{1}, 2})
  t.raises('expected a number, got table', T, {1, {2}})
  t.raises('expected a number, got string', T, {'a'})
  t.raises('expected a whole number, got table', T, 2, {})
  t.raises('size %-1 of dimension 2 is negative', T, 2, -1)
  t.raises('more than memory can hold', T, 2 ^ 40, 2 ^ 40)
  t.raises('at most 16 are possible', T, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
  t.raises('expected a torch.IntTensor, got a torch.FloatTensor', T, torch.FloatTensor(2))
  t.raises('expected a torch.IntStorage, got a torch.FloatStorage', T, torch.FloatStorage(2))
  t.raises('the view needs 5 elements, the storage has 3', T, S(3), 1, 3, 2)
  t.raises('the view needs 4 elements, the storage has 3', T, S(3), 2, 3)
  t.raises('the offset is negative', T, S(3), 0, 1)
  t.raises('offset 5 of a storage of 3', T, S(3), 5)
  t.raises('2 sizes and 1 strides', T, S(9), 1, sizes {2, 2}, sizes {1})
end)

-- -- Other sizes ------------------------------------------------------------------------------------------------

t.test('resize', function()
  local x = torch.DoubleTensor {{1, 2, 3}, {4, 5, 6}}
  t.eq(x:resize(3, 2):totable(), {{1, 2}, {3, 4}, {5, 6}})
  t.eq(x:resize(sizes {2, 2}):totable(), {{1, 2}, {3, 4}})
  t.eq(x:storage():size(), 6)
  t.eq(x:resize(sizes {2, 3}, sizes {1, 2}):totable(), {{1, 3, 5}, {2, 4, 6}})
  x:resize(4, 4)
  t.eq(x:storage():size(), 16)
  t.eq(x:storage()[6], 6, 'growing keeps what is there')
  local turned = torch.DoubleTensor {{1, 2, 3}, {4, 5, 6}}:t()
  t.eq(turned:resize(3, 2):stride():totable(), {1, 3}, 'a tensor of these sizes stays as it is')
  t.eq(turned:resizeAs(x:resize(2, 3)):stride():totable(), {3, 1})
  t.eq(x:resize():dim(), 0)
  local part = torch.DoubleTensor(10):fill(1):narrow(1, 5, 3)
  t.eq(part:resize(8):storage():size(), 12, 'a view grows its storage from its own place on')
  t.raises('is negative', x.resize, x, -2)
  t.raises('expected a tensor, got number', x.resizeAs, x, 3)
end)

-- -- Storages ---------------------------------------------------------------------------------------------------

t.test('storages in every form and type', function()
  for _, name in ipairs(types) do
    local S = torch[name .. 'Storage']
    t.eq(S():size(), 0, name)
    t.eq(#S(3), 3, name)
    local s = S {1, 2, 3}
    s[2] = 9
    t.eq({s:totable(), s[2], torch.totable(s)}, {{1, 9, 3}, 9, {1, 9, 3}}, name)
    t.eq(s:fill(4):totable(), {4, 4, 4}, name)
    t.eq(s:resize(2):size(), 2, name)
    t.eq(S(2):copy(torch.DoubleStorage {5, 6}):totable(), {5, 6}, name)
    t.eq(s:type(), 'torch.' .. name .. 'Storage')
    t.eq(s:elementSize(), S.new(1):elementSize())
    t.ok(torch.isStorage(s) and not torch.isTensor(s))
  end
  t.raises('index 4 is outside 1..3', function() return torch.IntStorage(3)[4] end)
  t.raises('index 0 is outside 1..3', function() torch.IntStorage(3)[0] = 1 end)
  t.raises('expected a number, got table', function() torch.IntStorage(3)[1] = {} end)
  t.raises('expected a number', torch.IntStorage, {'a'})
  t.raises('storages of 2 and 3 elements', function() torch.IntStorage(2):copy(torch.IntStorage(3)) end)
end)

t.test('a window keeps the storage it looks into, which may not move', function()
  local s = torch.IntStorage {1, 2, 3, 4}
  local w = torch.IntStorage(s, 2)
  local inner = torch.IntTensor(torch.IntStorage(w, 2, 2))
  t.eq({w:totable(), inner:totable()}, {{2, 3, 4}, {3, 4}})
  w[2] = 7
  t.eq({s[3], inner[1]}, {7, 7})
  t.raises('windows of this memory', s.resize, s, 1000)
  t.raises('cannot change its size', w.resize, w, 5)
  t.eq(s:resize(2):size(), 2)
  w, s = nil, nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  for i = 1, 50 do torch.IntTensor(4):fill(i) end -- would take over memory that was given back
  t.eq(inner:totable(), {7, 4})
  t.raises('window: 5 elements of int32 from byte 4 on', torch.IntStorage, torch.IntStorage(3), 2, 5)
  t.raises('expected a storage of this type', torch.IntStorage, torch.FloatStorage(3), 1)
end)

t.test('a storage around memory of others', function()
  local memory = ffi.new('float[3]', 1, 2, 3)
  for _, address in ipairs {memory, tonumber(ffi.cast('uintptr_t', memory))} do
    local s = torch.FloatStorage(3, address)
    t.eq(s:totable(), {1, 2, 3})
    s[1] = 5
    t.eq(memory[0], 5)
    s[1] = 1
    t.raises('cannot change its size', s.resize, s, 4)
  end
  t.raises('address NULL', torch.FloatStorage, 3, 0)
end)

t.test('texts', function()
  t.eq(torch.CharStorage():string('abc'):totable(), {97, 98, 99})
  t.eq(torch.ByteStorage {97, 0, 98}:string(), 'a\0b')
  t.raises('expected a ByteStorage or a CharStorage', function() torch.IntStorage(1):string() end)
end)

-- tds.Vec: places, inserting, removing, sorting, joining.
local t = require 'harness'
local torch = require 'torch'
local tds = require 'tds'
local ffi = require 'ffi'

local function content(v)
  local list = {}
  for i = 1, #v do list[i] = v[i] == nil and 'nil' or v[i] end
  return list
end

t.test('places', function()
  local v = tds.Vec()
  v[1], v[2], v[5] = 'a', false, 5
  t.eq(content(v), {'a', false, 'nil', 'nil', 5})
  t.eq({v[6], v[100]}, {})
  v[1] = nil
  t.eq({#v, v[1]}, {5})
  for _, bad in ipairs {0, -1, 0 / 0, math.huge} do
    t.raises('expected a place from 1 on', function() v[bad] = 1 end)
    t.raises('expected a place from 1 on', function() return v[bad] end)
  end
  t.raises('expected a place from 1 on, got x', function() v.x = 1 end)
  t.raises('a place or the name of a method, got x', function() return v.x end)
  t.raises('not enough memory', function() v[2 ^ 50] = 1 end)
  t.raises('got a function', function() v[1] = print end)
  t.eq(#v, 5)
end)

t.test('making', function()
  t.eq(content(tds.Vec(1, 'x', true)), {1, 'x', true})
  t.eq(content(tds.Vec {4, 5}), {4, 5})
  t.eq(content(tds.Vec(7)), {7})
  local v = tds.Vec({1, 2}, {a = 3})
  t.eq({torch.type(v[1]), v[1][2], torch.type(v[2]), v[2].a}, {'tds.Vec', 2, 'tds.Hash', 3})
  t.raises('whose keys are numbers', tds.Vec, {x = 1})
end)

t.test('insert, remove, resize', function()
  local v = tds.Vec(1, 2)
  v:insert(3)
  v:insert(1, 0)
  v:insert(6, 'far')
  t.eq(content(v), {0, 1, 2, 3, 'nil', 'far'})
  v:insert(nil)
  t.eq(#v, 7)
  v:remove()
  v:remove(1)
  v:remove(50)
  t.eq(content(v), {1, 2, 3, 'nil', 'far'})
  v:resize(2)
  t.eq(content(v), {1, 2})
  v:resize(3)
  t.eq(content(v), {1, 2, 'nil'})
  v:resize(0)
  v:remove()
  t.eq(#v, 0)
  t.raises('expected a value, or a place and a value', v.insert, v)
  t.raises('expected a place', v.insert, v, 0, 1)
  t.raises('size of %-1', v.resize, v, -1)
end)

t.test('walks give every place', function()
  for _, walk in ipairs {pairs, ipairs} do
    local got = {}
    for i, value in walk(tds.Vec('a', nil, 'c')) do got[#got + 1] = i .. tostring(value) end
    t.eq(got, {'1a', '2nil', '3c'})
  end
end)

t.test('sorting', function()
  torch.manualSeed(2)
  for _, n in ipairs {0, 1, 2, 3, 100, 1023} do
    local v, want = tds.Vec(), {}
    for i = 1, n do
      want[i] = torch.random(50)
      v[i] = want[i]
    end
    v:sort(function(a, b) return a < b end)
    table.sort(want)
    t.eq(content(v), want)
  end
  local v = tds.Vec()
  for i = 1, 300 do v[i] = ('%d/%03d'):format(torch.random(3), i) end
  v:sort(function(a, b) return a:sub(1, 1) > b:sub(1, 1) end)
  for i = 2, 300 do -- equal ones keep their order
    local a, b = v[i - 1], v[i]
    t.ok(a:sub(1, 1) > b:sub(1, 1) or a:sub(1, 1) == b:sub(1, 1) and a:sub(3) < b:sub(3))
  end
  local w = tds.Vec(3, 1, 2)
  w:sort(function() return true end) -- no order at all, and still the same elements
  t.eq(w[1] + w[2] + w[3], 6)
  t.raises('stop', w.sort, w, function() error('stop') end)
  t.raises('expected a function', w.sort, w)
  local by_number = ffi.cast('int (*)(const mt_item *, const mt_item *)',
                             function(a, b) return a.number < b.number and -1 or a.number > b.number and 1 or 0 end)
  jit.off(w.sort)
  w:sort(by_number)
  t.eq(content(w), {1, 2, 3})
  by_number:free()
end)

t.test('joining', function()
  local v = tds.Vec(1, 'b', true, nil, 2.5)
  t.eq({v:concat(), v:concat(', ')}, {'1btruenil2.5', '1, b, true, nil, 2.5'})
  t.eq({v:concat('-', 2, 3), v:concat('-', 4, 3)}, {'b-true', ''})
  t.eq(torch.type(v:concatstorage ' '), 'torch.CharStorage')
  t.eq(v:concatstorage(' ', 1, 2):string(), '1 b')
  local long = tds.Vec()
  for i = 1, 2000 do long[i] = i % 10 end
  t.eq(long:concat(), ('1234567890'):rep(200))
end)

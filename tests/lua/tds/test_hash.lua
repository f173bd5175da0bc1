-- tds.Hash and tds.AtomicCounter: entries of every kind, walks, nesting, printing, memory.
local t = require 'harness'
local torch = require 'torch'
local tds = require 'tds'
local ffi = require 'ffi'

local function live()
  collectgarbage()
  collectgarbage()
  return torch.memory().live
end

t.test('entries come, change and go', function()
  local h = tds.Hash()
  t.eq({#h, h.x, h[1], h[true]}, {0})
  h.x, h[1], h[1.5], h[true], h[false], h[''], h['a\0b'] = 'one', 2, 'three', 4, false, 'six', true
  t.eq(#h, 7)
  t.eq({h.x, h[1], h[1.5], h[true], h[false], h[''], h['a\0b']}, {'one', 2, 'three', 4, false, 'six', true})
  t.eq({h['1'], h['true'], h['a']}, {})
  h.x, h[1], h[2] = nil, 'changed', nil
  t.eq({#h, h.x, h[1]}, {6, nil, 'changed'})
  t.raises('the key is nil', function() return h[nil] end)
  t.raises('the key is nil', function() h[nil] = 1 end)
  t.raises('not a number', function() h[0 / 0] = 1 end)
  t.raises('expected a number, string.*got a function', function() h.f = print end)
  t.raises('got a table', function() h.f = {} end)
  t.raises('got a thread', function() return h[coroutine.create(print)] end)
  t.eq(#h, 6)
end)

t.test('against a Lua table', function()
  torch.manualSeed(1)
  local h, want = tds.Hash(), {}
  for step = 1, 20000 do
    local key = torch.random(700)
    if key % 2 == 0 then key = 'key ' .. key end
    local value = torch.random(3) > 1 and step or nil
    h[key], want[key] = value, value
  end
  local count = 0
  for key, value in pairs(want) do
    count = count + 1
    t.eq(h[key], value)
  end
  t.eq(#h, count)
  for key, value in pairs(h) do t.eq(want[key], value) end
end)

t.test('walks', function()
  local h, seen = tds.Hash(), {}
  for i = 1, 50 do h['k' .. i] = i end
  for key, value in pairs(h) do
    seen[#seen + 1] = value
    if value % 2 == 0 then h[key] = nil else h[key] = -value end
  end
  t.eq({#seen, seen[1], seen[50], #h, h.k1, h.k2}, {50, 1, 50, 25, -1})
  for a in pairs(h) do -- walks within walks
    local n = 0
    for _ in pairs(h) do n = n + 1 end
    t.eq(n, 25, a)
  end
end)

t.test('tensors and storages', function()
  local h, x, s = tds.Hash(), torch.FloatTensor(2, 3):fill(1), torch.LongStorage {7, 8}
  h.x, h.s, h[x], h[s] = x, s, 'tensor', 'storage'
  h.x[2][3] = 5
  h.s[1] = 9
  t.eq({x[2][3], s[1]}, {5, 9}) -- the same memory
  t.eq({torch.type(h.x), torch.type(h.s)}, {'torch.FloatTensor', 'torch.LongStorage'})
  t.eq({h[h.x], h[h.s]}, {'tensor', 'storage'})
  t.eq({h[x[1]], h[x:t()], h[x:clone()]}, {}) -- other views, other memory
  x = nil -- luacheck: ignore
  collectgarbage()
  t.eq(h.x:sum(), 10)
end)

t.test('tables go in with what is in them', function()
  local h = tds.Hash {1, 2, deep = {list = {'a', {b = true}}}, [{9}] = 'key'}
  t.eq({h[1], h[2], #h}, {1, 2, 4})
  t.eq({torch.type(h.deep), torch.type(h.deep.list), torch.type(h.deep.list[2]), h.deep.list[2].b},
       {'tds.Hash', 'tds.Vec', 'tds.Hash', true})
  h.deep.list[1] = 'changed'
  t.eq(h.deep.list[1], 'changed')
  t.eq({h.deep == h.deep, h.deep == h, h == nil}, {true, false, false})
  t.eq(torch.pointer(h.deep), torch.pointer(h.deep))
  t.raises('expected a table or nothing, got number', tds.Hash, 5)
  local loop = {}
  loop.loop = loop
  t.raises('nested deeper', tds.Hash, loop)
  t.raises('got a torch.Timer', tds.Hash, {torch.Timer()})
end)

t.test('printing', function()
  t.eq(tostring(tds.Hash()), 'tds.Hash[0]{\n}')
  local h = tds.Hash()
  h.a = 1
  h.long = 'x'
  h[3] = tds.Vec(true, torch.ones(1))
  t.eq(tostring(h), [[
tds.Hash[3]{
a    : 1
long : x
3    : tds.Vec[2]{
           1 : true
           2 :  1
               [torch.DoubleTensor of size 1]

       }
}]])
  local many = tds.Hash()
  for i = 1, 21 do many[i] = i end
  t.ok(tostring(many):find('20 : 20\n%.%.%.\n}$'))
  many[21] = nil
  t.ok(tostring(many):find('20 : 20\n}$'))
end)

t.test('memory is outside of Lua and goes with the last holder', function()
  local before, heap = live(), collectgarbage('count')
  local h = tds.Hash()
  for i = 1, 20000 do h['a key that is long enough ' .. i] = i end
  h.inner = tds.Vec(torch.DoubleTensor(100000), tds.Hash {x = tds.AtomicCounter()})
  t.ok(live() - before > 20000 * 60)
  t.ok(collectgarbage('count') - heap < 600, 'the heap grew by ' .. collectgarbage('count') - heap .. ' KB')
  local inner = h.inner
  h = nil -- luacheck: ignore
  t.ok(live() - before < 1000000)
  t.eq(inner[1]:nElement(), 100000)
  inner = nil -- luacheck: ignore
  t.eq(live(), before)
end)

t.test('counters', function()
  local c = tds.AtomicCounter()
  t.eq({c:get(), c:inc(), c:inc(), c:get(), tostring(c)}, {0, 0, 1, 2, 'tds.AtomicCounter=2'})
  c:set(-5)
  t.eq({c:inc(), c:get(), torch.type(c)}, {-5, -4, 'tds.AtomicCounter'})
  t.raises('expected a whole number', c.set, c, 'x')
  t.raises('no method dec', function() return c.dec end)
  local h = tds.Hash {}
  h.c = c
  h.c:inc()
  t.eq(c:get(), -3)
end)

t.test('objects of other C types', function()
  local elem = require 'tds.elem'
  ffi.cdef [[
    typedef struct tds_test_pair { double a, b; } tds_test_pair;
    void *tds_test_malloc(size_t) __asm__("malloc");
    void tds_test_free(void *) __asm__("free");
  ]]
  torch.metatype('tds_test.Pair', 'tds_test_pair &')
  local out = 0
  elem.addctype('tds_test.Pair', ffi.C.tds_test_free, function(pair)
    local copy = ffi.cast('tds_test_pair *', ffi.C.tds_test_malloc(16))
    copy[0] = pair
    return copy, ffi.C.tds_test_free
  end, function(p)
    out = out + 1
    return ffi.new('tds_test_pair', ffi.cast('tds_test_pair *', p)[0])
  end)
  local h = tds.Hash()
  h.pair = ffi.new('tds_test_pair', 3, 4)
  local back = h.pair
  t.eq({back.a, back.b, out}, {3, 4, 1})
  h.pair = nil
  t.eq(#h, 0)
end)

-- Tables of tds in files.
local t = require 'harness'
local torch = require 'torch'
local tds = require 'tds'

local function sample()
  local v, counter = tds.Vec(1, 'two', nil, torch.FloatTensor {3, 4}), tds.AtomicCounter()
  counter:set(2 ^ 40)
  local h = tds.Hash {name = 'net', [7] = true}
  h.v, h.again, h.count, h[torch.ones(2)] = v, v, counter, 'by tensor'
  return h
end

t.test('they come out as they went in, and what was shared is shared', function()
  for _, mode in ipairs {'binary', 'ascii'} do
    local h = torch.deserialize(torch.serialize(sample(), mode), mode)
    t.eq({torch.type(h), #h, h.name, h[7], h.count:get()}, {'tds.Hash', 6, 'net', true, 2 ^ 40})
    t.eq({#h.v, h.v[1], h.v[2], h.v[4]:totable()}, {4, 1, 'two', {3, 4}})
    t.eq(h.v, h.again)
    h.v[1] = 'shared'
    t.eq(h.again[1], 'shared')
    local by_tensor = 0
    for key, value in pairs(h) do
      if torch.isTensor(key) then by_tensor = by_tensor + 1 t.eq({key:sum(), value}, {2, 'by tensor'}) end
    end
    t.eq(by_tensor, 1)
  end
end)

t.test('within Lua tables, and Lua tables that hold them twice', function()
  local v = tds.Vec('x')
  local o = torch.deserialize(torch.serialize {v, {v}, tds.Hash()})
  t.eq(o[1], o[2][1])
  t.eq({o[1][1], #o[3]}, {'x', 0})
end)

t.test('the name of the first version', function()
  local bytes = torch.serialize(tds.Hash {a = 1})
  local old = bytes:gsub('\8%z%z%ztds%.Hash', '\8\0\0\0tds_hash')
  t.ok(old ~= bytes)
  t.eq(torch.deserialize(old).a, 1)
end)

t.test('wrong counts', function()
  local bytes = torch.serialize(tds.Vec(1, 2))
  local at = bytes:find('\2%z%z%z%z%z%z%z', 20)
  local function with(count) return bytes:sub(1, at - 1) .. count .. bytes:sub(at + 8) end
  t.eq(torch.deserialize(with('\1' .. ('\0'):rep(7)))[1], 1)
  t.raises('elements of a tds.Vec', torch.deserialize, with(('\255'):rep(7) .. '\127'))
  t.raises('elements of a tds.Vec at byte %d+ is negative', torch.deserialize, with(('\255'):rep(8)))
  t.raises('expected 1 int at byte', torch.deserialize, with('\3' .. ('\0'):rep(7)))
end)

t.test('a hash that changes on its way is refused', function()
  local h = tds.Hash {1, 2}
  local metatable = torch.getmetatable('torch.FloatTensor')
  h.x = torch.FloatTensor(1)
  metatable.__write = function(_, file)
    h.new = 5
    file:writeInt(0)
  end
  local ok, message = pcall(torch.serialize, h)
  metatable.__write = nil
  t.ok(not ok and message:find('changed while it was written', 1, true))
end)

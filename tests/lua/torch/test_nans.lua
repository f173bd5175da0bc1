--- NaNs of any bits, as files may hold them: what Lua gets of them is a number, be the reading code compiled or not.
-- LuaJIT would take some of them, at once or after arithmetic, for tables and strings; each case runs in a process of
-- its own, which then dies.
local t = require 'harness'
local files = require 'files'
local torch = require 'torch'

local prelude = [[
local ffi, torch = require 'ffi', require 'torch'
local n = 200 -- enough for loops to be compiled
-- tables as they are; tables after + 1, which makes them quiet; tables after their sign is turned
local bits = {
  Double = {0xfffa923456789abcULL, 0xfff2923456789abcULL, 0x7ffa923456789abcULL, 0x7ff2923456789abcULL},
  Float = {0xffd12345, 0xff912345, 0x7fd12345, 0x7f912345}, Half = {0xffd1, 0xfdd1, 0x7fd1, 0x7dd1},
  BFloat16 = {0xffd1, 0xff91, 0x7fd1, 0x7f91},
}
local words = {Double = 'uint64_t *', Float = 'uint32_t *', Half = 'uint16_t *', BFloat16 = 'uint16_t *'}
local function nans(name)
  local x = torch[name .. 'Tensor'](n):fill(0)
  local p = ffi.cast(words[name], x:storage():data())
  for i = 0, n - 1 do p[i] = bits[name][i % 4 + 1] end
  return x
end
local function bytes_of(x) return ffi.string(x:storage():data(), n * x:elementSize()) end
local function is_nan(v)
  for _, w in ipairs {v, v + 1, -v, 1 - v} do assert(type(w) == 'number' and w ~= w, type(w)) end
end
local kept = {}
local function keep(v)
  is_nan(v)
  kept[#kept + 1] = v
end
]]

local closing = [[

collectgarbage()
for _, v in ipairs(kept) do is_nan(v) end
io.write('whole')
]]

local path = files.temporary()

local function run(code, compiled)
  local file = assert(io.open(path, 'w'))
  file:write(prelude, code, closing)
  file:close()
  local pipe = io.popen(('luajit %s %s 2>&1'):format(compiled and '-jon' or '-joff', path))
  local output = pipe:read('*a')
  pipe:close()
  t.eq(output, 'whole', compiled and 'compiled' or 'interpreted')
end

local function case(name, code)
  t.test(name, function()
    run(code, false)
    run(code, true)
  end)
end

for _, name in ipairs {'Double', 'Float', 'Half', 'BFloat16'} do
  case('elements of a ' .. name .. 'Tensor', ([[
    local x = nans '%s'
    for i = 1, n do keep(x[i]) end
    for i = 1, n do keep(x[{i}]) end
    local s = x:storage()
    for i = 1, n do keep(s[i]) end
    keep(s[1.5])
    for _, v in ipairs(x:totable()) do keep(v) end
    for _, v in ipairs(s:totable()) do keep(v) end
    x:apply(function(v) keep(v) end)
    x:map(x, function(v, w) keep(v) keep(w) end)
    x:map2(x, x, function(_, _, v) keep(v) end)
    x:view(20, 10):t():apply(function(v) keep(v) end)
  ]]):format(name))
end

t.test('infinities are no NaNs', function()
  for _, name in ipairs {'Double', 'Float', 'Half', 'BFloat16'} do
    local x = torch[name .. 'Tensor'] {1 / 0, -1 / 0, 1.5}
    t.eq({x[1], x[2], x[3]}, {1 / 0, -1 / 0, 1.5}, name)
    x:apply(function(v) return -v end)
    t.eq(x:totable(), {-1 / 0, 1 / 0, -1.5}, name)
  end
end)

case('numbers that ops give', [[
  local x = nans 'Double'
  for _ = 1, n do
    keep(x:dot(x))
    keep(x:sum())
    keep(x:max())
    keep(x:narrow(1, 1, 1):item())
    keep(x * x)
  end
]])

case('files of numbers', [[
  for _, name in ipairs {'Double', 'Float'} do
    local file = torch.MemoryFile():binary()
    file['write' .. name](file, nans(name):storage())
    file:seek(1)
    for _ = 1, n do keep(file['read' .. name](file)) end
  end
  local text = torch.MemoryFile():ascii()
  text:writeString('-nan nan(0xfffff) ')
  text:seek(1)
  keep(text:readDouble())
]])

case('objects', [[
  local one = bytes_of(nans 'Double'):sub(1, 8)
  local function int(v) return string.char(v, 0, 0, 0) end
  local entry = int(1) .. ('\0'):rep(6) .. '\240\63' .. int(1) .. one -- [1] = NaN
  for _ = 1, n do
    keep(torch.deserialize(int(1) .. one))
    keep(torch.deserialize(int(3) .. int(1) .. int(1) .. entry)[1])
  end
  for _ = 1, n do keep(torch.pickle.decode('\128\2G' .. one:reverse() .. '.')) end
]])

case('texts of tensors', [[
  for _, name in ipairs {'Double', 'Float', 'Half'} do
    local x = nans(name)
    assert(tostring(x):find('nan') and tostring(x:storage()):find('nan'))
    assert(torch.json.encode(x, {nan = 'null'}):find('null'))
    assert(torch.serialize(x, 'ascii'):find('nan'))
    local path = os.tmpname()
    torch.csv.save(path, x)
    local back = torch.csv.load(path)
    os.remove(path)
    for i = 1, n do keep(back[i][1]) end
  end
]])

case('CSV', [[
  for _, text in ipairs {'nan', '-nan', 'NaN', '+nan'} do
    local x = torch.csv.decode(('1\n' .. text .. '\n'):rep(n))
    for i = 2, 2 * n, 2 do keep(x[i][1]) end
  end
  local refused = {'-nan(0xffff23456789a)', '-nan(0xa923456789abc)', '\f-nan(0xa923456789abc)', 'nano', 'n', 'na'}
  for _, text in ipairs(refused) do
    local ok, message = pcall(torch.csv.decode, ('1\n' .. text .. '\n'):rep(n))
    assert(not ok and message:find('expected a number'), message)
  end
]])

os.remove(path)

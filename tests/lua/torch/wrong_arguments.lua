--- The process of test_wrong_arguments.lua: calls functions with wrong arguments.
local ffi = require 'ffi'
local torch = require 'torch'
local wrongcalls = require 'wrongcalls'

local enter, first = wrongcalls.begin()
local calls, seed = os.getenv('MT_CALLS') or 6, os.getenv('MT_SEED') or 1

-- -- Values -----------------------------------------------------------------------------------------------------
-- Each is made anew for every call, as a call may change it.

local closed = torch.MemoryFile()
closed:close()

local function constant(v) return function() return v end end

local function shrunk()
  local x = torch.Tensor(100, 100):fill(1)
  x:storage():resize(1)
  return x
end

local function freed()
  local x = torch.Tensor(3)
  x:free()
  return x
end

local values = {
  {'nil', constant(nil)}, {'true', constant(true)}, {'0', constant(0)}, {'1', constant(1)}, {'2', constant(2)},
  {'-1', constant(-1)}, {'1.5', constant(1.5)}, {'nan', constant(0 / 0)}, {'inf', constant(math.huge)},
  {'-inf', constant(-math.huge)}, {'2^31', constant(2 ^ 31)}, {'2^53', constant(2 ^ 53)}, {'2^62', constant(2 ^ 62)},
  {'-2^62', constant(-2 ^ 62)}, {'1e300', constant(1e300)},
  {'"x"', constant('x')}, {'""', constant('')}, {'"torch.FloatTensor"', constant('torch.FloatTensor')},
  {'"a\\0b"', constant('a\0b')}, {'"%s%n"', constant('%s%n')},
  {'{}', function() return {} end}, {'{1, 2}', function() return {1, 2} end},
  {'{{}, {1}, "x"}', function() return {{}, {1}, 'x'} end}, {'{a = 1}', function() return {a = 1} end},
  {'{tensors}', function() return {torch.Tensor(2), torch.FloatTensor(3)} end},
  {'a function', constant(function() end)}, {'type', constant(type)},
  {'a coroutine', function() return coroutine.create(function() end) end}, {'userdata', newproxy},
  {'1LL', constant(1LL)}, {'-1ULL', constant(-1ULL)}, {'NULL', constant(ffi.cast('void *', 0))},
  {'a C type', constant(ffi.typeof('int'))}, {'a struct', constant(ffi.new('struct {int a;}'))},
  {'io.stderr', constant(io.stderr)},
  {'Tensor()', function() return torch.Tensor() end}, {'Tensor(3)', function() return torch.ones(3) end},
  {'Tensor(2, 3)', function() return torch.ones(2, 3) end}, {'Tensor(0, 3)', function() return torch.Tensor(0, 3) end},
  {'FloatTensor(2, 2)', function() return torch.FloatTensor(2, 2):fill(1) end},
  {'LongTensor{1, 5, -7}', function() return torch.LongTensor {1, 5, -7} end},
  {'LongTensor{2^62, -2^62}', function() return torch.LongTensor {2 ^ 62, -2 ^ 62} end},
  {'ByteTensor(3)', function() return torch.ByteTensor(3):fill(1) end},
  {'HalfTensor(2)', function() return torch.HalfTensor(2):fill(1) end},
  {'a tensor of NaNs', function() return torch.Tensor(2, 2):fill(0 / 0) end},
  {'an expanded tensor', function() return torch.ones(1, 1):expand(3, 3) end},
  {'a turned tensor', function() return torch.ones(2, 3):t() end},
  {'a freed tensor', freed}, {'a shrunk tensor', shrunk},
  {'LongStorage{2, 3}', function() return torch.LongStorage {2, 3} end},
  {'LongStorage{-1, 2^62}', function() return torch.LongStorage {-1, 2 ^ 62} end},
  {'LongStorage(100)', function() return torch.LongStorage(100):fill(2) end},
  {'CharStorage(3)', function() return torch.CharStorage(3):fill(1) end},
  {'DoubleStorage()', function() return torch.DoubleStorage() end},
  {'a generator', function() return torch.Generator() end}, {'a timer', function() return torch.Timer() end},
  {'a file', function() return torch.MemoryFile() end}, {'a closed file', constant(closed)},
  {'a CmdLine', function() return torch.CmdLine() end}, {'a Tester', function() return torch.Tester() end},
  {'torch.DoubleTensor', constant(torch.DoubleTensor)}, {'torch', constant(torch)},
}

-- -- Functions --------------------------------------------------------------------------------------------------

-- What ends the process, takes addresses on trust, or makes classes of what it is given: torch.metatype with torch as
-- methods gives a tensor the methods of torch.
local left_out = {
  pushudata = true, test = true, metatype = true, adopt = true, ['CmdLine:error'] = true, ['CmdLine:parse'] = true,
  ['CmdLine:help'] = true,
}

-- Only every so manyth value: the types have their methods in common, and a pipe is a process each time.
local rarer = {['FloatTensor:'] = 3, ['LongTensor:'] = 3, ['ByteTensor:'] = 3, ['HalfTensor:'] = 3, ['PipeFile:'] = 8}

local targets = {}

local function is_callable(v)
  return type(v) == 'function' or type(v) == 'table' and getmetatable(v) and getmetatable(v).__call
end

-- selves: functions that make what the methods are of; nil for functions.
local function add_all(prefix, list, selves)
  local names = {}
  for name, value in pairs(list) do
    local is_public = type(name) == 'string' and
                      (not name:find('^_') or name:find('^__.*__$') and not name:find('^__read'))
    if is_public and is_callable(value) and not left_out[name] and not left_out[prefix .. name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    targets[#targets + 1] = {name = prefix .. name, f = list[name], selves = selves, is_inner = prefix == 'torch.F.',
                             every = rarer[prefix] or 1}
  end
end

local function add_tensors(name)
  local new = torch[name]
  add_all(name .. ':', new, {function() return new(3):fill(1) end, function() return new(2, 3):fill(1) end, new})
end

local function add_storages(name)
  local new = torch[name]
  add_all(name .. ':', new, {function() return new(3):fill(1) end, new})
end

-- A class over tables, with what it inherits.
local function add_class(name, make)
  local methods, class = {}, torch.getmetatable('torch.' .. name)
  while class do
    for key, value in pairs(class) do
      if methods[key] == nil and type(value) == 'function' then methods[key] = value end
    end
    class = getmetatable(class)
  end
  add_all(name .. ':', methods, {make})
end

add_all('torch.', torch)
add_all('torch.F.', torch.F)
for _, name in ipairs {'csv', 'json', 'npy', 'npz', 'pickle', 'safetensors'} do
  add_all('torch.' .. name .. '.', torch[name])
end
for _, name in ipairs {'DoubleTensor', 'FloatTensor', 'LongTensor', 'ByteTensor', 'HalfTensor'} do add_tensors(name) end
for _, name in ipairs {'DoubleStorage', 'LongStorage', 'CharStorage', 'HalfStorage'} do add_storages(name) end
add_class('MemoryFile', function()
  local file = torch.MemoryFile()
  file:writeObject {1, 2}
  file:seek(1)
  return file
end)
add_class('DiskFile', function()
  local file = torch.DiskFile('numbers', 'w')
  file:writeInt(1)
  return file
end)
add_class('PipeFile', function() return torch.PipeFile('echo 1 2 3') end)
for _, name in ipairs {'Generator', 'Timer', 'CmdLine', 'Tester'} do
  add_class(name, function() return torch[name]() end)
end

-- -- Calls ------------------------------------------------------------------------------------------------------

local place = debug.getinfo(1, 'S').short_src

local function call(target, combination, index)
  local arguments, n, texts = {}, #combination, {}
  for i = 1, n do
    arguments[i], texts[i] = combination[i][2](), combination[i][1]
  end
  if target.selves and index > 0 and math.random() < 0.8 then
    for i = n, 1, -1 do arguments[i + 1] = arguments[i] end
    n, arguments[1] = n + 1, target.selves[math.random(#target.selves)]()
    table.insert(texts, 1, 'self')
  end
  local text = ('%s(%s)'):format(target.name, table.concat(texts, ', '))
  enter(target.number, text)
  local ok, message = pcall(target.f, unpack(arguments, 1, n))
  -- torch.F is for those who write ops: its errors need not be kind
  local fault = not ok and not target.is_inner and wrongcalls.fault(message, place)
  if fault then wrongcalls.found(text, fault) end
end

local function some()
  local list = {}
  for i = 1, math.random(2, 5) do list[i] = values[math.random(#values)] end
  return list
end

local count = 0
for number = first + 1, #targets do
  local target = targets[number]
  target.number = number
  math.randomseed(number * 7919 + seed)
  call(target, {}, 0)
  for i = 1, #values, target.every do call(target, {values[i]}, i) end
  for i = 1, calls do call(target, some(), i) end
  count = count + 1 + #values + calls
end
print(count .. ' calls')

-- What torch.load does with what it cannot simply read: functions, unknown classes, classes of other days, files of
-- other machines; and how a writer may change what is written.
local t = require 'harness'
local torch = require 'torch'
local ffi = require 'ffi'
local classes = require 'torch.fileclasses'
local files = require 'files'

local function int(n) return ffi.string(ffi.new('int32_t[1]', n), 4) end
local function name(s) return int(#s) .. s end
local function number(x) return int(1) .. ffi.string(ffi.new('double[1]', x), 8) end

-- What f makes of a file of these bytes.
local function with_file(bytes, f)
  local path = files.temporary(bytes)
  local ok, result = pcall(f, path)
  os.remove(path)
  if not ok then error(result, 0) end
  return result
end

-- -- Functions --------------------------------------------------------------------------------------------------

t.test('a function that was planted in a file does not run', function()
  local path = files.temporary()
  local plant = torch.serialize({on_load = loadstring(('io.open(%q, "w"):write("ran"):close()'):format(path))})
  with_file(plant, function(file)
    t.raises('function at byte %d+', torch.load, file)
    t.raises('function at byte %d+', torch.load, file, 'binary')
    t.raises('function at byte %d+', torch.load, file, {functions = false, unknown = 'table'})
    t.eq(type(torch.load(file, {functions = 'placeholders'}).on_load), 'function')
    t.eq(type(torch.load(file, {functions = true}).on_load), 'function') -- loaded, not called
  end)
  t.eq(files.content(path), '')
  os.remove(path)
end)

t.test('placeholders for functions that were not asked for', function()
  local shared = 5
  local bytes = torch.serialize {f = function() return shared end, n = 3}
  local o = torch.deserialize(bytes, {functions = 'placeholders'})
  t.eq(o.n, 3)
  t.raises('cannot be called: it was not asked for', o.f)
  t.eq(torch.deserialize(torch.serialize(o), {functions = true}).f(), 5) -- saved with its code and variables
end)

t.test('functions as the first years wrote them', function()
  local code = string.dump(loadstring 'local a, b = 4, 5 return function() return a + b end'())
  local upvalues = int(3) .. int(9) .. int(2) .. number(1) .. number(40) .. number(2) .. number(2)
  local numbered, plain = int(7) .. int(1) .. name(code) .. upvalues, int(6) .. name(code) .. upvalues
  t.eq(torch.deserialize(numbered, {functions = true})(), 42)
  t.eq(torch.deserialize(plain, {functions = true})(), 42)
  t.raises('function at byte', torch.deserialize, plain)
end)

t.test('a file in memory gives back the functions that this process wrote', function()
  local file = torch.MemoryFile():binary()
  file:writeObject(function() return 7 end)
  file:seek(1)
  t.eq(file:readObject()(), 7)
  local bytes = torch.serializeToStorage(function() return 8 end)
  t.raises('function at byte', function() return torch.MemoryFile(bytes, 'r'):binary():readObject() end)
  t.eq(torch.MemoryFile(bytes, 'r'):binary():options {functions = true}:readObject()(), 8)
  local filled = torch.MemoryFile():binary() -- its bytes came from elsewhere
  filled:writeChar(bytes)
  filled:seek(1)
  t.raises('function at byte', filled.readObject, filled)
end)

t.test('wrong options', function()
  local bytes = torch.serialize(1)
  t.raises('expected false, placeholders, true as the option functions, got yes', torch.deserialize, bytes,
           {functions = 'yes'})
  t.raises('expected error, table as the option unknown, got nil', function()
    return torch.deserialize(bytes, {unknown = 'nil'})
  end)
end)

-- -- Classes ----------------------------------------------------------------------------------------------------

local module = {}
torch.class('optiontest.Old', module)
torch.class('optiontest.New', module)

local function saved(class, fields, version)
  local body = torch.serialize(fields or {})
  return int(4) .. int(77) .. (version or name 'V 1') .. name(class) .. body
end

t.test('unknown classes as tables', function()
  local bytes = torch.serialize {1, {2}}
  local object = saved('elsewhere.Thing', {size = 3})
  t.raises('elsewhere%.Thing is unknown: load the package elsewhere.*unknown = \'table\'', torch.deserialize, object)
  t.eq(torch.deserialize(object, {unknown = 'table'}), {size = 3, __typename = 'elsewhere.Thing'})
  t.eq(torch.deserialize(bytes, {unknown = 'table'}), {1, {2}})
  t.raises('Sequencer is unknown: load the package rnn', torch.deserialize, saved 'nn.Sequencer')
  t.raises('optiontest%.Gone is unknown: load the package', torch.deserialize, saved 'optiontest.Gone')
  package.loaded.optiontest = module
  t.raises('optiontest%.Gone is unknown: the package optiontest, which is loaded, does not define it',
           torch.deserialize, saved 'optiontest.Gone')
  package.loaded.optiontest = nil
end)

t.test('classes by the names of other days', function()
  t.eq(torch.type(torch.deserialize(saved('optiontest.New', {}, ''))), 'optiontest.New') -- without a version
  t.raises('ancient%.Name is unknown', torch.deserialize, saved 'ancient.Name')
  classes.alias('ancient.Name', 'optiontest.New', {gain = 2, bias = 1})
  local o = torch.deserialize(saved('ancient.Name', {bias = 5}))
  t.eq({torch.type(o), o.gain, o.bias}, {'optiontest.New', 2, 5})
  local storage = int(4) .. int(2) .. name 'torch.Storage' .. ffi.string(ffi.new('int64_t[1]', 1), 8) .. ('\0'):rep(8)
  local tensor = int(4) .. int(1) .. name 'torch.Tensor' .. int(1) .. ffi.string(ffi.new('int64_t[3]', 1, 1, 1), 24)
  t.eq(torch.type(torch.deserialize(tensor .. storage)), 'torch.DoubleTensor')
end)

-- -- Other machines ---------------------------------------------------------------------------------------------

local function written(value, prepare)
  local file = torch.MemoryFile():binary()
  prepare(file)
  file:writeObject(value)
  return file:storage():string():sub(1, -2)
end

t.test('the width of longs shows in the first tensor or storage', function()
  local values = {
    torch.LongTensor {1, -2}, torch.FloatTensor(3, 4, 5):fill(2), torch.ByteTensor(), torch.IntStorage {1, 2, 3},
    torch.FloatTensor(1):zero(), torch.DoubleTensor(2, 3):t(), torch.ByteStorage(100000):fill(1),
  }
  for i, value in ipairs(values) do
    for _, width in ipairs {4, 8} do
      local bytes = written({value, 'after'}, function(file) file:longSize(width) end)
      for _, back in ipairs {torch.deserialize(bytes), with_file(bytes, torch.load)} do
        t.eq(back[2], 'after', i)
        t.eq(torch.type(back[1]), torch.type(value))
        t.eq(torch.isTensor(value) and back[1]:size():totable() or back[1]:size(),
             torch.isTensor(value) and value:size():totable() or value:size(), i)
      end
    end
  end
end)

t.test('big-endian files', function()
  local value = {torch.DoubleTensor {1.5, -2}, 'text', {true, 7}}
  local bytes = written(value, function(file) file:bigEndianEncoding() end)
  local back = with_file(bytes, torch.load)
  t.eq({back[1]:totable(), back[2], back[3]}, {{1.5, -2}, 'text', {true, 7}})
end)

t.test('text is recognised', function()
  local back = with_file(torch.serialize({torch.IntTensor {3}, 'x'}, 'ascii'), torch.load)
  t.eq({back[1][1], back[2]}, {3, 'x'})
  with_file('nothing of this kind', function(path) t.raises('of none of the formats', torch.load, path) end)
end)

-- -- Hooks ------------------------------------------------------------------------------------------------------

t.test('a hook changes what is written, and what was shared stays shared', function()
  local old = module.Old()
  local new
  local function hook(value)
    if torch.type(value) == 'optiontest.Old' then
      new = new or module.New()
      return new
    end
    return value
  end
  local file = torch.MemoryFile():binary()
  file:writeObject({a = old, b = {old}, n = 1}, nil, hook)
  file:writeObject(old) -- the hook was for that call
  file:seek(1)
  local back = file:readObject()
  t.eq({torch.type(back.a), back.n}, {'optiontest.New', 1})
  t.eq(back.a, back.b[1])
end)

t.test('errors tell the place by the name that was given', function()
  local inner = {bad = print}
  local function f() return inner end
  t.raises('C at <%?>%.f%.inner%.bad', torch.serialize, {f = f})
  local file = torch.MemoryFile()
  t.raises('C at net%.list%.1', file.writeObject, file, {list = {print}}, 'net')
end)

-- torch.save and torch.load: Torch7's own files, round trips, sharing, functions, hostile and truncated files, full
-- disks.
local t = require 'harness'
local torch = require 'torch'
local ffi = require 'ffi'

local fixtures = '../shared/data/'

local function fixture(name)
  local file = io.open(fixtures .. name, 'rb')
  if not file then t.skip(fixtures .. name .. ' is not there') end
  local text = file:read('*a')
  file:close()
  return fixtures .. name, text
end

local function temporary(content)
  local path = os.tmpname()
  if content then
    local file = io.open(path, 'wb')
    file:write(content)
    file:close()
  end
  return path
end

local function content(path)
  local file = io.open(path, 'rb')
  local text = file and file:read('*a')
  if file then file:close() end
  return text
end

local function copy(value, mode, options)
  return torch.deserialize(torch.serialize(value, mode), mode, options)
end

-- -- Torch7's files ---------------------------------------------------------------------------------------------

local function check_objects(o)
  t.eq({o.num, o.t_, o.f, o.str, o.inf}, {0.1, true, false, 'h\195\169llo\0bin', 1 / 0})
  t.ok(o.nan ~= o.nan)
  t.eq({o.cycle[1], o.cycle[2], o.cycle[3][1]}, {1, 2, 3})
  t.eq(o.cycle.self, o.cycle)
  t.eq(torch.typename(o.t), 'torch.DoubleTensor')
  t.eq({o.t:size(1), o.t:size(2), o.t:stride(1), o.t:stride(2)}, {5, 4, 1, 5}) -- transposed
  t.eq({o.base[1][1], o.base[2][1], o.t[1][2], o.view[2][3]}, {1, 6, 6, 9})
  o.base[2][1] = 60 -- base, t and view share one storage
  t.eq({o.t[1][2], o.view[2][1]}, {60, 7})
  t.eq(o.shared[1], o.shared[2])
  t.eq(o.shared[1], o.base)
  t.eq(o.empty:dim(), 0)
  t.eq(o.half:totable(), {{1.5, 1.5}, {1.5, 1.5}})
  local expected = {Byte = {83, 90, 3, 11, 81, 43}, Char = {87, 58, 100, 55, 12, 22}, Short = {67, 22, 13, 50, 15, 52},
                    Int = {14, 81, 51, 17, 56, 98}, Long = {60, 3, 22, 57, 41, 77}, Float = {17, 66, 24, 80, 55, 17},
                    Double = {52, 19, 1, 96, 85, 2}}
  for name, values in pairs(expected) do
    t.eq(torch.type(o[name]), 'torch.' .. name .. 'Tensor')
    t.eq(o[name .. 'Storage']:totable(), values)
    t.eq(torch.pointer(o[name]:storage()), torch.pointer(o[name .. 'Storage']))
  end
  t.eq(o.fn(1), 8)
end

t.test('objects of Torch7, binary and ascii', function()
  check_objects(torch.load(fixture('torch7/objects.t7'), {functions = true}))
  check_objects(torch.load(fixture('torch7/objects_ascii.t7'), 'ascii', {functions = true}))
  check_objects(torch.load(fixture('torch7/objects.t7'), 'b64', true, {functions = true}))
end)

t.test('what Torch7 wrote comes out again as long and as it was', function()
  local path, bytes = fixture('torch7/objects.t7')
  local again = torch.serialize(torch.load(path, {functions = true}))
  t.eq(#again, #bytes) -- the order of a table's entries is not kept
  check_objects(torch.deserialize(again, {functions = true}))
  check_objects(copy(torch.load(path, {functions = true}), 'ascii', {functions = true}))
end)

t.test('a file without references comes out byte for byte', function()
  local path, bytes = fixture('torch7/objects_noref.t7')
  local pair = torch.load(path, 'binary', false)
  t.ok(torch.pointer(pair[1]) ~= torch.pointer(pair[2]))
  t.eq(pair[1][4][5], 20)
  local out = temporary()
  torch.save(out, pair, 'binary', false)
  t.eq(content(out), bytes)
  os.remove(out)
end)

t.test('tensors of Torch7 come out byte for byte', function()
  local path, bytes = fixture('t7/torchfile-floattensor.t7')
  t.eq(torch.serialize(torch.load(path)), bytes)
  path, bytes = fixture('t7/torch-tutorials-X.t7')
  t.eq(torch.serialize(torch.load(path)), bytes)
end)

t.test('classes that are not loaded are named', function()
  t.raises('the class tds%.Hash is unknown.*require \'tds\'', torch.load, (fixture 't7/torchfile-tds_hash.t7'))
  t.raises('the class nngraph%.Node is unknown', torch.load, (fixture 't7/torchfile-nngraph_node.t7'))
  t.raises('the class A is unknown', torch.load, (fixture 't7/torchfile-recursive_class.t7'))
end)

t.test('an object that holds itself', function()
  torch.class('A')
  local a = torch.load((fixture 't7/torchfile-recursive_class.t7'))
  t.eq(a.a, a)
end)

t.test('functions of other virtual machines become placeholders that say so', function()
  local path, bytes = fixture('t7/torchfile-function.t7')
  t.raises('functions are code.*it is bytecode of LuaJIT 2.0', torch.load, path)
  local f = torch.load(path, {functions = true})
  t.raises('cannot be called: it is bytecode of LuaJIT 2.0, which this Lua cannot run', f, 1)
  t.eq(torch.serialize(f), bytes) -- saved as it was
end)

t.test('nets from a GPU are loaded onto the CPU', function()
  local path = fixture('t7/farnn-softRobot_mlp-net.t7')
  if torch.C.mt_op_available(torch.C.mt_op_find('fill'), torch.C.MT_CUDA, torch.C.MT_FLOAT) == 1 then
    t.skip('there is a GPU')
  end
  for _, name in ipairs {'nn.Sequential', 'nn.Linear', 'nn.ReLU'} do
    if not torch.factory(name) then torch.class(name, {}) end
  end
  local net = torch.load(path)
  t.eq(torch.type(net.modules[1].weight), 'torch.FloatTensor')
  t.eq(net._type, 'torch.FloatTensor')
  t.ok(net.modules[1].weight[1][1] ~= 0)
end)

-- -- Round trips ------------------------------------------------------------------------------------------------

t.test('plain values', function()
  for _, mode in ipairs {'binary', 'ascii'} do
    for _, value in ipairs {0, -1.5, 1e300, 1 / 0, '', 'a\0b\n', ('x'):rep(70000), true, false, {}, {1, {2, {3}}},
                            {[true] = 'b', [0.5] = {}}} do
      t.eq(copy(value, mode), value, mode)
    end
    t.eq(copy(nil, mode), nil)
  end
end)

t.test('every tensor type', function()
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double', 'Half', 'BFloat16'} do
    for _, mode in ipairs {'binary', 'ascii'} do
      local tensor = torch[name .. 'Tensor'] {{1, 2, 3}, {4, 5, 120}}
      local back = copy(tensor, mode)
      t.eq(torch.type(back), 'torch.' .. name .. 'Tensor')
      t.eq(back:totable(), tensor:totable())
      t.eq(copy(tensor:storage(), mode):totable(), tensor:storage():totable())
      t.eq(copy(torch[name .. 'Tensor'](), mode):dim(), 0)
      t.eq(copy(torch[name .. 'Storage'](), mode):size(), 0)
    end
  end
  local long = torch.LongTensor(1)
  long:storage():data()[0] = 2LL ^ 62 + 1
  for _, mode in ipairs {'binary', 'ascii'} do t.eq(copy(long, mode):storage():data()[0], 2LL ^ 62 + 1) end
end)

t.test('what is shared stays shared, within an object and within a file', function()
  local tensor = torch.FloatTensor(3):fill(1)
  local list = {}
  local o = copy {a = tensor, b = tensor, half = tensor:narrow(1, 2, 2), storage = tensor:storage(), list, list}
  t.eq(o.a, o.b)
  t.eq(o[1], o[2])
  o.a[3] = 7
  t.eq({o.half[2], o.storage[3]}, {7, 7})
  local file = torch.MemoryFile():binary()
  file:writeObject(list)
  local first = file:position() - 1
  file:writeObject(list)
  t.eq(file:position() - 1 - first, 8) -- tag and number
  file:seek(1)
  local one = file:readObject()
  t.eq(file:readObject(), one)
  file = torch.MemoryFile():binary():referenced(false)
  file:writeObject {list, list}
  file:seek(1)
  one = file:readObject()
  t.ok(not rawequal(one[1], one[2]))
  t.raises('referenced%(%) comes before', function()
    local late = torch.MemoryFile()
    late:writeObject {}
    late:referenced(false)
  end)
end)

t.test('objects of classes', function()
  local room = {}
  local Plain = torch.class('keep.Plain', room)
  local Custom = torch.class('keep.Custom', 'keep.Plain', room)
  local Old = torch.class('keep.Old', room)
  Custom.__version = 3
  function Plain:__init() self.x, self.t = 5, torch.DoubleTensor {1, 2} end
  function Custom:__write(file) file:writeObject {self.x} end
  function Custom:__read(file, version) self.x, self.version = file:readObject()[1], version end
  function Old:write(file) file:writeInt(self.n) end
  function Old:read(file) self.n = file:readInt() end
  for _, mode in ipairs {'binary', 'ascii'} do
    local plain = copy(room.Plain(), mode)
    t.eq({torch.typename(plain), plain.x, plain.t[2]}, {'keep.Plain', 5, 2})
    local custom = copy(room.Custom(), mode)
    t.eq({torch.typename(custom), custom.x, custom.version, custom.t}, {'keep.Custom', 5, 3})
    local old = room.Old()
    old.n = 12
    local pair = copy({old, old}, mode)
    t.eq(pair[1].n, 12)
    t.eq(pair[1], pair[2])
  end
end)

t.test('functions are loaded only when they are asked for, and share their variables', function()
  local count = 0
  local function up() count = count + 1 return count end
  local function get() return count end
  local bytes = torch.serialize {up = up, get = get, again = up}
  t.raises('function at byte %d+; functions are code.*{functions = true}', torch.deserialize, bytes)
  local o = torch.deserialize(bytes, {functions = true})
  t.eq({o.up(), o.up(), o.get()}, {1, 2, 2})
  t.eq(o.again, o.up)
  t.eq(count, 0)
  t.raises('cannot write a function of C at <%?>.a.b', torch.serialize, {a = {b = print}})
end)

t.test('what cannot be written', function()
  t.raises('cannot write a thread at <%?>.list.2', torch.serialize, {list = {1, coroutine.create(print)}})
  t.raises('cannot write a cdata', torch.serialize, {ffi.new('int[3]')})
  local file = torch.MemoryFile()
  t.eq({file:isWritableObject(nil), file:isWritableObject(1), file:isWritableObject('x'), file:isWritableObject {},
        file:isWritableObject(torch.FloatTensor()), file:isWritableObject(true), file:isWritableObject(t.test)},
       {0, 1, 2, 3, 4, 5, 8})
  t.eq(file:isWritableObject(io.stdout), nil)
  t.eq(file:isWritableObject(print), nil)
end)

t.test('tensors and storages are objects of classes', function()
  local tensor, storage = torch.FloatTensor(2, 2):fill(3), torch.LongStorage {4, 5}
  t.eq({torch.typename(tensor), torch.typename(storage)}, {'torch.FloatTensor', 'torch.LongStorage'})
  t.eq(torch.isTypeOf(tensor, 'torch.*Tensor') and torch.isTypeOf(tensor, torch.FloatTensor), true)
  t.eq(torch.isTypeOf(tensor, 'torch.DoubleTensor') or torch.isTypeOf(tensor, torch.DoubleTensor), false)
  t.eq(torch.type(torch.factory('torch.FloatTensor')()), 'torch.FloatTensor')
  t.eq(torch.type(torch.factory('torch.LongStorage')()), 'torch.LongStorage')
  t.eq(torch.getmetatable('torch.FloatTensor'), torch.FloatTensor)
  t.eq(torch.typename(torch.FloatTensor), nil)
  t.eq(torch.pointer(tensor:storage()), torch.pointer(tensor:storage()))
  t.ok(torch.pointer(tensor:storage()) ~= torch.pointer(storage))
  local file = torch.MemoryFile():binary()
  tensor:write(file)
  storage:write(file)
  file:seek(1)
  t.eq(torch.FloatTensor():read(file):totable(), {{3, 3}, {3, 3}})
  t.eq(torch.LongStorage(7):read(file):totable(), {4, 5})
  local Float = torch.getmetatable('torch.FloatTensor') -- somebody's own way to write them
  Float.__write = function(_, f) f:writeInt(99) end
  Float.__read = function(self, f) self:resize(1):fill(f:readInt()) end
  local back = copy(tensor)
  Float.__write, Float.__read = nil, nil
  t.eq(back:totable(), {99})
end)

-- -- Hostile input ----------------------------------------------------------------------------------------------

local function int(n) return ffi.string(ffi.new('int32_t[1]', n), 4) end
local function long(n) return ffi.string(ffi.new('int64_t[1]', n), 8) end
local function name(s) return int(#s) .. s end
local function object(number, class, body) return int(4) .. int(number) .. name('V 1') .. name(class) .. body end
local function longs(...)
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = long((select(i, ...))) end
  return table.concat(parts)
end
local six = object(2, 'torch.FloatStorage', long(6) .. ('\0'):rep(24))
local function tensor(dim, places, storage) return object(1, 'torch.FloatTensor', int(dim) .. places .. storage) end

t.test('wrong tags, counts and names', function()
  for pattern, bytes in pairs {
    ['expected 1 int at byte 1, got 0 and then the end of the file'] = '',
    ['expected the tag of a value %(0 to 9%) at byte 1, got 77'] = int(77),
    ['tag of a value %(0 to 9%) at byte 1, got %-1'] = int(-1),
    ['a reference to what is outside of the file at byte 5'] = int(9) .. int(1),
    ['expected 1 double at byte 5'] = int(1) .. 'abc',
    ['expected 2000000000 bytes at byte 9, but only 3 bytes are left'] = int(2) .. int(2000000000) .. 'abc',
    ['count of bytes at byte 9 is negative: %-5'] = int(2) .. int(-5),
    ['expected 99999999 entries of a table at byte 13'] = int(3) .. int(1) .. int(99999999) .. int(0),
    ['count of entries of a table at byte 13 is negative'] = int(3) .. int(1) .. int(-1),
    ['a table key is nil at byte 13'] = int(3) .. int(1) .. int(1) .. int(0) .. int(0) .. ('\0'):rep(20),
    ['a table key is nan at byte 13'] = int(3) .. int(1) .. int(1) .. int(1) .. '\0\0\0\0\0\0\248\127' .. int(0),
    ['expected the name of a class at byte 9'] = int(4) .. int(1) .. name('V 1') .. name('../../x\n'),
    ['the class os%.execute is unknown'] = object(1, 'os.execute', ''),
    ['the class torch%.DiskFile is unknown'] = object(1, 'torch.DiskFile', int(3) .. int(2) .. int(0)),
    ['expected 6 floats at byte %d+, but only 20 bytes are left'] = six:sub(1, -5),
    ['expected 4611686018427387904 floats'] = object(1, 'torch.FloatStorage', long(2LL ^ 62)),
    ['count of floats at byte %d+ is negative'] = object(1, 'torch.FloatStorage', long(-1)),
    ['the fields of a torch.Timer, got number'] = object(1, 'torch.Timer', int(1) .. ('\0'):rep(8)),
  } do
    t.raises(pattern, torch.deserialize, bytes)
  end
end)

t.test('tensors that reach beyond their storage', function()
  t.eq(torch.deserialize(tensor(1, longs(6, 1, 1), six)):size(1), 6)
  t.eq(torch.deserialize(tensor(2, longs(3, 2, 2, 1, 1), six)):dim(), 2)
  for _, bad in ipairs {
    tensor(1, longs(7, 1, 1), six), tensor(1, longs(6, 1, 2), six), tensor(1, longs(6, 1, 0), six),
    tensor(1, longs(6, -1, 6), six), tensor(1, longs(-6, 1, 1), six), tensor(1, longs(2, 2LL ^ 62, 1), six),
    tensor(2, longs(2LL ^ 40, 2LL ^ 40, 0, 0, 1), six), tensor(1, longs(1, 1, 1), int(0)),
    tensor(1, longs(6, 1, -2LL ^ 62), six), tensor(2, longs(4, 2LL ^ 62, 4, 1, 1), six),
  } do
    t.raises('torch.FloatTensor at byte %d+ does not fit its storage of %d elements', torch.deserialize, bad)
  end
  t.raises('expected a torch.FloatTensor of 0..16 dimensions at byte %d+, got 17', torch.deserialize,
           tensor(17, '', six))
  t.raises('expected a torch.FloatTensor of 0..16 dimensions', torch.deserialize, tensor(-1, '', six))
  t.raises('expected a torch.FloatStorage for the tensor at byte %d+, got torch.DoubleStorage', torch.deserialize,
           tensor(1, longs(1, 1, 1), object(2, 'torch.DoubleStorage', long(1) .. long(0))))
  t.raises('expected a torch.FloatStorage for the tensor at byte %d+, got number', torch.deserialize,
           tensor(1, longs(1, 1, 1), int(1) .. long(0)))
end)

t.test('deep nesting is an error, not an overflow', function()
  local parts = {}
  for i = 1, 100000 do parts[i] = int(3) .. int(i) .. int(1) .. int(1) .. long(0) end
  t.raises('nested deeper than', torch.deserialize, table.concat(parts) .. int(0) .. ('\0'):rep(100))
  local list = {}
  for _ = 1, 100000 do list = {list} end
  t.raises('nested deeper than', torch.serialize, list)
  local path = temporary('old')
  t.raises('nested deeper than', torch.save, path, list)
  t.eq(content(path), 'old')
  os.remove(path)
end)

t.test('malformed functions', function()
  local code = string.dump(function(x) return x end)
  local function with(upvalues) return int(8) .. int(1) .. name(code) .. upvalues end
  local options = {functions = true}
  t.eq(torch.deserialize(with(int(3) .. int(2) .. int(0)), options)(7), 7)
  local one = int(3) .. int(2) .. int(1) .. int(1) .. '\0\0\0\0\0\0\240\63'
  t.raises('expected the upvalues of a function, got number', torch.deserialize, with(int(1) .. long(0)), options)
  t.raises('upvalue 1 of a function is malformed', torch.deserialize, with(one .. int(5) .. int(1)), options)
  t.raises('a function has no upvalue 1', torch.deserialize,
           with(one .. int(3) .. int(3) .. int(1) .. int(2) .. name('name') .. int(2) .. name('up')), options)
  t.raises('it is no bytecode', torch.deserialize, int(8) .. int(1) .. name('os.exit()'), options)
end)

-- Every outcome is fine but a crash, or memory that the bytes cannot account for.
local function survives(bytes, mode)
  local ok, message = pcall(torch.deserialize, bytes, mode)
  if not ok and type(message) ~= 'string' then error('expected a message, got ' .. type(message)) end
  if not ok and not message:find(': ') then error('a message without its place: ' .. message) end
end

t.test('truncated and damaged files', function()
  math.randomseed(7)
  torch.C.mt_memory_reset_peak(0)
  local before = tonumber(torch.C.mt_memory(0, torch.C.MT_PEAK))
  for file, mode in pairs {['torch7/objects.t7'] = 'binary', ['torch7/objects_ascii.t7'] = 'ascii'} do
    local _, bytes = fixture(file)
    for n = 0, #bytes - 1, 3 do
      local ok = pcall(torch.deserialize, bytes:sub(1, n), mode)
      t.eq(ok, false, 'cut at ' .. n)
    end
    for _ = 1, 3000 do
      local place = math.random(#bytes)
      survives(bytes:sub(1, place - 1) .. string.char(math.random(0, 255)) .. bytes:sub(place + 1), mode)
    end
  end
  t.ok(tonumber(torch.C.mt_memory(0, torch.C.MT_PEAK)) - before < 64e6)
end)

-- -- Saving -----------------------------------------------------------------------------------------------------

local function leftovers(path)
  local pipe = io.popen('ls -a "$(dirname ' .. path .. ')" | grep -c "$(basename ' .. path .. ')\\..*tmp"')
  local count = tonumber(pipe:read('*a'))
  pipe:close()
  return count
end

t.test('a save that fails leaves the old file and nothing else', function()
  local path = temporary()
  torch.save(path, {1, 2})
  t.raises('cannot write a thread', torch.save, path, {('x'):rep(1e5), coroutine.create(print)})
  t.eq(torch.load(path), {1, 2})
  t.eq(leftovers(path), 0)
  torch.save(path, 'new')
  t.eq(torch.load(path), 'new')
  t.eq(leftovers(path), 0)
  os.remove(path)
  t.raises('save: cannot write /nonexistent/x.t7: No such file or directory', torch.save, '/nonexistent/x.t7', 1)
  t.raises('cannot open /nonexistent/x.t7 for reading: No such file', torch.load, '/nonexistent/x.t7')
end)

t.test('a full disk', function()
  if not io.open('/dev/full') then t.skip('there is no /dev/full here') end
  t.raises('save: cannot write /dev/full: .*No space left on device', torch.save, '/dev/full',
           torch.DoubleTensor(100000):fill(1))
  t.raises('save: .*: No space left on device', torch.save, '/dev/full', 'short, so that only closing can fail')
  t.eq(require('torch.libc').kind('/dev/full'), 'other')
end)

-- A limit on the size of files stands for a disk that fills up half way; the signal it sends is ignored.
t.test('a disk that fills up while saving', function()
  local path, script = temporary(), temporary([[
    local torch = require 'torch'
    local ok, message = pcall(torch.save, arg[1], torch.DoubleTensor(1e6):fill(1))
    io.write(tostring(ok), ' ', message)]])
  torch.save(path, 'old')
  local first = 0
  while arg[first - 1] do first = first - 1 end -- the interpreter that runs this test
  local pipe = io.popen(("trap '' XFSZ; ulimit -f 64; %s %s %s"):format(arg[first], script, path))
  local said = pipe:read('*a')
  pipe:close()
  t.ok(said:find('^false .*: save: cannot write .*: File too large'), said)
  t.eq(torch.load(path), 'old')
  t.eq(leftovers(path), 0)
  os.remove(path)
  os.remove(script)
end)

t.test('links and permissions are kept', function()
  local path = temporary()
  os.execute('chmod 640 ' .. path .. ' && ln -s ' .. path .. ' ' .. path .. '.link')
  torch.save(path .. '.link', {5})
  t.eq(torch.load(path), {5})
  local pipe = io.popen('stat -c %a ' .. path .. '; readlink ' .. path .. '.link')
  t.eq(pipe:read('*a'), '640\n' .. path .. '\n')
  pipe:close()
  os.remove(path .. '.link')
  os.remove(path)
end)

t.test('arguments', function()
  local path = temporary()
  t.raises('expected the mode ascii, binary, got b32', torch.save, path, 1, 'b32')
  t.raises('expected the mode ascii, b32, b64, binary, got text', torch.load, path, 'text')
  t.raises('expected true or false for referenced', torch.save, path, 1, 'binary', 'no')
  t.raises('expected a file name, got a table', torch.save, {}, path)
  t.raises('expected a file name, got a nil', torch.load)
  t.raises('expected a string, got a nil', torch.deserialize)
  os.remove(path)
  t.eq(torch.deserializeFromStorage(torch.serializeToStorage {1, false}), {1, false})
  t.eq(torch.saveobj, torch.save)
end)

t.test('files of machines with longs of 4 bytes', function()
  local path = temporary()
  local file = torch.DiskFile(path, 'w'):binary():longSize(4)
  file:writeObject {torch.LongTensor {1, -2}, torch.FloatTensor {{3, 4}}}
  file:close()
  local o = torch.load(path, 'b32')
  t.eq({o[1][2], o[2][1][2]}, {-2, 4})
  t.eq(pcall(torch.load, path, 'b64'), false)
  os.remove(path)
end)

--- PyTorch's files, zipped and in sequence, plain pickles, and programs that a pickle must not be.
local t = require 'harness'
local torch = require 'torch'
local ffi = require 'ffi'
local files = require 'files'

local folder, expected = files.formats()

-- -- PyTorch's files --------------------------------------------------------------------------------------------

local function check_checkpoint(name)
  local c = torch.pickle.load(folder .. name)
  for key, row in pairs(expected[name]) do files.same_tensor(c[key], row, key) end
  for key, row in pairs(expected[name .. ' state']) do files.same_tensor(c.state[key], row, key) end
  t.eq(torch.pickle.keys(c.state), {'0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var',
                                    '1.num_batches_tracked'})
  t.eq({torch.type(c.size), c.size:totable()}, {'torch.LongStorage', {2, 3}})
  t.eq({c.dtype, c.device, c.none, c[7]}, {'torch.float16', 'cuda:1', nil, 'seven'})
  t.eq(c.list, {1, 2.5, 'x', nil, true, {3, 'y'}, n = 6})
  t.ok(c.big == 2LL ^ 60 + 1 and c.huge == 2ULL ^ 63 + 5)
  t.eq({c.minus, c.bytes, c.text}, {-2 ^ 40, '\0\255\128', 'h\195\169llo'})
  -- one storage, as in Python
  c.base[6] = 77
  t.eq({c.transposed[2][2], c.row[2]}, {77, 77})
  t.eq({c.transposed:stride(1), c.row:storageOffset(), c.expanded:stride(2)}, {1, 5, 0})
end

t.test('a checkpoint in a zip archive', function() check_checkpoint 'zip.pt' end)
t.test('a checkpoint of the years before', function() check_checkpoint 'sequence.pth' end)

t.test('unsigned types become wider ones', function()
  local tensors = torch.pickle.load(folder .. 'unsigned.pt')
  for name, row in pairs(expected['unsigned.pt']) do files.same_tensor(tensors[name], row, name) end
  tensors.uint16[2][1] = 9 -- they still share
  t.eq(tensors.again[1], 9)
end)

t.test('protocols 3 to 5', function()
  for protocol = 3, 5 do
    for _, ending in ipairs {'.pt', '.pth'} do
      local value = torch.pickle.load(folder .. 'protocol' .. protocol .. ending)
      t.eq(value.w:totable(), {{1, 2}, {3, 4}})
      t.eq(value.o, {a = {2, -3, 70000, 2 ^ 40}, b = 1})
      t.eq(torch.pickle.keys(value.o), {'b', 'a'})
    end
  end
end)

t.test('a plain pickle', function()
  t.eq(torch.pickle.load(folder .. 'plain.pkl'), {a = {1, {b = {true, -1.5}}}, c = 'd'})
  t.eq(torch.pickle.keys {}, nil)
end)

t.test('ResNet-20 of the years before', function()
  local path = '../shared/data/weights/resnet20-12fca82f.th'
  if not io.open(path) then t.skip(path .. ' is not there') end
  local net = torch.load(path)
  local names = torch.pickle.keys(net.state_dict)
  t.eq({#names, names[1], torch.type(net.state_dict[names[1]])}, {97, 'module.conv1.weight', 'torch.FloatTensor'})
  t.eq(net.state_dict['module.linear.weight']:size():totable(), {10, 64})
  t.near(net.best_prec1, 91.78, 1e-4)
end)

-- -- What is refused --------------------------------------------------------------------------------------------

t.test('everything else is refused by its name', function()
  for name, message in pairs {
    sparse = 'torch._utils._rebuild_sparse_tensor makes a sparse tensor',
    quantised = 'makes a quantised tensor', complex = 'makes a tensor of complex numbers',
    numpy = 'numpy%.[%w_.]+ makes an object of NumPy', ['function'] = 'posixpath.join makes what is unknown',
    float8 = 'torch.float8_e4m3fn makes what is unknown', class = 'torch.FloatStorage is used as a value',
  } do
    t.raises('refused%-' .. name .. '.pth: byte %d+ of the pickle: .*' .. message, torch.pickle.load,
             folder .. 'refused-' .. name .. '.pth')
  end
end)

local function refuses(message, program)
  local ok, reason = pcall(torch.pickle.decode, program)
  assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  -- the error is at the line of who called
  assert(reason:find('^[^:]*test_pickle.lua:%d+: pickle: the string: '), reason)
end

t.test('programs that would run something', function()
  refuses('os.system makes what is unknown', '\128\2cos\nsystem\nX\2\0\0\0ls\133R.')
  refuses('os.system makes what is unknown', '\128\4\140\2os\140\6system\147)R.')
  refuses('expected a class or function, got string', '\128\2X\1\0\0\0a)R.')
  refuses('torch.FloatStorage is called', '\128\2ctorch\nFloatStorage\n)R.')
  refuses('instruction 105 is not known', '\128\2(ios\nsystem\n.')
  refuses('instruction 130 is not known', '\128\2\130\1.')
  refuses('a plain pickle has no storages', '\128\2)Q.')
end)

t.test('programs that are none', function()
  refuses('ends early: expected 1 bytes of the pickle at byte 0', '')
  refuses('ends early: expected 1 bytes of the pickle at byte 3', '\128\2N')
  refuses('protocol 9 is not known', '\128\9N.')
  refuses('the stack is empty', '\128\2.')
  refuses('the stack is empty', '\128\2\133.')
  refuses('the stack is empty', '\128\2N(0.')
  refuses('a mark is missing', '\128\2t.')
  refuses('nothing was kept as number 7', '\128\2h\7.')
  refuses('expected a list, got number', '\128\2K\1K\2a.')
  refuses('expected a dict, got a list', '\128\2]K\1K\2s.')
  refuses('a key of a dict has no value', '\128\2}(K\1u.')
  refuses('the key of a dict is None', '\128\2}NK\1s.')
  refuses('the key of a dict is nan', '\128\2}G\127\248\0\0\0\0\0\0K\1s.')
  refuses('ends early: expected 4294967295 bytes of the pickle at byte 7', '\128\2X\255\255\255\255.')
  refuses('an integer of 200 bytes is too large', '\128\2\138\200' .. ('\127'):rep(200) .. '.')
  refuses('a name is longer than 1000 bytes', '\128\2c' .. ('a'):rep(2000))
end)

t.test('hostile tensors', function()
  local rebuild = '\128\2ctorch._utils\n_rebuild_tensor_v2\n'
  refuses('expected the storage of a tensor, got string', rebuild .. '(X\1\0\0\0aK\0))tR.')
  local size = '\128\2ctorch\nSize\n'
  refuses('expected sizes', size .. '((K\1J\255\255\255\255ttR.')
  t.eq(torch.pickle.decode(size .. '((K\1K\5ttR.'):totable(), {1, 5})
end)

-- A zip archive such as PyTorch writes, of a program and the bytes of storages by key.
local function archive(program, storages)
  local path = files.temporary()
  local file = torch.DiskFile(path, 'w')
  local writer = require 'torch.formats.zipwriter'('test', file)
  local function add(name, text) writer:add(name, {{ffi.cast('const char *', text), #text}}) end
  add('net/data.pkl', program)
  for key, bytes in pairs(storages) do add('net/data/' .. key, bytes) end
  writer:finish()
  file:close()
  local text = files.content(path)
  os.remove(path)
  return text
end

-- The instructions for a storage: class, key, count of elements.
local function storage(class, key, count)
  return ('(X\7\0\0\0storagectorch\n%s\nX\1\0\0\0%sX\3\0\0\0cpuK%ctQ'):format(class, key, count)
end

-- And for a tensor of two dimensions that views it.
local function tensor(what, offset, size, stride)
  return ('ctorch._utils\n_rebuild_tensor_v2\n(%sK%c%s%s\137NtR'):format(what, offset, size, stride)
end

t.test('tensors that do not fit their storages', function()
  local floats = ffi.string(ffi.new('float[4]', {1, 2, 3, 4}), 16)
  local function load(program) return torch.pickle.decode(archive('\128\2' .. program .. '.', {k = floats})) end
  local good = storage('FloatStorage', 'k', 4)
  local two, steps = 'K\2K\2\134', 'K\2K\1\134'
  t.eq(load(tensor(good, 0, two, steps)):totable(), {{1, 2}, {3, 4}})
  t.eq(load(good):totable(), {1, 2, 3, 4})
  for message, program in pairs {
    ['set: the view needs 5 elements, the storage has 4'] = tensor(good, 1, two, steps),
    ['the storage "k" has 16 bytes, expected 20'] = tensor(storage('FloatStorage', 'k', 5), 0, two, steps),
    ['the storage "x" is missing'] = tensor(storage('FloatStorage', 'x', 4), 0, two, steps),
    ['the storage "k" is of two types or sizes'] = good .. '0' .. storage('IntStorage', 'k', 4),
    ['a tensor has a bad offset, or bad sizes or strides'] = tensor(good, 0, two, 'K\1\133'),
    ['expected the persistent id of a storage'] = storage('Size', 'k', 4),
    ['torch.HalfStorage is used as a value'] = ']ctorch\nHalfStorage\na',
  } do
    local ok, reason = pcall(load, program)
    assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  end
  t.raises('a bad offset, or bad sizes', load, tensor(good, 0, 'J\255\255\255\255K\2\134', steps))
  t.raises('a bad offset, or bad sizes', load, tensor(good, 0, 'K\1NK\1\135', 'K\1K\1K\1\135')) -- (1, None, 1)
  -- strides whose product is beyond every size
  local far = 'J\0\0\0\127J\0\0\0\127\134'
  t.eq(load(tensor(good, 3, 'K\1K\1\134', far)):totable(), {{4}})
  t.raises('4 bytes follow the pickle', load, good .. '.N..')
  t.raises('a zip archive without a data.pkl', torch.pickle.load, folder .. 'arrays.npz')
end)

-- The sequence of pickles of the years before PyTorch 1.6, and the storages behind them.
local function sequence(program, keys, storages)
  local magic = '\128\2\138\10l\252\156F\249 j\168P\25.'
  return magic .. '\128\2M\233\3.\128\2}.\128\2' .. program .. '.\128\2' .. keys .. '.' .. storages
end

local function old_storage(key, count, view)
  return ('(X\7\0\0\0storagectorch\nIntStorage\nX\1\0\0\0%sX\3\0\0\0cpu%s%stQ'):format(key, count, view)
end

t.test('storages behind the pickles', function()
  local five = '\5\0\0\0\0\0\0\0' .. ffi.string(ffi.new('int[5]', {1, 2, 3, 4, 5}), 20)
  local keys, good = ']X\1\0\0\0ka', old_storage('k', 'K\5', 'N')
  t.eq(torch.pickle.decode(sequence(good, keys, five)):totable(), {1, 2, 3, 4, 5})
  -- a part of another storage: key, first element, count
  local part = old_storage('k', 'K\5', 'X\1\0\0\0vK\2K\3\135')
  local pair = torch.pickle.decode(sequence(']' .. good .. 'a' .. part .. 'a', keys, five))
  t.eq(pair[2]:totable(), {3, 4, 5})
  pair[1][3] = 33
  t.eq(pair[2][1], 33)
  pair[1] = nil
  collectgarbage()
  t.eq(pair[2]:totable(), {33, 4, 5})
  for message, bytes in pairs {
    ['the view "v" reaches beyond its storage'] =
      sequence(old_storage('k', 'K\5', 'X\1\0\0\0vK\4K\3\135'), keys, five),
    ['the storages are larger than the file'] = sequence(old_storage('k', 'J\255\255\255\127', 'N'), keys, five),
    ['the storage "k" has 5 elements, expected 4'] = sequence(old_storage('k', 'K\4', 'N'), keys, five),
    ['the elements of the storage "k" are missing'] = sequence(good, ']', five),
    ['the storage "x" is unknown'] = sequence(good, ']X\1\0\0\0xa', five),
    ['ends early: expected 20 bytes of elements'] = sequence(good, keys, five:sub(1, 12)),
    ['expected the keys of the storages'] = sequence(good, 'K\1', five),
  } do
    local ok, reason = pcall(torch.pickle.decode, bytes)
    assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  end
  local other = sequence(good, keys, five):gsub('M\233\3%.', 'M\234\3.')
  t.raises("has version 1002 of PyTorch's format", torch.pickle.decode, other)
end)

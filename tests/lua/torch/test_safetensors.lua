--- safetensors files: those of its own library, ours, and bad ones.
local t = require 'harness'
local ffi = require 'ffi'
local torch = require 'torch'
local files = require 'files'

local folder, expected = files.formats()

t.test('every type, and the metadata', function()
  local tensors, metadata = torch.safetensors.load(folder .. 'tensors.safetensors')
  for name, row in pairs(expected['tensors.safetensors']) do files.same_tensor(tensors[name], row, name) end
  t.eq(metadata, {['made by'] = 'make.py', epoch = '7'})
  tensors = torch.safetensors.decode(files.content(folder .. 'tensors.safetensors'))
  for name, row in pairs(expected['tensors.safetensors']) do files.same_tensor(tensors[name], row, name) end
end)

t.test('tensors look into the map: no memory of theirs, and writes stay private', function()
  local path = files.temporary()
  torch.safetensors.save(path, {big = torch.FloatTensor(1000, 1000):fill(3), small = torch.ByteTensor {1, 2}})
  local bytes, before = files.content(path), torch.memory().live
  local tensors = torch.safetensors.load(path)
  t.ok(torch.memory().live - before < 4096)
  t.eq({tensors.big[1000][1000], tensors.small[2]}, {3, 2})
  -- both are in one piece of memory, the file
  local gap = ffi.cast('char *', tensors.small:data()) - ffi.cast('char *', tensors.big:data())
  t.eq(tonumber(gap), 4e6)
  tensors.big:fill(5)
  t.eq(files.content(path), bytes)
  torch.safetensors.save(path, {other = torch.zeros(1)}) -- the file is replaced, the map stays
  t.eq(tensors.big[1000][1000], 5)
  os.remove(path)
end)

t.test('a tensor lives on when everything else of its file is gone', function()
  local path = files.temporary()
  torch.safetensors.save(path, {a = torch.range(1, 1000), b = torch.zeros(1000)})
  local a = torch.safetensors.load(path).a
  os.remove(path)
  collectgarbage()
  collectgarbage()
  t.eq(a:sum(), 500500)
end)

t.test('numbers at odd places are copied to even ones', function()
  local tensors = torch.safetensors.load(folder .. 'odd.safetensors')
  t.eq(tensors.a:totable(), {1, 2, 3})
  t.eq(tensors.b:totable(), {1.5, -2})
  t.eq(tonumber(ffi.cast('intptr_t', tensors.b:data())) % 4, 0)
end)

t.test('round trips, and the order of what is written', function()
  local path, all = files.temporary(), {}
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double', 'Half', 'BFloat16'} do
    local x = torch.Tensor {{1, 2, 3}, {4, 5, 6}}:type('torch.' .. name .. 'Tensor')
    all[name], all[name .. ' "turned"/'], all[name .. ' none'] = x, x:t(), torch[name .. 'Tensor'](3, 0)
  end
  all.nothing = torch.Tensor()
  torch.safetensors.save(path, all, {['a "key"'] = 'line\nline'})
  local back, metadata = torch.safetensors.load(path)
  for name, x in pairs(all) do
    t.eq({torch.type(back[name]), back[name]:totable()}, {torch.type(x), x:totable()}, name)
    t.eq(tonumber(ffi.cast('intptr_t', back[name]:data())) % x:elementSize(), 0)
  end
  t.eq(metadata, {['a "key"'] = 'line\nline'})
  local first = files.content(path)
  torch.safetensors.save(path, back, metadata)
  t.eq(files.content(path), first)
  os.remove(path)
end)

t.test('what cannot be written is refused', function()
  t.raises('safetensors.save: x is no tensor but a number', torch.safetensors.save, '/tmp/x', {x = 1})
  t.raises('expected names as strings, got 1', torch.safetensors.save, '/tmp/x', {torch.zeros(1)})
  t.raises('expected names as strings, got __metadata__', torch.safetensors.save, '/tmp/x',
           {__metadata__ = torch.zeros(1)})
  t.raises('expected strings as metadata, got epoch = 7', torch.safetensors.save, '/tmp/x', {}, {epoch = 7})
end)

local function file(header, data)
  return ffi.string(ffi.new('uint64_t[1]', #header), 8) .. header .. (data or '')
end

t.test('bad files: the error says what is wrong', function()
  local eight = ('.'):rep(8)
  for message, bytes in pairs {
    ['is no safetensors file: it has 3 bytes'] = '...',
    ['announces a header of 72339069014638592 bytes, the file has 10'] = '\0\0\0\0\0\0\1\1{}',
    ['announces a header of 9 bytes'] = '\9\0\0\0\0\0\0\0{}',
    ['has a header that is no JSON object: Expected'] = file '{"a":',
    ['has a header that is no JSON object'] = file '[1]',
    ['"a" lacks its shape'] = file '{"a": 1}',
    ['has the type F8_E5M2, for which'] =
      file('{"a": {"dtype": "F8_E5M2", "shape": [8], "data_offsets": [0, 8]}}', eight),
    ['"a" has a bad shape'] = file('{"a": {"dtype": "U8", "shape": [-8], "data_offsets": [0, 8]}}', eight),
    ['"b" has a bad shape'] = file('{"b": {"dtype": "U8", "shape": [1e300], "data_offsets": [0, 8]}}', eight),
    ['"a" lacks its data_offsets'] = file('{"a": {"dtype": "U8", "shape": [8]}}', eight),
    ['"a" has bad data_offsets'] = file('{"a": {"dtype": "U8", "shape": [8], "data_offsets": [0.5, 8.5]}}', eight),
    ['"a" needs 32 bytes and has 8'] = file('{"a": {"dtype": "F32", "shape": [8], "data_offsets": [0, 8]}}', eight),
    ['"a" begins at byte 1 of the data, expected 0'] =
      file('{"a": {"dtype": "U8", "shape": [7], "data_offsets": [1, 8]}}', eight),
    ['"b" begins at byte 3 of the data, expected 4'] =
      file('{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},' ..
           ' "b": {"dtype": "U8", "shape": [5], "data_offsets": [3, 8]}}', eight),
    ['its tensors end at byte 16 of the data, which has 8'] =
      file('{"a": {"dtype": "U8", "shape": [16], "data_offsets": [0, 16]}}', eight),
    ['its tensors end at byte 4 of the data, which has 8'] =
      file('{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}', eight),
    ['__metadata__ holds more than strings'] = file '{"__metadata__": {"a": 1}}',
    ['element 0 is 9223372036854775808'] =
      file('{"a": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}', '\0\0\0\0\0\0\0\128'),
  } do
    local ok, reason = pcall(torch.safetensors.decode, bytes)
    assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  end
end)

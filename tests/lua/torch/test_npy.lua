--- .npy and .npz files: NumPy's, our own, and bad ones.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local folder, expected = files.formats()

-- -- NumPy's files ----------------------------------------------------------------------------------------------

t.test('every type, both byte orders, Fortran\'s order, no dimensions, no elements', function()
  local arrays = torch.npz.load(folder .. 'arrays.npz')
  for name, row in pairs(expected['arrays.npz']) do files.same_tensor(arrays[name], row, name) end
  t.eq({arrays.fortran:stride(1), arrays.fortran:stride(3)}, {1, 6}) -- as it lay in the file
  t.ok(arrays.i8:data()[1] == 2 ^ 62 * 2LL - 1 and arrays.u8:data()[1] == 2LL ^ 62)
end)

t.test('deflated archives', function()
  local arrays = torch.npz.load(folder .. 'packed.npz')
  for name, row in pairs(expected['packed.npz']) do files.same_tensor(arrays[name], row, name) end
end)

t.test('the three versions of the format', function()
  for _, name in ipairs {'version1.npy', 'version2.npy', 'version3.npy', 'fortran.npy'} do
    files.same_tensor(torch.npy.load(folder .. name), expected[name][1], name)
    files.same_tensor(torch.npy.decode(files.content(folder .. name)), expected[name][1], name)
  end
end)

t.test('what no tensor holds is refused by name', function()
  t.raises('record.npy: holds records', torch.npy.load, folder .. 'record.npy')
  t.raises('holds texts %(<U2%)', torch.npy.load, folder .. 'text.npy')
  t.raises('holds complex numbers %(<c16%)', torch.npy.load, folder .. 'complex.npy')
  t.raises('holds Python objects', torch.npy.load, folder .. 'object.npy')
  t.raises('element 1 is 9223372036854775808, too large for a torch.LongTensor', torch.npy.load, folder .. 'large.npy')
end)

t.test('names choose among the arrays of an archive', function()
  local arrays = torch.npz.load(folder .. 'arrays.npz', {names = {'i2', 'scalar'}})
  local names = {}
  for name in pairs(arrays) do names[#names + 1] = name end
  table.sort(names)
  t.eq(names, {'i2', 'scalar'})
  t.raises('has no array "nothing"', torch.npz.load, folder .. 'arrays.npz', {names = {'nothing'}})
  t.raises('expected options such as', torch.npz.load, folder .. 'arrays.npz', 'i2')
end)

-- -- Our own files ----------------------------------------------------------------------------------------------

local numpy_types = {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double', 'Half'}

t.test('round trips of every type, of views and of empty tensors', function()
  local path, all = files.temporary(), {}
  for _, name in ipairs(numpy_types) do
    local x = torch.Tensor {{1, 2, 3}, {4, 5, 6}}:type('torch.' .. name .. 'Tensor')
    all[name], all[name .. ' turned'], all[name .. ' part'] = x, x:t(), x:narrow(2, 2, 1)
    all[name .. ' none'] = torch[name .. 'Tensor'](2, 0)
  end
  for name, x in pairs(all) do
    torch.npy.save(path, x)
    local back = torch.npy.load(path)
    t.eq({torch.type(back), back:size():totable(), back:totable()}, {torch.type(x), x:size():totable(), x:totable()},
         name)
  end
  for _, compress in ipairs {false, true} do
    torch.npz.save(path, all, compress)
    local back = torch.npz.load(path)
    for name, x in pairs(all) do t.eq(back[name]:totable(), x:totable(), name) end
  end
  os.remove(path)
end)

t.test('what is written is what NumPy writes, byte for byte', function()
  local path = files.temporary()
  for _, name in ipairs {'version1.npy'} do
    torch.npy.save(path, torch.npy.load(folder .. name))
    t.eq(files.content(path), files.content(folder .. name))
  end
  os.remove(path)
end)

t.test('deflated archives are smaller', function()
  local path = files.temporary()
  torch.npz.save(path, {x = torch.zeros(1000, 100)}, true)
  t.ok(#files.content(path) < 2000)
  t.eq(torch.npz.load(path).x:nElement(), 100000)
  os.remove(path)
end)

t.test('what cannot be written is said before the file is touched', function()
  local path = files.temporary('before')
  t.raises('npy.save: NumPy has no type for a torch.BFloat16Tensor', torch.npy.save, path, torch.BFloat16Tensor(2))
  t.raises('npy.save: expected a tensor, got table', torch.npy.save, path, {1})
  t.raises('npz.save: y: expected a tensor, got string', torch.npz.save, path, {x = torch.zeros(2), y = 'no'})
  t.raises('npz.save: expected names as strings, got 1', torch.npz.save, path, {torch.zeros(2)})
  t.raises('npz.save: expected a table of tensors, got userdata', torch.npz.save, path, newproxy())
  t.eq(files.content(path), 'before')
  os.remove(path)
  t.raises('npy.save: cannot write /nonexistent/x.npy', torch.npy.save, '/nonexistent/x.npy', torch.zeros(2))
end)

-- An archive of three texts, with sizes of 64 bits from a limit on.
local function wide_archive(path, deflate, limit)
  local ffi = require 'ffi'
  local file = torch.DiskFile(path, 'w')
  local writer = require 'torch.formats.zipwriter'('test', file, deflate, limit)
  for i = 1, 3 do
    local text = ('entry %d '):format(i):rep(i * 20)
    writer:add('name ' .. i, {{ffi.cast('const char *', text), #text}})
  end
  writer:finish()
  file:close()
end

t.test('archives with sizes of 64 bits', function()
  local source, zip = require 'torch.formats.source', require 'torch.formats.zip'
  local path = files.temporary()
  for _, deflate in ipairs {false, true} do
    for _, limit in ipairs {1, 200, 700, 2 ^ 32 - 1} do
      wide_archive(path, deflate, limit)
      local archive = zip.open(source.of_string('test', files.content(path)))
      t.eq(#archive.list, 3)
      for i = 1, 3 do
        t.eq(archive:string(archive.by_name['name ' .. i]), ('entry %d '):format(i):rep(i * 20), limit)
      end
    end
  end
  os.remove(path)
end)

-- -- Bad files --------------------------------------------------------------------------------------------------

local function npy(header, elements)
  return '\147NUMPY\1\0' .. string.char(#header % 256, math.floor(#header / 256)) .. header .. (elements or '')
end

t.test('bad arrays: the error says what is wrong', function()
  for message, bytes in pairs {
    ['ends early: expected 6 bytes of the magic at byte 0, got 3'] = '\147NU',
    ['is no .npy file'] = 'something else',
    ['has version 9 of the format'] = '\147NUMPY\9\0..',
    ['ends early: expected 118 bytes of the header'] = '\147NUMPY\1\0\118\0{',
    ['announces a header of 4294967295 bytes'] = '\147NUMPY\2\0\255\255\255\255',
    ['has a header that is none: "{}"'] = npy '{}',
    ['has a header that is none'] = npy "{'descr': '<f8', 'fortran_order': maybe, 'shape': (1,), }",
    ['for which there is no tensor type'] = npy "{'descr': '<q9', 'fortran_order': False, 'shape': (1,), }",
    ['8 elements of float64 are announced, 3 bytes are left'] =
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", '...'),
    ['which is too much for a tensor'] =
      npy "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 9999999), }",
    ['has the sizes (1,1,1'] =
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (" .. ('1,'):rep(17) .. "), }", '.'),
  } do
    local ok, reason = pcall(torch.npy.decode, bytes)
    assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  end
  t.raises('npy: cannot open /nonexistent.npy: No such file', torch.npy.load, '/nonexistent.npy')
  t.raises('npy: /tmp is not a regular file', torch.npy.load, '/tmp')
  t.raises('expected a file name, got nil', torch.npy.load)
end)

-- Changes bytes of a text from a place on, counted from 1.
local function change(text, at, bytes) return text:sub(1, at - 1) .. bytes .. text:sub(at + #bytes) end

t.test('bad archives: the error says what is wrong', function()
  local path = files.temporary()
  torch.npz.save(path, {a = torch.ByteTensor {1, 2, 3}, b = torch.ByteTensor {4}})
  local good = files.content(path)
  os.remove(path)
  local directory = good:find('PK\1\2', 1, true)
  local second = good:find('PK\1\2', directory + 4, true)
  for message, bytes in pairs {
    ['is no zip archive'] = good:sub(1, -2),
    ['has a damaged zip directory'] = change(good, directory, 'XX'),
    ['the check sum is wrong'] = change(good, 30 + 5 + 128 + 1, '\9'),
    ['"a.npy" is encrypted'] = change(good, directory + 8, '\1'),
    ['"a.npy" is packed by method 12'] = change(good, directory + 10, '\12'),
    ['"a.npy" announces 200 bytes, more than its packed ones make'] = change(good, directory + 24, '\200'),
    ['"b.npy" lies beyond the file'] = change(good, second + 42, '\255\255'),
    ['"a.npy" and "b.npy" overlap'] = change(good, second + 42, '\5\0'),
    ['"a.npy" is in the archive twice'] = change(good, second + 46, 'a'),
    ['"a.npy" is not where the zip directory says'] = change(good, 1, 'XX'),
  } do
    local ok, reason = pcall(torch.npz.decode, bytes)
    assert(not ok and reason:find(message, 1, true), message .. ' / ' .. tostring(reason))
  end
end)

t.test('packed bytes that are damaged, or fewer than announced', function()
  local good = files.content(folder .. 'packed.npz')
  t.raises('npz: the string: .*: ', torch.npz.decode, change(good, 30 + #'ramp.npy' + 40, '\255\255\255\255\255'))
  local directory = good:find('PK\1\2', 1, true)
  local size = good:byte(directory + 24)
  t.raises('', torch.npz.decode, change(good, directory + 24, string.char(size + 1)))
end)

--- hdf5: h5py's files, our own, parts, appending, links, and what is refused.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local found, hdf5 = pcall(require, 'hdf5')
if not found then
  t.test('hdf5', function() t.skip(hdf5) end)
  return
end

local folder = debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'expected/'

-- Calls f with the path of a file that is removed afterwards.
local function with_path(f)
  hdf5._testUtils.withTmpDir(function(dir) f(dir .. '/x.h5') end)
end

-- Writes with one function, reads with another.
local function write_and_read(write, read)
  with_path(function(path)
    local file = hdf5.open(path, 'w')
    write(file)
    file:close()
    file = hdf5.open(path, 'r')
    read(file)
    file:close()
  end)
end

-- -- h5py's files -----------------------------------------------------------------------------------------------

t.test('every type, chunks, compression, scalars and nothing', function()
  local file = hdf5.open(folder .. 'arrays.h5', 'r')
  local all = file:all()
  for name, row in pairs(dofile(folder .. 'expected.lua')) do
    local tensor = name == 'rows' and all.group.inner.rows or all[name]
    files.same_tensor(tensor, row, name)
  end
  t.ok(all.int64:data()[1] == 2 ^ 62 * 2LL - 1)
  t.eq({torch.type(all.none), all.none:dim()}, {'torch.FloatTensor', 0})
  t.eq({torch.type(all['no rows']), all['no rows']:size():totable()}, {'torch.ShortTensor', {0, 3}})
  t.eq(file:read('/group/inner/rows'):partial({3, 4}, 2):totable(), {{7}, {10}})
  file:close()
end)

t.test('torch.load reads them', function()
  t.eq(torch.load(folder .. 'arrays.h5').scalar:totable(), {2.5})
end)

t.test('links: an object with several names is read once, and loops end', function()
  local all = torch.load(folder .. 'links.h5')
  t.eq(all.x:totable(), {0, 1, 2})
  t.ok(all.x == all.again and all.x == all.soft)
  t.eq(all.loop.self, all.loop)
  t.eq(all.type, nil)
end)

t.test('what is no tensor, lies elsewhere or is larger than its file is refused', function()
  local file = hdf5.open(folder .. 'refused.h5', 'r')
  for name, message in pairs {
    text = 'there is no tensor type for STRING', pair = 'for COMPOUND of 8 bytes', complex = 'for COMPOUND',
    large = '/large has numbers of 2^63 or more', outside = 'the data of /outside lie in other files',
    virtual = 'the data of /virtual lie in other files',
    unwritten = '/unwritten announces 8000000000000 bytes, the file has 0 of them; partial() reads a part',
  } do
    local ok, reason = pcall(function() return file:read(name):all() end)
    assert(not ok and reason:find(message, 1, true), tostring(reason))
    t.ok(reason:find('^[^:]*test_hdf5.lua:%d+: hdf5: '), reason)
  end
  t.raises('other file of / lies in another file', file.read, file, 'other file')
  t.raises("cannot open nowhere of /: component not found", file.read, file, 'nowhere')
  t.raises('hdf5: ', file.all, file)
  t.eq(file:read('unwritten'):partial(1000000, {1, 2}):totable(), {{0, 0}})
  t.eq(file:read('empty'):all():sum(), 0)
  file:close()
end)

-- -- Our own files ----------------------------------------------------------------------------------------------

t.test('round trips of every type, of views, of empty tensors', function()
  local all = {nothing = torch.Tensor(), ['no rows'] = torch.IntTensor(0, 2), deep = {er = {x = torch.Tensor {1}}}}
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Float', 'Double', 'Half'} do
    local x = torch.Tensor {{1, 2, 3}, {4, 5, 6}}:type('torch.' .. name .. 'Tensor')
    all[name], all[name .. ' turned'], all[name .. ' part'] = x, x:t(), x:narrow(2, 2, 1)
  end
  write_and_read(function(file) file:write('/', all) end, function(file)
    local back = file:all()
    for name, x in pairs(all) do
      if torch.isTensor(x) then
        t.eq({torch.type(back[name]), back[name]:totable()}, {torch.type(x), x:totable()}, name)
        local factory = file:read(name):getTensorFactory()
        t.eq(torch.type(factory()), torch.type(x))
      end
    end
    t.eq(back.deep.er.x:totable(), {1})
    t.eq(file:read('deep'):all().er.x:totable(), {1})
    t.eq(file:read('/deep/er/x'):all():totable(), {1})
    t.eq(file:read():all()['no rows']:size():totable(), {0, 2})
  end)
end)

t.test('chunks, packing, parts and appending', function()
  local x = torch.range(1, 130):view(13, 10)
  with_path(function(path)
    local file = hdf5.open(path)
    local options = hdf5.DataSetOptions():setChunked(4, 40):setDeflate()
    t.eq(tostring(options), '[DataSetOptions: chunking=4x40 deflate=6]')
    file:write('/a/x', x, options)
    file:write('/a/zeros', torch.zeros(300, 300), hdf5.DataSetOptions():setChunked(100, 100):setDeflate(9))
    file:close()
    t.ok(#files.content(path) < 30000)
    file = hdf5.open(path) -- there is one now: it is written on
    file:append('/a/x', x:narrow(1, 1, 2))
    file:append('/', {a = {x = torch.zeros(1, 10):int()}})
    local set = file:read('/a/x')
    t.eq(set:dataspaceSize(), {16, 10})
    local most = hdf5.ffi.new('hsize_t[2]')
    hdf5.C.H5Sget_simple_extent_dims(set._space.id, nil, most)
    t.ok(most[0] == 0xffffffffffffffffULL and most[1] == 10) -- without limit
    t.eq(set:partial({13, 14}, {9, 10}):totable(), {{129, 130}, {9, 10}})
    t.eq(set:partial(15, 3):totable(), {{13}})
    t.eq(set:all():narrow(1, 1, 13):totable(), x:totable())
    t.eq(set:all()[16]:sum(), 0)
    t.raises('append: sizes 1x9 do not fit those of /a/x, 16x10', file.append, file, '/a/x', torch.zeros(1, 9))
    t.raises('append: there is no dataset y in /a', file.append, file, '/a/y', torch.zeros(1, 9))
    file:write('plain', torch.zeros(2))
    t.raises('cannot append to /plain, which has to be chunked', file.append, file, 'plain', torch.zeros(1))
    file:close()
  end)
end)

t.test('bad ranges', function()
  write_and_read(function(file) file:write('x', torch.zeros(3, 4)) end, function(file)
    local set = file:read('x')
    for _, ranges in ipairs {{1}, {1, 1, 1}, {0, 1}, {4, 1}, {{2, 1}, 1}, {{1, 4}, 1}, {1.5, 1}, {{1}, 1}, {'a', 1}} do
      t.raises('partial: ', set.partial, set, unpack(ranges))
    end
  end)
end)

t.test('modes', function()
  with_path(function(path)
    t.raises('there is no such file', hdf5.open, path, 'r')
    t.raises('there is no such file', hdf5.open, path, 'r+')
    local file = hdf5.open(path, 'w-')
    file:write('x', torch.zeros(1))
    file:close()
    t.raises('cannot make', hdf5.open, path, 'w-')
    file = hdf5.open(path, 'r')
    t.eq(file:filename(), path)
    t.raises('cannot make the dataset y: no write intent', file.write, file, 'y', torch.zeros(1))
    t.raises('cannot make the group g', file.write, file, 'g/y', torch.zeros(1))
    file:close()
    file = hdf5.open(path, 'r+')
    t.raises('cannot make the dataset x: ', file.write, file, 'x', torch.zeros(1))
    file:close()
    file = hdf5.open(path, 'w')
    t.eq(file:all(), {})
    file:close()
    t.raises("expected the mode 'a', 'r', 'r%+', 'w' or 'w%-', got x", hdf5.open, path, 'x')
    t.raises('there is no folder /nonexistent', hdf5.open, '/nonexistent/x.h5')
    t.raises('expected a file name', hdf5.open)
  end)
  t.raises('cannot open .*: file signature not found', hdf5.open, folder .. 'make.py', 'r')
end)

t.test('what cannot be written, and bad paths', function()
  with_path(function(path)
    local file = hdf5.open(path, 'w')
    t.raises('HDF5 has no type for a torch.BFloat16Tensor', file.write, file, 'x', torch.BFloat16Tensor(2))
    t.raises('write: expected a tensor or a table of tensors as x, got number', file.write, file, 'x', 1)
    t.raises('write: expected a table for the root, got torch.DoubleTensor', file.write, file, '/', torch.zeros(1))
    t.raises('expected a name without slashes, got a/b', file.write, file, '/', {['a/b'] = torch.zeros(1)})
    t.raises('expected a name without slashes, got 1', file.write, file, '/', {torch.zeros(1)})
    t.raises('expected a path, got nil', file.write, file)
    t.raises('expected hdf5.DataSetOptions, got table', file.write, file, 'x', torch.zeros(1), {})
    t.raises('chunks of 3 dimensions for a tensor of 2', file.write, file, 'x', torch.zeros(7, 5),
             hdf5.DataSetOptions():setChunked(4, 4, 4))
    file:write('x', torch.zeros(1))
    t.raises('write: x is no group', file.write, file, 'x/y', torch.zeros(1))
    t.raises('read: /x is no group', file.read, file, 'x/y')
    t.raises('read: there is no y in /', file.read, file, 'y/z')
    local loop = {}
    loop.again = loop
    t.raises('tables are nested deeper than 100 levels', file.write, file, 'loop', loop)
    file:close()
  end)
  local options = hdf5.DataSetOptions()
  t.raises('expected a whole number of 1 to 4294967295, got 0', options.setChunked, options, 4, 0)
  t.raises('expected a size for each dimension', options.setChunked, options)
  t.raises('expected a whole number of 0 to 9, got 10', options.setDeflate, options, 10)
end)

t.test('after a file was closed', function()
  with_path(function(path)
    local file = hdf5.open(path, 'w')
    file:write('g/x', torch.zeros(2))
    local group, set = file:read('g'), file:read('g/x')
    t.ok(tostring(set):find('/g/x DATASET'))
    t.ok(tostring(group):find('/g GROUP'))
    file:close()
    file:close()
    t.raises('is closed', file.read, file, 'g')
    t.raises('the group is closed', group.read, group, 'x')
    t.raises('the dataset is closed', set.all, set)
    t.eq({tostring(set), tostring(group)}, {'[HDF5DataSet closed]', '[HDF5Group closed]'})
  end)
end)

t.test('a file passes through torch.serialize by its name', function()
  with_path(function(path)
    local file = hdf5.open(path, 'w')
    file:write('x', torch.range(1, 3))
    local other = torch.deserialize(torch.serialize(file))
    t.eq(other:read('x'):all():totable(), {1, 2, 3})
    other:close()
    t.eq(file:read('x'):all():totable(), {1, 2, 3})
    file:close()
  end)
end)

t.test('forgotten files and datasets are let go of by the collector', function()
  with_path(function(path)
    local file = hdf5.open(path, 'w')
    for i = 1, 50 do file:write('x' .. i, torch.zeros(2)) end
    file:close()
    for _ = 1, 20 do hdf5.open(path, 'r'):all() end
    collectgarbage()
    collectgarbage()
    file = hdf5.open(path, 'w') -- it could not be made anew while it is open
    file:close()
  end)
end)

t.test('names of types and objects', function()
  t.eq(hdf5._getTorchType(hdf5.h5t.IEEE_F32LE), 'torch.FloatTensor')
  t.eq(hdf5._getTorchType(hdf5._outputTypeForTensorType 'torch.LongTensor'), 'torch.LongTensor')
  t.eq(hdf5._datatypeName(hdf5._nativeTypeForTensorType 'torch.ByteTensor'), 'INTEGER')
  t.eq(hdf5.h5t.NOTHING, nil)
  t.ok(hdf5._deflateAvailable() and hdf5._fletcher32Available())
  t.ok(hdf5.version[1] > 1 or hdf5.version[2] >= 8)
end)

--- torch.load reads the files of other worlds, which it knows by how they begin.
local t = require 'harness'
local torch = require 'torch'
local formats = require 'torch.formats'
local files = require 'files'

local folder, expected = files.formats()

t.test('torch.load reads the files of other worlds', function()
  files.same_tensor(torch.load(folder .. 'version1.npy'), expected['version1.npy'][1])
  t.eq(torch.load(folder .. 'arrays.npz').scalar:totable(), {2.5})
  t.eq(torch.load(folder .. 'arrays.npz', {names = {'i1'}}).scalar, nil)
  t.eq(torch.load(folder .. 'protocol4.pt').w:totable(), {{1, 2}, {3, 4}})
  t.eq(torch.load(folder .. 'protocol3.pth').w:totable(), {{1, 2}, {3, 4}})
  t.eq(torch.load(folder .. 'plain.pkl').c, 'd')
  t.eq(torch.load(folder .. 'values.json').yes, true)
  local _, names = torch.load(folder .. 'table.csv', {columns = {1}})
  t.eq(names, {'x'})
  local tensors, metadata = torch.load(folder .. 'tensors.safetensors')
  t.eq({tensors.scalar[1], metadata.epoch}, {7, '7'})
end)

t.test('files of torch.save are still that, whatever they hold', function()
  local path = files.temporary()
  for _, value in ipairs {0.5, 2 ^ -30, '', '{}', '\147NUMPY', true, {'{'}, {[2] = 'PK\3\4'}, torch.zeros(3)} do
    for _, mode in ipairs {'binary', 'ascii'} do
      torch.save(path, value, mode)
      local format = formats.find(path)
      t.ok(not format or format.name:sub(1, 2) == 't7', format and format.name)
    end
  end
  torch.save(path, {1, 2})
  os.rename(path, path .. '.csv')
  t.eq(torch.load(path .. '.csv', 'binary'), {1, 2}) -- a mode says that it is one
  os.remove(path .. '.csv')
end)

t.test('an HDF5 file names the package', function()
  local path = files.temporary('\137HDF\r\n\26\n...')
  t.raises('is an HDF5 file, which the package hdf5 reads', torch.load, path)
  os.remove(path)
end)

t.test('what is written appears whole or not at all', function()
  local path = files.temporary('before')
  t.raises('JSON has no function', torch.json.save, path, {x = torch.zeros(10), y = print})
  t.eq(files.content(path), 'before')
  local listing = io.popen("ls '" .. path .. "'*"):read('*a')
  t.eq(listing, path .. '\n') -- nothing is left beside it
  os.remove(path)
  if io.open('/dev/full', 'w') then t.raises('No space left', torch.npy.save, '/dev/full', torch.zeros(100000)) end
end)

t.test('a library that is not there is named with its package', function()
  t.raises('npz: the library libnothing.so.9 is not on this machine; on Debian, apt install libnothing9',
           require 'torch.optional', 'npz', {'libnothing.so.9', 'nothing'}, 'libnothing9')
end)

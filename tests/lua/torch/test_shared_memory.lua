-- Storages that are maps of files and of shared memory.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local function exists(path)
  local file = io.open(path, 'rb')
  if file then file:close() end
  return file ~= nil
end

t.test('a shared map of a file', function()
  local path = os.tmpname()
  local s = torch.IntStorage(path, true, 5) -- lengthened
  t.eq(#files.content(path), 20)
  s:fill(7)
  local again, private = torch.IntStorage(path, true), torch.IntStorage(path)
  t.eq({again:size(), again[5]}, {5, 7})
  again[1] = 8
  private[2] = 9
  t.eq({s[1], s[2], private[1]}, {8, 7, 8})
  t.eq(files.content(path):sub(1, 8), '\8\0\0\0\7\0\0\0')
  t.raises('6 elements of int32 from byte 0 on were asked for, the file has 20 bytes', torch.IntStorage, path, false, 6)
  t.eq(torch.IntStorage(path, true, 0):size(), 5)
  os.remove(path)
  t.raises('No such file', torch.IntStorage, path)
  t.raises('expected the name of a file', torch.IntStorage, 'a\0b')
end)

t.test('shared memory', function()
  if not exists('/dev/shm') then t.skip('there is no /dev/shm') end
  local name = os.tmpname():gsub('.*/', 'moontorch-')
  local s = torch.FloatStorage(name, true, 100, true)
  s:fill(2.5)
  t.eq(s:size(), 100)
  t.ok(exists('/dev/shm/' .. name))
  local other = torch.FloatStorage('/' .. name, true, 100, true) -- another map of the same memory
  other[100] = 3
  t.eq(s[100], 3)
  t.eq(torch.FloatStorage('/dev/shm/' .. name, true, 100)[100], 3)
  local pipe = io.popen('od -An -tf4 -N4 /dev/shm/' .. name)
  t.eq(tonumber(pipe:read('*a')), 2.5)
  pipe:close()
  t.raises('No space left', torch.FloatStorage, name .. '-huge', true, 2 ^ 42, true)
  t.eq(exists('/dev/shm/' .. name .. '-huge'), false)
  t.raises('is always shared', torch.FloatStorage, name, false, 100, true)
  t.raises('cannot change its size', s.resize, s, 200)
  t.raises('at most 254 bytes', torch.FloatStorage, ('x'):rep(300), true, 10, true)
  s, other = nil, nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  t.eq(exists('/dev/shm/' .. name), false)
end)

--- What torch knows of its process: threads, terminals, memory, addresses, the files of packages.
local t = require 'harness'
local ffi = require 'ffi'
local torch = require 'torch'
local class = require 'torch.class'

t.test('threads and processors', function()
  local before = torch.getnumthreads()
  torch.setnumthreads(3)
  t.eq(torch.getnumthreads(), 3)
  torch.setnumthreads(before)
  t.ok(torch.getnumcores() >= 1)
  t.raises('expected 1 or more, got 0', torch.setnumthreads, 0)
  t.eq({torch.updateerrorhandlers(), torch.updatethreadlocals()}, {})
end)

t.test('terminals', function()
  local file = assert(io.open('/dev/null'))
  t.eq(torch.isatty(file), false)
  file:close()
  t.eq(torch.isatty(file), false, 'a closed file')
  t.raises('expected a file of the io library, got a string', torch.isatty, 'stdout')
end)

-- -- Memory -----------------------------------------------------------------------------------------------------

local MB = 2 ^ 20

t.test('dropped tensors do not pile up, and nobody has to call the collector', function()
  collectgarbage()
  local before = torch.memory().live
  for _ = 1, 3000 do torch.FloatTensor(MB / 4) end -- 3 GB
  local held = torch.memory().peak - before
  t.ok(held < 400 * MB, ('%.0f MB were held'):format(held / MB))
end)

t.test('the heap tracking can be switched', function()
  t.eq(torch._heaptracking, true)
  torch.setheaptracking(false)
  t.eq(torch._heaptracking, false)
  torch.setheaptracking(true)
  t.eq(torch._heaptracking, true)
end)

t.test('tensors lie outside the heap of LuaJIT', function()
  collectgarbage()
  local before = collectgarbage('count')
  local x = torch.DoubleTensor(64 * MB / 8)
  t.ok(collectgarbage('count') - before < 64, 'kB of the heap for 64 MB')
  t.eq(x:nElement(), 8 * MB)
end)

-- -- Addresses --------------------------------------------------------------------------------------------------

t.test('addresses of elements', function()
  local x = torch.FloatTensor {{1, 2}, {3, 4}}
  local p = torch.data(x:select(1, 2))
  t.eq({p[0], tonumber(torch.data(x, true)) == tonumber(ffi.cast('intptr_t', x:data()))}, {3, true})
  p[1] = 9
  t.eq(x[2][2], 9)
  t.eq(torch.data(torch.LongStorage {5})[0], 5LL)
  t.eq(torch.FloatTensor():data(), nil)
  t.ok(torch.cdata(x, true) ~= torch.cdata(x:clone(), true))
  t.raises('expected a tensor or a storage, got nothing', torch.data)
  t.raises('expected a tensor or a storage, got table', torch.cdata, {})
end)

t.test('the same object', function()
  local x = torch.FloatTensor(2)
  t.eq({torch.isequal(x, x), torch.isequal(x, x:clone()), torch.isequal(x:storage(), x:storage())}, {true, false, true})
  local list = {}
  t.eq({torch.isequal(list, list), torch.isequal(list, {}), torch.isequal(1, 1), torch.isequal(x, list)},
       {true, false, false, false})
end)

t.test('objects by their address', function()
  local x = torch.FloatTensor {{1, 2}, {3, 4}}:t()
  local y = torch.pushudata(torch.pointer(x), 'torch.FloatTensor')
  t.ok(y:isSetTo(x))
  local s = torch.IntStorage {1, 2}
  local address = torch.pointer(s)
  s:retain()
  local again = torch.pushudata(address, 'torch.IntStorage')
  t.ok(again == s)
  s = nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  t.eq(again:totable(), {1, 2})
  t.raises('was not retained', again.free, again)
  again:retain()
  again:free()
  t.raises('the address is null', torch.pushudata, 0, 'torch.FloatTensor')
  t.raises('expected the name of a tensor or storage type, got nn.Linear', torch.pushudata, address, 'nn.Linear')
  t.raises('expected an address, got table', torch.pushudata, {}, 'torch.FloatTensor')
end)

-- -- Names and files --------------------------------------------------------------------------------------------

t.test('versions of classes', function()
  local Box = class.class('Box', nil, {})
  local box = torch.factory('Box')()
  t.eq({torch.version(box), torch.version({}), torch.version(torch.FloatTensor())}, {1, 1, 1})
  Box.__version = 3
  t.eq(torch.version(box), 3)
end)

t.test('types as classes', function()
  local D = torch.DoubleTensor
  t.eq({torch.getconstructortable('torch.DoubleTensor') == D, torch.factory('torch.IntTensor')():type()},
       {true, 'torch.IntTensor'})
  local mt = torch.getmetatable('torch.DoubleTensor')
  t.eq({mt.new(2):nElement(), torch.type(mt.real), rawget(mt, 'add') ~= nil, mt.__typename},
       {2, 'function', true, 'torch.DoubleTensor'})
  t.eq(torch.Allocator ~= nil, true)
  local sum = mt.__add__
  mt.__add__ = function() return 'added' end
  local result = D(1) + 1
  mt.__add__ = sum
  t.eq(result, 'added', 'operators are looked up in the class')
end)

t.test('files of packages', function()
  local folder = os.tmpname()
  os.remove(folder)
  os.execute('mkdir ' .. folder)
  local function write(name, text)
    local file = assert(io.open(folder .. '/' .. name, 'w'))
    file:write(text)
    file:close()
  end
  write('init.lua', "include('part.lua') return mine")
  write('part.lua', "mine = {path = torch.packageLuaPath('" .. folder:match('[^/]+$') .. "')}")
  local path = package.path
  package.path = folder:match('^(.*)/') .. '/?/init.lua;' .. path
  local ok, mine = pcall(require, folder:match('[^/]+$'))
  local same = ok and torch.include(folder:match('[^/]+$'), 'init.lua')
  package.path, _G.mine = path, nil
  os.execute('rm -r ' .. folder)
  t.ok(ok, tostring(mine))
  t.eq({mine.path, same.path}, {folder, folder})
  t.raises('no package nowhere_at_all', torch.packageLuaPath, 'nowhere_at_all')
  t.ok(torch.packageLuaPath():match('lua$'))
  t.eq({string.gfind, rawget(table, 'unpack')}, {string.gmatch, unpack})
end)

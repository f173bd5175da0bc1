-- What goes to other threads without a copy, and that nothing of it stays behind.
local t = require 'harness'
local tds = require 'tds'
local torch = require 'torch'
local threads = require 'threads'

local Threads = threads.Threads
local shared, copying = require 'threads.sharedserialize', require 'threads.serialize'

local function live() return torch.memory().live end

local function collect()
  collectgarbage()
  collectgarbage()
end

-- What is live once the tests before this one hold nothing any more: compiled code may, and threads that end.
local function live_at_first()
  local count, sleep = require('threads.ffi').mt_worker_count, require('sys').sleep
  jit.flush()
  collect()
  for _ = 1, 500 do
    if count() == 0 then break end
    sleep(0.01)
  end
  collect()
  return live()
end

-- A pool whose jobs share tensors.
local function sharing_pool(...)
  Threads.serialization('threads.sharedserialize')
  local pool, results = Threads(...)
  Threads.serialization('threads.serialize')
  return pool, results
end

-- Lets every thread of a pool collect what it no longer needs, and this one.
local function settle(pool)
  pool:specific(true)
  for i = 1, pool.N do
    pool:addjob(i, function()
      collectgarbage()
      collectgarbage()
    end)
  end
  pool:synchronize()
  pool:specific(false)
  collect()
end

local function resident()
  for line in io.lines('/proc/self/status') do
    local kB = line:match('VmRSS:%s+(%d+)')
    if kB then return tonumber(kB) * 1024 end
  end
end

-- -- Serialisers ------------------------------------------------------------------------------------------------

t.test('shared: the same elements, through tensors, storages and tables of tds', function()
  local x, s = torch.zeros(2, 3), torch.FloatStorage(4):fill(1)
  local h, v, counter = tds.Hash {a = 1}, tds.Vec(1, 2), tds.AtomicCounter()
  local y = shared.load(shared.save {x, x:t(), s, h, v, counter, x, {deep = x:narrow(1, 2, 1)}})
  y[1]:fill(5)
  y[3]:fill(6)
  y[4].b, y[5][1] = 2, 'new'
  y[6]:inc()
  t.eq({x:sum(), s[2], h.b, v[1], counter:get()}, {30, 6, 2, 'new', 1})
  t.ok(torch.pointer(y[1]) == torch.pointer(y[7]), 'an object met twice is one object')
  t.eq({y[2]:size():totable(), y[2]:stride():totable()}, {{3, 2}, {1, 3}})
  t.eq({torch.data(y[8].deep, true) == torch.data(x:select(1, 2), true)}, {true})
  y[1]:resize(7)
  t.eq(x:size():totable(), {2, 3})
  t.eq(shared.load(shared.save(torch.FloatTensor())):dim(), 0)
end)

t.test('copying: other elements, the same mutexes', function()
  local x, h, m = torch.ones(3), tds.Hash {a = torch.ones(2)}, threads.Mutex()
  local y = copying.load(copying.save {x, h, m})
  y[1]:zero()
  y[2].a:zero()
  t.eq({x:sum(), h.a:sum(), y[3] == m, y[3]:id() == m:id()}, {3, 2, true, true})
  t.raises('save: a threads.Mutex lives in this process alone', torch.serialize, m)
end)

t.test('what was saved can be loaded often, and keeps what it refers to', function()
  local before = live_at_first()
  local saved = shared.save(torch.ones(1000))
  collect()
  t.eq({torch.type(saved), shared.load(saved):sum(), shared.load(saved):sum()}, {'torch.CharStorage', 1000, 1000})
  t.ok(live() >= before + 8000)
  saved = nil -- luacheck: ignore
  collect()
  t.eq(live(), before)
end)

t.test('bytes without what they refer to are refused', function()
  local saved = shared.save {torch.ones(3)}
  local bytes = torch.CharStorage(saved:size()):copy(saved)
  t.raises('load: the storage does not carry what it refers to', shared.load, bytes)
  t.raises('a reference to what is outside of the file at byte %d+', torch.deserialize, saved:string())
  local other = shared.save {torch.ones(1)}
  t.eq(shared.load(other)[1]:sum(), 1)
end)

t.test('functions, with upvalues, in both', function()
  for _, serialize in ipairs {shared, copying} do
    local x, n = torch.ones(2), 3
    local function f(k)
      n = n + k
      return x:sum() * n
    end
    local g = serialize.load(serialize.save(f))
    t.eq({g(1), g(1), f(0)}, {8, 10, 6})
    x:fill(2)
    t.eq(g(0), serialize == shared and 20 or 10)
  end
end)

t.test('objects of classes, with shared tensors in them, and torch\'s own types', function()
  local Box = torch.class('sharetest.Box', {})
  local box = torch.factory('sharetest.Box')()
  box.x, box.f, box.m = torch.ones(2), function() return 7 end, threads.Mutex()
  local Float = torch.FloatTensor
  local other = shared.load(shared.save {box, Box, Float, torch.FloatStorage})
  other[1].x:fill(3)
  t.eq({torch.type(other[1]), box.x:sum(), other[1].f(), other[1].m == box.m}, {'sharetest.Box', 6, 7, true})
  t.ok(other[2] == Box and other[3] == Float and other[4] == torch.FloatStorage)
end)

-- -- Threads ----------------------------------------------------------------------------------------------------

t.test('threads write into one tensor', function()
  local pool, x = sharing_pool(4), torch.zeros(4, 1000)
  for i = 1, 4 do
    pool:addjob(function(k)
      for _ = 1, 50 do x[k]:add(k) end
      return torch.pointer(x:storage())
    end, function(at) t.eq(at, torch.pointer(x:storage())) end, i)
  end
  pool:terminate()
  for i = 1, 4 do t.eq({x[i]:min(), x[i]:max()}, {50 * i, 50 * i}) end
end)

t.test('four loaders feed four different batches, with no copy', function()
  local data = torch.range(1, 400):float():view(100, 4)
  local pool = sharing_pool(4, function(id)
    function load_batch(first)
      local batch = torch.FloatTensor(25, 4):copy(data:narrow(1, first, 25))
      return {input = batch, id = id}, torch.pointer(batch:storage())
    end
  end)
  pool:specific(true)
  local seen, batches = {}, {}
  for i = 1, 4 do
    pool:addjob(i, function(first) return load_batch(first) end, function(batch, at)
      t.eq({torch.pointer(batch.input:storage()), batch.id}, {at, i})
      t.ok(not seen[at], 'another storage for each')
      seen[at], batches[i] = true, batch.input
    end, 25 * (i - 1) + 1)
  end
  pool:synchronize()
  t.ok(torch.equal(torch.cat(batches, 1), data))
  pool:terminate()
end)

t.test('10,000 jobs leave nothing behind', function()
  local pool, data = sharing_pool(4), torch.rand(1000, 64)
  local source = torch.pointer(data:storage())
  local function feed(n)
    local got = 0
    for i = 1, n do
      pool:addjob(function(k)
        local batch = torch.zeros(32, 64):add(data:narrow(1, k % 900 + 1, 32))
        return batch, torch.pointer(batch:storage()), torch.pointer(data:storage())
      end, function(batch, at, of)
        if torch.pointer(batch:storage()) == at and of == source then got = got + 1 end
      end, i)
    end
    pool:synchronize()
    t.eq(got, n)
  end
  feed(100)
  settle(pool)
  local before, resident_before = live(), resident()
  feed(10000)
  settle(pool)
  -- less, when something of the first hundred was still there
  t.ok(live() <= before, ('%d bytes live, %d before'):format(live(), before))
  local grown = (resident() - resident_before) / 2 ^ 20
  t.ok(grown < 200, ('the process has grown by %.0f MB'):format(grown))
  pool:terminate()
end)

-- -- What nobody reads --------------------------------------------------------------------------------------------

t.test('jobs and results that nobody reads give back what they carry', function()
  local before, T = live_at_first(), require 'threads.ffi'
  local function leave()
    local gate = threads.Mutex()
    gate:lock()
    local pool = sharing_pool(1)
    pool:addjob(function() gate:lock() return torch.ones(1e5) end)
    while not pool:acceptsjob() do end
    local x = torch.ones(2e5)
    pool:addjob(function() return x end)
    t.ok(live() >= before + 8 * 2e5)
    gate:unlock()
  end
  leave()
  collect() -- the pool goes; its threads do their jobs, whose results nobody wants
  while T.mt_worker_count() > 0 do require('sys').sleep(0.01) end
  collect()
  t.eq(live(), before)
end)

t.test('terminate after an error forgets the jobs that wait', function()
  local before = live_at_first()
  local function fail()
    local gate, pool, ran = threads.Mutex(), sharing_pool(2), tds.AtomicCounter()
    gate:lock()
    for _ = 1, 2 do pool:addjob(function() gate:lock() gate:unlock() error 'no' end) end
    while not pool:acceptsjob() do end
    local x = torch.ones(2e5)
    pool:addjob(function() ran:inc() return x:sum() end)
    gate:unlock()
    t.raises('no', pool.terminate, pool)
  end
  fail()
  while require('threads.ffi').mt_worker_count() > 0 do require('sys').sleep(0.01) end
  collect()
  t.eq(live(), before)
end)

t.test('a queue of jobs that nobody does', function()
  local before = live_at_first()
  local queue, x = threads.Queue(5, 'threads.sharedserialize'), torch.ones(1e5)
  for _ = 1, 3 do queue:addjob(function() return x end) end
  x = nil -- luacheck: ignore
  collect()
  t.ok(live() >= before + 8e5)
  queue = nil -- luacheck: ignore
  collect()
  t.eq(live(), before)
end)

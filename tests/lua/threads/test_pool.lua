-- threads.Threads: jobs, their results and errors, modes, serialisers, pools in pools.
local t = require 'harness'
local torch = require 'torch'
local threads = require 'threads'

local Threads = threads.Threads

-- Runs f with a pool that is terminated afterwards.
local function with_pool(n, f, ...)
  local pool = Threads(n, ...)
  f(pool)
  pool:terminate()
end

-- -- Starting ---------------------------------------------------------------------------------------------------

t.test('each thread calls the functions in order, and the last one\'s results come back', function()
  local pool, results = Threads(3, function(i) first = i * 10 end, function(i) return first + i, __threadid, nil, 4 end)
  t.eq(results, {{11, 1, nil, 4}, {22, 2, nil, 4}, {33, 3, nil, 4}})
  t.eq({pool.N, pool:isrunning(), pool:hasjob(), pool:specific(), pool:haserror()}, {3, true, false, false, false})
  t.eq(tostring(pool), 'threads.Threads of 3 threads (0 jobs)')
  t.eq({rawget(_G, 'first'), rawget(_G, '__threadid')}, {})
  pool:terminate()
  t.eq({pool:isrunning(), tostring(pool)}, {false, 'threads.Threads of 3 threads (terminated)'})
end)

t.test('the package itself is called and asked as in its first years', function()
  local pool = threads(1, function() end)
  t.eq({threads.serialization(), pool.N}, {'threads.serialize', 1})
  pool:terminate()
  t.eq(Threads.new(1):terminate(), nil)
end)

t.test('a thread that fails at its start', function()
  t.raises('%[thread 2 callback%] .-test_pool.lua:%d+: no data for 2', Threads, 2, function(i)
    if i == 2 then error('no data for ' .. i) end
  end)
  t.raises("module 'no_such_module' not found", Threads, 3, function() require 'no_such_module' end)
  t.raises('test_pool.lua:%d+: %[thread 1 callback%] 1\n', function() Threads(1, error) end)
end)

t.test('wrong arguments of the constructor', function()
  for _, n in ipairs {0, -1, 1.5, 1025, 'two', 0 / 0} do
    t.raises('Threads: expected a number of threads from 1 to 1024, got ' .. tostring(n):gsub('%p', '%%%0'), Threads, n)
  end
  t.raises('got nil', Threads)
  t.raises('expected argument 3 to be a function that each thread calls, got a number', Threads, 1, print, 5)
end)

-- -- Jobs -------------------------------------------------------------------------------------------------------

t.test('arguments, upvalues and results', function()
  local base, list = 100, {x = {1, 2}}
  list.self = list
  local function add(a, b) return a + b end
  with_pool(2, function(pool)
    local got = {}
    for i = 1, 20 do
      pool:addjob(function(k, nothing, last)
        base = base + 1 -- a copy's
        return add(base, k), nothing, list.self == list and list.x[2], last, nil
      end, function(...) got[i] = {n = select('#', ...), ...} end, i, nil, 'last')
    end
    pool:synchronize()
    for i = 1, 20 do t.eq(got[i], {n = 5, 101 + i, nil, 2, 'last', nil}) end
    t.eq(base, 100)
  end)
end)

t.test('variables that functions of a job share stay shared', function()
  local count = 0
  local function increase() count = count + 1 end
  with_pool(1, function(pool)
    pool:addjob(function()
      increase()
      increase()
      return count
    end, function(n) t.eq(n, 2) end)
    pool:synchronize()
  end)
end)

t.test('globals of a thread stay from job to job', function()
  with_pool(1, function(pool)
    pool:addjob(function() kept = {7} end)
    pool:addjob(function() return kept[1] end, function(x) t.eq(x, 7) end)
    pool:synchronize()
    t.eq(rawget(_G, 'kept'), nil)
  end)
end)

t.test('modules, functions of C and classes go by their names', function()
  local floor, format, sum, ffi = math.floor, string.format, torch.sum, require 'ffi'
  local Float, Timer, own = torch.FloatTensor, torch.Timer, {plain = 5}
  package.loaded.own_module = own
  with_pool(1, function(pool)
    pool:addjob(function()
      return floor(2.7), format('%03d', 5), sum(Float {1, 2}), ffi.sizeof('int'), torch.type(Timer()), own.plain,
             torch == package.loaded.torch, floor == math.floor
    end, function(...) t.eq({...}, {2, '005', 3, 4, 'torch.Timer', 5, true, true}) end)
    pool:synchronize()
    own.plain = 6 -- what may have changed is copied
    pool:addjob(function() return own.plain, floor(1.5) end, function(...) t.eq({...}, {6, 1}) end)
    pool:synchronize()
  end)
  package.loaded.own_module = nil
end)

t.test('the endcallback stays here, and may be left out', function()
  local seen = {}
  with_pool(2, function(pool)
    for i = 1, 4 do pool:addjob(function(k) return k end, function(k) seen[#seen + 1] = k end, i) end
    pool:addjob(function() end)
    pool:addjob(function() end, nil, 1, 2)
    pool:synchronize()
    table.sort(seen)
    t.eq(seen, {1, 2, 3, 4})
  end)
end)

t.test('an endcallback may yield, and add jobs', function()
  with_pool(1, function(pool)
    local steps = coroutine.wrap(function()
      pool:addjob(function() return 1 end, coroutine.yield)
      pool:addjob(function() return 2 end, coroutine.yield)
      pool:synchronize()
      return 'end'
    end)
    t.eq({steps(), steps(), steps()}, {1, 2, 'end'})
    local depth = 0
    local function again()
      depth = depth + 1
      if depth < 5 then pool:addjob(function() end, again) end
    end
    pool:addjob(function() end, again)
    pool:synchronize()
    t.eq(depth, 5)
  end)
end)

t.test('wrong jobs', function()
  with_pool(1, function(pool)
    t.raises('test_pool.lua:%d+: addjob: expected a function to be called in a thread, got a number', function()
      pool:addjob(5)
    end)
    t.raises('addjob: expected a function or nil to be called with the results, got a string', pool.addjob, pool, print,
             '')
    t.raises('dojob: there is no job to wait for', pool.dojob, pool)
    local routine = coroutine.create(print)
    t.raises('save: cannot write a thread at the job%.callback%.routine', pool.addjob, pool, function()
      return routine
    end)
    t.eq(pool:hasjob(), false)
    pool:addjob(function() return coroutine.create(print) end)
    t.raises('%[thread 1 callback%] .*cannot write a thread', pool.synchronize, pool)
    pool:addjob(function() return 1 end, function(x) t.eq(x, 1) end)
    pool:synchronize()
  end)
end)

-- -- Errors -----------------------------------------------------------------------------------------------------

t.test('an error in a job is raised where it is waited for, with the job\'s own stack', function()
  with_pool(1, function(pool)
    pool:addjob(function()
      local function inner() error 'in the job' end
      inner()
    end)
    local ok, message = pcall(pool.synchronize, pool)
    t.eq({ok, pool:haserror()}, {false, true})
    for _, part in ipairs {'^[^\n]*%[thread 1 callback%] ', 'test_pool.lua:%d+: in the job\nstack traceback:',
                           "in function 'inner'"} do
      t.ok(message:find(part), part .. ' in ' .. message)
    end
    t.ok(not message:find('harness'), 'the stack is not this thread\'s')
    pool:addjob(function() error {code = 3} end)
    t.raises('%(error object is a table value%)', pool.synchronize, pool)
    pool:addjob(function() error(setmetatable({}, {__tostring = function() return 'told' end})) end)
    t.raises('%[thread 1 callback%] told', pool.synchronize, pool)
    pool:addjob(function() return torch.ones(2) + torch.ones(3) end)
    t.raises('test_pool.lua:%d+: add: sizes', pool.synchronize, pool)
  end)
end)

t.test('the other jobs survive an error', function()
  with_pool(5, function(pool)
    local done = 0
    for i = 1, 5 do
      pool:addjob(function(k) if k == 3 then error('third') end end, function() done = done + 1 end, i)
    end
    t.raises('third', function() pool:synchronize() end)
    pool:synchronize()
    t.eq({done, pool:haserror()}, {4, false})
  end)
end)

t.test('an error in an endcallback', function()
  with_pool(1, function(pool)
    pool:addjob(function() return 'value' end, function(x) error('cannot use ' .. x) end)
    t.raises('%[thread 1 endcallback%] .-test_pool.lua:%d+: cannot use value\nstack traceback', pool.dojob, pool)
    t.eq({pool:haserror(), pool:hasjob()}, {true, false})
    local own = {}
    pool:addjob(function() end, function() error(own) end)
    t.eq({pcall(pool.dojob, pool)}, {false, own})
    pool:addjob(function() end)
    t.eq(pool:haserror(), false)
    pool:synchronize()
  end)
end)

t.test('an object of a class that the thread, or this one, does not know', function()
  torch.class('pooltest.Local', {})
  with_pool(1, function(pool)
    local object = torch.factory('pooltest.Local')()
    pool:addjob(function() return object end)
    t.raises('%[thread 1 callback%] .*the class pooltest.Local is unknown', pool.synchronize, pool)
    pool:addjob(function()
      torch.class('pooltest.Theirs', {})
      return torch.factory('pooltest.Theirs')()
    end)
    t.raises('cannot load what a job returned: .*pooltest.Theirs is unknown', pool.synchronize, pool)
    t.eq({pool:hasjob(), pool:haserror()}, {false, true})
  end)
end)

-- -- Modes ------------------------------------------------------------------------------------------------------

t.test('specific mode', function()
  with_pool(3, function(pool)
    local ids = {}
    for _ = 1, 3 do pool:addjob(function() end, function() ids[#ids + 1] = 0 end) end
    pool:specific(true)
    t.eq({ids, pool:specific()}, {{0, 0, 0}, true})
    for i = 1, 9 do
      local id = (i - 1) % 3 + 1
      pool:addjob(id, function(x) return __threadid, x end, function(at, x) t.eq({at, x}, {id, i}) end, i)
    end
    for _, id in ipairs {0, 4, 1.5, 'x'} do
      t.raises('acceptsjob: the pool is in specific mode: expected the number of a thread from 1 to 3', pool.acceptsjob,
               pool, id)
    end
    t.raises('addjob: the pool is in specific mode', pool.addjob, pool, function() end)
    pool:specific(false)
    t.eq(pool:hasjob(), false)
    t.raises('specific: expected true or false, got a number', pool.specific, pool, 1)
  end)
end)

t.test('acceptsjob and hasjob, for programs that do not wait', function()
  with_pool(2, function(pool)
    local asked, got = 0, {}
    repeat
      while asked < 30 and pool:acceptsjob() do
        asked = asked + 1
        pool:addjob(function(i) return i end, function(i) got[i] = true end, asked)
      end
      if pool:hasjob() then pool:dojob() end
    until asked == 30 and not pool:hasjob()
    t.eq(#got, 30)
  end)
end)

t.test('a full queue: addjob calls endcallbacks until there is room, and raises their errors', function()
  local first, second, called = threads.Mutex(), threads.Mutex(), 0
  first:lock()
  second:lock()
  with_pool(1, function(pool)
    local function until_taken() while not pool:acceptsjob() do end end
    pool:addjob(function() first:lock() end, function()
      called = called + 1
      second:unlock()
    end)
    until_taken()
    pool:addjob(function() second:lock() end)
    t.eq({pool:acceptsjob(), called}, {false, 0})
    first:unlock()
    until_taken()
    pool:addjob(function() end)
    pool:addjob(function() end) -- there is room only after the first endcallback
    t.eq(called, 1)
    pool:synchronize()
    t.raises('of a job', function()
      for _ = 1, 10 do pool:addjob(function() error 'of a job' end) end
    end)
    while pool:hasjob() do pcall(pool.dojob, pool) end
  end)
end)

-- -- Ending -----------------------------------------------------------------------------------------------------

t.test('a terminated pool', function()
  local pool, done = Threads(2), 0
  for _ = 1, 5 do pool:addjob(function() end, function() done = done + 1 end) end
  pool:terminate()
  t.eq({done, pool:isrunning()}, {5, false})
  pool:terminate()
  pool:synchronize()
  for _, name in ipairs {'addjob', 'dojob', 'hasjob', 'acceptsjob', 'specific'} do
    t.raises(name .. ': the pool was terminated', pool[name], pool, function() end)
  end
  pool = Threads(1)
  pool:addjob(function() error 'late' end)
  t.raises('late', pool.terminate, pool)
  t.eq(pool:isrunning(), false)
end)

t.test('a pool that is collected ends its threads, and does its jobs first', function()
  local T = require 'threads.ffi'
  local counter = threads.AtomicCounter()
  Threads.serialization('threads.sharedserialize')
  do
    local pool = Threads(2)
    for _ = 1, 8 do pool:addjob(function() counter:inc() end) end
  end
  Threads.serialization('threads.serialize')
  collectgarbage()
  collectgarbage()
  local timer = torch.Timer()
  while T.mt_worker_count() > 0 and timer:time().real < 60 do require('sys').sleep(0.01) end
  t.eq({T.mt_worker_count(), counter:get()}, {0, 8})
end)

t.test('many pools that nobody terminates do not pile up', function()
  local T, most = require 'threads.ffi', 0
  for _ = 1, 40 do
    Threads(4)
    most = math.max(most, T.mt_worker_count())
  end
  t.ok(most < 100, most .. ' threads at once')
end)

t.test('a thread that ends by itself is told of, not waited for', function()
  local pool = Threads(1)
  pool:addjob(function() package.loaded['threads.lanes'].fill = function() error 'broken' end end)
  pool:addjob(function() end)
  t.raises('%[thread 1%] the thread has ended: .*broken', function()
    pool:synchronize()
    pool:synchronize()
  end)
  t.eq(pool:isrunning(), false)
end)

-- -- Others -----------------------------------------------------------------------------------------------------

t.test('pools in the threads of a pool', function()
  with_pool(2, function(pool)
    local sums = {}
    for i = 1, 4 do
      pool:addjob(function(k)
        local inner, sum = require('threads').Threads(2), 0
        for j = 1, 10 do inner:addjob(function() return j * k end, function(x) sum = sum + x end) end
        inner:terminate()
        return sum
      end, function(sum) sums[i] = sum end, i)
    end
    pool:synchronize()
    t.eq(sums, {55, 110, 165, 220})
  end)
end)

t.test('threads use one processor each, without a word to the others', function()
  local before = torch.getnumthreads()
  torch.setnumthreads(2)
  with_pool(2, function(pool)
    pool:addjob(function()
      local first = torch.getnumthreads()
      torch.setnumthreads(3)
      return first, torch.getnumthreads()
    end, function(...) t.eq({...}, {1, 3}) end)
    pool:synchronize()
    t.eq(torch.getnumthreads(), 2)
  end)
  torch.setnumthreads(before)
end)

t.test('another serialiser', function()
  local plain = require 'threads.serialize'
  package.preload.own_serialiser = function()
    local module = {saved = 0}
    function module.save(x)
      module.saved = module.saved + 1
      module.last = require('threads.serialize').save(x)
      return module.last
    end
    module.load = require('threads.serialize').load
    return module
  end
  Threads.serialization('own_serialiser')
  t.eq(Threads.serialization(), 'own_serialiser')
  t.raises("module 'own_serialiser' not found", Threads, 1) -- the threads look for it on package.path
  local own = require 'own_serialiser'
  t.ok(own.saved > 0)
  t.eq(type(plain.load(own.last).callback), 'function') -- what a serialiser keeps stays whole
  package.loaded.own_serialiser = {save = function() return 'a string' end, load = print}
  t.raises('expected save to give a torch.CharStorage, got a string', Threads, 1)
  package.loaded.own_serialiser = {save = print}
  t.raises('expected the module own_serialiser to have functions save and load', Threads, 1)
  Threads.serialization('no_such_serialiser')
  t.raises("module 'no_such_serialiser' not found", Threads, 1)
  Threads.serialization('threads.serialize')
  t.raises('serialization: expected the name of a module, got a table', Threads.serialization, {})
  package.loaded.own_serialiser, package.preload.own_serialiser = nil, nil
end)

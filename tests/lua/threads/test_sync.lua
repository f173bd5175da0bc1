-- Mutexes, conditions, queues, threads of one's own, threads.safe.
local t = require 'harness'
local threads = require 'threads'
local torch = require 'torch'

-- Starts a thread that runs the code, after what all of these need; %d stands for the numbers that follow.
local function start(code, ...)
  return threads.Thread(("local threads = require 'threads'\n" .. code):format(...))
end

t.test('mutexes', function()
  local m = threads.Mutex()
  m:lock()
  m:unlock()
  t.raises('unlock: the mutex is not locked', m.unlock, m)
  t.ok(m:id() > 2 ^ 20 and m:id() == math.floor(m:id()))
  local same = threads.Mutex(m:id())
  t.eq({same == m, same:id() == m:id(), threads.Mutex() == m}, {true, true, false})
  t.eq({torch.type(m), tostring(m)}, {'threads.Mutex', ('threads.Mutex %d'):format(m:id())})
  same:free()
  m:lock()
  m:unlock()
  local number = m:id()
  m:free()
  for _, name in ipairs {'lock', 'unlock', 'id', 'free'} do
    t.raises(name .. ': the threads.Mutex was freed', m[name], m)
  end
  t.eq(tostring(m), 'threads.Mutex (freed)')
  collectgarbage()
  t.raises('there is no mutex with the number ' .. number, threads.Mutex, number)
  t.raises('there is no mutex with the number 3', threads.Mutex, 3)
  t.raises('Mutex: expected nothing or the number of another one, got a string', threads.Mutex, 'x')
  t.raises('lock: expected a threads.Mutex, got a threads.Condition', threads.Mutex().lock, threads.Condition())
  t.raises('threads.Mutex has no method close', function() return threads.Mutex().close end)
end)

t.test('a mutex keeps threads apart', function()
  local m, x = threads.Mutex(), torch.LongStorage(1):fill(0)
  x:retain() -- for the threads, which know only the address
  local list = {}
  for i = 1, 4 do
    list[i] = start([[
      local torch = require 'torch'
      local m, x = threads.Mutex(%d), torch.LongStorage(1, %d)
      for _ = 1, 2000 do
        m:lock()
        x[1] = x[1] + 1
        m:unlock()
      end
    ]], m:id(), tonumber(torch.data(x, true)))
  end
  for _, thread in ipairs(list) do thread:free() end
  t.eq(x[1], 8000)
  x:free()
end)

t.test('conditions', function()
  local m, c = threads.Mutex(), threads.Condition()
  c:signal() -- nobody waits
  m:lock()
  local thread = start([[
    local m, c = threads.Mutex(%d), threads.Condition(%d)
    m:lock() -- which is free once the other thread waits
    c:signal()
    m:unlock()
  ]], m:id(), c:id())
  c:wait(m)
  m:unlock()
  thread:free()
  t.raises('unlock: the mutex is not locked', c.wait, c, m)
  t.raises('wait: expected a threads.Mutex, got a threads.Condition', c.wait, c, c)
  t.raises('there is no condition', threads.Condition, m:id())
  c:free()
  t.raises('signal: the threads.Condition was freed', c.signal, c)
end)

-- -- Queues -----------------------------------------------------------------------------------------------------

t.test('a queue of jobs', function()
  local queue, n = threads.Queue(3), 1
  local function job(a, b)
    n = n + 1
    return a, b, n
  end
  queue:addjob(job, 5, nil)
  n = 10
  queue:addjob(job, nil, 6)
  t.eq({queue:size(), queue:isfull(), queue:isempty()}, {2, false, false})
  queue:addjob(print)
  t.eq(queue:isfull(), true)
  t.eq({queue:dojob()}, {5, nil, 2})
  t.eq({queue:dojob()}, {nil, 6, 11})
  t.eq(queue:dojob(), nil)
  t.eq({queue:isempty(), n}, {true, 10})
  queue:addjob(error, 'of a job', 0)
  t.raises('^of a job$', queue.dojob, queue)
  t.raises('addjob: expected a function, got a number', queue.addjob, queue, 5)
  t.raises('Queue: expected the number of jobs that it has room for, got 0', threads.Queue, 0)
  t.raises('there is no queue with the number', threads.Queue, threads.Mutex():id())
  t.ok(require 'threads.queue' == threads.Queue)
  t.ok(tostring(queue):find('^threads.Queue %d+$'))
  queue:free()
  t.raises('dojob: the threads.Queue was freed', queue.dojob, queue)
  t.eq(tostring(queue), 'threads.Queue (freed)')
end)

t.test('queues between threads, by number and within jobs', function()
  local there, back = threads.Queue(2), threads.Queue(2)
  local thread = start([[
    local there, back = threads.Queue(%d), threads.Queue(%d)
    for _ = 1, 20 do back:addjob(function(x) return x end, (there:dojob())) end
  ]], there:id(), back:id())
  local sum = 0
  for i = 1, 20 do
    there:addjob(function() return i * i end)
    sum = sum + back:dojob()
  end
  t.eq(sum, 2870)
  thread:free()
  local pool = threads.Threads(1)
  pool:addjob(function() back:addjob(function() return 'from the pool' end) end)
  t.eq(back:dojob(), 'from the pool')
  pool:terminate()
end)

-- -- Threads ----------------------------------------------------------------------------------------------------

t.test('a thread of one\'s own', function()
  local thread = threads.Thread('x = 1')
  t.eq(tostring(thread), 'threads.Thread')
  thread:free()
  t.eq({tostring(thread), rawget(_G, 'x')}, {'threads.Thread (freed)'})
  t.raises('free: the threads.Thread was freed', thread.free, thread)
  t.raises('free: the thread ended with an error: thread:1: no luck\nstack traceback', function()
    threads.Thread("error 'no luck'"):free()
  end)
  t.raises('Thread: thread:1: unexpected symbol', threads.Thread, '= 1')
  t.raises('Thread: expected Lua code as a string, got a function', threads.Thread, print)
end)

-- -- threads.safe -----------------------------------------------------------------------------------------------

t.test('a safe function', function()
  threads.Threads.serialization('threads.sharedserialize')
  local pool, x = threads.Threads(4), torch.zeros(2000)
  threads.Threads.serialization('threads.serialize')
  local add = threads.safe(function(k)
    local old = x:clone()
    x:copy(old:add(k))
    return k, nil, k + 1
  end)
  t.eq({add(1)}, {1, nil, 2})
  for _ = 1, 200 do pool:addjob(add, function(a, b, c) t.eq({a, b, c}, {2, nil, 3}) end, 2) end
  pool:synchronize()
  t.eq({x:min(), x:max()}, {401, 401})
  local mutex = threads.Mutex()
  local fail = threads.safe(function() error 'within' end, mutex)
  t.raises('within', fail)
  pool:addjob(fail)
  t.raises('within', pool.synchronize, pool)
  mutex:lock() -- it is free again
  mutex:unlock()
  t.raises('safe: expected a function, got a number', threads.safe, 5)
  t.raises('safe: expected a threads.Mutex, got a table', threads.safe, print, {})
  pool:terminate()
end)

t.test('an atomic counter', function()
  local counter = threads.AtomicCounter()
  threads.Threads.serialization('threads.sharedserialize')
  local pool = threads.Threads(3)
  threads.Threads.serialization('threads.serialize')
  for _ = 1, 3 do pool:addjob(function() for _ = 1, 1000 do counter:inc() end end) end
  pool:terminate()
  t.eq(counter:get(), 3000)
end)

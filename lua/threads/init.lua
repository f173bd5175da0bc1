--- threads: Lua states on threads of their own, as Torch7's package of this name has them: pools of threads that do
-- jobs (threads.Threads), queues, mutexes and conditions.
--   local threads = require 'threads'
--   threads.Threads.serialization('threads.sharedserialize')   -- tensors are shared, not copied
--   local pool = threads.Threads(4)
--   pool:addjob(function(i) return i * i end, print, 5)
--   pool:synchronize()   -- 25
require('torch.errors').package()

local sync = require 'threads.sync'

local threads = {
  Threads = require 'threads.threads', Thread = require('threads.thread').Thread, Queue = require 'threads.queue',
  Mutex = sync.Mutex, Condition = sync.Condition, AtomicCounter = require 'tds.atomic', safe = require 'threads.safe',
}

-- In the package's first years it was what threads.Threads is now.
return setmetatable(threads, {
  __index = threads.Threads, __call = function(_, ...) return threads.Threads(...) end,
})

--- threads.Queue: a queue of jobs that threads put into it and take out of it.
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local lanes = require 'threads.lanes'
local memory = require 'torch.memory'
local sync = require 'threads.sync'
local Threads = require 'threads.threads'

sync.declare(C.MT_QUEUE, {})

local module = {}
local Queue = class.class('threads.Queue', module)

--- threads.Queue(N[, serialization]): a new queue with room for N jobs; threads.Queue(number): the one whose id() this
-- is, always above 2^20. Jobs carry queues to other threads. serialization: the module that carries what goes through
-- it, by default that of threads.Threads.serialization.
--   local queue = threads.Queue(8)
--   queue:addjob(function(a, b) return a + b end, 1, 2)
--   print(queue:dojob())   -- 3
function Queue:__init(n, serialization)
  if type(n) ~= 'number' or n ~= math.floor(n) or n < 1 then
    errors.fail('Queue: expected the number of jobs that it has room for, got %s', tostring(n))
  end
  self.serialization = serialization or Threads.serialization()
  self.serialize = require(self.serialization)
  if n > 2 ^ 20 then
    self.handle = sync.find(n, C.MT_QUEUE)
  else
    self.handle = sync.own(memory.create(C.mt_queue_new, 1, n))
  end
end

--- To threads, the queue itself goes.
function Queue:__write(file)
  file:writeObject(self.handle)
  file:writeObject(self.serialization)
end

function Queue:__read(file)
  self.handle, self.serialization = file:readObject(), file:readObject()
  self.serialize = require(self.serialization)
end

local function pointer(self, name) return sync.pointer(name, self.handle, C.MT_QUEUE) end

--- queue:addjob(callback, …): puts the call callback(…) into the queue; waits while it is full.
function Queue:addjob(callback, ...)
  local at = pointer(self, 'addjob')
  if type(callback) ~= 'function' then errors.fail('addjob: expected a function, got a %s', class.type(callback)) end
  local storage = self.serialize.save({callback = callback, n = select('#', ...), ...})
  lanes.push(at, 0, self.serialize, storage, 0)
end

--- queue:dojob(): takes the next call out of the queue, waiting for it, makes it, and gives what it returns
function Queue:dojob()
  self.slot = self.slot or lanes.slot()
  lanes.fill(self.slot, pointer(self, 'dojob'), 0, -1)
  local job = lanes.load(self.slot, self.serialize)
  lanes.clear(self.slot)
  return job.callback(unpack(job, 1, job.n))
end

--- queue:size(): how many jobs are in it; queue:isfull(); queue:isempty()
function Queue:size() return tonumber(C.mt_queue_size(pointer(self, 'size'), 0)) end
function Queue:isfull() return self:size() == tonumber(C.mt_queue_room(pointer(self, 'isfull'))) end
function Queue:isempty() return self:size() == 0 end

--- queue:id(): a number above 2^20 that stands for it in the whole process
function Queue:id() return self.handle:id() end

--- queue:free(): ends the use of this handle; the collector does so by itself
function Queue:free() self.handle:free() end

function Queue:__tostring__()
  return 'threads.Queue ' .. (self.handle.at == nil and '(freed)' or ('%d'):format(self:id()))
end

return module.Queue

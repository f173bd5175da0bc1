--- threads.Threads: a pool of threads, each with a Lua state of its own, that do jobs, and hand the results to
-- functions in the thread that made the pool.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local lanes = require 'threads.lanes'
local memory = require 'torch.memory'
local thread = require 'threads.thread'

local Threads = {}
Threads.__index = Threads

local most = 1024 -- threads of a pool

-- -- Serialisation ----------------------------------------------------------------------------------------------

local serialization = 'threads.serialize'

--- threads.Threads.serialization([name]): the module whose save(value) and load(storage) carry jobs and results of
-- pools made from now on: 'threads.serialize', which copies (the default), 'threads.sharedserialize', which shares
-- tensors, or another one. Without a name: gives the present one.
function Threads.serialization(name)
  if name == nil then return serialization end
  if type(name) ~= 'string' then errors.fail('serialization: expected the name of a module, got a %s', type(name)) end
  serialization = name
end

local function serializer(name)
  local module = require(name)
  if type(module) ~= 'table' or type(module.save) ~= 'function' or type(module.load) ~= 'function' then
    errors.fail('serialization: expected the module %s to have functions save and load', name)
  end
  return module
end

-- -- Starting ---------------------------------------------------------------------------------------------------

local function check_arguments(n, functions)
  if type(n) ~= 'number' or n ~= math.floor(n) or n < 1 or n > most then
    errors.fail('Threads: expected a number of threads from 1 to %d, got %s', most, tostring(n))
  end
  for i, f in ipairs(functions) do
    if type(f) ~= 'function' then
      errors.fail('Threads: expected argument %d to be a function that each thread calls, got a %s', i + 1, type(f))
    end
  end
end

local function start_threads(self)
  -- Lane 0 has jobs for all, lanes 1 … N those for one thread, lane N + 1 the results. Letting go of the pool closes
  -- the queue: the threads then finish what is in it, and end.
  self.queue = ffi.gc(memory.create(C.mt_queue_new, self.N + 2, self.N), C.mt_queue_leave)
  thread.make_room()
  local number, last = tonumber(C.mt_sync_number(self.queue)), self.N + 1
  for i = 1, self.N do
    local code = ('require "threads" require("threads.loop").run(%d, %d, %d, %q)')
                 :format(number, i, last, self.serialization_name)
    self.threads[i] = thread.start(code, '=threads', true)
  end
end

local function initialise(self, functions)
  local results = {}
  for j, f in ipairs(functions) do
    for i = 1, self.N do
      self:addjob(i, f, function(...) if j == #functions then results[i] = {...} end end, i)
    end
  end
  self:synchronize()
  return results
end

local close

--- threads.Threads(N[, f1, f2, …]): a pool of N threads. Each calls f1(i), then f2(i), … with its number i, which it
-- also has as the global __threadid. Gives the pool, and a table of what the last function returned in each thread.
-- Functions go to the threads with their upvalues, which are copied (see threads.Threads.serialization), so what f2
-- needs to be loaded must be required by f1. A pool that is collected, or left by a program that ends well, finishes
-- its jobs; their endcallbacks are only called by synchronize and dojob.
--   local pool = threads.Threads(4, function(i) require 'nn' end)
--   for i = 1, 10 do
--     pool:addjob(function(x) return x * x end, function(y) print(y) end, i)
--   end
--   pool:synchronize()
--   pool:terminate()
function Threads.new(n, ...)
  local functions = {...}
  check_arguments(n, functions)
  local self = setmetatable({
    N = n, threads = {}, endcallbacks = {}, last_job = 0, slot = lanes.slot(), errors = false, is_specific = true,
    running = true, serialization_name = serialization, serialize = serializer(serialization),
  }, Threads)
  start_threads(self)
  if #functions == 0 then functions[1] = function() end end
  local ok, results = pcall(initialise, self, functions)
  if not ok then
    close(self, true)
    error(results, 0)
  end
  self.is_specific = false
  return self, results
end

-- -- State ------------------------------------------------------------------------------------------------------

local function check_running(self, name)
  if not self.running then errors.fail('%s: the pool was terminated', name) end
end

--- pool:isrunning(): whether it has not been terminated
function Threads:isrunning() return self.running end

--- pool:haserror(): whether the last call of dojob or synchronize has raised the error of a job or endcallback
function Threads:haserror() return self.errors end

--- pool:hasjob(): whether there are jobs whose endcallbacks have not been called
function Threads:hasjob()
  check_running(self, 'hasjob')
  return next(self.endcallbacks) ~= nil
end

-- The lane of a job; id: what was given as the number of a thread.
local function lane_of(self, name, id)
  if not self.is_specific then return 0 end
  if type(id) ~= 'number' or id ~= math.floor(id) or id < 1 or id > self.N then
    errors.fail('%s: the pool is in specific mode: expected the number of a thread from 1 to %d first, got %s', name,
                self.N, tostring(id))
  end
  return id
end

--- pool:acceptsjob([id]): whether addjob would not wait now; id: the number of the thread, in specific mode
function Threads:acceptsjob(id)
  check_running(self, 'acceptsjob')
  return C.mt_queue_size(self.queue, lane_of(self, 'acceptsjob', id)) < C.mt_queue_room(self.queue)
end

--- pool:specific([on]): in specific mode, each job is for one thread, whose number goes before it. Switching waits for
-- the jobs there are. Without an argument: whether the pool is in that mode.
function Threads:specific(on)
  check_running(self, 'specific')
  if on == nil then return self.is_specific end
  if type(on) ~= 'boolean' then errors.fail('specific: expected true or false, got a %s', type(on)) end
  self:synchronize()
  self.is_specific = on
end

-- -- Jobs -------------------------------------------------------------------------------------------------------

-- Threads do not end by themselves: one that has would be waited for for ever.
local function look_after(self)
  for i, worker in ipairs(self.threads) do
    if thread.has_ended(worker) then
      local failure = thread.failure(worker) or 'it was told to stop'
      close(self, true)
      errors.fail('[thread %d] the thread has ended: %s', i, failure)
    end
  end
end

local function do_nothing() end

local function check_functions(callback, endcallback)
  if type(callback) ~= 'function' then
    errors.fail('addjob: expected a function to be called in a thread, got a %s', type(callback))
  end
  if endcallback ~= nil and type(endcallback) ~= 'function' then
    errors.fail('addjob: expected a function or nil to be called with the results, got a %s', type(endcallback))
  end
end

local function add(self, id, callback, endcallback, ...)
  local lane = lane_of(self, 'addjob', id)
  check_functions(callback, endcallback)
  while not self:acceptsjob(id) do self:dojob() end
  local storage = self.serialize.save({callback = callback, n = select('#', ...), ...})
  local job = self.last_job + 1
  self.last_job = job
  lanes.push(self.queue, lane, self.serialize, storage, job, function() look_after(self) end)
  self.endcallbacks[job] = endcallback or do_nothing
end

--- pool:addjob([id, ]callback[, endcallback[, …]]): a job: callback(…) is called in a thread, then endcallback(results)
-- here, by synchronize, dojob, or an addjob that has to wait. id: the number of the thread, in specific mode.
-- The callback goes to the thread with its upvalues; the endcallback stays here. When N jobs wait already, addjob first
-- does what dojob does until there is room.
--   local sum = 0
--   pool:addjob(function(a, b) return a * b end, function(c) sum = sum + c end, 3, 4)
function Threads:addjob(...)
  check_running(self, 'addjob')
  self.errors = false
  if self.is_specific then return add(self, ...) end
  return add(self, nil, ...)
end

-- -- Results ----------------------------------------------------------------------------------------------------

local function fail(self, message)
  self.errors = true
  errors.raise(message)
end

local function with_traceback(problem)
  return type(problem) == 'string' and debug.traceback(problem, 2) or problem
end

local function call_back(self, id, endcallback, answer)
  local ok, problem = xpcall(function() endcallback(unpack(answer, 1, answer.n)) end, with_traceback)
  if ok then return end
  self.errors = true
  if type(problem) ~= 'string' then error(problem, 0) end
  fail(self, ('[thread %d endcallback] %s'):format(id, problem))
end

--- pool:dojob(): waits for a job that is done, and calls its endcallback. An error in the job, or in the endcallback,
-- is raised here, with the number of the thread and the stack that it had.
function Threads:dojob()
  check_running(self, 'dojob')
  self.errors = false
  if not self:hasjob() then errors.fail('dojob: there is no job to wait for') end
  local slot = self.slot
  lanes.fill(slot, self.queue, self.N + 1, -1, function() look_after(self) end)
  local job = tonumber(slot.tag[0])
  local ok, answer = pcall(lanes.load, slot, self.serialize)
  local endcallback = self.endcallbacks[job]
  self.endcallbacks[job] = nil
  lanes.clear(slot)
  if not endcallback then return end -- an interrupted addjob or dojob left it behind
  if not ok then fail(self, 'dojob: cannot load what a job returned: ' .. tostring(answer)) end
  if not answer.ok then fail(self, ('[thread %d callback] %s'):format(answer.thread, answer.message)) end
  call_back(self, answer.thread, endcallback, answer)
end

--- pool:synchronize(): calls the endcallbacks of all jobs, waiting for them. The first error ends it; the other jobs go
-- on, and can be waited for again.
function Threads:synchronize()
  if not self.running then return end
  self.errors = false
  while self.running and self:hasjob() do self:dojob() end
end

-- -- Ending -----------------------------------------------------------------------------------------------------

-- drop: jobs that no thread has begun are forgotten.
function close(self, drop)
  self.running, self.endcallbacks = false, {}
  C.mt_queue_close(self.queue, drop and 1 or 0)
end

--- pool:terminate(): synchronize, then ends the threads and waits until they have ended. After an error, which is
-- raised, the jobs that no thread has begun are forgotten.
function Threads:terminate()
  if not self.running then return end
  local ok, problem = pcall(self.synchronize, self)
  close(self, not ok)
  if not ok then error(problem, 0) end
  for _, worker in ipairs(self.threads) do thread.join(worker) end
end

Threads.__tostring = function(self)
  local jobs = 0
  for _ in pairs(self.endcallbacks) do jobs = jobs + 1 end
  return ('threads.Threads of %d threads (%s)'):format(self.N, self.running and jobs .. ' jobs' or 'terminated')
end

return setmetatable({}, {
  __index = Threads, __newindex = Threads,
  __call = function(_, ...) return Threads.new(...) end,
})

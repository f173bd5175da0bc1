--- threads.Thread(code): a thread with a Lua state of its own that runs the code, and nothing more.
local ffi = require 'ffi'
local T = require 'threads.ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local wait = require 'threads.wait'

local module = {}

local many = 64

--- To be called before threads are started: a pool that nobody needs any more is small to the collector, however large
-- its threads are.
function module.make_room()
  if T.mt_worker_count() >= many then memory.collect() end
end

--- Starts a thread; awaited: see mt_worker_start. Gives the C handle.
function module.start(code, name, awaited)
  local function attempt()
    return T.mt_worker_start(code, #code, name, package.path, package.cpath, awaited and 1 or 0)
  end
  local worker = attempt()
  if worker == nil then
    memory.collect()
    worker = attempt()
  end
  if worker == nil then errors.raise(ffi.string(C.mt_error())) end
  return ffi.gc(worker, T.mt_worker_free)
end

--- The error that ended a thread, or nil when none did or it runs still.
function module.failure(worker)
  local failure = T.mt_worker_failure(worker)
  return failure ~= nil and ffi.string(failure) or nil
end

--- Whether a thread has ended.
function module.has_ended(worker) return T.mt_worker_wait(worker, 0) == 1 end

--- Waits until a thread has ended.
function module.join(worker)
  wait(function(milliseconds) return T.mt_worker_wait(worker, milliseconds) == 1 and C.MT_DONE or C.MT_LATER end)
end

-- -- threads.Thread ---------------------------------------------------------------------------------------------

local Thread = {}
Thread.__index = Thread
Thread.__tostring = function(self) return self.worker and 'threads.Thread' or 'threads.Thread (freed)' end

--- thread:free(): waits until the code has ended. An error that ended it is raised here.
function Thread:free()
  if not self.worker then errors.fail('free: the threads.Thread was freed') end
  module.join(self.worker)
  local failure = module.failure(self.worker)
  self.worker = nil
  if failure then errors.fail('free: the thread ended with an error: %s', failure) end
end

--- threads.Thread(code): runs the code, a string, in a Lua state on a thread of its own. Nothing is loaded there: code
-- that needs torch or threads requires them. The program's end does not wait for it, thread:free() does.
--   local m = threads.Mutex()
--   local thread = threads.Thread(("local m = require('threads').Mutex(%d)"):format(m:id()))
--   thread:free()
function module.Thread(code)
  if type(code) ~= 'string' then errors.fail('Thread: expected Lua code as a string, got a %s', type(code)) end
  local f, problem = loadstring(code, '=thread')
  if not f then errors.fail('Thread: %s', problem) end
  module.make_room()
  return setmetatable({worker = module.start(code, '=thread', false)}, Thread)
end

return module

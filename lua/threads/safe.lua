--- threads.safe(f[, mutex]): f made safe for threads: only one of them is in it at a time.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local sync = require 'threads.sync'

local function finish(mutex, ok, ...)
  mutex:unlock()
  if not ok then error(..., 0) end
  return ...
end

--- threads.safe(f[, mutex]): a function that does what f does, with a mutex locked on the way; an error unlocks it,
-- too. mutex: one to use, which other functions may lock as well. Jobs that have the function as their callback, or
-- among their upvalues, lock the same one.
--   local add = threads.safe(function(x) tensor:add(x) end)
return function(f, mutex)
  if type(f) ~= 'function' then errors.fail('safe: expected a function, got a %s', type(f)) end
  mutex = mutex or sync.Mutex()
  sync.pointer('safe', mutex, C.MT_MUTEX)
  return function(...)
    mutex:lock()
    return finish(mutex, pcall(f, ...))
  end
end

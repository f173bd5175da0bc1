--- Mutexes and conditions, and the handles that they and queues have (see moontorch.h). Jobs carry them to other
-- threads, and each has a number, by which a thread that knows only that finds it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local elem = require 'tds.elem'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local wait = require 'threads.wait'

ffi.cdef [[
typedef struct threads_mutex { mt_sync *at; } threads_mutex;
typedef struct threads_queue { mt_sync *at; } threads_queue;
typedef struct threads_condition { mt_sync *at; } threads_condition;
]]

local names = {[C.MT_MUTEX] = 'Mutex', [C.MT_QUEUE] = 'Queue', [C.MT_CONDITION] = 'Condition'}
local ctypes = {
  [C.MT_MUTEX] = ffi.typeof('threads_mutex'), [C.MT_QUEUE] = ffi.typeof('threads_queue'),
  [C.MT_CONDITION] = ffi.typeof('threads_condition'),
}

local sync = {}

-- -- Handles ----------------------------------------------------------------------------------------------------

local function release(handle) C.mt_sync_free(handle.at) end

--- Takes over a reference that C gave.
function sync.own(at) return ffi.gc(ctypes[C.mt_sync_type(at)](at), release) end

--- A new handle of the one with a number.
function sync.find(number, type) return sync.own(memory.create(C.mt_sync_find, number, type)) end

--- The pointer behind a handle of a type, which is the argument of a method or function called name.
function sync.pointer(name, handle, type)
  if not ffi.istype(ctypes[type], handle) then
    errors.fail('%s: expected a threads.%s, got a %s', name, names[type], class.type(handle))
  end
  if handle.at == nil then errors.fail('%s: the threads.%s was freed', name, names[type]) end
  return handle.at
end

function sync.is_handle(x)
  for _, ctype in pairs(ctypes) do
    if ffi.istype(ctype, x) then return true end
  end
  return false
end

local function unwritable(handle)
  errors.fail('save: a %s lives in this process alone and cannot be written', class.type(handle))
end

local function set(handle) return C.mt_sync_retain(handle.at), C.mt_sync_free end
local function get(address) return sync.own(C.mt_sync_retain(ffi.cast('mt_sync *', address))) end

-- The methods that all have.
local function common(methods, type)
  --- x:id(): a number above 2^20 that stands for it in the whole process
  function methods:id() return tonumber(C.mt_sync_number(sync.pointer('id', self, type))) end

  --- x:free(): ends the use of this handle; the others of the same one stay. The collector does so by itself.
  function methods:free()
    local at = sync.pointer('free', self, type)
    ffi.gc(self, nil)
    self.at = nil
    C.mt_sync_free(at)
  end
end

--- Declares the class of a type, whose objects have these methods.
function sync.declare(type, methods)
  local name = 'threads.' .. (type == C.MT_QUEUE and 'QueueHandle' or names[type])
  common(methods, type)
  local metatype = ffi.metatype(ctypes[type], {
    __index = function(_, key) return methods[key] or errors.fail('%s has no method %s', name, tostring(key)) end,
    __eq = function(a, b) return ffi.istype(ctypes[type], a) and ffi.istype(ctypes[type], b) and a.at == b.at end,
    __tostring = function(self) return self.at == nil and name .. ' (freed)' or ('%s %d'):format(name, self:id()) end,
  })
  class.metatype(name, {__write = unwritable, __pointer = function(handle) return handle.at end}, metatype)
  elem.addctype(name, C.mt_sync_free, set, get)
end

-- Mutex() makes a new one, Mutex(number) finds one.
local function constructor(type, new)
  return function(number)
    if number == nil then return sync.own(memory.create(new)) end
    if tonumber(number) ~= number then
      errors.fail('%s: expected nothing or the number of another one, got a %s', names[type], class.type(number))
    end
    return sync.find(number, type)
  end
end

-- -- Mutexes ----------------------------------------------------------------------------------------------------

local mutex, condition = {}, {}

--- mutex:lock(): waits until no thread has it locked, and locks it. One thread cannot lock it twice.
function mutex:lock()
  local at, locked = sync.pointer('lock', self, C.MT_MUTEX), ffi.new('int32_t[1]')
  local ok, message = pcall(wait, function(milliseconds) return C.mt_mutex_lock(at, locked, milliseconds) end)
  if ok then return end
  if locked[0] == 1 then C.mt_mutex_unlock(at) end
  error(message, 0)
end

--- mutex:unlock(): lets others have it
function mutex:unlock() memory.call(C.mt_mutex_unlock, sync.pointer('unlock', self, C.MT_MUTEX)) end

sync.declare(C.MT_MUTEX, mutex)

--- threads.Mutex([number]): a new mutex, or the one whose id() this is
--   local m = threads.Mutex()
--   m:lock()
--   m:unlock()
sync.Mutex = constructor(C.MT_MUTEX, C.mt_mutex_new)

-- -- Conditions -------------------------------------------------------------------------------------------------

--- condition:wait(mutex): unlocks the mutex, waits for a signal, and locks it again. When Ctrl-C ends it, the mutex
-- stays unlocked.
function condition:wait(m)
  local at, waiting = sync.pointer('wait', self, C.MT_CONDITION), ffi.new('int32_t[1]')
  sync.pointer('wait', m, C.MT_MUTEX)
  C.mt_condition_begin(at, waiting) -- before others can have the mutex, so that no signal of theirs is missed
  local ok, message = pcall(function()
    m:unlock()
    wait(function(milliseconds) return C.mt_condition_wait(at, waiting, milliseconds) end)
  end)
  if not ok then
    C.mt_condition_end(at, waiting)
    error(message, 0)
  end
  m:lock()
end

--- condition:signal(): wakes one of the threads that wait; nothing when none does
function condition:signal() C.mt_condition_signal(sync.pointer('signal', self, C.MT_CONDITION)) end

sync.declare(C.MT_CONDITION, condition)

--- threads.Condition([number]): a new condition, or the one whose id() this is
sync.Condition = constructor(C.MT_CONDITION, C.mt_condition_new)

return sync

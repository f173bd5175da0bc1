--- Queues of packed values between threads (see mt_queue in moontorch.h), without what calls of them do.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local wait = require 'threads.wait'

local lanes = {}

local function pointer(storage) return ffi.cast('mt_storage **', storage) end

-- -- In ---------------------------------------------------------------------------------------------------------

-- A handle, which push may empty, of what serialize.save gave.
local function take(serialize, storage)
  if not handle.is_storage(storage) or handle.kind(storage).dtype ~= C.MT_INT8 then
    errors.fail('serialization: expected save to give a torch.CharStorage, got a %s', class.type(storage))
  end
  return serialize.fresh and storage or handle.own_storage(C.mt_storage_retain(storage.at))
end

--- Puts what serialize.save gave into a lane, with a number, waiting for room. Does nothing when the queue is closed.
function lanes.push(at, lane, serialize, storage, tag, idle)
  local item = take(serialize, storage)
  wait(function(milliseconds) return C.mt_queue_push(at, lane, pointer(item), tag, milliseconds) end, idle)
end

-- -- Out --------------------------------------------------------------------------------------------------------
-- What comes out lies in a slot until it is cleared: an interruption on the way loses nothing.

--- A place for what comes out of a queue: storage, and tag[0].
function lanes.slot() return {storage = handle.own_storage(nil), tag = ffi.new('int64_t[1]')} end

--- Waits for what comes next in a lane, or in another one (or -1), unless the slot is full yet. False when the queue is
-- closed and there is nothing left.
function lanes.fill(slot, at, lane, other, idle)
  if slot.storage.at ~= nil then return true end
  return wait(function(milliseconds)
    return C.mt_queue_pop(at, lane, other, pointer(slot.storage), slot.tag, milliseconds)
  end, idle) == C.MT_DONE
end

--- The value in a slot.
function lanes.load(slot, serialize)
  local storage = slot.storage
  if not serialize.fresh then storage = handle.own_storage(C.mt_storage_retain(storage.at)) end
  return serialize.load(storage)
end

--- Empties a slot.
function lanes.clear(slot) C.mt_storage_clear(pointer(slot.storage)) end

return lanes

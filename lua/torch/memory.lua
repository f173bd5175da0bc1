--- Calls into the library, and the collector's knowledge of tensor memory.
-- LuaJIT's collector sees a few bytes for each tensor. So C counts what tensors hold: past a soft limit we collect, and
-- the limit grows when most of it survives. When memory runs out we collect and try once more.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'

local memory = {tracking = true} -- tracking: see relieve

local lowest = 256 * 2 ^ 20

local function collect_device(device)
  local limit, live = tonumber(C.mt_memory_get_limit(device)), tonumber(C.mt_memory(device, C.MT_LIVE))
  if live > 0.8 * limit then limit = 1.4 * live end
  C.mt_memory_set_limit(device, math.max(limit, lowest))
end

--- A full collection; then the soft limits follow what survived.
function memory.collect()
  collectgarbage()
  collectgarbage()
  for device = 0, C.MT_MAX_DEVICE - 1 do collect_device(device) end
end

--- Called for every new tensor. While tracking is off, memory is only collected when it has run out.
function memory.relieve()
  if C.mt_memory_pressure ~= 0 and memory.tracking then memory.collect() end
end

local function failed(f, ...)
  local message = ffi.string(C.mt_error())
  if message:find('not enough memory', 1, true) then
    memory.collect()
    if f(...) == 0 then return end
    message = ffi.string(C.mt_error())
  end
  errors.raise(message)
end

--- While observer.call is a function, call hands every call over to it, as call itself would do it: for profiles.
memory.observer = {call = nil}
local observer = memory.observer

--- Calls a function of the library that gives 0 or fails; a failure becomes an error at the user's line.
function memory.call(f, ...)
  if observer.call then return observer.call(f, ...) end
  if f(...) ~= 0 then failed(f, ...) end
end

--- The same for a function that gives a pointer, or NULL when it fails.
function memory.create(f, ...)
  local p = f(...)
  if p ~= nil then return p end
  memory.collect()
  p = f(...)
  if p == nil then errors.raise(ffi.string(C.mt_error())) end
  return p
end

return memory

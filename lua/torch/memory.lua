--- Calls into the library, and the collector's knowledge of tensor memory.
-- LuaJIT's collector sees a few bytes for each tensor. So C counts what tensors hold: past a soft limit we collect, and
-- the limit grows when most of it survives, or when collecting takes more than its share of the time. When memory runs
-- out we collect and try once more.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'

local memory = {tracking = true} -- tracking: see relieve

local lowest, highest = 64 * 2 ^ 20, 256 * 2 ^ 20 -- where the limit begins, and up to where it grows for time alone
local share = 0.02 -- of the time
local ended = os.clock() -- of the last collection

local function move_limit(device, slow)
  local limit, live = tonumber(C.mt_memory_get_limit(device)), tonumber(C.mt_memory(device, C.MT_LIVE))
  if live > 0.8 * limit then limit = 1.4 * live elseif slow and limit < highest then limit = 2 * limit end
  C.mt_memory_set_limit(device, math.max(limit, lowest))
end

-- A full collection; then the soft limits follow what survived. A few tensors need a second pass, which is made where
-- the first one did not free enough.
local function collect(twice)
  local began = os.clock()
  collectgarbage()
  if twice or C.mt_memory_pressure ~= 0 then collectgarbage() end
  local now = os.clock()
  for device = 0, C.MT_MAX_DEVICE - 1 do move_limit(device, now - began > share * (now - ended)) end
  ended = now
end

--- Frees all tensors that nobody holds any more.
function memory.collect() collect(true) end

--- Called for every new tensor. While tracking is off, memory is only collected when it has run out.
function memory.relieve()
  if C.mt_memory_pressure ~= 0 and memory.tracking then collect(false) end
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

--- Waiting for other threads, which Ctrl-C ends.
local C = require 'torch.ffi'
local memory = require 'torch.memory'

local slice = 100 -- milliseconds between two looks at the interruption flag

--- Calls poll(milliseconds), which waits at most so long, until it gives something other than MT_LATER; gives that.
-- idle(): called whenever nothing has come for a while.
local function wait(poll, idle)
  while true do
    local status = poll(slice)
    if status ~= C.MT_LATER then return status end
    memory.call(C.mt_stopped)
    if idle then idle() end
  end
end

-- LuaJIT's own Ctrl-C is a hook, which compiled code does not see.
jit.off(wait)

return wait

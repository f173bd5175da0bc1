--- The machine that the tensors live on: threads, processors, memory, terminals.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local memory = require 'torch.memory'

local machine = {collect = memory.collect}

-- -- Threads ----------------------------------------------------------------------------------------------------

--- setnumthreads(n): threads that one op may use
function machine.setnumthreads(n)
  if type(n) ~= 'number' or n < 1 then errors.fail('setnumthreads: expected 1 or more, got %s', tostring(n)) end
  C.mt_set_threads(n)
end

--- getnumthreads(): threads that one op may use
function machine.getnumthreads() return C.mt_get_threads() end

local processors_online = ffi.os == 'OSX' and 58 or 84

--- getnumcores(): processors that are there to be used
function machine.getnumcores() return tonumber(libc.C.mt_c_sysconf(processors_online)) end

-- -- Memory -----------------------------------------------------------------------------------------------------

--- memory([device]): what tensors hold, in bytes: {live, peak, cached, requests}; device: 'cuda' or nothing
function machine.memory(device)
  device = device == 'cuda' and C.MT_CUDA or C.MT_CPU
  return {live = tonumber(C.mt_memory(device, C.MT_LIVE)), peak = tonumber(C.mt_memory(device, C.MT_PEAK)),
          cached = tonumber(C.mt_memory(device, C.MT_CACHED)), requests = tonumber(C.mt_memory(device, C.MT_REQUESTS))}
end

-- -- Terminals --------------------------------------------------------------------------------------------------

--- isatty(file): whether an open file of the io library, such as io.stdout, is a terminal
function machine.isatty(file)
  local state = io.type(file)
  if not state then errors.fail('isatty: expected a file of the io library, got a %s', type(file)) end
  if state ~= 'file' then return false end
  return libc.C.mt_c_isatty(libc.C.mt_c_fileno(ffi.cast('mt_file *', file))) ~= 0
end

return machine

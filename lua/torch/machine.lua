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

-- -- Products ---------------------------------------------------------------------------------------------------

local precisions = {highest = C.MT_HIGHEST, high = C.MT_HIGH, bf16 = C.MT_BF16}
local names = {}
for name, precision in pairs(precisions) do names[precision] = name end

--- torch.setfloat32precision(name): how exact products of FloatTensors on the CPU are, for all threads of the process
-- 'highest': sums of products of float32. 'high', which holds at the start: the same, but convolutions may use
-- Winograd's algorithm, whose error is a few times larger. 'bf16': products of matrices (mm, bmm, addmm, nn.Linear …)
-- and convolutions, with their gradients, may round their operands to bfloat16, which keeps 8 bits of a number's 24,
-- and add up in float32: several times as fast where the CPU has instructions for it. Their error is then up to 2^-7
-- of the sum of the terms' magnitudes, and numbers below 1.2e-38 count as 0.
-- What would be no faster stays in float32: products with a vector, small ones, some convolutions; also attention and
-- the steps of recurrent nets; and everything on CPUs without such instructions (torch.getfloat32precision tells), as
-- with 'high'. Tensors stay FloatTensors, and other types are not concerned. Any other name is an error.
--   torch.setfloat32precision('bf16')
--   x = torch.FloatTensor(64, 64):fill(1 + 2^-12)
--   print(torch.mm(x, x)[1][1])   -- 64 where operands are rounded, else 64.03
--   torch.setfloat32precision('high')
function machine.setfloat32precision(name)
  local precision = precisions[name]
  if not precision then
    errors.fail("setfloat32precision: expected 'highest', 'high' or 'bf16', got %s", tostring(name))
  end
  C.mt_set_float32_precision(precision)
end

--- torch.getfloat32precision(): the name that torch.setfloat32precision was given, and what multiplies in bfloat16 here
-- The second result is 'amx', 'avx512_bf16', or 'none' where the CPU has no instructions for it.
--   name, unit = torch.getfloat32precision()
--   print(name, unit)   -- high    amx
function machine.getfloat32precision()
  return names[C.mt_float32_precision()], ffi.string(C.mt_bf16_unit())
end

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

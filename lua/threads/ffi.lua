--- Loads libmoontorch_threads, which holds what of this package Lua cannot do, and declares its functions. Returns
-- their namespace.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local library = require 'torch.library'

local function load()
  local path, places = library.find('moontorch_threads', 'MOONTORCH_THREADS_LIBRARY')
  local ok, lib = pcall(ffi.load, path or 'moontorch_threads')
  if ok then return lib end
  error(('threads: cannot load libmoontorch_threads (%s)%s'):format(lib, path and '' or
        ', and it is in none of\n  ' .. places .. '\nBuild it with ./moontorch build, or name it in the variable ' ..
        'MOONTORCH_THREADS_LIBRARY.'), 0)
end

ffi.cdef 'const char *mt_threads_header(void);'
local T = load()
library.declare(ffi.string(T.mt_threads_header()), 'mt_threads_header')

if T.mt_threads_abi() ~= C.mt_abi() then
  error(('threads: libmoontorch_threads is of ABI %d, libmoontorch of %d: build both anew')
        :format(T.mt_threads_abi(), C.mt_abi()), 0)
end

return T

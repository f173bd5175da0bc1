--- Loads libmoontorch and declares its functions. Returns the namespace of C functions.
local ffi = require 'ffi'
local library = require 'torch.library'

local function load()
  local path, places = library.find('moontorch', 'MOONTORCH_LIBRARY')
  if path then return ffi.load(path, true) end
  local ok, lib = pcall(ffi.load, 'moontorch', true)
  if ok then return lib end
  error('torch: libmoontorch.so is in none of\n  ' .. places ..
        '\nBuild it with ./moontorch build, or name it in the variable MOONTORCH_LIBRARY.', 0)
end

-- Threads that wait for each other spin for a moment before they sleep. OpenMP's own moment, milliseconds, makes every
-- op wait for a thread that another program keeps from running: on a busy machine two threads were 20 times slower
-- than one. OpenMP reads the variable once, when the library brings it in; a setting of the user's stays. Where the
-- library is there already, threads may be running, and they may not see the environment change.
ffi.cdef 'const char *mt_header(void);'
local function is_loaded() return ffi.C.mt_header ~= nil end

local function with_short_spin(f)
  if os.getenv('GOMP_SPINCOUNT') or os.getenv('OMP_WAIT_POLICY') or pcall(is_loaded) then return f() end
  ffi.cdef 'int setenv(const char *, const char *, int); int unsetenv(const char *);'
  ffi.C.setenv('GOMP_SPINCOUNT', '1000', 1)
  local ok, result = pcall(f)
  ffi.C.unsetenv('GOMP_SPINCOUNT')
  return ok and result or error(result, 0)
end

local C = with_short_spin(load)
library.declare(ffi.string(C.mt_header()), 'mt_header')

local function compare(what, compiled, declared)
  if compiled ~= declared then
    error(('torch: libmoontorch and its header disagree: %s is %d and %d'):format(what, compiled, declared), 0)
  end
end
compare('the ABI number', C.mt_abi(), C.MT_ABI)
compare('the size of a tensor', C.mt_sizeof_tensor(), ffi.sizeof('mt_layout'))
compare('the size of a storage', C.mt_sizeof_storage(), ffi.sizeof('mt_block'))

return C

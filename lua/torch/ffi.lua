--- Finds and loads libmoontorch and declares its functions: the library carries the text of its own header.
-- Returns the namespace of C functions.
local ffi = require 'ffi'

local here = debug.getinfo(1, 'S').source:match('^@(.*)torch/ffi%.lua$') or './lua/'

-- The build tree (lua/ beside build/, or build/lua beside build/lib), an installation (PREFIX/share/lua/5.1 and
-- PREFIX/lib), a luarocks tree (share/lua/5.1 and lib/lua/5.1).
local places = {
  here .. '../build/lib/libmoontorch.so', here .. '../lib/libmoontorch.so',
  here .. '../../../lib/libmoontorch.so', here .. '../../../lib/lua/5.1/libmoontorch.so',
  here .. '../../../lib/' .. ffi.arch:gsub('x64', 'x86_64') .. '-linux-gnu/libmoontorch.so',
}

local function load()
  local given = os.getenv('MOONTORCH_LIBRARY')
  if given then return ffi.load(given, true) end
  for _, path in ipairs(places) do
    local file = io.open(path, 'rb')
    if file then
      file:close()
      return ffi.load(path, true)
    end
  end
  local found = package.searchpath('libmoontorch', package.cpath)
  if found then return ffi.load(found, true) end
  local ok, lib = pcall(ffi.load, 'moontorch', true)
  if ok then return lib end
  error('torch: libmoontorch.so is in none of\n  ' .. table.concat(places, '\n  ') ..
        '\nBuild it with ./moontorch build, or name it in the variable MOONTORCH_LIBRARY.', 0)
end

-- Threads that wait for each other spin for a moment before they sleep. OpenMP's own moment, milliseconds, makes every
-- op wait for a thread that another program keeps from running: on a busy machine two threads were 20 times slower
-- than one. OpenMP reads the variable once, when the library brings it in; a setting of the user's stays.
local function with_short_spin(f)
  if os.getenv('GOMP_SPINCOUNT') or os.getenv('OMP_WAIT_POLICY') then return f() end
  ffi.cdef 'int setenv(const char *, const char *, int); int unsetenv(const char *);'
  ffi.C.setenv('GOMP_SPINCOUNT', '1000', 1)
  local ok, result = pcall(f)
  ffi.C.unsetenv('GOMP_SPINCOUNT')
  return ok and result or error(result, 0)
end

ffi.cdef 'const char *mt_header(void);'
local C = with_short_spin(load)

local text = '\n' .. ffi.string(C.mt_header())
text = text:gsub('\n#ifdef __cplusplus.-\n#endif', '\n'):gsub('\n#[^\n]*', '\n')
ffi.cdef((text:gsub('\nconst char %*mt_header[^\n]*', '\n')))

local function compare(what, compiled, declared)
  if compiled ~= declared then
    error(('torch: libmoontorch and its header disagree: %s is %d and %d'):format(what, compiled, declared), 0)
  end
end
compare('the ABI number', C.mt_abi(), C.MT_ABI)
compare('the size of a tensor', C.mt_sizeof_tensor(), ffi.sizeof('mt_layout'))
compare('the size of a storage', C.mt_sizeof_storage(), ffi.sizeof('mt_block'))

return C

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

ffi.cdef 'const char *mt_header(void);'
local C = load()

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

--- optional(what, names, package): a shared library that only some functions need, loaded when one is first called.
-- names: how the library is called on one system or another; package: the Debian package to name where it is missing.
--   local C = require 'torch.optional'('npz', {'libz.so.1', 'z'}, 'zlib1g')
local ffi = require 'ffi'
local errors = require 'torch.errors'

return function(what, names, package)
  for _, name in ipairs(names) do
    local ok, library = pcall(ffi.load, name)
    if ok then return library end
  end
  return errors.fail('%s: the library %s is not on this machine; on Debian, apt install %s', what, names[1], package)
end

-- torch.load, which looks at how a file begins. What is HDF5's goes to libhdf5, whose reading of damaged files is not
-- ours to mend.
local torch = require 'torch'
local fuzzing = require 'fuzzing'
require 'torch.formats'

local words = {'load', 'read', 'file', 'storage', 'csv', 'json', 'npy', 'npz', 'pickle', 'safetensors'}
local path = fuzzing.temporary_path()

return function(bytes)
  if bytes:find('\137HDF\r\n\26\n', 1, true) then return end
  local file = assert(io.open(path, 'wb'))
  file:write(bytes)
  file:close()
  fuzzing.try(words, torch.load, path)
  os.remove(path)
end

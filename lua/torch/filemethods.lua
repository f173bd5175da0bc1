--- How objects of a class are written to files and read: by methods of the class, __write and __read, or write and
-- read, as Torch7's classes have them.
local class = require 'torch.class'
local tensorfile = require 'torch.tensorfile'

local methods = {}

-- Tensors and storages are done in torch.tensorfile, unless somebody replaced their methods.
local own = {
  [tensorfile.write_tensor] = true, [tensorfile.write_storage] = true,
  [tensorfile.read_into_tensor] = true, [tensorfile.read_into_storage] = true,
}

--- The method of a class; name: 'read' or 'write'. __write comes before write, as classes may use that name for
-- something else. nil when there is none.
function methods.of(class_name, name)
  local mt = class.getmetatable(class_name)
  local found = mt and (mt['__' .. name] or mt[name])
  return type(found) == 'function' and not own[found] and found or nil
end

return methods

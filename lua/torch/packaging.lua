--- Finding and running the files of packages, as Torch7's packages do in their init.lua.
local errors = require 'torch.errors'
local paths = require 'paths'

local packaging = {functions = {}}
local functions = packaging.functions

local function folder_of(path) return path:match('^(.*)/') or '.' end

--- packageLuaPath([name]): the folder of a package's init file; without a name, the folder that holds torch's
function functions.packageLuaPath(name)
  if type(name) ~= 'nil' and type(name) ~= 'string' then
    errors.fail('packageLuaPath: expected the name of a package, got a %s', type(name))
  end
  local path = package.searchpath(name or 'torch', package.path)
  if not path then
    if not name then return nil end
    errors.fail('packageLuaPath: no package %s on package.path', tostring(name))
  end
  return name and folder_of(path) or folder_of(folder_of(path))
end

--- torch.include(package, file): runs a file of a package's folder
function functions.include(name, file)
  if type(name) ~= 'string' or type(file) ~= 'string' then
    errors.fail('include: expected the names of a package and of a file, got %s and %s', type(name), type(file))
  end
  return dofile(functions.packageLuaPath(name) .. '/' .. file)
end

-- Not a tail call: the frame is counted.
local function all(...) return ... end

--- include(file[, depth]): a global function: runs a file of the folder that the calling file lies in, or the caller
-- depth levels above
function packaging.include_beside(file, depth)
  return all(paths.dofile(file, 3 + (depth or 0)))
end

return packaging

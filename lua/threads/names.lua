--- What goes to other threads by its name, because it cannot be copied, and is there under the same name: modules with
-- functions of C, those of our packages, functions found in modules, and classes. A module of plain Lua values is
-- copied like any table, as it may have been changed.
local class = require 'torch.class'
local errors = require 'torch.errors'

local names = {}

-- -- Classes ----------------------------------------------------------------------------------------------------

-- The name of the class that a table is, and whether it is the constructor table rather than the class itself.
local function class_of(x)
  local mt = getmetatable(x)
  local typename = rawget(x, '__typename')
  if type(typename) == 'string' and class.getmetatable(typename) == x then return typename, false end
  typename = type(mt) == 'table' and rawget(mt, '__typename')
  if typename and class.getconstructortable(typename) == x then return typename, true end
end

local function class_reference(x)
  local name, is_constructor = class_of(x)
  if name then return {kind = 'class', name = name, constructor = is_constructor} end
end

local function find_class(reference)
  local find = reference.constructor and class.getconstructortable or class.getmetatable
  return find(reference.name) or
         errors.fail('load: the class %s is unknown to this thread: load the package that defines it first',
                     reference.name)
end

-- -- Modules and their functions --------------------------------------------------------------------------------

local copied = {['nil'] = true, boolean = true, number = true, string = true}

local function can_be_copied(x)
  if copied[type(x)] then return true end
  if type(x) == 'function' then return debug.getinfo(x, 'S').what ~= 'C' end
  return type(x) == 'table' and not class_of(x) or class.typename(x) ~= nil
end

local function goes_by_name(name, module)
  if errors.is_package(name) then return true end
  if type(module) ~= 'table' then return not can_be_copied(module) end
  for _, value in next, module do
    if not can_be_copied(value) then return true end
  end
  return false
end

local references, seen -- value → reference; how many modules there were when these were listed

local function add_functions(name, module)
  for key, value in next, module do
    if type(key) == 'string' and type(value) == 'function' and not references[value] then
      references[value] = {kind = 'function', name = name, key = key}
    end
  end
end

local function list_modules()
  local sorted = {}
  for name in pairs(package.loaded) do sorted[#sorted + 1] = name end
  if #sorted == seen then return end
  table.sort(sorted)
  references, seen = setmetatable({}, {__mode = 'k'}), #sorted
  for _, name in ipairs(sorted) do
    local module = package.loaded[name]
    if type(module) ~= 'boolean' and not references[module] and goes_by_name(name, module) then
      references[module] = {kind = 'module', name = name}
    end
    if type(module) == 'table' then add_functions(name, module) end
  end
end

--- Looks anew at what is loaded; to be called before some calls of reference.
names.refresh = list_modules

--- What stands for a value in other threads: a table, or nil when it has to be copied.
function names.reference(x)
  local kind = type(x)
  if kind == 'function' then
    local info = debug.getinfo(x, 'S')
    if info.what == 'C' or errors.is_ours(info.source) then return references[x] end
  elseif kind == 'table' then
    return class_reference(x) or references[x]
  elseif kind == 'userdata' or kind == 'cdata' then
    return references[x]
  end
end

--- The value that a reference stands for.
function names.resolve(reference)
  if reference.kind == 'class' then return find_class(reference) end
  local module = require(reference.name)
  if reference.kind == 'module' then return module end
  local f = type(module) == 'table' and module[reference.key]
  return f or errors.fail('load: the module %s has no function %s in this thread', reference.name, reference.key)
end

return names

--- File:readObject: what writeObject wrote, here or in any version of Torch7 (see torch.objects for the format).
-- What is read is not trusted: counts are held against the bytes left before memory is asked for, nesting against a
-- limit, views against their storages, and functions are refused unless they were asked for.
local class = require 'torch.class'
local classes = require 'torch.fileclasses'
local errors = require 'torch.errors'
local functions = require 'torch.filefunctions'
local guard = require 'torch.guard'
local methods = require 'torch.filemethods'
local objects = require 'torch.objects'
local tensorfile = require 'torch.tensorfile'
require 'torch.file'

local File = class.getmetatable('torch.File')
local enter, leave = objects.enter, objects.leave

local read_any

-- -- Options ----------------------------------------------------------------------------------------------------

local allowed = {
  functions = {[true] = true, [false] = true, placeholders = true},
  unknown = {error = true, table = true},
}

local function check_option(name, value)
  if value ~= nil and not allowed[name][value] then
    local list = {}
    for choice in pairs(allowed[name]) do list[#list + 1] = tostring(choice) end
    table.sort(list)
    errors.fail('load: expected %s as the option %s, got %s', table.concat(list, ', '), name, tostring(value))
  end
end

--- Sets what readObject does with what it cannot simply read:
-- functions: true makes functions, which are code that then runs: only for files from people you trust;
--   'placeholders' makes functions that raise an error when they are called; nil or false refuses the file.
-- unknown: 'table' makes objects of unknown classes plain tables, with the class's name as __typename; 'error' or nil
--   refuses the file, naming the class and the package that defines it.
function File:options(options)
  if type(options) ~= 'table' then errors.fail('options: expected a table, got a %s', class.type(options)) end
  check_option('functions', options.functions)
  check_option('unknown', options.unknown)
  self._functions, self._unknown = options.functions or false, options.unknown
  return self
end

-- -- Numbers of objects -----------------------------------------------------------------------------------------

local function read_string(file)
  return file:_read_bytes(file:readInt())
end

-- Reads the number of a table, object or function. Gives it, and what has been read under it before.
local function read_number(file)
  local number = file:readInt()
  if not file._referenced then return number, nil end
  file._read = file._read or {}
  return number, file._read[number]
end

local function remember(file, number, object)
  if file._referenced then file._read[number] = object end
end

-- -- Tables and objects -----------------------------------------------------------------------------------------

local function read_table(file)
  local number, known = read_number(file)
  if known ~= nil then return known end
  local count = file:readInt()
  file:_expect('entries of a table', count, 6 * count) -- in text, the shortest key and value
  local object = {}
  remember(file, number, object)
  enter(file, 'load')
  for _ = 1, count do
    local start = file:position()
    local key = read_any(file)
    if key == nil or key ~= key then errors.fail('load: a table key is %s at byte %d', tostring(key), start) end
    object[key] = read_any(file)
  end
  leave(file)
  return object
end

-- The version and the name of a class; files of the first years have the name alone.
local function read_class(file)
  local start = file:position()
  local name = read_string(file)
  local version = tonumber(name:match('^V (.+)$'))
  if version then name = read_string(file) end
  if #name > 200 or not name:match('^[%w_%.%-/]+$') then
    errors.fail('load: expected the name of a class at byte %d, got %q', start, name:sub(1, 40))
  end
  return name, version or 0
end

local function read_fields(file, object, name)
  local fields = read_any(file)
  if type(fields) ~= 'table' then errors.fail('load: expected the fields of a %s, got %s', name, class.type(fields)) end
  for key, value in pairs(fields) do object[key] = value end
end

local function advice(package_name)
  if not package_name then return '' end
  if package.loaded[package_name] then
    return (': the package %s, which is loaded, does not define it'):format(package_name)
  end
  return (": load the package %s, which defines it, first (require '%s')"):format(package_name, package_name)
end

local function fail_unknown(name)
  local current = classes.current_name(name)
  local today = current ~= name and (' (today %s)'):format(current) or ''
  errors.fail("load: the class %s%s is unknown%s; with {unknown = 'table'} its objects become plain tables", name,
              today, advice(classes.package(name)))
end

-- An object of a class that nobody knows, as nearly all classes write theirs: the fields.
local function read_unknown(file, number, name)
  if file._unknown ~= 'table' then fail_unknown(name) end
  local object = {}
  remember(file, number, object)
  read_fields(file, object, name)
  object.__typename = name
  return object
end

-- The content of an object, by the class's own method or as fields.
local function fill_object(file, object, name, version)
  local read = methods.of(name, 'read')
  if read then
    read(object, file, version)
  elseif type(object) == 'table' then
    read_fields(file, object, name)
  else
    errors.fail('load: the class %s has no method to read its objects', name)
  end
end

local function read_by_class(file, number, written_name, version)
  local name, defaults = classes.resolve(written_name)
  if not name then return read_unknown(file, number, written_name) end
  local kind, is_tensor = tensorfile.kind(name)
  if kind and not methods.of(name, 'read') then
    local object = (is_tensor and tensorfile.read_tensor or tensorfile.read_storage)(file, kind)
    remember(file, number, object)
    return object
  end
  local object = class.factory(name)(file)
  remember(file, number, object)
  for key, value in pairs(defaults or {}) do object[key] = value end
  fill_object(file, object, name, version)
  -- a net saved from a GPU is of the type that its tensors now have
  if type(object) == 'table' and type(rawget(object, '_type')) == 'string' then
    object._type = tensorfile.usable_name(object._type)
  end
  return object
end

local function read_object(file)
  local number, known = read_number(file)
  if known ~= nil then return known end
  enter(file, 'load')
  local name, version = read_class(file)
  local object = read_by_class(file, number, name, version)
  leave(file)
  return object
end

-- numbered: has a number like a table. named: each upvalue is a table with its name.
local function read_function(file, numbered, named)
  local number, known
  if numbered then number, known = read_number(file) end
  if known ~= nil then return known end
  local f = functions.read_code(file)
  if numbered then remember(file, number, f) end
  enter(file, 'load')
  functions.read_upvalues(file, f, named)
  leave(file)
  return f
end

-- -- References -------------------------------------------------------------------------------------------------

local function read_reference(file)
  local start = file:position()
  local number, known = read_number(file)
  if known ~= nil then return known end
  if not file._resolve then
    errors.fail('load: there is a reference to what is outside of the file at byte %d, which only the process that ' ..
                'wrote it can follow', start)
  end
  local object = file._resolve((read_any(file)))
  remember(file, number, object)
  return object
end

-- -- All together -----------------------------------------------------------------------------------------------

local readers = {
  [objects.NIL] = function() return nil end,
  [objects.NUMBER] = function(file) return file:readDouble() end,
  [objects.STRING] = read_string,
  [objects.BOOLEAN] = function(file) return file:readBool() end,
  [objects.TABLE] = read_table,
  [objects.TORCH] = read_object,
  [objects.FUNCTION] = function(file) return read_function(file, false, false) end,
  [objects.LEGACY_FUNCTION] = function(file) return read_function(file, true, false) end,
  [objects.RECURSIVE_FUNCTION] = function(file) return read_function(file, true, true) end,
  [objects.REFERENCE] = read_reference,
}

function read_any(file)
  local start = file:position()
  local tag = file:readInt()
  local reader = readers[tag] or
                 errors.fail('load: expected the tag of a value (0 to 9) at byte %d, got %d', start, tag)
  return reader(file)
end

--- Reads the value that writeObject wrote.
function File:readObject()
  guard.file(self):_check(true)
  return objects.run(self, read_any)
end

return File

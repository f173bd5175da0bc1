--- File:writeObject and File:readObject: any value with everything it refers to, in the format of Torch7's .t7 files.
-- A value is its tag (an int) and its content. Tables, objects and functions have a number; one met again is only its
-- number. What is read is not trusted: counts are held against the bytes left, nesting against a limit, and functions
-- are refused unless they were asked for.
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local tensorfile = require 'torch.tensorfile'
require 'torch.file'

local File = class.getmetatable('torch.File')
local NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN = 0, 1, 2, 3, 4, 5
local FUNCTION, LEGACY_FUNCTION, RECURSIVE_FUNCTION = 6, 7, 8

-- Values within values: Lua's stack has room for far more levels of this code than this, with some for others'.
local deepest = 3000

local write_any, read_any

-- -- Depth ------------------------------------------------------------------------------------------------------

local function enter(file, verb)
  file._depth = file._depth + 1
  if file._depth > deepest then errors.fail('%s: the object is nested deeper than %d levels', verb, deepest) end
end

local function leave(file)
  file._depth = file._depth - 1
end

-- Runs f(file, value) with the depth counted; errors are not left to a quiet file's flag.
local function outermost(f, file, value)
  local quiet = file._quiet
  file._depth, file._quiet, file._path = 0, false, {}
  local ok, result = pcall(f, file, value)
  file._depth, file._quiet, file._path = nil, quiet, nil
  if not ok then error(result, 0) end
  return result
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local function unwritable(file, what)
  local path = table.concat(file._path, '.')
  errors.fail('save: cannot write a %s%s', what, path ~= '' and ' (at ' .. path .. ')' or '')
end

local function write_string(file, s)
  if #s > 0x7fffffff then unwritable(file, 'string of more than 2^31 - 1 bytes') end
  file:writeInt(#s)
  file:writeString(s)
end

-- Two handles of one storage are two keys, so what C owns is known by its address; holding it keeps the address taken.
local function key_of(object)
  if handle.is_storage(object) then return class.pointer(object.at) end
  return object
end

-- Writes the object's number; gives whether that was all because it has been written before.
local function write_number(file, object)
  local written = file._written or {count = 0, kept = {}}
  file._written = written
  local key = key_of(object)
  local number = file._referenced and written[key]
  if not number then
    written.count = written.count + 1
    if file._referenced then written[key], written.kept[written.count] = written.count, object end
    file:writeInt(written.count)
    return false
  end
  file:writeInt(number)
  return true
end

local function write_table(file, object)
  file:writeInt(TABLE)
  if write_number(file, object) then return end
  enter(file, 'save')
  local count, path = 0, file._path
  for _ in pairs(object) do count = count + 1 end
  file:writeInt(count)
  for key, value in pairs(object) do
    path[#path + 1] = tostring(key)
    write_any(file, key)
    write_any(file, value)
    path[#path] = nil
  end
  leave(file)
end

local can_write

-- The fields of an object that has no method to write it. What cannot be written is left out, as in Torch7.
local function write_fields(file, object)
  local fields = {}
  for key, value in pairs(object) do
    if can_write(value) then
      fields[key] = value
    else
      io.stderr:write(('$ Warning: cannot write object field <%s> of %s\n'):format(tostring(key), class.type(object)))
    end
  end
  write_any(file, fields)
end

-- How objects of a class are written or read: __write before write, as classes may use that name for something else.
-- Tensors and storages are done here, unless somebody replaced their methods.
local own = {
  [tensorfile.write_tensor] = true, [tensorfile.write_storage] = true,
  [tensorfile.read_into_tensor] = true, [tensorfile.read_into_storage] = true,
}

local function method_of(name, method)
  local mt = class.getmetatable(name)
  local found = mt and (mt['__' .. method] or mt[method])
  return type(found) == 'function' and not own[found] and found or nil
end

local function builtin_writer(object)
  if handle.is_tensor(object) then return tensorfile.write_tensor end
  if handle.is_storage(object) then return tensorfile.write_storage end
end

local function name_of(object)
  if handle.is_tensor(object) then return handle.kind(object).tensor_name end
  if handle.is_storage(object) then return handle.kind(object).storage_name end
  return class.typename(object)
end

local function write_object(file, object)
  local name = name_of(object)
  local write = method_of(name, 'write') or builtin_writer(object)
  if not write and type(object) ~= 'table' then unwritable(file, name) end
  file:writeInt(TORCH)
  if write_number(file, object) then return end
  enter(file, 'save')
  local mt = class.getmetatable(name)
  write_string(file, 'V ' .. (mt and mt.__version or 1))
  write_string(file, name)
  if write then write(object, file) else write_fields(file, object) end
  leave(file)
end

-- The variables of the function's surroundings; the id tells functions that share a variable.
local function upvalues_of(file, f)
  file._variables = file._variables or {count = 0}
  local variables, list, i = file._variables, {}, 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then return list end
    local address = tostring(debug.upvalueid(f, i))
    if not variables[address] then
      variables.count = variables.count + 1
      variables[address] = variables.count
    end
    list[i] = {name = name, id = variables[address], value = value}
    i = i + 1
  end
end

local function write_function(file, f)
  local ok, code = pcall(string.dump, f)
  if not ok then unwritable(file, 'function of C') end
  file:writeInt(RECURSIVE_FUNCTION)
  if write_number(file, f) then return end
  enter(file, 'save')
  write_string(file, code)
  write_any(file, upvalues_of(file, f))
  leave(file)
end

local function write_number_value(file, value)
  file:writeInt(NUMBER)
  file:writeDouble(value)
end

local function write_string_value(file, value)
  file:writeInt(STRING)
  write_string(file, value)
end

local function write_boolean(file, value)
  file:writeInt(BOOLEAN)
  file:writeBool(value)
end

local function write_nil(file) file:writeInt(NIL) end

local writers = {
  ['nil'] = write_nil, number = write_number_value, string = write_string_value, boolean = write_boolean,
  ['function'] = write_function, table = write_table,
}

function write_any(file, value)
  local writer = name_of(value) and write_object or writers[type(value)] or unwritable(file, type(value))
  return writer(file, value)
end

--- Writes a value with everything it refers to. An object met before is written as a reference to it.
function File:writeObject(value)
  self:_check(false)
  if self._depth then return write_any(self, value) end
  outermost(write_any, self, value)
end

local tags = {['nil'] = NIL, number = NUMBER, string = STRING, boolean = BOOLEAN, table = TABLE,
              ['function'] = RECURSIVE_FUNCTION}

function can_write(value)
  return name_of(value) and (type(value) == 'table' or builtin_writer(value) or method_of(name_of(value), 'write')) and
         TORCH or tags[type(value)]
end

--- The tag that a value is written with, or nil when it cannot be written.
function File:isWritableObject(value)
  return can_write(value)
end

-- -- Reading ----------------------------------------------------------------------------------------------------

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
  return object
end

local function unknown(name)
  local package_name = name:match('^([^%.]+)%.')
  errors.fail('load: the class %s is unknown%s', name,
              package_name and (": load the package that defines it first (require '%s')"):format(package_name) or '')
end

local function read_by_class(file, number, name, version)
  local kind, is_tensor = tensorfile.kind(name)
  local read = method_of(name, 'read')
  if kind and not read then
    local object = (is_tensor and tensorfile.read_tensor or tensorfile.read_storage)(file, kind)
    remember(file, number, object)
    return object
  end
  local object = (class.factory(name) or unknown(name))(file)
  remember(file, number, object)
  if read then
    read(object, file, version)
  elseif type(object) == 'table' then
    read_fields(file, object, name)
  else
    errors.fail('load: the class %s has no method to read its objects', name)
  end
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

-- -- Functions --------------------------------------------------------------------------------------------------

local function read_code(file)
  if not file._functions then
    errors.fail('load: there is a function at byte %d; functions are code, so they are only loaded with ' ..
                '{functions = true}, which is for files from people you trust', file:position())
  end
  local start = file:position()
  local code = read_string(file)
  local f, reason = loadstring(code, '=loaded function')
  if code:sub(1, 3) ~= '\27LJ' then reason, f = 'it is no LuaJIT bytecode', nil end
  return f or errors.fail('load: the function at byte %d cannot be loaded here: %s', start, reason)
end

local function check_upvalue(upvalue, i)
  local named = type(upvalue) == 'table' and type(upvalue.name) == 'string'
  if not named or upvalue.id ~= nil and type(upvalue.id) ~= 'number' then
    errors.fail('load: upvalue %d of a function is malformed', i)
  end
end

-- Variables that several functions shared are shared again: file._joined has the first owner of each.
local function set_upvalues(file, f, upvalues, named)
  if type(upvalues) ~= 'table' then errors.fail('load: expected the upvalues of a function, got %s', type(upvalues)) end
  file._joined = file._joined or {}
  for i, upvalue in ipairs(upvalues) do
    if named then check_upvalue(upvalue, i) end
    local value = upvalue
    if named then value = upvalue.value end
    if not debug.setupvalue(f, i, value) then errors.fail('load: a function has no upvalue %d', i) end
    local owner = named and upvalue.id and file._joined[upvalue.id]
    if owner then
      debug.upvaluejoin(f, i, owner[1], owner[2])
    elseif named and upvalue.id then
      file._joined[upvalue.id] = {f, i}
    end
  end
  return f
end

-- numbered: has a number like a table. named: each upvalue is a table with its name.
local function read_function(file, numbered, named)
  local number, known
  if numbered then number, known = read_number(file) end
  if known ~= nil then return known end
  local f = read_code(file)
  if numbered then remember(file, number, f) end
  enter(file, 'load')
  set_upvalues(file, f, read_any(file), named)
  leave(file)
  return f
end

-- -- All together -----------------------------------------------------------------------------------------------

local readers = {
  [NIL] = function() return nil end,
  [NUMBER] = function(file) return file:readDouble() end,
  [STRING] = read_string,
  [BOOLEAN] = function(file) return file:readBool() end,
  [TABLE] = read_table,
  [TORCH] = read_object,
  [FUNCTION] = function(file) return read_function(file, false, false) end,
  [LEGACY_FUNCTION] = function(file) return read_function(file, true, false) end,
  [RECURSIVE_FUNCTION] = function(file) return read_function(file, true, true) end,
}

function read_any(file)
  local start = file:position()
  local tag = file:readInt()
  local reader = readers[tag] or
                 errors.fail('load: expected the tag of a value (0 to 8) at byte %d, got %d', start, tag)
  return reader(file)
end

--- Reads the value that writeObject wrote.
function File:readObject()
  self:_check(true)
  if self._depth then return read_any(self) end
  return outermost(read_any, self)
end

return File

--- File:writeObject: any value with everything it refers to, in the format that torch.objects describes.
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local functions = require 'torch.filefunctions'
local handle = require 'torch.handle'
local methods = require 'torch.filemethods'
local objects = require 'torch.objects'
local tensorfile = require 'torch.tensorfile'
require 'torch.file'

local File = class.getmetatable('torch.File')
local enter, leave = objects.enter, objects.leave

local write_any

-- -- Where a value is -------------------------------------------------------------------------------------------
-- file._path lists the fields that lead to the value being written, after the name given to writeObject, or <?>.

local function place(file)
  local path = file._path
  if #path <= 12 then return table.concat(path, '.') end
  return table.concat(path, '.', 1, 6) .. '. … .' .. table.concat(path, '.', #path - 3)
end

local function unwritable(file, what)
  errors.fail('save: cannot write a %s at %s', what, place(file))
end

-- Writes a value whose place in the one around it has a name, or nil.
local function write_named(file, value, name)
  if not name then return write_any(file, value) end
  local path = file._path
  path[#path + 1] = name
  write_any(file, value)
  path[#path] = nil
end

-- -- Numbers of objects -----------------------------------------------------------------------------------------

-- Two cdata of one storage are two keys, so what C owns is known by its address; holding it keeps the address taken.
local function key_of(object)
  if type(object) == 'cdata' then return class.pointer(object) end
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

-- -- Values -----------------------------------------------------------------------------------------------------

local function write_string(file, s)
  if #s > 0x7fffffff then unwritable(file, 'string of more than 2^31 - 1 bytes') end
  file:writeInt(#s)
  file:writeString(s)
end

-- The entries of a table that has not been written before. name_of(key): how paths call an entry, nil for not at all.
local function write_entries(file, object, name_of)
  enter(file, 'save')
  local count = 0
  for _ in pairs(object) do count = count + 1 end
  file:writeInt(count)
  for key, value in pairs(object) do
    write_any(file, key)
    write_named(file, value, name_of(key))
  end
  leave(file)
end

local function write_table(file, object, source)
  file:writeInt(objects.TABLE)
  if write_number(file, source) then return end
  write_entries(file, object, tostring)
end

local can_write

-- The fields of an object that has no method to write it. What cannot be written is left out, as in Torch7.
local function write_fields(file, object)
  local fields = {}
  for key, value in pairs(object) do
    if can_write(value) then
      fields[key] = value
    else
      io.stderr:write(('$ Warning: cannot write object field <%s> of <%s> %s\n'):format(tostring(key),
                      class.type(object), place(file)))
    end
  end
  write_named(file, fields, class.type(object))
end

local function builtin_writer(object)
  if handle.is_tensor(object) then return tensorfile.write_tensor end
  if handle.is_storage(object) then return tensorfile.write_storage end
end

local function name_of_class(object)
  if handle.is_tensor(object) then return handle.kind(object).tensor_name end
  if handle.is_storage(object) then return handle.kind(object).storage_name end
  return class.typename(object)
end

local function write_object(file, object, source)
  local name = name_of_class(object)
  local write = methods.of(name, 'write') or builtin_writer(object)
  if not write and type(object) ~= 'table' then unwritable(file, name) end
  file:writeInt(objects.TORCH)
  if write_number(file, source) then return end
  enter(file, 'save')
  write_string(file, 'V ' .. class.version(object))
  write_string(file, name)
  if write then write(object, file) else write_fields(file, object) end
  leave(file)
end

-- A list of {name=, id=, value=}, which paths call by the variables' names.
local function write_upvalues(file, upvalues)
  file:writeInt(objects.TABLE)
  write_number(file, upvalues)
  file:writeInt(#upvalues)
  for i, upvalue in ipairs(upvalues) do
    write_any(file, i)
    file:writeInt(objects.TABLE)
    write_number(file, upvalue)
    write_entries(file, upvalue, function(key) return key == 'value' and upvalue.name or nil end)
  end
end

local function write_function(file, f, source)
  local code, upvalues = functions.dump(file, f)
  if not code then unwritable(file, 'function of C') end
  file:writeInt(objects.RECURSIVE_FUNCTION)
  if write_number(file, source) then return end
  enter(file, 'save')
  write_string(file, code)
  write_upvalues(file, upvalues)
  leave(file)
end

local function write_number_value(file, value)
  file:writeInt(objects.NUMBER)
  file:writeDouble(value)
end

local function write_string_value(file, value)
  file:writeInt(objects.STRING)
  write_string(file, value)
end

local function write_boolean(file, value)
  file:writeInt(objects.BOOLEAN)
  file:writeBool(value)
end

local function write_nil(file) file:writeInt(objects.NIL) end

local writers = {
  ['nil'] = write_nil, number = write_number_value, string = write_string_value, boolean = write_boolean,
  ['function'] = write_function, table = write_table,
}

local function write_reference(file, reference, source)
  file:writeInt(objects.REFERENCE)
  if write_number(file, source) then return end
  write_any(file, reference)
end

function write_any(file, source)
  local value = source
  if file._hook then value = file._hook(source) end
  local reference = file._refer and file._refer(value)
  if reference then return write_reference(file, reference, source) end
  local writer = name_of_class(value) and write_object or writers[type(value)] or unwritable(file, type(value))
  return writer(file, value, source)
end

-- -- Methods ----------------------------------------------------------------------------------------------------

-- The hook is this call's alone: a class's own method that writes more objects gives its hook itself.
local function write_root(file, value, name, hook)
  local before = file._hook
  file._hook = hook
  write_named(file, value, name or '<?>')
  file._hook = before
end

--- file:writeObject(value[, name[, hook]]): writes a value with everything it refers to. An object met before is
-- written as a reference to it.
-- name: how errors call the value (<?>). hook(value): gives what is to be written in place of each value, for example a
-- FloatTensor for a CudaTensor.
function File:writeObject(value, name, hook)
  guard.file(self):_check(false)
  if type(name) ~= 'nil' and type(name) ~= 'string' or type(hook) ~= 'nil' and type(hook) ~= 'function' then
    errors.fail('writeObject: expected a name and a function behind the value, got %s and %s', type(name), type(hook))
  end
  if not self._depth then self._path, self._hook = {}, nil end
  objects.run(self, write_root, value, name, hook)
end

local tags = {['nil'] = objects.NIL, number = objects.NUMBER, string = objects.STRING, boolean = objects.BOOLEAN,
              table = objects.TABLE}

function can_write(value)
  local name = name_of_class(value)
  if name then
    return (type(value) == 'table' or builtin_writer(value) or methods.of(name, 'write')) and objects.TORCH or nil
  end
  if type(value) == 'function' then return functions.can_dump(value) and objects.RECURSIVE_FUNCTION or nil end
  return tags[type(value)]
end

--- file:_references(refer): from now on each value for which refer(value) gives something is written as that: a
-- reference to what is not in the file.
-- file:_references(nil, resolve): resolve(what refer gave) makes the value again, where such a file is read.
function File:_references(refer, resolve)
  self._refer, self._resolve = refer, resolve
  return self
end

--- The tag that a value is written with, or nil when it cannot be written.
function File:isWritableObject(value)
  return can_write(value)
end

return File

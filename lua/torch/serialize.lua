--- torch.save and torch.load; torch.serialize and torch.deserialize for strings.
local errors = require 'torch.errors'
local formats = require 'torch.formats'
local handle = require 'torch.handle'
local libc = require 'torch.libc'
local C = require 'torch.ffi'
local memory = require 'torch.memory'
local ffi = require 'ffi'
local replace = require 'torch.replacefile'
local DiskFile = require('torch.diskfile').DiskFile
local MemoryFile = require('torch.memoryfile').MemoryFile
local guard = require 'torch.guard'
require 'torch.readobject'
guard.methods(require 'torch.writeobject', 'a torch.File', '_start', {'^read', '^write', '^position$'})

local serialize = {}

-- -- Arguments --------------------------------------------------------------------------------------------------

local save_modes = {binary = true, ascii = true}
local load_modes = {binary = true, ascii = true, b32 = true, b64 = true}

local function check(what, modes, mode, referenced)
  if mode ~= nil and not modes[mode] then
    local list = {}
    for name in pairs(modes) do list[#list + 1] = name end
    table.sort(list)
    errors.fail('%s: expected the mode %s, got %s', what, table.concat(list, ', '), tostring(mode))
  end
  if referenced ~= nil and type(referenced) ~= 'boolean' then
    errors.fail('%s: expected true or false for referenced, got %s', what, type(referenced))
  end
end

-- Options may stand in the place of any argument left out: torch.load(name, {functions = true}).
local function split_options(mode, referenced, options)
  if type(mode) == 'table' then return nil, nil, mode end
  if type(referenced) == 'table' then return mode, nil, referenced end
  return mode, referenced, options or {}
end

-- -- Saving -----------------------------------------------------------------------------------------------------

local function write_object(file, object, mode, referenced)
  if mode == 'ascii' then file:ascii() else file:binary() end
  file:referenced(referenced ~= false):writeObject(object)
end

--- Saves any value with everything it refers to into a file, whole or not at all: when the disk is full, or an error
-- stops it, the file that was there before is untouched.
-- mode: 'binary' (the default) or 'ascii'. referenced: false to write objects met twice twice.
--   torch.save('net.t7', {weight = torch.randn(3, 4), epoch = 7})
--   print(torch.load('net.t7').epoch)   -- 7
function serialize.save(path, object, mode, referenced)
  check('save', save_modes, mode, referenced)
  replace('save', path, function(file) write_object(file, object, mode, referenced) end)
end

-- -- Loading ----------------------------------------------------------------------------------------------------

local function read_object(file, mode, referenced, options)
  if mode == 'ascii' then file:ascii() else file:binary() end
  if mode == 'b32' or mode == 'b64' then
    file:longSize(tonumber(mode:sub(2)) / 8)
  else
    file._long_unknown = true -- see torch.longsize
  end
  return file:referenced(referenced ~= false):options(options):readObject()
end

local function load_t7(path, mode, referenced, options, big_endian)
  local file = DiskFile(path, 'r')
  if big_endian then file:bigEndianEncoding() end
  local ok, object = pcall(read_object, file, mode, referenced, options)
  file:close()
  if not ok then error(object, 0) end
  return object
end

-- A binary file begins with the tag of its value as an int, one written as text with that digit on a line of its own.
-- pattern: of the first bytes.
local function register(name, pattern, mode, big_endian)
  formats.register {
    name = name, last = true,
    probe = function(head) return head:find(pattern) ~= nil end,
    load = function(path, options) return load_t7(path, mode, nil, options, big_endian) end,
  }
end
register('t7', '^[%z\1-\8]%z%z%z', 'binary')
register('t7 ascii', '^[0-8]\r?\n', 'ascii')
register('t7 big-endian', '^%z%z%z[\1-\8]', 'binary', true)

--- Reads what torch.save wrote, here or in any version of Torch7, and every other format that is registered (see
-- torch.formats), which it knows by how the file begins.
-- mode: 'binary', 'ascii', or 'b32' and 'b64' for binary files of machines with longs of 4 or 8 bytes, which are also
-- told apart without it. It says that the file is torch.save's, and so does referenced, which is false for one that was
-- saved so.
-- The last argument may be a table of options. For torch.save's files:
--   functions = true            loads functions too, which are code: for files from people you trust
--   functions = 'placeholders'  loads them as functions that raise an error when they are called
--   unknown = 'table'           loads objects of unknown classes as plain tables, with the name as __typename
-- CudaTensors are loaded as tensors of that dtype on the CPU where there is no GPU, or no cutorch is loaded; modules
-- of cudnn as nn's, where cudnn is not loaded. Functions that another Lua saved are loaded as placeholders.
function serialize.load(path, mode, referenced, options)
  mode, referenced, options = split_options(mode, referenced, options)
  check('load', load_modes, mode, referenced)
  if type(path) ~= 'string' then errors.fail('load: expected a file name, got a %s', type(path)) end
  if mode ~= nil or referenced ~= nil or libc.kind(path) ~= 'file' then
    return load_t7(path, mode, referenced, options)
  end
  local format = formats.find(path) or
                 errors.fail('load: %s is of none of the formats %s', path, formats.names())
  return format.load(path, options)
end

-- -- Strings ----------------------------------------------------------------------------------------------------

--- What torch.save would write, in a CharStorage. mode: 'binary' (the default) or 'ascii'.
function serialize.serializeToStorage(object, mode)
  check('serialize', save_modes, mode)
  local file = MemoryFile()
  write_object(file, object, mode)
  return file:_trim()
end

--- The object in a CharStorage. mode, options: as for torch.load.
function serialize.deserializeFromStorage(storage, mode, options)
  mode, _, options = split_options(mode, nil, options) -- luacheck: ignore
  check('deserialize', load_modes, mode)
  return read_object(MemoryFile(storage, 'r'), mode, nil, options)
end

--- What torch.save would write, as a string. mode: 'binary' (the default) or 'ascii'.
--   local copy = torch.deserialize(torch.serialize(net))
function serialize.serialize(object, mode)
  local b = handle.block(serialize.serializeToStorage(object, mode))
  return ffi.string(b.data, b.size)
end

--- The object in a string that torch.serialize made. mode, options: as for torch.load.
function serialize.deserialize(text, mode, options)
  if type(text) ~= 'string' then errors.fail('deserialize: expected a string, got a %s', type(text)) end
  memory.relieve()
  local s = handle.own_storage(memory.create(C.mt_storage_new, C.MT_INT8, C.MT_CPU, #text))
  ffi.copy(handle.block(s).data, text, #text)
  return serialize.deserializeFromStorage(s, mode, options)
end

serialize.saveobj, serialize.loadobj = serialize.save, serialize.load

return serialize

--- torch.save and torch.load; torch.serialize and torch.deserialize for strings.
local errors = require 'torch.errors'
local formats = require 'torch.formats'
local handle = require 'torch.handle'
local C = require 'torch.ffi'
local memory = require 'torch.memory'
local ffi = require 'ffi'
local replace = require 'torch.replacefile'
local DiskFile = require('torch.diskfile').DiskFile
local MemoryFile = require('torch.memoryfile').MemoryFile
require 'torch.objects'

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

local function prepare(file, mode, referenced, options)
  if mode == 'ascii' then file:ascii() else file:binary() end
  if mode == 'b32' or mode == 'b64' then file:longSize(tonumber(mode:sub(2)) / 8) end
  return file:referenced(referenced ~= false):functions(options.functions == true)
end

-- -- Saving -----------------------------------------------------------------------------------------------------

local function write_object(file, object, mode, referenced)
  prepare(file, mode, referenced, {}):writeObject(object)
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

--- Reads what torch.save wrote, here or in Torch7; without a mode also the formats of torch.formats, such as .npy and
-- .pth files, which it knows by how the file begins.
-- mode: 'binary' (the default), 'ascii', or 'b32' and 'b64' for binary files of machines with longs of 4 or 8 bytes.
-- The last argument may be {functions = true}, to load functions too, which are code: for files you trust; for the
-- other formats it is their options.
function serialize.load(path, mode, referenced, options)
  mode, referenced, options = split_options(mode, referenced, options)
  check('load', load_modes, mode, referenced)
  if type(path) ~= 'string' then errors.fail('load: expected a file name, got a %s', type(path)) end
  local format = mode == nil and referenced == nil and formats.find(path)
  if format then return format.load(path, options) end
  local file = DiskFile(path, 'r')
  prepare(file, mode, referenced, options)
  local ok, object = pcall(file.readObject, file)
  file:close()
  if not ok then error(object, 0) end
  return object
end

-- -- Strings ----------------------------------------------------------------------------------------------------

--- What torch.save would write, in a CharStorage.
function serialize.serializeToStorage(object, mode)
  check('serialize', save_modes, mode)
  local file = MemoryFile()
  write_object(file, object, mode)
  return file:_trim()
end

--- The object in a CharStorage. options: as for torch.load.
function serialize.deserializeFromStorage(storage, mode, options)
  mode, _, options = split_options(mode, nil, options) -- luacheck: ignore
  check('deserialize', load_modes, mode)
  return prepare(MemoryFile(storage, 'r'), mode, true, options):readObject()
end

--- What torch.save would write, as a string. mode: 'binary' (the default) or 'ascii'.
--   local copy = torch.deserialize(torch.serialize(net))
function serialize.serialize(object, mode)
  local b = handle.block(serialize.serializeToStorage(object, mode))
  return ffi.string(b.data, b.size)
end

--- The object in a string that torch.serialize made. options: as for torch.load.
function serialize.deserialize(text, mode, options)
  if type(text) ~= 'string' then errors.fail('deserialize: expected a string, got a %s', type(text)) end
  memory.relieve()
  local s = handle.own_storage(memory.create(C.mt_storage_new, C.MT_INT8, C.MT_CPU, #text))
  ffi.copy(handle.block(s).data, text, #text)
  return serialize.deserializeFromStorage(s, mode, options)
end

serialize.saveobj, serialize.loadobj = serialize.save, serialize.load

return serialize

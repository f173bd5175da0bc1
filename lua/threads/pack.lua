--- Values on their way to another thread: as torch.serialize writes them, in a CharStorage, with functions and their
-- upvalues. What is not copied is written as a reference: by name (see threads.names), or as its place in a tds.Vec
-- that the storage carries along, so that it lives as long as the storage does and no longer.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local names = require 'threads.names'
local sync = require 'threads.sync'
local tds = require 'tds'
local tds_handle = require 'tds.handle'
local torch = require 'torch'

local pack = {}

local function is_shared(x)
  return handle.is_tensor(x) or handle.is_storage(x) or tds_handle.type(x) ~= nil
end

-- Gives what a file's _references wants, and a function that gives the cargo, or nil. share: tensors, storages and
-- tables of tds are not copied.
local function referrer(share)
  local cargo
  local function refer(x)
    local kind = type(x)
    if kind == 'cdata' and (sync.is_handle(x) or share and is_shared(x)) then
      cargo = cargo or tds.Vec()
      cargo:insert(x)
      return #cargo
    elseif kind == 'function' or kind == 'table' or kind == 'userdata' or kind == 'cdata' then
      return names.reference(x)
    end
  end
  return refer, function() return cargo end
end

--- A value as a CharStorage. share: see threads.sharedserialize.
function pack.save(object, share)
  names.refresh()
  local refer, take_cargo = referrer(share)
  local file = torch.MemoryFile():binary():_references(refer)
  file:writeObject(object, 'the job')
  local bytes = file:_trim()
  local cargo = take_cargo()
  if not cargo then return bytes end
  return handle.own_storage(memory.create(C.mt_storage_carry, bytes.at, cargo.at))
end

--- The value again. Functions are loaded, so the storage must be one that save made.
function pack.load(storage)
  local file = torch.MemoryFile(storage, 'r'):binary():options {functions = true}
  local at = C.mt_storage_cargo(storage.at)
  local cargo = at ~= nil and tds_handle.own(C.MT_VEC, at)
  file:_references(nil, function(reference)
    if type(reference) == 'table' then return names.resolve(reference) end
    local object
    if cargo then object = cargo[reference] end
    if object == nil then errors.fail('load: the storage does not carry what it refers to: only save can make one') end
    return object
  end)
  return file:readObject()
end

return pack

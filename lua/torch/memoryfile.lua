--- torch.MemoryFile: a file in the memory of a CharStorage.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
require 'torch.file'

local module = {}
local block = handle.block

local function new_storage()
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, C.MT_INT8, C.MT_CPU, 0))
end

--- torch.MemoryFile([storage, ][mode]): reads and writes a CharStorage, mode 'rw' without one and 'r' with one.
--   local file = torch.MemoryFile()
--   file:writeInt(7)
--   file:seek(1)
--   print(file:readInt())   -- 7
-- A file without a storage of others is this process's own as long as only objects are written to it: what is read back
-- may then hold functions, with no need to ask for them.
local function new(storage, mode)
  if type(storage) == 'string' then storage, mode = nil, storage end
  if storage ~= nil and (not handle.is_storage(storage) or handle.kind(storage).dtype ~= C.MT_INT8 or
                         block(storage).device ~= C.MT_CPU) then
    errors.fail('MemoryFile: expected a torch.CharStorage, got %s', class.type(storage))
  end
  mode = mode or (storage and 'r' or 'rw')
  local self = class.setmetatable({}, 'torch.MemoryFile'):_start(mode)
  self._storage, self._place = storage or new_storage(), 0
  self._own = not storage
  local b = block(self._storage)
  self._size = mode == 'w' and 0 or tonumber(b.size)
  -- storage() ends with a zero byte, which is not part of a file that is written on
  if mode == 'rw' and self._size > 0 and ffi.cast('char *', b.data)[self._size - 1] == 0 then
    self._size = self._size - 1
  end
  return self
end

local MemoryFile = class.newmetatable('torch.MemoryFile', 'torch.File', new, nil, nil, module)

-- -- What torch.File asks of a kind -----------------------------------------------------------------------------

-- The storage is also others', who may have shortened it.
function MemoryFile:_left()
  return math.max(math.min(self._size, tonumber(block(self._storage).size)) - self._place, 0)
end

function MemoryFile:_fetch(data, n)
  n = math.min(n, self:_left())
  if n > 0 then ffi.copy(data, ffi.cast('char *', block(self._storage).data) + self._place, n) end
  self._place = self._place + n
  return n
end

function MemoryFile:_store(data, n)
  local past = self._place + n
  local size = tonumber(block(self._storage).size)
  if not self._depth then self._own = false end
  if past > size then memory.call(C.mt_storage_resize, self._storage.at, math.max(past, 2 * size, 64)) end
  if n > 0 then
    local b = block(self._storage)
    ffi.copy(ffi.cast('char *', b.data) + self._place, data, n)
    b.version = b.version + 1
  end
  self._place = past
  self._size = math.max(self._size, past)
  return n
end

function MemoryFile:_getc()
  if self:_left() == 0 then return -1 end
  local c = ffi.cast('uint8_t *', block(self._storage).data)[self._place]
  self._place = self._place + 1
  return c
end

function MemoryFile:_ungetc() self._place = self._place - 1 end
function MemoryFile:_tell() return self._place end

function MemoryFile:_seek(place)
  if place > self._size then return false end
  self._place = place
  return true
end

function MemoryFile:_end() return self:_seek(self._size) end
function MemoryFile:_flush() return true end
function MemoryFile:_close() return true end
function MemoryFile:_reason() return 'the end of the file' end

-- -- Methods of its own -----------------------------------------------------------------------------------------

--- Sets the storage to what was written so far: nothing more, nothing less. For torch.serialize.
function MemoryFile:_trim()
  memory.call(C.mt_storage_resize, self._storage.at, self._size)
  return self._storage
end

--- The CharStorage of the file, with its contents and a zero byte after them.
function MemoryFile:storage()
  self._own = false
  memory.call(C.mt_storage_resize, self._storage.at, self._size + 1)
  ffi.cast('char *', block(self._storage).data)[self._size] = 0
  return self._storage
end

function MemoryFile:__tostring__() return self:_describe() end

guard.methods(MemoryFile, 'a torch.MemoryFile', '_trim')

return module

--- Handles: the one place where tensors and storages are made, recognised and looked into.
-- A tensor is a struct in LuaJIT's own memory, so that t[i] reaches __index; it holds one reference to its storage and
-- gives it back when it is collected. A storage lives in C; its handle is a struct around the pointer.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local types = require 'torch.types'

local gc, cast, istype = ffi.gc, ffi.cast, ffi.istype
local relieve = memory.relieve

ffi.cdef 'typedef struct mt_storage_handle { mt_storage *at; } mt_storage_handle;'
local tensor_t, storage_t = ffi.typeof('mt_tensor'), ffi.typeof('mt_storage_handle')
local pointer_t, uintptr = ffi.typeof('mt_storage *'), ffi.typeof('uintptr_t')

local handle = {tensor_t = tensor_t, storage_t = storage_t}

-- While a scope is open it lists the tensors made; see handle.open_scope.
local scope

--- The fields of a tensor: storage, offset, dim, size, stride, dtype, device, index.
local function layout(t)
  if istype(tensor_t, t) then return t.layout end
  return errors.expected('a tensor', t)
end
handle.layout = layout

--- The fields of a storage, given by its handle or its pointer: data, size, refs, version, …
local function block(s)
  if istype(storage_t, s) then return s.at.block end
  if istype(pointer_t, s) then return s.block end
  return errors.expected('a storage', s)
end
handle.block = block

function handle.is_tensor(x) return istype(tensor_t, x) end
function handle.is_storage(x) return istype(storage_t, x) end

--- A storage's pointer, given its handle.
function handle.pointer(s)
  if istype(storage_t, s) then return s.at end
  return errors.expected('a storage', s)
end

local function free_storage(s) C.mt_storage_free(s.at) end

--- Takes over a reference to a storage that C gave.
function handle.own_storage(p) return gc(storage_t(p), free_storage) end

--- A new tensor without elements.
local function new(dtype, device)
  relieve()
  local t = gc(tensor_t(), C.mt_tensor_release)
  local l = t.layout
  l.dtype, l.device = dtype, device
  if scope then
    local n = scope.n + 1
    scope.n, scope[n] = n, t
  end
  return t
end
handle.new = new

--- A new tensor without elements, of t's dtype and device.
function handle.like(t)
  local l = layout(t)
  return new(l.dtype, l.device)
end

--- Another handle of the same view.
function handle.alias(t)
  local l = layout(t)
  local out = new(l.dtype, l.device)
  memory.call(C.mt_tensor_set, out, t)
  return out
end

--- Lists every tensor made from now on, until close_scope; gives the scope before, to be handed back there.
-- A scope lets a whole stretch of work give its memory back at once, without waiting for the collector.
function handle.open_scope(list)
  local before = scope
  scope = list
  return before
end

--- Ends a scope; the tensors listed keep their elements until release_scope.
function handle.close_scope(before)
  scope = before
end

--- Empties every tensor that the list holds.
function handle.release_scope(list)
  for i = 1, list.n do
    C.mt_tensor_release(list[i])
    list[i] = nil
  end
  list.n = 0
end

--- The type (see torch.types) of a tensor or storage.
function handle.kind(x)
  local l
  if istype(tensor_t, x) then
    l = x.layout
  elseif istype(storage_t, x) or istype(pointer_t, x) then
    l = block(x)
  else
    errors.expected('a tensor or a storage', x)
  end
  return types.at[l.device][l.dtype]
end

--- A number that tensors share when they share a storage; 0 for a tensor without one.
function handle.memory_address(t)
  return tonumber(cast(uintptr, layout(t).storage))
end

--- How often the memory under a tensor has been written.
function handle.version(t)
  local s = layout(t).storage
  return s ~= nil and s.block.version or 0
end

--- Says that what lies under a tensor stays as it is: kernels then keep layouts that they make of it (mt_storage_keep).
function handle.keep(t)
  C.mt_storage_keep(layout(t).storage)
end

return handle

--- Storages: one-dimensional typed memory, shared by the tensors that view it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local reals = require 'torch.reals'
local sizes = require 'torch.sizes'
local types = require 'torch.types'

local block, is_storage, kind_of, pointer = handle.block, handle.is_storage, handle.kind, handle.pointer
local call, fail = memory.call, errors.fail

local storage = {methods = {}, classes = {}}
local methods = storage.methods

-- -- Elements ---------------------------------------------------------------------------------------------------

-- The place of an element as C counts it; fractions are cut off.
local function check_index(s, i)
  if type(i) ~= 'number' or not (i >= 1 and i < tonumber(block(s).size) + 1) then
    fail('storage: index %s is outside 1..%d', tostring(i), tonumber(block(s).size))
  end
  return math.floor(i) - 1
end

-- A view of the whole storage, for what only tensors can do.
local function as_tensor(s)
  local kind = kind_of(s)
  local t = handle.new(kind.dtype, kind.device)
  local size = ffi.new('int64_t[1]', block(s).size)
  call(C.mt_tensor_set_storage, t, pointer(s), 0, 1, size, nil)
  return t
end
storage.as_tensor = as_tensor

local number = ffi.new('double[1]')

-- An int64_t as index gives an int64_t: see torch.elements.
local function get(s, i)
  local exact = type(i) == 'cdata'
  if exact then i = tonumber(i) end
  local at = check_index(s, i)
  local kind = kind_of(s)
  if kind.pointer and kind.device == C.MT_CPU then
    local v = kind.element(ffi.cast(kind.pointer, block(s).data), at)
    return exact and ffi.cast('int64_t', v) or tonumber(v)
  end
  call(C.mt_storage_get, pointer(s), at, number)
  return reals.double(number, 0)
end

local function put(s, i, v)
  local at = check_index(s, i)
  v = elements.value('storage', v)
  local kind = kind_of(s)
  if type(v) == 'cdata' and kind.dtype == C.MT_INT64 and kind.device == C.MT_CPU then
    ffi.cast('int64_t *', block(s).data)[at] = v
  else
    call(C.mt_storage_put, pointer(s), at, tonumber(v))
  end
end

-- -- Methods ----------------------------------------------------------------------------------------------------

function methods:size() return tonumber(block(self).size) end
function methods:elementSize() return kind_of(self).width end

function methods:fill(v)
  local t = as_tensor(self)
  v = elements.filler('fill', t, v, t)
  if type(v) == 'number' then call(C.mt_fill, t, v) else call(C.mt_copy, t, v) end
  return self
end

function methods:resize(n)
  call(C.mt_storage_resize, pointer(self), sizes.integer('resize', n))
  return self
end

--- Copies another storage of the same size; types may differ.
function methods:copy(other)
  if not is_storage(other) then fail('copy: expected a storage, got %s', type(other)) end
  call(C.mt_storage_copy, pointer(self), other.at)
  return self
end

--- The address of the first element, as a pointer to the element type.
function methods:data()
  local kind = kind_of(self)
  return ffi.cast(kind.pointer or 'uint16_t *', block(self).data)
end

function methods:cdata() return pointer(self) and self end

function methods:totable()
  local out = {}
  for i = 1, tonumber(block(self).size) do out[i] = get(self, i) end
  return out
end

--- The bytes of a byte or char storage as a string; with an argument, takes its bytes as the new contents.
function methods:string(text)
  local b = block(self)
  if kind_of(self).width ~= 1 then fail('string: expected a ByteStorage or a CharStorage') end
  if text == nil then return ffi.string(b.data, b.size) end
  if type(text) ~= 'string' then fail('string: expected a string, got %s', type(text)) end
  call(C.mt_storage_resize, pointer(self), #text)
  ffi.copy(b.data, text, #text)
  return self
end

--- retain() takes a reference that no handle owns, for memory that another thread is to find (see torch.pushudata);
-- free() gives such a reference back.
function methods:retain() C.mt_storage_hold(pointer(self)) end
function methods:free() call(C.mt_storage_unhold, pointer(self)) end

function methods:type(name)
  local kind = block(self) and kind_of(self)
  if not name then return kind.storage_name end
  local class = storage.classes[name] or fail('type: %s is no storage type', tostring(name))
  return class(self:size()):copy(self)
end

for _, kind in ipairs(types.all) do
  if kind.device == C.MT_CPU then
    methods[kind.name:lower()] = function(self) return pointer(self) and self:type(kind.storage_name) end
  end
end

methods.__index__, methods.__newindex__ = get, put
function methods.__len__(s) return tonumber(block(s).size) end
function methods.__tostring__(s) return require('torch.print').storage(as_tensor(s)) end

local function class_of(s) return storage.classes[kind_of(s).storage_name] end

ffi.metatype(handle.storage_t, {
  __index = function(s, k)
    if type(k) == 'string' then return class_of(s)[k] end
    return class_of(s).__index__(s, k)
  end,
  __newindex = function(s, k, v) return class_of(s).__newindex__(s, k, v) end,
  -- two handles of one storage are equal; s == nil comes here too
  __eq = function(a, b) return is_storage(a) and is_storage(b) and a.at == b.at end,
  __len = function(s) return class_of(s).__len__(s) end,
  __tostring = function(s) return class_of(s).__tostring__(s) end,
})

-- -- Making -----------------------------------------------------------------------------------------------------

local function create(kind, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, kind.dtype, kind.device, size))
end

local function from_table(kind, values)
  local s = create(kind, #values)
  for i = 1, #values do put(s, i, values[i]) end
  return s
end

-- CharStorage(name[, shared[, size[, in_memory]]]): a mapped file. shared: what is written reaches the file, which is
-- made as long as needed. size: elements, by default and for 0 as many as there are. in_memory: the name is that of a
-- shared memory object, not of a file; other processes find it until this storage is freed.
local function from_file(kind, name, shared, size, in_memory)
  if name == '' or name:find('%z') then fail('%s: expected the name of a file, got %q', kind.storage_name, name) end
  if in_memory and not shared then fail('%s: shared memory is always shared', kind.storage_name) end
  if kind.device ~= C.MT_CPU then fail('%s: files are mapped on the CPU only', kind.storage_name) end
  memory.relieve()
  local how = in_memory and C.MT_MAP_MEMORY or shared and C.MT_MAP_SHARED or C.MT_MAP_PRIVATE
  size = sizes.integer(kind.storage_name, size or 0)
  size = size > 0 and size or -1
  return handle.own_storage(memory.create(C.mt_storage_map, kind.dtype, name, how, 0, size))
end

-- FloatStorage(storage[, offset[, size]]): a window of another storage's memory, which stays alive with it
local function window(kind, other, offset, size)
  if kind_of(other) ~= kind then fail('%s: expected a storage of this type', kind.storage_name) end
  offset = sizes.integer(kind.storage_name, offset or 1)
  size = sizes.integer(kind.storage_name, size or tonumber(block(other).size) - offset + 1)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_window, other.at, kind.dtype, (offset - 1) * kind.width, size))
end

-- FloatStorage(size, address): memory that somebody else owns and keeps
local function around(kind, size, address)
  size = sizes.integer(kind.storage_name, size)
  if type(address) ~= 'number' and type(address) ~= 'cdata' or is_storage(address) or handle.is_tensor(address) then
    fail('%s: expected an address behind the size, got %s', kind.storage_name, type(address))
  end
  local p = ffi.cast('void *', tonumber(address) and ffi.cast('uintptr_t', address) or address)
  return handle.own_storage(memory.create(C.mt_storage_external, kind.dtype, kind.device, p, size, nil, nil))
end

local function construct(kind, first, ...)
  if first == nil then return create(kind, 0) end
  if type(first) == 'number' then
    if (...) ~= nil then return around(kind, first, ...) end
    return create(kind, sizes.integer(kind.storage_name, first))
  end
  if type(first) == 'table' then return from_table(kind, first) end
  if type(first) == 'string' then return from_file(kind, first, ...) end
  if is_storage(first) then return window(kind, first, ...) end
  return fail('%s: expected a size, a table, a file name or a storage, got %s', kind.storage_name, type(first))
end

for _, kind in ipairs(types.all) do
  local function new(...) return construct(kind, ...) end
  storage.classes[kind.storage_name] = setmetatable({__typename = kind.storage_name, new = new}, {
    __index = methods,
    __call = function(_, ...) return construct(kind, ...) end,
  })
end

--- Copies the methods into each type's own table; see torch.tensor.
function storage.spread_methods()
  for _, class in pairs(storage.classes) do
    for name, method in pairs(methods) do
      if rawget(class, name) == nil then class[name] = method end
    end
  end
end

return storage

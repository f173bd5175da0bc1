--- Storages: one-dimensional typed memory, shared by the tensors that view it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local types = require 'torch.types'

local block, is_storage, kind_of = handle.block, handle.is_storage, handle.kind
local call, fail = memory.call, errors.fail

local storage = {methods = {}, classes = {}}
local methods = storage.methods

-- -- Elements ---------------------------------------------------------------------------------------------------

local function check_index(s, i)
  if type(i) ~= 'number' or i < 1 or i > tonumber(block(s).size) or i ~= math.floor(i) then
    fail('storage: index %s is outside 1..%d', tostring(i), tonumber(block(s).size))
  end
end

-- A view of the whole storage, for what only tensors can do.
local function as_tensor(s)
  local kind = kind_of(s)
  local t = handle.new(kind.dtype, kind.device)
  local size = ffi.new('int64_t[1]', block(s).size)
  call(C.mt_tensor_set_storage, t, s.at, 0, 1, size, nil)
  return t
end
storage.as_tensor = as_tensor

local function get(s, i)
  check_index(s, i)
  local kind = kind_of(s)
  if kind.pointer and kind.device == C.MT_CPU then return tonumber(ffi.cast(kind.pointer, block(s).data)[i - 1]) end
  local value = ffi.new('double[1]')
  call(C.mt_tensor_get, as_tensor(s), i - 1, value)
  return value[0]
end

local function put(s, i, v)
  check_index(s, i)
  if type(v) ~= 'number' then fail('storage: expected a number, got %s', type(v)) end
  call(C.mt_tensor_put, as_tensor(s), i - 1, v)
end

-- -- Methods ----------------------------------------------------------------------------------------------------

function methods:size() return tonumber(block(self).size) end
function methods:elementSize() return kind_of(self).width end

function methods:fill(v)
  call(C.mt_fill, as_tensor(self), v)
  return self
end

function methods:resize(n)
  call(C.mt_storage_resize, self.at, n)
  return self
end

--- Copies another storage of the same size; types may differ.
function methods:copy(other)
  if not is_storage(other) then fail('copy: expected a storage, got %s', type(other)) end
  call(C.mt_storage_copy, self.at, other.at)
  return self
end

--- The address of the first element, as a pointer to the element type.
function methods:data()
  local kind = kind_of(self)
  return ffi.cast(kind.pointer or 'uint16_t *', block(self).data)
end

function methods:cdata() return self end

function methods:totable()
  local out = {}
  for i = 1, self:size() do out[i] = get(self, i) end
  return out
end

--- The bytes of a byte or char storage as a string; with an argument, takes its bytes as the new contents.
function methods:string(text)
  local b = block(self)
  if kind_of(self).width ~= 1 then fail('string: expected a ByteStorage or a CharStorage') end
  if text == nil then return ffi.string(b.data, b.size) end
  call(C.mt_storage_resize, self.at, #text)
  ffi.copy(b.data, text, #text)
  return self
end

function methods:retain() C.mt_storage_retain(self.at) end
function methods:free() C.mt_storage_free(self.at) end
function methods:type(name)
  if not name then return kind_of(self).storage_name end
  local class = storage.classes[name] or fail('type: %s is no storage type', tostring(name))
  return class(self:size()):copy(self)
end

for _, kind in ipairs(types.all) do
  if kind.device == C.MT_CPU then
    methods[kind.name:lower()] = function(self) return self:type(kind.storage_name) end
  end
end

local function to_text(s) return require('torch.print').storage(as_tensor(s)) end

ffi.metatype(handle.storage_t, {
  __index = function(s, k)
    if type(k) == 'number' then return get(s, k) end
    return storage.classes[kind_of(s).storage_name][k]
  end,
  __newindex = put,
  -- two handles of one storage are equal; s == nil comes here too
  __eq = function(a, b) return is_storage(a) and is_storage(b) and a.at == b.at end,
  __len = function(s) return tonumber(block(s).size) end,
  __tostring = to_text,
})

-- -- Making -----------------------------------------------------------------------------------------------------

local function create(kind, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_new, kind.dtype, kind.device, size))
end

local function from_table(kind, values)
  local s = create(kind, #values)
  local t = as_tensor(s)
  for i = 1, #values do
    if type(values[i]) ~= 'number' then fail('%s: expected numbers, got %s', kind.storage_name, type(values[i])) end
    call(C.mt_tensor_put, t, i - 1, values[i])
  end
  return s
end

-- CharStorage(file[, shared[, size]]): a mapped file
local function from_file(kind, path, shared, size)
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_map, kind.dtype, path, shared and 1 or 0, 0, size or -1))
end

-- FloatStorage(storage, offset, size): a window of another storage's memory, which stays alive with it
local function window(kind, other, offset, size)
  local b = block(other)
  offset = offset or 1
  size = size or tonumber(b.size) - offset + 1
  if kind_of(other) ~= kind then fail('%s: expected a storage of this type', kind.storage_name) end
  if offset < 1 or size < 0 or offset - 1 + size > tonumber(b.size) then
    fail('%s: elements %d..%d of a storage of %d', kind.storage_name, offset, offset + size - 1, tonumber(b.size))
  end
  memory.relieve()
  return handle.own_storage(memory.create(C.mt_storage_window, other.at, kind.dtype, (offset - 1) * kind.width, size))
end

local function construct(kind, first, ...)
  if first == nil then return create(kind, 0) end
  if type(first) == 'number' then return create(kind, first) end
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

return storage

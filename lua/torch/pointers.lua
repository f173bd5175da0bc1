--- The addresses behind tensors and storages, for code that hands them to C through the FFI.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local types = require 'torch.types'

local is_tensor, is_storage, fail = handle.is_tensor, handle.is_storage, errors.fail

local pointers = {}

local function address(p) return ffi.cast('intptr_t', ffi.cast('const void *', p)) end

local function expect(name, x)
  if not is_tensor(x) and not is_storage(x) then
    fail('%s: expected a tensor or a storage, got %s', name, x == nil and 'nothing' or class.type(x))
  end
end

--- data(x[, as_number]): the address of the first element of a tensor or storage, as a pointer to the element type or
-- as an intptr_t. It stays valid while x is kept and is not resized; writes through it are seen by no tape.
-- What LuaJIT reads through it is taken as it is: NaNs of odd bits, as memory from outside may hold them, are safe
-- through x[i] and apply alone (see torch.reals).
function pointers.data(x, as_number)
  expect('data', x)
  local p = x:data()
  if as_number then return address(p) end
  return p
end

--- cdata(x[, as_number]): what the library's C functions take: an mt_tensor or an mt_storage * (see lib/moontorch.h)
function pointers.cdata(x, as_number)
  expect('cdata', x)
  local p = x:cdata()
  if as_number then return address(is_tensor(x) and ffi.cast('mt_tensor *', x) or p) end
  return p
end

--- isequal(a, b): whether both are the same object
function pointers.isequal(a, b)
  if type(a) == 'cdata' and type(b) == 'cdata' and class.typename(a) and class.typename(b) then
    return class.pointer(a) == class.pointer(b)
  end
  return type(a) == 'table' and rawequal(a, b)
end

--- pushudata(address, name): the tensor or storage at an address that pointer() gave, in this state or in another one
-- of the same process: a new handle of the same elements. It takes over one reference that retain() took to a storage;
-- a tensor only has to be kept by its owner until then.
function pointers.pushudata(at, name)
  local kind = types.by_name[name]
  if not kind then fail('pushudata: expected the name of a tensor or storage type, got %s', tostring(name)) end
  if not tonumber(at) and type(at) ~= 'cdata' then
    fail('pushudata: expected an address, got %s', class.type(at))
  end
  local p = ffi.cast('void *', tonumber(at) and ffi.cast('uintptr_t', at) or at)
  if p == nil then fail('pushudata: the address is null') end
  if name == kind.storage_name then
    local s = C.mt_storage_retain(ffi.cast('mt_storage *', p))
    if s.block.held > 0 then C.mt_storage_unhold(s) end
    return handle.own_storage(s)
  end
  local out = handle.new(kind.dtype, kind.device)
  memory.call(C.mt_tensor_set, out, ffi.cast('mt_tensor *', p))
  return out
end

return pointers

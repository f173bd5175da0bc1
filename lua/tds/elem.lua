--- What tables outside of Lua's heap can hold, and how it goes in and comes out: numbers, strings, booleans, tensors,
-- storages, hashes, vectors, counters, and the C types that addctype adds.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'tds.handle'
local memory = require 'torch.memory'
local torch_handle = require 'torch.handle'

local elem = {}

local void_p, tensor_p, storage_p = ffi.typeof('void *'), ffi.typeof('mt_tensor *'), ffi.typeof('mt_storage *')
local table_p, foreign_p = ffi.typeof('mt_table *'), ffi.typeof('const mt_foreign *')
local release_p = ffi.typeof('void (*)(void *)')

-- -- Other C types ----------------------------------------------------------------------------------------------

local setters = {} -- class → function: object → pointer, what releases it
local getters = {} -- address of what releases → function: pointer → object

local function address(p) return tonumber(ffi.cast('uintptr_t', ffi.cast(void_p, p))) end

--- elem.type(object): the name that addctype knows objects by; to be replaced for objects of no torch class.
elem.type = class.typename

--- elem.addctype(name, release, set, get): lets tables hold objects of C.
-- name: what elem.type(object) gives for them. release: the C function that gives back a reference to one, which may be
-- called by any thread. set(object): its address, with a reference taken for the table, and release. get(address): the
-- object again, with a reference of its own.
function elem.addctype(name, release, set, get)
  setters[name], getters[address(release)] = set, get
end

local function wrap(item, value)
  local name = elem.type(value)
  local set = setters[name]
  if not set then
    errors.fail('tds: expected a number, string, boolean, tensor, storage or table of tds, got a %s',
                name or type(value))
  end
  local object, release = set(value)
  memory.call(C.mt_item_wrap, item, ffi.cast(void_p, object), ffi.cast(release_p, ffi.cast(void_p, release)))
end

local function unwrap(item)
  local foreign = ffi.cast(foreign_p, item.object)
  return getters[address(foreign.release)](foreign.object)
end

-- -- In ---------------------------------------------------------------------------------------------------------

local function set_object(item, value)
  local type = handle.type(value)
  if type then
    item.type, item.object = type, value.at
  elseif torch_handle.is_tensor(value) then
    item.type, item.object = C.MT_TENSOR, ffi.cast(tensor_p, value)
  elseif torch_handle.is_storage(value) then
    item.type, item.object = C.MT_STORAGE, value.at
  else
    wrap(item, value)
  end
end

--- Puts a value into an item, for one call of C; the value must outlive it, and elem.done must follow.
function elem.set(item, value)
  local kind = type(value)
  if kind == 'number' then
    item.type, item.number = C.MT_NUMBER, value
  elseif kind == 'string' then
    item.type, item.object, item.length = C.MT_TEXT, value, #value
  elseif kind == 'boolean' then
    item.type, item.number = C.MT_BOOLEAN, value and 1 or 0
  elseif value == nil then
    item.type = C.MT_NIL
  else
    set_object(item, value)
  end
end

--- Gives back what set took: of objects of other C types, a reference.
function elem.done(item)
  if item.type == C.MT_FOREIGN then C.mt_item_release(item) end
end

-- -- Out --------------------------------------------------------------------------------------------------------

-- A tensor of the same view; what is resized on either side is not on the other.
local function tensor_of(item)
  local view = ffi.cast(tensor_p, item.object)
  local t = torch_handle.like(view)
  memory.call(C.mt_tensor_set, t, view)
  return t
end

-- These hand the item's reference over to a handle.
local function take_storage(item) return torch_handle.own_storage(ffi.cast(storage_p, item.object)) end
local function take_table(item) return handle.own(item.type, ffi.cast(table_p, item.object)) end

local function get_object(item)
  local kind = item.type
  if kind == C.MT_STORAGE then return take_storage(item) end
  if kind ~= C.MT_TENSOR and kind ~= C.MT_FOREIGN then return take_table(item) end
  local value = kind == C.MT_TENSOR and tensor_of(item) or kind == C.MT_FOREIGN and unwrap(item)
  C.mt_item_release(item)
  return value
end

--- The value of an item that came from C, whose reference it gives back.
function elem.get(item)
  local kind = item.type
  if kind == C.MT_NIL then return nil end
  if kind == C.MT_NUMBER then return item.number end
  if kind == C.MT_BOOLEAN then return item.number ~= 0 end
  if kind ~= C.MT_TEXT then return get_object(item) end
  local text = ffi.string(item.object, item.length)
  C.mt_item_release(item)
  return text
end

return elem

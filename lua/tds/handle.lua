--- Handles of tables outside of Lua's heap (see moontorch.h): structs around their pointers, with a C type for each
-- class. Two handles of one table are equal, and the same object in files.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local memory = require 'torch.memory'

ffi.cdef [[
typedef struct tds_hash { mt_table *at; } tds_hash;
typedef struct tds_vec { mt_table *at; } tds_vec;
typedef struct tds_atomic_counter { mt_table *at; } tds_atomic_counter;
]]

local ctypes = {
  [C.MT_HASH] = ffi.typeof('tds_hash'), [C.MT_VEC] = ffi.typeof('tds_vec'),
  [C.MT_COUNTER] = ffi.typeof('tds_atomic_counter'),
}

local handle = {}

local function free(t) C.mt_table_free(t.at) end

--- Takes over a reference to a table of a type (MT_HASH, MT_VEC, MT_COUNTER) that C gave.
function handle.own(type, p) return ffi.gc(ctypes[type](p), free) end

function handle.new(type)
  memory.relieve()
  return handle.own(type, memory.create(C.mt_table_new, type))
end

--- The type of a handle; nil for everything else.
function handle.type(x)
  for type, ctype in pairs(ctypes) do
    if ffi.istype(ctype, x) then return type end
  end
end

local function equal(a, b)
  return handle.type(a) ~= nil and handle.type(a) == handle.type(b) and a.at == b.at
end

--- Makes the class of a type: with metamethods for its objects, and write(object, file) and read(object, file). Gives
-- what is called to make one: construct(object, ...) fills a new one.
function handle.declare(type, name, metamethods, construct)
  metamethods.__eq = equal
  local ctype = ffi.metatype(ctypes[type], metamethods)
  class.metatype(name, {
    __factory = function() return handle.new(type) end,
    __write = metamethods.write, __read = metamethods.read, __version = 0,
    __pointer = function(object) return object.at end,
  }, ctype)
  return setmetatable({}, {
    __index = metamethods,
    __call = function(_, ...) return construct(handle.new(type), ...) end,
  })
end

return handle

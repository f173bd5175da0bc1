--- tds.Hash: a hash table outside of Lua's heap, used like a Lua table. Threads may share it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local elem = require 'tds.elem'
local errors = require 'torch.errors'
local fill = require 'tds.fill'
local handle = require 'tds.handle'
local memory = require 'torch.memory'
local show = require 'tds.show'

local set, get, done = elem.set, elem.get, elem.done
local hash = {}

local key_item, value_item = ffi.new('mt_item'), ffi.new('mt_item')

--- h[key] = value: nil takes the entry away. Keys and values: see tds.elem; keys are equal by value, tensors as keys
-- when they are the same view of the same storage.
function hash:__newindex(key, value)
  set(key_item, key)
  set(value_item, value)
  memory.call(C.mt_hash_put, self.at, key_item, value_item)
  done(key_item)
  done(value_item)
end

--- h[key]: the value, or nil
function hash:__index(key)
  if key == nil then errors.fail('hash: the key is nil') end
  set(key_item, key)
  C.mt_hash_get(self.at, key_item, value_item)
  done(key_item)
  return get(value_item)
end

--- #h: the count of entries, whatever their keys
function hash:__len() return tonumber(C.mt_table_size(self.at)) end

--- pairs(h): the entries in the order they came in. On the way, entries may be taken away and values changed.
function hash:__pairs()
  local place, key, value = ffi.new('int64_t[1]'), ffi.new('mt_item'), ffi.new('mt_item')
  return function()
    if C.mt_hash_next(self.at, place, key, value) == 0 then return nil end
    return get(key), get(value)
  end
end

local function key_text(key)
  local kind = type(key)
  if kind == 'string' or kind == 'number' or kind == 'boolean' then return tostring(key) end
  return class.type(key)
end

local function write_keys(keys)
  local texts, width = {}, 0
  for i, key in ipairs(keys) do
    texts[i] = key_text(key)
    width = math.max(width, #texts[i])
  end
  for i, text in ipairs(texts) do texts[i] = text .. (' '):rep(width - #text) end
  return texts
end

function hash:__tostring()
  return show.entries(('tds.Hash[%d]'):format(#self), pairs(self), write_keys)
end

--- In files: the count of entries, keys and values.
function hash.write(self, file)
  local left = #self
  file:writeLong(left)
  for key, value in pairs(self) do
    file:writeObject(key)
    file:writeObject(value)
    left = left - 1
  end
  if left ~= 0 then errors.fail('save: a tds.Hash changed while it was written') end
end

function hash.read(self, file)
  local count = file:readLong()
  file:_expect('entries of a tds.Hash', count, 4 * count) -- in text, the shortest key and value
  for _ = 1, count do
    local key = file:readObject()
    self[key] = file:readObject()
  end
end

--- tds.Hash([table]): a new hash, with the entries of a Lua table. The tables in it become hashes too, or vectors where
-- all their keys are numbers. A hash that holds itself, through however many others, is never freed.
--   local h = tds.Hash {name = 'net', sizes = {3, 8}}
--   h.weights = torch.randn(8, 3)
--   print(#h, h.sizes[2])   -- 3  8
local function construct(self, ...)
  if select('#', ...) == 0 then return self end
  if select('#', ...) > 1 or type((...)) ~= 'table' then
    errors.fail('tds.Hash: expected a table or nothing, got %s', class.type((...)))
  end
  return fill.from(self, (...))
end

return handle.declare(C.MT_HASH, 'tds.Hash', hash, construct)

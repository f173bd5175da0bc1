--- tds.Vec: a list outside of Lua's heap, with places from 1. Its elements may be nil. Threads may share it.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local elem = require 'tds.elem'
local errors = require 'torch.errors'
local fill = require 'tds.fill'
local handle = require 'tds.handle'
local memory = require 'torch.memory'
local show = require 'tds.show'
local sizes = require 'torch.sizes'
local sort = require 'tds.sort'
local storage = require 'torch.storage'
local torch_handle = require 'torch.handle'

local set, get, done = elem.set, elem.get, elem.done
local vec, methods = {}, {}

local item = ffi.new('mt_item')

local function place_of(index)
  if type(index) ~= 'number' or not (index >= 1 and index < 2 ^ 53) then
    errors.fail('vec: expected a place from 1 on, got %s', tostring(index))
  end
  return index - 1
end

-- -- Methods ----------------------------------------------------------------------------------------------------

--- v:insert([index, ]value): puts a value into a place, behind the last one by default; those from there on move up.
function methods:insert(...)
  local index, value = ...
  if select('#', ...) == 1 then
    index, value = #self + 1, index
  elseif select('#', ...) ~= 2 then
    errors.fail('insert: expected a value, or a place and a value, got %d arguments', select('#', ...))
  end
  local place = place_of(index)
  set(item, value)
  memory.call(C.mt_vec_insert, self.at, place, item)
  done(item)
end

--- v:remove([index]): takes the element of a place away, the last one by default; those behind it move down.
function methods:remove(index)
  if index == nil and #self == 0 then return end
  C.mt_vec_remove(self.at, place_of(index or #self))
end

--- v:resize(size): cuts elements off the end, or adds as many that are nil.
function methods:resize(size)
  memory.call(C.mt_vec_resize, self.at, sizes.integer('resize', size))
end

--- v:sort(compare): sorts in place; see tds.sort.
function methods:sort(compare) sort(self, compare) end

local function copy_text(data, at, text)
  ffi.copy(data + at, text, #text)
  return at + #text
end

--- v:concatstorage([separator[, first[, last]]]): the elements as tostring shows them, one after the other, in a
-- CharStorage, which may be longer than a string.
function methods:concatstorage(separator, first, last)
  separator = separator and tostring(separator) or ''
  first, last = first or 1, last or #self
  local out, used = storage.classes['torch.CharStorage'](), 0
  for i = first, last do
    local text = tostring(self[i])
    local start = i > first and separator or ''
    local wanted = used + #start + #text
    if wanted > out:size() then out:resize(math.max(wanted, 2 * out:size())) end
    local data = ffi.cast('char *', torch_handle.block(out).data)
    used = copy_text(data, copy_text(data, used, start), text)
  end
  return out:resize(used)
end

--- v:concat([separator[, first[, last]]]): the same as a string
function methods:concat(separator, first, last)
  return self:concatstorage(separator, first, last):string()
end

-- -- Metamethods ------------------------------------------------------------------------------------------------

--- v[index] = value: a place behind the last one makes the vector longer, with nil between.
function vec:__newindex(index, value)
  local place = place_of(index)
  set(item, value)
  memory.call(C.mt_vec_put, self.at, place, item)
  done(item)
end

--- v[index]: the element, nil behind the last one
function vec:__index(index)
  if type(index) ~= 'number' then
    return methods[index] or errors.fail('vec: expected a place or the name of a method, got %s', tostring(index))
  end
  C.mt_vec_get(self.at, place_of(index), item)
  return get(item)
end

--- #v: the count of elements; nil counts
function vec:__len() return tonumber(C.mt_table_size(self.at)) end

local function following(self, i)
  if i < #self then return i + 1, self[i + 1] end
end

--- ipairs(v), pairs(v): every place with its element, which may be nil
function vec:__ipairs() return following, self, 0 end
vec.__pairs = vec.__ipairs

local function write_keys(keys)
  local texts = {}
  for i, key in ipairs(keys) do texts[i] = ('%5d'):format(key) end
  return texts
end

function vec:__tostring()
  local i = 0
  local function walk()
    i = i + 1
    if i <= #self then return i, self[i] end
  end
  return show.entries(('tds.Vec[%d]'):format(#self), walk, write_keys)
end

--- In files: the count of elements and the elements.
function vec.write(self, file)
  local count = #self
  file:writeLong(count)
  for i = 1, count do file:writeObject(self[i]) end
end

function vec.read(self, file)
  local count = file:readLong()
  file:_expect('elements of a tds.Vec', count, 2 * count) -- in text, the shortest are nil
  for i = 1, count do self[i] = file:readObject() end
end

-- -- Making -----------------------------------------------------------------------------------------------------

--- tds.Vec([table]), tds.Vec(value, ...): a new vector, with the elements of a Lua table or those given. The tables in
-- it become vectors too, or hashes where some keys are no numbers.
--   local v = tds.Vec(4, 'words', torch.ones(2))
--   v:insert(1, true)
--   print(#v, v[2])   -- 4  4
local function construct(self, ...)
  local values = ...
  if select('#', ...) ~= 1 or type(values) ~= 'table' then values = {...} end
  if not fill.is_vector(values) then errors.fail('tds.Vec: expected a table whose keys are numbers') end
  return fill.from(self, values)
end

return handle.declare(C.MT_VEC, 'tds.Vec', vec, construct)

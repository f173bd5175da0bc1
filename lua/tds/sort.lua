--- Sorting of vectors: by merging runs of places, so that few values are in Lua's hands at a time, and equal ones keep
-- their order.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local elem = require 'tds.elem'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local torch_handle = require 'torch.handle'

-- -- What is compared -------------------------------------------------------------------------------------------
-- fetch(vector, place) gives what less(a, b) is called with, and drop(it) ends its use.

local function by_lua(compare)
  local item = ffi.new('mt_item')
  local function fetch(at, place)
    C.mt_vec_get(at, place, item)
    return elem.get(item)
  end
  return fetch, compare, function() end
end

local function by_c(compare)
  local function fetch(at, place)
    local item = ffi.gc(ffi.new('mt_item'), C.mt_item_release)
    C.mt_vec_get(at, place, item)
    return item
  end
  local function drop(item) C.mt_item_release(ffi.gc(item, nil)) end
  return fetch, function(a, b) return compare(a, b) < 0 end, drop
end

-- -- Merging ----------------------------------------------------------------------------------------------------

-- Merges the sorted runs left … middle - 1 and middle … right - 1 of the places in from.
local function merge(from, to, left, middle, right, at, fetch, less, drop)
  local i, j = left, middle
  if j == right then
    for k = left, right - 1 do to[k] = from[k] end
    return
  end
  local a, b = fetch(at, from[i]), fetch(at, from[j])
  for k = left, right - 1 do
    if j == right or i < middle and not less(b, a) then
      to[k], i = from[i], i + 1
      if i < middle then
        drop(a)
        a = fetch(at, from[i])
      end
    else
      to[k], j = from[j], j + 1
      if j < right then
        drop(b)
        b = fetch(at, from[j])
      end
    end
  end
  drop(a)
  drop(b)
end

-- -- All together -----------------------------------------------------------------------------------------------

-- n places, in a storage, as there may be many.
local function places(n)
  local s = torch_handle.own_storage(memory.create(C.mt_storage_new, C.MT_INT64, C.MT_CPU, n))
  return s, ffi.cast('int64_t *', torch_handle.block(s).data)
end

-- Puts the element from place order[i] to place i, for every i.
local function arrange(at, order, n)
  for start = 0, n - 1 do
    local i = start
    while order[i] ~= start do
      local from = order[i]
      C.mt_vec_swap(at, i, from)
      order[i], i = i, tonumber(from)
    end
    order[i] = i
  end
end

--- Sorts a vector by compare(a, b): a Lua function that says whether a comes before b, or one of C that gives a number
-- less than, equal to or greater than 0 for two const mt_item *. Equal elements keep their order.
return function(vector, compare)
  local fetch, less, drop
  if type(compare) == 'function' then
    fetch, less, drop = by_lua(compare)
  elseif type(compare) == 'cdata' then
    fetch, less, drop = by_c(compare)
  else
    errors.fail('sort: expected a function that compares two elements, got a %s', type(compare))
  end
  memory.relieve()
  local at, n = vector.at, #vector
  local a, from = places(n)
  local b, to = places(n)
  for i = 0, n - 1 do from[i] = i end
  local width = 1
  while width < n do
    for left = 0, n - 1, 2 * width do
      merge(from, to, left, math.min(left + width, n), math.min(left + 2 * width, n), at, fetch, less, drop)
    end
    from, to, width = to, from, 2 * width
  end
  arrange(at, from, n)
  return a, b -- which hold the places until here
end

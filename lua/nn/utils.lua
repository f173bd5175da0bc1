--- nn.utils: the same thing done to every tensor of nested tables, and the flattening of parameters.
local ffi = require 'ffi'
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'

local is_tensor, layout, memory_address = handle.is_tensor, handle.layout, handle.memory_address

local utils = {}

-- -- What a module is given --------------------------------------------------------------------------------------

--- Refuses x where a module needs a tensor, or a table; what: "input". Gives x.
function utils.need_tensor(module, x, what)
  if is_tensor(x) then return x end
  return errors.fail('%s: expected a tensor as %s, got %s', torch.type(module), what,
                     x == nil and 'nothing' or torch.type(x))
end

function utils.need_table(module, x, what)
  if type(x) == 'table' then return x end
  return errors.fail('%s: expected a table as %s, got %s', torch.type(module), what,
                     x == nil and 'nothing' or torch.type(x))
end

-- -- Types ------------------------------------------------------------------------------------------------------

local function address(s) return tonumber(ffi.cast('uintptr_t', s.at)) end

local function make(type) return torch[type:match('%.(.*)')]() end

-- A tensor as a view of its converted storage, so that tensors which share memory go on doing so.
local function convert_tensor(t, type, cache)
  if t:type() == type then return t end
  local s = t:storage()
  if not s then return make(type) end
  local key = address(s)
  cache[key] = cache[key] or {from = s, to = s:type((type:gsub('Tensor$', 'Storage')))}
  return make(type):set(cache[key].to, t:storageOffset(), t:size(), t:stride())
end

--- x with every tensor in it converted to a type. cache: a table to share between calls that belong together.
function utils.recursiveType(x, type, cache)
  cache = cache or {}
  if is_tensor(x) then
    cache[x] = cache[x] or convert_tensor(x, type, cache)
    return cache[x]
  elseif torch.isTypeOf(x, 'nn.Module') or torch.isTypeOf(x, 'nn.Criterion') then
    if not cache[x] then
      cache[x] = x
      x:type(type, cache)
    end
  elseif _G.type(x) == 'table' and not cache[x] then
    cache[x] = x
    for k, v in pairs(x) do x[k] = utils.recursiveType(v, type, cache) end
  end
  return x
end

--- t where it is a tensor of model's type, else a new one without elements.
function utils.fit(t, model)
  if is_tensor(t) and handle.kind(t) == handle.kind(model) then return t end
  return handle.like(model)
end

-- -- Nested tables ----------------------------------------------------------------------------------------------

-- Refuses what is neither a tensor nor a table.
local function check_nested(name, x)
  if not is_tensor(x) and _G.type(x) ~= 'table' then
    errors.fail('%s: expected tensors, or tables of them, got %s', name, torch.type(x))
  end
end

--- Makes to (a tensor or table, or nil) of the structure and sizes of from; gives both.
function utils.recursiveResizeAs(to, from)
  check_nested('recursiveResizeAs', from)
  if is_tensor(from) then
    to = is_tensor(to) and to or from.new()
    return to:resizeAs(from), from
  end
  to = _G.type(to) == 'table' and to or {}
  for k, v in pairs(from) do to[k] = utils.recursiveResizeAs(to[k], v) end
  for k in pairs(to) do if from[k] == nil then to[k] = nil end end
  return to, from
end

function utils.recursiveFill(x, value)
  check_nested('recursiveFill', x)
  if is_tensor(x) then return x:fill(value) end
  for _, v in pairs(x) do utils.recursiveFill(v, value) end
  return x
end

--- Adds scale times y into x; gives both.
function utils.recursiveAdd(x, scale, y)
  if y == nil then scale, y = 1, scale end
  check_nested('recursiveAdd', y)
  if is_tensor(x) then return x:add(scale, y), y end
  for k, v in pairs(y) do utils.recursiveAdd(x[k], scale, v) end
  return x, y
end

function utils.recursiveCopy(to, from)
  check_nested('recursiveCopy', from)
  if is_tensor(from) then
    to = is_tensor(to) and to or from:clone():zero()
    return to:resize(from:size()):copy(from), from
  end
  to = _G.type(to) == 'table' and to or {}
  for k, v in pairs(from) do to[k] = utils.recursiveCopy(to[k], v) end
  return to, from
end

--- A dimension of size 1 put in at dim (1): utils.addSingletonDimension([result,] t[, dim])
function utils.addSingletonDimension(result, t, dim)
  if not is_tensor(t) then result, t, dim = nil, result, t end
  local out = t:unsqueeze(dim or 1)
  return result and result:set(out) or out
end

--- t viewed with sizes, copied first when its elements do not lie in order.
function utils.contiguousView(out, t, ...)
  out = out or t.new()
  return out:set(t:contiguous():view(...))
end

--- Empties the named fields of a module: tensors lose their elements, tables their entries, other values go.
function utils.clear(module, ...)
  local names = {...}
  if _G.type(names[1]) == 'table' then names = names[1] end
  for _, name in ipairs(names) do
    local value = module[name]
    if is_tensor(value) then
      module[name] = make(value:type())
    elseif _G.type(value) == 'table' then
      module[name] = {}
    elseif value ~= nil then
      module[name] = nil
    end
  end
  return module
end

-- -- Flattening -------------------------------------------------------------------------------------------------

-- Handles of storages would keep the old memory until the collector comes, so tensors are looked into instead.
local function storage_size(t) return tonumber(layout(t).storage.block.size) end

-- The view of a vector with t's sizes and strides and its first element at a place (from 0).
local function view_in(flat, t, offset)
  local l, out = layout(t), handle.like(flat)
  memory.call(C.mt_tensor_set_storage, out, layout(flat).storage, offset, l.dim, l.size, l.stride)
  return out
end

local function offset_of(t) return tonumber(layout(t).offset) end

-- For each place of a storage, how many places there are up to it that one of these tensors in it uses.
local function count_used(tensors)
  local used = torch.LongTensor(storage_size(tensors[1])):zero()
  for _, t in ipairs(tensors) do view_in(used, t, offset_of(t)):fill(1):set() end
  memory.call(C.mt_scan, C.mt_op_find('cumsum'), used, used, 0)
  return used
end

-- The storages under the tensors, each a list of its tensors; whole: one of them uses all of it
local function find_storages(tensors)
  local list, by_address = {}, {}
  for _, t in ipairs(tensors) do
    local at = memory_address(t)
    if at ~= 0 and t:nElement() > 0 then
      local s = by_address[at] or {}
      if #s == 0 then list[#list + 1], by_address[at] = s, s end
      s[#s + 1], s.whole = t, s.whole or t:isContiguous() and t:nElement() == storage_size(t)
    end
  end
  return list
end

-- Gives each storage its place in a row of all of them (from 0), without the elements that nobody uses; their count.
local function lay_out(storages)
  local total = 0
  for _, s in ipairs(storages) do
    s.place, s.rank = total, not s.whole and count_used(s)
    total = total + (s.whole and storage_size(s[1]) or s.rank[s.rank:nElement()])
  end
  return total
end

-- Moves the tensors of a storage, each of which lets go of its memory at once.
local function move(flat, s, moved)
  for _, t in ipairs(s) do
    local offset = offset_of(t)
    if not moved[t] then
      moved[t] = view_in(flat, t, s.place + (s.rank and s.rank[offset + 1] - 1 or offset))
      moved[t]:copy(t)
      t:set(moved[t])
      moved[t]:set()
    end
  end
end

--- One vector with the elements of all tensors, which become views of it. Memory that tensors share is laid out once,
-- and elements of their storages that none of them uses are left out.
function utils.flatten(tensors)
  if #tensors == 0 then return torch.Tensor() end
  local first = tensors[1]
  for _, t in ipairs(tensors) do
    if t:type() ~= first:type() then
      errors.fail('flatten: expected tensors of one type, got %s and %s', first:type(), t:type())
    end
  end
  local storages, moved = find_storages(tensors), {}
  local total = lay_out(storages)
  if total == 0 then return first.new() end
  local flat = first.new(total)
  for _, s in ipairs(storages) do
    move(flat, s, moved)
    if s.rank then s.rank:set() end   -- not left to the collector
  end
  C.mt_memory_trim(layout(flat).device)   -- the memory that they had is of sizes that hardly come again
  return flat
end

return utils

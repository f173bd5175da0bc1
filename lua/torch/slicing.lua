--- t[k] and t[k] = v. A number gives an element or a slice, a table selects and narrows dimension by dimension, a
-- LongStorage holds one place for each dimension, a ByteTensor is a mask. Places count from 1, negative ones from the
-- end; fractions are cut off, as in Torch7.
local C = require 'torch.ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'

local F, state = op.F, op.state
local layout, block, kind_of = handle.layout, handle.block, handle.kind
local is_tensor, is_storage = handle.is_tensor, handle.is_storage
local read, read_exact, write, is_int64 = elements.read, elements.read_exact, elements.write, elements.is_int64
local fail, floor, ceil = errors.fail, math.floor, math.ceil

local slicing = {}

-- -- Places -----------------------------------------------------------------------------------------------------

-- number: the user's number of the dimension, where that is not dim + 1
local function bad_index(l, dim, i, number)
  if l.dim == 0 then fail('index: the tensor has no elements') end
  if type(i) ~= 'number' then fail('index: expected a number, a table, a LongStorage or a mask, got %s', type(i)) end
  fail('index: %s is outside 1..%d (dimension %d)', tostring(i), tonumber(l.size[dim]), number or dim + 1)
end

-- A place as C counts it.
local function place(l, dim, i, number)
  if is_int64(i) then i = tonumber(i) end
  if type(i) ~= 'number' or l.dim == 0 then bad_index(l, dim, i, number) end
  local size = tonumber(l.size[dim])
  local at = i >= 1 and floor(i) - 1 or i <= -1 and size + ceil(i) or -1
  if at < 0 or at >= size then bad_index(l, dim, i, number) end
  return at
end

-- -- Views ------------------------------------------------------------------------------------------------------

-- t[{2, {1, 3}, {}}]: numbers select, pairs narrow, {} takes all. Gives a view, and whether every entry was a number.
local function slice(t, list)
  local out, dim, all_numbers = t, 0, #list > 0 and #list == layout(t).dim
  if #list > layout(t).dim then fail('index: %d indices for %d dimensions', #list, layout(t).dim) end
  for k = 1, #list do
    local l, entry = layout(out), list[k]
    if type(entry) == 'table' then
      all_numbers = false
      if #entry > 0 then
        local first, last = place(l, dim, entry[1], k), place(l, dim, entry[2] or entry[1], k)
        if last < first then fail('index: {%s, %s} is an empty range', tostring(entry[1]), tostring(entry[2])) end
        out = F.narrow(out, dim, first, last - first + 1)
      end
      dim = dim + 1
    elseif l.dim == 1 then
      out = F.narrow(out, dim, place(l, dim, entry, k), 1)
    else
      out = F.select(out, dim, place(l, dim, entry, k))
    end
  end
  return out, all_numbers
end

local function from_long_storage(s)
  if block(s).dtype ~= C.MT_INT64 then fail('index: expected a LongStorage, got a %s', kind_of(s).storage_name) end
  return s:totable()
end

local function recorded(t) return state.tape and state.tape.slot[t] end

-- An element that is being recorded: a tensor that stands for a number.
local function number(t) return state.tape:as_number(t) or t end

-- -- Reading ----------------------------------------------------------------------------------------------------

-- t[i]: a number where t has one dimension, else a slice
local function get_index(t, i)
  local l = layout(t)
  local at = place(l, 0, i)
  if l.dim > 1 then return F.select(t, 0, at) end
  if recorded(t) then return number(F.select(t, 0, at)) end
  return read(t, tonumber(l.offset + at * l.stride[0]))
end

local function get_slice(t, list)
  local out, all_numbers = slice(t, list)
  if not all_numbers then return out end
  if recorded(out) then return number(out) end
  local at = tonumber(layout(out).offset)
  if is_int64(list[#list]) then return read_exact(out, at) end
  return read(out, at)
end

local function get_exact(t, i)
  local l = layout(t)
  if l.dim ~= 1 then return get_index(t, i) end
  return read_exact(t, tonumber(l.offset + place(l, 0, i) * l.stride[0]))
end

--- t[k] for anything but a string
function slicing.get(t, k)
  if layout(t) and type(k) == 'number' then return get_index(t, k) end
  if type(k) == 'table' then return get_slice(t, k) end
  if is_storage(k) then return get_slice(t, from_long_storage(k)) end
  if is_tensor(k) then return t:maskedSelect(k) end
  if is_int64(k) then return get_exact(t, k) end
  return bad_index(layout(t), 0, k)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

local function assign(view, v)
  if is_tensor(v) then return view:copy(v) end
  return view:fill(elements.value('index', v))
end

local function clone_with(a, list, v)
  local out = F.clone(a)
  assign((slice(out, list)), v)
  return out
end

local put = {'put', inputs = 2,
  doc = 'put(x, y, places): x with y, a tensor or a number, in the slice that x[places] names',
  sample = function(make)
    return {{make(3, 4), make(4), {2}}, {make(3, 4), make(2, 2), {{1, 2}, {-2, -1}}}, {make(3, 4), 5, {{}, 1}}}
  end,
  vjp = {function(g, _, _, _, list) return F.put(g, 0, list) end,
         function(g, _, _, b, list)
           local part = F.reshape_like((slice(g, list)), b)
           return kind_of(part) == kind_of(b) and part or F.cast(part, kind_of(b))
         end}}
op.own(put, function(a, v, list)
  return op.record(put, op.unrecorded(clone_with, a, list, v), a, is_tensor(v) and v or nil, nil, list)
end)

-- One element, repeated to the sizes of view.
local function expanded(v, view)
  local ones = {}
  for d = 1, layout(view).dim do ones[d] = 1 end
  return F.expand(v:view(unpack(ones)), view)
end

-- While a tape is open, the whole of t is written: what is read of it later depends on v.
local function put_recorded(t, list, v)
  local tape = state.tape
  local view = op.unrecorded(slice, t, list)
  if is_tensor(v) and tape:is_number(v) and view:nElement() > 1 then v = expanded(v, view) end
  op.unrecorded(assign, view, v)
  op.record(put, t, t, is_tensor(v) and v or nil, nil, list, nil, nil, nil, true)
end

local function put_index(t, i, v)
  local l = layout(t)
  local at = place(l, 0, i)
  if state.tape then return put_recorded(t, {tonumber(i)}, v) end
  if l.dim == 1 and not is_tensor(v) then
    return write(t, tonumber(l.offset + at * l.stride[0]), elements.value('index', v))
  end
  return assign(F.select(t, 0, at), v)
end

--- t[k] = v
function slicing.put(t, k, v)
  if layout(t) and (type(k) == 'number' or is_int64(k)) then return put_index(t, k, v) end
  if is_tensor(k) then
    if is_tensor(v) then return t:maskedCopy(k, v) end
    return t:maskedFill(k, v)
  end
  if is_storage(k) then k = from_long_storage(k) end
  if type(k) ~= 'table' then bad_index(layout(t), 0, k) end
  if state.tape then return put_recorded(t, k, v) end
  assign((slice(t, k)), v)
end

return slicing

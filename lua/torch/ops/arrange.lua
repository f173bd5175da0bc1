--- Elements in another arrangement: reversed, turned round, padded, stacked, made unique; and places in sorted lines.
-- Dimensions count from 0 here; places from 1.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local types = require 'torch.types'

local F, own, composed, record = op.F, op.own, op.composed, op.record
local call, like, new, layout, is_tensor = memory.call, handle.like, handle.new, handle.layout, handle.is_tensor
local buffer = sizes.buffer

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

local function size(a, dim)
  op.check_dim('size', a, dim)
  return tonumber(layout(a).size[dim])
end

-- -- Reversed and turned round ----------------------------------------------------------------------------------

own({'flip', doc = 'flip(x, dims): the elements in reverse order along each of these dimensions',
  sample = function(make) return {{make(3, 4), {1}}, {make(2, 3, 2), {0, 2}}} end,
  vjp = {function(g, _, _, dims) return F.flip(g, dims) end}},
  function(a, dims)
    check('flip', a)
    local out = F.detach(a)
    for i = 1, #dims do
      local n = size(a, dims[i])
      out = F.index_select(out, dims[i], F.places(a, n, -1, n))
    end
    return record(op.by_name.flip, #dims == 0 and F.clone(out) or out, a, nil, nil, dims)
  end)

own({'roll',
  doc = 'roll(x, shifts, dims): the elements moved on by so many places of each dimension; those that leave at the ' ..
        'end come in at the start',
  sample = function(make) return {{make(3, 4), {1}, {1}}, {make(2, 3, 5), {-2, 4}, {2, 0}}} end,
  vjp = {function(g, _, _, shifts, dims)
    local back = {}
    for i = 1, #shifts do back[i] = -shifts[i] end
    return F.roll(g, back, dims)
  end}},
  function(a, shifts, dims)
    check('roll', a)
    local out = F.clone(F.detach(a))
    for i = 1, #dims do
      local n = size(a, dims[i])
      local k = n > 0 and shifts[i] % n or 0
      if k > 0 then
        out = F.cat({F.narrow(out, dims[i], n - k, k), F.narrow(out, dims[i], 0, n - k)}, dims[i])
      end
    end
    return record(op.by_name.roll, out, a, nil, nil, shifts, dims)
  end)

-- -- Padded -----------------------------------------------------------------------------------------------------

-- Copies the part of a that lies within sizes grown by pads to where it lies in the result.
local function copy_common(a, out, pads)
  local from, to = handle.alias(a), handle.alias(out)
  for d = 0, layout(a).dim - 1 do
    local before, after = pads[2 * d + 1], pads[2 * d + 2]
    local first = math.max(0, -before)
    local length = math.max(0, size(a, d) - math.max(0, -after) - first)
    call(C.mt_narrow, from, from, d, math.min(first, size(a, d)), length)
    call(C.mt_narrow, to, to, d, length > 0 and math.max(0, before) or 0, length)
  end
  call(C.mt_copy, to, from)
  C.mt_tensor_release(from)   -- the memory of operand and result is not held until the collector comes
  C.mt_tensor_release(to)
end

own({'pad',
  doc = 'pad(x, pads, value): x with a number around it; pads has for each dimension the places before and behind, ' ..
        'and negative ones are cut off',
  sample = function(make) return {{make(3, 4), {1, 0, 2, 1}, 0}, {make(3, 5), {0, 2, -1, -2}, 2}} end,
  vjp = {function(g, _, _, pads)
    local back = {}
    for i = 1, #pads do back[i] = -pads[i] end
    return F.pad(g, back, 0)
  end}},
  function(a, pads, value)
    check('pad', a)
    local l, out = layout(a), like(a)
    for d = 0, l.dim - 1 do
      buffer[d] = l.size[d] + pads[2 * d + 1] + pads[2 * d + 2]
      if buffer[d] < 0 then errors.fail('pad: more is cut off than dimension %d has', d + 1) end
    end
    call(C.mt_tensor_resize, out, l.dim, buffer)
    call(C.mt_fill, out, value)
    copy_common(a, out, pads)
    return record(op.by_name.pad, out, a, nil, nil, pads)
  end)

-- Which of n places, from 1, stands at place i (from 0, and negative before the first).
local at_place = {
  reflect = function(i, n)
    if n == 1 then return 1 end
    local place = i % (2 * n - 2)
    return place < n and place + 1 or 2 * n - 1 - place
  end,
  replicate = function(i, n) return math.min(math.max(i, 0), n - 1) + 1 end,
  circular = function(i, n) return i % n + 1 end,
}

-- How many places a mode can add: more would repeat what has been repeated.
local most = {
  reflect = function(n) return n - 1 end,
  replicate = function() return math.huge end,
  circular = function(n) return n end,
}

-- The places along a dimension that padding takes.
local function padded_places(a, dim, before, after, mode)
  local n = size(a, dim)
  local total, limit, place = n + before + after, most[mode](n), at_place[mode]
  if n == 0 or before > limit or after > limit then
    errors.fail('pad: %s cannot add %d and %d places to the %d of dimension %d', mode, before, after, n, dim + 1)
  end
  if total < 0 then errors.fail('pad: more is cut off than dimension %d has', dim + 1) end
  local places = new(C.MT_INT64, C.MT_CPU)
  buffer[0] = total
  call(C.mt_tensor_resize, places, 1, buffer)
  local data = ffi.cast('int64_t *', C.mt_tensor_data(places))
  for i = 0, total - 1 do data[i] = place(i - before, n) end
  -- an op's result goes with its tape, where there is one
  local out = F.cast(places, types.at[layout(a).device][C.MT_INT64])
  C.mt_tensor_release(places)
  return out
end

composed({'pad_by',
  doc = 'pad_by(x, pads, mode): x with its own elements around it: mirrored at its border (reflect), those of the ' ..
        'border (replicate), or those of the other side (circular)',
  sample = function(make)
    return {{make(3, 4), {1, 2, 2, 3}, 'reflect'}, {make(2, 3), {0, 2, 1, 4}, 'replicate'},
            {make(3, 4), {-1, 3, 2, 0}, 'circular'}}
  end},
  function(a, pads, mode)
    check('pad', a)
    for d = 0, layout(a).dim - 1 do
      local before, after = pads[2 * d + 1], pads[2 * d + 2]
      if before ~= 0 or after ~= 0 then
        a = F.index_select(a, d, padded_places(a, d, before, after, mode))
      end
    end
    return a
  end)

-- -- Stacked ----------------------------------------------------------------------------------------------------

composed({'stack', inputs = 'list',
  doc = 'stack({x, y, …}, dim): tensors of equal sizes side by side along a new dimension',
  sample = function(make) return {{{make(2, 3), make(2, 3)}, 0}, {{make(3), make(3), make(3)}, 1}} end},
  function(list, dim)
    local parts = {}
    for i = 1, #list do
      check('stack', list[i])
      if not list[i]:isSameSizeAs(list[1]) then
        errors.fail('stack: expected tensors of equal sizes, got %s and %s', sizes.text(list[1]), sizes.text(list[i]))
      end
      parts[i] = F.unsqueeze(list[i], dim)
    end
    return F.cat(parts, dim)
  end)

-- -- Sorted -----------------------------------------------------------------------------------------------------

own({'searchsorted', inputs = 2,
  doc = 'searchsorted(sorted, values, right): for each value the place where it goes into its sorted line (there is ' ..
        'one, or one for each line of values), before its equals or, where right is true, behind them',
  sample = function(make)
    return {{(F.sort(make(6), 0, 0)), make(2, 3), false}, {(F.sort(make(2, 5), 1, 0)), make(2, 3), true}}
  end},
  function(sorted, values, right)
    check('searchsorted', sorted)
    check('searchsorted', values)
    local out = new(C.MT_INT64, layout(values).device)
    call(C.mt_searchsorted, out, sorted, values, right and 1 or 0)
    return record(op.by_name.searchsorted, out, sorted, values)
  end)

-- 1 for the first of each run of equals in a sorted vector
local function run_starts(x, n)
  local out = new(C.MT_UINT8, layout(x).device)
  call(C.mt_tensor_resize, out, 1, layout(x).size)
  call(C.mt_fill, out, 1)
  if n > 1 then
    call(C.mt_copy, F.narrow(out, 0, 1, n - 1), F.ne(F.narrow(x, 0, 1, n - 1), F.narrow(x, 0, 0, n - 1)))
  end
  return out
end

own({'unique', refuses = true,
  doc = 'unique(x): the different elements in ascending order, for each element its place among them, and how often ' ..
        'each comes; NaN equals nothing',
  sample = function(make) return {{make(3, 4)}, {F.cat({make(4), F.clone(make(2))}, 0)}} end},
  function(a)
    check('unique', a)
    local long = types.at[layout(a).device][C.MT_INT64]
    local function places() return new(long.dtype, long.device) end
    local n, flat, inverse = tonumber(C.mt_tensor_numel(a)), F.contiguous(F.detach(a)), places()
    if n == 0 then return record(op.by_name.unique, like(a), a), inverse, places() end
    buffer[0] = n
    local ordered, order = F.sort(F.view(flat, nil, 1), 0, 0)
    local starts = run_starts(ordered, n)
    local values, run = F.masked_select(ordered, starts), F.cumsum(F.cast(starts, long), 0)
    call(C.mt_tensor_resize, inverse, 1, layout(run).size)
    call(C.mt_scatter, inverse, 0, order, run, 0)
    local counts = F.index_add_like(F.add(F.mul(run, 0), 1), F.cast(values, long), 0, run)
    return record(op.by_name.unique, values, a), F.reshape_like(inverse, a), counts
  end)

--- Functions that Torch7 had not: einsum, stack, flip, roll, pad, unique, searchsorted, logsumexp; dimensions and
-- places count from 1, negative dimensions from the end.
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local reductions = require 'torch.reductions'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F
local is_tensor, layout = handle.is_tensor, handle.layout
local fail, dim_of = errors.fail, sizes.dim

local functions = {}

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
  return x
end

local function whole(name, v)
  if type(v) ~= 'number' or v ~= math.floor(v) then fail('%s: expected a whole number, got %s', name, tostring(v)) end
  return v
end

-- Dimensions given as numbers or in a table, each once; all where there are none.
local function dims_of(name, x, first, ...)
  local list, dims, seen = type(first) == 'table' and first or {first, ...}, {}, {}
  for i = 1, #list do
    dims[i] = dim_of(name, x, list[i])
    if seen[dims[i]] then fail('%s: dimension %d comes twice', name, dims[i] + 1) end
    seen[dims[i]] = true
  end
  for d = 0, first == nil and layout(x).dim - 1 or -1 do dims[d + 1] = d end
  return dims
end

-- -- Sums of products -------------------------------------------------------------------------------------------

--- torch.einsum(formula, x, y, …) or torch.einsum(formula, {x, y, …}): the sum of products that the formula writes with
-- a letter for each dimension, as in A. Einstein's notation. Letters that are not behind the arrow are summed over; the
-- same letter twice in one operand takes the diagonal; '...' stands for further dimensions, which broadcast. Without an
-- arrow the result has the letters that come once, in alphabetical order. Gives a number where nothing is left
--   torch.einsum('ij,jk->ik', a, b)        the product of matrices
--   torch.einsum('bqd,bkd->bqk', q, k)     all inner products of two sequences, in a batch
--   torch.einsum('ii', a)                  the trace
function functions.einsum(formula, first, ...)
  local out, is_number = F.einsum(type(first) == 'table' and first or {first, ...}, formula)
  return is_number and reductions.number(out) or out
end

-- -- Arrangement ------------------------------------------------------------------------------------------------

--- torch.stack({x, y, …}[, dim]): tensors of equal sizes side by side along a new dimension, by default the first
function functions.stack(list, dim)
  if type(list) ~= 'table' or #list == 0 then fail('stack: expected a table of tensors') end
  return F.stack(list, dim_of('stack', check('stack', list[1]), dim or 1, 1))
end

--- torch.flip(x[, dims…]): the elements in reverse order along these dimensions, by default all
function functions.flip(x, ...) return F.flip(check('flip', x), dims_of('flip', x, ...)) end

--- torch.roll(x, shift[, dim]), torch.roll(x, {shift, …}, {dim, …}): the elements moved on by so many places of a
-- dimension; those that leave at the end come in at the start. Without a dimension x is taken as one line
function functions.roll(x, shifts, dims)
  shifts = type(shifts) == 'table' and shifts or {shifts}
  for i = 1, math.max(1, #shifts) do whole('roll', shifts[i]) end
  if dims ~= nil then
    dims = dims_of('roll', check('roll', x), dims)
    if #dims ~= #shifts then fail('roll: %d shifts for %d dimensions', #shifts, #dims) end
    return F.roll(x, shifts, dims)
  end
  if #shifts > 1 then fail('roll: %d shifts without dimensions', #shifts) end
  local n = check('roll', x):nElement()
  if n == 0 then return F.clone(x) end
  return F.reshape_like(F.roll(F.contiguous(x):view(n), shifts, {0}), x)
end

local modes = {constant = true, reflect = true, replicate = true, circular = true}

--- torch.pad(x, {left, right, top, bottom, …}[, mode[, value]]): x with places more at the ends of its last dimension,
-- of the one before, and so on; negative ones are cut off. They hold a number ('constant', 0 by default), the elements
-- mirrored at the border ('reflect'), those of the border ('replicate') or those of the other side ('circular')
--   torch.pad(torch.Tensor{1, 2, 3}, {2, 1}, 'reflect')  → 3, 2, 1, 2, 3, 2
function functions.pad(x, pads, mode, value)
  local n, around = layout(check('pad', x)).dim, {}
  mode = mode or 'constant'
  if not modes[mode] then fail('pad: expected constant, reflect, replicate or circular, got %s', tostring(mode)) end
  if type(pads) ~= 'table' or #pads % 2 ~= 0 or #pads > 2 * n then
    fail('pad: expected a table with two numbers for each of up to %d dimensions', n)
  end
  for d = 0, n - 1 do
    local at = 2 * (n - 1 - d)
    around[2 * d + 1], around[2 * d + 2] = whole('pad', pads[at + 1] or 0), whole('pad', pads[at + 2] or 0)
  end
  if mode ~= 'constant' then return F.pad_by(x, around, mode) end
  value = value or 0
  if type(value) ~= 'number' then fail('pad: expected a number as the value, got %s', type(value)) end
  return F.pad(x, around, value)
end

-- -- Sorted elements --------------------------------------------------------------------------------------------

--- torch.unique(x): the different elements in ascending order; for each element of x its place among them; and how
-- often each comes. NaN equals nothing
function functions.unique(x) return F.unique(check('unique', x)) end

--- torch.searchsorted(sorted, values[, right]): for each value the place (from 1) where it goes into the ascending line
-- sorted, before its equals or, where right is true, behind them. values may be a number; sorted may have a line for
-- each line of values
function functions.searchsorted(sorted, values, right)
  check('searchsorted', sorted)
  if type(values) ~= 'number' then return F.searchsorted(sorted, values, right) end
  return (F.searchsorted(sorted, handle.like(sorted):resize(1):fill(values), right):item())
end

-- -- Reductions -------------------------------------------------------------------------------------------------

--- torch.logsumexp(x[, dim]): log Σ exp(x) along a dimension, or several in a table, or of all elements, without
-- overflow
function functions.logsumexp(x, dim)
  local set = reductions.dims_of('logsumexp', check('logsumexp', x), dim)
  local out = F.logsumexp(x, set)
  return dim == nil and reductions.number(out) or out
end

local methods = {}
for _, name in ipairs {'flip', 'roll', 'pad', 'unique', 'searchsorted', 'logsumexp'} do
  methods[name] = functions[name]
end

return {functions = functions, methods = methods}

--- Torch7's forms of sorting and choosing by rank, and of triangles and diagonals; dimensions and places count from 1.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local reductions = require 'torch.reductions'
local results = require 'torch.results'
local sizes = require 'torch.sizes'

local F, state = op.F, op.state
local is_tensor, layout = handle.is_tensor, handle.layout
local call, fail, into = memory.call, errors.fail, results.into
local dim_of, integer = sizes.dim, sizes.integer

local functions, methods = {}, {}

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
  return x
end

local function long(x) return handle.new(C.MT_INT64, layout(x).device) end

-- The dimension, the last one when left out; a vector's when x has no elements.
local function along(name, x, dim)
  if layout(check(name, x)).dim == 0 and (dim == nil or dim == 1) then return 0 end
  return dim_of(name, x, dim or layout(x).dim)
end

-- -- Order ------------------------------------------------------------------------------------------------------

local function sort(values, places, x, dim, descending)
  if type(dim) == 'boolean' then dim, descending = nil, dim end
  dim, descending = along('sort', x, dim), descending and 1 or 0
  if state.tape then return results.finish(values, places, F.sort(x, dim, descending)) end
  values, places = values or handle.like(x), places or long(x)
  call(C.mt_sort, values, places, x, dim, descending)
  return values, places
end

--- torch.sort([values,] [places,] x[, dim][, descending]): the elements in order along a dimension (the last one), and
-- the places they came from; equals stay in their order
function functions.sort(...) return sort(results.read('sort', ...)) end

local function topk(values, places, x, k, dim, largest, sorted)
  if type(k) == 'boolean' then k, dim, largest, sorted = nil, nil, k, dim end
  if type(dim) == 'boolean' then dim, largest, sorted = nil, dim, largest end
  dim, k = along('topk', x, dim), integer('topk', k or 1)
  largest, sorted = largest and 1 or 0, sorted and 1 or 0
  if state.tape then return results.finish(values, places, F.topk(x, k, dim, largest, sorted)) end
  values, places = values or handle.like(x), places or long(x)
  call(C.mt_topk, values, places, x, k, dim, largest, sorted)
  return values, places
end

--- torch.topk([values,] [places,] x[, k][, dim][, largest][, sorted]): the k (1) least elements along a dimension (the
-- last one), or the largest, and their places; in order when sorted is true
function functions.topk(...) return topk(results.read('topk', ...)) end

local function pick(op_name, values, places, x, k, dim, name)
  dim = along(name or op_name, x, dim)
  if state.tape then
    if op_name == 'mode' then return results.finish(values, places, F.mode(x, dim)) end
    return results.finish(values, places, F.kthvalue(x, k, dim))
  end
  values, places = values or handle.like(x), places or long(x)
  call(C.mt_pick, op.by_name[op_name].id, values, places, x, k, dim)
  return values, places
end

local function kthvalue(values, places, x, k, dim)
  return pick('kthvalue', values, places, x, integer('kthvalue', k), dim)
end

--- torch.kthvalue([values,] [places,] x, k[, dim]): the k-th least element along a dimension (the last one), and its
-- place
function functions.kthvalue(...) return kthvalue(results.read('kthvalue', ...)) end

local function median(values, places, x, dim)
  local n = layout(x).dim > 0 and tonumber(layout(x).size[along('median', x, dim)]) or 0
  return pick('kthvalue', values, places, x, math.floor((n + 1) / 2), dim, 'median')
end

--- torch.median([values,] [places,] x[, dim]): the middle element along a dimension (the last one), the lower one of
-- two, and its place
function functions.median(...) return median(results.read('median', ...)) end

local function mode(values, places, x, dim) return pick('mode', values, places, x, 0, dim) end

--- torch.mode([values,] [places,] x[, dim]): the most frequent element along a dimension (the last one), the least of
-- equally frequent ones, and its last place
function functions.mode(...) return mode(results.read('mode', ...)) end

for _, name in ipairs {'sort', 'topk', 'kthvalue', 'median', 'mode'} do methods[name] = functions[name] end

-- -- Triangles and diagonals of a matrix ------------------------------------------------------------------------

for _, name in ipairs {'tril', 'triu'} do
  functions[name] = function(a, b, k)
    if not is_tensor(b) then return F[name](a, integer(name, b or 0)) end
    return into(check(name, a), F[name](b, integer(name, k or 0)))
  end
  methods[name] = functions[name]
end

-- The places of the k-th diagonal in a matrix of rows × columns whose elements are counted in order.
local function diagonal(x, rows, columns, k)
  local row, column = math.max(0, -k), math.max(0, k)
  local n = math.min(rows - row, columns - column)
  if n < 1 then fail('diag: a matrix of sizes %dx%d has no diagonal %d', rows, columns, k) end
  return F.places(x, row * columns + column + 1, columns + 1, n)
end

-- Sizes without memory: one element, expanded.
local function model(x, size)
  local out = handle.like(x)
  sizes.buffer[0] = 1
  call(C.mt_tensor_resize, out, 1, sizes.buffer)
  sizes.buffer[0] = size
  call(C.mt_expand, out, out, 1, sizes.buffer)
  return out
end

local function diag(x, k)
  local l = layout(check('diag', x))
  k = integer('diag', k or 0)
  if l.dim == 2 then
    local places = diagonal(x, tonumber(l.size[0]), tonumber(l.size[1]), k)
    return F.index_select(F.contiguous(x):view(x:nElement()), 0, places)
  end
  if l.dim ~= 1 then fail('diag: expected a vector or a matrix, got %s', sizes.text(x)) end
  local n = tonumber(l.size[0]) + math.abs(k)
  return F.index_add_like(x, model(x, n * n), 0, diagonal(x, n, n, k)):view(n, n)
end

--- torch.diag([result,] x[, k]): the k-th diagonal of a matrix as a vector, or the matrix with a vector on that
-- diagonal
function functions.diag(a, b, k)
  if not is_tensor(b) then return diag(a, b) end
  return into(check('diag', a), diag(b, k))
end
methods.diag = functions.diag

--- torch.trace(x): the sum of a matrix's diagonal
function functions.trace(x)
  if layout(check('trace', x)).dim ~= 2 then fail('trace: expected a matrix, got %s', sizes.text(x)) end
  return reductions.functions.sum(diag(x))
end
methods.trace = functions.trace

-- -- Vectors of three -------------------------------------------------------------------------------------------

-- The slices of a dimension of size 3 in another order.
local function turned(x, dim, first, second, third)
  return F.cat({F.narrow(x, dim, first, 1), F.narrow(x, dim, second, 1), F.narrow(x, dim, third, 1)}, dim)
end

local function cross(a, b, dim)
  local l = layout(check('cross', a))
  if not check('cross', b):isSameSizeAs(a) then
    fail('cross: expected equal sizes, got %s and %s', sizes.text(a), sizes.text(b))
  end
  if dim then
    dim = dim_of('cross', a, dim)
  else
    dim = 0
    while dim < l.dim and l.size[dim] ~= 3 do dim = dim + 1 end
  end
  if dim == l.dim or l.size[dim] ~= 3 then fail('cross: expected a dimension of size 3, got %s', sizes.text(a)) end
  return F.sub(F.mul(turned(a, dim, 1, 2, 0), turned(b, dim, 2, 0, 1)),
               F.mul(turned(a, dim, 2, 0, 1), turned(b, dim, 1, 2, 0)))
end

--- torch.cross([result,] x, y[, dim]): the vector product along a dimension of size 3, by default the first such
function functions.cross(a, b, c, dim)
  if not is_tensor(c) then return cross(a, b, c) end
  return into(check('cross', a), cross(b, c, dim))
end
methods.cross = functions.cross

return {functions = functions, methods = methods}

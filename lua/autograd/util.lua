--- autograd.util: what torch-autograd's scripts use beside torch: comparisons, nested tables, small pieces of models.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'

local F = op.F
local is_tensor = handle.is_tensor

local util = {}

-- -- Numbers ----------------------------------------------------------------------------------------------------
-- A number that is being recorded is a tensor of one element, which Lua's < does not know.

local function value(x)
  if not is_tensor(x) then return x end
  if x:nElement() ~= 1 then errors.fail('util: expected a number, got a tensor of %d elements', x:nElement()) end
  return x:item()
end

--- util.lt(a, b), le, gt, ge, eq: a < b and so on for numbers, also where they are being recorded.
function util.lt(a, b) return value(a) < value(b) end
function util.le(a, b) return value(a) <= value(b) end
function util.gt(a, b) return value(a) > value(b) end
function util.ge(a, b) return value(a) >= value(b) end
function util.eq(a, b) return value(a) == value(b) end

--- util.defaultBool(b, default): b, or default where it is nil.
function util.defaultBool(b, default)
  if b == nil then return default end
  return b
end

-- -- Nested tables ----------------------------------------------------------------------------------------------

-- The keys of a table in order; keys that Lua cannot compare are ordered by their text.
local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  if not pcall(table.sort, keys) then
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  end
  return keys
end

local function flatten(x, flat, keys, path, once)
  if type(x) ~= 'table' or once == false then
    flat[#flat + 1], keys[#keys + 1] = x, {unpack(path)}
    return flat, keys
  end
  for _, k in ipairs(sorted_keys(x)) do
    path[#path + 1] = k
    flatten(x[k], flat, keys, path, once and false)
    path[#path] = nil
  end
  return flat, keys
end

--- util.sortedFlatten(t[, list[, shallow]]): what is in a nested table as a list, in the order of the keys. shallow:
-- tables in it stay as they are.
function util.sortedFlatten(t, list, shallow)
  return (flatten(t, list or {}, {}, {}, shallow or nil))
end

--- util.sortedFlattenKeys(t): the same, and the list of each one's keys.
function util.sortedFlattenKeys(t, list, keys, _, shallow)
  return flatten(t, list or {}, keys or {}, {}, shallow or nil)
end

--- util.nestedGet(t, {k1, k2, …}) is t[k1][k2]…; util.nestedSet(t, {k1, k2, …}, v) sets it.
function util.nestedGet(t, keys)
  for _, k in ipairs(keys or {}) do t = t[k] end
  return t
end

function util.nestedSet(t, keys, v)
  for i = 1, #keys - 1 do t = t[keys[i]] end
  t[keys[#keys]] = v
end

function util.shallowCopy(t)
  if type(t) ~= 'table' then return t end
  local copy = {}
  for k, v in pairs(t) do copy[k] = v end
  return copy
end

--- util.deepCopy(t): the nested tables anew, with the same tensors in them.
function util.deepCopy(t)
  if type(t) ~= 'table' then return t end
  local copy = {}
  for k, v in pairs(t) do copy[k] = util.deepCopy(v) end
  return copy
end

local short = {float = 'torch.FloatTensor', double = 'torch.DoubleTensor', cuda = 'torch.CudaTensor',
               half = 'torch.HalfTensor'}

--- util.cast(x, type): a tensor, or a nested table with its tensors, converted to 'float', 'double', 'cuda' or a type.
function util.cast(x, type)
  if is_tensor(x) then return x:type(short[type] or type) end
  if _G.type(x) ~= 'table' then return x end
  local out = {}
  for k, v in pairs(x) do out[k] = util.cast(v, type) end
  return out
end

-- -- New tensors ------------------------------------------------------------------------------------------------

function util.newTensorLike(x) return x.new(x:size()) end

--- util.zerosLike(a[, b]): zeros of a's type and b's sizes, or a's.
function util.zerosLike(a, b) return a.new((b or a):size()):zero() end

--- util.fill(x, v): x's sizes and type, with the number v everywhere.
function util.fill(x, v)
  if is_tensor(v) then return F.add(util.zerosLike(x), v) end
  return x.new(x:size()):fill(v)
end
util.fillSameSizeAs = util.fill

function util.typeAsIfNeeded(a, b) return a:typeAs(b) end

-- The places x[{{}, …, at}], at in dimension dim.
local function places(dim, at)
  local list = {}
  for d = 1, dim - 1 do list[d] = {} end
  list[dim] = at
  return list
end

--- util.selectSliceCopy(g, x, dim, i): zeros of x's sizes with g in slice i of a dimension.
function util.selectSliceCopy(g, x, dim, i) return F.put(util.zerosLike(g, x), g, places(dim, i)) end

--- util.narrowSliceCopy(g, x, dim, first, n): zeros of x's sizes with g in the n slices from first on.
function util.narrowSliceCopy(g, x, dim, first, n)
  return F.put(util.zerosLike(g, x), g, places(dim, {first, first + n - 1}))
end

--- util.indexAdd(g, x, dim, index): zeros of x's sizes, with the slices of g added at the places in index.
function util.indexAdd(g, x, dim, index) return F.index_add_like(g, x, dim - 1, index:long()) end

--- util.setNotEqual(a, b, c, v): v where a and b are equal, and c elsewhere.
function util.setNotEqual(a, b, c, v) return F.where(F.eq(a, b), v, c) end

--- util.cat(x, y[, dim]), util.cat({x, y, …}[, dim]): tensors joined; numbers become a tensor.
function util.cat(x, y, dim)
  if is_tensor(x) then return torch.cat(x, y, dim or x:dim()) end
  local list, recorded = {}, nil
  for i, v in ipairs(x) do
    list[i] = v
    recorded = recorded or is_tensor(v) and v
  end
  if not recorded then return torch.Tensor(x) end
  for i, v in ipairs(list) do
    if not is_tensor(v) then list[i] = recorded.new(1):fill(v) end
  end
  return torch.cat(list, y or list[1]:dim())
end

--- util.catTableGradient(g, xs, dim): the parts of g that belong to each of the tensors which cat has joined.
function util.catTableGradient(g, xs, dim)
  local parts, first = {}, 1
  dim = dim or xs[1]:dim()
  for i, x in ipairs(xs) do
    parts[i] = g:narrow(dim, first, x:size(dim))
    first = first + x:size(dim)
  end
  return parts
end

function util.catNumberGradient(g, xs)
  local parts = {}
  for i = 1, #xs do parts[i] = g[i] end
  return parts
end

-- -- Pieces of models -------------------------------------------------------------------------------------------

--- util.oneHot(labels[, n]): a row of n numbers for each label, 1 at the label and 0 elsewhere.
function util.oneHot(labels, n)
  return labels.new(labels:nElement(), n or labels:max()):zero():scatter(2, labels:long():view(-1, 1), 1)
end

--- util.logSumExp(x): the logarithm of the sum of exp over all of x.
function util.logSumExp(x)
  local most = torch.max(x)
  return torch.log(torch.sum(torch.exp(F.sub(x, most)))) + most
end

--- util.logSoftMax(x): the logarithm of the softmax over all of x.
function util.logSoftMax(x) return F.sub(x, util.logSumExp(x)) end

function util.sigmoid(x) return torch.sigmoid(x) end

--- util.lookup(weights, indices): the rows of weights at the indices; one more dimension than indices has.
function util.lookup(weights, indices)
  local sizes = indices:size():totable()
  sizes[#sizes + 1] = weights:size(2)
  return torch.index(weights, 1, indices:long():contiguous():view(-1)):view(unpack(sizes))
end

--- util.dropout(x[, p]): each element 0 with probability p (0), else divided by 1 − p.
function util.dropout(x, p)
  local keep = 1 - (p or 0)
  return F.mul(x, util.newTensorLike(x):bernoulli(keep):div(keep))
end

-- -- Into a tensor ----------------------------------------------------------------------------------------------

util.new, util.clone, util.typeAs = util.newTensorLike, F.clone, util.typeAsIfNeeded

-- fillInPlace(out, x, v): as fill(x, v), into the tensor out
for _, name in ipairs {'sigmoid', 'setNotEqual', 'newTensorLike', 'fillSameSizeAs', 'zerosLike', 'selectSliceCopy',
                       'narrowSliceCopy', 'indexAdd', 'fill', 'clone', 'new', 'typeAs'} do
  local make = util[name]
  util[name .. 'InPlace'] = function(out, ...)
    local made = make(...)
    return out:resizeAs(made):copy(made)
  end
end
util.new, util.clone, util.typeAs = nil, nil, nil

return util

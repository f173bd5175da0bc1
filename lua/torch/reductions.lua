--- Torch7's forms of reductions and scans; dimensions count from 1.
-- A reduction of everything gives a number, or, while it is being recorded, a tensor of one element.
local bit = require 'bit'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local reduce_all = require('torch.ops.reduce').all
local results = require 'torch.results'
local sizes = require 'torch.sizes'
local tensor = require 'torch.tensor'

local F, state = op.F, op.state
local is_tensor = handle.is_tensor
local dim_of, item, into = sizes.dim, tensor.item, results.into

local functions, methods = {}, {}

local function is_recorded(t) return state.tape and state.tape.slot[t] end

-- The number in a tensor of one element; the tensor itself when a tape holds it.
local function number(t)
  return state.tape and state.tape:as_number(t) or item(t)
end

-- A reduction of everything. p: the norm's
local function number_of(name, x, p)
  if is_recorded(x) then return number(F[name](x, 0, p)) end
  return reduce_all(op.by_name[name], x, p)
end

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

-- A result takes what is left of a reduction over a dimension, which must then be named.
local function into_result(name, result, out)
  if not is_tensor(out) then errors.fail('%s: expected a dimension beside a result, got nothing', name) end
  return into(result, out)
end

local function dims_of(name, x, dim)
  if dim == nil then return 0 end
  if type(dim) == 'table' then
    local set = 0
    for i = 1, #dim do set = bit.bor(set, bit.lshift(1, dim_of(name, x, dim[i]))) end
    return set
  end
  return bit.lshift(1, dim_of(name, x, dim))
end

-- -- sum, mean, prod, all, any ----------------------------------------------------------------------------------

for _, name in ipairs {'sum', 'mean', 'prod'} do
  local reduce = F[name]
  local function run(x, dim, target)
    check(name, x)
    if dim ~= nil then return reduce(x, dims_of(name, x, dim), nil, target) end
    return number_of(name, x)
  end
  methods[name] = function(x, a, dim)
    if is_tensor(a) then return into_result(name, x, run(a, dim, results.target(x, a))) end
    return run(x, a)
  end
  functions[name] = methods[name]
end

for _, name in ipairs {'all', 'any'} do
  local reduce = F[name]
  -- all(x), whether; all([result,] x, dim), 1 or 0 for each line
  methods[name] = function(x, a, dim)
    if is_tensor(a) then return into(x, reduce(a, dims_of(name, a, dim))) end
    check(name, x)
    if a == nil then return reduce_all(op.by_name[name], x) ~= 0 end
    return reduce(x, dims_of(name, x, a))
  end
  functions[name] = methods[name]
end

-- -- Norms and deviations ---------------------------------------------------------------------------------------

local function norm(x, p, dim)
  check('norm', x)
  p = p == nil and 2 or p
  if type(p) ~= 'number' then errors.fail('norm: expected a number as p, got %s', type(p)) end
  if dim == nil then return number_of('norm', x, p) end
  return F.norm(x, dims_of('norm', x, dim), p)
end

--- norm(x[, p]), norm([result,] x, p, dim)
function functions.norm(x, a, p, dim)
  if is_tensor(a) then return into_result('norm', x, norm(a, p, dim)) end
  return norm(x, a, p)
end
methods.norm = functions.norm

-- var(x[, biased]), var([result,] x, dim[, biased])
local function spread(name, finish)
  local function run(x, dim, biased)
    check(name, x)
    if type(dim) == 'boolean' then dim, biased = nil, dim end
    local unbiased = biased and 0 or 1
    if dim == nil then return finish(number_of('var', x, unbiased)) end
    return finish(F.var(x, dims_of(name, x, dim), unbiased))
  end
  functions[name] = function(x, a, b, c)
    if is_tensor(a) then return into_result(name, x, run(a, b, c)) end
    return run(x, a, b)
  end
  methods[name] = functions[name]
end
spread('var', function(v) return v end)
spread('std', function(v) return type(v) == 'number' and math.sqrt(v) or F.sqrt(v) end)

--- dist(x, y[, p]): the norm of x − y
function functions.dist(x, y, p) return norm(F.sub(x, y), p) end
methods.dist = functions.dist

-- -- Extremes ---------------------------------------------------------------------------------------------------

for _, name in ipairs {'max', 'min'} do
  local reduce = F[name]
  local function run(x, dim)
    check(name, x)
    if dim ~= nil then return reduce(x, dim_of(name, x, dim)) end
    if not is_recorded(x) then return number_of(name, x) end
    local flat = F.view(F.contiguous(x), nil, (sizes.read(name, {x:nElement()})))
    return number((reduce(flat, 0)))
  end
  -- max(x), max([values,] [places,] x, dim)
  functions[name] = function(...)
    local values, places, x, dim = results.read(name, ...)
    if dim == nil then return run(x) end
    return results.finish(values, places, run(x, dim))
  end
  methods[name] = functions[name]
end

-- -- Scans ------------------------------------------------------------------------------------------------------

for _, name in ipairs {'cumsum', 'cumprod'} do
  local scan = F[name]
  functions[name] = function(x, a, dim)
    check(name, x)
    if is_tensor(a) then return into(x, scan(a, dim_of(name, a, dim or 1), results.target(x, a))) end
    return scan(x, dim_of(name, x, a or 1))
  end
  methods[name] = functions[name]
end

return {functions = functions, methods = methods, number = number, dims_of = dims_of}

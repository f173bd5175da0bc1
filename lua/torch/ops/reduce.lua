--- Reductions and running sums. dims is a set of dimensions as bits (bit 0 is the first one), 0 for all; reduced
-- dimensions stay with size 1, and a reduction of all gives one element.
local bit = require 'bit'
local C = require 'torch.ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local F, own, record = op.F, op.own, op.record
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout
local is_tensor = handle.is_tensor

-- How many elements of a go into each element of out.
local function group_size(a, out)
  return tonumber(C.mt_tensor_numel(a)) / math.max(1, tonumber(C.mt_tensor_numel(out)))
end

local function reduce(row)
  row.kind = 'reduce'
  -- into: the tensor to write, while nothing is recorded
  own(row, function(a, dims, p, into)
    if not is_tensor(a) then op.expected_tensor(row.name, a) end
    local out = into or like(a)
    call(C.mt_reduce, row.id, out, nil, a, dims or 0, p or 0)
    return record(row, out, a, nil, nil, dims or 0, p or 0)
  end)
  row.id = C.mt_op_find(row.name)
end

local numbers = {} -- by device: a tensor of one double

--- The number that row's op gives for all of a: its accumulator as it is, so a sum of floats is not rounded to float.
-- Recorded like any other op, but what a tape holds cannot be a number: ask state.tape.slot[a] before.
local function reduce_all(row, a, p)
  local device = layout(a).device
  local out = numbers[device]
  if not out then
    out = new(C.MT_DOUBLE, device)
    numbers[device] = out
  end
  call(C.mt_reduce, row.id, out, nil, a, 0, p or 0)
  record(row, out, a, nil, nil, 0, p or 0)
  return elements.item(out)
end

local function sample(make) return {{make(3, 4)}, {make(3, 4, 2), 1}, {make(3, 4, 2), 2}, {make(3, 4, 2), 5}} end
local function sample_positive(make) return {{make.positive(3, 4)}, {make.positive(3, 4, 2), 2}} end

reduce {'sum', sample = sample, vjp = {function(g, _, a) return F.expand(g, a) end},
  doc = 'sum(x[, dims]): the sum'}
reduce {'mean', dtypes = 'floats', sample = sample,
  vjp = {function(g, out, a) return F.expand(F.div(g, group_size(a, out)), a) end},
  doc = 'mean(x[, dims]): the mean'}

-- A zero takes the product of the others, when it is the only one.
reduce {'prod', uses = 'a', sample = sample_positive,
  vjp = {function(g, _, a, dims)
    local zero = F.eq(a, 0)
    local safe = F.where(zero, 1, a)
    local zeros = F.sum(F.cast(zero, handle.kind(a)), dims)
    local others = F.prod(safe, dims)
    local at_zero = F.expand(F.where(F.eq(zeros, 1), others, 0), a)
    local elsewhere = F.div(F.expand(F.where(F.eq(zeros, 0), others, 0), a), safe)
    return F.mul(F.expand(g, a), F.where(zero, at_zero, elsewhere))
  end},
  doc = 'prod(x[, dims]): the product'}

local function norm_rule(g, out, a, _, p)
  local scale = F.expand(g, a)
  if p == 0 then return F.mul(scale, 0) end
  if p == 1 then return F.mul(scale, F.sign(a)) end
  local wide = F.expand(out, a)
  if p == math.huge then return F.where(F.eq(F.abs(a), wide), F.mul(scale, F.sign(a)), 0) end
  local flat = F.eq(wide, 0)
  local safe = F.where(flat, 1, wide)
  local slope = p == 2 and F.div(a, safe) or F.mul(F.sign(a), F.pow(F.div(F.abs(a), safe), p - 1))
  return F.mul(scale, F.where(flat, 0, slope))
end

reduce {'norm', dtypes = 'floats', uses = 'ao', vjp = {norm_rule},
  sample = function(make) return {{make(3, 4), 0, 2}, {make(3, 4), 2, 1}, {make(3, 4), 1, 3}} end,
  doc = 'norm(x[, dims], p): (Σ|x|^p)^(1/p); p = 0 counts, p = inf is the greatest magnitude'}
reduce {'var', dtypes = 'floats', uses = 'a',
  sample = function(make) return {{make(3, 4), 0, 1}, {make(3, 4), 2, 0}} end,
  vjp = {function(g, out, a, dims, unbiased)
    local centred = F.sub(a, F.mean(a, dims))
    return F.mul(F.mul(F.expand(g, a), centred), 2 / (group_size(a, out) - unbiased))
  end},
  doc = 'var(x[, dims], unbiased): the variance; unbiased = 1 divides by n − 1, 0 by n'}
reduce {'all', sample = function(make) return {{make.mask(3, 4)}, {make.mask(3, 4), 1}} end,
  doc = 'all(x[, dims]): 1 where every element is not 0'}
reduce {'any', sample = function(make) return {{make.mask(3, 4)}, {make.mask(3, 4), 2}} end,
  doc = 'any(x[, dims]): 1 where some element is not 0'}

-- The greatest element is taken out first, so that nothing overflows.
local logsumexp = {'logsumexp', dtypes = 'floats', uses = 'ao', sample = sample, kind = 'reduce',
  vjp = {function(g, out, a)
    local finite = F.where(F.eq(out, -math.huge), 0, out) -- of nothing but −inf
    return F.mul(F.expand(g, a), F.exp(F.sub(a, F.expand(finite, a))))
  end},
  doc = 'logsumexp(x[, dims]): log Σ exp(x)'}
own(logsumexp, function(a, dims)
  if not is_tensor(a) then op.expected_tensor('logsumexp', a) end
  if not handle.kind(a).floating then
    errors.fail('logsumexp: expected a tensor of floating numbers, got a %s', handle.kind(a).tensor_name)
  end
  local x, most = F.detach(a), like(a)
  call(C.mt_reduce, op.by_name.max.id, most, nil, x, dims or 0, 0)
  most = F.where(F.eq(F.abs(most), math.huge), 0, most)
  local out = F.add(F.log(F.sum(F.exp(F.sub(x, F.expand(most, x))), dims)), most)
  return record(logsumexp, out, a, nil, nil, dims)
end)

-- -- Extremes: the value and its place --------------------------------------------------------------------------

local function extreme(name, doc)
  local row = {name, kind = 'reduce', owns = 'q', doc = doc,
    sample = function(make) return {{make(3, 4), 1}, {make(3, 4), 0}, {make(5), 0}} end,
    vjp = {function(g, _, a, dim, index) return F.scatter_add_like(g, a, dim, index) end}}
  own(row, function(a, dim)
    if not is_tensor(a) then op.expected_tensor(name, a) end
    local out, index = like(a), new(C.MT_INT64, layout(a).device)
    call(C.mt_reduce, row.id, out, index, a, bit.lshift(1, dim), 0)
    return record(row, out, a, nil, nil, dim, index), index
  end)
  row.id = C.mt_op_find(name)
end

extreme('max', 'max(x, dim): the greatest elements along a dimension, and their places')
extreme('min', 'min(x, dim): the least elements along a dimension, and their places')

-- -- Running sums and products ----------------------------------------------------------------------------------

local function scan(row)
  own(row, function(a, dim, into)
    local out = into or like(a)
    call(C.mt_scan, row.id, out, a, dim)
    return record(row, out, a, nil, nil, dim)
  end)
  row.id = C.mt_op_find(row.name)
end

-- the sum of x from each place to the end
local function sum_from_here(x, dim)
  return F.add(F.sub(F.sum(x, bit.lshift(1, dim)), F.cumsum(x, dim)), x)
end

scan {'cumsum', sample = function(make) return {{make(3, 4), 1}, {make(3, 4), 0}} end,
  vjp = {function(g, _, _, dim) return sum_from_here(g, dim) end},
  doc = 'cumsum(x, dim): the running sum'}
scan {'cumprod', uses = 'ao', sample = function(make) return {{make.positive(3, 4), 1}} end,
  vjp = {function(g, out, a, dim) return F.div(sum_from_here(F.mul(g, out), dim), a) end},
  doc = 'cumprod(x, dim): the running product; its gradient wants no zeros in x'}

-- -- Undoing broadcasts -----------------------------------------------------------------------------------------

local function same_sizes(a, b)
  local x, y = layout(a), layout(b)
  if x.dim ~= y.dim then return false end
  for i = 0, x.dim - 1 do
    if x.size[i] ~= y.size[i] then return false end
  end
  return true
end

--- g summed over the dimensions along which model was broadcast. Composed of ops, so it needs no rule.
function F.sum_to(g, model)
  if same_sizes(g, model) then return g end
  local x, y = layout(g), layout(model)
  if C.mt_tensor_numel(g) == C.mt_tensor_numel(model) then return F.reshape_like(g, model) end
  local dims, lead = 0, x.dim - y.dim
  for i = 0, x.dim - 1 do
    if i < lead or (y.size[i - lead] == 1 and x.size[i] ~= 1) then dims = dims + bit.lshift(1, i) end
  end
  g = F.sum(g, dims)
  return lead > 0 and F.reshape_like(g, model) or g
end

return {all = reduce_all}

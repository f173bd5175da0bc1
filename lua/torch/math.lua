--- Torch7's forms of reductions, products of matrices and scans; dimensions count from 1.
-- A reduction of everything gives a number, or, while it is being recorded, a tensor of one element.
local bit = require 'bit'
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local tensor = require 'torch.tensor'
local types = require 'torch.types'

local F, state = op.F, op.state
local is_tensor, layout = handle.is_tensor, handle.layout
local call = memory.call
local fail, dim_of, item = errors.fail, sizes.dim, tensor.item

local functions, methods = {}, {}
local long = types.by_name['torch.LongTensor']

-- The number in a tensor of one element; the tensor itself when a tape holds it.
local function number(t)
  if state.tape and state.tape.slot[t] then return t end
  return item(t)
end

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

-- What an op computed goes into the memory of a result tensor that the user gave.
local function into(result, out)
  call(C.mt_tensor_resize, result, layout(out).dim, layout(out).size)
  call(C.mt_copy, result, out)
  return op.record(op.by_name.copy, result, out, nil, nil, nil, nil, nil, nil, true)
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
  local function run(x, dim)
    check(name, x)
    if dim ~= nil then return reduce(x, dims_of(name, x, dim)) end
    -- a small dtype could not hold the sum of many
    if not handle.kind(x).floating then x = F.cast(x, types.on(long, layout(x).device)) end
    return number(reduce(x, 0))
  end
  methods[name] = function(x, a, dim)
    if is_tensor(a) then return into(x, run(a, dim)) end
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
    local out = reduce(x, dims_of(name, x, a))
    if a == nil then return item(out) ~= 0 end
    return out
  end
  functions[name] = methods[name]
end

-- -- Norms and deviations ---------------------------------------------------------------------------------------

local function norm(x, p, dim)
  check('norm', x)
  local out = F.norm(x, dims_of('norm', x, dim), p or 2)
  return dim == nil and number(out) or out
end

--- norm(x[, p]), norm([result,] x, p, dim)
function functions.norm(x, a, p, dim)
  if is_tensor(a) then return into(x, norm(a, p, dim)) end
  return norm(x, a, p)
end
methods.norm = functions.norm

-- var(x[, biased]), var([result,] x, dim[, biased])
local function spread(name, finish)
  local function run(x, dim, biased)
    check(name, x)
    if type(dim) == 'boolean' then dim, biased = nil, dim end
    local out = finish(F.var(x, dims_of(name, x, dim), biased and 0 or 1))
    return dim == nil and number(out) or out
  end
  functions[name] = function(x, a, b, c)
    if is_tensor(a) then return into(x, run(a, b, c)) end
    return run(x, a, b)
  end
  methods[name] = functions[name]
end
spread('var', function(v) return v end)
spread('std', F.sqrt)

--- dist(x, y[, p]): the norm of x − y
function functions.dist(x, y, p) return norm(F.sub(x, y), p) end
methods.dist = functions.dist

-- -- Extremes ---------------------------------------------------------------------------------------------------

for _, name in ipairs {'max', 'min'} do
  local reduce = F[name]
  local function run(x, dim)
    check(name, x)
    if dim ~= nil then return reduce(x, dim_of(name, x, dim)) end
    local flat = F.view(F.contiguous(x), nil, (sizes.read(name, {x:nElement()})))
    return number((reduce(flat, 0)))
  end
  -- max(x), max(x, dim), max(values, indices, x, dim), max(values, x, dim)
  functions[name] = function(a, b, c, dim)
    if is_tensor(c) then
      local values, places = run(c, dim)
      return into(a, values), into(b, places)
    end
    if is_tensor(b) then
      local values, places = run(b, c)
      return into(a, values), places
    end
    return run(a, b)
  end
  methods[name] = functions[name]
end

-- -- Scans ------------------------------------------------------------------------------------------------------

for _, name in ipairs {'cumsum', 'cumprod'} do
  local scan = F[name]
  functions[name] = function(x, a, dim)
    check(name, x)
    if is_tensor(a) then return into(x, scan(a, dim_of(name, a, dim or 1))) end
    return scan(x, dim_of(name, x, a or 1))
  end
  methods[name] = functions[name]
end

-- -- Products of matrices ---------------------------------------------------------------------------------------

local function expect_dim(name, x, n)
  check(name, x)
  if layout(x).dim ~= n then
    fail('%s: expected a tensor with %d dimension%s, got %s', name, n, n == 1 and '' or 's', sizes.text(x))
  end
end

-- A vector as a matrix of one column, or of one row.
local function column(x) return F.unsqueeze(x, 1) end
local function as_row(x) return F.unsqueeze(x, 0) end
local function flat(x, dim) return F.squeeze(x, dim) end

function F.mv(a, x)
  expect_dim('mv', a, 2)
  expect_dim('mv', x, 1)
  return flat(F.matmul(a, column(x)), 1)
end

function F.ger(x, y)
  expect_dim('ger', x, 1)
  expect_dim('ger', y, 1)
  return F.matmul(column(x), as_row(y))
end

function F.mm(a, b)
  expect_dim('mm', a, 2)
  expect_dim('mm', b, 2)
  return F.matmul(a, b)
end

function F.bmm(a, b)
  expect_dim('bmm', a, 3)
  expect_dim('bmm', b, 3)
  return F.matmul(a, b)
end

function F.addmv(c, a, x, beta, alpha)
  expect_dim('addmv', c, 1)
  expect_dim('addmv', a, 2)
  expect_dim('addmv', x, 1)
  return flat(F.addmm(column(c), a, column(x), beta, alpha), 1)
end

function F.addr(c, x, y, beta, alpha)
  expect_dim('addr', x, 1)
  expect_dim('addr', y, 1)
  return F.addmm(c, column(x), as_row(y), beta, alpha)
end

-- the sum of a batch of products, as one product: batch and inner dimension become one
function F.addbmm(c, a, b, beta, alpha)
  expect_dim('addbmm', a, 3)
  expect_dim('addbmm', b, 3)
  local l, m = layout(a), layout(b)
  if l.size[0] ~= m.size[0] or l.size[2] ~= m.size[1] then
    fail('addbmm: sizes %s and %s do not multiply', sizes.text(a), sizes.text(b))
  end
  local inner = tonumber(l.size[0] * l.size[2])
  local wide = F.contiguous(F.transpose(a, 0, 1))
  local left = wide:view(tonumber(l.size[1]), inner)
  return F.addmm(c, left, F.contiguous(b):view(inner, tonumber(m.size[2])), beta, alpha)
end

F.baddbmm = F.addmm

-- torch.mm([result,] a, b); x:mm(a, b) into x
local function product_forms(name, write)
  local product = F[name]
  local function run(result, a, b)
    if not write then return into(result, product(a, b)) end
    check(name, a)
    check(name, b)
    call(C.mt_matmul, result, nil, 0, 1, a, b)
    return op.record(op.by_name.matmul, result, a, b, nil, nil, nil, nil, nil, true)
  end
  functions[name] = function(a, b, c)
    if c ~= nil then return run(a, b, c) end
    return product(a, b)
  end
  methods[name] = run
end
product_forms('mm', true)
product_forms('bmm', true)
product_forms('mv')
product_forms('ger')

-- torch.addmm([result,] [beta,] c, [alpha,] a, b). Methods may leave c out: it is then the tensor itself.
local function added_product_forms(name, write)
  local product = F[name]

  local function run(result, c, a, b, beta, alpha)
    check(name, c)
    check(name, a)
    check(name, b)
    if not result then return product(c, a, b, beta, alpha) end
    if not write then return into(result, product(c, a, b, beta, alpha)) end
    call(C.mt_matmul, result, c, beta, alpha, a, b)
    return op.record(op.by_name.addmm, result, c, a, b, beta, alpha, nil, nil, true)
  end

  functions[name] = function(...)
    local tensors, numbers, first = {}, {}, nil
    for i = 1, select('#', ...) do
      local x = select(i, ...)
      if is_tensor(x) then
        tensors[#tensors + 1] = x
      elseif type(x) == 'number' then
        numbers[#numbers + 1] = x
        first = first or #tensors
      elseif x ~= nil then
        check(name, x)
      end
    end
    local result = #tensors == 4 and table.remove(tensors, 1) or nil
    -- one number: beta when it stands before c, alpha when it stands behind
    local before_c = result and 1 or 0
    local beta = (#numbers == 2 or first == before_c) and numbers[1] or 1
    local alpha = #numbers == 2 and numbers[2] or (first ~= before_c and numbers[1]) or 1
    return run(result, tensors[1], tensors[2], tensors[3], beta, alpha)
  end

  methods[name] = function(self, a, b, c, d, e)
    if c == nil then return run(self, self, a, b, 1, 1) end
    if type(a) == 'number' and d == nil then return run(self, self, b, c, 1, a) end
    if type(a) == 'number' and type(b) == 'number' then return run(self, self, c, d, a, b) end
    return functions[name](self, a, b, c, d, e)
  end
end
added_product_forms('addmm', true)
added_product_forms('baddbmm', true)
added_product_forms('addmv')
added_product_forms('addr')
added_product_forms('addbmm')

local dot_value = ffi.new('double[1]')

--- dot(x, y): the sum of the products of their elements
function functions.dot(x, y)
  check('dot', x)
  check('dot', y)
  if state.tape and (state.tape.slot[x] or state.tape.slot[y]) then return F.sum(F.mul(x, y)) end
  call(C.mt_dot, x, y, dot_value)
  return dot_value[0]
end

methods.dot = functions.dot

return {functions = functions, methods = methods, into = into, number = number, dims_of = dims_of}

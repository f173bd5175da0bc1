--- Torch7's forms of products of matrices.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local reals = require 'torch.reals'
local results = require 'torch.results'
local sizes = require 'torch.sizes'

local F, state = op.F, op.state
local is_tensor, layout = handle.is_tensor, handle.layout
local call, fail, into = memory.call, errors.fail, results.into

local functions, methods = {}, {}

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

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
  local left = F.contiguous(F.transpose(a, 0, 1)):view(tonumber(l.size[1]), inner)
  return F.addmm(c, left, F.contiguous(b):view(inner, tonumber(m.size[2])), beta, alpha)
end

F.baddbmm = F.addmm

-- torch.mm([result,] a, b); x:mm(a, b) into x. dim: of a and b, where their product is written at once
local function product_forms(name, dim)
  local product = F[name]
  local function run(result, a, b)
    check(name, result)
    if not dim then return into(result, product(a, b)) end
    expect_dim(name, a, dim)
    expect_dim(name, b, dim)
    call(C.mt_matmul, result, nil, 0, 1, a, b)
    return op.record(op.by_name.matmul, result, a, b, nil, nil, nil, nil, nil, true)
  end
  functions[name] = function(a, b, c)
    if c ~= nil then return run(a, b, c) end
    return product(a, b)
  end
  methods[name] = run
end
product_forms('mm', 2)
product_forms('bmm', 3)
product_forms('mv')
product_forms('ger')

-- While they are recorded, numbers are tensors of one element.
local function is_number(x)
  return type(x) == 'number' or state.tape ~= nil and is_tensor(x) and state.tape:is_number(x)
end

-- torch.addmm([result,] [beta,] c, [alpha,] a, b). Methods may leave c out: it is then the tensor itself.
local function added_product_forms(name, dim)
  local product = F[name]

  local function run(result, c, a, b, beta, alpha)
    check(name, c)
    if dim then
      expect_dim(name, a, dim)
      expect_dim(name, b, dim)
    end
    if is_tensor(beta) or is_tensor(alpha) then
      local out = F.add(F.mul(c, beta), F.mul(product(c, a, b, 0, 1), alpha))
      return result and into(result, out) or out
    end
    if not result then return product(c, a, b, beta, alpha) end
    if not dim then return into(result, product(c, a, b, beta, alpha)) end
    call(C.mt_matmul, result, c, beta, alpha, a, b)
    return op.record(op.by_name.addmm, result, c, a, b, beta, alpha, nil, nil, true)
  end

  functions[name] = function(...)
    local tensors, numbers, first = {}, {}, nil
    for i = 1, select('#', ...) do
      local x = select(i, ...)
      if is_number(x) then
        numbers[#numbers + 1] = x
        first = first or #tensors
      elseif is_tensor(x) then
        tensors[#tensors + 1] = x
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
    if is_number(a) and d == nil then return run(self, self, b, c, 1, a) end
    if is_number(a) and is_number(b) then return run(self, self, c, d, a, b) end
    return functions[name](self, a, b, c, d, e)
  end
end
added_product_forms('addmm', 2)
added_product_forms('baddbmm', 3)
added_product_forms('addmv')
added_product_forms('addr')
added_product_forms('addbmm')

local dot_value = ffi.new('double[1]')

--- dot(x, y): the sum of the products of their elements
function functions.dot(x, y)
  check('dot', x)
  check('dot', y)
  if state.tape and (state.tape.slot[x] or state.tape.slot[y]) then return state.tape:as_number(F.sum(F.mul(x, y))) end
  call(C.mt_dot, x, y, dot_value)
  return reals.double(dot_value, 0)
end

methods.dot = functions.dot

return {functions = functions, methods = methods}

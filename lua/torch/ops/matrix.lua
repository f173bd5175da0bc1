--- Products of matrices.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F, own, record = op.F, op.own, op.record
local call, like, layout = memory.call, handle.like, handle.layout
local is_tensor = handle.is_tensor

--- The transpose of a matrix, or of each matrix of a batch.
local function t(a)
  local last = layout(a).dim - 1
  return F.transpose(a, last - 1, last)
end
F.t = t

local matmul = {'matmul', inputs = 2, uses = {'b', 'a'},
  sample = function(make) return {{make(3, 4), make(4, 2)}, {make(2, 3, 4), make(2, 4, 2)}} end,
  vjp = {function(g, _, _, b) return F.matmul(g, t(b)) end, function(g, _, a) return F.matmul(t(a), g) end},
  doc = 'matmul(a, b): the product of two matrices, or of each pair of two batches of matrices'}

own(matmul, function(a, b)
  if not is_tensor(a) then op.expected_tensor('matmul', a) end
  if not is_tensor(b) then op.expected_tensor('matmul', b) end
  local out = like(a)
  call(C.mt_matmul, out, nil, 0, 1, a, b)
  return record(matmul, out, a, b)
end)

-- a gradient times a number, most often 1
local function scaled(g, s) return s == 1 and g or F.mul(g, s) end

local addmm = {'addmm', inputs = 3, uses = {'', 'c', 'b'},
  sample = function(make)
    return {{make(3, 2), make(3, 4), make(4, 2), 3, 2}, {make(2), make(3, 4), make(4, 2), 1, 1}}
  end,
  vjp = {function(g, _, _, _, _, beta) return scaled(g, beta) end,
         function(g, _, _, _, b, _, alpha) return scaled(F.matmul(g, t(b)), alpha) end,
         function(g, _, _, a, _, _, alpha) return scaled(F.matmul(t(a), g), alpha) end},
  doc = 'addmm(c, a, b, beta, alpha): beta·c + alpha·a b; c may be broadcast'}

own(addmm, function(c, a, b, beta, alpha)
  local out = like(a)
  call(C.mt_matmul, out, c, beta, alpha, a, b)
  return record(addmm, out, c, a, b, beta, alpha)
end)

-- A layer's product. The weight's gradient can be added up where it is wanted.
local linear = {'linear', inputs = 3, uses = {'b', 'a', ''}, apart = true,
  sample = function(make) return {{make(3, 4), make(2, 4), make(2)}, {make(1, 4), make(3, 4), make(3)}} end,
  vjp = {function(g, _, _, weight) return F.matmul(g, weight) end, function(g, _, x) return F.matmul(t(g), x) end,
         function(g) return g end},
  add = {[2] = function(to, scale, g, _, x) call(C.mt_matmul, to, to, 1, scale, t(g), x) end},
  doc = 'linear(x, weight, bias): x weightᵀ + bias for the rows of x; bias may be nil'}

own(linear, function(x, weight, bias)
  op.check('linear', x, weight)
  if layout(weight).dim ~= 2 then
    return errors.fail('linear: expected a matrix as weight, got %s', sizes.text(weight))
  end
  local rows = layout(x)
  if rows.dim ~= 2 or rows.size[1] ~= layout(weight).size[1] then
    return errors.fail('linear: expected rows of %d numbers (the weight has sizes %s), got sizes %s',
      tonumber(layout(weight).size[1]), sizes.text(weight), sizes.text(x))
  end
  local out, columns = like(x), like(weight)
  call(C.mt_transpose, columns, weight, 0, 1)
  call(C.mt_matmul, out, bias, bias and 1 or 0, 1, x, columns)
  C.mt_tensor_release(columns)
  return record(linear, out, x, weight, bias)
end)

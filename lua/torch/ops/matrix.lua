--- Products of matrices.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

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

--- What the rows of linear algebra share: the parts of matrices, or of each matrix of a batch, and samples of them.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F
local call, like, layout, is_tensor = memory.call, handle.like, handle.layout, handle.is_tensor
local t = F.t

local matrices = {}

--- Refuses what is no tensor; errors name the op.
function matrices.check(name, ...)
  for i = 1, select('#', ...) do
    if not is_tensor((select(i, ...))) then op.expected_tensor(name, (select(i, ...))) end
  end
end

--- Refuses what is no matrix, nor a batch of them.
function matrices.check_matrix(name, a)
  matrices.check(name, a)
  local n = layout(a).dim
  if n ~= 2 and n ~= 3 then
    errors.fail('%s: expected a matrix or a batch of matrices, got %s', name, sizes.text(a))
  end
  return a
end

--- The dimensions of rows and columns.
function matrices.plane(a)
  local n = layout(a).dim
  return n - 2, n - 1
end

--- The numbers of rows and columns.
function matrices.sizes(a)
  local l = layout(a)
  return tonumber(l.size[l.dim - 2]), tonumber(l.size[l.dim - 1])
end

--- The diagonal as a vector, and a vector on the diagonal of zeros of model's sizes.
function matrices.diagonal(a) return F.diagonal(a, matrices.plane(a)) end
function matrices.diagonal_like(d, model) return F.diagonal_like(d, model, matrices.plane(model)) end

--- Ones on the diagonal of zeros, of model's sizes.
function matrices.identity(model)
  local out = like(model)
  call(C.mt_tensor_resize, out, layout(model).dim, layout(model).size)
  call(C.mt_fill, out, 0)
  call(C.mt_fill, matrices.diagonal(out), 1)
  return out
end

--- The upper or lower triangle, without the k diagonals next to the other.
function matrices.triangle(a, upper, k)
  return (upper and F.triu or F.tril)(a, upper and k or -k)
end

--- The gradient by one triangle of a symmetric matrix, of which each element but the diagonal's stands for two; s: by
-- both.
function matrices.fold(s, upper)
  local both = F.add(s, t(s))
  local half = F.mul(matrices.diagonal(both), 0.5)
  return F.sub(matrices.triangle(both, upper, 0), matrices.diagonal_like(half, both))
end

-- -- Samples ----------------------------------------------------------------------------------------------------

-- diagonal elements get first more, each next one step more than that
local function lifted(x, first, step)
  local d = F.add(F.mul(matrices.diagonal(x), 0), step)
  return F.add(x, matrices.diagonal_like(F.add(F.cumsum(d, layout(d).dim - 1), first - step), x))
end

--- Far from singular.
function matrices.regular(make, ...) return lifted(make.unit(...), 3, 0) end

--- Symmetric and positive definite.
function matrices.positive_definite(make, ...)
  local x = matrices.regular(make, ...)
  return F.add(x, t(x))
end

--- With eigenvalues and singular values well apart, in rising or falling order.
function matrices.rising(make, ...) return lifted(F.mul(make.unit(...), 0.5), 2, 2) end
function matrices.falling(make, ...) return lifted(F.mul(make.unit(...), 0.5), 6, -2) end

return matrices

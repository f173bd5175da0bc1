--- Torch7's forms of linear algebra: torch.gesv([x, lu,] b, a) and the like, where results that are given stand first.
-- Everything takes batches too: batch×n×m for a matrix and batch×n for a vector. Matrices that LAPACK has made lie in
-- memory by columns, as in Torch7.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local reductions = require 'torch.reductions'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local matrices = require 'torch.ops.matrices'

local F, state = op.F, op.state
local is_tensor, layout = handle.is_tensor, handle.layout
local call, fail, number = memory.call, errors.fail, reductions.number

local functions = {}

-- -- Arguments and results --------------------------------------------------------------------------------------

-- The results and the other arguments of torch.name([result, …,] operand, …, flag, …).
local function split(name, result_count, operand_count, ...)
  local args, tensors = {...}, 0
  while is_tensor(args[tensors + 1]) do tensors = tensors + 1 end
  if tensors == operand_count then return {}, args end
  if tensors ~= result_count + operand_count then
    fail('%s: expected %d tensor%s, or %d with results first, got %d', name, operand_count,
         operand_count == 1 and '' or 's', result_count + operand_count, tensors)
  end
  local results = {}
  for i = 1, result_count do results[i] = table.remove(args, 1) end
  return results, args
end

-- Whether a flag is the second of its two letters and not the first, which it is when left out.
local function is_second(name, flag, first, second)
  if flag == nil or flag == first then return false end
  if flag ~= second then fail('%s: expected \'%s\' or \'%s\', got %s', name, first, second, tostring(flag)) end
  return true
end

local function number_or(name, x, default)
  if x ~= nil and type(x) ~= 'number' then fail('%s: expected a number, got %s', name, type(x)) end
  return x or default
end

local function is_upper(name, flag) return not is_second(name, flag, 'U', 'L') end

-- Puts what was computed into the result that was given, if any. A result that was contiguous, or had other sizes,
-- takes the order of elements too.
local function place(result, out)
  if result == nil then return out end
  local l = layout(out)
  if not result:isSameSizeAs(out) or result:isContiguous() then
    local last = l.dim - 1
    local by_columns = last > 0 and l.stride[last - 1] < l.stride[last]
    for i = 0, last do sizes.buffer[i] = l.size[i] end
    if by_columns then sizes.buffer[last - 1], sizes.buffer[last] = l.size[last], l.size[last - 1] end
    call(C.mt_tensor_resize, result, l.dim, sizes.buffer)
    if by_columns then call(C.mt_transpose, result, result, last - 1, last) end
  end
  call(C.mt_copy, result, out)
  return op.record(op.by_name.copy, result, out, nil, nil, nil, nil, nil, nil, true)
end

-- A right side that is a vector, as a column.
local function as_columns(b, a)
  if layout(b).dim == 1 and layout(a).dim == 2 then return F.unsqueeze(b, 1) end
  return b
end

local function recorded(x) return state.tape and state.tape.slot[x] end

-- A number for a matrix, a vector for a batch.
local function scalar(x, a)
  return layout(a).dim == 2 and number(x) or x
end

local precision = {[C.MT_FLOAT] = 2 ^ -23, [C.MT_DOUBLE] = 2 ^ -52, [C.MT_HALF] = 2 ^ -10, [C.MT_BFLOAT16] = 2 ^ -7}

-- The part of the greatest singular value below which another counts as 0.
local function rank_tolerance(name, a)
  return (precision[layout(matrices.check_matrix(name, a)).dtype] or 0) * math.max(matrices.sizes(a))
end

-- -- Systems of equations ---------------------------------------------------------------------------------------

--- torch.gesv([x, lu,] b, a): the solution x of a x = b, and the factors of a in one matrix: L below the diagonal, U
-- above. b: n×k, or n
--   x = torch.gesv(torch.Tensor{3, 4}, torch.Tensor{{2, 0}, {0, 1}})  → 1.5, 4
function functions.gesv(...)
  local results, args = split('gesv', 2, 2, ...)
  local x, lu = F.gesv(as_columns(args[1], args[2]), args[2])
  return place(results[1], x), place(results[2], lu)
end

--- torch.gels([x, qr,] b, a): the x of least |a x − b| where a is high, the shortest x with a x = b where it is wide; a
-- is of full rank
function functions.gels(...)
  local results, args = split('gels', 2, 2, ...)
  local x, factors = F.gels(as_columns(args[1], args[2]), args[2])
  return place(results[1], x), place(results[2], factors)
end

--- torch.trtrs([x, a2,] b, a[, 'U'|'L'][, 'N'|'T'][, 'N'|'U']): the solution x of a x = b, reading only the upper
-- ('U') or lower triangle of a; 'T': of aᵀ x = b; a last 'U': the diagonal counts as ones. a2 becomes a copy of a
function functions.trtrs(...)
  local results, args = split('trtrs', 2, 2, ...)
  local b, a, name = args[1], args[2], 'trtrs'
  local x = F.trtrs(as_columns(b, a), a, is_upper(name, args[3]), is_second(name, args[4], 'N', 'T'),
                    is_second(name, args[5], 'N', 'U'))
  return place(results[1], x), place(results[2], F.t(F.clone(F.t(a))))
end

--- torch.inverse([result,] a): the inverse of a square matrix
function functions.inverse(...)
  local results, args = split('inverse', 1, 1, ...)
  return place(results[1], F.inverse(args[1]))
end

--- torch.pinverse([result,] a[, least]): Moore and Penrose's inverse of any matrix; singular values below least times
-- the greatest count as 0. By default least is the dtype's precision times the longer side
function functions.pinverse(...)
  local results, args = split('pinverse', 1, 1, ...)
  return place(results[1], F.pinverse(args[1], number_or('pinverse', args[2], rank_tolerance('pinverse', args[1]))))
end

-- -- Cholesky ---------------------------------------------------------------------------------------------------

--- torch.potrf([result,] a[, 'U'|'L']): Cholesky's factor of a symmetric, positive definite matrix, of which only the
-- named triangle is read: U with Uᵀ U = a, or L with L Lᵀ = a
function functions.potrf(...)
  local results, args = split('potrf', 1, 1, ...)
  return place(results[1], F.potrf(args[1], is_upper('potrf', args[2])))
end

--- torch.potrs([x,] b, factor[, 'U'|'L']): the solution x of a x = b, given what potrf made of a
function functions.potrs(...)
  local results, args = split('potrs', 1, 2, ...)
  return place(results[1], F.potrs(as_columns(args[1], args[2]), args[2], is_upper('potrs', args[3])))
end

--- torch.potri([result,] factor[, 'U'|'L']): the inverse of a, given what potrf made of it
function functions.potri(...)
  local results, args = split('potri', 1, 1, ...)
  return place(results[1], F.potri(args[1], is_upper('potri', args[2])))
end

--- torch.pstrf([result, order,] a[, 'U'|'L'][, tolerance]): potrf with rows and columns exchanged so that the diagonal
-- of the factor falls: it is that of a:index(1, order):index(2, order). order: an IntTensor
function functions.pstrf(...)
  local results, args = split('pstrf', 2, 1, ...)
  local flag, tolerance = args[2], args[3]
  if type(flag) == 'number' then flag, tolerance = nil, flag end
  local out, order = F.pstrf(args[1], is_upper('pstrf', flag), number_or('pstrf', tolerance, -1))
  return place(results[1], out), place(results[2], order)
end

-- -- Eigenvalues and singular values ------------------------------------------------------------------------------

-- Rows of a packed result, as a matrix of their own.
local function part(packed, first, count) return F.clone(F.narrow(packed, layout(packed).dim - 2, first, count)) end
local function row(packed, at) return F.clone(F.select(packed, layout(packed).dim - 2, at)) end

--- torch.symeig([values, vectors,] a[, 'N'|'V'][, 'U'|'L']): the eigenvalues of a symmetric matrix in ascending order
-- and, with 'V', its eigenvectors as columns. Only the named triangle is read
function functions.symeig(...)
  local results, args = split('symeig', 2, 1, ...)
  local a, wanted, upper = args[1], is_second('symeig', args[2], 'N', 'V'), is_upper('symeig', args[3])
  local values, vectors = handle.like(a), handle.like(a)
  if recorded(a) then
    local packed, n = F.symeig(a, upper), matrices.sizes(a)
    values, vectors = row(packed, n), wanted and F.t(part(packed, 0, n)) or vectors
  else
    call(C.mt_symeig, values, wanted and vectors or nil, a, upper and 1 or 0)
  end
  return place(results[1], values), wanted and place(results[2], vectors) or results[2] or vectors
end

--- torch.eig([values, vectors,] a[, 'N'|'V']): the eigenvalues of a square matrix, rows of real and imaginary part,
-- and, with 'V', its eigenvectors as columns; those of a conjugate pair are real and imaginary part of one
function functions.eig(...)
  local results, args = split('eig', 2, 1, ...)
  local wanted = is_second('eig', args[2], 'N', 'V')
  local values, vectors = F.eig(args[1], wanted)
  return place(results[1], F.contiguous(values)), wanted and place(results[2], vectors) or results[2] or vectors
end

--- torch.svd([u, s, v,] a[, 'S'|'A']): a = u diag(s) vᵀ, s in descending order; with 'A' u and v are square
function functions.svd(...)
  local results, args = split('svd', 3, 1, ...)
  local a, full = args[1], is_second('svd', args[2], 'S', 'A')
  local u, s, v = handle.like(a), handle.like(a), handle.like(a)
  if recorded(a) then
    local n, m = matrices.sizes(matrices.check_matrix('svd', a))
    if full and n ~= m then fail('svd: square bases of a matrix of %s have no gradient; take \'S\'', sizes.text(a)) end
    local packed = F.svd(a)
    u, s, v = part(packed, 0, n), row(packed, n + m), part(packed, n, m)
  else
    call(C.mt_svd, u, s, v, a, full and 1 or 0)
  end
  return place(results[1], u), place(results[2], s), place(results[3], v)
end

-- -- QR ---------------------------------------------------------------------------------------------------------

-- Of a wide matrix q belongs to its first columns; the others follow from it.
local function qr_recorded(a)
  local n, m = matrices.sizes(matrices.check_matrix('qr', a))
  local columns, k = layout(a).dim - 1, math.min(n, m)
  local packed = F.qr(F.narrow(a, columns, 0, k))
  local q, r = part(packed, 0, n), part(packed, n, k)
  return q, k < m and F.cat({r, F.matmul(F.t(q), F.narrow(a, columns, k, m - k))}, columns) or r
end

--- torch.qr([q, r,] a): a = q r where the k columns of q are orthonormal and r is an upper triangle; k is the lesser of
-- a's sizes
function functions.qr(...)
  local results, args = split('qr', 2, 1, ...)
  local q, r = (recorded(args[1]) and qr_recorded or F.qr_parts)(args[1])
  return place(results[1], q), place(results[2], r)
end

--- torch.geqrf([result, factors,] a): qr as LAPACK keeps it: r, and below it the reflectors that make up q; and their
-- factors
function functions.geqrf(...)
  local results, args = split('geqrf', 2, 1, ...)
  local out, factors = F.geqrf(args[1])
  return place(results[1], out), place(results[2], factors)
end

--- torch.orgqr([q,] a, factors): q from what geqrf gave
function functions.orgqr(...)
  local results, args = split('orgqr', 1, 2, ...)
  return place(results[1], F.orgqr(args[1], args[2]))
end

--- torch.ormqr([result,] a, factors, c[, 'L'|'R'][, 'N'|'T']): q c, or c q ('R'), or with qᵀ ('T'), from what geqrf
-- gave; q is square here
function functions.ormqr(...)
  local results, args = split('ormqr', 1, 3, ...)
  local left, transposed = not is_second('ormqr', args[4], 'L', 'R'), is_second('ormqr', args[5], 'N', 'T')
  return place(results[1], F.ormqr(args[1], args[2], args[3], left, transposed))
end

-- -- Numbers of a matrix ------------------------------------------------------------------------------------------

--- torch.det(a): the determinant of a square matrix, a number; of each of a batch, a vector
function functions.det(a) return scalar(F.det(a), a) end

--- torch.slogdet(a): the determinant's sign (−1, 0 or 1) and the logarithm of its magnitude
function functions.slogdet(a)
  local out, sign = F.slogdet(a)
  return scalar(sign, a), scalar(out, a)
end

--- torch.logdet(a): the logarithm of the determinant, NaN where that is negative
function functions.logdet(a)
  local out, sign = F.slogdet(a)
  return scalar(F.where(F.lt(sign, 0), 0 / 0, out), a)
end

--- torch.matrixRank(a[, least]): how many singular values of a matrix are above least times the greatest; see pinverse
function functions.matrixRank(a, least)
  least = number_or('matrixRank', least, rank_tolerance('matrixRank', a))
  local _, s = functions.svd(F.detach(a))
  local last = layout(s).dim - 1
  local limit = F.mul(F.narrow(s, last, 0, math.min(1, matrices.sizes(a))), least)
  local rank = F.sum(F.gt(s, F.expand(limit, s)):long(), 2 ^ last)
  return last == 0 and number(rank) or F.squeeze(rank, last)
end

return {functions = functions, methods = functions}

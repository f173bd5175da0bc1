--- Linear algebra: systems of equations, inverses, Cholesky, determinants; of a matrix, or of each matrix of a batch.
-- Where the two triangles of a symmetric matrix are one too many, only one is read, and the gradient lies there.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local matrices = require 'torch.ops.matrices'

local F, own, composed, record = op.F, op.own, op.composed, op.record
local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout
local check, plane, diagonal, triangle = matrices.check, matrices.plane, matrices.diagonal, matrices.triangle
local diagonal_like, fold, identity = matrices.diagonal_like, matrices.fold, matrices.identity
local regular, positive_definite = matrices.regular, matrices.positive_definite

local t, matmul = F.t, F.matmul

local function samples(make) return {{regular(make, 3, 3)}, {regular(make, 2, 3, 3)}} end

-- -- Systems of equations ---------------------------------------------------------------------------------------

-- From M. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), sections 2.2 and 2.3.
own({'inverse', dtypes = 'floats', uses = 'o', sample = samples,
  vjp = {function(g, out)
    local x = t(out)
    return F.neg(matmul(matmul(x, g), x))
  end},
  doc = 'inverse(a): the inverse of a square matrix'},
  function(a)
    check('inverse', a)
    local out = like(a)
    call(C.mt_inverse, out, a)
    return record(op.by_name.inverse, out, a)
  end)

own({'gesv', inputs = 2, dtypes = 'floats', uses = {'b', 'bo'},
  sample = function(make) return {{make(3, 2), regular(make, 3, 3)}, {make(2, 3, 2), regular(make, 2, 3, 3)}} end,
  vjp = {function(g, _, _, a) return (F.gesv(g, t(a))) end,
         function(g, x, _, a) return F.neg(matmul((F.gesv(g, t(a))), t(x))) end},
  doc = 'gesv(b, a): the solution x of a x = b, and the factors L and U of a in one matrix'},
  function(b, a)
    check('gesv', b, a)
    local x, lu = like(a), like(a)
    call(C.mt_gesv, x, lu, b, a)
    return record(op.by_name.gesv, x, b, a), lu
  end)

own({'trtrs', inputs = 2, dtypes = 'floats', uses = {'b', 'bo'},
  sample = function(make)
    return {{make(3, 2), regular(make, 3, 3), true, false, false},
            {make(3, 2), regular(make, 3, 3), false, true, true},
            {make(2, 3, 2), regular(make, 2, 3, 3), false, false, false}}
  end,
  vjp = {function(g, _, _, a, upper, transposed, unit) return F.trtrs(g, a, upper, not transposed, unit) end,
         function(g, x, _, a, upper, transposed, unit)
           local by_b = F.trtrs(g, a, upper, not transposed, unit)
           local slope = transposed and matmul(x, t(by_b)) or matmul(by_b, t(x))
           return F.neg(triangle(slope, upper, unit and 1 or 0))
         end},
  doc = 'trtrs(b, a, upper, transposed, unit): the solution x of a x = b (or aᵀ x = b), reading only a triangle of ' ..
        'a, whose diagonal counts as ones where unit is true'},
  function(b, a, upper, transposed, unit)
    check('trtrs', b, a)
    local x = like(a)
    call(C.mt_trtrs, x, b, a, upper and 1 or 0, transposed and 1 or 0, unit and 1 or 0)
    return record(op.by_name.trtrs, x, b, a, nil, upper, transposed, unit)
  end)

composed({'potrs', inputs = 2, dtypes = 'floats',
  sample = function(make)
    return {{make(3, 2), regular(make, 3, 3), true}, {make(2, 3, 2), regular(make, 2, 3, 3), false}}
  end,
  doc = 'potrs(b, factor, upper): the solution x of a x = b, given the Cholesky factor of a'},
  function(b, factor, upper)
    return F.trtrs(F.trtrs(b, factor, upper, upper, false), factor, upper, not upper, false)
  end)

-- -- Cholesky ---------------------------------------------------------------------------------------------------

-- I. Murray, Differentiation of the Cholesky decomposition (2016), equation 10.
local function cholesky_rule(g, out, _, upper)
  local l, by_l = upper and t(out) or out, upper and t(g) or g
  local p = F.tril(matmul(t(l), by_l), 0)
  p = F.sub(p, diagonal_like(F.mul(diagonal(p), 0.5), p))
  local left = F.trtrs(p, l, false, true, false)
  return fold(F.trtrs(t(left), l, false, true, false), upper)
end

own({'potrf', dtypes = 'floats', uses = 'o', vjp = {cholesky_rule},
  sample = function(make)
    return {{positive_definite(make, 3, 3), true}, {positive_definite(make, 2, 3, 3), false}}
  end,
  doc = 'potrf(a, upper): the Cholesky factor of a positive definite matrix: U with Uᵀ U = a, or L with L Lᵀ = a'},
  function(a, upper)
    check('potrf', a)
    local out = like(a)
    call(C.mt_potrf, out, a, upper and 1 or 0)
    return record(op.by_name.potrf, out, a, nil, nil, upper)
  end)

composed({'potri', dtypes = 'floats',
  sample = function(make) return {{regular(make, 3, 3), true}, {regular(make, 2, 3, 3), false}} end,
  doc = 'potri(factor, upper): the inverse of a matrix, given its Cholesky factor'},
  function(factor, upper)
    check('potri', factor)
    local root = F.trtrs(identity(factor), factor, upper, upper, false)
    return matmul(t(root), root)
  end)

own({'pstrf', dtypes = 'floats', refuses = true,
  sample = function(make) return {{positive_definite(make, 4, 4), true, -1}} end,
  doc = 'pstrf(a, upper, tolerance): the Cholesky factor of a matrix with rows and columns exchanged, and their order'},
  function(a, upper, tolerance)
    check('pstrf', a)
    local out, pivots = like(a), new(C.MT_INT32, layout(a).device)
    call(C.mt_pstrf, out, pivots, a, upper and 1 or 0, tolerance)
    return record(op.by_name.pstrf, out, a), pivots
  end)

-- -- Determinants -----------------------------------------------------------------------------------------------

-- The diagonal of U, and the sign that the exchanges of rows give, for each matrix; unknown to any tape.
local function eliminated(name, a)
  check(name, a)
  local lu, pivots = like(a), new(C.MT_INT32, layout(a).device)
  call(C.mt_getrf, lu, pivots, a)
  local rows, columns = matrices.sizes(a)
  if rows ~= columns then
    errors.fail('%s: expected a square matrix, got %s', name, sizes.text(a))
  end
  local d = diagonal(lu)
  local still = F.cast(F.places(a, 1, 1, rows), handle.kind(pivots))
  local moved = F.cast(F.ne(pivots, F.expand(still, pivots)), handle.kind(a))
  return d, F.sub(1, F.mul(moved, 2))
end

-- the product of each row, with that dimension gone but for a single matrix
local function along_rows(reduce, x)
  local last = layout(x).dim - 1
  local out = reduce(x, 2 ^ last)
  return last > 0 and F.squeeze(out, last) or out
end

-- a number for each matrix of a, beside each of its elements
local function over_plane(x, a)
  local n = layout(a).dim
  return F.expand(n == 3 and F.unsqueeze(F.unsqueeze(x, 1), 2) or F.unsqueeze(x, 1), a)
end

-- The matrix of cofactors, which is det(a) a⁻ᵀ where a has an inverse. Else by singular values: it is
-- ±u diag(products of the others) vᵀ, where the sign is the determinant of u and v together.
local function cofactors(a, det)
  if C.mt_tensor_numel(F.nonzero(F.eq(det, 0))) == 0 then return F.mul(t(F.inverse(a)), over_plane(det, a)) end
  local packed, rows = F.svd(a), plane(a)
  local n = matrices.sizes(a)
  local u, v = F.narrow(packed, rows, 0, n), F.narrow(packed, rows, n, n)
  local wide = F.expand(F.narrow(packed, rows, 2 * n, 1), u)
  local others = F.prod(F.where(F.ne(identity(u), 0), 1, wide), 2 ^ (rows + 1))
  local sign = F.round(F.detach(F.mul(F.det(F.detach(u)), F.det(F.detach(v)))))
  return F.mul(matmul(F.mul(u, F.expand(t(others), u)), t(v)), over_plane(sign, a))
end

-- Giles (2008), section 2.2.3.
own({'det', dtypes = 'floats', uses = 'ao', sample = samples,
  vjp = {function(g, out, a) return F.mul(over_plane(g, a), cofactors(a, out)) end},
  doc = 'det(a): the determinant of a square matrix, or of each of a batch'},
  function(a)
    local d, signs = eliminated('det', a)
    return record(op.by_name.det, along_rows(F.prod, F.mul(d, signs)), a)
  end)

own({'slogdet', dtypes = 'floats', uses = 'a', sample = samples,
  vjp = {function(g, _, a) return F.mul(over_plane(g, a), t(F.inverse(a))) end},
  doc = 'slogdet(a): the logarithm of the determinant\'s magnitude, and its sign, −1, 0 or 1'},
  function(a)
    local d, signs = eliminated('slogdet', a)
    local out, sign = along_rows(F.sum, F.log(F.abs(d))), along_rows(F.prod, F.mul(F.sign(d), signs))
    return record(op.by_name.slogdet, out, a), sign
  end)

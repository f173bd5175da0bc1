--- Factorisations of a matrix, or of each matrix of a batch: eigenvalues, singular values, QR, and least squares.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local matrices = require 'torch.ops.matrices'

local F, own, record = op.F, op.own, op.record
local call, like, layout = memory.call, handle.like, handle.layout
local check, plane, diagonal, diagonal_like = matrices.check, matrices.plane, matrices.diagonal, matrices.diagonal_like
local regular, rising, falling, fold = matrices.regular, matrices.rising, matrices.falling, matrices.fold

local t, matmul = F.t, F.matmul

-- -- Factorisations of more than one part: the parts lie below each other in one result ---------------------------

-- 1 / (s_j − s_i) for a row of numbers; 0 where the two are equal, also on the diagonal.
local function reciprocal_gaps(row, model)
  local wide = F.expand(row, model)
  local gap = F.sub(wide, t(wide))
  local equal = F.eq(gap, 0)
  return F.where(equal, 0, F.cinv(F.where(equal, 1, gap)))
end

-- count rows of a packed result, behind the first ones
local function part(packed, first, count)
  return F.narrow(packed, layout(packed).dim - 2, first, count)
end

-- Giles (2008), section 3.1; equal eigenvalues are taken as staying equal.
own({'symeig', dtypes = 'floats', uses = 'o',
  sample = function(make) return {{rising(make, 3, 3), true}, {rising(make, 2, 3, 3), false}} end,
  vjp = {function(g, out, _, upper)
    local _, n = matrices.sizes(out)
    local v, row = t(part(out, 0, n)), part(out, n, 1)
    local inner = F.mul(reciprocal_gaps(row, v), matmul(t(v), t(part(g, 0, n))))
    inner = F.add(inner, diagonal_like(F.select(g, layout(g).dim - 2, n), v))
    return fold(matmul(matmul(v, inner), t(v)), upper)
  end},
  doc = 'symeig(a, upper): the eigenvectors of a symmetric matrix, one a row, and in a row below the eigenvalues, ' ..
        'ascending'},
  function(a, upper)
    check('symeig', a)
    local values, vectors = like(a), like(a)
    call(C.mt_symeig, values, vectors, a, upper and 1 or 0)
    local rows = layout(a).dim - 2
    return record(op.by_name.symeig, F.cat({t(vectors), F.unsqueeze(values, rows)}, rows), a, nil, nil, upper)
  end)

local function antisymmetric(x) return F.sub(x, t(x)) end

-- J. Townsend, Differentiating the singular value decomposition (2016); equal singular values stay equal.
local function svd_rule(g, out, a)
  local n, m = matrices.sizes(a)
  local k = math.min(n, m)
  local u, v, s = part(out, 0, n), part(out, n, m), part(out, n + m, 1)
  local by_u, by_v = part(g, 0, n), part(g, n, m)
  local of_u, of_v = matmul(t(u), by_u), matmul(t(v), by_v)
  local gaps, wide = reciprocal_gaps(F.square(s), of_u), F.expand(s, of_u)
  local inner = F.add(F.mul(F.mul(antisymmetric(of_u), gaps), wide), F.mul(t(wide), F.mul(antisymmetric(of_v), gaps)))
  inner = F.add(inner, diagonal_like(F.select(g, layout(g).dim - 2, n + m), inner))
  local slope = matmul(matmul(u, inner), t(v))
  if n == k and m == k then return slope end
  local zero = F.eq(s, 0)
  local inverse = F.where(zero, 0, F.cinv(F.where(zero, 1, s)))
  if n > k then -- what of by_u no rotation of u can reach
    local rest = F.mul(F.sub(by_u, matmul(u, of_u)), F.expand(inverse, by_u))
    return F.add(slope, matmul(rest, t(v)))
  end
  local rest = F.mul(F.sub(by_v, matmul(v, of_v)), F.expand(inverse, by_v))
  return F.add(slope, matmul(u, t(rest)))
end

own({'svd', dtypes = 'floats', uses = 'o', vjp = {svd_rule},
  sample = function(make)
    return {{falling(make, 3, 3)}, {falling(make, 4, 2)}, {falling(make, 2, 4)}, {falling(make, 2, 3, 2)}}
  end,
  doc = 'svd(a): a = u diag(s) vᵀ with k singular values, k the lesser of a\'s sizes n and m: one result with the n ' ..
        'rows of u, the m rows of v and in the last row s, descending'},
  function(a)
    check('svd', a)
    local u, s, v = like(a), like(a), like(a)
    call(C.mt_svd, u, s, v, a, 0)
    local rows = layout(a).dim - 2
    return record(op.by_name.svd, F.cat({u, v, F.unsqueeze(s, rows)}, rows), a)
  end)

-- Q and R by Householder's reflections.
local function qr(a)
  local reflectors, factors, q = like(a), like(a), like(a)
  call(C.mt_geqrf, reflectors, factors, a)
  call(C.mt_orgqr, q, reflectors, factors)
  local rows, columns = plane(a)
  local k = math.min(matrices.sizes(a))
  return F.narrow(q, columns, 0, k), F.triu(F.narrow(reflectors, rows, 0, k), 0)
end

-- S. Walter and L. Lehmann, Algorithmic differentiation of linear algebra functions (2010), section 3.3.
own({'qr', dtypes = 'floats', uses = 'o',
  sample = function(make) return {{regular(make, 3, 3)}, {regular(make, 4, 3)}, {regular(make, 2, 4, 3)}} end,
  vjp = {function(g, out, a)
    local n, m = matrices.sizes(a)
    local q, r, by_q, by_r = part(out, 0, n), part(out, n, m), part(g, 0, n), part(g, n, m)
    local inner = F.tril(F.sub(matmul(r, t(by_r)), matmul(t(by_q), q)), 0)
    local both = F.sub(F.add(inner, t(inner)), diagonal_like(diagonal(inner), inner))
    return t(F.trtrs(t(F.add(by_q, matmul(q, both))), r, true, false, false))
  end},
  doc = 'qr(a): a = q r for a matrix of m columns that is no wider than high: one result with the rows of q, whose ' ..
        'columns are orthonormal, and below them the m rows of r, an upper triangle'},
  function(a)
    matrices.check_matrix('qr', a)
    local n, m = matrices.sizes(a)
    if n < m then
      errors.fail('qr: expected a matrix no wider than high, got %s', sizes.text(a))
    end
    local q, r = qr(F.detach(a))
    return record(op.by_name.qr, F.cat({q, r}, (plane(a))), a)
  end)

--- Q and R of a matrix of any sizes, unknown to any tape.
F.qr_parts = qr

-- -- The parts of QR, and eigenvalues of any matrix ---------------------------------------------------------------

own({'geqrf', dtypes = 'floats', refuses = true,
  sample = function(make) return {{regular(make, 4, 3)}, {regular(make, 2, 2, 3)}} end,
  doc = 'geqrf(a): R and, below its diagonal, the reflectors that make up Q, in one matrix; and their factors'},
  function(a)
    check('geqrf', a)
    local out, factors = like(a), like(a)
    call(C.mt_geqrf, out, factors, a)
    return record(op.by_name.geqrf, out, a), factors
  end)

own({'orgqr', inputs = 2, dtypes = 'floats', refuses = true,
  sample = function(make) return {{F.geqrf(regular(make, 4, 3))}} end,
  doc = 'orgqr(a, factors): Q from what geqrf gave, in its first columns'},
  function(a, factors)
    check('orgqr', a, factors)
    local out = like(a)
    call(C.mt_orgqr, out, a, factors)
    return record(op.by_name.orgqr, out, a, factors)
  end)

own({'ormqr', inputs = 3, dtypes = 'floats', refuses = true,
  sample = function(make)
    local a, factors = F.geqrf(regular(make, 4, 3))
    return {{a, factors, make(4, 2), true, false}, {a, factors, make(2, 4), false, true}}
  end,
  doc = 'ormqr(a, factors, c, left, transposed): Q c or c Q, or with Qᵀ, from what geqrf gave'},
  function(a, factors, c, left, transposed)
    check('ormqr', a, factors, c)
    local out = like(a)
    call(C.mt_ormqr, out, a, factors, c, left and 1 or 0, transposed and 1 or 0)
    return record(op.by_name.ormqr, out, a, factors, c)
  end)

own({'eig', dtypes = 'floats', refuses = true,
  sample = function(make) return {{rising(make, 3, 3), true}} end,
  doc = 'eig(a, vectors): the eigenvalues of a matrix as rows of real and imaginary part, and the eigenvectors as ' ..
        'columns, where wanted; those of a conjugate pair are real and imaginary part of one'},
  function(a, vectors)
    check('eig', a)
    local values, columns = like(a), like(a)
    call(C.mt_eig, values, vectors and columns or nil, a)
    return record(op.by_name.eig, values, a), columns
  end)

-- -- Least squares ----------------------------------------------------------------------------------------------

-- G. H. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose
-- variables separate (1973), theorem 4.3; the rank stays what it is.
local function pinverse_rule(g, p, a)
  local gt, pt = t(g), t(p)
  local outside = matmul(gt, matmul(p, pt))
  local inside = matmul(matmul(pt, p), gt)
  return F.add(F.neg(matmul(matmul(pt, g), pt)),
               F.add(F.sub(outside, matmul(a, matmul(p, outside))), F.sub(inside, matmul(matmul(inside, p), a))))
end

own({'pinverse', dtypes = 'floats', uses = 'ao',
  sample = function(make)
    return {{regular(make, 4, 3), 1e-5}, {regular(make, 3, 4), 1e-5}, {regular(make, 2, 4, 3), 1e-5}}
  end,
  vjp = {pinverse_rule},
  doc = 'pinverse(a, least): Moore and Penrose\'s inverse; singular values below least times the greatest are 0'},
  function(a, least)
    check('pinverse', a)
    local u, s, v = like(a), like(a), like(a)
    call(C.mt_svd, u, s, v, a, 0)
    local n = layout(s).dim - 1
    local limit = F.mul(F.narrow(s, n, 0, math.min(1, matrices.sizes(a))), least)
    local kept = F.gt(s, F.expand(limit, s))
    local inverse = F.unsqueeze(F.where(kept, F.cinv(F.where(kept, s, 1)), 0), n)
    return record(op.by_name.pinverse, matmul(F.mul(v, F.expand(inverse, v)), t(u)), a)
  end)

own({'gels', inputs = 2, dtypes = 'floats', uses = {'b', 'ab'},
  sample = function(make)
    return {{make(4, 2), regular(make, 4, 3)}, {make(3, 2), regular(make, 3, 4)},
            {make(2, 4, 1), regular(make, 2, 4, 3)}}
  end,
  vjp = {function(g, _, _, a) return (F.gels(g, t(a))) end,
         function(g, _, b, a) return pinverse_rule(matmul(g, t(b)), F.pinverse(a, 0), a) end},
  doc = 'gels(b, a): the x of least |a x − b|, or the shortest x with a x = b, for a of full rank; and a\'s factors'},
  function(b, a)
    check('gels', b, a)
    local x, factors = like(a), like(a)
    call(C.mt_gels, x, factors, b, a)
    return record(op.by_name.gels, x, b, a), factors
  end)


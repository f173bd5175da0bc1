--- Linear algebra: the forms of Torch7, batches, dtypes, layouts, and what is refused. (Values and gradients against
-- PyTorch are in test_linalg_values.lua; every row is also tested with the others.)
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(7)

local function distance(a, b)
  if not a:isSameSizeAs(b) then error('sizes ' .. tostring(a:size()) .. ' and ' .. tostring(b:size()), 2) end
  return (a - b):abs():max()
end

local function close(a, b, limit, what)
  local d = distance(a, b)
  if d ~= d or d > (limit or 1e-10) then error(('%s: they differ by %g'):format(what or 'values', d), 2) end
end

local function definite(n)
  local x = torch.randn(n, n)
  return x * x:t() + torch.eye(n)
end

-- -- Identities over random sizes ---------------------------------------------------------------------------------

t.test('gesv and inverse: a x = b', function()
  for n = 1, 24, 3 do
    local a, b = torch.randn(n, n) + torch.eye(n) * n, torch.randn(n, 3)
    close(a * torch.gesv(b, a), b)
    close(torch.inverse(a) * a, torch.eye(n))
  end
end)

t.test('gesv: the factors, and a vector as the right side', function()
  local a, b = torch.Tensor {{4, 2}, {2, 3}}, torch.Tensor {2, 5}
  local x, lu = torch.gesv(b, a)
  t.eq(x:size():totable(), {2, 1})
  close(a * x, b:view(2, 1))
  close(lu, torch.Tensor {{4, 2}, {0.5, 2}})
end)

t.test('trtrs: every triangle, transposed or not, with and without its diagonal', function()
  local a, b = torch.randn(5, 5) + torch.eye(5) * 5, torch.randn(5, 2)
  for _, uplo in ipairs {'U', 'L'} do
    for _, trans in ipairs {'N', 'T'} do
      for _, diag in ipairs {'N', 'U'} do
        local m = uplo == 'U' and torch.triu(a) or torch.tril(a)
        if diag == 'U' then m = m - torch.diag(torch.diag(m)) + torch.eye(5) end
        if trans == 'T' then m = m:t() end
        close(m * torch.trtrs(b, a, uplo, trans, diag), b, 1e-9, uplo .. trans .. diag)
      end
    end
  end
end)

t.test('potrf, potrs, potri: of the triangle that is named', function()
  local a, b = definite(6), torch.randn(6, 2)
  for _, uplo in ipairs {'U', 'L'} do
    local half = uplo == 'U' and torch.triu(a) or torch.tril(a)
    local f = torch.potrf(half, uplo)
    close(uplo == 'U' and f:t() * f or f * f:t(), a)
    close(uplo == 'U' and torch.triu(f) or torch.tril(f), f, 0)
    close(a * torch.potrs(b, f, uplo), b)
    close(torch.potri(f, uplo) * a, torch.eye(6))
  end
  close(torch.potrf(a), torch.potrf(a, 'U'), 0)
end)

t.test('pstrf: the factor of the matrix in its new order', function()
  local a = definite(5)
  for _, uplo in ipairs {'U', 'L'} do
    local f, order = torch.pstrf(a, uplo)
    t.eq(order:type(), 'torch.IntTensor')
    local there = order:long()
    close(uplo == 'U' and f:t() * f or f * f:t(), a:index(1, there):index(2, there))
  end
  local f = torch.pstrf(a, 0.1)
  close(f, torch.pstrf(a, 'U', 0.1), 0)
end)

t.test('symeig and eig', function()
  local a = definite(6)
  local e, v = torch.symeig(a, 'V')
  close(v * torch.diag(e) * v:t(), a)
  close(torch.symeig(torch.triu(a)), e)
  close(torch.symeig(torch.tril(a), 'N', 'L'), e)
  t.eq(select(2, torch.symeig(a)):nElement(), 0)
  local turn = torch.Tensor {{0, -2}, {2, 0}}
  local values, vectors = torch.eig(turn, 'V')
  close(torch.abs(values), torch.Tensor {{0, 2}, {0, 2}})
  -- a (p + iq) = (x + iy) (p + iq)
  local p, q, y = vectors:narrow(2, 1, 1), vectors:narrow(2, 2, 1), values[1][2]
  close(turn * p, q * -y)
  close(turn * q, p * y)
  t.eq(select(2, torch.eig(turn)):nElement(), 0)
end)

t.test('svd: both sets of bases, of high and of wide matrices', function()
  for _, size in ipairs {{4, 4}, {5, 3}, {2, 6}, {1, 3}} do
    local a, k = torch.randn(unpack(size)), math.min(unpack(size))
    local u, s, v = torch.svd(a)
    t.eq({u:size(2), s:size(1), v:size(2)}, {k, k, k})
    close(u * torch.diag(s) * v:t(), a)
    u, s, v = torch.svd(a, 'A')
    t.eq({u:size(2), v:size(2)}, size)
    close(u:t() * u, torch.eye(size[1]))
    close(v:t() * v, torch.eye(size[2]))
    close(u:narrow(2, 1, k) * torch.diag(s) * v:narrow(2, 1, k):t(), a)
  end
end)

t.test('qr, and its parts geqrf, orgqr and ormqr', function()
  for _, size in ipairs {{4, 4}, {5, 3}, {2, 6}} do
    local a, k = torch.randn(unpack(size)), math.min(unpack(size))
    local q, r = torch.qr(a)
    close(q * r, a)
    close(q:t() * q, torch.eye(k))
    close(torch.triu(r), r, 0)
    local reflectors, factors = torch.geqrf(a)
    close(torch.orgqr(reflectors, factors):narrow(2, 1, k), q, 0)
    local c = torch.randn(size[1], 3)
    local whole = torch.ormqr(reflectors, factors, torch.eye(size[1]))
    close(whole:narrow(2, 1, k), q)
    close(torch.ormqr(reflectors, factors, c), whole * c)
    close(torch.ormqr(reflectors, factors, c, 'L', 'T'), whole:t() * c)
    close(torch.ormqr(reflectors, factors, c:t(), 'R'), c:t() * whole)
    close(torch.ormqr(reflectors, factors, c:t(), 'R', 'T'), c:t() * whole:t())
  end
end)

t.test('gels: least squares and shortest solutions', function()
  local high, b = torch.randn(6, 3), torch.randn(6, 2)
  local x = torch.gels(b, high)
  close(high:t() * (high * x - b), torch.zeros(3, 2))
  local wide = torch.randn(2, 4)
  x = torch.gels(torch.ones(2), wide)
  close(wide * x, torch.ones(2, 1))
  close(x, torch.pinverse(wide) * torch.ones(2, 1))
end)

t.test('determinants, ranks, inverses of deficient matrices', function()
  t.near(torch.det(torch.Tensor {{1, 2}, {3, 4}}), -2)
  local sign, magnitude = torch.slogdet(torch.Tensor {{1, 2}, {3, 4}})
  t.eq(sign, -1)
  t.near(magnitude, math.log(2))
  t.near(torch.logdet(torch.Tensor {{4, 2}, {3, 4}}), math.log(10))
  t.eq(torch.logdet(torch.Tensor {{1, 2}, {3, 4}}), 0 / 0)
  t.eq(torch.det(torch.ones(3, 3)), 0)
  t.eq({torch.slogdet(torch.ones(2, 2))}, {0, -math.huge})
  t.near(torch.slogdet(torch.eye(200) * 1e-3), 1)
  t.eq(torch.matrixRank(torch.ones(3, 5)), 1)
  t.eq(torch.matrixRank(torch.randn(4, 6)), 4)
  t.eq(torch.matrixRank(torch.zeros(2, 2)), 0)
  t.eq(torch.matrixRank(torch.diag(torch.Tensor {1, 0.1, 0.01}), 0.05), 2)
  close(torch.pinverse(torch.ones(2, 3)), torch.ones(3, 2) / 6)
end)

-- -- Batches ------------------------------------------------------------------------------------------------------

t.test('a batch is its matrices one by one', function()
  local a, b = torch.randn(5, 4, 4), torch.randn(5, 4, 2)
  for i = 1, 5 do a[i]:add(torch.eye(4) * 5) end
  local spd = torch.bmm(a, a:transpose(2, 3))
  local calls = {
    gesv = {b, a}, gels = {b, a}, trtrs = {b, a, 'L'}, inverse = {a}, pinverse = {a}, potrf = {spd}, pstrf = {spd, 'L'},
    potrs = {b, a}, potri = {a}, symeig = {spd, 'V'}, eig = {a, 'V'}, svd = {a}, qr = {a}, geqrf = {a}, det = {a},
    slogdet = {a}, logdet = {spd}, matrixRank = {a},
  }
  for name, args in pairs(calls) do
    local whole = {torch[name](unpack(args))}
    for i = 1, 5 do
      local single = {}
      for k, v in ipairs(args) do single[k] = torch.isTensor(v) and v[i] or v end
      for k, part in ipairs {torch[name](unpack(single))} do
        local got = whole[k][i]
        if type(part) == 'number' then t.near(got, part, 1e-9, name) else close(got, part, 1e-9, name) end
      end
    end
  end
end)

t.test('a failure names the matrix of the batch', function()
  local a = torch.zeros(3, 2, 2)
  a[1]:copy(torch.eye(2))
  t.raises('inverse: matrix 2 of the batch is singular: U%[1%]%[1%] is 0', torch.inverse, a)
end)

t.test('a batch of none, and matrices of no rows', function()
  t.eq(torch.inverse(torch.Tensor(0, 3, 3)):size():totable(), {0, 3, 3})
  t.eq(torch.gesv(torch.Tensor(3, 0), torch.eye(3)):size():totable(), {3, 0})
  t.eq(torch.potrf(torch.Tensor(0, 0)):size():totable(), {0, 0})
  t.eq(torch.symeig(torch.Tensor(0, 0)):size():totable(), {0})
  t.eq(torch.qr(torch.Tensor(4, 0)):size():totable(), {4, 0})
end)

-- -- Results that are given ---------------------------------------------------------------------------------------

t.test('results lie in memory by columns, as in Torch7', function()
  local a = torch.randn(4, 4)
  local u, s, v = torch.svd(a)
  t.eq({u:stride():totable(), s:stride():totable(), v:stride():totable()}, {{1, 4}, {1}, {4, 1}})
  t.eq(torch.inverse(a):stride():totable(), {1, 4})
  t.eq(torch.gesv(torch.randn(4, 2), a):stride():totable(), {1, 4})
  t.eq(torch.eig(a):stride():totable(), {2, 1})
  local given = torch.Tensor(4, 4)
  local storage = given:storage()
  t.ok(torch.inverse(given, a) == given)
  t.eq(given:stride():totable(), {1, 4})
  t.ok(given:storage().at == storage.at, 'the same storage')
end)

t.test('a strided result of the right sizes keeps its layout; others are resized', function()
  local a = definite(4)
  local values, vectors = torch.zeros(4, 2):select(2, 2), torch.zeros(4, 2, 4):select(2, 2)
  torch.symeig(values, vectors, a, 'V')
  t.eq({values:stride(1), vectors:stride(1), vectors:stride(2)}, {2, 8, 1})
  close(vectors * torch.diag(values) * vectors:t(), a)
  local other = torch.ones(2, 7)
  torch.inverse(other, a)
  close(other * a, torch.eye(4))
end)

t.test('a result may be the operand, whatever its layout', function()
  for _, turned in ipairs {false, true} do
    local a, b = torch.randn(4, 4) + torch.eye(4) * 4, torch.randn(4, 4)
    if turned then a, b = a:t(), b:t() end
    local first, right = a:clone(), b:clone()
    local want = torch.inverse(a)
    torch.inverse(a, a)
    close(a, want, 0)
    a:copy(first)
    torch.gesv(b, a, b, a)
    close(first * b, right)
  end
end)

t.test('a failure leaves the results as they were', function()
  local x, lu = torch.ones(2, 2), torch.ones(2, 2)
  t.raises('gesv: the matrix is singular: U%[2%]%[2%] is 0', torch.gesv, x, lu, torch.ones(2, 2), torch.ones(2, 2))
  close(x, torch.ones(2, 2), 0)
  close(lu, torch.ones(2, 2), 0)
  t.eq(x:stride():totable(), {2, 1})
end)

t.test('every function is a method too', function()
  local a = definite(3)
  close(a:inverse(), torch.inverse(a), 0)
  t.eq(a:det(), torch.det(a))
  close(a:potrf('L'), torch.potrf(a, 'L'), 0)
end)

-- -- What is refused ----------------------------------------------------------------------------------------------

t.test('LAPACK\'s complaints in words', function()
  local zero = torch.zeros(3, 3)
  t.raises('trtrs: the matrix is singular: its element %[1%]%[1%] is 0', torch.trtrs, torch.ones(3, 1), zero)
  t.raises('potrf: the matrix is not positive definite: its leading minor of order 2',
           torch.potrf, torch.Tensor {{1, 2}, {2, 1}})
  t.raises('pstrf: the matrix is not of full rank', torch.pstrf, torch.ones(3, 3))
  t.raises('gels: the matrix is not of full rank', torch.gels, torch.ones(3, 1),
           torch.diag(torch.Tensor {1, 0, 2}))
  t.raises('test_linalg.lua:%d+: inverse', function() torch.inverse(zero) end)
end)

t.test('operands that do not fit', function()
  local a = torch.randn(3, 4)
  for _, name in ipairs {'inverse', 'potrf', 'pstrf', 'symeig', 'eig', 'det', 'slogdet', 'potri'} do
    t.raises('expected a square matrix, got 3x4', torch[name], a)
  end
  t.raises('inverse: expected a matrix or a batch of matrices, got 5', torch.inverse, torch.ones(5))
  t.raises('inverse: expected a matrix or a batch of matrices, got no elements', torch.inverse, torch.Tensor())
  t.raises('gesv: a right side of sizes 4x1 does not go with 3x3', torch.gesv, torch.ones(4), torch.eye(3))
  t.raises('gesv: a right side of sizes 2x3x1 does not go with 3x3', torch.gesv, torch.ones(2, 3, 1), torch.eye(3))
  t.raises('gels: a right side', torch.gels, torch.ones(2, 1), a)
  t.raises('orgqr: 4 factors do not go with reflectors of sizes 4x3', torch.orgqr, torch.ones(4, 3), torch.ones(4))
  t.raises('ormqr: a matrix of sizes 3x2', torch.ormqr, torch.ones(4, 3), torch.ones(3), torch.ones(3, 2))
  t.raises('gesv: expected tensors of one type', torch.gesv, torch.ones(3, 1):float(), torch.eye(3))
  t.raises('inverse: there is no such op for int64 tensors', torch.inverse, torch.LongTensor(2, 2):fill(1))
end)

t.test('arguments that are none of the forms', function()
  local one = torch.eye(2)
  t.raises('gesv: expected 2 tensors, or 4 with results first, got 3', torch.gesv, one, one, one)
  t.raises('inverse: expected 1 tensor, or 2 with results first, got 0', torch.inverse)
  t.raises('inverse: expected 1 tensor', torch.inverse, {1})
  t.raises('potrf: expected \'U\' or \'L\', got X', torch.potrf, torch.eye(2), 'X')
  t.raises('svd: expected \'S\' or \'A\', got 3', torch.svd, torch.eye(2), 3)
  t.raises('det: expected a tensor, got number', torch.det, 3)
  t.raises('logdet: expected a tensor', torch.logdet)
  t.raises('matrixRank: expected a tensor', torch.matrixRank, 'x')
  t.raises('pinverse: expected a number', torch.pinverse, torch.eye(2), 'x')
  t.raises('pstrf: expected a number', torch.pstrf, torch.eye(2), 'U', 'x')
end)

t.test('NaN and infinite numbers end in an error or in NaN, never in a loop', function()
  local calls = {
    gesv = {'b', 'a'}, gels = {'b', 'a'}, trtrs = {'b', 'a'}, inverse = {'a'}, potrf = {'a'}, pstrf = {'a'},
    potrs = {'b', 'a'}, potri = {'a'}, symeig = {'a', 'V'}, eig = {'a', 'V'}, svd = {'a', 'A'}, qr = {'a'},
    geqrf = {'a'}, det = {'a'}, slogdet = {'a'}, logdet = {'a'}, pinverse = {'a'}, matrixRank = {'a'},
  }
  local iterative = {gels = true, symeig = true, eig = true, svd = true, pinverse = true, matrixRank = true}
  for name, shape in pairs(calls) do
    for _, bad in ipairs {0 / 0, math.huge, -math.huge} do
      for place = 0, 36 do -- 0: everywhere
        local operands = {a = definite(6), b = torch.randn(6, 2)}
        if place == 0 then operands.a:fill(bad) else operands.a:view(36)[place] = bad end
        local args = {}
        for i, key in ipairs(shape) do args[i] = operands[key] or key end
        local ok, message = pcall(torch[name], unpack(args))
        if iterative[name] then
          t.ok(not ok and message:find('holds NaN or infinite numbers'), name)
        elseif not ok then
          t.ok(message:find(name) or message:find('trtrs'), message)
        end
      end
    end
  end
end)

-- -- Gradients beside the rules -----------------------------------------------------------------------------------

local function gradient(f, x) return autograd.grad(f)(x) end

t.test('the determinant of singular matrices has a gradient, the matrix of cofactors', function()
  close(gradient(torch.det, torch.Tensor {{1, 2}, {2, 4}}), torch.Tensor {{4, -2}, {-2, 1}})
  close(gradient(torch.det, torch.zeros(1, 1)), torch.ones(1, 1))
  close(gradient(torch.det, torch.zeros(3, 3)), torch.zeros(3, 3))
  close(gradient(torch.det, torch.ones(3, 3)), torch.zeros(3, 3), 1e-10)
  local batch = torch.Tensor {{{1, 2}, {2, 4}}, {{2, 1}, {1, 3}}}
  close(gradient(function(x) return torch.det(x):sum() end, batch),
        torch.Tensor {{{4, -2}, {-2, 1}}, {{3, -1}, {-1, 2}}})
end)

t.test('equal eigenvalues and singular values: gradients of the values are finite', function()
  close(gradient(function(x) return torch.symeig(x):sum() end, torch.eye(3)), torch.eye(3))
  close(gradient(function(x) return (select(2, torch.svd(x))):sum() end, torch.eye(3)), torch.eye(3))
end)

t.test('the gradient lies in the triangle that is read', function()
  local g = gradient(function(x) return torch.potrf(x, 'L'):sum() end, definite(3))
  close(torch.tril(g), g, 0)
  g = gradient(function(x) return torch.symeig(x, 'N', 'U'):sum() end, definite(3))
  close(torch.triu(g), g, 0)
end)

t.test('results that are given take part in a recording', function()
  local g = gradient(function(x)
    local out = torch.Tensor()
    torch.inverse(out, x)
    return out:sum()
  end, torch.eye(2) * 2)
  close(g, torch.ones(2, 2) * -0.25)
end)

t.test('bases that have no gradient say so', function()
  t.raises('svd: square bases of a matrix of 2x3 have no gradient', gradient, function(x)
    return (torch.svd(x, 'A')):sum()
  end, torch.randn(2, 3))
  t.raises('eig: no rule is known', gradient, function(x) return (torch.eig(x)):sum() end, torch.randn(2, 2))
end)

-- -- Precision ------------------------------------------------------------------------------------------------------

t.test('half and bfloat16 compute in float', function()
  for _, kind in ipairs {'torch.FloatTensor', 'torch.HalfTensor', 'torch.BFloat16Tensor'} do
    local a = torch.Tensor {{4, 1}, {1, 2}}:type(kind)
    local x = torch.inverse(a)
    t.eq(x:type(), kind)
    close(x:double(), torch.Tensor {{2, -1}, {-1, 4}} / 7, 3e-3)
    t.near(torch.det(a), 7, 1e-2)
    t.eq(torch.svd(a):type(), kind)
    t.eq(torch.matrixRank(torch.ones(3, 3):type(kind)), 1)
  end
end)

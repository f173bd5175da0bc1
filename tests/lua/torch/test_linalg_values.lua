--- Results and gradients of linear algebra, convolution, einsum and arrangements against those that PyTorch computed
-- (see expected/linalg.py, where each case has the same name).
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'torch.expected.linalg'

-- Element i (from 0) of the k-th tensor is 1.3 sin(0.7 i + k), as in expected/linalg.py.
local function wave(k, ...)
  local x = torch.Tensor(...)
  local flat = x:view(x:nElement())
  for i = 0, flat:size(1) - 1 do flat[i + 1] = 1.3 * math.sin(0.7 * i + k) end
  return x
end

-- One after another, as a vector.
local function joined(...)
  local parts = {}
  for i = 1, select('#', ...) do
    local x = select(i, ...)
    if type(x) == 'number' then x = torch.Tensor {x} end
    parts[i] = x:contiguous():view(x:nElement())
  end
  return torch.cat(parts)
end

local function check(what, got, want)
  t.eq(got:nElement(), #want, what)
  got = joined(got)
  for i, v in ipairs(want) do
    if v ~= v or math.abs(v) == math.huge then
      t.eq(got[i], v, what)
    else
      t.near(got[i], v, 1e-10, ('%s, element %d'):format(what, i))
    end
  end
end

-- A case of expected/linalg.py: f of waves of these sizes, recorded and not.
local function case(name, f, ...)
  local shapes = {...}
  t.test(name, function()
    local want, xs = expected[name], {}
    assert(want, name .. ' is not in expected/linalg.lua')
    for i, shape in ipairs(shapes) do xs[i] = wave(i, unpack(shape)) end
    check('result', joined(f(unpack(xs))), want.output)
    if not want.grads then return end
    local tape, out = autograd.record(xs, function() return joined(f(unpack(xs))) end)
    check('recorded result', out, want.output)
    local grads = tape:grad(out, xs, wave(9, out:nElement()))
    for i in ipairs(xs) do check('gradient ' .. i, grads[i], want.grads[i]) end
  end)
end

-- -- Matrices ---------------------------------------------------------------------------------------------------

local function flipped(x) return x:transpose(x:dim() - 1, x:dim()) end
local function times(a, b) return a:dim() == 3 and torch.bmm(a, b) or torch.mm(a, b) end

local function regular(x)
  local d = x:dim()
  local more = torch.eye(x:size(d - 1), x:size(d)) * 3
  return x + (d == 3 and more:view(1, x:size(2), x:size(3)):expandAs(x) or more)
end

local function definite(x)
  local n = x:size(x:dim())
  local one = torch.eye(n)
  local square = times(x, flipped(x))
  return square + (x:dim() == 3 and one:view(1, n, n):expandAs(square) or one)
end

local function on_regular(f, ...)
  local flags = {...}
  return function(x) return f(regular(x), unpack(flags)) end
end

-- f of a right side and a regular matrix
local function solving(f, ...)
  local flags = {...}
  return function(b, a) return (f(b, regular(a), unpack(flags))) end
end

case('inverse', on_regular(torch.inverse), {3, 3})
case('inverse_batch', on_regular(torch.inverse), {2, 3, 3})
case('gesv', solving(torch.gesv), {3, 2}, {3, 3})
case('gesv_factors', function(x) return select(2, torch.gesv(torch.ones(4), regular(x))) end, {4, 4})
case('gesv_batch', solving(torch.gesv), {2, 3, 2}, {2, 3, 3})
case('trtrs', solving(torch.trtrs), {3, 2}, {3, 3})
case('trtrs_lower', solving(torch.trtrs, 'L', 'T', 'U'), {3, 2}, {3, 3})
case('gels_high', solving(torch.gels), {5, 2}, {5, 3})
case('gels_wide', solving(torch.gels), {3, 2}, {3, 5})
case('potrf', function(x) return torch.potrf(definite(x)) end, {4, 4})
case('potrf_lower', function(x) return torch.potrf(definite(x), 'L') end, {2, 3, 3})
case('potrs', function(b, x) return torch.potrs(b, torch.potrf(definite(x))) end, {3, 2}, {3, 3})
case('potri', function(x) return torch.potri(torch.potrf(definite(x), 'L'), 'L') end, {3, 3})

-- the signs of eigenvectors are LAPACK's choice
local function symeig(x)
  local values, vectors = torch.symeig(definite(regular(x)), 'V')
  return values, torch.cmul(vectors, vectors)
end
case('symeig', symeig, {4, 4})
case('symeig_batch', symeig, {2, 3, 3})
case('eig', function(x) return (torch.eig(regular(x))) end, {4, 4})

local function svd(x)
  local u, s, v = torch.svd(x)
  return s, u * torch.diag(torch.range(1, s:size(1))) * v:t()
end
case('svd_square', on_regular(svd), {3, 3})
case('svd_high', on_regular(svd), {4, 3})
case('svd_wide', on_regular(svd), {3, 5})
case('qr_square', on_regular(torch.qr), {3, 3})
case('qr_high', on_regular(torch.qr), {5, 3})
case('qr_wide', on_regular(torch.qr), {3, 5})
case('qr_batch', on_regular(torch.qr), {2, 4, 3})
case('det', torch.det, {4, 4})
case('det_batch', torch.det, {3, 2, 2})
case('det_singular', function(x) return torch.det(x - torch.expandAs(x:mean(2), x)) end, {3, 3})
case('slogdet', function(x) return (select(2, torch.slogdet(regular(x)))) end, {4, 4})
case('logdet_batch', function(x) return torch.logdet(definite(x)) end, {2, 3, 3})
case('pinverse_high', torch.pinverse, {4, 2})
case('pinverse_wide', torch.pinverse, {2, 4})
case('pinverse_deficient', function(x) return torch.pinverse(torch.cat(x, x * 2)) end, {4, 1})

-- -- Images and volumes -----------------------------------------------------------------------------------------

case('xcorr2', torch.xcorr2, {5, 6}, {2, 3})
case('xcorr2_whole', function(x, k) return torch.xcorr2(x, k, 'F') end, {5, 6}, {2, 3})
case('conv2', function(x, k) return torch.conv2(x, k, 'V') end, {5, 6}, {2, 3})
case('conv2_whole', function(x, k) return torch.conv2(x, k, 'F') end, {5, 6}, {2, 3})
case('conv2_each', torch.conv2, {3, 4, 5}, {3, 2, 2})
case('xcorr2_sums', function(x, k) return torch.xcorr2(x, k, 'F') end, {3, 4, 5}, {2, 3, 2, 2})
case('xcorr3', torch.xcorr3, {4, 5, 6}, {2, 3, 2})
case('conv3_whole', function(x, k) return torch.conv3(x, k, 'F') end, {3, 4, 3}, {2, 3, 2})
case('xcorr3_each', torch.xcorr3, {2, 3, 4, 3}, {2, 2, 2, 2})
case('conv3_sums', torch.conv3, {2, 3, 4, 3}, {3, 2, 2, 2, 2})

-- -- Sums of products -------------------------------------------------------------------------------------------

local function einsum(name, formula, ...)
  case('einsum_' .. name, function(...) return torch.einsum(formula, ...) end, ...)
end

einsum('product', 'ij,jk->ik', {3, 4}, {4, 2})
einsum('implied', 'ba,c', {2, 3}, {2})
einsum('trace', 'ii', {3, 3})
einsum('diagonal', 'iji->ij', {3, 2, 3})
einsum('twice_in_both', 'bii,bi->b', {2, 3, 3}, {2, 3})
einsum('batch', 'bqhd,bkhd->bhqk', {2, 3, 2, 4}, {2, 5, 2, 4})
einsum('outer', 'i,j,k->kij', {2}, {3}, {2})
einsum('same_counts', 'ij,ji->ij', {3, 2}, {2, 3})
einsum('chain', 'ij,jk,kl,l->i', {2, 3}, {3, 4}, {4, 3}, {3})
einsum('dots', '...ij,...jk->...ik', {2, 1, 2, 3}, {4, 3, 2})
einsum('dots_implied', 'i...,i...', {3, 2, 4}, {3, 1, 4})
einsum('dots_summed', '...i->i', {2, 3, 4})
einsum('single', 'ij,ij->i', {3, 1}, {3, 4})
einsum('spaces', ' a b , b -> a ', {3, 4}, {4})
einsum('all', 'abc->', {2, 3, 2})
einsum('bilinear', 'bi,oij,bj->bo', {3, 2}, {4, 2, 5}, {3, 5})

-- -- Arrangements -----------------------------------------------------------------------------------------------

case('pad_constant', function(x) return torch.pad(x, {1, 2, 0, 3}, 'constant', 1.5) end, {2, 3, 4})
case('pad_cut', function(x) return torch.pad(x, {-1, 2, 1, -1}) end, {3, 4})
for _, mode in ipairs {'reflect', 'replicate', 'circular'} do
  case('pad_' .. mode, function(x) return torch.pad(x, {2, 1, 1, 2}, mode) end, {2, 3, 4})
end
case('flip', function(x) return torch.flip(x, 1, 3) end, {2, 3, 2})
case('roll', function(x) return torch.roll(x, {2, -1}, {2, 1}) end, {3, 4})
case('roll_line', function(x) return torch.roll(x, 5) end, {3, 4})
case('stack', function(x, y) return torch.stack({x, y}, 2) end, {3, 2}, {3, 2})
case('logsumexp', function(x) return torch.logsumexp(x * 500, 2) end, {3, 4})
case('logsumexp_two', function(x) return torch.logsumexp(x, {1, 3}) end, {2, 3, 2})
case('logsumexp_infinite', function()
  return torch.logsumexp(torch.Tensor {{-math.huge, -math.huge}, {1, math.huge}}, 2)
end, {1})

t.test('every expected case is tested', function()
  local source = io.open(debug.getinfo(1, 'S').source:sub(2)):read('*a')
  for name in pairs(expected) do
    local short = name:gsub('^einsum_', '')
    if not name:find('^pad_') then t.ok(source:find("'" .. short .. "'", 1, true), name) end
  end
end)

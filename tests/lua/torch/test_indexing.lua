-- Choosing, ordering and joining elements in the forms of Torch7.
local t = require 'harness'
local torch = require 'torch'
local autograd = require 'autograd'

local D, L, B = torch.DoubleTensor, torch.LongTensor, torch.ByteTensor

local function is(x, values, what) t.eq(x:totable(), values, what) end
local function matrix() return D {{1, 2, 3}, {4, 5, 6}} end

t.test('gather', function()
  local x = matrix()
  is(torch.gather(x, 2, L {{3, 1}, {2, 2}}), {{3, 1}, {5, 5}})
  is(x:gather(1, L {{2, 1, 2}}), {{4, 2, 6}})
  local out = D()
  t.ok(rawequal(torch.gather(out, x, 2, L {{1}, {3}}), out))
  is(out, {{1}, {6}})
  is(D(1):gather(x, 2, L {{2}, {2}}), {{2}, {5}})
  t.raises('gather: index 4 at element 2 is outside 1..3', x.gather, x, 2, L {{1}, {4}})
  t.raises('gather: dimension 3 is outside 1..2', x.gather, x, 3, L {{1}})
  t.raises('gather: expected a tensor, got nothing', torch.gather)
end)

t.test('scatter and scatterAdd', function()
  local x = D(2, 3):zero()
  is(x:scatter(2, L {{3, 1}, {2, 1}}, D {{1, 2}, {3, 4}}), {{2, 0, 1}, {4, 3, 0}})
  is(torch.scatter(x, 1, L {{2, 1, 2}}, 9), {{2, 9, 1}, {9, 3, 9}})
  is(D(3):zero():scatterAdd(1, L {1, 1, 3}, D {1, 2, 4}), {3, 0, 4})
  t.raises('scatter: index 0 at element 1 is outside', x.scatter, x, 1, L {{0}}, 1)
  is(x, {{2, 9, 1}, {9, 3, 9}}, 'after the error')
end)

t.test('index and its kin', function()
  local x = matrix()
  is(x:index(2, L {3, 1, 3}), {{3, 1, 3}, {6, 4, 6}})
  local out = D()
  out:index(x, 1, L {2})
  is(out, {{4, 5, 6}})
  is(torch.index(out, x, 1, L {1}), {{1, 2, 3}})
  is(torch.index(x, 1, torch.LongStorage {2}), {{4, 5, 6}})
  is(matrix():indexCopy(2, L {3, 1}, D {{7, 8}, {9, 10}}), {{8, 2, 7}, {10, 5, 9}})
  is(matrix():indexAdd(1, L {1, 1}, D {{1, 1, 1}, {2, 2, 2}}), {{4, 5, 6}, {4, 5, 6}})
  is(matrix():indexFill(2, L {1, 3}, 0), {{0, 2, 0}, {0, 5, 0}})
  t.raises('indexFill: expected a number', x.indexFill, x, 1, L {1}, x)
  t.raises('index_copy: expected a source of sizes 2x2, got 2x3', x.indexCopy, x, 2, L {1, 2}, matrix())
  t.raises('index_select: index 5 at element 1 is outside 1..2', x.index, x, 1, L {5})
  is(x, {{1, 2, 3}, {4, 5, 6}}, 'after the errors')
end)

t.test('masks', function()
  local x, mask = matrix(), B {{1, 0, 1}, {0, 0, 1}}
  is(x:maskedSelect(mask), {1, 3, 6})
  is(D():maskedSelect(x, mask), {1, 3, 6})
  is(x[mask], {1, 3, 6})
  t.eq(x:maskedSelect(B(2, 3):zero()):dim(), 0)
  is(matrix():maskedCopy(mask, D {7, 8, 9, 10}), {{7, 2, 8}, {4, 5, 9}})
  is(matrix():maskedFill(mask, -1), {{-1, 2, -1}, {4, 5, -1}})
  is(matrix():maskedFill(B {1, 0, 0, 0, 0, 1}, 0), {{0, 2, 3}, {4, 5, 0}}, 'a mask of other sizes')
  x[mask] = 5
  is(x, {{5, 2, 5}, {4, 5, 5}})
  t.raises('maskedFill: expected a mask with as many elements as 2x3, got 2', x.maskedFill, x, B {1, 0}, 1)
  t.raises('maskedFill: expected a ByteTensor as the mask', x.maskedFill, x, matrix(), 1)
  t.raises('masked_copy: the mask has 3 ones, the source only 1 ele', x.maskedCopy, x, mask, D {1})
  is(torch.nonzero(mask), {{1, 1}, {1, 3}, {2, 3}})
  is(L():nonzero(D {0, 2, 0 / 0}), {{2}, {3}})
end)

t.test('sort, in all its forms', function()
  local x = D {{3, 1, 2}, {9, 7, 8}}
  local values, places = torch.sort(x)
  is(values, {{1, 2, 3}, {7, 8, 9}})
  is(places, {{2, 3, 1}, {2, 3, 1}})
  t.eq(torch.type(places), 'torch.LongTensor')
  is((x:sort(1, true)), {{9, 7, 8}, {3, 1, 2}})
  is((x:sort(true)), {{3, 2, 1}, {9, 8, 7}})
  local v, p = D(), L()
  t.ok(rawequal(torch.sort(v, p, x), v))
  is(p, {{2, 3, 1}, {2, 3, 1}})
  torch.sort(p, x, 2, true)
  is(p, {{1, 3, 2}, {1, 3, 2}}, 'places alone')
  torch.sort(v, x, 1)
  is(v, {{3, 1, 2}, {9, 7, 8}}, 'values alone')
  x:sort(x, 2)
  is((torch.sort(x, 2)), {{1, 2, 3}, {7, 8, 9}})
  is((torch.sort(L {3, 1, 2})), {1, 2, 3})
  t.eq(torch.sort(D()):dim(), 0)
  t.raises('sort: dimension 3 is outside 1..2', torch.sort, x, 3)
end)

t.test('topk, kthvalue, median, mode', function()
  local x = D {{5, 1, 4, 2}, {6, 9, 8, 7}}
  local v, p = torch.topk(x, 2, 2, false, true)
  is(v, {{1, 2}, {6, 7}})
  is(p, {{2, 4}, {1, 4}})
  is((x:topk(2, true, true)), {{5, 4}, {9, 8}})
  is((x:topk(1, 1, true)), {{6, 9, 8, 7}})
  t.eq(x:topk():size():totable(), {2, 1})
  t.raises('topk: asked for 5 elements', x.topk, x, 5)
  v, p = torch.kthvalue(x, 2)
  is(v, {{2}, {7}})
  is(p, {{4}, {4}})
  is((x:kthvalue(1, 1)), {{5, 1, 4, 2}})
  t.raises('kthvalue: asked for element 3 of 2', x.kthvalue, x, 3, 1)
  v, p = torch.median(x)
  is(v, {{2}, {7}})
  is(p, {{4}, {4}})
  is((torch.median(D {3, 1, 2})), {2})
  v, p = torch.mode(D {{1, 2, 2, 3}, {3, 3, 1, 1}, {4, 5, 6, 7}})
  is(v, {{2}, {1}, {4}})
  is(p, {{3}, {4}, {1}})
  v, p = torch.mode(D {{1, 2}, {1, 3}, {0, 3}}, 1)
  is(v, {{1, 3}})
  is(p, {{2, 3}})
  is((torch.mode(D {7})), {7})
  is((torch.mode(L {2 ^ 53, 4, 4})), {4})
end)

t.test('cat', function()
  local a, b = D {{1, 2}}, D {{3, 4}}
  is(torch.cat(a, b), {{1, 2, 3, 4}})
  is(torch.cat(a, b, 1), {{1, 2}, {3, 4}})
  is(torch.cat({a, b, a}, 1), {{1, 2}, {3, 4}, {1, 2}})
  local out = D()
  t.ok(rawequal(torch.cat(out, a, b, 2), out))
  is(out, {{1, 2, 3, 4}})
  is(torch.cat(out, {a, b}, 1), {{1, 2}, {3, 4}})
  is(a:cat(b, 1), {{1, 2}, {3, 4}})
  is(torch.cat(D {1, 2}, D {3}), {1, 2, 3})
  is(torch.cat(D {1, 2}, D {3, 4}, 2), {{1, 3}, {2, 4}}, 'vectors as columns')
  is(torch.cat({D(), a, D()}, 1), {{1, 2}}, 'parts without elements')
  is(torch.cat(a, b, -2), {{1, 2}, {3, 4}})
  t.eq(torch.cat({D(), D()}):dim(), 0)
  t.raises('cat: part 2 has sizes 1x1', torch.cat, a, D {{1}}, 1)
  t.raises('cat: expected a tensor, got nothing', torch.cat, {})
  t.raises('cat: expected a tensor, got number', torch.cat, {a, 3})
  t.raises('cat: expected a dimension', torch.cat, a, b, 0)
  t.raises('cat: expected', torch.cat, a, torch.FloatTensor {{1, 2}})
end)

t.test('triangles, diagonals, products', function()
  local x = D {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}
  is(torch.tril(x), {{1, 0, 0}, {4, 5, 0}, {7, 8, 9}})
  is(x:triu(1), {{0, 2, 3}, {0, 0, 6}, {0, 0, 0}})
  local out = D()
  is(torch.tril(out, x, -1), {{0, 0, 0}, {4, 0, 0}, {7, 8, 0}})
  is(torch.diag(x), {1, 5, 9})
  is(torch.diag(x:t(), 1), {4, 8})
  is(x:diag(-2), {7})
  is(torch.diag(D {1, 2}), {{1, 0}, {0, 2}})
  is(torch.diag(out, D {1, 2}, -1), {{0, 0, 0}, {1, 0, 0}, {0, 2, 0}})
  t.raises('diag: .* has no diagonal 3', torch.diag, x, 3)
  t.eq(torch.trace(x), 15)
  t.eq(D {{1, 2, 3}, {4, 5, 6}}:trace(), 6)
  is(torch.cross(D {1, 0, 0}, D {0, 1, 0}), {0, 0, 1})
  is(torch.cross(out, D {{1, 2, 3}, {4, 5, 6}}, D {{6, 5, 4}, {3, 2, 1}}, 2), {{-7, 14, -7}, {-7, 14, -7}})
  t.raises('cross: expected a dimension of size 3', torch.cross, D {1, 2}, D {1, 2})
  t.ok(torch.equal(x, x:clone()))
  t.ok(not x:equal(x:t()))
end)

t.test('every type', function()
  for _, name in ipairs {'Float', 'Double', 'Half', 'BFloat16', 'Byte', 'Char', 'Short', 'Int', 'Long'} do
    local x = torch[name .. 'Tensor'] {{3, 1}, {2, 4}}
    is(x:index(1, L {2}), {{2, 4}}, name)
    is((x:sort(2)), {{1, 3}, {2, 4}}, name)
    is(x:gather(2, L {{2}, {1}}), {{1}, {2}}, name)
    is(torch.cat(x, x, 1):maskedFill(B {{1, 0}, {0, 0}, {0, 0}, {0, 1}}, 7), {{7, 1}, {2, 4}, {3, 1}, {2, 7}}, name)
    is(x:diag(), {3, 4}, name)
    is((x:median(1)), {{2, 1}}, name)
    is((x:mode(1)), {{2, 1}}, name)
  end
end)

-- -- Gradients --------------------------------------------------------------------------------------------------

-- The gradient of sum(weights · f(x, y)) by x and y, against finite differences.
local function check_gradient(f, x, y)
  local weights = torch.range(1, f(x, y):nElement()):viewAs(f(x, y))
  local function loss(a, b) return torch.sum(torch.cmul(f(a, b), weights)) end
  for k, v in ipairs {x, y} do
    local g = autograd.grad(function(u) return loss(k == 1 and u or x, k == 2 and u or y) end)(v)
    local flat, slope = v:view(-1), g:contiguous():view(-1)
    for i = 1, flat:nElement() do
      local kept = flat[i]
      flat[i] = kept + 1e-4
      local above = loss(x, y)
      flat[i] = kept - 1e-4
      local below = loss(x, y)
      flat[i] = kept
      t.near(slope[i], (above - below) / 2e-4, 1e-6, ('input %d, element %d'):format(k, i))
    end
  end
end

t.test('writing in place passes gradients', function()
  local x, y = D {{1, 2, 3}, {4, 5, 6}}, D {{7, -8}, {9, 10}}
  local places, slices, mask = L {{3, 1}, {2, 1}}, L {3, 1}, B {{1, 0, 1}, {0, 1, 1}}
  local function on_copy(method, ...)
    local args = {...}
    return function(a, b)
      local c = torch.cmul(a, a)
      local list = {}
      for i, v in ipairs(args) do list[i] = v == 'y' and torch.cmul(b, b) or v end
      return c[method](c, unpack(list))
    end
  end
  check_gradient(on_copy('scatter', 2, places, 'y'), x, y)
  check_gradient(on_copy('scatter', 2, places, 3), x, nil)
  check_gradient(on_copy('scatterAdd', 2, L {{1, 1}, {2, 3}}, 'y'), x, y)
  check_gradient(on_copy('indexCopy', 2, slices, 'y'), x, y)
  check_gradient(on_copy('indexAdd', 2, L {2, 2}, 'y'), x, y)
  check_gradient(on_copy('indexFill', 2, slices, 3), x, nil)
  check_gradient(on_copy('maskedFill', mask, 3), x, nil)
  check_gradient(on_copy('maskedCopy', mask, 'y'), x, y)
  t.raises('indexCopy: a place comes twice', function()
    check_gradient(on_copy('indexCopy', 2, L {1, 1}, 'y'), x, y)
  end)
  t.raises('scatter: a place comes twice', function()
    check_gradient(on_copy('scatter', 2, L {{1, 1}, {2, 1}}, 'y'), x, y)
  end)
end)

t.test('choosing and joining passes gradients', function()
  local x, y = D {{1, -2, 3}, {5, 4, -6}}, D {{7, -8, 2}}
  check_gradient(function(a) return a:gather(2, L {{1, 1}, {3, 2}}) end, x)
  check_gradient(function(a) return torch.gather(D(), a, 2, L {{1, 1}, {3, 2}}) end, x)
  check_gradient(function(a) return D():index(a, 2, L {2, 2, 1}) end, x)
  check_gradient(function(a) return a:maskedSelect(B {{1, 0, 1}, {0, 1, 1}}) end, x)
  check_gradient(function(a) return (torch.sort(D(), a, 2, true)) end, x)
  check_gradient(function(a) return (a:topk(2, 2, true, true)) end, x)
  check_gradient(function(a) return (a:kthvalue(2, 2)) end, x)
  check_gradient(function(a) return (a:median(1)) end, x)
  check_gradient(function(a) return (a:mode(2)) end, x)
  check_gradient(function(a, b) return torch.cat(a, b, 1) end, x, y)
  check_gradient(function(a, b) return torch.cat(D(), {b, a, b}, 1) end, x, y)
  check_gradient(function(a, b) return torch.cat(a:select(1, 1), b:view(3), 2) end, x, y)
  check_gradient(function(a) return a:diag(1) end, x)
  check_gradient(function(a) return a:view(6):diag(-1) end, x)
  check_gradient(function(a, b) return torch.cross(a, b:expandAs(a)) end, x, y)
  check_gradient(function(a) return torch.triu(D(), a, 1) end, x)
end)

--- Pointwise ops: the second of the two rows (the first is in lib/ops.def).
-- make(sizes…) gives a tensor with values away from kinks and poles; make.positive, make.unit (−1…1) and make.mask too.
local op = require 'torch.op'

local F, row = op.F, op.pointwise

local function unary(make) return {{make(3, 4)}} end
local function positive(make) return {{make.positive(3, 4)}} end
local function unit(make) return {{make.unit(3, 4)}} end
local function binary(make) return {{make(3, 4), make(3, 4)}, {make(3, 4), make(4)}, {make(2, 1, 4), 2.5}} end
local function divisor(make)
  return {{make(3, 4), make.positive(3, 4)}, {make(3, 4), 2}, {2, make.positive(3, 4)}}
end
-- quotients between 1.1 and 1.6, and −1.6 and −1.1, when the numbers are not whole
local function between_multiples(make)
  local function dividend() return F.add(F.mul(make.positive(3, 4), 0.5), 3.2) end
  local function divisor_() return F.add(F.mul(make.positive(3, 4), 0.2), 2.6) end
  return {{dividend(), divisor_()}, {F.neg(dividend()), divisor_()}, {dividend(), 2.8}, {3.9, divisor_()}}
end
local function whole(make) return {{make(3, 4), make.positive(3, 4)}} end
local function ternary(make)
  return {{make(3, 4), make(3, 4), make.positive(3, 4), 2}, {make(3, 4), make(4), make.positive(4), 3}}
end

-- g with zeros, for ops that are flat almost everywhere
local function none(g) return F.mul(g, 0) end

-- -- One operand ------------------------------------------------------------------------------------------------

row {'neg', vjp = {function(g) return F.neg(g) end}, sample = unary,
  doc = 'neg(x): −x'}
row {'abs', uses = 'a', vjp = {function(g, _, a) return F.mul(g, F.sign(a)) end}, sample = unary,
  doc = 'abs(x): the absolute value'}
row {'sign', vjp = {none}, sample = unary, doc = 'sign(x): −1, 0 or 1'}
row {'square', uses = 'a', vjp = {function(g, _, a) return F.mul(F.mul(g, a), 2) end}, sample = unary,
  doc = 'square(x): x²'}
row {'cinv', dtypes = 'floats', uses = 'o', sample = positive,
  vjp = {function(g, out) return F.neg(F.mul(g, F.square(out))) end}, doc = 'cinv(x): 1 / x'}
row {'sqrt', dtypes = 'floats', uses = 'o', sample = positive,
  vjp = {function(g, out) return F.div(g, F.mul(out, 2)) end}, doc = 'sqrt(x): the square root; NaN below 0'}
row {'rsqrt', dtypes = 'floats', uses = 'ao', sample = positive,
  vjp = {function(g, out, a) return F.mul(F.div(F.mul(g, out), a), -0.5) end}, doc = 'rsqrt(x): 1 / √x'}
row {'exp', dtypes = 'floats', uses = 'o', sample = unary,
  vjp = {function(g, out) return F.mul(g, out) end}, doc = 'exp(x): e to the x'}
row {'expm1', dtypes = 'floats', uses = 'o', sample = unary,
  vjp = {function(g, out) return F.mul(g, F.add(out, 1)) end}, doc = 'expm1(x): exp(x) − 1, exact for small x'}
row {'log', dtypes = 'floats', uses = 'a', sample = positive,
  vjp = {function(g, _, a) return F.div(g, a) end}, doc = 'log(x): the natural logarithm'}
row {'log1p', dtypes = 'floats', uses = 'a', sample = positive,
  vjp = {function(g, _, a) return F.div(g, F.add(a, 1)) end}, doc = 'log1p(x): log(1 + x), exact for small x'}
row {'sin', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.mul(g, F.cos(a)) end}, doc = 'sin(x): the sine, x in radians'}
row {'cos', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.neg(F.mul(g, F.sin(a))) end}, doc = 'cos(x): the cosine, x in radians'}
row {'tan', dtypes = 'floats', uses = 'o', sample = unit,
  vjp = {function(g, out) return F.mul(g, F.add(F.square(out), 1)) end}, doc = 'tan(x): the tangent, x in radians'}
row {'asin', dtypes = 'floats', uses = 'a', sample = unit,
  vjp = {function(g, _, a) return F.mul(g, F.rsqrt(F.sub(1, F.square(a)))) end},
  doc = 'asin(x): the arc sine, in radians'}
row {'acos', dtypes = 'floats', uses = 'a', sample = unit,
  vjp = {function(g, _, a) return F.neg(F.mul(g, F.rsqrt(F.sub(1, F.square(a))))) end},
  doc = 'acos(x): the arc cosine, in radians'}
row {'atan', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.div(g, F.add(F.square(a), 1)) end}, doc = 'atan(x): the arc tangent, in radians'}
row {'sinh', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.mul(g, F.cosh(a)) end}, doc = 'sinh(x): the hyperbolic sine'}
row {'cosh', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.mul(g, F.sinh(a)) end}, doc = 'cosh(x): the hyperbolic cosine'}
row {'tanh', dtypes = 'floats', uses = 'o', sample = unary,
  vjp = {function(g, out) return F.tanh_grad(g, out) end}, doc = 'tanh(x): the hyperbolic tangent'}
row {'erf', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.mul(F.mul(g, F.exp(F.neg(F.square(a)))), 2 / math.sqrt(math.pi)) end},
  doc = 'erf(x): the error function'}
row {'sigmoid', dtypes = 'floats', uses = 'o', sample = unary,
  vjp = {function(g, out) return F.sigmoid_grad(g, out) end}, doc = 'sigmoid(x): 1 / (1 + exp(−x))'}
row {'softplus', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.mul(g, F.sigmoid(a)) end}, doc = 'softplus(x): log(1 + exp(x)), without overflow'}
row {'gelu', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.gelu_grad(g, a) end},
  doc = 'gelu(x): x·Φ(x), where Φ(x) is the share of the normal distribution below x'}
row {'gelu_tanh', dtypes = 'floats', uses = 'a', sample = unary,
  vjp = {function(g, _, a) return F.gelu_tanh_grad(g, a) end},
  doc = 'gelu_tanh(x): x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which is near gelu'}
row {'floor', dtypes = 'floats', vjp = {none}, sample = unary, doc = 'floor(x): the greatest whole number not above x'}
row {'ceil', dtypes = 'floats', vjp = {none}, sample = unary, doc = 'ceil(x): the least whole number not below x'}
row {'round', dtypes = 'floats', vjp = {none}, sample = unary,
  doc = 'round(x): the nearest whole number, halves away from 0'}
row {'trunc', dtypes = 'floats', vjp = {none}, sample = unary, doc = 'trunc(x): the whole part, towards 0'}
row {'frac', dtypes = 'floats', vjp = {function(g) return g end}, sample = unary, doc = 'frac(x): x − trunc(x)'}
row {'relu', uses = 'o', vjp = {function(g, out) return F.relu_grad(g, out) end}, sample = unary,
  doc = 'relu(x): max(0, x)'}
row {'clamp', uses = 'a', sample = function(make) return {{make(3, 4), -0.75, 0.8}} end,
  vjp = {function(g, _, a, low, high)
    return F.where(F.le(a, high), F.where(F.ge(a, low), g, 0), 0)
  end},
  doc = 'clamp(x, low, high): the nearest value within low … high'}
-- The next three go back by their result, so that they may work in place.
row {'hard_tanh', uses = 'o', sample = function(make) return {{make(3, 4), -0.75, 0.8}} end,
  vjp = {function(g, out, _, low, high)
    return F.where(F.lt(out, high), F.where(F.gt(out, low), g, 0), 0)
  end},
  doc = 'hard_tanh(x, low, high): as clamp, but without a gradient at low and high themselves'}
row {'leaky_relu', dtypes = 'floats', uses = 'o', sample = function(make) return {{make(3, 4), 0.2}} end,
  vjp = {function(g, out, _, slope) return F.where(F.gt(out, 0), g, F.mul(g, slope)) end},
  doc = 'leaky_relu(x, slope): x where x > 0, else slope·x; slope ≥ 0'}
row {'elu', dtypes = 'floats', uses = 'o', sample = function(make) return {{make(3, 4), 0.7}} end,
  vjp = {function(g, out, _, alpha) return F.where(F.gt(out, 0), g, F.mul(g, F.add(out, alpha))) end},
  doc = 'elu(x, alpha): x where x > 0, else alpha·(exp(x) − 1); alpha ≥ 0'}

-- -- Two operands -----------------------------------------------------------------------------------------------

row {'add',
  sample = function(make)
    return {{make(3, 4), make(3, 4), 2}, {make(3, 4), make(4)}, {make(3, 1), make(2, 3, 4)}, {make(3), 2}}
  end,
  vjp = {function(g) return g end, function(g, _, _, _, _, t) return t == 1 and g or F.mul(g, t) end},
  doc = 'add(x, y) or add(x, scale, y): x + scale·y; y may be a number. As in all ops on elements, sizes broadcast: ' ..
        'missing leading dimensions and those of size 1 are repeated. But tensors of equal count and other sizes, ' ..
        'say 3x1 and 1x3, go element by element in the first one\'s sizes, as in Torch7: expand them to broadcast'}
row {'sub', sample = binary,
  vjp = {function(g) return g end, function(g, _, _, _, _, t) return F.mul(g, -t) end},
  doc = 'sub(x, y): x − y'}
row {'mul', uses = {'b', 'a'}, sample = binary,
  vjp = {function(g, _, _, b, s) return F.mul(g, b or s) end, function(g, _, a, _, s) return F.mul(g, a or s) end},
  doc = 'mul(x, y): x·y, element by element; y may be a number'}
row {'div', uses = {'b', 'bo'}, sample = divisor,
  vjp = {function(g, _, _, b, s) return F.div(g, b or s) end,
         function(g, out, _, b) return F.neg(F.div(F.mul(g, out), b)) end},
  doc = 'div(x, y): x / y, element by element; whole numbers truncate, and dividing them by 0 is an error'}
row {'fmod', uses = {'', 'ab'}, sample = between_multiples,
  vjp = {function(g) return g end,
         function(g, _, a, b, s) return F.neg(F.mul(g, F.trunc(F.div(a or s, b)))) end},
  doc = 'fmod(x, y): the remainder of x / y, with the sign of x'}
row {'remainder', uses = {'', 'ab'}, sample = between_multiples,
  vjp = {function(g) return g end,
         function(g, _, a, b, s) return F.neg(F.mul(g, F.floor(F.div(a or s, b)))) end},
  doc = 'remainder(x, y): the remainder of x / y, with the sign of y'}
row {'pow', uses = {'ab', 'ao'},
  sample = function(make) return {{make.positive(3, 4), make(3, 4)}, {make.positive(3, 4), 3}, {2, make(3, 4)}} end,
  vjp = {function(g, _, a, b, s)
           if not b and s == 0 then return none(g) end
           return F.mul(F.mul(g, b or s), F.pow(a, b and F.sub(b, 1) or s - 1))
         end,
         function(g, out, a, _, s) return F.mul(F.mul(g, out), a and F.log(a) or math.log(s)) end},
  doc = 'pow(x, y): x to the y; either may be a number'}
row {'atan2', dtypes = 'floats', uses = 'ab', sample = binary,
  vjp = {function(g, _, a, b, s) return F.div(F.mul(g, b or s), F.add(F.square(a), b and F.square(b) or s * s)) end,
         function(g, _, a, b, s)
           return F.neg(F.div(F.mul(g, a or s), F.add(F.square(b), a and F.square(a) or s * s)))
         end},
  doc = 'atan2(y, x): the angle of the point (x, y), in radians'}
row {'cmax', uses = 'ab', sample = binary,
  vjp = {function(g, _, a, b, s) return F.where(F.ge(a, b or s), g, 0) end,
         function(g, _, a, b, s) return F.where(F.gt(b, a or s), g, 0) end},
  doc = 'cmax(x, y): the greater of x and y, element by element'}
row {'cmin', uses = 'ab', sample = binary,
  vjp = {function(g, _, a, b, s) return F.where(F.le(a, b or s), g, 0) end,
         function(g, _, a, b, s) return F.where(F.lt(b, a or s), g, 0) end},
  doc = 'cmin(x, y): the lesser of x and y, element by element'}
row {'bitand', dtypes = 'ints', sample = whole, doc = 'bitand(x, y): bitwise and'}
row {'bitor', dtypes = 'ints', sample = whole, doc = 'bitor(x, y): bitwise or'}
row {'bitxor', dtypes = 'ints', sample = whole, doc = 'bitxor(x, y): bitwise exclusive or'}
row {'lshift', uses = {'b', 'o'}, sample = whole,
  vjp = {function(g, _, _, b, s) return F.lshift(g, b or s) end,
         function(g, out) return F.mul(F.mul(g, out), math.log(2)) end},
  doc = 'lshift(x, y): x shifted left by y bits; floating numbers are multiplied by 2 to the y'}
row {'rshift', uses = {'b', 'o'}, sample = function(make) return {{make.positive(3, 4), make.positive(3, 4)}} end,
  vjp = {function(g, _, _, b, s) return F.rshift(g, b or s) end,
         function(g, out) return F.mul(F.mul(g, out), -math.log(2)) end},
  doc = 'rshift(x, y): x shifted right by y bits, with zeros from the left; floating numbers are divided by 2 to the y'}

-- Backward forms. Each is linear in its first operand; the second rule makes it differentiable once more.
row {'tanh_grad', dtypes = 'floats', uses = {'b', 'ab'}, sample = binary,
  vjp = {function(g, _, _, b, s) return F.tanh_grad(g, b or s) end,
         function(g, _, a, b) return F.mul(F.mul(F.mul(g, a), b), -2) end},
  doc = 'tanh_grad(g, y): g·(1 − y²)'}
row {'sigmoid_grad', dtypes = 'floats', uses = {'b', 'ab'}, sample = binary,
  vjp = {function(g, _, _, b, s) return F.sigmoid_grad(g, b or s) end,
         function(g, _, a, b) return F.mul(F.mul(g, a), F.sub(1, F.mul(b, 2))) end},
  doc = 'sigmoid_grad(g, y): g·y·(1 − y)'}
row {'add_relu', dtypes = 'floats', uses = 'o', sample = binary, doc = 'add_relu(a, b): max(0, a + b)',
  vjp = {function(g, out) return F.relu_grad(g, out) end, function(g, out) return F.relu_grad(g, out) end}}
row {'relu_grad', uses = 'b', sample = binary,
  vjp = {function(g, _, _, b, s) return F.relu_grad(g, b or s) end}, doc = 'relu_grad(g, y): g where y > 0, else 0'}

row {'gelu_grad', dtypes = 'floats', uses = {'b', 'ab'}, sample = binary,
  vjp = {function(g, _, _, b, s) return F.gelu_grad(g, b or s) end,
         function(g, _, a, b)   -- g·a·φ(b)·(2 − b²), where φ is the normal density
           local square = F.square(b)
           local density = F.mul(F.exp(F.mul(square, -0.5)), 1 / math.sqrt(2 * math.pi))
           return F.mul(F.mul(F.mul(g, a), density), F.sub(2, square))
         end},
  doc = 'gelu_grad(g, x): g·(Φ(x) + x·φ(x)), the first-order backward of gelu'}

-- g·a·(t′·u′·2 + b·(t″·u′² + t′·u″)) / 2 for t = tanh(u), u = √(2/π)·(b + 0.044715·b³)
local function gelu_tanh_curve(g, _, a, b)
  local k, square = math.sqrt(2 / math.pi), F.square(b)
  local t = F.tanh(F.mul(F.add(b, F.mul(F.mul(square, b), 0.044715)), k))
  local first, slope = F.sub(1, F.square(t)), F.mul(F.add(F.mul(square, 3 * 0.044715), 1), k)
  local second, curve = F.mul(F.mul(t, first), -2), F.mul(b, 6 * 0.044715 * k)
  local bend = F.add(F.mul(second, F.square(slope)), F.mul(first, curve))
  return F.mul(F.mul(g, a), F.add(F.mul(first, slope), F.mul(F.mul(b, bend), 0.5)))
end

row {'gelu_tanh_grad', dtypes = 'floats', uses = {'b', 'ab'}, sample = binary,
  vjp = {function(g, _, _, b, s) return F.gelu_tanh_grad(g, b or s) end, gelu_tanh_curve},
  doc = 'gelu_tanh_grad(g, x): the first-order backward of gelu_tanh'}

-- -- Three operands ---------------------------------------------------------------------------------------------

row {'addcmul', uses = {'', 'c', 'b'}, sample = ternary,
  vjp = {function(g) return g end,
         function(g, _, _, _, c, s) return F.mul(F.mul(g, c), s) end,
         function(g, _, _, b, _, s) return F.mul(F.mul(g, b), s) end},
  doc = 'addcmul(x, scale, y, z): x + scale·y·z'}
row {'addcdiv', uses = {'', 'c', 'bc'}, sample = ternary,
  vjp = {function(g) return g end,
         function(g, _, _, _, c, s) return F.div(F.mul(g, s), c) end,
         function(g, _, _, b, c, s) return F.neg(F.div(F.mul(F.mul(g, b), s), F.square(c))) end},
  doc = 'addcdiv(x, scale, y, z): x + scale·y / z'}
row {'lerp', dtypes = 'floats', uses = {'c', 'c', 'ab'},
  sample = function(make) return {{make(3, 4), make(3, 4), make(3, 4)}, {make(3, 4), make(3, 4), 0.3}} end,
  vjp = {function(g, _, _, _, c, s) return F.sub(g, F.mul(g, c or s)) end,
         function(g, _, _, _, c, s) return F.mul(g, c or s) end,
         function(g, _, a, b) return F.mul(g, F.sub(b, a)) end},
  doc = 'lerp(x, y, weight): x + weight·(y − x)'}

-- -- Comparisons and choice -------------------------------------------------------------------------------------

local function comparable(make) return {{make(3, 4), make(3, 4)}, {make(3, 4), 0.5}} end
row {'lt', sample = comparable, doc = 'lt(x, y): 1 where x < y, else 0, as a ByteTensor'}
row {'le', sample = comparable, doc = 'le(x, y): 1 where x ≤ y, else 0, as a ByteTensor'}
row {'gt', sample = comparable, doc = 'gt(x, y): 1 where x > y, else 0, as a ByteTensor'}
row {'ge', sample = comparable, doc = 'ge(x, y): 1 where x ≥ y, else 0, as a ByteTensor'}
row {'eq', sample = comparable, doc = 'eq(x, y): 1 where x = y, else 0, as a ByteTensor'}
row {'ne', sample = comparable, doc = 'ne(x, y): 1 where x ≠ y, else 0, as a ByteTensor'}
row {'where', uses = 'a',
  sample = function(make) return {{make.mask(3, 4), make(3, 4), make(3, 4)}, {make.mask(4), make(3, 4), 2}} end,
  vjp = {nil, function(g, _, mask) return F.where(mask, g, 0) end, function(g, _, mask) return F.where(mask, 0, g) end},
  doc = 'where(mask, x, y): x where the mask is not 0, else y'}

--- What each pointwise op should give for numbers, written without the library.
local function sign(x) return x > 0 and 1 or x < 0 and -1 or 0 end
local function trunc(x) return x < 0 and math.ceil(x) or math.floor(x) end
local function is_whole(...)
  for i = 1, select('#', ...) do
    if select(i, ...) ~= math.floor((select(i, ...))) then return false end
  end
  return true
end

-- whole operands divide as whole numbers (the samples of floating dtypes are never whole)
local function divide(a, b) return is_whole(a, b) and trunc(a / b) or a / b end

-- a number beside whole operands is truncated
local function alike(a, b)
  if is_whole(a) or is_whole(b) then return trunc(a), trunc(b) end
  return a, b
end

local function erf(x)   -- the series Σ (−1)^n x^(2n+1) / (n! (2n+1)), enough for |x| < 2
  local sum, term = 0, x
  for n = 0, 60 do
    sum = sum + term / (2 * n + 1)
    term = -term * x * x / (n + 1)
  end
  return 2 / math.sqrt(math.pi) * sum
end

local function normal(x) return (1 + erf(x / math.sqrt(2))) / 2 end
local function density(x) return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) end
local function gelu_inner(x) return math.sqrt(2 / math.pi) * (x + 0.044715 * x ^ 3) end

local function bits(f)
  return function(a, b) return tonumber(f(a + 0LL, b + 0LL)) end
end

local function clamp(a, low, high)
  if is_whole(a) then low, high = trunc(low), trunc(high) end
  return math.min(math.max(a, low), high)
end

return {
  neg = function(a) return -a end, abs = math.abs, sign = sign, square = function(a) return a * a end,
  cinv = function(a) return 1 / a end, sqrt = math.sqrt, rsqrt = function(a) return 1 / math.sqrt(a) end,
  exp = math.exp, expm1 = function(a) return math.exp(a) - 1 end, log = math.log,
  log1p = function(a) return math.log(1 + a) end,
  sin = math.sin, cos = math.cos, tan = math.tan, asin = math.asin, acos = math.acos, atan = math.atan,
  sinh = math.sinh, cosh = math.cosh, tanh = math.tanh, erf = erf,
  sigmoid = function(a) return 1 / (1 + math.exp(-a)) end, softplus = function(a) return math.log(1 + math.exp(a)) end,
  gelu = function(a) return a * normal(a) end,
  gelu_tanh = function(a) return a / 2 * (1 + math.tanh(gelu_inner(a))) end,
  floor = math.floor, ceil = math.ceil, trunc = trunc, frac = function(a) return a - trunc(a) end,
  round = function(a) return sign(a) * math.floor(math.abs(a) + 0.5) end,
  relu = function(a) return math.max(a, 0) end,
  clamp = clamp, hard_tanh = clamp, leaky_relu = function(a, slope) return a > 0 and a or slope * a end,
  elu = function(a, alpha) return a > 0 and a or alpha * (math.exp(a) - 1) end,
  add = function(a, b, scale) return a + (scale or 1) * (is_whole(a) and trunc(b) or b) end,
  sub = function(a, b) return a - (is_whole(a) and trunc(b) or b) end,
  mul = function(a, b) return a * (is_whole(a) and trunc(b) or b) end, div = divide,
  fmod = function(a, b)
    a, b = alike(a, b)
    return a - b * trunc(a / b)
  end,
  remainder = function(a, b)
    a, b = alike(a, b)
    return a - b * math.floor(a / b)
  end,
  pow = function(a, b) return is_whole(a, b) and b < 0 and trunc(a ^ b) or a ^ b end,
  atan2 = math.atan2,
  cmax = function(a, b) return math.max(a, is_whole(a) and trunc(b) or b) end,
  cmin = function(a, b) return math.min(a, is_whole(a) and trunc(b) or b) end,
  bitand = bits(bit.band), bitor = bits(bit.bor), bitxor = bits(bit.bxor),
  lshift = function(a, b) return a * 2 ^ b end,
  rshift = function(a, b) return a % 1 == 0 and math.floor(a / 2 ^ b) or a / 2 ^ b end,
  tanh_grad = function(a, b) return a * (1 - b * b) end, sigmoid_grad = function(a, b) return a * b * (1 - b) end,
  gelu_grad = function(a, b) return a * (normal(b) + b * density(b)) end,
  gelu_tanh_grad = function(a, b)
    local t = math.tanh(gelu_inner(b))
    return a / 2 * (1 + t + b * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * b * b))
  end,
  add_relu = function(a, b) return math.max(a + b, 0) end,
  relu_grad = function(a, b) return (is_whole(a) and trunc(b) or b) > 0 and a or 0 end,
  addcmul = function(a, b, c, s) return a + s * b * c end,
  addcdiv = function(a, b, c, s) return a + divide(s * b, c) end,
  lerp = function(a, b, w) return a + w * (b - a) end,
  lt = function(a, b) return a < (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  le = function(a, b) return a <= (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  gt = function(a, b) return a > (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  ge = function(a, b) return a >= (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  eq = function(a, b) return a == (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  ne = function(a, b) return a ~= (is_whole(a) and trunc(b) or b) and 1 or 0 end,
  where = function(m, a, b) return m ~= 0 and a or b end,
}

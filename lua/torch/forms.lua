--- The forms of Torch7: torch.tanh(x), torch.tanh(result, x), x:tanh() in place, x:tanh(y) into x.
-- They are made from the rows: each form finds the result tensor and its operands and runs the row.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'

local F = op.F
local is_tensor, layout = handle.is_tensor, handle.layout
local fail = errors.fail

local forms = {functions = {}, methods = {}}
local functions, methods = forms.functions, forms.methods

-- -- One operand ------------------------------------------------------------------------------------------------

-- What torch.tanh(0.5) gives.
local on_numbers = {
  neg = function(x) return -x end, abs = math.abs, sqrt = math.sqrt, exp = math.exp, log = math.log, sin = math.sin,
  cos = math.cos, tan = math.tan, asin = math.asin, acos = math.acos, atan = math.atan, sinh = math.sinh,
  cosh = math.cosh, tanh = math.tanh, floor = math.floor, ceil = math.ceil,
  sign = function(x) return x > 0 and 1 or x < 0 and -1 or 0 end,
  square = function(x) return x * x end, cinv = function(x) return 1 / x end,
  rsqrt = function(x) return 1 / math.sqrt(x) end, sigmoid = function(x) return 1 / (1 + math.exp(-x)) end,
  log1p = function(x) return math.abs(x) < 1e-5 and x - x * x / 2 or math.log(1 + x) end,
  round = function(x) return x < 0 and math.ceil(x - 0.5) or math.floor(x + 0.5) end,
  trunc = function(x) return x < 0 and math.ceil(x) or math.floor(x) end,
  frac = function(x) return x - (x < 0 and math.ceil(x) or math.floor(x)) end,
}

local function unary(row, new, run)
  local number = on_numbers[row.name]
  functions[row.name] = function(a, b)
    if b ~= nil then return run(row, a, b, nil, nil, true) end
    if number and type(a) == 'number' then return number(a) end
    return new(a)
  end
  methods[row.name] = function(self, a) return run(row, self, a or self, nil, nil, true) end
end

-- -- Two operands -----------------------------------------------------------------------------------------------

-- What torch.pow(2, 3) gives.
local on_two_numbers = {pow = function(x, y) return x ^ y end, atan2 = math.atan2}

local function binary(row, new, run, name)
  functions[name] = function(a, b, c)
    if c ~= nil then return run(row, a, b, c, 1, true) end
    if type(a) == 'number' and type(b) == 'number' and on_two_numbers[row.name] then
      return on_two_numbers[row.name](a, b)
    end
    return new(a, b)
  end
  methods[name] = function(self, a, b)
    if b ~= nil then return run(row, self, a, b, 1, true) end
    return run(row, self, self, a, 1, true)
  end
end

-- add and sub take a scale before the second tensor: torch.add([result,] x, [scale,] y)
local function scaled(row, new, run, name)
  functions[name] = function(a, b, c, d)
    if d ~= nil then return run(row, a, b, d, c, true) end
    if c == nil then return new(a, b) end
    if type(b) == 'number' then return new(a, c, b) end
    return run(row, a, b, c, 1, true)
  end
  methods[name] = function(self, a, b, c)
    if c ~= nil then return run(row, self, a, c, b, true) end
    if b == nil then return run(row, self, self, a, 1, true) end
    if type(a) == 'number' then return run(row, self, self, b, a, true) end
    return run(row, self, a, b, 1, true)
  end
end

local function compare(row, new, run)
  -- the result may be of the operands' own type, as in x.lt(x, y, 0)
  local function into(out, a, b)
    local model = is_tensor(a) and a or b
    if is_tensor(out) and layout(out).dtype == C.MT_UINT8 then return run(row, out, a, b, 1, true) end
    if not is_tensor(out) or not is_tensor(model) or layout(out).dtype ~= layout(model).dtype then
      fail('%s: expected a ByteTensor or a tensor of the operands\' type as the result', row.name)
    end
    local mask = new(a, b)
    return out:resize(mask:size()):copy(mask)
  end
  functions[row.name] = function(a, b, c)
    if c ~= nil then return into(a, b, c) end
    return new(a, b)
  end
  methods[row.name] = function(self, a, b)
    if b ~= nil then return into(self, a, b) end
    return new(self, a)
  end
end

-- -- Three operands ---------------------------------------------------------------------------------------------

-- torch.addcmul([result,] x, [scale,] y, z)
local function ternary_scaled(row, new, run)
  functions[row.name] = function(a, b, c, d, e)
    if e ~= nil then return run(row, a, b, d, e, c, true) end
    if d == nil then return new(a, b, c) end
    if type(b) == 'number' then return new(a, c, d, b) end
    return run(row, a, b, c, d, 1, true)
  end
  methods[row.name] = function(self, a, b, c, d)
    if d ~= nil then return run(row, self, a, c, d, b, true) end
    if c == nil then return run(row, self, self, a, b, 1, true) end
    if type(a) == 'number' then return run(row, self, self, b, c, a, true) end
    return run(row, self, a, b, c, 1, true)
  end
end

-- torch.lerp([result,] x, y, weight)
local function ternary(row, new, run)
  functions[row.name] = function(a, b, c, d)
    if row.name == 'lerp' and type(a) == 'number' and type(b) == 'number' and type(c) == 'number' then
      return a + c * (b - a)
    end
    if d ~= nil then return run(row, a, b, c, d, nil, true) end
    return new(a, b, c)
  end
  methods[row.name] = function(self, a, b, c)
    if c ~= nil then return run(row, self, a, b, c, nil, true) end
    return run(row, self, self, a, b, nil, true)
  end
end

-- torch.where([result,] mask, x, y); torch.where(x) gives the places of what is not 0: a LongTensor for each dimension
local function where(row, new, run)
  ternary(row, new, run)
  for _, set in ipairs {functions, methods} do
    local choose = set.where
    set.where = function(mask, ...)
      if select('#', ...) > 0 then return choose(mask, ...) end
      local places, out = F.nonzero(mask), {}
      for d = 1, layout(mask).dim do
        local none = layout(places).dim == 0
        out[d] = none and handle.like(places) or F.squeeze(F.clone(F.narrow(places, 1, d - 1, 1)), 1)
      end
      return unpack(out)
    end
  end
end

-- torch.elu([result,] x, alpha)
local function with_numbers(row, new, run)
  functions[row.name] = function(a, b, c, d)
    if is_tensor(b) then return run(row, a, b, c, d, true) end
    return new(a, b, c)
  end
  methods[row.name] = function(self, a, b, c)
    if is_tensor(a) then return run(row, self, a, b, c, true) end
    return run(row, self, self, a, b, true)
  end
end

-- torch.clamp([result,] x, low, high)
local function clamp(row, new, run)
  local function bounded(low, high)
    if type(low) == 'number' and type(high) == 'number' then return low, high end
    return fail('clamp: expected two numbers as bounds, got %s and %s', tostring(low), tostring(high))
  end
  functions.clamp = function(a, b, c, d)
    if is_tensor(b) then
      local low, high = bounded(c, d)
      return run(row, a, b, low, high, true)
    end
    return new(a, bounded(b, c))
  end
  methods.clamp = function(self, a, b, c)
    local x, low, high = self, a, b
    if is_tensor(a) then x, low, high = a, b, c end
    low, high = bounded(low, high)
    return run(row, self, x, low, high, true)
  end
end

-- -- All pointwise rows -----------------------------------------------------------------------------------------

local special = {
  add = scaled, sub = scaled, addcmul = ternary_scaled, addcdiv = ternary_scaled, lerp = ternary, where = where,
  clamp = clamp, hard_tanh = with_numbers, leaky_relu = with_numbers, elu = with_numbers,
}
local by_kind = {unary = unary, binary = binary, compare = compare}

-- Torch7 has a second name where the second operand is a tensor.
local second_name = {
  sub = 'csub', mul = 'cmul', div = 'cdiv', pow = 'cpow', fmod = 'cfmod', remainder = 'cremainder',
  bitand = 'cbitand', bitor = 'cbitor', bitxor = 'cbitxor', lshift = 'clshift', rshift = 'crshift',
}

--- Makes the forms of a pointwise row.
function forms.add(row)
  local make, run = special[row.name] or by_kind[row.kind], row.run
  make(row, F[row.name], run, row.name)
  local other = second_name[row.name]
  if other then make(row, F[row.name], run, other) end
end

for _, row in ipairs(op.rows) do
  if row.run then forms.add(row) end
end

-- Torch7: mod is an older name of fmod; x:sub(…) is a view where it gets places, so only csub subtracts
functions.mod, methods.mod, functions.cmod, methods.cmod = functions.fmod, methods.fmod, functions.cfmod, methods.cfmod
functions.sub, methods.sub = nil, nil

return forms

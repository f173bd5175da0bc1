--- optim.adafactor(f, x[, config[, state]]): Adam's running square kept as one row and one column for each matrix.
-- config: shapes: the list of the parameters' sizes, in the order in which they lie in x, e.g. {{512, 256}, {512}}
-- (optim.shapes(net) gives it; default: x is one vector); learningRate (nil: min(1e-2, 1/√t), times the root mean
-- square of each parameter, at least 1e-3); decayRate (0.8): beta2 at step t is 1 − t^−0.8; clipThreshold (1): of
-- an update's root mean square; weightDecay (0); epsilon (1e-30).
-- state: t, and for each shape row and column (matrices) or square.
-- Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018 (arXiv:1804.04235).
local errors = require 'torch.errors'

local function rms(t) return t:norm() / math.sqrt(t:nElement()) end

-- The gradient over the root of the running square, of one parameter. Dimensions behind the first count as one.
local function update(g, shape, s, beta, epsilon)
  local square = g:clone():cmul(g):add(epsilon)
  if #shape < 2 then
    s.square = s.square and s.square:mul(beta):add(1 - beta, square) or square:clone():mul(1 - beta)
    return g:clone():cdiv(s.square:clone():sqrt())
  end
  local matrix = square:view(shape[1], -1)
  local rows, columns = matrix:mean(2), matrix:mean(1)
  s.row = s.row and s.row:mul(beta):add(1 - beta, rows) or rows:mul(1 - beta)
  s.column = s.column and s.column:mul(beta):add(1 - beta, columns) or columns:mul(1 - beta)
  local root = (s.row / s.row:mean()):sqrt()
  local factor = root:expandAs(matrix):clone():cmul(s.column:clone():sqrt():expandAs(matrix))
  return g:clone():view(shape[1], -1):cdiv(factor):view(-1)
end

local function count(shape)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return n
end

local function adafactor(opfunc, x, config, state)
  config = config or {}
  state = state or config
  local fx, dfdx = opfunc(x)
  local shapes = config.shapes or {{x:nElement()}}
  local flat, gradient, first = x:view(-1), dfdx:view(-1), 1
  state.t, state.factors = (state.t or 0) + 1, state.factors or {}
  local beta = 1 - state.t ^ -(config.decayRate or 0.8)
  for i, shape in ipairs(shapes) do
    local n = count(shape)
    if first + n - 1 > flat:size(1) then
      errors.fail('adafactor: the shapes have more elements than x, %d', flat:size(1))
    end
    local p, s = flat:narrow(1, first, n), state.factors[i] or {}
    state.factors[i] = s
    local u = update(gradient:narrow(1, first, n), shape, s, beta, config.epsilon or 1e-30)
    u:div(math.max(1, rms(u) / (config.clipThreshold or 1)))
    local rate = config.learningRate or math.min(1e-2, 1 / math.sqrt(state.t)) * math.max(1e-3, rms(p))
    if (config.weightDecay or 0) ~= 0 then p:mul(1 - rate * config.weightDecay) end
    p:add(-rate, u)
    first = first + n
  end
  return x, {fx}
end

return adafactor

--- nn.ReinforceGamma([scale[, stochastic]]): numbers of the gamma distribution with the input as its shape and a scale
-- (a number, or a tensor of the shape's sizes or of one sample's). Without scale the input is {shape, scale}, and both
-- learn. The mean, shape · scale, when evaluating. See nn.Reinforce.
--   nn.ReinforceGamma(0.5):forward(torch.ones(4, 2))   -- 4x2
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local F = require('torch.op').F

local ReinforceGamma, parent = torch.class('nn.ReinforceGamma', 'nn.Reinforce')

function ReinforceGamma:__init(scale, stochastic)
  parent.__init(self, stochastic)
  self.scale = scale
  if not scale then self.gradInput = {torch.Tensor(), torch.Tensor()} end
end

local function parts(self, input)
  local shape, scale = input, self.scale
  if type(input) == 'table' then shape, scale = input[1], input[2] end
  if not handle.is_tensor(shape) or not (type(scale) == 'number' or handle.is_tensor(scale)) then
    errors.fail('ReinforceGamma: expected a shape and a scale, got %s and %s', torch.type(shape), torch.type(scale))
  end
  return shape, scale
end

-- A gamma number of scale 1. Source: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000.
local function draw_one(shape)
  if shape < 1 then return draw_one(shape + 1) * torch.uniform() ^ (1 / shape) end
  local d = shape - 1 / 3
  local c = 1 / math.sqrt(9 * d)
  while true do
    local x = torch.normal(0, 1)
    local v = (1 + c * x) ^ 3
    if v > 0 and math.log(torch.uniform()) < x * x / 2 + d - d * v + d * math.log(v) then return d * v end
  end
end

-- The slope of log Γ at x > 0: moved up by digamma(x) = digamma(x + 1) − 1/x to where the asymptotic series is
-- exact.
local function digamma(x)
  local sum = 0
  while x < 10 do
    sum = sum - 1 / x
    x = x + 1
  end
  local y = 1 / (x * x)
  return sum + math.log(x) - 1 / (2 * x) - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
end

local function times(out, scale)
  if type(scale) == 'number' then return out:mul(scale) end
  return out:cmul(scale:expandAs(out))
end

function ReinforceGamma:draw(input, out)
  local shape, scale = parts(self, input)
  return times(out:resizeAs(shape):copy(shape):apply(draw_one), scale)
end

function ReinforceGamma:mean(input, out)
  local shape, scale = parts(self, input)
  return times(out:resizeAs(shape):copy(shape), scale)
end

--- With shape k and scale θ: d log p / dk = log x − log θ − digamma(k), d log p / dθ = x/θ² − k/θ
function ReinforceGamma:slope(input, output)
  local shape, scale = parts(self, input)
  local psi = F.clone(shape):apply(digamma)
  local by_shape = F.sub(F.log(F.div(output, scale)), psi)
  if type(input) ~= 'table' then return by_shape end
  return {by_shape, F.div(F.sub(F.div(output, scale), shape), scale)}
end

return ReinforceGamma

--- nn.ReinforceNormal([stdev[, stochastic]]): normal numbers around the input, their mean, with deviation stdev (a
-- number, or a tensor of the mean's sizes or of one sample's). Without stdev the input is {mean, stdev}, and both
-- learn. The mean itself when evaluating. See nn.Reinforce.
--   nn.ReinforceNormal(0.1):forward(torch.zeros(4, 2))   -- 4x2
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local F = require('torch.op').F

local ReinforceNormal, parent = torch.class('nn.ReinforceNormal', 'nn.Reinforce')

local tiny = 1e-8   -- keeps the slope finite

function ReinforceNormal:__init(stdev, stochastic)
  parent.__init(self, stochastic)
  self.stdev = stdev
  if not stdev then self.gradInput = {torch.Tensor(), torch.Tensor()} end
end

-- The mean, and the deviation as it spreads over it.
local function parts(self, input)
  local mean, stdev = input, self.stdev
  if type(input) == 'table' then mean, stdev = input[1], input[2] end
  if not handle.is_tensor(mean) or not (type(stdev) == 'number' or handle.is_tensor(stdev)) then
    errors.fail('ReinforceNormal: expected a mean and a deviation, got %s and %s', torch.type(mean), torch.type(stdev))
  end
  return mean, stdev
end

function ReinforceNormal:draw(input, out)
  local mean, stdev = parts(self, input)
  out:resizeAs(mean):normal()
  if type(stdev) == 'number' then out:mul(stdev) else out:cmul(stdev:expandAs(mean)) end
  return out:add(mean)
end

function ReinforceNormal:mean(input, out)
  local mean = parts(self, input)
  return out:resizeAs(mean):copy(mean)
end

--- With d = x − μ: d log p / dμ = d / σ², d log p / dσ = (d² − σ²) / σ³
function ReinforceNormal:slope(input, output)
  local mean, stdev = parts(self, input)
  local gap = F.sub(output, mean)
  local by_mean = F.div(F.div(gap, stdev), stdev)
  if type(input) ~= 'table' then return by_mean end
  local square = F.square(stdev)
  return {by_mean, F.div(F.sub(F.square(gap), square), F.add(F.mul(square, stdev), tiny))}
end

return ReinforceNormal

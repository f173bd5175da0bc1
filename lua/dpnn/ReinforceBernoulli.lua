--- nn.ReinforceBernoulli([stochastic]): 1 with the probability that the input holds, else 0; the probability itself
-- when evaluating. See nn.Reinforce.
--   nn.ReinforceBernoulli():forward(torch.Tensor{0, 1})   -- 0, 1
local torch = require 'torch'
local F = require('torch.op').F

local ReinforceBernoulli = torch.class('nn.ReinforceBernoulli', 'nn.Reinforce')

function ReinforceBernoulli:draw(input, out)
  return out:resizeAs(input):uniform(0, 1):lt(out, input)
end

--- d log p / dp = (x − p) / (p (1 − p))
function ReinforceBernoulli:slope(input, output)
  return F.div(F.sub(output, input), F.mul(input, F.sub(1, input)))
end

return ReinforceBernoulli

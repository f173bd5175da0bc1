--- nn.ReinforceCategorical([stochastic]): each row of the input, N×C, holds the probabilities of C classes; the output
-- has a 1 at the class that was drawn, and 0 elsewhere; when evaluating, the probabilities. See nn.Reinforce.
--   nn.ReinforceCategorical():forward(torch.Tensor{{0, 1, 0}})   -- 0 1 0
local torch = require 'torch'
local F = require('torch.op').F

local ReinforceCategorical = torch.class('nn.ReinforceCategorical', 'nn.Reinforce')

local tiny = 1e-8   -- keeps the slope finite

function ReinforceCategorical:draw(input, out)
  return out:resizeAs(input):zero():scatter(input:dim(), input:multinomial(1), 1)
end

--- d log p / dp is 1/p at the class that was drawn.
function ReinforceCategorical:slope(input, output) return F.div(output, F.add(input, tiny)) end

return ReinforceCategorical

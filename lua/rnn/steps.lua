--- rnn.steps: what layers over whole sequences share.
local op = require 'torch.op'
local F = op.F

local steps = {}

--- What the inputs x, T×N×D, add to the gates: their product with the first D rows of weight, plus bias; and the other
-- rows, which read the outputs.
function steps.from_inputs(x, weight, bias)
  local T, N, D = x:size(1), x:size(2), x:size(3)
  local sums = F.addmm(bias, F.contiguous(x):view(T * N, D), F.narrow(weight, 0, 0, D), 1, 1)
  return sums:view(T, N, bias:size(1)), F.narrow(weight, 0, D, weight:size(1) - D)
end

--- A ByteTensor T×N: 0 for samples of x, T×N×D, that are 0 in all elements at a step, else 1.
function steps.active(x)
  return op.unrecorded(function() return F.detach(x):norm(2, 3):ne(0):view(x:size(1), x:size(2)) end)
end

return steps

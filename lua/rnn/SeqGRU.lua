--- nn.SeqGRU(inputSize, outputSize): a GRU over a whole sequence T×N×inputSize (or {h0, x}), giving T×N×outputSize:
-- what nn.Sequencer(nn.GRU(…)) computes, in a few large products. weight: (inputSize + outputSize)×3·outputSize,
-- the rows of inputs first; the columns are those of the reset and update gates and of the new value. For states, masks
-- and remember see nn.AbstractSequence.
--   nn.SeqGRU(10, 20):forward(torch.randn(7, 3, 10))   -- 7x3x20
local torch = require 'torch'
local F = require('torch.op').F
local steps = require 'rnn.steps'

local SeqGRU, parent = torch.class('nn.SeqGRU', 'nn.AbstractSequence')

SeqGRU.state_names = {'h0'}

function SeqGRU:__init(inputSize, outputSize)
  parent.__init(self)
  self.inputSize, self.outputSize = inputSize, outputSize
  self.weight = torch.Tensor(inputSize + outputSize, 3 * outputSize)
  self.gradWeight = torch.zeros(inputSize + outputSize, 3 * outputSize)
  self.bias, self.gradBias = torch.Tensor(3 * outputSize), torch.zeros(3 * outputSize)
  self:reset()
end

function SeqGRU:state_size() return self.outputSize end

function SeqGRU:compute(input)
  local h0, x = input[1], input[2]
  local sums, weight = steps.from_inputs(x, self.weight, self.bias)
  return {(F.gru({sums, h0, weight}, self.maskzero and steps.active(x)))}
end

--- An nn.GRU with the same parameters and gradients.
function SeqGRU:toGRU()
  local D, H = self.inputSize, self.outputSize
  local net = nn.GRU(D, H)
  local parameters, grads = net:parameters()
  for _, pair in ipairs {{parameters, self.weight, self.bias}, {grads, self.gradWeight, self.gradBias}} do
    local to, weight, bias = pair[1], pair[2], pair[3]
    for i, columns in ipairs {{1, 2 * H}, {2 * H + 1, H}} do
      local part, at = weight:narrow(2, unpack(columns)), 3 * (i - 1)
      to[at + 1]:copy(part:narrow(1, 1, D):t())
      to[at + 2]:copy(bias:narrow(1, unpack(columns)))
      to[at + 3]:copy(part:narrow(1, D + 1, H):t())
    end
  end
  return net
end

function SeqGRU:__tostring__()
  return ('%s(%d -> %d)'):format(torch.type(self), self.inputSize, self.outputSize)
end

return SeqGRU

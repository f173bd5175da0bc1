--- nn.SeqLSTM(inputSize, outputSize): an LSTM over a whole sequence T×N×inputSize (or {h0, x} or {c0, h0, x}), giving
-- T×N×outputSize: what nn.Sequencer(nn.FastLSTM(…)) computes, in a few large products. weight: (inputSize +
-- outputSize)×4·outputSize, the rows of inputs first; the columns of both are those of the input, forget and output
-- gates and of what is let in. self.cell: all cells. For states, masks and remember see nn.AbstractSequence.
--   nn.SeqLSTM(10, 20):forward(torch.randn(7, 3, 10))   -- 7x3x20
local torch = require 'torch'
local F = require('torch.op').F
local steps = require 'rnn.steps'

local SeqLSTM, parent = torch.class('nn.SeqLSTM', 'nn.AbstractSequence')

SeqLSTM.state_names = {'c0', 'h0'}

function SeqLSTM:__init(inputsize, hiddensize, outputsize)
  parent.__init(self)
  outputsize = outputsize or hiddensize
  self.inputsize, self.hiddensize, self.outputsize = inputsize, hiddensize, outputsize
  self.weight = torch.Tensor(inputsize + outputsize, 4 * hiddensize)
  self.gradWeight = torch.zeros(inputsize + outputsize, 4 * hiddensize)
  self.bias, self.gradBias = torch.Tensor(4 * hiddensize), torch.zeros(4 * hiddensize)
  self:reset()
end

function SeqLSTM:state_size(name) return name == 'c0' and self.hiddensize or self.outputsize end

function SeqLSTM:compute(input)
  local c0, h0, x = input[1], input[2], input[3]
  local sums, weight = steps.from_inputs(x, self.weight, self.bias)
  local _, h, c = F.lstm({sums, h0, c0, weight, self.weightO}, 'ifog', self.maskzero and steps.active(x))
  return {h, F.select(c, 0, c:size(1) - 1), c}
end

--- An nn.FastLSTM with the same parameters and gradients.
function SeqLSTM:toFastLSTM()
  local D, H = self.inputsize, self.hiddensize
  local net = nn.FastLSTM(D, H)
  local parameters, grads = net:parameters()
  local order = {1, 4, 2, 3}   -- FastLSTM's gates, by their place here
  for _, pair in ipairs {{parameters, self.weight, self.bias}, {grads, self.gradWeight, self.gradBias}} do
    local to, weight, bias = pair[1], pair[2], pair[3]
    for i, from in ipairs(order) do
      local columns, rows = weight:narrow(2, (from - 1) * H + 1, H), (i - 1) * H + 1
      to[1]:narrow(1, rows, H):copy(columns:narrow(1, 1, D):t())
      to[2]:narrow(1, rows, H):copy(bias:narrow(1, (from - 1) * H + 1, H))
      to[3]:narrow(1, rows, H):copy(columns:narrow(1, D + 1, H):t())
    end
  end
  return net
end

function SeqLSTM:__tostring__()
  return ('%s(%d -> %d)'):format(torch.type(self), self.inputsize, self.outputsize)
end

return SeqLSTM

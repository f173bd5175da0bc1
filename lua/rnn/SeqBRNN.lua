--- nn.SeqBRNN(inputSize, hiddenSize[, batchFirst[, merge]]): two nn.SeqLSTM over a sequence T×N×inputSize
-- (N×T×inputSize with batchFirst), one from each end; merge, a module of a table of two, puts their outputs together
-- (nn.CAddTable()).
-- Source: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.
--   nn.SeqBRNN(10, 20):forward(torch.randn(7, 3, 10))   -- 7x3x20
local torch = require 'torch'

local SeqBRNN, parent = torch.class('nn.SeqBRNN', 'nn.Container')

function SeqBRNN:__init(inputDim, hiddenDim, batchFirst, merge)
  parent.__init(self)
  self.forwardModule, self.backwardModule = nn.SeqLSTM(inputDim, hiddenDim), nn.SeqLSTM(inputDim, hiddenDim)
  self.merge, self.dim = merge or nn.CAddTable(), 1
  local backward = nn.Sequential():add(nn.SeqReverseSequence(1)):add(self.backwardModule)
    :add(nn.SeqReverseSequence(1))
  self.module = nn.Sequential():add(nn.ConcatTable():add(self.forwardModule):add(backward)):add(self.merge)
  if batchFirst then
    self.module:insert(nn.Transpose {1, 2}, 1)
    self.module:insert(nn.Transpose {1, 2})
  end
  self.modules[1] = self.module
end

nn.Decorator.decorate(SeqBRNN)

return SeqBRNN

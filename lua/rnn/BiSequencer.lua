--- nn.BiSequencer(forward[, backward[, merge]]): runs one module over a sequence, a table, from its first step on and
-- another from its last; merge puts both outputs of a step together. backward: a copy of forward with new parameters,
-- unless given; merge: a module of a table of two, or the number of dimensions of one sample's output (1) along whose
-- first they are joined.
-- Source: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.
--   nn.BiSequencer(nn.LSTM(10, 20)):forward{torch.randn(3, 10), torch.randn(3, 10)}   -- two tensors 3x40
local torch = require 'torch'
local directions = require 'rnn.directions'

local BiSequencer, parent = torch.class('nn.BiSequencer', 'nn.AbstractSequencer')

function BiSequencer:__init(forward, backward, merge)
  parent.__init(self)
  directions.set(self, 'BiSequencer', forward, backward, merge)
  self.fwdSeq, self.bwdSeq = nn.Sequencer(self.forwardModule), nn.Sequencer(self.backwardModule)
  self.mergeSeq = nn.Sequencer(self.mergeModule)
  self.module = nn.Sequential()
    :add(nn.ConcatTable():add(self.fwdSeq):add(directions.reversed(self.bwdSeq)))
    :add(nn.ZipTable()):add(self.mergeSeq)
  self.modules[1] = self.module
  self.output, self.gradInput = {}, {}
end

nn.Decorator.decorate(BiSequencer)

return BiSequencer

--- nn.FastLSTM(inputSize, outputSize[, rho[, eps[, momentum[, affine[, p[, mono]]]]]]): nn.LSTM whose gates do not see
-- the cell, with one linear layer for all four: self.i2g from the input and self.o2g, without bias, from the output; in
-- both, the input gate's rows come first, then those of what is let in, of the forget gate and of the output gate.
-- nn.FastLSTM.bn = true, before nets are made, normalises batches: i2g's and o2g's results and the cell that is read;
-- eps, momentum and affine are those of nn.BatchNormalization. nn.FastLSTM.usenngraph = true makes the step an
-- nn.gModule.
-- Source: Cooijmans et al., "Recurrent Batch Normalization", 2016 (arXiv:1603.09025).
local torch = require 'torch'
local errors = require 'torch.errors'
local chains = require 'rnn.chains'

local chain, fork, each = chains.chain, chains.fork, chains.each

local FastLSTM, parent = torch.class('nn.FastLSTM', 'nn.LSTM')

FastLSTM.usenngraph, FastLSTM.bn = false, false

function FastLSTM:__init(inputSize, outputSize, rho, eps, momentum, affine, p, mono)
  self.eps, self.momentum, self.affine = eps, momentum, affine ~= false
  parent.__init(self, inputSize, outputSize, rho, nil, p, mono)
end

function FastLSTM:buildModel()
  self.i2g = chains.gates(self, self.inputSize, self.outputSize, 4)
  self.o2g = chains.gates(self, self.outputSize, self.outputSize, 4, true)
  if self.usenngraph or self.bn then return self:nngraphModel() end

  local split = chain(nn.Reshape(4, self.outputSize), nn.SplitTable(1, 2))
  local transfer = each(nn.Sigmoid(), nn.Tanh(), nn.Sigmoid(), nn.Sigmoid())
  local gates = chain(nn.NarrowTable(1, 2), each(self.i2g, self.o2g), nn.CAddTable(), split, transfer)
  -- {i, g, f, o, c}
  local function pick(first) return chain(nn.NarrowTable(first, 2), nn.CMulTable()) end
  local kept = chain(fork(nn.SelectTable(3), nn.SelectTable(5)), nn.CMulTable())
  local cell = chain(fork(pick(1), kept), nn.CAddTable())
  local output = chain(fork(chain(nn.SelectTable(1), nn.Tanh()), nn.SelectTable(2)), nn.CMulTable())
  return chain(fork(gates, nn.SelectTable(3)), nn.FlattenTable(), fork(cell, nn.SelectTable(4)),
               fork(output, nn.SelectTable(1)))
end

-- A normalisation whose weights start at 0.1, so that gates do not start saturated.
local function normalised(self, size)
  local layer = nn.BatchNormalization(size, self.eps, self.momentum, self.affine)
  if layer.weight then layer.weight:fill(0.1) end
  return layer
end

--- The step as a graph; each node has the name of what it stands for.
function FastLSTM:nngraphModel()
  require 'nngraph'
  local H = self.outputSize
  local x, h, c = nn.Identity()(), nn.Identity()(), nn.Identity()()
  local from_x, from_h = self.i2g(x):annotate {name = 'i2h'}, self.o2g(h):annotate {name = 'h2h'}
  if self.bn then
    from_x = normalised(self, 4 * H)(from_x):annotate {name = 'bn_wx'}
    from_h = nn.Add(4 * H)(normalised(self, 4 * H)(from_h):annotate {name = 'bn_wh'})
  end
  local sums = nn.Reshape(4, H)(nn.CAddTable()({from_x, from_h}))
  local i, g, f, o = nn.SplitTable(1, 2)(sums):split(4)
  local kept, let_in = nn.CMulTable()({nn.Sigmoid()(f), c}), nn.CMulTable()({nn.Sigmoid()(i), nn.Tanh()(g)})
  local next_c = nn.CAddTable()({kept, let_in}):annotate {name = 'cell'}
  local seen = self.bn and normalised(self, H)(next_c):annotate {name = 'bn_c'} or next_c
  local next_h = nn.CMulTable()({nn.Sigmoid()(o), nn.Tanh()(seen)}):annotate {name = 'output'}
  return nn.gModule({x, h, c}, {next_h, next_c})
end

for _, name in ipairs {'buildGate', 'buildInputGate', 'buildForgetGate', 'buildHidden', 'buildCell',
                       'buildOutputGate'} do
  FastLSTM[name] = function() errors.fail('FastLSTM makes its gates together and has no %s', name) end
end

return FastLSTM

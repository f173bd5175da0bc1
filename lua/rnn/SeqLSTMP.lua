--- nn.SeqLSTMP(inputSize, hiddenSize, outputSize): nn.SeqLSTM with hiddenSize cells, whose outputs are multiplied by a
-- matrix, weightO, hiddenSize×outputSize, before anything sees them.
-- Source: Sak et al., "Long Short-Term Memory Based Recurrent Neural Network Architectures for Large Vocabulary Speech
-- Recognition", 2014 (arXiv:1402.1128).
--   nn.SeqLSTMP(10, 40, 20):forward(torch.randn(7, 3, 10))   -- 7x3x20
local torch = require 'torch'
local errors = require 'torch.errors'

local SeqLSTMP, parent = torch.class('nn.SeqLSTMP', 'nn.SeqLSTM')

SeqLSTMP.dpnn_parameters = {'weight', 'bias', 'weightO'}
SeqLSTMP.dpnn_gradParameters = {'gradWeight', 'gradBias', 'gradWeightO'}

function SeqLSTMP:__init(inputsize, hiddensize, outputsize)
  if not (inputsize and hiddensize and outputsize) then
    errors.fail('SeqLSTMP: expected the sizes of input, cells and output')
  end
  self.weightO, self.gradWeightO = torch.Tensor(hiddensize, outputsize), torch.zeros(hiddensize, outputsize)
  parent.__init(self, inputsize, hiddensize, outputsize)
end

function SeqLSTMP:reset(std)
  local H, R = self.hiddensize, self.outputsize
  self.bias:zero():narrow(1, H + 1, H):fill(1)
  self.weight:normal(0, std or 1 / math.sqrt(H + self.inputsize))
  self.weightO:normal(0, std or 1 / math.sqrt(H + R))
  return self
end

function SeqLSTMP:parameters()
  return {self.weight, self.bias, self.weightO}, {self.gradWeight, self.gradBias, self.gradWeightO}
end

function SeqLSTMP.accUpdateGradParameters()
  errors.fail('SeqLSTMP: use accGradParameters and updateParameters')
end

function SeqLSTMP.toFastLSTM() errors.fail('SeqLSTMP: nn.FastLSTM has no matrix behind its cells') end

return SeqLSTMP

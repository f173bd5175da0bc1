--- rnn: recurrent nets after Element-Research's package of that name: modules that keep the steps of a sequence, and
-- decorators that run any module over one. require 'rnn' also sets the global rnn, and nn.rnn.
--   require 'rnn'
--   local net = nn.Sequencer(nn.Sequential():add(nn.LSTM(10, 20)):add(nn.Linear(20, 2)))
--   local outputs = net:forward(torch.randn(7, 3, 10))     -- 7 steps, a batch of 3: 7x3x2
--   net:backward(inputs, gradOutputs)                      -- through time
local errors = require 'torch.errors'
require 'nn'
require 'dpnn'

errors.package()

local rnn = rawget(_G, 'rnn') or {}
rawset(_G, 'rnn', rnn)
rawset(nn, 'rnn', rnn)
rnn.version = 2.1

for name, f in pairs(require 'rnn.nested') do rnn[name] = f end

for _, name in ipairs {
  -- methods of nn's classes
  'Module', 'Dropout',
  -- layers
  'simple', 'ExpandAs', 'LookupTableMaskZero', 'MaskZero', 'TrimZero',
  -- steps of a sequence, one forward each
  'AbstractRecurrent', 'Recurrent', 'LSTM', 'FastLSTM', 'GRU', 'MuFuRu', 'Recursor', 'Recurrence', 'NormStabilizer',
  -- whole sequences
  'AbstractSequencer', 'Repeater', 'Sequencer', 'BiSequencer', 'BiSequencerLM', 'RecurrentAttention',
  'AbstractSequence', 'SeqLSTM', 'SeqLSTMP', 'SeqGRU', 'SeqReverseSequence', 'SeqBRNN',
  -- criteria
  'SequencerCriterion', 'RepeaterCriterion', 'MaskZeroCriterion',
} do
  require('rnn.' .. name)
end

package.loaded.rnn = rnn
return rnn

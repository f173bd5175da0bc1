--- Rows (see nn/rows.lua) of modules over sequences: recurrent layers, attention, positions, Transformer layers.
local mask = torch.ByteTensor {{{{1, 0, 1, 1}}}, {{{0, 1, 1, 0}}}}   -- 2x1x1x4
local own_mask = torch.ByteTensor {{{{1, 0, 1}}}, {{{0, 1, 1}}}}      -- 2x1x1x3

local function lengths(...)
  local list = {...}
  return function(x) return {x(4, 3, 2), lengths = list} end
end

local function lstm(...) local args = {...} return function() return nn.LSTMLayer(unpack(args)) end end
local function gru(...) local args = {...} return function() return nn.GRULayer(unpack(args)) end end
local function rnn(...) local args = {...} return function() return nn.RNNLayer(unpack(args)) end end
local function multihead(options) return function() return nn.MultiheadAttention(4, 2, options) end end
local function encoder(options) return function() return nn.TransformerEncoderLayer(4, 2, 5, options) end end
local function heads(x) return {x(2, 2, 3, 4), x(2, 2, 4, 4), x(2, 2, 4, 3)} end
local both = {bidirectional = true, states = true}

return {
  LSTMLayer = {lstm(2, 3), {4, 3, 2}, text = 'nn.LSTMLayer(2 -> 3)'},
  ['LSTMLayer, two layers, both directions, states'] = {
    lstm(2, 3, 2, both), function(x) return {x(4, 2, 2), x(4, 2, 3), x(4, 2, 3)} end,
    text = 'nn.LSTMLayer(2 -> 3 x 2 layers, both directions)'},
  ['LSTMLayer, lengths'] = {lstm(2, 3, 2, both), lengths(2, 4, 1)},
  ['LSTMLayer, lengths and states'] = {
    lstm(2, 3, 1, both), function(x) return {x(4, 3, 2), x(2, 3, 3), x(2, 3, 3), lengths = {4, 3, 1}} end},
  ['LSTMLayer, batch first, no bias'] = {lstm(2, 3, 1, {batchFirst = true, bias = false}), {3, 4, 2}},
  ['LSTMLayer, dropout'] = {lstm(2, 3, 2, {dropout = 0.4}), {4, 3, 2}, random = true},
  GRULayer = {gru(2, 3), {4, 3, 2}, text = 'nn.GRULayer(2 -> 3)'},
  ['GRULayer, lengths and states'] = {
    gru(2, 3, 1, both), function(x) return {x(4, 3, 2), x(2, 3, 3), lengths = torch.LongTensor {4, 3, 1}} end},
  ['GRULayer, two layers, both directions'] = {gru(2, 3, 2, {bidirectional = true}), {3, 2, 2}},
  ['GRULayer, no bias'] = {gru(2, 3, 1, {bias = false}), {3, 2, 2}},
  RNNLayer = {rnn(2, 3), {4, 3, 2}, text = 'nn.RNNLayer(2 -> 3)'},
  ['RNNLayer, lengths, both directions, states'] = {
    rnn(2, 3, 2, both), function(x) return {x(4, 3, 2), x(4, 3, 3), lengths = {4, 1, 3}} end},
  ScaledDotProductAttention = {nn.ScaledDotProductAttention, heads},
  ['ScaledDotProductAttention, causal, a bias, a scale'] = {
    function() return nn.ScaledDotProductAttention({causal = true, scale = 0.3}) end,
    function(x) return {x(2, 2, 4, 3), x(2, 2, 4, 3), x(2, 2, 4, 2), x(2, 4, 4)} end},
  ['ScaledDotProductAttention, a mask'] = {
    nn.ScaledDotProductAttention, function(x) local list = heads(x) list.mask = mask return list end},
  ['ScaledDotProductAttention, without heads'] = {
    nn.ScaledDotProductAttention, function(x) return {x(2, 3, 4), x(2, 4, 4), x(2, 4, 3)} end},
  ['ScaledDotProductAttention, dropout'] = {
    function() return nn.ScaledDotProductAttention({dropout = 0.4}) end, heads, random = true},
  MultiheadAttention = {multihead(), {2, 3, 4}, text = 'nn.MultiheadAttention(4, 2 heads)'},
  ['MultiheadAttention, causal, no bias'] = {multihead({causal = true, bias = false}), {2, 3, 4}},
  ['MultiheadAttention, to others, a mask'] = {
    multihead(), function(x) return {x(2, 3, 4), x(2, 4, 4), mask = mask} end},
  ['MultiheadAttention, values of their own'] = {
    multihead(), function(x) return {x(2, 3, 4), x(2, 4, 4), x(2, 4, 4)} end},
  ['MultiheadAttention, dropout'] = {multihead({dropout = 0.4}), {2, 3, 4}, random = true},
  RelativeMultiheadAttention = {function() return nn.RelativeMultiheadAttention(4, 2) end, {2, 3, 4},
                                text = 'nn.RelativeMultiheadAttention(4, 2 heads, causal)'},
  ['RelativeMultiheadAttention, a memory'] = {
    function() return nn.RelativeMultiheadAttention(4, 2) end, function(x) return {x(2, 3, 4), x(2, 2, 4)} end},
  AdditiveAttention = {function() return nn.AdditiveAttention(2, 4, 3) end,
                       function(x) return {x(2, 2), x(2, 4, 4)} end},
  ['AdditiveAttention, a mask'] = {
    function() return nn.AdditiveAttention(2, 4, 3) end,
    function(x) return {x(2, 2), x(2, 4, 4), mask = mask:view(2, 4)} end},
  SinusoidalPositions = {function() return nn.SinusoidalPositions(4) end, {2, 3, 4},
                         text = 'nn.SinusoidalPositions(4)'},
  ['SinusoidalPositions, apart, an offset'] = {
    function() return nn.SinusoidalPositions(4, true) end, function(x) return {x(3, 4), offset = 5} end},
  LearnedPositions = {function() return nn.LearnedPositions(5, 4) end, {2, 3, 4}, text = 'nn.LearnedPositions(5, 4)'},
  ['LearnedPositions, an offset'] = {
    function() return nn.LearnedPositions(5, 4) end, function(x) return {x(2, 3, 4), offset = 2} end},
  TransformerEncoderLayer = {encoder(), {2, 3, 4}},
  ['TransformerEncoderLayer, a norm in front, gelu, causal'] = {
    encoder({preNorm = true, activation = 'gelu', causal = true}), {2, 3, 4}},
  ['TransformerEncoderLayer, gelu_tanh, a mask'] = {
    encoder({activation = 'gelu_tanh'}), function(x) return {x(2, 3, 4), mask = own_mask} end},
  ['TransformerEncoderLayer, dropout'] = {
    encoder({dropout = 0.3, attentionDropout = 0.2, innerDropout = 0.4}), {2, 3, 4}, random = true},
  TransformerDecoderLayer = {
    function() return nn.TransformerDecoderLayer(4, 2, 5, {preNorm = true, activation = 'gelu'}) end,
    function(x) return {x(2, 3, 4), x(2, 4, 4), memoryMask = mask} end},
}

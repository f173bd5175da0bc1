--- Recurrent layers over whole sequences: nn.RNNLayer, nn.LSTMLayer, nn.GRULayer. Their names end in Layer, because
-- nn.LSTM and nn.GRU are the step-by-step modules of the package rnn, with other weights; here these have the sizes
-- and the order of gates of cuDNN and PyTorch, and so do the parameters' names, weight_ih_l0 and so on (layers count
-- from 0, as there).
--
-- nn.LSTMLayer(inputSize, hiddenSize[, numLayers[, options]]); options: batchFirst: sequences are N×T×D, not
-- T×N×D; bidirectional: a second stack of weights goes from the last step to the first, and outputs lie side by
-- side; dropout: the probability p of nn.Dropout between layers; bias: false for none; states: the output is a table,
-- see below; nonlinearity, of an nn.RNNLayer: 'tanh' or 'relu'.
-- Input: a sequence x, or {x, h0} (an LSTM: {x, h0, c0}), states of (numLayers·directions)×N×hiddenSize; without
-- them it starts from zeros. In a table the field lengths may hold how many steps each sample has, as a table or a
-- tensor: behind these its output is 0, and its last states are those of its own last step. Samples in order of
-- falling lengths cost the least. Output: all outputs T×N×(directions·hiddenSize), or with states a table of them
-- and the last states, as the input.
--   nn.LSTMLayer(10, 20, 2, {bidirectional = true}):forward(torch.randn(7, 3, 10))          -- 7x3x40
--   nn.GRULayer(10, 20):forward({torch.randn(7, 3, 10), lengths = {7, 5, 2}})                -- 7x3x20
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'

local F, layout = op.F, handle.layout

local RecurrentLayer, parent = torch.class('nn.RecurrentLayer', 'nn.Module')

local function check_count(self, what, n)
  if type(n) ~= 'number' or n < 1 or n % 1 ~= 0 then
    errors.fail('%s: expected %s as a whole number from 1, got %s', torch.type(self), what, tostring(n))
  end
  return n
end

-- The names of a layer's parameters, in PyTorch's order.
local function names_of(self, layer, direction)
  local tail = ('_l%d%s'):format(layer - 1, direction == 2 and '_reverse' or '')
  local list = {'weight_ih' .. tail, 'weight_hh' .. tail}
  if self.bias then list[3], list[4] = 'bias_ih' .. tail, 'bias_hh' .. tail end
  return list
end

local function each_direction(self, f)
  for layer = 1, self.numLayers do
    for direction = 1, self.directions do f(names_of(self, layer, direction), layer, direction) end
  end
end

function RecurrentLayer:__init(inputSize, hiddenSize, numLayers, options)
  parent.__init(self)
  options = options or {}
  self.inputSize = check_count(self, 'inputSize', inputSize)
  self.hiddenSize = check_count(self, 'hiddenSize', hiddenSize)
  self.numLayers = check_count(self, 'numLayers', numLayers or 1)
  self.directions, self.bias = options.bidirectional and 2 or 1, options.bias ~= false
  self.batchFirst, self.states = options.batchFirst or false, options.states or false
  self.dropout = options.dropout or 0
  if type(self.dropout) ~= 'number' or not (self.dropout >= 0 and self.dropout < 1) then
    errors.fail('%s: expected a probability dropout with 0 <= p < 1, got %s', torch.type(self), tostring(self.dropout))
  end
  self.nonlinearity, self.train = options.nonlinearity, true
  each_direction(self, function(names, layer)
    local rows, columns = self.gates * hiddenSize, layer == 1 and inputSize or self.directions * hiddenSize
    local shapes = {{rows, columns}, {rows, hiddenSize}, {rows}, {rows}}
    for i, name in ipairs(names) do
      self[name], self['grad_' .. name] = torch.Tensor(unpack(shapes[i])), torch.zeros(unpack(shapes[i]))
    end
  end)
  self:reset()
end

--- All parameters uniform within ±stdv, 1/√hiddenSize, as in PyTorch.
function RecurrentLayer:reset(stdv)
  stdv = stdv or 1 / math.sqrt(self.hiddenSize)
  for _, p in ipairs((self:parameters())) do p:uniform(-stdv, stdv) end
  return self
end

function RecurrentLayer:parameters()
  local parameters, grads = {}, {}
  each_direction(self, function(names)
    for _, name in ipairs(names) do
      parameters[#parameters + 1], grads[#grads + 1] = self[name], self['grad_' .. name]
    end
  end)
  return parameters, grads
end

-- -- Lengths ----------------------------------------------------------------------------------------------------

-- The lengths of N samples as a table, or nil where all are T.
local function read_lengths(self, lengths, T, N)
  if not lengths then return nil end
  local list, full = {}, true
  for n = 1, N do
    local v = tonumber(lengths[n])
    if not v or v < 1 or v > T or v % 1 ~= 0 then
      errors.fail('%s: expected %d lengths of 1 to %d steps, got %s as number %d', torch.type(self), N, T,
                  tostring(lengths[n]), n)
    end
    list[n], full = v, full and v == T
  end
  return not full and list or nil
end

-- A tensor beside x for compute to work with.
local function buffer(self, name, dtype, x) return leaf.buffer(self, name, handle.new(dtype, layout(x).device)) end

-- A ByteTensor T×N: 1 within the lengths.
local function active_steps(self, lengths, T, x)
  local active = buffer(self, 'active', C.MT_UINT8, x):resize(T, #lengths):fill(1)
  for n, length in ipairs(lengths) do
    if length < T then active:narrow(1, length + 1, T - length):select(2, n):zero() end
  end
  return active
end

-- The states that each sample ends with, of all T×N×H: those of its last step, or, going backwards, of the first.
local function last_of(self, all, lengths, reverse)
  local T, N, H = all:size(1), all:size(2), all:size(3)
  if reverse or not lengths then return F.select(all, 0, reverse and 0 or T - 1) end
  local rows = buffer(self, 'rows', C.MT_INT64, all):resize(N)
  for n, length in ipairs(lengths) do rows[n] = (length - 1) * N + n end
  return F.index_select(F.contiguous(all):view(T * N, H), 0, rows)
end

-- -- Forward ----------------------------------------------------------------------------------------------------

local function check_states(self, given, N)
  local count = self.numLayers * self.directions
  for i = 1, #self.state_names do
    local s = given[i]
    if s and not (handle.is_tensor(s) and s:dim() == 3 and s:size(1) == count and s:size(2) == N and
                  s:size(3) == self.hiddenSize) then
      errors.fail('%s: expected %s of %dx%dx%d, got %s', torch.type(self), self.state_names[i], count, N,
                  self.hiddenSize, handle.is_tensor(s) and sizes.text(s) or torch.type(s))
    end
  end
end

-- The sequence, steps first, the states that came with it, and lengths.
local function read(self, input)
  local x, given, lengths = input, {}, nil
  if type(input) == 'table' then
    x, lengths = input[1], input.lengths
    for i = 1, #self.state_names do given[i] = input[i + 1] end
  end
  if not handle.is_tensor(x) or x:dim() ~= 3 or x:size(3) ~= self.inputSize then
    errors.fail('%s: expected a sequence of %s%d, got %s', torch.type(self), self.batchFirst and 'NxTx' or 'TxNx',
                self.inputSize, handle.is_tensor(x) and sizes.text(x) or torch.type(x))
  end
  if self.batchFirst then x = F.contiguous(F.transpose(x, 0, 1)) end
  check_states(self, given, x:size(2))
  return x, given, read_lengths(self, lengths, x:size(1), x:size(2))
end

-- What the inputs add to the sums of a direction's gates. Both biases may go in here, but for what a class keeps apart.
local function from_inputs(self, x, names)
  local T, N = x:size(1), x:size(2)
  local bias = names[3] and self:input_bias(self[names[3]], self[names[4]])
  return F.linear(F.contiguous(x):view(T * N, x:size(3)), self[names[1]], bias):view(T, N, -1)
end

-- One direction of a layer: all outputs and the last states.
local function run(self, x, first, names, active, lengths, reverse)
  local sums, weight = from_inputs(self, x, names), F.transpose(self[names[2]], 0, 1)
  local all = {self:go(sums, first, weight, self[names[4]], active, {reverse = reverse, restart = reverse})}
  for i = 1, #self.state_names do first[i] = last_of(self, all[i], lengths, reverse) end
  return all[1], first
end

local function zeros(self, x) return leaf.buffer(self, 'zeros', x):resize(x:size(2), self.hiddenSize):zero() end

function RecurrentLayer:compute(input)
  local x, given, lengths = read(self, input)
  local active = lengths and active_steps(self, lengths, x:size(1), x)
  local last = {{}, {}}
  for layer = 1, self.numLayers do
    local outs = {}
    for direction = 1, self.directions do
      local place, first = (layer - 1) * self.directions + direction, {}
      for i = 1, #self.state_names do first[i] = given[i] and F.select(given[i], 0, place - 1) or zeros(self, x) end
      outs[direction], first = run(self, x, first, names_of(self, layer, direction), active, lengths, direction == 2)
      for i = 1, #self.state_names do last[i][place] = F.unsqueeze(first[i], 0) end
    end
    x = outs[2] and F.cat(outs, 2) or outs[1]
    if layer < self.numLayers and self.dropout > 0 and self.train then
      x = leaf.drop(self, 'noise' .. layer, x, self.dropout)
    end
  end
  if self.batchFirst then x = F.transpose(x, 0, 1) end
  if not self.states then return x end
  local out = {x}
  for i = 1, #self.state_names do out[i + 1] = F.cat(last[i], 0) end
  return out
end

function RecurrentLayer:__tostring__()
  return ('%s(%d -> %d%s%s)'):format(torch.type(self), self.inputSize, self.hiddenSize,
                                     self.numLayers > 1 and (' x %d layers'):format(self.numLayers) or '',
                                     self.directions == 2 and ', both directions' or '')
end

--- What is added to the sums of the gates.
function RecurrentLayer.input_bias(_, bias_ih, bias_hh) return F.add(bias_ih, bias_hh) end

-- -- The cells --------------------------------------------------------------------------------------------------

--- nn.LSTMLayer: gates lie in the order i, f, g, o. Source: Hochreiter and Schmidhuber, 1997; Gers et al., 2000
local LSTMLayer = torch.class('nn.LSTMLayer', 'nn.RecurrentLayer')
LSTMLayer.gates, LSTMLayer.state_names = 4, {'h0', 'c0'}

function LSTMLayer.go(_, sums, first, weight, _, active, options)
  local _, h, c = F.lstm({sums, first[1], first[2], weight}, 'ifgo', active, options)
  return h, c
end

--- nn.GRULayer: gates lie in the order r, z, n; n = tanh(in + r∘(W h + b)). Source: Cho et al., 2014
local GRULayer = torch.class('nn.GRULayer', 'nn.RecurrentLayer')
GRULayer.gates, GRULayer.state_names = 3, {'h0'}

-- b of n goes in behind the reset.
function GRULayer.input_bias(_, bias_ih, bias_hh)
  local n = bias_ih:size(1) / 3
  local both = F.add(F.narrow(bias_ih, 0, 0, 2 * n), F.narrow(bias_hh, 0, 0, 2 * n))
  return F.cat({both, F.narrow(bias_ih, 0, 2 * n, n)}, 0)
end

function GRULayer:go(sums, first, weight, bias, active, options)
  local n = self.hiddenSize
  options.reset_after = true
  return F.gru({sums, first[1], weight, bias and F.narrow(bias, 0, 2 * n, n)}, active, options)
end

--- nn.RNNLayer: h' = tanh(W x + U h + b), or with relu in tanh's place. Source: Elman, 1990
local RNNLayer, layer = torch.class('nn.RNNLayer', 'nn.RecurrentLayer')
RNNLayer.gates, RNNLayer.state_names = 1, {'h0'}

local nonlinearities = {tanh = F.tanh, relu = F.relu}

function RNNLayer:__init(inputSize, hiddenSize, numLayers, options)
  layer.__init(self, inputSize, hiddenSize, numLayers, options)
  self.nonlinearity = self.nonlinearity or 'tanh'
  if not nonlinearities[self.nonlinearity] then
    errors.fail('nn.RNNLayer: expected the nonlinearity tanh or relu, got %s', tostring(self.nonlinearity))
  end
end

function RNNLayer:go(sums, first, weight, _, active, options)
  local T, h, all, f = sums:size(1), first[1], {}, nonlinearities[self.nonlinearity]
  for s = 0, T - 1 do
    local t = options.reverse and T - 1 - s or s
    local new = f(F.addmm(F.select(sums, 0, t), h, weight, 1, 1))
    if active then
      local mask = F.expand(F.unsqueeze(F.select(active, 0, t), 1), new)
      all[t + 1], h = F.where(mask, new, 0), F.where(mask, new, options.restart and first[1] or 0)
    else
      all[t + 1], h = new, new
    end
    all[t + 1] = F.unsqueeze(all[t + 1], 0)
  end
  return F.cat(all, 0)
end

return {LSTMLayer = LSTMLayer, GRULayer = GRULayer, RNNLayer = RNNLayer}

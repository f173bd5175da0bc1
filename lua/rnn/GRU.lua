--- nn.GRU(inputSize, outputSize[, rho[, p[, mono]]]): a gated recurrent unit, one step a forward:
--   r = σ(W x + U h + b), z likewise, h' = (1 − z)∘tanh(W x + U (r∘h) + b) + z∘h
-- Input a vector or a batch, N×inputSize. p: dropout within, of which mono draws one sample for the whole batch; for
-- rho see nn.AbstractRecurrent. Hidden states are outputs; userPrevOutput, where set, stands before the first step,
-- userNextGradOutput is the gradient from behind the last.
-- Sources: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
-- 2014 (arXiv:1406.1078); dropout: Gal and Ghahramani, 2015 (arXiv:1512.05287).
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local chains = require 'rnn.chains'

local chain, fork, each = chains.chain, chains.fork, chains.each

local GRU, parent = torch.class('nn.GRU', 'nn.AbstractRecurrent')

function GRU:__init(inputSize, outputSize, rho, p, mono)
  parent.__init(self, rho or 9999)
  self.p, self.mono = p or 0, mono or false
  self.inputSize, self.outputSize = inputSize, outputSize
  self:setStepModule(self:buildModel())
  self.zeroTensor = torch.Tensor()
end

--- {x, h} → h'. self.i2g and self.o2g are the layers of both gates, r's rows first.
function GRU:buildModel()
  local H = self.outputSize
  self.i2g = chains.gates(self, self.inputSize, H, 2)
  self.o2g = chains.gates(self, H, H, 2, true)
  local split = chain(nn.Reshape(2, H), nn.SplitTable(1, 2))
  local gates = chain(each(self.i2g, self.o2g), nn.CAddTable(), split, each(nn.Sigmoid(), nn.Sigmoid()))
  -- {x, h, r, z}
  local from_x = chain(nn.SelectTable(1), chains.linear(self, self.inputSize, H))
  local from_h = chain(nn.NarrowTable(2, 2), nn.CMulTable(), chains.linear(self, H, H, true))
  local candidate = chain(fork(from_x, from_h), nn.CAddTable(), nn.Tanh())
  local new = chain(fork(candidate, chain(nn.SelectTable(4), nn.SAdd(-1, true))), nn.CMulTable())
  local old = chain(fork(nn.SelectTable(4), nn.SelectTable(2)), nn.CMulTable())
  return chain(fork(nn.Identity(), gates), nn.FlattenTable(), fork(new, old), nn.CAddTable())
end

--- The output after a step. input: for its sizes, before the first.
function GRU:getHiddenState(step, input)
  if step > 0 then return self.outputs[step] end
  if input then
    if input:dim() == 2 then self:zeros(self.zeroTensor, input:size(1), self.outputSize)
    else self:zeros(self.zeroTensor, self.outputSize) end
  end
  return self.userPrevOutput or self.outputs[0] or self.zeroTensor
end

local function check(name, x)
  if not handle.is_tensor(x) then errors.fail('%s: expected a tensor, got %s', name, torch.type(x)) end
  return x
end

function GRU:setHiddenState(step, hiddenState) self.outputs[step] = check('setHiddenState', hiddenState) end

function GRU:getGradHiddenState(step)
  if step < self.step - 1 then return self.gradOutputs[step] end
  return self.userNextGradOutput or self.gradOutputs[step] or self.zeroTensor
end

function GRU:setGradHiddenState(step, gradHiddenState)
  self.gradOutputs[step] = check('setGradHiddenState', gradHiddenState)
end

--- Takes the parameters of an nn.GRU without dropout over into one with dropout.
function GRU:migrate(params)
  local own, H = self:parameters(), self.outputSize
  if self.p == 0 or #params ~= 6 or #own ~= 9 then
    errors.fail('migrate: expected the 6 parameters of a GRU without dropout, for one with dropout')
  end
  for gate = 0, 1 do
    own[1 + 2 * gate]:copy(params[1]:narrow(1, gate * H + 1, H))
    own[2 + 2 * gate]:copy(params[2]:narrow(1, gate * H + 1, H))
    own[5 + gate]:copy(params[3]:narrow(1, gate * H + 1, H))
  end
  for i = 7, 9 do own[i]:copy(params[i - 3]) end
end

function GRU:__tostring__()
  return ('%s(%d -> %d, %.2f)'):format(torch.type(self), self.inputSize, self.outputSize, self.p)
end

return GRU

--- nn.NCEModule(inputSize, outputSize, k, unigrams[, Z]): the last layer of a language model, trained by telling
-- targets from noise instead of summing over all classes. unigrams: the classes' frequencies, a vector, from which k
-- noise samples are drawn: for the whole batch, or for each target where self.batchnoise is false. Z: what
-- probabilities are divided by; unless given, it is set by the first batch, to the mean of exp(score) times the number
-- of classes. Input {x, targets}, N×inputSize and N; the output is what nn.NCECriterion wants. When evaluating with
-- self.normalized, it is the softmax over all classes instead (its logarithm with self.logsoftmax).
-- Source: Mnih and Teh, "A fast and simple algorithm for training neural probabilistic language models", 2012.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local F = op.F
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

require 'dpnn.AliasMultinomial'

local NCEModule, parent = torch.class('nn.NCEModule', 'nn.Linear')
local Module = torch.getmetatable('nn.Module')

NCEModule.__version = 6
NCEModule.dpnn_mediumEmpty = {'sampleidx', 'sampleprob', unpack(Module.dpnn_mediumEmpty)}
NCEModule.dpnn_parameters = {'weight', 'bias', 'unigrams', 'Z'}

function NCEModule:__init(inputSize, outputSize, k, unigrams, Z)
  parent.__init(self, inputSize, outputSize)
  if type(k) ~= 'number' or not handle.is_tensor(unigrams) or unigrams:nElement() ~= outputSize then
    errors.fail('NCEModule: expected a number of noise samples and %s frequencies', tostring(outputSize))
  end
  self.k, self.unigrams, self.Z = k, unigrams, torch.Tensor {Z or -1}
  self.batchnoise = true
  self:fastNoise()
  self.output = {torch.Tensor(), torch.Tensor(), torch.Tensor(), torch.Tensor()}
  self.gradInput = {torch.Tensor(), torch.Tensor()}
end

--- Weights uniform within ±stdv (1/√inputSize), biases likewise where stdv is given; by default the latter start at
-- −log outputSize, so that exp(score) sums to about 1.
function NCEModule:reset(stdv)
  local bound = stdv or 1 / math.sqrt(self.weight:size(2))
  self.weight:uniform(-bound, bound)
  if stdv then self.bias:uniform(-stdv, stdv) else self.bias:fill(-math.log(self.bias:size(1))) end
  return self
end

--- Makes the table that draws are made with; to be called when self.unigrams has changed.
function NCEModule:fastNoise()
  self.unigrams:div(self.unigrams:sum())
  self.aliasmultinomial = torch.AliasMultinomial(self.unigrams)
end

--- Fills places, a LongTensor, with batchsize×k classes drawn from the noise.
function NCEModule:noiseSample(places, batchsize, k)
  return self.aliasmultinomial:batchdraw(places:resize(batchsize, k))
end

--- The noise's probabilities at places, in probabilities, of their sizes.
function NCEModule:noiseProb(probabilities, places)
  local found = self.unigrams:index(1, places:contiguous():view(-1))
  return probabilities:resize(places:size()):copy(found)
end

local function check(input)
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) or not handle.is_tensor(input[2]) or
     input[1]:dim() ~= 2 or input[2]:dim() ~= 1 then
    errors.fail('NCEModule: expected a matrix and a vector of targets, got %s', torch.type(input))
  end
  return input[1], input[2]
end

-- self.Z, which the first batch sets where it is not known; scores: a sample of all scores' exponentials.
local function normaliser(self, exponentials)
  if self.Z[1] <= 0 then
    self.Z[1] = F.detach(exponentials):mean() * self.weight:size(1)
    print('normalization constant Z approximated to ' .. self.Z[1])
  end
  return self.Z[1]
end

-- Draws, unless going back needs the last draw. Places of the noise for all, then the targets; or target and noise of
-- each sample as a row.
local function draw(self, target)
  if leaf.is_again(self) then return end
  local n, k = target:nElement(), self.k
  local noise = self:noiseSample(torch.LongTensor(), self.batchnoise and 1 or n, k)
  self.sampleidx = utils.fit(self.sampleidx, noise)
  if self.batchnoise then
    self.sampleidx:resize(k + n)
    self.sampleidx:narrow(1, 1, k):copy(noise)
    self.sampleidx:narrow(1, k + 1, n):copy(target)
  else
    self.sampleidx:resize(n, k + 1)
    self.sampleidx:narrow(2, 2, k):copy(noise)
    self.sampleidx:select(2, 1):copy(target)
  end
  self.sampleprob = self:noiseProb(utils.fit(self.sampleprob, self.weight), self.sampleidx)
end

-- Scores of the noise for all samples (N×k), and of each sample's target (N).
local function batch_scores(self, x, places)
  local n, k = x:size(1), self.k
  local weight, bias = F.index_select(self.weight, 0, places), F.index_select(self.bias, 0, places)
  local noise = F.addmm(F.narrow(bias, 0, 0, k), x, F.transpose(F.narrow(weight, 0, 0, k), 0, 1), 1, 1)
  local target = F.squeeze(F.sum(F.mul(x, F.narrow(weight, 0, k, n)), 2), 1)
  return F.add(target, F.narrow(bias, 0, k, n)), noise
end

-- Scores of each sample's own target and noise.
local function single_scores(self, x, places)
  local n, k = x:size(1), self.k
  local flat = places:view(-1)
  local weight = F.index_select(self.weight, 0, flat):view(n, k + 1, -1)
  local bias = F.index_select(self.bias, 0, flat):view(n, k + 1)
  local scores = F.add(F.squeeze(F.matmul(weight, F.unsqueeze(x, 2)), 2), bias)
  return F.select(scores, 1, 0), F.narrow(scores, 1, 1, k)
end

local function all_classes(self, x)
  local scores = parent.compute(self, x)
  return F.softmax(scores, 1, self.logsoftmax and 1 or 0)
end

function NCEModule:compute(input)
  local x, target = check(input)
  if self.train == false and self.normalized then return all_classes(self, x) end
  op.unrecorded(draw, self, target)
  local n, k = x:size(1), self.k
  local target_score, noise_score = (self.batchnoise and batch_scores or single_scores)(self, x, self.sampleidx)
  local Pmt, Pms = F.exp(target_score), F.exp(noise_score)
  local Z = normaliser(self, Pms)
  local Pnt, Pns
  if self.batchnoise then
    Pnt, Pns = self.sampleprob:narrow(1, k + 1, n), self.sampleprob:narrow(1, 1, k):view(1, k):expand(n, k)
  else
    Pnt, Pns = self.sampleprob:select(2, 1), self.sampleprob:narrow(2, 2, k)
  end
  return {F.div(Pmt, Z), F.div(Pms, Z), F.clone(Pnt), F.clone(Pns)}
end

--- The frequencies stay as they are.
function NCEModule:type(type, cache)
  if not type then return parent.type(self) end
  local unigrams, table = self.unigrams, self.aliasmultinomial
  self.unigrams, self.aliasmultinomial, self.sampleidx, self.sampleprob = nil, nil, nil, nil
  local out = parent.type(self, type, cache)
  self.unigrams, self.aliasmultinomial = unigrams, table
  return out
end

function NCEModule:clearState()
  self.sampleidx, self.sampleprob = nil, nil
  return parent.clearState(self)
end

return NCEModule

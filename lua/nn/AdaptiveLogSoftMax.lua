--- nn.AdaptiveLogSoftMax(inputSize, nClasses, cutoffs[, divValue[, headBias]]): log-probabilities of very many classes,
-- cheap for frequent ones. Classes are numbered from the most frequent one on. cutoffs, a table such as {2000, 10000},
-- splits them: classes up to the first cutoff have a row each in the head, together with one row for each later
-- cluster; the i-th cluster projects the input to inputSize / divValueⁱ numbers (divValue: 4) and has a softmax of its
-- own. headBias: whether the head has a bias (false).
--   input {x, target}: x is N×inputSize, target N classes; gives the N log-probabilities of the targets. Only the
--                      clusters that targets lie in are computed.
--   input x:           gives the N×nClasses log-probabilities of all classes.
-- Trained with gradients −1/N for each log-probability, which is what this gives:
--   local layer, loss = nn.AdaptiveLogSoftMax(16, 1000, {100, 300}), nn.ClassNLLCriterion()
--   local logp = layer:forward {torch.randn(4, 16), torch.LongTensor {1, 999, 20, 150}}
--   loss:forward(logp:view(4, 1), torch.ones(4))
-- Source: Grave et al., "Efficient softmax approximation for GPUs", 2016 (arXiv:1609.04309).
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local Linear = require 'nn.Linear'
local targets = require 'nn.targets'

local Adaptive, parent = torch.class('nn.AdaptiveLogSoftMax', 'nn.Module')

local function check_cutoffs(cutoffs, nClasses)
  local before = 0
  for i = 1, type(cutoffs) == 'table' and #cutoffs or 0 do
    if cutoffs[i] <= before or cutoffs[i] >= nClasses or cutoffs[i] % 1 ~= 0 then before = math.huge end
    before = math.max(before, cutoffs[i])
  end
  if before == 0 or before == math.huge then
    errors.fail('AdaptiveLogSoftMax: expected a table of rising whole cutoffs within 1..%s', tostring(nClasses - 1))
  end
end

local function matrix(rows, columns) return torch.Tensor(rows, columns), torch.zeros(rows, columns) end

function Adaptive:__init(inputSize, nClasses, cutoffs, divValue, headBias)
  parent.__init(self)
  check_cutoffs(cutoffs, nClasses)
  self.inputSize, self.nClasses, self.divValue = inputSize, nClasses, divValue or 4
  self.cutoffs = {unpack(cutoffs)}
  self.cutoffs[#cutoffs + 1] = nClasses
  self.shortlist, self.clusters = cutoffs[1], #cutoffs
  local rows = self.shortlist + self.clusters
  self.weight, self.gradWeight = matrix(rows, inputSize)   -- the head's
  if headBias then self.bias, self.gradBias = torch.Tensor(rows), torch.zeros(rows) end
  self.projections, self.gradProjections, self.tails, self.gradTails = {}, {}, {}, {}
  for i = 1, self.clusters do
    local size = math.max(1, math.floor(inputSize / self.divValue ^ i))
    self.projections[i], self.gradProjections[i] = matrix(size, inputSize)
    self.tails[i], self.gradTails[i] = matrix(self.cutoffs[i + 1] - self.cutoffs[i], size)
  end
  self:reset()
end

--- Each matrix uniform within ±1/√(its columns); the bias as the head's matrix.
function Adaptive:reset()
  for _, weight in ipairs(self:parameters()) do
    local bound = 1 / math.sqrt(weight:dim() == 1 and self.inputSize or weight:size(2))
    weight:uniform(-bound, bound)
  end
end

--- The head's weight, then projection and weight of each cluster, then the head's bias.
function Adaptive:parameters()
  local parameters, grads = {self.weight}, {self.gradWeight}
  for i = 1, self.clusters do
    local k = 2 * i
    parameters[k], grads[k] = self.projections[i], self.gradProjections[i]
    parameters[k + 1], grads[k + 1] = self.tails[i], self.gradTails[i]
  end
  parameters[#parameters + 1], grads[#grads + 1] = self.bias, self.gradBias
  return parameters, grads
end

-- -- Log-probabilities ------------------------------------------------------------------------------------------

local function head(self, x) return F.log_softmax(Linear.transform(x, self.weight, self.bias), 1) end

-- Log-probabilities within the i-th cluster.
local function within(self, i, x)
  return F.log_softmax(Linear.transform(Linear.transform(x, self.projections[i]), self.tails[i]), 1)
end

local function all_classes(self, x)
  local first = head(self, x)
  local parts = {F.narrow(first, 1, 0, self.shortlist)}
  for i = 1, self.clusters do
    parts[i + 1] = F.add(within(self, i, x), F.narrow(first, 1, self.shortlist + i - 1, 1))
  end
  return F.cat(parts, 1)
end

local function cluster_of(self, class)
  local i = 0
  while class > self.cutoffs[i + 1] do i = i + 1 end
  return i
end

-- For each target its row of the head; and for each cluster, which samples lie in it and where.
local function sort_targets(self, target, n)
  local places = targets.read(self, target, n, self.nClasses)
  local data, rows, columns = places:data(), {}, {}
  for i = 1, self.clusters do rows[i], columns[i] = {}, {} end
  for k = 0, n - 1 do
    local class = tonumber(data[k])
    local i = cluster_of(self, class)
    if i > 0 then
      data[k] = self.shortlist + i
      table.insert(rows[i], k + 1)
      table.insert(columns[i], class - self.cutoffs[i])
    end
  end
  return places:view(n, 1), rows, columns
end

-- A list of places in a buffer beside x.
local function buffer(self, name, list, x)
  local places = leaf.buffer(self, name, torch.LongTensor()):resize(#list)
  local data = places:data()
  for i, v in ipairs(list) do data[i - 1] = v end
  return leaf.beside(self, name .. ' there', places, x)
end

local function targets_only(self, x, target)
  local n = x:size(1)
  local places, rows, columns = sort_targets(self, target, n)
  local logp = F.squeeze(F.gather(head(self, x), 1, leaf.beside(self, 'places there', places, x)), 1)
  for i = 1, self.clusters do
    local count = #rows[i]
    if count > 0 then
      local samples = buffer(self, 'rows' .. i, rows[i], x)
      local scores = within(self, i, F.index_select(x, 0, samples))
      local picked = F.gather(scores, 1, buffer(self, 'columns' .. i, columns[i], x):view(count, 1))
      logp = F.add(logp, F.index_add_like(F.squeeze(picked, 1), logp, 0, samples))
    end
  end
  return logp
end

function Adaptive:compute(input)
  local x = torch.isTensor(input) and input or type(input) == 'table' and input[1]
  if not torch.isTensor(x) or x:dim() ~= 2 or x:size(2) ~= self.inputSize then
    errors.fail('AdaptiveLogSoftMax: expected Nx%d, alone or before targets in a table, got %s', self.inputSize,
                torch.isTensor(x) and sizes.text(x) or torch.type(input))
  end
  if x == input then return all_classes(self, x) end
  return targets_only(self, x, input[2])
end

--- The most probable class of each row of x, as a LongTensor.
function Adaptive:predict(x)
  local _, classes = self:forward(x):max(2)
  return classes:view(-1)
end

function Adaptive:__tostring__()
  return ('%s(%d -> %d: %s)'):format(torch.type(self), self.inputSize, self.nClasses,
                                     table.concat(self.cutoffs, ', '))
end

return Adaptive

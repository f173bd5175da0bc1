--- nn.Kmeans(k, dim[, scale]): online k-means. The output is, for each row of an N×dim input, the place of the nearest
-- of k centres, which are the weight; self.loss is the sum of the squared distances to them. Its gradients bring each
-- centre to the mean of the rows that are nearest to it, when the learning rate is 1; they come from the input alone
-- and are multiplied by scale. gradInput is 0.
--   local m = nn.Kmeans(2, 3)
--   local x = torch.randn(10, 3)
--   m:initKmeansPlus(x)
--   for _ = 1, 20 do
--     m:zeroGradParameters()
--     m:forward(x)
--     m:backward(x)
--     m.weight:add(-1, m.gradWeight)
--   end
-- Source of the start: Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local leaf = require 'nn.leaf'
local scratch = require 'nn.scratch'
local utils = require 'nn.utils'

local Kmeans, parent = torch.class('nn.Kmeans', 'nn.Module')

function Kmeans:__init(k, dim, scale)
  parent.__init(self)
  if not (k > 0 and dim > 0) then
    errors.fail('Kmeans: expected some centres and dimensions, got %s and %s', tostring(k), tostring(dim))
  end
  self.k, self.dim, self.scale, self.loss = k, dim, scale, 0
  self.weight, self.gradWeight, self.clusterSampleCount = torch.Tensor(k, dim), torch.zeros(k, dim), torch.zeros(k)
  self:reset()
end

--- Centres uniform within ±stdev (1).
function Kmeans:reset(stdev)
  stdev = stdev or 1
  self.weight:uniform(-stdev, stdev)
end

local function check(self, input)
  if not torch.isTensor(input) or input:dim() ~= 2 or input:size(2) ~= self.dim then
    errors.fail('Kmeans: expected Nx%d, got %s', self.dim,
                torch.isTensor(input) and sizes.text(input) or torch.type(input))
  end
end

--- Takes rows of the input, drawn at random, as centres.
function Kmeans:initRandom(input)
  check(self, input)
  if input:size(1) < self.k then errors.fail('Kmeans: %d rows for %d centres', input:size(1), self.k) end
  local places = torch.LongTensor(self.k):random(1, input:size(1))
  for i = 1, self.k do self.weight[i]:copy(input[places[i]]) end
end

-- Squared distances of the rows to a centre, N.
local function distances_to(input, centre) return F.sum(F.square(F.sub(input, centre)), 2):view(-1) end

--- Takes rows that lie far from the centres before them: the next one is drawn from the share 1 − p (p: 0.95) of rows
-- that are farthest.
function Kmeans:initKmeansPlus(input, p)
  check(self, input)
  self.p = p or self.p or 0.95
  if not (self.p >= 0 and self.p <= 1) then errors.fail('Kmeans: expected 0 to 1 for p, got %s', tostring(self.p)) end
  local n = input:size(1)
  local far = math.max(1, math.ceil((1 - self.p) * n))
  self.weight[1]:copy(input[torch.random(n)])
  local nearest = distances_to(input, self.weight[1])
  for k = 2, self.k do
    local _, order = nearest:sort(true)
    self.weight[k]:copy(input[order[torch.random(far)]])
    nearest = F.cmin(nearest, distances_to(input, self.weight[k]))
  end
end

-- The nearest centre of each row, N×1, beside the squared distance to it.
local function nearest_centres(self, input)
  local n = input:size(1)
  local gaps = F.sub(F.unsqueeze(input, 1):expand(n, self.k, self.dim), self.weight)
  return F.min(F.sum(F.square(gaps), 4):view(n, self.k), 1)
end

local function set_output(self, input, out)
  local distance, places = nearest_centres(self, input)
  self.loss = F.sum(distance, 0):item()
  out:resize(input:size(1)):copy(places)
end

function Kmeans:updateOutput(input)
  check(self, input)
  scratch(set_output, self, input, leaf.own_output(self, input))
  return self.output
end

function Kmeans:updateGradInput(input)
  if self.gradInput == nil then return nil end
  self.gradInput = utils.fit(self.gradInput, input):resizeAs(input):zero()
  return self.gradInput
end

-- The mean of (centre − row) over the rows of each centre.
local function accumulate(self, input, scale)
  local _, places = nearest_centres(self, input)
  places = places:view(-1)
  local counts = self.clusterSampleCount:zero()
  memory.call(C.mt_index_add, counts, 0, places, handle.like(counts):resize(input:size(1)):fill(1))
  local pull = F.mul(F.sub(F.index_select(self.weight, 0, places), input), scale)
  local sums = F.index_add_like(pull, self.weight, 0, places)
  self.gradWeight:add(F.div(sums, F.clamp(F.unsqueeze(counts, 1), 1, math.huge)))
end

function Kmeans:accGradParameters(input, _, scale)
  scale = self.scale or scale or 1
  if scale <= 0 then errors.fail('Kmeans: expected a scale above 0, got %s', tostring(scale)) end
  scratch(accumulate, self, input, scale)
end

--- Buffers that files of Torch7 may hold.
function Kmeans:clearState()
  for _, name in ipairs {'_expandedSamples', '_clusterDistances', '_temp', '_tempExpanded', '_tempWeight',
                         '_tempWeightExp', '_expandedWeight', '_minScore', '_minIndx', '_cscAdder', '_gradWeight',
                         '_gradWeight2', '_ccounts'} do
    self[name] = nil
  end
  return parent.clearState(self)
end

return Kmeans

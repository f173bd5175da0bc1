--- Criteria: nn.MSECriterion, nn.ClassNLLCriterion, nn.CrossEntropyCriterion.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local sizes = require 'torch.sizes'
local op = require 'torch.op'
local LogSoftMax = require('nn.activations').LogSoftMax
local leaf = require 'nn.leaf'

local F = op.F
local long, byte = torch.LongTensor(), torch.ByteTensor() -- models for buffers

local is_tensor = handle.is_tensor

local function check_input(self, input)
  if not is_tensor(input) then errors.fail('%s: expected a tensor, got %s', torch.type(self), torch.type(input)) end
end

-- -- Squared error ----------------------------------------------------------------------------------------------

--- nn.MSECriterion([sizeAverage]): the mean of the squared differences of input and target; their sum when sizeAverage
-- is false.
--   nn.MSECriterion():forward(torch.Tensor{1, 2}, torch.Tensor{1, 4})   -- 2
local MSE, parent = torch.class('nn.MSECriterion', 'nn.Criterion')

function MSE:__init(sizeAverage)
  parent.__init(self)
  self.sizeAverage = sizeAverage ~= false
end

function MSE:compute(input, target)
  check_input(self, input)
  check_input(self, target)
  if input:nElement() ~= target:nElement() then
    errors.fail('MSECriterion: input has sizes %s, target %s', sizes.text(input), sizes.text(target))
  end
  local squares = F.square(F.sub(input, target))
  return self.sizeAverage and F.mean(squares, 0) or F.sum(squares, 0)
end

-- -- Negative log-likelihood ------------------------------------------------------------------------------------

--- nn.ClassNLLCriterion([weights[, sizeAverage[, ignoreIndex]]]): −logp[target] of a vector of log-probabilities, or
-- the mean over the rows of a matrix of them (the sum when sizeAverage is false). The target is a class from 1, or a
-- tensor of them. weights: a vector with a weight for each class; the mean is then weighted. Rows whose target is
-- ignoreIndex (−100) do not count.
--   nn.ClassNLLCriterion():forward(nn.LogSoftMax():forward(torch.randn(4, 3)), torch.LongTensor{1, 3, 2, 1})
local NLL = torch.class('nn.ClassNLLCriterion', 'nn.Criterion')

function NLL:__init(weights, sizeAverage, ignoreIndex)
  parent.__init(self)
  if weights and (not is_tensor(weights) or weights:dim() ~= 1) then
    errors.fail('ClassNLLCriterion: expected the weights as a vector, got %s',
                is_tensor(weights) and sizes.text(weights) or torch.type(weights))
  end
  self.weights, self.sizeAverage, self.ignoreIndex = weights, sizeAverage ~= false, ignoreIndex or -100
  self.target = torch.LongTensor(1):zero()
end

--- The sizes of the weights, or 0.
function NLL:__len() return self.weights and self.weights:size() or 0 end

-- The targets as an n×1 LongTensor in our own memory on the CPU. name: of the criterion, for errors.
local function read_targets(owner, name, target, n)
  local places = leaf.buffer(owner, 'places', long)
  if type(target) == 'number' then target = torch.LongTensor{target} end
  if not is_tensor(target) or target:nElement() ~= n then
    errors.fail('%s: expected %d target%s, got %s', name, n, n == 1 and '' or 's',
                is_tensor(target) and sizes.text(target) or torch.type(target))
  end
  return places:resize(n, 1):copy(target)
end

-- Checks the targets. Ignored ones become class 1; then a mask (n×1) of those that count is given, too.
local function check_targets(owner, name, places, n, classes, ignored)
  local data, mask = places:data(), nil
  for i = 0, n - 1 do
    local class = tonumber(data[i])
    if class == ignored then
      mask = mask or leaf.buffer(owner, 'mask', byte):resize(n, 1):fill(1)
      mask:data()[i] = 0
      data[i] = 1
    elseif class < 1 or class > classes then
      errors.fail('%s: target %.0f at element %d is outside 1..%d', name, class, i + 1, classes)
    end
  end
  return mask
end

-- The weight of each row (n×1), or nil where all are 1.
local function row_weights(owner, self, places, mask, logp, n)
  if not self.weights and not mask then return nil end
  local rows = leaf.buffer(owner, 'rows', logp)
  if self.weights then
    memory.call(C.mt_index_select, rows, self.weights, 0, places:view(n))
    rows:resize(n, 1)
  else
    rows:resize(n, 1):fill(1)
  end
  return mask and rows:where(mask, rows, 0) or rows
end

-- The sum as a number, without a tensor for the collector.
local function sum_of(owner, x)
  local total = leaf.buffer(owner, 'total', x)
  memory.call(C.mt_reduce, op.by_name.sum.id, total, nil, x, 0, 0)
  return total:item()
end

-- The loss of an n×classes matrix. owner: whose buffers are used; self: whose settings.
local function nll(owner, self, logp, target)
  local name, n, classes = torch.type(owner):match('[^%.]+$'), logp:size(1), logp:size(2)
  if self.weights and self.weights:nElement() ~= classes then
    errors.fail('%s: %d weights for %d classes', name, self.weights:nElement(), classes)
  end
  local places = read_targets(owner, name, target, n)
  local mask = check_targets(owner, name, places, n, classes, self.ignoreIndex or -100)
  places = leaf.beside(owner, 'places there', places, logp)
  mask = leaf.beside(owner, 'mask there', mask, logp)
  local picked = F.gather(logp, 1, places)
  local rows = row_weights(owner, self, places, mask, logp, n)
  if not rows then return F.mul(F.sum(picked, 0), self.sizeAverage and -1 / n or -1) end
  -- what is ignored may be −∞, so it is left out rather than weighted with 0
  if mask then picked = F.where(mask, picked, 0) end
  local total = self.sizeAverage and sum_of(owner, rows) or 1
  return F.mul(F.sum(F.mul(picked, rows), 0), total ~= 0 and -1 / total or 0)
end

-- A vector as a matrix of one row.
local function as_rows(self, input)
  check_input(self, input)
  if input:dim() == 1 then return F.unsqueeze(input, 0) end
  if input:dim() == 2 then return input end
  return errors.fail('%s: expected a vector or a matrix, got %s', torch.type(self):match('[^%.]+$'), sizes.text(input))
end

function NLL:compute(input, target)
  return nll(self, self, as_rows(self, input), target)
end

-- -- Cross-entropy ----------------------------------------------------------------------------------------------

--- nn.CrossEntropyCriterion([weights[, sizeAverage]]): nn.LogSoftMax and nn.ClassNLLCriterion in one.
--   nn.CrossEntropyCriterion():forward(torch.randn(4, 3), torch.LongTensor{1, 3, 2, 1})
local CrossEntropy = torch.class('nn.CrossEntropyCriterion', 'nn.Criterion')

function CrossEntropy:__init(weights, sizeAverage)
  parent.__init(self)
  self.lsm, self.nll = LogSoftMax.new(), NLL.new(weights, sizeAverage)
  self.sizeAverage = self.nll.sizeAverage
  self.oldSizeAverage = self.sizeAverage
end

function CrossEntropy:compute(input, target)
  -- sizeAverage may be set here or, as old code does, in nll
  if self.sizeAverage ~= self.oldSizeAverage then self.nll.sizeAverage = self.sizeAverage end
  self.oldSizeAverage = self.sizeAverage
  check_input(self, input)
  local rows = as_rows(self, input:dim() > 2 and F.squeeze(input, -1) or input)
  return nll(self, self.nll, F.log_softmax(rows, 1), target)
end

return {MSE = MSE, NLL = NLL, CrossEntropy = CrossEntropy}

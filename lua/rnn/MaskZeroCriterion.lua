--- nn.MaskZeroCriterion(criterion, nInputDim): the criterion of those samples of a batch whose input is not 0 in all
-- elements; the others get no gradient. nInputDim: the dimensions of one sample's input (of its first tensor, where it
-- is a table).
--   nn.MaskZeroCriterion(nn.ClassNLLCriterion(), 1)
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local masks = require 'rnn.masks'
local op = require 'torch.op'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local MaskZeroCriterion, parent = torch.class('nn.MaskZeroCriterion', 'nn.Criterion')

function MaskZeroCriterion:__init(criterion, nInputDim)
  parent.__init(self)
  if not torch.isTypeOf(criterion, 'nn.Criterion') or type(nInputDim) ~= 'number' then
    errors.fail('MaskZeroCriterion: expected a criterion and a number of dimensions, got %s and %s',
                torch.type(criterion), torch.type(nInputDim))
  end
  self.criterion, self.nInputDim = criterion, nInputDim
end

-- The samples at places of every tensor in x.
local function pick(x, places)
  if handle.is_tensor(x) then return x:index(1, places) end
  local out = {}
  for i, v in ipairs(x) do out[i] = pick(v, places) end
  return out
end

-- Zeros of x's structure and sizes, in to where it fits, with g at places.
local function put(to, x, places, g)
  if handle.is_tensor(x) then
    local out = utils.fit(to, x):resizeAs(x):zero()
    return places and out:indexCopy(1, places, g) or out
  end
  local out = type(to) == 'table' and to or {}
  for i, v in ipairs(x) do out[i] = put(out[i], v, places, g and g[i]) end
  for i = #x + 1, #out do out[i] = nil end
  return out
end

-- Serves also a tape that the user has open; the criterion does its work by itself.
function MaskZeroCriterion:compute(input, target)
  local mask, is_batch = masks.of(self, F.detach(masks.first(input)), self.nInputDim)
  if not is_batch then errors.fail('MaskZeroCriterion: expected a batch') end
  self.zeroMask = masks.kept(mask)
  if not self.zeroMask then return state.tape and F.mul(F.sum(masks.first(input), 0), 0) or 0 end
  self.input, self.target = pick(input, self.zeroMask), op.unrecorded(pick, target, self.zeroMask)
  return self.criterion:forward(self.input, self.target)
end

function MaskZeroCriterion:updateOutput(input, target)
  self.output = self:compute(input, target)
  return self.output
end

function MaskZeroCriterion:updateGradInput(input)
  local g = self.zeroMask and self.criterion:backward(self.input, self.target)
  self.gradInput = put(self.gradInput, input, self.zeroMask, g)
  return self.gradInput
end

function MaskZeroCriterion:type(type, cache)
  if type then self.zeroMask, self.input, self.target = nil, nil, nil end
  return parent.type(self, type, cache)
end

return MaskZeroCriterion

--- Activations: nn.Threshold, nn.ReLU, nn.Tanh, nn.Sigmoid, nn.SoftMax, nn.LogSoftMax.
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local op = require 'torch.op'
local leaf = require 'nn.leaf'

local F = op.F

-- -- Threshold and ReLU -----------------------------------------------------------------------------------------

--- nn.Threshold([threshold, value[, inplace]]): x where x > threshold (1e-6), else value (0).
-- inplace: the input's memory takes the output, except while the user differentiates a function.
local Threshold, parent = torch.class('nn.Threshold', 'nn.Module')

function Threshold:__init(threshold, value, inplace)
  parent.__init(self)
  self.threshold, self.val, self.inplace = threshold or 1e-6, value or 0, inplace or false
  if type(self.threshold) ~= 'number' or type(self.val) ~= 'number' then
    errors.fail('Threshold: expected numbers as threshold and value, got %s and %s', type(threshold), type(value))
  end
  if type(self.inplace) ~= 'boolean' then
    errors.fail('%s: expected true or false for inplace, got %s', torch.type(self), tostring(inplace))
  end
  self:validateParameters()
end

function Threshold:validateParameters()
  if self.inplace and self.val > self.threshold then
    errors.fail('%s: to work in place the value (%s) must not exceed the threshold (%s)', torch.type(self),
                tostring(self.val), tostring(self.threshold))
  end
end

function Threshold:compute(input)
  self:validateParameters()
  local inplace = self.inplace and leaf.is_private(self)
  -- a handle of our own: the tape empties those of its results
  local x = inplace and F.alias(input) or input
  if self.threshold == 0 and self.val == 0 then
    if inplace then return op.by_name.relu.run(op.by_name.relu, x, x, nil, nil, true) end
    return F.relu(x)
  end
  local mask = leaf.buffer(self, 'mask', handle.new(C.MT_UINT8, handle.layout(x).device))
  mask:gt(x, self.threshold)
  if inplace then return op.by_name.where.run(op.by_name.where, x, mask, x, self.val, nil, true) end
  return F.where(mask, x, self.val)
end

--- nn.ReLU([inplace]): max(0, x)
--   nn.ReLU():forward(torch.Tensor{-1, 2})   -- 0, 2
local ReLU, threshold = torch.class('nn.ReLU', 'nn.Threshold')

function ReLU:__init(inplace) threshold.__init(self, 0, 0, inplace) end

-- -- Pointwise --------------------------------------------------------------------------------------------------

--- nn.Tanh(): the hyperbolic tangent of each element
local Tanh = torch.class('nn.Tanh', 'nn.Module')
function Tanh.compute(_, input) return F.tanh(input) end

--- nn.Sigmoid(): 1 / (1 + exp(−x)) of each element
local Sigmoid = torch.class('nn.Sigmoid', 'nn.Module')
function Sigmoid.compute(_, input) return F.sigmoid(input) end

-- -- Softmax ----------------------------------------------------------------------------------------------------

-- The features' dimension (from 0) of a vector, a batch of vectors, C×H×W or N×C×H×W.
local function features(self, input)
  local dims = input:dim()
  if dims < 1 or dims > 4 then
    errors.fail('%s: expected 1 to 4 dimensions, got %s', torch.type(self), sizes.text(input))
  end
  return (dims == 2 or dims == 4) and 1 or 0
end

--- nn.SoftMax(): exp(x) / Σ exp(x) over the features of a vector, of each row of a matrix, or at each place of C×H×W
-- or N×C×H×W
local SoftMax = torch.class('nn.SoftMax', 'nn.Module')
function SoftMax:compute(input) return F.softmax(input, features(self, input)) end

--- nn.LogSoftMax(): x − log Σ exp(x), over the same dimension as nn.SoftMax
local LogSoftMax = torch.class('nn.LogSoftMax', 'nn.Module')
function LogSoftMax:compute(input) return F.log_softmax(input, features(self, input)) end

return {Threshold = Threshold, ReLU = ReLU, Tanh = Tanh, Sigmoid = Sigmoid, SoftMax = SoftMax, LogSoftMax = LogSoftMax}

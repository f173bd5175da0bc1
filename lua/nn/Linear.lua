--- nn.Linear(inputSize, outputSize[, bias]): y = x Wᵀ + b for a vector, or for each row of a matrix.
local torch = require 'torch'
local F = require 'torch.op'.F

local Linear, parent = torch.class('nn.Linear', 'nn.Module')

function Linear:__init(inputSize, outputSize, bias)
  parent.__init(self)
  self.weight = torch.Tensor(outputSize, inputSize)
  self.gradWeight = torch.Tensor(outputSize, inputSize):zero()
  if bias ~= false then
    self.bias = torch.Tensor(outputSize)
    self.gradBias = torch.Tensor(outputSize):zero()
  end
  self:reset()
end

function Linear:noBias()
  self.bias, self.gradBias = nil, nil
  return self
end

--- Uniform within ±stdv·√3; by default ±1/√inputSize. The weight is drawn first, then the bias, as in Torch7, so that
-- seeds agree.
function Linear:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.weight:size(2))
  self.weight:uniform(-stdv, stdv)
  if self.bias then self.bias:uniform(-stdv, stdv) end
  return self
end

--- x Wᵀ + b of a vector or of the rows of a matrix; b may be nil.
function Linear.transform(input, weight, bias)
  if input:dim() == 1 then
    return F.squeeze(F.linear(F.unsqueeze(input, 0), weight, bias), 0)
  end
  return F.linear(input, weight, bias)
end

function Linear:compute(input) return Linear.transform(input, self.weight, self.bias) end

function Linear:__tostring__()
  return ('%s(%d -> %d)%s'):format(torch.type(self), self.weight:size(2), self.weight:size(1),
                                   self.bias and '' or ' without bias')
end

return Linear

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

function Linear:compute(input)
  if input:dim() == 1 then
    local column = F.matmul(self.weight, F.unsqueeze(input, 1))
    local out = F.squeeze(column, 1)
    return self.bias and F.add(out, self.bias) or out
  end
  local weight = F.transpose(self.weight, 0, 1)
  if not self.bias then return F.matmul(input, weight) end
  return F.addmm(self.bias, input, weight, 1, 1)
end

function Linear:__tostring__()
  return ('%s(%d -> %d)%s'):format(torch.type(self), self.weight:size(2), self.weight:size(1),
                                   self.bias and '' or ' without bias')
end

return Linear

--- nn.Bilinear(inputSize1, inputSize2, outputSize[, bias]): for an input {a, b} of N×inputSize1 and N×inputSize2, the
-- N×outputSize numbers aᵀ W_k b + bias_k. bias false: without.
--   nn.Bilinear(3, 4, 2):forward{torch.randn(5, 3), torch.randn(5, 4)}   -- 5x2
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local inputs = require 'nn.inputs'

local Bilinear, parent = torch.class('nn.Bilinear', 'nn.Module')

local function check_size(n)
  if type(n) ~= 'number' or n < 1 or n ~= math.floor(n) then
    errors.fail('Bilinear: expected a whole size of 1 or more, got %s', tostring(n))
  end
  return n
end

function Bilinear:__init(inputSize1, inputSize2, outputSize, bias)
  parent.__init(self)
  local k, n, m = check_size(outputSize), check_size(inputSize1), check_size(inputSize2)
  self.weight, self.gradWeight = torch.Tensor(k, n, m), torch.zeros(k, n, m)
  if bias ~= false then self.bias, self.gradBias = torch.Tensor(k), torch.zeros(k) end
  self.gradInput = {torch.Tensor(), torch.Tensor()}
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√inputSize1. The weight is drawn first, then the bias.
function Bilinear:reset(stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(self.weight:size(2))
  self.weight:uniform(-stdv, stdv)
  if self.bias then self.bias:uniform(-stdv, stdv) end
  return self
end

local function check(self, a, b)
  local w = self.weight
  if a:dim() ~= 2 or b:dim() ~= 2 or a:size(1) ~= b:size(1) or a:size(2) ~= w:size(2) or b:size(2) ~= w:size(3) then
    errors.fail('Bilinear: expected Nx%d and Nx%d, got %s and %s', w:size(2), w:size(3), sizes.text(a), sizes.text(b))
  end
end

function Bilinear:compute(input)
  local a, b = inputs.pair(self, input)
  check(self, a, b)
  local k, n, m = self.weight:size(1), a:size(2), b:size(2)
  -- one product for all k: N×n by n×km
  local wide = F.contiguous(F.transpose(self.weight, 0, 1)):view(n, k * m)
  local half = F.matmul(a, wide):view(a:size(1), k, m)
  local out = F.squeeze(F.matmul(half, F.unsqueeze(b, 2)), 2)
  return self.bias and F.add(out, self.bias) or out
end

function Bilinear:__tostring__()
  local w = self.weight
  return ('%s(%dx%d -> %d) %s'):format(torch.type(self), w:size(2), w:size(3), w:size(1),
                                       self.bias and '' or ' without bias')
end

return Bilinear

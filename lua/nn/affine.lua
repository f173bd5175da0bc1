--- One learned number for each element or feature: nn.Add, nn.CAdd, nn.Mul, nn.CMul.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F

-- Uniform within ±stdv·√3; by default ±1/√n.
local function draw(t, n, stdv)
  stdv = stdv and stdv * math.sqrt(3) or 1 / math.sqrt(n)
  t:uniform(-stdv, stdv)
end

-- op of the input and v: element by element where both have as many elements, else v is spread over the input, or over
-- each sample of it where v has other dimensions.
local function combine(module, op, input, v)
  local count = v:nElement()
  if count == input:nElement() then return op(input, v) end
  if v:dim() == input:dim() then return op(input, v:expandAs(input)) end
  local batch = input:size(1)
  if count * batch ~= input:nElement() then
    errors.fail('%s: %s does not fit an input of %s', torch.type(module):match('[^%.]+$'), sizes.text(v),
                sizes.text(input))
  end
  local rows = F.contiguous(input):view(batch, count)
  return F.view(op(rows, v:view(1, count)), input)
end

-- -- Add --------------------------------------------------------------------------------------------------------

--- nn.Add(size[, scalar]): adds a bias of size elements to an input of as many, or to each sample of a batch of them;
-- with scalar, one and the same number to all elements. size: a number or a LongStorage.
--   nn.Add(3):forward(torch.zeros(5, 3))   -- 5x3, the bias in each row
local Add, parent = torch.class('nn.Add', 'nn.Module')

function Add:__init(inputSize, scalar)
  parent.__init(self)
  self.scalar = scalar
  self.bias = torch.Tensor(scalar and 1 or inputSize)
  self.gradBias = torch.zeros(self.bias:size())
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√(the bias's first size).
function Add:reset(stdv) draw(self.bias, self.bias:size(1), stdv) end

function Add:compute(input)
  if self.scalar then return F.add(input, self.bias) end
  return combine(self, F.add, input, self.bias)
end

--- nn.Mul(): multiplies the input by one number.
local Mul = torch.class('nn.Mul', 'nn.Module')

function Mul:__init()
  parent.__init(self)
  self.weight, self.gradWeight = torch.Tensor(1), torch.zeros(1)
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1.
function Mul:reset(stdv) draw(self.weight, 1, stdv) end

function Mul:compute(input) return F.mul(input, self.weight) end

-- -- Component by component -------------------------------------------------------------------------------------

-- The sizes given as numbers or as a LongStorage.
local function long_storage(first, ...)
  if torch.type(first) == 'torch.LongStorage' then return torch.LongStorage(first:size()):copy(first) end
  return torch.LongStorage {first, ...}
end

--- nn.CAdd(sizes…): adds a bias of these sizes. Where the input has as many dimensions, those of size 1 are spread over
-- it; else the bias is added to each sample of a batch. The sizes may be a LongStorage.
--   nn.CAdd(1, 3, 1):forward(torch.zeros(5, 3, 4))
local CAdd = torch.class('nn.CAdd', 'nn.Module')

function CAdd:__init(...)
  parent.__init(self)
  self.size = long_storage(...)
  self.bias, self.gradBias = torch.Tensor(self.size), torch.zeros(self.size)
  self.output:resize(self.size)
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√(the count of elements).
function CAdd:reset(stdv) draw(self.bias, self.bias:nElement(), stdv) end

function CAdd:compute(input) return combine(self, F.add, input, self.bias) end

--- nn.CMul(sizes…): multiplies by a weight of these sizes, which is spread as nn.CAdd spreads its bias.
--   nn.CMul(1, 3, 1, 1):forward(torch.randn(5, 3, 4, 4))   -- a factor for each plane
local CMul = torch.class('nn.CMul', 'nn.Module')

function CMul:__init(...)
  parent.__init(self)
  self.size = long_storage(...)
  self.weight, self.gradWeight = torch.Tensor(self.size), torch.zeros(self.size)
  self.output:resize(self.size)
  self:reset()
end

--- Uniform within ±stdv·√3; by default ±1/√(the count of elements).
function CMul:reset(stdv) draw(self.weight, self.weight:nElement(), stdv) end

function CMul:compute(input) return combine(self, F.mul, input, self.weight) end

return {Add = Add, Mul = Mul, CAdd = CAdd, CMul = CMul}

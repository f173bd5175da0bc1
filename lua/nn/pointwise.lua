--- One function of each element: nn.Abs, nn.Exp, nn.Log, nn.Square, nn.Sqrt, nn.Power, nn.AddConstant, nn.MulConstant.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F

--- nn.Abs(): |x|
local Abs, parent = torch.class('nn.Abs', 'nn.Module')
function Abs.compute(_, input) return F.abs(input) end

--- nn.Exp(): e to the x
local Exp = torch.class('nn.Exp', 'nn.Module')
function Exp.compute(_, input) return F.exp(input) end

--- nn.Log(): the natural logarithm
local Log = torch.class('nn.Log', 'nn.Module')
function Log.compute(_, input) return F.log(input) end

--- nn.Square(): x²
local Square = torch.class('nn.Square', 'nn.Module')
function Square.compute(_, input) return F.square(input) end

--- nn.Sqrt(): √x; its gradient at 0 is taken as 0. The argument eps is kept, and without effect, as in Torch7.
local Sqrt = torch.class('nn.Sqrt', 'nn.Module')

function Sqrt:__init(eps)
  parent.__init(self)
  self.eps = eps or 0
end

function Sqrt.compute(_, input)
  local zero = F.eq(input, 0)
  return F.where(zero, 0, F.sqrt(F.where(zero, 1, input)))
end

--- nn.Power(p): x to the p
local Power = torch.class('nn.Power', 'nn.Module')

function Power:__init(p)
  parent.__init(self)
  if type(p) ~= 'number' then errors.fail('Power: expected a number, got %s', type(p)) end
  self.pow = p
end

function Power:compute(input) return F.pow(input, self.pow) end

-- -- Constants --------------------------------------------------------------------------------------------------

-- Torch7's in-place forms overwrite the input and put it right again on the way back. The flag is kept, but the input
-- is left alone from the start, so that the layers before can go back at any time.
local function set_constant(self, constant, inplace)
  if inplace ~= nil and type(inplace) ~= 'boolean' then
    errors.fail('%s: expected true or false for inplace, got %s', torch.type(self), tostring(inplace))
  end
  self.constant_scalar, self.inplace = constant, inplace or false
end

--- nn.AddConstant(c): x + c, where c is a number, or a vector that is added to the input or to each of its rows
local AddConstant = torch.class('nn.AddConstant', 'nn.Module')

function AddConstant:__init(constant, inplace)
  parent.__init(self)
  if type(constant) ~= 'number' and not handle.is_tensor(constant) then
    errors.fail('AddConstant: expected a number or a tensor, got %s', torch.type(constant))
  end
  set_constant(self, constant, inplace)
end

function AddConstant:compute(input)
  local c = self.constant_scalar
  if handle.is_tensor(c) and (input:dim() > 2 or input:size(input:dim()) ~= c:size(1)) then
    errors.fail('AddConstant: a constant of %d elements does not fit %s', c:size(1), sizes.text(input))
  end
  return F.add(input, c)
end

--- nn.MulConstant(c): c·x, where c is a number
local MulConstant = torch.class('nn.MulConstant', 'nn.Module')

function MulConstant:__init(constant, inplace)
  parent.__init(self)
  if type(constant) ~= 'number' then
    errors.fail('MulConstant: expected a number, got %s', torch.type(constant))
  end
  set_constant(self, constant, inplace)
end

function MulConstant:compute(input) return F.mul(input, self.constant_scalar) end

return {Abs = Abs, Exp = Exp, Log = Log, Square = Square, Sqrt = Sqrt, Power = Power, AddConstant = AddConstant,
        MulConstant = MulConstant}

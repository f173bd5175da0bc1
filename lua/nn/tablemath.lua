--- Arithmetic over tables of tensors with as many elements each: nn.CSubTable, nn.CMulTable, nn.CDivTable,
-- nn.CMaxTable, nn.CMinTable, nn.CAddTensorTable. For sums see nn/CAddTable.lua.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local F = require('torch.op').F
local inputs = require 'nn.inputs'
local utils = require 'nn.utils'

local parent = torch.getmetatable('nn.Module')

local function class(name)
  local made = torch.class(name, 'nn.Module')
  function made:__init()
    parent.__init(self)
    self.gradInput = {}
  end
  return made
end

-- All tensors of the input, the first two by f, the result and the third by f, and so on.
local function fold(self, input, f)
  inputs.check_alike(self, input)
  local out = F.alias(input[1])
  for i = 2, #input do out = f(out, input[i]) end
  return out
end

--- nn.CSubTable(): of {x, y}, x − y
local CSubTable = class('nn.CSubTable')

function CSubTable:compute(input)
  inputs.check_alike(self, input, 2)
  return F.sub(input[1], input[2])
end

--- nn.CDivTable(): of {x, y}, x / y, element by element
local CDivTable = class('nn.CDivTable')

function CDivTable:compute(input)
  inputs.check_alike(self, input, 2)
  return F.div(input[1], input[2])
end

--- nn.CMulTable(): the product of all, element by element
--   nn.CMulTable():forward{torch.Tensor{1, 2}, torch.Tensor{3, 4}, torch.Tensor{5, 6}}   -- 15, 48
local CMulTable = class('nn.CMulTable')

function CMulTable:compute(input) return fold(self, input, F.mul) end

function CMulTable:clearState()
  utils.clear(self, 'tout')   -- files of Torch7 may hold these; so below
  return parent.clearState(self)
end

--- nn.CMaxTable(): the greatest of all, element by element; of equal ones the first takes the gradient.
local CMaxTable = class('nn.CMaxTable')

function CMaxTable:compute(input) return fold(self, input, F.cmax) end

function CMaxTable:clearState()
  utils.clear(self, 'maxIdx', 'mask', 'maxVals', 'gradMaxVals', 'maskByteTensor')
  return parent.clearState(self)
end

--- nn.CMinTable(): the least of all, element by element; of equal ones the first takes the gradient.
local CMinTable = class('nn.CMinTable')

function CMinTable:compute(input) return fold(self, input, F.cmin) end

function CMinTable:clearState()
  utils.clear(self, 'minIdx', 'mask', 'minVals', 'gradMaxVals', 'maskByteTensor')
  return parent.clearState(self)
end

--- nn.CAddTensorTable(): of {x, {a, b, …}}, the table {x + a, x + b, …}
local CAddTensorTable = class('nn.CAddTensorTable')

function CAddTensorTable.compute(_, input)
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) or type(input[2]) ~= 'table' then
    errors.fail('CAddTensorTable: expected a tensor and a table of tensors, got %s', torch.type(input))
  end
  local out = {}
  for i, x in ipairs(input[2]) do out[i] = F.add(input[1], x) end
  return out
end

return {CSubTable = CSubTable, CDivTable = CDivTable, CMulTable = CMulTable, CMaxTable = CMaxTable,
        CMinTable = CMinTable, CAddTensorTable = CAddTensorTable}

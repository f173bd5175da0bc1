--- nn.ReverseTable(): a table with its entries in the opposite order.
--   nn.ReverseTable():forward{x, y, z}   -- {z, y, x}
local torch = require 'torch'
local errors = require 'torch.errors'
local Identity = torch.getmetatable('nn.Identity')

local ReverseTable, parent = torch.class('nn.ReverseTable', 'nn.Module')

function ReverseTable:__init()
  parent.__init(self)
  self.output, self.gradInput = {}, {}
end

local function reversed(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

function ReverseTable.compute(_, input)
  if type(input) ~= 'table' then errors.fail('ReverseTable: expected a table, got %s', torch.type(input)) end
  return reversed(input)
end

-- The very tensors of the input and of gradOutput are given on.
function ReverseTable:updateOutput(input)
  self.output = self:compute(input)
  return self.output
end

function ReverseTable:updateGradInput(_, gradOutput)
  self.gradInput = reversed(gradOutput)
  return self.gradInput
end

--- What is kept belongs to others: a new type starts with empty tables.
function ReverseTable:type(type, cache)
  if type then self.output, self.gradInput = {}, {} end
  return parent.type(self, type, cache)
end

ReverseTable.clearState = Identity.clearState

return ReverseTable

--- nn.CriterionTable(criterion): a criterion as a module, of {input, target}. Its gradInput is that of the criterion,
-- whatever gradOutput says.
--   nn.CriterionTable(nn.MSECriterion()):forward{torch.Tensor{1, 2}, torch.Tensor{1, 4}}   -- 2
local torch = require 'torch'
local errors = require 'torch.errors'
local utils = require 'nn.utils'

local CriterionTable, parent = torch.class('nn.CriterionTable', 'nn.Module')

function CriterionTable:__init(criterion)
  parent.__init(self)
  self.criterion = criterion
  self.gradInput = {criterion.gradInput}
end

function CriterionTable:compute(input)
  if type(input) ~= 'table' then
    errors.fail('CriterionTable: expected a table of input and target, got %s', torch.type(input))
  end
  return self.criterion:forward(input[1], input[2])
end

function CriterionTable:updateOutput(input)
  self.output = self:compute(input)
  return self.output
end

function CriterionTable:updateGradInput(input)
  utils.need_table(self, input, 'input')
  self.gradInput = {self.criterion:backward(input[1], input[2])}
  return self.gradInput
end

return CriterionTable

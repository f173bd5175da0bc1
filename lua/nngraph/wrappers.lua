--- Modules that nodes are made of where there is no module of the user's.
local torch = require 'torch'
local errors = require 'torch.errors'

--- nngraph.JustElement(): takes a table of one entry, gives the entry.
local JustElement = torch.class('nngraph.JustElement', 'nn.Module')

function JustElement:compute(input)
  if #input ~= 1 then errors.fail('JustElement: expected a table of one entry, got %d', #input) end
  return input[1]
end

--- nngraph.JustTable(): takes anything, gives a table with it.
local JustTable = torch.class('nngraph.JustTable', 'nn.Module')

function JustTable:compute(input) return {input} end

--- nn.ModuleFromCriterion(criterion): a criterion as a module: takes {prediction, target}, gives a tensor with the
-- loss. The gradient by the target is 0.
local ModuleFromCriterion = torch.class('nn.ModuleFromCriterion', 'nn.Module')

function ModuleFromCriterion:__init(criterion)
  self.criterion = criterion
  self.output = torch.Tensor(1)
  self.gradInput = {torch.Tensor(), torch.Tensor()}
end

function ModuleFromCriterion:updateOutput(input)
  self.output[1] = self.criterion:forward(input[1], input[2])
  return self.output
end

-- to ← from times scale, for tensors and tables of them
local function scaled(to, from, scale)
  if torch.isTensor(from) then
    to = torch.isTensor(to) and to or from.new()
    return to:resizeAs(from):copy(from):mul(scale)
  end
  to = torch.isTensor(to) and {} or to
  for i, t in ipairs(from) do to[i] = scaled(to[i], t, scale) end
  return to
end

function ModuleFromCriterion:updateGradInput(input, gradOutput)
  local g = self.criterion:backward(input[1], input[2])
  self.gradInput[1] = scaled(self.gradInput[1], g, gradOutput[1])
  self.gradInput[2] = scaled(self.gradInput[2], input[2], 0):zero()
  return self.gradInput
end

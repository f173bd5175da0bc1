--- nn.DontCast(module[, castin[, castout[, moduleType]]]): a module that keeps its type when the net's changes.
-- castin: inputs of another type become its type, and gradInput becomes the net's; castout (as castin unless given):
-- outputs become the net's type, and gradOutput its own. moduleType is the type of its output, or of its parameters,
-- unless given.
--   nn.DontCast(nn.Linear(4, 2):float(), true):forward(torch.DoubleTensor(3, 4):fill(1))   -- a DoubleTensor
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local branches = require 'nn.branches'
local utils = require 'nn.utils'

local DontCast, parent = torch.class('nn.DontCast', 'nn.Decorator')

-- The type of the first tensor in x, or nil.
local function type_in(x)
  if handle.is_tensor(x) then return torch.type(x) end
  if type(x) ~= 'table' then return nil end
  for _, v in pairs(x) do
    local found = type_in(v)
    if found then return found end
  end
end

function DontCast:__init(module, castin, castout, moduleType)
  parent.__init(self, module)
  self.castin = castin
  if castout == nil then castout = castin end
  self.castout, self.moduleType = castout, moduleType
  if (castin or castout) and not moduleType then
    self.moduleType = type_in(module.output) or type_in(module:parameters()) or
                      errors.fail('DontCast: the type of %s is not known: give it as the fourth argument',
                                  torch.type(module))
  end
end

-- What the module gave, as the net's type, which that of the last output or gradInput shows.
local function outward(self, name, x)
  return branches.cast(self, name, x, type_in(self[name]) or torch.getdefaulttensortype())
end

-- Going back, the input is taken as it was forward, and gradOutput as updateGradInput saw it.
local function input_of(self, input, is_back)
  if not self.castin or type_in(input) == self.moduleType then return input end
  return is_back and branches.cast_before(self, 'input') or
         branches.cast(self, 'input', input, self.moduleType)
end

local function gradient_of(self, gradOutput, again)
  if not self.castout or type_in(gradOutput) == self.moduleType then return gradOutput end
  return again and branches.cast_before(self, 'gradOutput') or
         branches.cast(self, 'gradOutput', gradOutput, self.moduleType)
end

function DontCast:updateOutput(input)
  local out = self.modules[1]:forward(input_of(self, input))
  self.output = self.castout and outward(self, 'output', out) or out
  return self.output
end

function DontCast:updateGradInput(input, gradOutput)
  local g = self.modules[1]:updateGradInput(input_of(self, input, true), gradient_of(self, gradOutput))
  self.gradInput = self.castin and outward(self, 'gradInput', g) or g
  return self.gradInput
end

function DontCast:accGradParameters(input, gradOutput, scale)
  self.modules[1]:accGradParameters(input_of(self, input, true), gradient_of(self, gradOutput, true), scale or 1)
end

function DontCast:accUpdateGradParameters(input, gradOutput, lr)
  self.modules[1]:accUpdateGradParameters(input_of(self, input, true), gradient_of(self, gradOutput, true), lr)
end

--- Changes the type of what comes out, not the module.
function DontCast:type(type)
  if not type then return self._type end
  if self.castout then self.output = utils.recursiveType(self.output, type) end
  if self.castin then self.gradInput = utils.recursiveType(self.gradInput, type) end
  return self
end

return DontCast

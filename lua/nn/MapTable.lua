--- nn.MapTable(module[, shared]): runs the module on each entry of the input, a table; the output is a table as well.
-- Each entry has a clone of the module, made when it is needed, which shares its parameters unless shared is false.
--   nn.MapTable(nn.Linear(10, 2)):forward{torch.randn(4, 10), torch.randn(5, 10)}   -- {4x2, 5x2}
local torch = require 'torch'
local errors = require 'torch.errors'
local utils = require 'nn.utils'

local MapTable, parent = torch.class('nn.MapTable', 'nn.Container')

function MapTable:__init(module, shared)
  parent.__init(self)
  self.shared = shared ~= false
  self.sharedparams = {'weight', 'bias', 'gradWeight', 'gradBias'}
  self.output, self.gradInput = {}, {}
  self:add(module)
end

function MapTable:add(module)
  if self.module then errors.fail('MapTable: it has its module already') end
  self.module, self.modules[1] = module, module
  return self
end

-- Makes clones until there are n modules.
local function extend(self, n)
  self.modules[1] = self.module
  for i = #self.modules + 1, n do
    self.modules[i] = self.shared and self.module:clone(unpack(self.sharedparams)) or self.module:clone()
  end
end

-- Drops the clones behind the n-th.
local function shorten(self, n)
  for i = n + 1, #self.modules do
    self.modules[i]:clearState()
    self.modules[i] = nil
  end
end

--- Makes, or drops, clones until there are n modules.
function MapTable:resize(n)
  extend(self, n)
  shorten(self, n)
end

-- What a method of each clone gives for its entries, in out.
local function map(self, out, method, input, gradOutput)
  if type(input) ~= 'table' then errors.fail('MapTable: expected a table, got %s', torch.type(input)) end
  if gradOutput ~= nil then utils.need_table(self, gradOutput, 'gradOutput') end
  extend(self, #input)
  if type(out) ~= 'table' then out = {} end
  for i = 1, #input do
    local module = self.modules[i]
    out[i] = module[method](module, input[i], gradOutput and gradOutput[i])
  end
  for i = #input + 1, #out do out[i] = nil end
  return out
end

function MapTable:updateOutput(input)
  self.output = map(self, self.output, 'forward', input)
  return self.output
end

function MapTable:updateGradInput(input, gradOutput)
  self.gradInput = map(self, self.gradInput, 'updateGradInput', input, gradOutput)
  return self.gradInput
end

function MapTable:accGradParameters(input, gradOutput, scale)
  utils.need_table(self, gradOutput, 'gradOutput')
  for i = 1, #input do self.modules[i]:accGradParameters(input[i], gradOutput[i], scale or 1) end
end

function MapTable:accUpdateGradParameters(input, gradOutput, lr)
  for i = 1, #input do self.modules[i]:accUpdateGradParameters(input[i], gradOutput[i], lr) end
end

-- Clones that share have the module's own gradients.
function MapTable:zeroGradParameters()
  if self.shared then return self.module:zeroGradParameters() end
  parent.zeroGradParameters(self)
end

function MapTable:updateParameters(learningRate)
  if self.shared then return self.module:updateParameters(learningRate) end
  parent.updateParameters(self, learningRate)
end

function MapTable:clearState()
  shorten(self, 1)
  return parent.clearState(self)
end

function MapTable:__tostring__()
  return ('%s {\n  %s\n}'):format(torch.type(self), (tostring(self.module):gsub('\n', '\n        ')))
end

return MapTable

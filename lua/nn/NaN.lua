--- nn.NaN(module[, id]): does as the module does, and raises an error where an output, a gradInput or a gradient of the
-- parameters holds a NaN; the error says whether it came in already. id: for the error, a running number unless given.
--   net:add(nn.NaN(nn.Log()))
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local NaN, parent = torch.class('nn.NaN', 'nn.Decorator')

local last = 0

--- The next running number.
function NaN.newId()
  last = last + 1
  return last
end

function NaN:__init(module, id)
  parent.__init(self, module)
  self.id = id or NaN.newId()
end

--- Whether a tensor, or one in a nested table, has a NaN (or infinities of both signs).
function NaN:recursiveIsNaN(x)
  if handle.is_tensor(x) then
    if x:nElement() == 0 then return false end
    local total = handle.like(x)
    memory.call(C.mt_reduce, op.by_name.sum.id, total, nil, x, 0, 0)
    local sum = total:item()
    total:set()   -- not left to the collector
    return sum ~= sum
  end
  for _, v in pairs(type(x) == 'table' and x or {}) do
    if self:recursiveIsNaN(v) then return true end
  end
  return false
end

-- Fails where x holds a NaN; named pairs of what may have brought it come first.
local function check(self, what, x, ...)
  if not self:recursiveIsNaN(x) then return end
  for i = 1, select('#', ...), 2 do
    local name, value = select(i, ...)
    if self:recursiveIsNaN(value) then what = name break end
  end
  errors.fail('NaN: found in %s of module\n%s', what, tostring(self))
end

function NaN:updateOutput(input)
  self.output = self.modules[1]:forward(input)
  check(self, 'output', self.output, 'input', input, 'parameters', (self:parameters()))
  return self.output
end

function NaN:updateGradInput(input, gradOutput)
  self.gradInput = self.modules[1]:updateGradInput(input, gradOutput)
  check(self, 'gradInput', self.gradInput, 'gradOutput', gradOutput)
  return self.gradInput
end

function NaN:accGradParameters(input, gradOutput, scale)
  self.modules[1]:accGradParameters(input, gradOutput, scale)
  check(self, 'gradParameters', (select(2, self:parameters())))
end

function NaN:__tostring__()
  return ('%s(%s) @ %s'):format(torch.type(self), tostring(self.id), tostring(self.modules[1]))
end

return NaN

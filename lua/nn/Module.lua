--- nn.Module: the contract of Torch7's modules.
-- A leaf defines compute(input) with torch's ops; updateOutput, updateGradInput and accGradParameters follow from it
-- (see nn/leaf.lua). What compute's ops make lives until the next forward: what is to stay in fields is copied. A
-- module may instead define these three by hand, as Torch7's do; it is then differentiable once.
local torch = require 'torch'
local errors = require 'torch.errors'
local op = require 'torch.op'
local guest = require 'nn.guest'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local state = op.state

local Module = torch.class('nn.Module')

function Module:__init()
  self.gradInput = torch.Tensor()
  self.output = torch.Tensor()
  self._type = self.output:type()
end

-- -- Forward and backward ---------------------------------------------------------------------------------------

--- The module's output for an input: a tensor, or a table of tensors where the module says so.
function Module:forward(input)
  if state.tape and not self.compute and not self.modules then return guest.module(self, input) end
  return self:updateOutput(input)
end

--- The gradient by the input; gradients of the parameters are added to gradWeight and so on, times scale.
function Module:backward(input, gradOutput, scale)
  local both = self.compute and self.updateGradInput == Module.updateGradInput and
               self.accGradParameters == Module.accGradParameters
  if not (both and leaf.backward(self, input, gradOutput, scale or 1)) then
    self:updateGradInput(input, gradOutput)
    self:accGradParameters(input, gradOutput, scale or 1)
  end
  return self.gradInput
end

function Module:updateOutput(input)
  if self.compute then return leaf.update_output(self, input) end
  return self.output
end

function Module:updateGradInput(input, gradOutput)
  if self.compute then return leaf.update_grad_input(self, input, gradOutput) end
  return self.gradInput
end

function Module:accGradParameters(input, gradOutput, scale)
  if self.compute then leaf.accumulate(self, input, gradOutput, scale or 1) end
end

--- updateGradInput and accUpdateGradParameters in one: goes back and changes the parameters at once.
function Module:backwardUpdate(input, gradOutput, lr)
  self:updateGradInput(input, gradOutput)
  self:accUpdateGradParameters(input, gradOutput, lr)
  return self.gradInput
end

--- Moves the parameters by −lr times their gradients, at once and without gradWeight and gradBias. Parameters that
-- are shared wait until all gradients are added up.
function Module:accUpdateGradParameters(input, gradOutput, lr)
  if self.shared then return self:sharedAccUpdateGradParameters(input, gradOutput, lr) end
  return self:defaultAccUpdateGradParameters(input, gradOutput, lr)
end

function Module:defaultAccUpdateGradParameters(input, gradOutput, lr)
  if self.compute and self.accGradParameters == Module.accGradParameters then
    return leaf.accumulate(self, input, gradOutput, -lr, (self:parameters()))
  end
  local gradWeight, gradBias = self.gradWeight, self.gradBias
  self.gradWeight, self.gradBias = self.weight, self.bias
  self:accGradParameters(input, gradOutput, -lr)
  self.gradWeight, self.gradBias = gradWeight, gradBias
end

function Module:sharedAccUpdateGradParameters(input, gradOutput, lr)
  if not self:parameters() then return end
  self:zeroGradParameters()
  self:accGradParameters(input, gradOutput, 1)
  self:updateParameters(lr)
end

--- module(input) is module:forward(input); module(input, gradOutput) goes back as well and gives both.
function Module:__call__(input, gradOutput)
  self:forward(input)
  if not gradOutput then return self.output end
  self:backward(input, gradOutput)
  return self.output, self.gradInput
end

-- -- Parameters -------------------------------------------------------------------------------------------------

--- The parameters, and their gradients, as two tables; nothing when there are none.
function Module:parameters()
  if self.weight and self.bias then return {self.weight, self.bias}, {self.gradWeight, self.gradBias} end
  if self.weight then return {self.weight}, {self.gradWeight} end
  if self.bias then return {self.bias}, {self.gradBias} end
end

function Module:zeroGradParameters()
  local _, grads = self:parameters()
  for _, g in ipairs(grads or {}) do g:zero() end
end

function Module:updateParameters(learningRate)
  local parameters, grads = self:parameters()
  for i, p in ipairs(parameters or {}) do p:add(-learningRate, grads[i]) end
end

--- All parameters as one vector, and all their gradients as another. The module's own tensors become views of these.
-- Call it once, before the vectors are handed to an optimiser; parameters that were shared stay shared.
function Module:getParameters()
  local parameters, grads = self:parameters()
  parameters, grads = Module.flatten(parameters or {}), Module.flatten(grads or {})
  if parameters:nElement() ~= grads:nElement() then
    errors.fail('getParameters: %d parameters but %d gradients: share both, or neither', parameters:nElement(),
                grads:nElement())
  end
  return parameters, grads
end

Module.flatten = utils.flatten

--- Makes the named fields of this module views of another's: module:share(other, 'weight', 'bias')
function Module:share(other, ...)
  for _, name in ipairs {...} do
    if self[name] ~= nil then
      self[name]:set(other[name])
      self.shared, other.shared = true, true
    end
  end
  return self
end

--- A deep copy. Fields named in the arguments are shared with the original: module:clone('weight', 'bias')
function Module:clone(...)
  local copy = torch.deserialize(torch.serialize(self), {functions = true})
  return select('#', ...) > 0 and copy:share(self, ...) or copy
end

-- -- Types ------------------------------------------------------------------------------------------------------

--- The tensor type; with a type, converts all tensors of the module. Tensors that shared memory go on sharing it.
function Module:type(type, cache)
  if not type then return self._type end
  leaf.forget(self)
  cache = cache or {}
  for key, value in pairs(self) do self[key] = utils.recursiveType(value, type, cache) end
  self._type = type
  return self
end

function Module:float(...) return self:type('torch.FloatTensor', ...) end
function Module:double(...) return self:type('torch.DoubleTensor', ...) end
function Module:half(...) return self:type('torch.HalfTensor', ...) end
function Module:cuda(...) return self:type('torch.CudaTensor', ...) end

-- -- State ------------------------------------------------------------------------------------------------------

function Module:training() self.train = true end
function Module:evaluate() self.train = false end
function Module:reset() end

--- Lets go of outputs, gradients by inputs and buffers: what need not be saved.
function Module:clearState()
  leaf.forget(self)
  return utils.clear(self, 'output', 'gradInput')
end

-- Torch7's files hold the module's fields; what leaf keeps beside them is not among these.
function Module:write(file)
  local fields = {}
  for key, value in pairs(self) do fields[key] = value end
  file:writeObject(fields)
end

function Module:read(file)
  for key, value in pairs(file:readObject()) do self[key] = value end
end

-- -- Looking at modules -----------------------------------------------------------------------------------------

--- Calls f(module) for this module and all below it.
function Module:apply(f)
  f(self)
  for _, child in ipairs(self.modules or {}) do child:apply(f) end
end

--- Replaces this module and all below it by f(module); gives the new one. f sees the modules there were, not those that
-- it put in.
function Module:replace(f)
  local out = f(self)
  for i, child in ipairs(self.modules or {}) do self.modules[i] = child:replace(f) end
  return out
end

--- Modules of a class, and the container of each: local found, containers = net:findModules('nn.Linear')
function Module:findModules(typename, container)
  container = container or self
  local found, containers = {}, {}
  if torch.typename(self) == typename then found[1], containers[1] = self, container end
  for _, child in ipairs(self.modules or {}) do
    local below, their = child:findModules(typename, self)
    for i = 1, #below do
      found[#found + 1], containers[#containers + 1] = below[i], their[i]
    end
  end
  return found, containers
end

--- This module and all below it, each once, as a table.
function Module:listModules()
  local list, seen = {}, {}
  self:apply(function(module)
    if not seen[module] then seen[module], list[#list + 1] = true, module end
  end)
  return list
end

function Module:__tostring__()
  return torch.type(self)
end

return Module

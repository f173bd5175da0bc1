--- nn.hessian.enable(): gives modules the methods that estimate the diagonal of the Hessian, the second derivatives of
-- the loss by each parameter, for learning rates of their own. Off-diagonal terms are left out, so that curvature goes
-- back as gradients do, with weights, inputs and slopes squared.
--   module:initDiagHessianParameters()              makes diagHessianWeight and diagHessianBias
--   module:updateDiagHessianInput(input, h)         gives self.diagHessianInput for the diagonal h by the output
--   module:accDiagHessianParameters(input, h)       adds to diagHessianWeight and diagHessianBias
-- parameters and getParameters then give these as a third result.
-- Source: LeCun, Denker and Solla, "Optimal Brain Damage", 1989.
local torch = require 'torch'
local errors = require 'torch.errors'
local utils = require 'nn.utils'

local hessian = {}

local fields = {gradWeight = 'diagHessianWeight', gradBias = 'diagHessianBias'}

-- A module that shares everything with another but for the fields given: what a method does to it, the other one is
-- spared.
local twins = setmetatable({}, {__mode = 'k'})

local function twin_of(module, given)
  local twin = twins[module] or {}
  twins[module] = twin
  for key in pairs(twin) do twin[key] = nil end
  for key, value in pairs(module) do twin[key] = value end
  for key, value in pairs(given) do twin[key] = value end
  return setmetatable(twin, getmetatable(module))
end

-- diagHessianInput, as updateGradInput of a twin gives it.
local function back(module, input, h, given)
  given.gradInput = module.diagHessianInput or input.new()
  given.output = input.new()
  module.diagHessianInput = twin_of(module, given):updateGradInput(input, h)
  return module.diagHessianInput
end

-- -- Modules that are linear in input and weight -----------------------------------------------------------------

local linear = {}

function linear:initDiagHessianParameters()
  self.diagHessianInput = self.diagHessianInput or self.gradInput.new()
  for grad, name in pairs(fields) do
    if self[grad] and not self[name] then self[name] = self[grad].new():resizeAs(self[grad]):zero() end
  end
end

function linear:updateDiagHessianInput(input, h)
  return back(self, input, h, {weight = torch.cmul(self.weight, self.weight)})
end

function linear:accDiagHessianParameters(input, h)
  self:initDiagHessianParameters()
  local twin = twin_of(self, {gradWeight = self.diagHessianWeight, gradBias = self.diagHessianBias,
                              output = input.new()})
  twin:accGradParameters(torch.cmul(input, input), h, 1)
end

-- -- Functions of each element ----------------------------------------------------------------------------------

local pointwise = {}

function pointwise:updateDiagHessianInput(input, h)
  local slope = back(self, input, h.new():resizeAs(h):fill(1), {})
  self.diagHessianInput = torch.cmul(slope, slope):cmul(h)
  return self.diagHessianInput
end

-- -- Sizes ------------------------------------------------------------------------------------------------------

local sizes = {}

function sizes:updateDiagHessianInput(input, h)
  self.diagHessianInput = h:contiguous():viewAs(input)
  return self.diagHessianInput
end

-- -- Sequential -------------------------------------------------------------------------------------------------

local chain = {}

function chain:initDiagHessianParameters()
  for _, module in ipairs(self.modules) do module:initDiagHessianParameters() end
end

local function input_of(self, i, input) return i > 1 and self.modules[i - 1].output or input end

function chain:updateDiagHessianInput(input, h)
  for i = #self.modules, 1, -1 do h = self.modules[i]:updateDiagHessianInput(input_of(self, i, input), h) end
  self.diagHessianInput = h
  return h
end

function chain:accDiagHessianParameters(input, h)
  for i = #self.modules, 1, -1 do
    self.modules[i]:accDiagHessianParameters(input_of(self, i, input), h)
    h = self.modules[i].diagHessianInput
  end
end

function chain:parameters()
  local lists = {{}, {}, {}}
  for _, module in ipairs(self.modules) do
    local found = {module:parameters()}
    for k, list in ipairs(lists) do
      for _, t in ipairs(found[k] or {}) do list[#list + 1] = t end
    end
  end
  return unpack(lists)
end

-- -- All modules ------------------------------------------------------------------------------------------------

local any = {}

function any:updateDiagHessianInput()
  errors.fail('%s: it has no updateDiagHessianInput', torch.type(self))
end

function any.accDiagHessianParameters() end
function any.initDiagHessianParameters() end

function any:parameters()
  if not self.weight and not self.bias then return end
  local lists = {{}, {}, {}}
  for _, name in ipairs {'Weight', 'Bias'} do
    if self[name:lower()] then
      for k, field in ipairs {name:lower(), 'grad' .. name, 'diagHessian' .. name} do
        lists[k][#lists[k] + 1] = self[field]
      end
    end
  end
  return unpack(lists)
end

local get_parameters = torch.getmetatable('nn.Module').getParameters

function any:getParameters()
  local parameters, grads = get_parameters(self)
  local diagonal = select(3, self:parameters())
  return parameters, grads, diagonal and #diagonal > 0 and utils.flatten(diagonal) or nil
end

-- -- Switching on -----------------------------------------------------------------------------------------------

local kinds = {
  {any, 'Module'}, {chain, 'Sequential'}, {sizes, 'Reshape'}, {pointwise, 'Tanh', 'TanhShrink', 'Square', 'Sqrt'},
  {linear, 'Linear', 'SpatialConvolution', 'SpatialConvolutionLocal', 'SpatialFullConvolution',
   'SpatialConvolutionMap', 'SpatialFullConvolutionMap'},
}

--- Gives modules the methods above; a second call does nothing more.
function hessian.enable()
  for _, kind in ipairs(kinds) do
    for i = 2, #kind do
      local class = torch.getmetatable('nn.' .. kind[i])
      for name, method in pairs(class and kind[1] or {}) do class[name] = method end
    end
  end
end

return hessian

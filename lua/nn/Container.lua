--- nn.Container: a module made of modules.
local torch = require 'torch'
local errors = require 'torch.errors'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local Container, parent = torch.class('nn.Container', 'nn.Module')

function Container:__init()
  parent.__init(self)
  self.modules = {}
end

--- Adds a module; gives the container, so that calls chain.
function Container:add(module)
  if not torch.isTypeOf(module, 'nn.Module') then
    errors.fail('%s:add: expected a module, got %s', torch.type(self), torch.type(module))
  end
  self.modules[#self.modules + 1] = module
  return self
end

--- The module at a place; negative places count from the end.
function Container:get(index)
  return self.modules[index < 0 and #self.modules + index + 1 or index]
end

function Container:size() return #self.modules end

--- Calls module:name(…) for each module.
function Container:applyToModules(f)
  for _, module in ipairs(self.modules) do f(module) end
end

-- As in Torch7, for containers written by hand: runs one step of a child. Errors name the child anyway (nn/where.lua).
function Container:rethrowErrors(module, _, name, ...)
  return module[name](module, ...)
end

function Container:parameters()
  local parameters, grads = {}, {}
  for _, module in ipairs(self.modules) do
    local p, g = module:parameters()
    for i = 1, #(p or {}) do
      parameters[#parameters + 1], grads[#grads + 1] = p[i], g[i]
    end
  end
  return parameters, grads
end

function Container:zeroGradParameters()
  for _, module in ipairs(self.modules) do module:zeroGradParameters() end
end

function Container:updateParameters(learningRate)
  for _, module in ipairs(self.modules) do module:updateParameters(learningRate) end
end

function Container:training()
  for _, module in ipairs(self.modules) do module:training() end
  parent.training(self)
end

function Container:evaluate()
  for _, module in ipairs(self.modules) do module:evaluate() end
  parent.evaluate(self)
end

function Container:reset(stdv)
  for _, module in ipairs(self.modules) do module:reset(stdv) end
end

function Container:share(other, ...)
  for i, module in ipairs(self.modules) do module:share(other.modules[i], ...) end
  return self
end

-- Outputs that are tables of the children's tensors are let go of as a whole.
function Container:clearState()
  leaf.forget(self)
  for _, field in ipairs {'output', 'gradInput'} do
    if type(self[field]) == 'table' then self[field] = {} end
  end
  utils.clear(self, 'output', 'gradInput')
  for _, module in ipairs(self.modules) do module:clearState() end
  return self
end

--- dropGradInputs([on]): from now on backward lets go of the gradients by the inputs of inner modules as soon as they
-- have been read; net.gradInput stays. That spares about as much memory as the outputs take. Only backward does so:
-- updateGradInput and accGradParameters, called apart, need them. on: true unless given.
--   net:dropGradInputs():backward(x, gradOutput)
function Container:dropGradInputs(on)
  self:apply(function(module)
    if module.modules then module.dropsGradInputs = on ~= false or nil end
  end)
  return self
end

-- -- Printing ---------------------------------------------------------------------------------------------------

local function indent(text, by) return (tostring(text):gsub('\n', '\n' .. by)) end

--- The lines of a container that runs its modules one after another.
function Container:describe_chain()
  local lines = {torch.type(self) .. ' {', '  [input'}
  for i = 1, #self.modules do lines[2] = lines[2] .. (' -> (%d)'):format(i) end
  lines[2] = lines[2] .. ' -> output]'
  for i, module in ipairs(self.modules) do lines[#lines + 1] = ('  (%d): %s'):format(i, indent(module, '  ')) end
  lines[#lines + 1] = '}'
  return table.concat(lines, '\n')
end

--- The lines of a container that runs its modules beside each other.
function Container:describe_branches()
  local lines = {torch.type(self) .. ' {', '  input'}
  for i, module in ipairs(self.modules) do
    local last = i == #self.modules
    lines[#lines + 1] = ('    %s`-> (%d): %s'):format(last and ' ' or '|', i,
                                                      indent(module, last and '         ' or '    |    '))
  end
  lines[#lines + 1] = '     ... -> output'
  lines[#lines + 1] = '}'
  return table.concat(lines, '\n')
end

return Container

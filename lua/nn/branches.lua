--- nn.branches: what containers share that run modules beside each other.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local utils = require 'nn.utils'

local is_tensor = handle.is_tensor

local branches = {}

-- The handles given by slices, by module.
local slices = setmetatable({}, {__mode = 'k'})

--- Views of t, one behind another along a dimension (from 1), each as long as the part there: as many as parts.
-- A module gets the same handles every time, so that no dropped one keeps memory until the collector comes.
function branches.slices(module, t, dim, parts)
  local list, start = slices[module] or {}, 0
  slices[module] = list
  for i, part in ipairs(parts) do
    local length = part:size(dim)
    list[i] = utils.fit(list[i], t)
    memory.call(C.mt_narrow, list[i], t, dim - 1, start, length)
    start = start + length
  end
  return list
end

-- The i-th entry of each table of a list.
local function column(list, i)
  local out = {}
  for k, x in ipairs(list) do out[k] = x[i] end
  return out
end

--- The sum of a list of tensors, or of tables of them, in to where that fits. The terms are left as they are.
function branches.sum(to, list)
  local first = list[1]
  if not is_tensor(first) then
    local out = type(to) == 'table' and to or {}
    for i = 1, math.max(#first, #out) do out[i] = first[i] and branches.sum(out[i], column(list, i)) end
    return out
  end
  to = utils.fit(to, first)
  if #list == 1 then return to:resizeAs(first):copy(first) end
  to:add(first, list[2])
  for i = 3, #list do to:add(list[i]) end
  return to
end

--- The sum of what step(module, input, gradOutput[i], scale) gives for each module: the gradient by an input that all
-- of them read. One that gives none, as a first layer may, does not count.
function branches.back(self, step, input, gradOutput, scale)
  local list = {}
  for i, module in ipairs(self.modules) do
    list[#list + 1] = step(module, input, gradOutput[i], scale)
  end
  if #list == 0 then return nil end
  return branches.sum(self.gradInput, list)
end

function branches.update_grad_input(module, input, gradOutput) return module:updateGradInput(input, gradOutput) end
function branches.backward(module, input, gradOutput, scale) return module:backward(input, gradOutput, scale) end

--- Drops the handles kept for a module.
function branches.forget(module) slices[module] = nil end

return branches

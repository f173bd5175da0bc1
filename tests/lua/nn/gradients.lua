--- Checks a module against finite differences of a random projection, in double.
local torch = require 'torch'
require 'nn'

local gradients = {}

local step = 1e-5

local function tensors(x, list)
  if torch.isTensor(x) then list[#list + 1] = x else for i = 1, #x do tensors(x[i], list) end end
  return list
end

-- A table (or tensor) of random numbers of x's structure.
local function random_like(x)
  if torch.isTensor(x) then return torch.randn(x:size()) end
  local out = {}
  for i = 1, #x do out[i] = random_like(x[i]) end
  return out
end

local function project(output, v)
  local a, b, sum = tensors(output, {}), tensors(v, {}), 0
  for i = 1, #a do sum = sum + torch.dot(a[i]:contiguous(), b[i]:contiguous()) end
  return sum
end

-- The greatest gap between what the module claims for t and central differences of f.
local function gap(t, claimed, f)
  local worst, flat, got = 0, t:view(t:nElement()), claimed:contiguous():view(claimed:nElement())
  for i = 1, flat:size(1) do
    local keep = flat[i]
    flat[i] = keep + step
    local above = f()
    flat[i] = keep - step
    local below = f()
    flat[i] = keep
    worst = math.max(worst, math.abs((above - below) / (2 * step) - got[i]))
  end
  return worst
end

--- The greatest gap between what is claimed as f's gradient by x and differences of fourth order, of a step of 1e-4.
function gradients.worst_gap(x, claimed_gradient, f)
  local flat, claimed, worst, e = x:view(x:nElement()), claimed_gradient:contiguous():view(-1), 0, 1e-4
  for i = 1, flat:size(1) do
    local keep = flat[i]
    local function at(d)
      flat[i] = keep + d
      return f()
    end
    local slope = (8 * (at(e) - at(-e)) - (at(2 * e) - at(-2 * e))) / (12 * e)
    flat[i] = keep
    worst = math.max(worst, math.abs(slope - claimed[i]))
  end
  return worst
end

--- The greatest error of the gradients by the input and by the parameters. The module must give the same output for
-- the same input; forward(module, input) may be given to see to that.
function gradients.of_module(module, input, forward)
  forward = forward or module.forward
  local v = random_like(forward(module, input))
  local function f() return project(forward(module, input), v) end
  f()
  module:zeroGradParameters()
  local gradInput = module:backward(input, v)
  local worst = 0
  local claimed, parameters, grads = {}, module:parameters()
  for i, g in ipairs(tensors(gradInput, {})) do claimed[i] = g:clone() end
  local held = {}
  for i, g in ipairs(grads or {}) do held[i] = g:clone() end
  for i, x in ipairs(tensors(input, {})) do
    if x:type() == 'torch.DoubleTensor' then worst = math.max(worst, gap(x, claimed[i], f)) end   -- places have none
  end
  for i, p in ipairs(parameters or {}) do worst = math.max(worst, gap(p, held[i], f)) end
  return worst
end

--- The greatest error of a criterion's gradient by its input.
function gradients.of_criterion(criterion, input, target)
  criterion:forward(input, target)
  local claimed = criterion:backward(input, target):clone()
  return gap(input, claimed, function() return criterion:forward(input, target) end)
end

return gradients

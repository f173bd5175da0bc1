--- autograd.gradcheck(options): a function that compares gradients with finite differences, in double. options:
-- randomizeInput (true): the parameters are first filled with numbers between −1 and 1.
--   local gradcheck = require 'autograd.gradcheck' {randomizeInput = true}
--   assert(gradcheck(function(p) return torch.sum(torch.tanh(p.w)) end, {w = torch.randn(3)}))
-- gradcheck(f, params, …): whether autograd(f)(params, …) agrees with f's differences for every tensor and number in
-- params, along random directions and at an element drawn at random; and the greatest error there was, relative to
-- the gradient's size.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local scripts = require 'autograd.scripts'
local util = require 'autograd.util'

local is_tensor = handle.is_tensor

local step, tolerance, directions = 1e-5, 1e-5, 2

-- f's slope when the parameter under these keys moves along a direction, by differences on both sides.
local function slope(f, args, n, keys, direction)
  local p = util.nestedGet(args[1], keys)
  local kept = is_tensor(p) and p:clone() or p
  local function at(distance)
    if is_tensor(p) then
      p:copy(kept):add(distance, direction)
    else
      util.nestedSet(args[1], keys, kept + distance * direction)
    end
    return (f(unpack(args, 1, n)))
  end
  local high, low = at(step), at(-step)
  if is_tensor(p) then p:copy(kept) else util.nestedSet(args[1], keys, kept) end
  return (high - low) / (2 * step)
end

local function draw(p)
  if is_tensor(p) then return p.new(p:size()):normal() end
  return 1
end

local function one_element(p)
  local direction = p.new(p:size()):zero()
  local at = torch.random(1, p:nElement())
  direction:view(-1)[at] = 1
  return direction
end

-- The error for one parameter.
local function compare(f, df, args, n, keys)
  local p = util.nestedGet(args[1], keys)
  local grad = util.nestedGet((df(unpack(args, 1, n))), keys)
  local worst = 0
  for i = 1, is_tensor(p) and directions + 1 or 1 do
    local direction = i <= directions and draw(p) or one_element(p)
    local wanted = slope(f, args, n, keys, direction)
    local got = is_tensor(p) and torch.dot(grad:contiguous():view(-1), direction:view(-1)) or grad
    local found = math.abs(got - wanted) / math.max(1, math.abs(wanted), math.abs(got))
    if found ~= found then return math.huge end
    worst = math.max(worst, found)
  end
  return worst
end

local function randomize(params, list, keys)
  for i, p in ipairs(list) do
    if is_tensor(p) then p:uniform(-1, 1) else util.nestedSet(params, keys[i], 2 * torch.uniform() - 1) end
  end
end

return function(options)
  local randomize_input = util.defaultBool(options and options.randomizeInput, true)
  return function(f, ...)
    local args, n = {...}, select('#', ...)
    if type(args[1]) == 'table' then
      local list, keys = util.sortedFlattenKeys(args[1])
      if randomize_input then randomize(args[1], list, keys) end
      local df, worst = scripts.call(f), 0
      for _, path in ipairs(keys) do worst = math.max(worst, compare(f, df, args, n, path)) end
      return worst < tolerance, worst
    end
    return errors.fail('gradcheck: expected a table of parameters, got a %s', torch.type(args[1]))
  end
end

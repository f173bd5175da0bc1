--- rnn.recursive…: the same thing done to every tensor of nested tables.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local utils = require 'nn.utils'

local is_tensor = handle.is_tensor

local nested = {
  recursiveResizeAs = utils.recursiveResizeAs, recursiveCopy = utils.recursiveCopy, recursiveAdd = utils.recursiveAdd,
  recursiveFill = utils.recursiveFill, recursiveType = utils.recursiveType,
}

local function refuse(name, x) errors.fail('%s: expected tensors, or tables of them, got %s', name, torch.type(x)) end

--- Makes the tensors of to views of those of from; gives both.
function nested.recursiveSet(to, from)
  if is_tensor(from) then return utils.fit(to, from):set(from), from end
  if type(from) ~= 'table' then refuse('recursiveSet', from) end
  to = type(to) == 'table' and to or {}
  for k, v in pairs(from) do to[k] = nested.recursiveSet(to[k], v) end
  return to, from
end

--- Whether tensors differ by less than 1e-5 everywhere.
function nested.recursiveTensorEq(a, b)
  if is_tensor(a) and is_tensor(b) then return a:isSameSizeAs(b) and (a - b):abs():max() < 1e-5 end
  if type(b) ~= 'table' then refuse('recursiveTensorEq', b) end
  if type(a) ~= 'table' then return false end
  for k, v in pairs(b) do
    if a[k] == nil or not nested.recursiveTensorEq(a[k], v) then return false end
  end
  return true
end

--- Fills the tensors with normal numbers.
function nested.recursiveNormal(x)
  if is_tensor(x) then return x:normal() end
  if type(x) ~= 'table' then refuse('recursiveNormal', x) end
  for _, v in pairs(x) do nested.recursiveNormal(v) end
  return x
end

--- The sum of all elements.
function nested.recursiveSum(x)
  if is_tensor(x) then return x:sum() end
  if type(x) ~= 'table' then refuse('recursiveSum', x) end
  local sum = 0
  for _, v in pairs(x) do sum = sum + nested.recursiveSum(v) end
  return sum
end

--- The same structure with tensors without elements.
function nested.recursiveNew(x)
  if is_tensor(x) then return x.new() end
  if type(x) ~= 'table' then refuse('recursiveNew', x) end
  local out = {}
  for k, v in pairs(x) do out[k] = nested.recursiveNew(v) end
  return out
end

return nested

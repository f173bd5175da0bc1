--- rnn.sequences: a sequence is a table with an entry for each step, or a tensor with a slice for each.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local nested = require 'rnn.nested'
local utils = require 'nn.utils'

local F, state, is_tensor = op.F, op.state, handle.is_tensor

local sequences = {}

--- How many steps a sequence has. name: who asks.
function sequences.length(name, x)
  if is_tensor(x) then return x:size(1) end
  if type(x) ~= 'table' then
    errors.fail('%s: expected a table or a tensor of steps, got %s', name, torch.type(x))
  end
  return #x
end

--- Refuses a second sequence (what: its name) that is not like the first; gives the length of both.
function sequences.check_alike(name, input, other, what)
  local n = sequences.length(name, input)
  if is_tensor(input) ~= is_tensor(other) or sequences.length(name, other) ~= n then
    errors.fail('%s: expected %s as a %s of %d steps', name, what, is_tensor(input) and 'tensor' or 'table', n)
  end
  return n
end

--- A table of steps as one tensor, in to where it fits.
function sequences.stack(to, steps)
  if #steps == 0 then return utils.fit(to, torch.Tensor()) end
  if state.tape then
    local parts = {}
    for i, t in ipairs(steps) do parts[i] = F.unsqueeze(t, 0) end
    return F.cat(parts, 0)
  end
  local out = utils.fit(to, steps[1]):resize(#steps, unpack(steps[1]:size():totable()))
  for i, t in ipairs(steps) do out[i]:copy(t) end
  return out
end

--- What f(step) gives for each step, as input is: a table, or a tensor, in to where it fits.
function sequences.collect(to, input, f)
  local steps = {}
  for i = 1, is_tensor(input) and input:size(1) or #input do steps[i] = f(i) end
  return is_tensor(input) and sequences.stack(to, steps) or steps
end

--- The same for an f that gives the same memory each time: what it gives is copied, in to and its tensors.
function sequences.collect_copies(to, input, f)
  if state.tape then return sequences.collect(to, input, f) end
  local n = is_tensor(input) and input:size(1) or #input
  if is_tensor(input) then
    for i = 1, n do
      local x = f(i)
      if i == 1 then to = utils.fit(to, x):resize(n, unpack(x:size():totable())) end
      to[i]:copy(x)
    end
    return to
  end
  local steps = type(to) == 'table' and to or {}
  for i = 1, n do steps[i] = nested.recursiveCopy(steps[i], f(i)) end
  for i = n + 1, #steps do steps[i] = nil end
  return steps
end

--- As collect, from the last step to the first.
function sequences.collect_back(to, input, f)
  local steps = {}
  for i = is_tensor(input) and input:size(1) or #input, 1, -1 do steps[i] = f(i) end
  return is_tensor(input) and sequences.stack(to, steps) or steps
end

return sequences

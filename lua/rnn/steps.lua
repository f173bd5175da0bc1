--- rnn.steps: what ops over whole sequences share. Dimensions are counted from 0 here, as in torch.op.
local op = require 'torch.op'
local scratch = require 'nn.scratch'
local F = op.F

local steps = {}

--- T×N×… as one matrix of T·N rows.
function steps.flatten(x) return F.contiguous(x):view(x:size(1) * x:size(2), -1) end

function steps.view(x, ...) return x:view(...) end

--- length entries of a dimension from start on.
function steps.part(x, dim, start, length) return F.narrow(x, dim, start, length) end

--- A vector as T×N×R and, behind it, T×N×H.
function steps.halves(out, T, N, R, H)
  local first, second = T * N * R, T * N * H
  return F.narrow(out, 0, 0, first):view(T, N, R), F.narrow(out, 0, first, second):view(T, N, H)
end

--- What each step had before it: first, then all but the last of all.
function steps.before(all, first)
  local T = all:size(1)
  if T == 1 then return F.unsqueeze(first, 0) end
  return F.cat({F.unsqueeze(first, 0), F.narrow(all, 0, 0, T - 1)}, 0)
end

--- A new vector of count numbers that f(vector, x, …) has filled; what f makes on the way is let go of.
function steps.run(f, count, x, ...)
  local out = x.new(count)
  scratch(f, out, x, ...)
  return out
end

--- T×N×1: 0 for samples of x, T×N×D, that are 0 in all elements at a step, else 1.
function steps.masks(x)
  local T, N = x:size(1), x:size(2)
  return op.unrecorded(function() return F.detach(x):norm(2, 3):ne(0):typeAs(x):view(T, N, 1) end)
end

return steps

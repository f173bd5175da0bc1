--- Distances between rows, and norms held below a bound.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local F, own, record = op.F, op.own, op.record
local call, like, layout, is_tensor = memory.call, handle.like, handle.layout, handle.is_tensor

-- x as a matrix of its slices along the first dimension
local function rows(x)
  local n = tonumber(layout(x).size[0])
  return F.contiguous(x):view(n, x:nElement() / n)
end

-- The gradient by one side of 2·gain·(a Σ g − g b): row i of a moves away from the rows of b, with the weights g[i].
local function apart(g, a, b, gain)
  local x, y = rows(a), rows(b)
  local weight = F.expand(F.sum(g, 2), x)
  return F.reshape_like(F.mul(F.sub(F.mul(weight, x), F.matmul(g, y)), 2 * gain), a)
end

local match = {'match', inputs = 2, uses = {'ab', 'ab'},
  doc = 'match(x, y, gain): a matrix of gain times the squared distance of each row of x from each row of y; a row ' ..
        'is a slice along the first dimension',
  sample = function(make) return {{make(3, 4), make(2, 4), 1}, {make(2, 2, 3), make(4, 6), 3}} end,
  vjp = {function(g, _, a, b, gain) return apart(g, a, b, gain) end,
         function(g, _, a, b, gain) return apart(F.transpose(g, 0, 1), b, a, gain) end}}
own(match, function(a, b, gain)
  if not is_tensor(a) then op.expected_tensor('match', a) end
  if not is_tensor(b) then op.expected_tensor('match', b) end
  local out = like(a)
  call(C.mt_match, out, a, b, gain)
  return record(match, out, a, b, nil, gain)
end)

--- x with each slice along a dimension (from 0) scaled down to the norm most where its p-norm is above that. It is
-- composed of ops, so it needs no rule.
function F.renorm(x, p, dim, most)
  local others = 2 ^ layout(x).dim - 1 - 2 ^ dim
  local norm = F.norm(x, others, p)
  return F.mul(x, F.where(F.gt(norm, most), F.div(most, F.add(norm, 1e-7)), 1))
end

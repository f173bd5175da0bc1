--- nn.tables: connections of planes for nn.SpatialConvolutionMap, a row {from, to} for each.
local torch = require 'torch'
local errors = require 'torch.errors'

local tables = {}

local function table_of(count, from_to)
  local out = torch.Tensor(count, 2)
  for i = 1, count do out[i][1], out[i][2] = from_to(i) end
  return out
end

--- nn.tables.full(nIn, nOut): each plane to each
function tables.full(nin, nout)
  return table_of(nin * nout, function(i) return (i - 1) % nin + 1, math.floor((i - 1) / nin) + 1 end)
end

--- nn.tables.oneToOne(n): the i-th plane to the i-th
function tables.oneToOne(nfeat)
  return table_of(nfeat, function(i) return i, i end)
end

--- nn.tables.random(nIn, nOut, nTo): nTo planes to each output, drawn so that no plane comes again before as many as
-- possible have had their turn
function tables.random(nin, nout, nto)
  if nto > nin then errors.fail('tables.random: %d of %d planes', nto, nin) end
  local turns, order = math.floor(nin / nto), torch.randperm(nin)
  return table_of(nto * nout, function(i)
    local at = (i - 1) % (nto * turns) + 1
    if at == 1 and i > 1 then order = torch.randperm(nin) end
    return order[at], math.floor((i - 1) / nto) + 1
  end)
end

return tables

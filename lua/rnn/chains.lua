--- Shorthand for the nets inside recurrent modules: each function makes a container of the modules given.
local chains = {}

local function filled(container, ...)
  for _, module in ipairs {...} do container:add(module) end
  return container
end

--- One after another.
function chains.chain(...) return filled(nn.Sequential(), ...) end

--- All on the same input.
function chains.fork(...) return filled(nn.ConcatTable(), ...) end

--- Each on its entry of a table.
function chains.each(...) return filled(nn.ParallelTable(), ...) end

--- The product, or the sum, of what modules give for the same input.
function chains.product(...) return chains.chain(chains.fork(...), nn.CMulTable()) end
function chains.sum(...) return chains.chain(chains.fork(...), nn.CAddTable()) end

--- A linear layer from size to out, with a bias unless no_bias; the dropout of module (p, mono), if any, goes before.
function chains.linear(module, size, out, no_bias)
  local layer = no_bias and nn.LinearNoBias(size, out) or nn.Linear(size, out)
  if module.p == 0 then return layer end
  return chains.chain(nn.Dropout(module.p, false, false, true, module.mono), layer)
end

--- count linear layers beside each other: one with count·out outputs or, with dropout, one for each, as each has its
-- own.
function chains.gates(module, size, out, count, no_bias)
  if module.p == 0 then return chains.linear(module, size, count * out, no_bias) end
  local parts, layers = {}, {}
  for i = 1, count do
    parts[i] = nn.Dropout(module.p, false, false, true, module.mono)
    layers[i] = no_bias and nn.LinearNoBias(size, out) or nn.Linear(size, out)
  end
  return chains.chain(chains.fork(unpack(parts)), chains.each(unpack(layers)), nn.JoinTable(1, 1))
end

return chains

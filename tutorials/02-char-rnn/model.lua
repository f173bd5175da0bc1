--- One step of an LSTM that reads a character and tells the next, drawn by hand as a graph of nn's modules.
-- S. Hochreiter, J. Schmidhuber: Long Short-Term Memory, 1997. A. Graves: Generating Sequences With Recurrent Neural
-- Networks, 2013.
local torch = require 'torch'
local nn = require 'nn'
require 'nngraph'

local model = {}

-- c and h after a step of one layer. from_below: its 4 n inputs, n for each gate and for what may be written; c, h:
-- N×n; from_h: the module that makes 4 n inputs of h.
local function layer(from_below, c, h, from_h, n)
  local sums = nn.CAddTable()({from_below, from_h(h)})
  local input, forget, output, write = nn.SplitTable(2)(nn.View(-1, 4, n)(sums)):split(4)
  local kept = nn.CMulTable()({nn.Sigmoid()(forget), c})
  local written = nn.CMulTable()({nn.Sigmoid()(input), nn.Tanh()(write)})
  local next_c = nn.CAddTable()({kept, written})
  return next_c, nn.CMulTable()({nn.Sigmoid()(output), nn.Tanh()(next_c)})
end

--- The net for one step: {characters (N places), c1, h1, c2, h2, …} to {c1, h1, c2, h2, …, logarithms of the next
-- character's probabilities (N×characters)}.
function model.step(characters, n, layers, dropout)
  local text = nn.Identity()()
  local inputs, outputs, recurrent = {text}, {}, {}
  local below
  for i = 1, layers do
    local c, h = nn.Identity()(), nn.Identity()()
    inputs[2 * i], inputs[2 * i + 1], recurrent[i] = c, h, nn.Linear(n, 4 * n)
    -- a character is a place in a table: the product of a matrix with a vector of zeros and a one
    local sums = i == 1 and nn.LookupTable(characters, 4 * n)(text) or nn.Linear(n, 4 * n)(below)
    outputs[2 * i - 1], outputs[2 * i] = layer(sums, c, h, recurrent[i], n)
    below = outputs[2 * i]
    if dropout > 0 then below = nn.Dropout(dropout)(below) end
  end
  outputs[#outputs + 1] = nn.LogSoftMax()(nn.Linear(n, characters)(below))
  local net = nn.gModule(inputs, outputs)
  for _, p in ipairs((net:parameters())) do p:uniform(-0.08, 0.08) end
  for _, from_h in ipairs(recurrent) do from_h.bias:narrow(1, n + 1, n):fill(1) end -- at first nothing is forgotten
  return net
end

--- States of zeros for N texts: {c1, h1, c2, h2, …}.
function model.start(n, layers, count)
  local state = {}
  for i = 1, 2 * layers do state[i] = torch.zeros(count, n) end
  return state
end

--- Copies of a module for each of so many steps, all with its parameters and gradients. It is written once, into
-- memory, and read again and again. Call it after getParameters, which moves them.
function model.unroll(module, steps)
  local file, copies = torch.MemoryFile('w'):binary(), {}
  file:writeObject(module)
  local own, own_grads = {}, {}
  if module.parameters then own, own_grads = module:parameters() end -- criteria have none
  for t = 1, steps do
    local reader = torch.MemoryFile(file:storage(), 'r'):binary()
    copies[t] = reader:readObject()
    reader:close()
    local parameters, grads
    if module.parameters then parameters, grads = copies[t]:parameters() end
    for i in ipairs(own) do
      parameters[i]:set(own[i])
      grads[i]:set(own_grads[i])
    end
  end
  file:close()
  return copies
end

return model

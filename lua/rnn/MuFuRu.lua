--- nn.MuFuRu(inputSize, outputSize[, operations[, rho]]): a multi-function recurrent unit: each element of the output
-- is a weighted mean of what several operations make of the old output s and a new one v. Input N×inputSize.
-- operations: names out of keep (s), replace (v), mul (s·v), diff (s − v), forget (0), sqrt_diff (√|s − v| / 4),
-- max, min; all of them unless given.
-- Source: Weissenborn and Rocktäschel, "MuFuRU: The Multi-Function Recurrent Unit", 2016 (arXiv:1606.03002).
local torch = require 'torch'
local errors = require 'torch.errors'
local chains = require 'rnn.chains'

local chain, fork, each = chains.chain, chains.fork, chains.each

local MuFuRu, parent = torch.class('nn.MuFuRu', 'nn.GRU')

-- Each makes the module of an operation on {s, v}.
local operations = {
  keep = function() return nn.SelectTable(1) end,
  replace = function() return nn.SelectTable(2) end,
  mul = function() return nn.CMulTable() end,
  diff = function() return nn.CSubTable() end,
  forget = function() return chain(nn.SelectTable(1), nn.MulConstant(0)) end,
  sqrt_diff = function() return chain(nn.CSubTable(), nn.Abs(), nn.Sqrt(), nn.MulConstant(0.25)) end,
  max = function() return nn.CMaxTable() end,
  min = function() return nn.CMinTable() end,
}
local all = {'keep', 'replace', 'mul', 'diff', 'forget', 'sqrt_diff', 'max', 'min'}

function MuFuRu:__init(inputSize, outputSize, ops, rho)
  self.ops = ops or all
  self.num_ops, self.operations = #self.ops, {}
  for i, name in ipairs(self.ops) do
    local make = operations[name] or errors.fail('MuFuRu: there is no operation %s', tostring(name))
    self.operations[i] = make()
  end
  parent.__init(self, inputSize, outputSize, rho)
end

--- {x, s} → s'
function MuFuRu:buildModel()
  local D, H, n = self.inputSize, self.outputSize, self.num_ops
  local reset = chain(each(nn.Linear(D, H), nn.Linear(H, H)), nn.CAddTable(), nn.Sigmoid())
  -- of {x, s, reset}
  local read = chain(nn.NarrowTable(2, 2), nn.CMulTable())
  local new = chain(fork(nn.SelectTable(1), read), nn.JoinTable(2), nn.Linear(D + H, H), nn.Sigmoid())
  local weights = chain(nn.NarrowTable(1, 2), nn.JoinTable(2), nn.Linear(D + H, n * H),
                        nn.View(n, H):setNumInputDims(1), nn.Transpose {1, 2}, nn.SoftMax())   -- n×N×H
  -- of {s, v, weights}
  local made = chain(nn.NarrowTable(1, 2), fork(unpack(self.operations)), nn.MapTable(nn.Unsqueeze(1)),
                     nn.JoinTable(1, 3))
  local mixed = chain(fork(made, nn.SelectTable(3)), nn.CMulTable(), nn.Sum(1, 3))
  return chain(fork(nn.SelectTable(1), nn.SelectTable(2), reset), fork(nn.SelectTable(2), new, weights), mixed)
end

function MuFuRu.migrate() errors.fail('MuFuRu has no form with dropout to migrate to') end

function MuFuRu:__tostring__()
  return ('%s(%d -> %d) { %s }'):format(torch.type(self), self.inputSize, self.outputSize,
                                        table.concat(self.ops, ' '))
end

return MuFuRu

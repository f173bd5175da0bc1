--- nn.PartialLinear(inputSize, outputSize[, bias]): nn.Linear of which only some outputs are computed: those that
-- setPartition names. The others keep their weights, and resetPartition brings them back. Input: N×inputSize. The
-- weight, outputSize×inputSize, is in self.network:get(1):get(2), an nn.LookupTable, whose gradients touch only the
-- rows in use.
--   local layer = nn.PartialLinear(4, 1000)
--   layer:setPartition(torch.LongTensor{3, 17})
--   layer:forward(torch.randn(5, 4))   -- 5x2
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local memory = require 'torch.memory'
local op = require 'torch.op'
local leaf = require 'nn.leaf'
local places_in = require 'nn.places'
local scratch = require 'nn.scratch'

local F, state = op.F, op.state

local PartialLinear, parent = torch.class('nn.PartialLinear', 'nn.Module')

function PartialLinear:__init(inputsize, outputsize, bias)
  parent.__init(self)
  local rows = nn.ParallelTable():add(nn.Identity()):add(nn.LookupTable(outputsize, inputsize))
  self.network = nn.Sequential():add(rows):add(nn.MM(false, true))
  if bias ~= false then self.bias, self.gradBias = torch.zeros(1, outputsize), torch.zeros(1, outputsize) end
  self.inputsize, self.outputsize = inputsize, outputsize
  self.allcolumns = torch.range(1, outputsize)
  self:resetPartition()
end

--- Names the outputs to be computed, as a tensor of places from 1.
function PartialLinear:setPartition(indices)
  if not torch.isTensor(indices) then
    errors.fail('PartialLinear: expected a tensor of places, got %s', torch.type(indices))
  end
  self.partition = indices:type(self.allcolumns:type())
end

--- All outputs are computed again.
function PartialLinear:resetPartition() self.partition = self.allcolumns end

local function table_of(self) return self.network:get(1):get(2) end

--- All parameters, whatever the partition.
function PartialLinear:parameters()
  local rows = table_of(self)
  return {rows.weight, self.bias}, {rows.gradWeight, self.gradBias}
end

local function add_bias(self, out)
  return self.bias and F.add(out, F.index_select(self.bias, 1, places_in(self.partition, self.bias))) or out
end

function PartialLinear:compute(input)
  return add_bias(self, self.network:forward {input, self.partition})
end

local function set_output(self, product, out) out:set(add_bias(self, product)) end

-- The network goes forward and back as it does by itself; only the bias is added here.
function PartialLinear:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  local product = self.network:forward {input, self.partition}
  scratch(set_output, self, product, leaf.own_output(self, product))
  return self.output
end

function PartialLinear:updateGradInput(input, gradOutput)
  if self.gradInput == nil then return nil end
  self.gradInput = self.network:updateGradInput({input, self.partition}, gradOutput)[1]
  return self.gradInput
end

local function add_to_bias(self, gradOutput, scale)
  local g = F.mul(F.sum(gradOutput, 1), scale)
  memory.call(C.mt_index_add, self.gradBias, 1, places_in(self.partition, self.bias), g)
end

function PartialLinear:accGradParameters(input, gradOutput, scale)
  self.network:accGradParameters({input, self.partition}, gradOutput, scale)
  if self.bias then scratch(add_to_bias, self, gradOutput, scale or 1) end
end

function PartialLinear:accUpdateGradParameters(input, gradOutput, lr)
  self.network:accUpdateGradParameters({input, self.partition}, gradOutput, lr)
  local kept = self.gradBias
  self.gradBias = self.bias
  if self.bias then scratch(add_to_bias, self, gradOutput, -lr) end
  self.gradBias = kept
end

-- Nothing needs to be added up first.
PartialLinear.sharedAccUpdateGradParameters = PartialLinear.accUpdateGradParameters

function PartialLinear:__tostring__()
  return ('%s(%d -> %d)%s'):format(torch.type(self), self.inputsize, self.outputsize,
                                   self.bias and '' or ' without bias')
end

return PartialLinear

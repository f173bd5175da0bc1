--- nn.DepthConcat(dim): as nn.Concat, but outputs may differ in their other dimensions, too: smaller ones lie in the
-- middle of zeros.
-- Source: Szegedy et al., "Going Deeper with Convolutions", 2014 (arXiv:1409.4842), for its inception modules.
local torch = require 'torch'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local DepthConcat = torch.class('nn.DepthConcat', 'nn.Concat')

-- The sizes of the whole, as a table: the sum along the dimension, the greatest of all along the others.
local function whole_size(self, outputs)
  local size = sizes.table(outputs[1])
  for i = 2, #outputs do
    for d = 1, #size do
      local part = outputs[i]:size(d)
      size[d] = d == self.dimension and size[d] + part or math.max(size[d], part)
    end
  end
  return size
end

-- Where (from 0) a part begins in the middle of a dimension.
local function begin(size, part) return math.floor((size - part) / 2) end

-- The places of the outputs in a tensor of the whole's sizes, as handles that the module keeps under a name.
local function windows(self, name, whole, outputs)
  local list, start = leaf.list(self, name), 0
  for i, part in ipairs(outputs) do
    local window = utils.fit(list[i], whole):set(whole)
    for d = 1, whole:dim() do
      local length = part:size(d)
      local from = d == self.dimension and start or begin(whole:size(d), length)
      memory.call(C.mt_narrow, window, window, d - 1, from, length)
    end
    list[i], start = window, start + part:size(self.dimension)
  end
  return list
end

-- The same whole by ops that a tape knows.
local function join_recorded(self, outputs, size)
  local parts = {}
  for i, part in ipairs(outputs) do
    for d = 1, #size do
      if d ~= self.dimension and part:size(d) < size[d] then
        local wider = sizes.table(part)
        wider[d] = size[d]
        part = F.pad_like(part, handle.like(part):resize(wider), d - 1, begin(size[d], part:size(d)))
      end
    end
    parts[i] = part
  end
  return F.cat(parts, self.dimension - 1)
end

function DepthConcat:updateOutput(input)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module:forward(input) end
  local size = whole_size(self, outputs)
  if state.tape then return leaf.give(self, join_recorded(self, outputs, size)) end
  local out = leaf.own_output(self, outputs[1]):resize(unpack(size)):zero()
  for i, window in ipairs(windows(self, 'windows', out, outputs)) do window:copy(outputs[i]) end
  return out
end

function DepthConcat:parts_of(gradOutput)
  local outputs = {}
  for i, module in ipairs(self.modules) do outputs[i] = module.output end
  return windows(self, 'parts', gradOutput, outputs)
end

return DepthConcat

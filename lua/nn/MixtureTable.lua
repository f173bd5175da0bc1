--- nn.MixtureTable([dim]): a mixture of experts. Of {gates, experts}, the sum of the experts, each multiplied by its
-- gate. The gates are a vector with a gate for each expert, or N×n for a batch; the experts are a table of n tensors,
-- or one tensor with n slices along dim (1, or 2 for a batch, unless given).
-- Source: Jacobs et al., "Adaptive Mixtures of Local Experts", 1991.
--   nn.MixtureTable():forward{torch.Tensor{0.25, 0.75}, {torch.Tensor{4, 8}, torch.Tensor{0, 4}}}   -- 1, 5
local bit = require 'bit'
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local utils = require 'nn.utils'

local MixtureTable, parent = torch.class('nn.MixtureTable', 'nn.Module')

function MixtureTable:__init(dim)
  parent.__init(self)
  self.dim, self.gradInput = dim, {}
end

-- Gates spread over dims dimensions: the batch's first where there is one, count gates along another.
local function spread(gates, dims, is_batch, dim, count)
  for i = 0, dims - 1 do sizes.buffer[i] = 1 end
  if is_batch then sizes.buffer[0] = gates:size(1) end
  if count then sizes.buffer[dim - 1] = count end
  return F.view(F.contiguous(gates), nil, dims)
end

local function mix_table(gates, experts, is_batch)
  local dim, out = is_batch and 1 or 0, nil
  for i, expert in ipairs(experts) do
    local gate = spread(F.narrow(gates, dim, i - 1, 1), expert:dim(), is_batch)
    local part = F.mul(expert, gate)
    out = out and F.add(out, part) or part
  end
  return out
end

local function mix_tensor(gates, experts, is_batch, dim, count)
  local gate = spread(gates, experts:dim(), is_batch, dim, count)
  local sum = F.sum(F.mul(experts, gate), bit.lshift(1, dim - 1))
  return experts:dim() > 1 and F.squeeze(sum, dim - 1) or sum
end

function MixtureTable:compute(input)
  local gates, experts = input[1], input[2]
  local is_table, is_batch = type(experts) == 'table', handle.is_tensor(gates) and gates:dim() == 2
  if not handle.is_tensor(gates) or gates:dim() > 2 or not is_table and not handle.is_tensor(experts) then
    errors.fail('MixtureTable: expected a vector or matrix of gates and a table or tensor of experts, got %s and %s',
                torch.type(gates), torch.type(experts))
  end
  self.dimG = is_batch and 2 or 1
  self.dim = self.dim or self.dimG
  local count = gates:size(self.dimG)
  local found = is_table and #experts or not is_table and experts:size(self.dim)
  if count ~= found then errors.fail('MixtureTable: %d gates for %d experts', count, found) end
  if is_table then return mix_table(gates, experts, is_batch) end
  return mix_tensor(gates, experts, is_batch, self.dim, count)
end

-- Files of Torch7 may hold these.
local buffers = {'_gaterView', '_expert', '_expertView', '_sum', '_expert2', '_expertView2'}

function MixtureTable:clearState()
  utils.clear(self, buffers)
  return parent.clearState(self)
end

return MixtureTable

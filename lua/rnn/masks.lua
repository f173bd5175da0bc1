--- rnn.masks: which samples of an input are 0 in all elements.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'

local masks = {}

--- The first tensor of a nested table: a recurrent module's own input.
function masks.first(x)
  while type(x) == 'table' do x = x[1] end
  if not handle.is_tensor(x) then errors.fail('expected a tensor, or a table of them, got %s', torch.type(x)) end
  return x
end

--- A mask (1: all elements are 0) with an entry for each sample of x, and whether x is a batch: samples have nInputDim
-- dimensions; without a batch's dimension x is one sample.
function masks.of(module, x, nInputDim)
  local name, dims = torch.type(module):match('[^%.]+$'), x:dim()
  if dims ~= nInputDim and dims ~= nInputDim + 1 then
    errors.fail('%s: expected %d dimensions, or %d for a batch, got %s', name, nInputDim, nInputDim + 1, sizes.text(x))
  end
  local n = dims > nInputDim and x:size(1) or 1
  return x:contiguous():view(n, -1):norm(2, 2):view(n):eq(0), dims > nInputDim
end

--- A mask of samples that spreads over x.
function masks.spread(mask, x)
  local shape = {mask:size(1)}
  for i = 2, x:dim() do shape[i] = 1 end
  return mask:view(unpack(shape)):expandAs(x)
end

--- The places, from 1, where a mask is 0; nil where there are none.
function masks.kept(mask)
  local places = mask:eq(0):nonzero()
  if places:nElement() == 0 then return nil end
  return places:view(-1)
end

return masks

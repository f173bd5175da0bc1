--- nn.inputs: what modules ask of their input, and how they read a dimension.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local sizes = require 'torch.sizes'

local inputs = {}

--- Refuses an input that is not a table of tensors with as many elements each. count: how many tensors are wanted;
-- any from one on where it is left out.
function inputs.check_alike(module, input, count)
  local name = torch.type(module):match('[^%.]+$')
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) then
    errors.fail('%s: expected a table of tensors, got %s', name, torch.type(input))
  end
  if count and #input ~= count then errors.fail('%s: expected %d tensors, got %d', name, count, #input) end
  local elements = input[1]:nElement()
  for i = 2, #input do
    if not handle.is_tensor(input[i]) then
      errors.fail('%s: expected a tensor as input %d, got %s', name, i, torch.type(input[i]))
    end
    if input[i]:nElement() ~= elements then
      errors.fail('%s: input %d has %d elements, the first has %d', name, i, input[i]:nElement(), elements)
    end
  end
end

--- Refuses an input that is not a table of two tensors; gives these.
function inputs.pair(module, input)
  if type(input) ~= 'table' or not handle.is_tensor(input[1]) or not handle.is_tensor(input[2]) then
    errors.fail('%s: expected a table of two tensors, got %s', torch.type(module):match('[^%.]+$'), torch.type(input))
  end
  return input[1], input[2]
end

--- The dimension (from 0) that module.dimension means for x: counted from 1 or from the end; with module.nInputDims, an
-- x of one dimension more is a batch, and the dimension counts behind the batch's.
function inputs.dimension(module, x)
  if not handle.is_tensor(x) then
    errors.fail('%s: expected a tensor, got %s', torch.type(module), x == nil and 'nothing' or torch.type(x))
  end
  local dim = module.dimension
  if dim > 0 and module.nInputDims and x:dim() == module.nInputDims + 1 then dim = dim + 1 end
  return sizes.dim(torch.type(module):match('[^%.]+$'), x, dim)
end

return inputs

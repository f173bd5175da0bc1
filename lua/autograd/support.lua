--- Tensors' methods as functions of torch, which torch-autograd adds to it: torch.size(x, 1), torch.clone(x) and others
-- that Torch7 has only as methods.
local torch = require 'torch'
local handle = require 'torch.handle'
local op = require 'torch.op'

for _, name in ipairs {
  'select', 'index', 'narrow', 'clone', 'contiguous', 'copy', 'size', 'nDimension', 'nElement', 'isSameSizeAs',
  'transpose', 't', 'long', 'typeAs',
} do
  torch[name] = torch[name] or function(x, ...)
    if not handle.is_tensor(x) then op.expected_tensor(name, x) end
    return x[name](x, ...)
  end
end

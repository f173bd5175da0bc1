--- optim.checkgrad(f, x[, eps]): compares the gradient that f gives with central differences of step eps (1e-7).
-- x is a vector and comes back as it was. Returns ‖g − d‖ / ‖g + d‖, f's gradient g and the differences d.
local torch = require 'torch'

local function checkgrad(opfunc, x, eps)
  eps = eps or 1e-7
  local function value_at()
    local v = opfunc(x)
    return torch.isTensor(v) and v:item() or v
  end
  local _, dfdx = opfunc(x)
  local claimed = dfdx:clone():resizeAs(x)
  local differences = claimed.new():resizeAs(claimed)
  for i = 1, x:size(1) do
    local kept = x[i]
    x[i] = kept + eps
    local above = value_at()
    x[i] = kept - eps
    differences[i] = (above - value_at()) / (2 * eps)
    x[i] = kept
  end
  return (claimed - differences):norm() / (claimed + differences):norm(), claimed, differences
end

return checkgrad

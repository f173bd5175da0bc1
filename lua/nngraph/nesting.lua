--- nngraph.nesting: nn.utils' work on nested tables of tensors under nngraph's names, which other packages require.
--   local nesting = require 'nngraph.nesting'
--   local copy = nesting.cloneNested({torch.ones(2), {torch.zeros(3)}})
local utils = require 'nn.utils'

local nesting = {
  fillNested = utils.recursiveFill,          -- (x, value)
  resizeNestedAs = utils.recursiveResizeAs,  -- (to, from)
  copyNested = utils.recursiveCopy,          -- (to, from)
}

--- A copy of a tensor or a nested table of them.
function nesting.cloneNested(x) return (utils.recursiveCopy(nil, x)) end

--- Adds from into to, which has its form.
function nesting.addNestedTo(to, from) return utils.recursiveAdd(to, 1, from) end

return nesting

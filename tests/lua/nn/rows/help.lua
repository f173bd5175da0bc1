--- What the rows' files share.
local help = {}

--- A function that makes the module with these arguments, set to evaluate.
function help.evaluating(make, ...)
  local args, n = {...}, select('#', ...)
  return function()
    local module = make(unpack(args, 1, n))
    module:evaluate()
    return module
  end
end

return help

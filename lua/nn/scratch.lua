--- scratch(f, …) gives f(…); every tensor that is made on the way lets go of its memory at the end. For the halves of
-- modules that are written by hand: they may use ops freely without leaving anything to the collector.
local handle = require 'torch.handle'

local function finish(list, before, ok, ...)
  handle.close_scope(before)
  handle.release_scope(list)
  if not ok then error((...), 0) end
  return ...
end

return function(f, ...)
  local list = {n = 0}
  return finish(list, handle.open_scope(list), pcall(f, ...))
end

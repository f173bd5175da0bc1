--- Methods of classes over tables that say when they are called without their object: file.readInt() in place of
-- file:readInt() is soon written.
local errors = require 'torch.errors'

local guard = {}

-- Text, so that each method gets code of its own: what the compiler learns of one method is then no hindrance to the
-- others.
local text = [[
local method, mark, what, expected = ...
return function(self, ...)
  if type(self) ~= 'table' or self[mark] == nil then return expected(what, self) end
  return method(self, ...)
end]]

local function is_hot(name, hot)
  for _, pattern in ipairs(hot or {}) do
    if name:find(pattern) then return true end
  end
  return false
end

--- Guards tostring and all methods of a class whose names begin with no underscore. what: "a torch.File"; mark: the
-- name of a method that all its objects have, and no others. hot: patterns of the names of methods that are left alone
-- and look themselves, as the guard costs much where a method does little.
function guard.methods(class, what, mark, hot)
  for name, method in pairs(class) do
    local own = not name:find('^_') and name ~= 'new' or name == '__tostring__'
    if type(method) == 'function' and own and not is_hot(name, hot) then
      class[name] = loadstring(text, debug.getinfo(1, 'S').source)(method, mark, what, errors.expected)
    end
  end
end

--- Refuses what is no torch.File.
function guard.file(self)
  if type(self) ~= 'table' or self._check == nil then return errors.expected('a torch.File', self) end
  return self
end

return guard

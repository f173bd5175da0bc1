--- Says where in a net an error arose, for torch.errors: "nn.Sequential[3] nn.Linear". It looks at the stack when an
-- error is raised, so running nets pay nothing for it.
local torch = require 'torch'
local errors = require 'torch.errors'

-- The module that a frame of the stack runs, if it is a method of one.
local function module_at(level)
  local name, value = debug.getlocal(level + 1, 1)
  if (name == 'self' or name == 'module') and torch.isTypeOf(value, 'nn.Module') then return value end
end

-- "[3]", or what the container says of the child's place.
local function place_in(container, child)
  for i, module in ipairs(container.modules or {}) do
    if module == child then return container.place_of and container:place_of(child) or ('[%d]'):format(i) end
  end
end

--- The path to the innermost module at work, or nil.
function errors.context(level)
  local path, inner = {}, nil
  while debug.getinfo(level, 'f') do
    local module = module_at(level)
    if module and module ~= inner then
      local place = inner and place_in(module, inner)
      if not inner then
        path[1] = torch.type(module)
        inner = module
      elseif place then
        table.insert(path, 1, torch.type(module) .. place)
        inner = module
      end
    end
    level = level + 1
  end
  return path[1] and table.concat(path, ' ')
end

--- Looking after a session: its globals, a log of what it prints.
local errors = require 'torch.errors'
local paths = require 'paths'
local text = require 'xlua.text'

local session = {}

-- -- Globals ----------------------------------------------------------------------------------------------------

-- Globals that were there before xlua are not the user's.
local known = {}
for name in pairs(_G) do known[name] = true end

--- xlua.who(): prints the names of the loaded packages among the globals, and the user's own variables
function session.who()
  local packages, variables = {}, {}
  for name, value in pairs(_G) do
    if package.loaded[name] and name ~= '_G' then
      packages[#packages + 1] = name
    elseif not known[name] then
      variables[name] = value
    end
  end
  table.sort(packages)
  text.print('\nGlobal Libs:\n{' .. table.concat(packages, ',\n ') .. '}\n\nGlobal Vars:')
  text.print(variables)
end

--- xlua.clear(name): removes a global variable
function session.clear(name)
  rawset(_G, name, nil)
  collectgarbage()
end

--- xlua.clearall(): removes all global variables that came after xlua, packages too
function session.clearall()
  for name in pairs(_G) do
    if not known[name] then
      rawset(_G, name, nil)
      package.loaded[name] = nil
    end
  end
  collectgarbage()
end

-- -- Log --------------------------------------------------------------------------------------------------------

local log, write

--- xlua.log(path[, append]): from here on, what print and io.write write goes into a file as well. The folder is made
-- where it is missing; the file begins empty unless append is true
function session.log(path, append)
  local folder = paths.dirname(path)
  if not paths.dirp(folder) then paths.mkdir(folder) end
  local file, reason = io.open(path, append and 'a' or 'w')
  if not file then errors.fail('log: cannot write %s', reason) end
  if log then log:close() end
  log = file
  if write then return end
  write = io.write
  io.write = function(...) -- luacheck: ignore 122
    log:write(...)
    log:flush()
    return write(...)
  end
  rawset(_G, 'print', text.print)
end

return session

--- require './file' and require '../file.lua': files beside the one that requires them, as Torch7's th finds them.

-- The folder of the file whose code calls require.
local function folder_of_caller()
  for level = 3, math.huge do
    local info = debug.getinfo(level, 'Sf')
    if not info then return './' end
    if info.what ~= 'C' and info.source:sub(1, 1) == '@' then return info.source:match('^@(.*/)') or './' end
  end
end

local function load_beside(name)
  if not name:match('^%.%.?/') then return nil end
  local base, tried = folder_of_caller() .. name, {}
  for _, path in ipairs {base, base .. '.lua', base .. '/init.lua'} do
    local file = path:match('%.lua$') and io.open(path)
    if file then
      file:close()
      return assert(loadfile(path))
    end
    tried[#tried + 1] = path:match('%.lua$') and ("\n\tno file '%s'"):format(path) or nil
  end
  return table.concat(tried)
end

table.insert(package.loaders, load_beside)

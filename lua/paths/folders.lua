--- What lies on the disk: files, folders, programs, temporary names.
local ffi = require 'ffi'
local fs = require 'paths.fs'
local names = require 'paths.names'

local C, check = fs.C, fs.check_name
local folders = {}

--- paths.filep(path): whether something that is no folder lies there
function folders.filep(path)
  local kind = fs.kind(check('filep', path))
  return kind ~= nil and kind ~= 'folder'
end

--- paths.dirp(path): whether a folder lies there
function folders.dirp(path) return fs.kind(check('dirp', path)) == 'folder' end

--- paths.dir(folder): the sorted names of what is in a folder, with . and ..; nil when there is no such folder
function folders.dir(folder) return fs.names(check('dir', folder)) end

local function is_any() return true end

-- An iterator over the names of a folder that accept(name) is true for.
local function iterate(folder, accept)
  local list, i = fs.names(folder) or {}, 0
  return function()
    repeat i = i + 1 until list[i] == nil or accept(list[i])
    return list[i]
  end
end

--- paths.files(folder[, which]): iterates over the names in a folder, with . and ..; which: a pattern that the names
-- have to contain, or a function(name) that is true for those wanted
--   for name in paths.files('.', '%.lua$') do print(name) end
function folders.files(folder, which)
  if type(which) == 'string' then
    local pattern = which
    which = function(name) return name:find(pattern) end
  elseif which ~= nil and type(which) ~= 'function' then
    error(('files: expected a function or a pattern, got a %s'):format(type(which)), 2)
  end
  return iterate(check('files', folder), which or is_any)
end

--- paths.iterdirs(folder): iterates over the names of the folders in a folder, without . and ..
function folders.iterdirs(folder)
  folder = check('iterdirs', folder)
  return iterate(folder, function(name)
    return name ~= '.' and name ~= '..' and folders.dirp(folder .. '/' .. name)
  end)
end

--- paths.iterfiles(folder): iterates over the names in a folder that are no folders
function folders.iterfiles(folder)
  folder = check('iterfiles', folder)
  return iterate(folder, function(name) return folders.filep(folder .. '/' .. name) end)
end

-- -- Making and removing ----------------------------------------------------------------------------------------

-- As io's functions do it: true, or nil, a message and the system's number of the failure.
local function result(done, path)
  if done then return true end
  local reason, code = fs.reason()
  return nil, path .. ': ' .. reason, code
end

--- paths.mkdir(folder): makes a folder, and those on the way to it; gives true, or nil and what went wrong
function folders.mkdir(folder)
  folder = check('mkdir', folder)
  local parent = names.dirname(folder)
  if not folders.dirp(parent) then
    local made, reason, code = folders.mkdir(parent)
    if not made then return nil, reason, code end
  end
  return result(fs.make_folder(folder), folder)
end

--- paths.rmdir(folder): removes an empty folder; gives true, or nil and what went wrong
function folders.rmdir(folder)
  folder = check('rmdir', folder)
  return result(C.paths_rmdir(folder) == 0, folder)
end

-- Links are removed and not followed: what they point to is not in the folder.
local function remove(path)
  if fs.kind(path, true) ~= 'folder' then return result(C.paths_unlink(path) == 0, path) end
  for _, name in ipairs(fs.names(path) or {}) do
    if name ~= '.' and name ~= '..' then
      local done, reason, code = remove(path .. '/' .. name)
      if not done then return nil, reason, code end
    end
  end
  return folders.rmdir(path)
end

--- paths.rmall(path, 'yes'): removes a file, or a folder with all that is in it; gives true, or nil and what went wrong
function folders.rmall(path, sure)
  path = check('rmall', path)
  if sure ~= 'yes' then return nil, "rmall: expected 'yes' as the second argument" end
  return remove(path)
end

-- Its finaliser runs when the state ends.
local temporary = newproxy(true)
getmetatable(temporary).given = {}
getmetatable(temporary).__gc = function(self)
  for _, path in ipairs(getmetatable(self).given) do os.remove(path) end
end

--- paths.tmpname(): a file name that nobody uses; what lies there when the program ends is removed
function folders.tmpname()
  local name = C.paths_tempnam(nil, 'luatmp')
  if name == nil then return nil end
  local text, given = ffi.string(name), getmetatable(temporary).given
  C.paths_free(name)
  given[#given + 1] = text
  return text
end

-- -- Programs ---------------------------------------------------------------------------------------------------

--- paths.findprogram(name, …): where the first of these programs lies that is found in the folders of $PATH, or nil
function folders.findprogram(...)
  local executable = 1 -- X_OK
  for i = 1, select('#', ...) do
    local name = check('findprogram', (select(i, ...)))
    for folder in (os.getenv('PATH') or '.'):gmatch('[^:]+') do
      local path = names.concat(folder, name)
      if folders.filep(path) and C.paths_access(path, executable) == 0 then return path end
    end
  end
end

--- paths.execdir(): the folder of the running program, or nil when the system does not tell
function folders.execdir()
  local program = fs.target('/proc/self/exe')
  return program and names.dirname(program)
end

return folders

--- File names as text: taking them apart and putting them together, without a look at the disk.
local fs = require 'paths.fs'

local check = fs.check_name
local names = {}

--- paths.basename(path[, suffix]): the last part of a path, without the suffix (".lua", or "lua") when it ends in that
--   paths.basename('data/train.t7', 't7')   -- train
function names.basename(path, suffix)
  local base = check('basename', path):match('([^/]*)/*$')
  if suffix == nil then return base end
  local ending = '.' .. check('basename', suffix):gsub('^%.', '')
  if #ending > 1 and #base > #ending and base:sub(-#ending) == ending then return base:sub(1, -#ending - 1) end
  return base
end

--- paths.dirname(path): the folder that holds what lies at a path; '.' when the path does not say
--   paths.dirname('data/train.t7')   -- data
function names.dirname(path)
  path = check('dirname', path)
  local slashes = path:match('^/+')
  local folder = path:gsub('/+$', ''):match('^(.*)/[^/]*$')
  if folder then folder = folder:gsub('/+$', '') end
  if folder and folder ~= '' then return folder end
  return slashes and '/' or '.'
end

--- paths.extname(path): what follows the last point of a file's name; nil when there is none
--   paths.extname('data/train.t7')   -- t7
function names.extname(path)
  return check('extname', path):match('%.([^%./]*)$')
end

--- paths.cwd(): the current folder
function names.cwd() return fs.current() or '.' end

-- One step: the whole path of name, seen from the folder `from`.
local function join(from, name)
  local parts = {}
  if name:sub(1, 1) == '/' then from = '' end
  for part in (from .. '/' .. name):gmatch('[^/]+') do
    if part == '..' then
      parts[#parts] = nil
    elseif part ~= '.' then
      parts[#parts + 1] = part
    end
  end
  return '/' .. table.concat(parts, '/')
end

--- paths.concat([path, …]): the whole path of the last, each seen from the one before it and the first from the current
-- folder; . and .. are resolved by their text. Without arguments, the current folder
--   paths.concat('/data', 'mnist', '../cifar')   -- /data/cifar
function names.concat(...)
  local path = names.cwd()
  for i = 1, select('#', ...) do path = join(path, check('concat', (select(i, ...)))) end
  return path
end

return names

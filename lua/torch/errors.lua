--- Raises errors at the user's line: the first frame of the stack that is in none of the packages.
local ffi = require 'ffi'

local errors = {}

local packages = {}   -- folders whose frames are not the user's

--- Declares the calling file's folder as one of a package, whose lines are never blamed.
function errors.package()
  local folder = debug.getinfo(2, 'S').source:match('^(@.*/)')
  if folder then packages[#packages + 1] = folder end
end

--- Whether a function of this source (see debug.getinfo) is one of the packages'.
function errors.is_ours(source)
  for i = 1, #packages do
    if source:sub(1, #packages[i]) == packages[i] then return true end
  end
  return false
end
local is_ours = errors.is_ours

--- Whether a module's name is that of one of the packages, or begins with one: 'nn', 'torch.errors'.
function errors.is_package(module)
  local name = module:match('^[^%.]+')
  for i = 1, #packages do
    if packages[i]:match('([^/]+)/$') == name then return true end
  end
  return false
end

--- Whether a message is of an error that nobody raised on purpose: of a line in one of the packages.
function errors.is_inner(message)
  local path = type(message) == 'string' and message:match('^(.-):%d+: ')
  if not path then return false end
  for i = 1, #packages do
    local folder = packages[i]:sub(2)
    if path:sub(1, #folder) == folder then return true end
    -- Lua shortens long paths from the front
    if path:sub(1, 3) == '...' and path:find(folder:match('[^/]*/[^/]*/$') or folder, 1, true) then return true end
  end
  return false
end

--- Says where in a net an error arose; set by nn: function(level) → text or nil, seeing the stack from level on.
errors.context = nil

-- The user's frame: its level as the caller counts it, and what is known of it; nil when there is none.
local function user_frame()
  local level = 3
  while true do
    local info = debug.getinfo(level, 'Sl')
    if not info then return nil end
    if info.what ~= 'C' and not is_ours(info.source) then return level - 1, info end
    level = level + 1
  end
end

--- What debug.getinfo knows of the user's frame; nil when there is none.
function errors.user_info() return select(2, user_frame()) end

--- The user's line, as "script.lua:12"; nil when there is none.
function errors.user_place()
  local _, info = user_frame()
  return info and ('%s:%d'):format(info.short_src, info.currentline)
end

--- Raises message at the user's line.
function errors.raise(message)
  local context = errors.context and errors.context(3)
  if context then message = message .. '\n\tin ' .. context end
  error(message, user_frame() or 0)
end

-- What the user's line calls of ours: 'size' in x:size(); nil where that has no name, as in pcall(f).
local function called()
  local level = user_frame()
  if not level then return nil end
  local info = debug.getinfo(level - 1, 'Sn')
  return info.what ~= 'C' and info.name or nil
end

--- Raises an error for x, which stands where a function that the user called needs something else; for what many
-- functions have in common, such as the tensor whose method they are.
function errors.expected(what, x)
  local name = called()
  local found = x == nil and 'nothing' or type(x) == 'cdata' and tostring(ffi.typeof(x)) or type(x)
  return errors.raise(('%sexpected %s, got %s'):format(name and name .. ': ' or '', what, found))
end

--- raise, with string.format.
function errors.fail(format, ...)
  return errors.raise(format:format(...))
end

errors.package()
return errors

--- Raises errors at the user's line: the first frame of the stack that is in none of the packages.
local errors = {}

local packages = {}   -- folders whose frames are not the user's

--- Declares the calling file's folder as one of a package, whose lines are never blamed.
function errors.package()
  local folder = debug.getinfo(2, 'S').source:match('^(@.*/)')
  if folder then packages[#packages + 1] = folder end
end

local function is_ours(source)
  for i = 1, #packages do
    if source:sub(1, #packages[i]) == packages[i] then return true end
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

--- raise, with string.format.
function errors.fail(format, ...)
  return errors.raise(format:format(...))
end

errors.package()
return errors

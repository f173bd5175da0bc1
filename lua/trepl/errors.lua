-- What a user sees of an error: the message, the line of theirs, and the frames that are theirs.
local errors = {}

-- Frames of files in this folder, which holds our packages, are not shown.
local root = debug.getinfo(1, 'S').source:match('^@(.*)trepl/errors%.lua$') or ''
local keep_all = os.getenv('TH_TRACEBACK') == 'full'
local first, last = 8, 4 -- frames shown of a deep stack
local sources = {}       -- name of a chunk without a file, as in messages -> its text

--- Remembers the text of a chunk typed at the prompt, given with -e or read from stdin, to show lines of it later.
function errors.remember(name, text)
  sources[name] = text
end

local function is_ours(info)
  if info.what == 'C' then return true end
  return root ~= '' and info.source:sub(1, #root + 1) == '@' .. root
end

local function describe(info)
  local where = info.short_src .. ':' .. info.currentline
  if info.what == 'main' then return where .. ': in main chunk' end
  if info.name then return ("%s: in function '%s'"):format(where, info.name) end
  return ('%s: in function <%s:%d>'):format(where, info.short_src, info.linedefined)
end

-- A missing module is told in a line: LuaJIT lists every place where it was looked for.
local function shorten(message)
  local places = select(2, message:gsub('\n\tno file', ''))
  if places == 0 then return message end
  local where = ('not found in the %d places of package.path and package.cpath'):format(places)
  return (message:gsub('not found:\n.*$', where))
end

--- The error object as text; one that is not a string is described.
function errors.text(err)
  if type(err) == 'string' then return shorten(err) end
  if err == nil then return 'the error object is nil' end
  local meta = debug.getmetatable(err)
  if type(err) == 'cdata' or type(meta) == 'table' and meta.__tostring then
    local ok, text = pcall(tostring, err)
    return ok and type(text) == 'string' and text or 'the error object is a broken ' .. type(err)
  end
  if type(err) == 'table' then return 'the error object is ' .. require('trepl.pretty').format(err) end
  return ('the error object is %s'):format(tostring(err))
end

local function source_line(info)
  local n = 0
  local text = sources[info.short_src]
  if text then
    if not text:find('\n', 1, true) then return nil end -- the user sees it right above
    for line in (text .. '\n'):gmatch('(.-)\n') do
      n = n + 1
      if n == info.currentline then return line end
    end
  elseif info.source:sub(1, 1) == '@' then
    local file = io.open(info.source:sub(2))
    if not file then return nil end
    for line in file:lines() do
      n = n + 1
      if n == info.currentline then file:close() return line end
    end
    file:close()
  end
end

--- Message handler for th.call: an error with its frames, to be shown by errors.show.
-- @return a table: message, line (the user's source line "   3 | x:add(y)" or nil), frames (list of strings)
function errors.handler(err)
  local message, frames, repeats, own = errors.text(err), {}, {}, nil
  for level = 3, 10000 do
    local info = debug.getinfo(level, 'Sln')
    if not info then break end
    if keep_all or not is_ours(info) then
      local frame = describe(info)
      if frame == frames[#frames] then
        repeats[#frames] = (repeats[#frames] or 1) + 1
      else
        frames[#frames + 1] = frame
      end
      own = own or info
    end
  end
  if message == 'interrupted' and own then
    message = ('%s:%d: interrupted'):format(own.short_src, own.currentline)
  end
  for i, times in pairs(repeats) do frames[i] = ('%s (%d times)'):format(frames[i], times) end
  -- messages of our own files name them in full; the package's part says enough
  if root ~= '' and message:sub(1, #root) == root then message = message:sub(#root + 1) end
  local line = own and own.currentline > 0 and source_line(own)
  return { message = message, frames = frames, line = line and ('%6d | %s'):format(own.currentline, line),
           at = own and own.short_src .. ':' .. own.currentline .. ':' }
end

--- Text of what errors.handler gave, or of a plain message; one line of it only when there is nothing more to say.
function errors.show(err)
  if type(err) ~= 'table' or not err.message then return errors.text(err) end
  local out = { err.message }
  if err.line then out[#out + 1] = err.line end
  local frames = err.frames
  -- a single frame that the message names already would only repeat it
  if #frames == 1 and err.at and err.message:find(err.at, 1, true) == 1 then return table.concat(out, '\n') end
  for i = 1, #frames do
    if #frames <= first + last + 1 or i <= first or i > #frames - last then
      out[#out + 1] = '  ' .. frames[i]
    elseif i == first + 1 then
      out[#out + 1] = ('  ... %d more'):format(#frames - first - last)
    end
  end
  return table.concat(out, '\n')
end

return errors

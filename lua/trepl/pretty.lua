-- Values as text for the prompt and for th's print: tables are unfolded, in colours where the terminal has them.
local pretty = { colours = false, depth = 5 }

local codes = { key = '34', string = '32', number = '36', boolean = '35', ['function'] = '33', punctuation = '2',
                ['error'] = '31', dim = '2' }

--- Text in the colour of that kind, or as it is when colours are off.
function pretty.paint(kind, text)
  if not pretty.colours or not codes[kind] then return text end
  return '\27[' .. codes[kind] .. 'm' .. text .. '\27[0m'
end
local paint = pretty.paint

local function escape(c)
  if c == '\n' then return '\\n' elseif c == '\t' then return '\\t' elseif c == '\r' then return '\\r' end
  return ('\\%d'):format(c:byte())
end

local function quote(s)
  return '"' .. s:gsub('[%z\1-\31\127"\\]', function(c)
    return (c == '"' or c == '\\') and '\\' .. c or escape(c)
  end) .. '"'
end

-- "FloatTensor - size: 2x3", or nil for what is no tensor
local function tensor_summary(value)
  local torch = package.loaded.torch
  if type(torch) ~= 'table' or not torch.isTensor or not torch.isTensor(value) then return nil end
  local name = torch.typename(value):gsub('^torch%.', '')
  if value:dim() == 0 then return name .. ' - empty' end
  local sizes = {}
  for i = 1, value:dim() do sizes[i] = tonumber(value:size(i)) end
  return ('%s - size: %s'):format(name, table.concat(sizes, 'x'))
end

local rank = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return (rank[ta] or 4) < (rank[tb] or 4) end
  if ta == 'number' or ta == 'string' then return a < b end
  return tostring(a) < tostring(b)
end

local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  table.sort(keys, before)
  return keys
end

local function has_tostring(value)
  local meta = debug.getmetatable(value)
  return type(meta) == 'table' and meta.__tostring
end

local unfold

-- Appends value as it stands inside a table.
local function inside(out, value, indent, depth, open)
  local kind = type(value)
  local summary = kind ~= 'number' and kind ~= 'string' and tensor_summary(value)
  if summary then
    out[#out + 1] = paint('dim', summary)
  elseif kind == 'string' then
    out[#out + 1] = paint('string', quote(value))
  elseif kind ~= 'table' then
    out[#out + 1] = paint(kind, tostring(value))
  elseif has_tostring(value) then
    out[#out + 1] = (tostring(value):gsub('\n', '\n' .. indent))
  elseif open[value] then
    out[#out + 1] = paint('dim', '{ itself, ' .. open[value] .. ' levels up }')
  elseif next(value) == nil then
    out[#out + 1] = paint('punctuation', '{}')
  elseif depth == 0 then
    out[#out + 1] = paint('dim', '{ ... }')
  else
    out[#out] = '\n' .. indent .. '  ' -- in place of the space after the colon
    unfold(out, value, indent .. '  ', depth, open)
  end
end

function unfold(out, t, indent, depth, open)
  for outer, up in next, open do open[outer] = up + 1 end
  open[t] = 1
  out[#out + 1] = paint('punctuation', '{') .. '\n'
  for _, key in ipairs(sorted_keys(t)) do
    out[#out + 1] = indent .. '  ' .. paint('key', type(key) == 'string' and key or tostring(key))
      .. paint('punctuation', ' :')
    out[#out + 1] = ' '
    inside(out, rawget(t, key), indent .. '  ', depth - 1, open)
    out[#out + 1] = '\n'
  end
  out[#out + 1] = indent .. paint('punctuation', '}')
  open[t] = nil
  for outer, up in next, open do open[outer] = up - 1 end
end

--- A value as the prompt shows it: a table with its fields, down to pretty.depth levels; anything else by tostring.
-- @param value anything
-- @return string
-- Example: pretty.format({1, {a = true}})
function pretty.format(value)
  if type(value) ~= 'table' or has_tostring(value) then return tostring(value) end
  if next(value) == nil then return paint('punctuation', '{}') end
  local out = {}
  unfold(out, value, '', pretty.depth, {})
  return table.concat(out)
end

--- Like Lua's print, with tables unfolded.
function pretty.print(...)
  local words = {}
  for i = 1, select('#', ...) do words[i] = pretty.format((select(i, ...))) end
  io.stdout:write(table.concat(words, '\t'), '\n')
end

return pretty

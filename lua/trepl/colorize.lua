--- trepl.colorize: text in a terminal's colours. c.red('…') and so on for black, red, green, yellow, blue, magenta,
-- cyan and white; c.Red('…') is the bold one, c._red('…') has the colour behind it. c.none ends a colour. With the
-- variable NO_COLOR set the text stays as it is.
--   local c = require 'trepl.colorize'
--   print(c.blue('loading'))
local escape = string.char(27)
local plain = os.getenv('NO_COLOR') ~= nil

local function code(...) return plain and '' or escape .. '[' .. table.concat({...}, ';') .. 'm' end

local colorize = {none = code(0)}

local function painter(...)
  local start = code(...)
  return function(text) return start .. tostring(text) .. colorize.none end
end

for i, name in ipairs {'black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'} do
  colorize[name] = painter(0, 29 + i)
  colorize[name:gsub('^%l', string.upper)] = painter(1, 29 + i)
  colorize['_' .. name] = painter(39 + i)
end

return colorize
